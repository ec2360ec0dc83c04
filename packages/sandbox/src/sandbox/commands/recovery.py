"""Repair a stack whose engine died, with Pulumi's own commands, and say what keeps a stack from being removed.

This never touches a real backend, and does nothing while the process that holds the lock is alive.

Protected resources are found before anything is deleted: `pulumi destroy --skip-preview` reaches them last, after it
has deleted everything that depends on them, including endpoints and cluster.
"""

import json
import shutil
import socket
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from sandbox.commands import damage, rehearsal
from sandbox.commands.inventory import deployment, python
from sandbox.commands.processes import has_ended
from sandbox.commands.stacks import Project, checkpoint, run_quietly
from sandbox.home import Home


class RecoveryError(Exception):
    """A stack could not be repaired; the text says which command failed and how."""


def lines(home: Home, project: Project, stack: str) -> Iterator[str]:
    """Repair a stack, unless a process may be using it, and yield what was done and what to run next.

    Raises:
        RecoveryError: a command fails.
    """
    if is_in_use(home, project.name, stack):
        return
    told, restored = damage.repair(home, project.name, stack)
    yield from told
    for command in recover(home, project.name, stack, restored=restored):
        variables, words = rehearsal.prepare(home, command)
        run(words, variables, project.folder)
        yield f"an earlier pulumi run died; ran `{' '.join(command)}`"
    if restored:
        yield (
            "resources that were created after that copy are not in the state. List them, each with the command that"
            f" imports or deletes it, then deploy:\n  {python()} -m sandbox status --lost\n"
            f"  {python()} -m sandbox run -- pulumi up --stack {stack}"
        )


def is_in_use(home: Home, project: str, stack: str) -> bool:
    """Whether a process that may be alive holds the stack: then everything in it belongs to that process."""
    return not all(_is_dead(lock) for lock in _locks(home, project, stack))


def recover(home: Home, project: str, stack: str, *, restored: bool = False) -> list[list[str]]:
    """Return the `pulumi` commands that repair a stack that is not in use, in order; none if nothing is wrong.

    ``restored``: its state is an older copy (``damage``), so Azure is to be read again.
    """
    commands: list[list[str]] = []
    if _locks(home, project, stack):
        commands.append(["pulumi", "cancel", "--yes", "--stack", stack])
    if restored or unfinished(home, project, stack):
        commands.append(["pulumi", "refresh", "--clear-pending-creates", "--skip-preview", "--yes", "--stack", stack])
    return commands


def unfinished(home: Home, project: str, stack: str) -> list[str]:
    """Return the URNs of what was being created or changed when the engine died.

    Deletions are not among them: the next `destroy` or `up` goes on with these, and a refresh may stop at a role
    assignment that was already deleted.
    """
    operations = deployment(checkpoint(home, project, stack)).get("pending_operations") or []
    return [str(operation["resource"]["urn"]) for operation in operations if operation.get("type") != "deleting"]


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


def protected(deployment: Mapping[str, Any]) -> list[str]:
    """Return "logical name (type)" of a deployment's protected resources, in the order of their names."""
    held = [each for each in deployment.get("resources") or [] if each.get("protect")]
    return sorted(f"{each['urn'].rpartition('::')[2]} ({each['type']})" for each in held)


def refusal(stack: str, resources: Sequence[str]) -> str:
    """Return the message for removing a stack with these protected resources."""
    listed = "\n".join(f"  {each}" for each in resources)
    return (
        f"stack '{stack}' has protected resources, so nothing was deleted and the sandbox keeps running:\n"
        f"{listed}\n"
        "To remove them anyway, remove the protection first; the next `up` restores it:\n"
        f"  {python()} -m sandbox run -- pulumi state unprotect --all --yes --stack {stack}\n"
        f"  {python()} -m sandbox run -- pulumi destroy --yes --skip-preview --stack {stack}"
    )


def _locks(home: Home, project: str, stack: str) -> list[Path]:
    return sorted((home.backend / ".pulumi" / "locks" / "organization" / project / stack).glob("*.json"))


def _is_dead(lock: Path) -> bool:
    try:
        data = json.loads(lock.read_text(encoding="utf-8"))
    except ValueError:
        # Empty or cut off by a full disk: no engine starts on it ("unexpected end of JSON input").
        return True
    except OSError:
        return False
    try:
        pid, host = int(data["pid"]), data["hostname"]
    except (TypeError, ValueError, KeyError):
        # This version of the engine did not write the lock: leave it alone.
        return False
    return bool(host == socket.gethostname()) and has_ended(pid)
