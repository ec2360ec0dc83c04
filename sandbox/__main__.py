"""``python -m sandbox``: run commands against Azure on this machine, and look after it."""

import argparse
import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from sandbox import environment, lifecycle, stacks
from sandbox.home import PRINCIPALS, Home
from sandbox.switches import PROFILES

_NOT_FOUND = 127
_NOT_EXECUTABLE = 126


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one subcommand and return the exit code."""
    options = _parser().parse_args(arguments)
    code: int = options.action(Home.locate(), options)
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m sandbox",
        description="Azure on this machine: no account, no network. SANDBOX_HOME names the folder (default: .sandbox).",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    run = commands.add_parser("run", help="run a command in the sandbox's environment; starts the server if need be")
    run.add_argument(
        "--as", dest="principal", choices=PRINCIPALS, default="deployer", help="who the command signs in as"
    )
    run.add_argument("command", nargs=argparse.REMAINDER, metavar="-- CMD ...")
    run.set_defaults(action=_run)

    start = commands.add_parser("start", help="start the server if it does not run")
    start.add_argument("--profile", choices=sorted(PROFILES), help="reading of unconfirmed behaviour (docs/sandbox.md)")
    start.set_defaults(action=_start)

    stop = commands.add_parser("stop", help="stop the server; its state stays")
    stop.set_defaults(action=_stop)

    env = commands.add_parser("env", help='print the environment for a shell: eval "$(python -m sandbox env)"')
    env.add_argument("--as", dest="principal", choices=PRINCIPALS, default="deployer")
    env.set_defaults(action=_env)
    return parser


def _run(home: Home, options: argparse.Namespace) -> int:
    command = options.command[1:] if options.command[:1] == ["--"] else options.command
    if not command:
        print("sandbox: which command? For example: python -m sandbox run -- pulumi preview", file=sys.stderr)
        return 2
    variables, command = _rehearsal(home, command, options.principal)
    become(command, variables)


def _rehearsal(home: Home, command: Sequence[str], principal: str) -> tuple[dict[str, str], list[str]]:
    """Return the environment for a command and the command, with the server started and the stack made."""
    server = lifecycle.start(home)
    variables = environment.complete(home, home.facts(), server, principal=principal)
    try:
        return stacks.prepare(home, variables, command, Path.cwd())
    except stacks.StackError as error:
        raise SystemExit(f"sandbox: {error}") from None


def become(command: Sequence[str], variables: dict[str, str]) -> NoReturn:
    """Replace this process by ``command``: its exit code and its signals are then the command's own."""
    program = shutil.which(command[0], path=variables["PATH"])
    if program is None:
        print(f"sandbox: there is no command '{command[0]}' on PATH", file=sys.stderr)
        sys.exit(_NOT_FOUND)
    sys.stdout.flush()
    try:
        os.execve(program, list(command), variables)  # noqa: S606 - no shell is wanted
    except OSError as error:
        print(f"sandbox: cannot run '{program}': {error.strerror}", file=sys.stderr)
        sys.exit(_NOT_EXECUTABLE)


def _start(home: Home, options: argparse.Namespace) -> int:
    server = lifecycle.start(home, options.profile)
    print(f"sandbox: running in '{home.root}' (process {server.pid}, profile {server.profile})")
    return 0


def _stop(home: Home, _: argparse.Namespace) -> int:
    print("sandbox: stopped" if lifecycle.stop(home) else "sandbox: it was not running")
    return 0


def _env(home: Home, options: argparse.Namespace) -> int:
    variables, _ = _rehearsal(home, [], options.principal)
    print(environment.exports(variables))
    return 0


if __name__ == "__main__":
    sys.exit(main())
