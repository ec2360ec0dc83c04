"""``python -m sandbox``: run commands against the sandbox, and manage it."""

import argparse
import json
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

from sandbox.azure.readings import PROFILES
from sandbox.commands import (
    built,
    environment,
    export_arm,
    inventory,
    lifecycle,
    page,
    plugins,
    recovery,
    refusals,
    rehearsal,
    stacks,
    startup,
    stock,
    summary,
)
from sandbox.commands.client import Client
from sandbox.home import PRINCIPALS, Home

_Add = Callable[..., argparse.ArgumentParser]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one subcommand and return the exit code."""
    options, home = _parser().parse_args(arguments), Home.locate()
    with refusals.told(home):
        return int(options.action(home, options))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m sandbox",
        description="A local emulator of Azure, without an account or a network. SANDBOX_HOME names the folder with "
        "its state (default: .sandbox beside the nearest Pulumi.yaml, else in the current folder).",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_running(commands.add_parser)
    _add_server(commands.add_parser)
    _add_stacks(commands.add_parser)
    stock.add_to(commands.add_parser, _add)
    return parser


def _add_running(add: _Add) -> None:
    """Add the commands that give another program the sandbox's environment."""
    run = add("run", help="run a command in the sandbox's environment; starts the server if needed")
    run.add_argument(
        "--as", dest="principal", choices=PRINCIPALS, default="deployer", help="principal that the command signs in as"
    )
    _add_plugin_path(run)
    startup.add_prerequisites(run)
    startup.add_latency(run)
    run.add_argument("command", nargs=argparse.REMAINDER, metavar="-- CMD ...")
    run.set_defaults(action=_run)

    env = add("env", help='print the environment for a shell: eval "$(python -m sandbox env)"')
    env.add_argument("--as", dest="principal", choices=PRINCIPALS, default="deployer")
    _add_plugin_path(env)
    startup.add_prerequisites(env)
    env.set_defaults(action=_env)


def _add_server(add: _Add) -> None:
    """Add the commands for the server and its resources."""
    start = add("start", help="start the server if it is not running")
    start.add_argument(
        "--profile",
        choices=sorted(PROFILES),
        help="reading of unconfirmed behaviour; behaviour.md of the sandbox lists the differences",
    )
    startup.add_prerequisites(start)
    startup.add_latency(start)
    start.add_argument("--address", metavar="IPV4", help="client address that firewalls see; stays until it is changed")
    start.set_defaults(action=_start)

    stop = add("stop", help="stop the server; the state stays")
    stop.add_argument("--if-unused", action="store_true", help="only if no stack has resources in it")
    stop.set_defaults(action=_stop)

    status = add("status", help="show whether the server runs, its resources, and those that no stack's state has")
    shown = status.add_mutually_exclusive_group()
    shown.add_argument("--lost", action="store_true", help="show only resources that no stack's state has")
    shown.add_argument("--all", action="store_true", help="show one line for each resource, with its type")
    shown.add_argument("--json", action="store_true", help="the same for programs, with ARM ids")
    status.set_defaults(action=_status)

    show = add("open", help="show endpoints, jobs and predictions in the browser; the page only reads")
    show.add_argument("--no-browser", action="store_true", help="print an address that opens the page once")
    show.set_defaults(action=_open)

    delete = add("delete", help="delete one resource by its ARM id")
    delete.add_argument("id")
    delete.add_argument("--api-version", help="required for a resource that no Pulumi program created")
    delete.set_defaults(action=_delete)

    reset = add("reset", help="stop the server and delete its state; names and certificates stay")
    reset.set_defaults(action=_reset)


def _add_stacks(add: _Add) -> None:
    """Add the commands about stacks, and about what they have deployed."""
    recover = add("recover", help="repair a stack whose engine died: stale lock, pending operations")
    recover.add_argument("--stack", default=None)
    recover.set_defaults(action=_recover)

    removable = add("removable", help="fail, and say what to do, if a stack has protected resources")
    removable.add_argument("--stack", default=None)
    removable.set_defaults(action=_removable)

    export = add("export-arm", help="write the deployed resources as an ARM template, for scanners")
    export.add_argument("--resource-group", metavar="NAME", help="resource group; required if there are several")
    export.add_argument("--output", metavar="FILE", type=Path, help="output file; default: standard output")
    export.set_defaults(action=_export)


def _add_plugin_path(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--plugin-path",
        metavar="DIR",
        type=Path,
        help=f"folder with Pulumi plug-ins, such as a provider (default: {plugins.VARIABLE}, else share/pulumi-plugins "
        "of this Python environment)",
    )


