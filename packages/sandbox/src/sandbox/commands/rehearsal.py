"""A command in the sandbox: with the server running, the stack prepared, and the sandbox's environment."""

import os
import shutil
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from sandbox.commands import environment, inventory, lifecycle, plugins, stacks
from sandbox.home import Home

_NOT_FOUND = 127
_NOT_EXECUTABLE = 126
_INSTALL = {"az": " Install the Azure CLI: https://learn.microsoft.com/cli/azure/install-azure-cli"}
"""How to get a command that printed commands use and that does not come with the checkout."""


def prepare(
    home: Home,
    command: Sequence[str],
    principal: str = "deployer",
    plugin_path: Path | None = None,
    prerequisites: Path | None = None,
    *,
    latency: str | None = None,
) -> tuple[dict[str, str], list[str]]:
    """Start the server, prepare the stack, and return the command with its environment."""
    server = lifecycle.start(home, prerequisites=prerequisites, latency=latency)
    if server.is_outdated:
        sys.stderr.write(
            "sandbox: the running server is older than the installed code. When no command is running: "
            f"{inventory.python()} -m sandbox stop\n"
        )
    try:
        variables = environment.complete(home, home.facts(), server, principal=principal, plugin_path=plugin_path)
        return stacks.prepare(home, variables, command, Path.cwd())
    except (stacks.StackError, plugins.PluginError) as error:
        raise SystemExit(f"sandbox: {error}") from None


def become(command: Sequence[str], variables: dict[str, str]) -> NoReturn:
    """Replace this process by ``command``: its exit code and signals are then those of the command."""
    program = shutil.which(command[0], path=variables["PATH"])
    if program is None:
        hint = _INSTALL.get(command[0], "")
        sys.stderr.write(f"sandbox: command '{command[0]}' was not found on PATH.{hint}\n")
        sys.exit(_NOT_FOUND)
    sys.stdout.flush()
    # Python ignores this signal and the command would inherit that: `yes | head -n 1` would not end.
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    try:
        os.execve(program, list(command), variables)  # noqa: S606 - no shell is wanted
    except OSError as error:
        sys.stderr.write(f"sandbox: cannot run '{program}': {error.strerror}\n")
        sys.exit(_NOT_EXECUTABLE)
