"""Repair a stack of the sandbox's backend after its engine died, with Pulumi's own commands.

This never touches a real backend, and does nothing while the process that holds the lock is alive.
"""

import json
import shutil
import socket
from collections.abc import Mapping
from pathlib import Path

from sandbox.commands.inventory import deployment
from sandbox.commands.processes import has_ended
from sandbox.commands.stacks import checkpoint, run_quietly
from sandbox.home import Home


class RecoveryError(Exception):
    """A stack could not be repaired; the text says which command failed and how."""


def recover(home: Home, project: str, stack: str) -> list[list[str]]:
    """Return the `pulumi` commands that repair the stack, in order.

    None if nothing is wrong, or while a process that may be alive holds the stack: then the pending operations belong
    to it.
    """
    commands: list[list[str]] = []
    locks = sorted((home.backend / ".pulumi" / "locks" / "organization" / project / stack).glob("*.json"))
    if not all(_is_dead(lock) for lock in locks):
        return commands
    if locks:
        commands.append(["pulumi", "cancel", "--yes", "--stack", stack])
    if pending(home, project, stack):
        commands.append(["pulumi", "refresh", "--clear-pending-creates", "--skip-preview", "--yes", "--stack", stack])
    return commands


def pending(home: Home, project: str, stack: str) -> list[str]:
    """Return the URNs of the operations that were running when the engine died."""
    operations = deployment(checkpoint(home, project, stack)).get("pending_operations") or []
    return [str(operation["resource"]["urn"]) for operation in operations]


def run(command: list[str], variables: Mapping[str, str], folder: Path) -> None:
    """Run one of the commands quietly.

    Raises:
        RecoveryError: it fails; the text has its output.
    """
    program = shutil.which(command[0], path=variables["PATH"])
    if program is None:
        raise RecoveryError("`pulumi` was not found on PATH")
    result = run_quietly([program, *command[1:]], folder, variables)
    if result.returncode != 0:
        raise RecoveryError(f"`{' '.join(command)}` failed:\n{result.stdout}{result.stderr}".rstrip())


def _is_dead(lock: Path) -> bool:
    try:
        data = json.loads(lock.read_text(encoding="utf-8"))
        pid, host = int(data["pid"]), data["hostname"]
    except (OSError, ValueError, KeyError):
        # This version of the engine did not write the lock: leave it alone.
        return False
    return bool(host == socket.gethostname()) and has_ended(pid)