def _run(home: Home, options: argparse.Namespace) -> NoReturn:
    command = options.command[1:] if options.command[:1] == ["--"] else options.command
    if not command:
        raise SystemExit("sandbox: the command is missing. For example: python -m sandbox run -- pulumi preview")
    variables, command = rehearsal.prepare(
        home,
        command,
        options.principal,
        options.plugin_path,
        options.prerequisites,
        latency=options.latency,
    )
    rehearsal.become(command, variables)


def _start(home: Home, options: argparse.Namespace) -> int:
    server = lifecycle.start(home, options.profile, options.prerequisites, options.latency)
    if options.address is not None:
        try:
            server.control("POST", "/switches", {"callerAddress": options.address})
        except ValueError as error:
            raise SystemExit(f"sandbox: --address: {error}") from None
    print(f"sandbox: running in '{home.root}' (process {server.pid}, {startup.shown(server)})")
    return 0


def _stop(home: Home, options: argparse.Namespace) -> int:
    if options.if_unused and (left := inventory.deployed(home)):
        print(f"sandbox: keeps running, because it holds the stacks {', '.join(left)}")
        return 0
    print("sandbox: stopped" if lifecycle.stop(home) else "sandbox: the server was not running")
    return 0


def _env(home: Home, options: argparse.Namespace) -> int:
    variables, _ = rehearsal.prepare(home, [], options.principal, options.plugin_path, options.prerequisites)
    print(environment.exports(variables))
    return 0


def _status(home: Home, options: argparse.Namespace) -> int:
    lost = inventory.orphans(home)
    if not options.lost:
        server = lifecycle.running(home)
        rows = inventory.resources(home)
        names = inventory.names(home, rows) if rows else None
        if options.json:
            about = {"home": str(home.root), "process": server.pid if server else None}
            print(json.dumps(about | inventory.document(rows, names, lost), indent=2))
            return 0
        state = "not running" if server is None else f"running (process {server.pid}, {startup.shown(server)})"
        print(f"sandbox: {state} in '{home.root}'")
        for line in built.lines(home, uses_index=lifecycle.uses_index()):
            print(line)
        print(f"Resources: {len(rows)}")
        for line in inventory.table(rows) if options.all or names is None else summary.lines(rows, names):
            print(line)
    if lost:
        print("Created, but not in any stack's state (the response was lost):")
        for each in lost:
            print("\n".join(each.lines()))
    return 0


def _open(home: Home, options: argparse.Namespace) -> int:
    for line in page.show(home, browser=not options.no_browser):
        print(line)
    return 0


def _delete(home: Home, options: argparse.Namespace) -> int:
    try:
        inventory.delete(home, Client(home, lifecycle.start(home)), options.id, options.api_version)
    except ValueError as error:
        raise SystemExit(f"sandbox: {error}") from None
    print(f"sandbox: deleted {options.id}")
    return 0


def _export(home: Home, options: argparse.Namespace) -> int:
    try:
        text = export_arm.export(home, options.resource_group)
        if options.output is None:
            sys.stdout.write(text)
        else:
            options.output.write_text(text, encoding="utf-8")
    except export_arm.ExportError as error:
        raise SystemExit(f"sandbox: {error}") from None
    except OSError as error:
        raise SystemExit(f"sandbox: cannot write '{options.output}': {error.strerror}") from None
    return 0


def _reset(home: Home, _: argparse.Namespace) -> int:
    lifecycle.reset(home)
    print(f"sandbox: '{home.root}' is empty")
    return 0


def _recover(home: Home, options: argparse.Namespace) -> int:
    stack = _stack(options)
    project = stacks.Project.find(Path.cwd())
    if project is None or not home.facts_file.exists():
        return 0
    try:
        for line in recovery.lines(home, project, stack):
            print(f"sandbox: {line}")
    except recovery.RecoveryError as error:
        raise SystemExit(f"sandbox: {error}") from None
    return 0


def _removable(home: Home, options: argparse.Namespace) -> int:
    stack = _stack(options)
    project = stacks.Project.find(Path.cwd())
    if project is None:
        return 0
    found = recovery.protected(inventory.deployment(stacks.checkpoint(home, project.name, stack)))
    if found:
        raise SystemExit(f"sandbox: {recovery.refusal(stack, found)}")
    return 0


def _add(home: Home, options: argparse.Namespace) -> int:
    print(f"sandbox: added {options.add(home, options)}")
    return 0


def _stack(options: argparse.Namespace) -> str:
    """Return a command's stack, selected like in `run`."""
    return str(options.stack or os.environ.get("PULUMI_STACK") or stacks.DEFAULT_STACK)


if __name__ == "__main__":
    try:
        code = main()
        sys.stdout.flush()
    except BrokenPipeError:  # `... | head` has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 1
    sys.exit(code)
