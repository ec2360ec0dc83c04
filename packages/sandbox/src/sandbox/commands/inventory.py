"""Lists the sandbox's resources, and those that a Pulumi program created but no stack in its backend has.

A resource whose answer was lost, because the server or the engine died, is in the store but not in a checkpoint; the
store has its URN (``sandbox.azure.arm.origin``).
"""

import contextlib
import json
import re
import shlex
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sandbox.azure.arm.operations import ARM
from sandbox.azure.arm.origin import Origin, origin_of, origins
from sandbox.azure.arm.store import Resource, Store
from sandbox.azure.authorization.bootstrap import Prerequisites
from sandbox.azure.named import Names
from sandbox.commands.client import Answer, Client
from sandbox.home import Home
from sandbox.server_record import ServerRecord

_DELETE_POLLS = 1000
_BUSY = "AnotherOperationInProgress"
_GROUP = re.compile(r"/subscriptions/[^/]+/resourceGroups/([^/]+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Orphan:
    """A resource that was created for a program's resource (``urn``), but that no stack's state has."""

    id: str
    urn: str
    has_random_name: bool
    parent: str | None

    @property
    def delete_command(self) -> str:
        """The command that removes it."""
        return shlex.join([python(), "-m", "sandbox", "delete", self.id])

    @property
    def import_command(self) -> str:
        """The command that imports it into its stack's state, unprotected and below its parent."""
        stack, type_token, name = _parts(self.urn)
        words = [python(), "-m", "sandbox", "run", "--", "pulumi", "import", type_token, name, self.id]
        if self.parent is not None:
            words += ["--parent", f"{_parts(self.parent)[2]}={self.parent}"]
        return shlex.join([*words, "--protect=false", "--generate-code=false", "--yes", "--stack", stack])

    def lines(self) -> list[str]:
        """Return the lines of `status`."""
        if self.has_random_name:
            return [f"  {self.id}", f"    delete it:  {self.delete_command}"]
        return [
            f"  {self.id}",
            f"    keep it:    {self.import_command}",
            f"    delete it:  {self.delete_command}",
        ]


def python() -> str:
    """Return the path of this interpreter to type here: the printed commands must work unchanged."""
    program = Path(sys.executable)
    return str(program.relative_to(Path.cwd())) if program.is_relative_to(Path.cwd()) else str(program)


def resources(home: Home) -> list[Resource]:
    """Return every resource of the sandbox, soft-deleted ones (``deleted`` set) last."""
    if not home.store.exists():
        return []
    with Store(home.store) as store:
        return [*store.below(""), *store.soft_deleted()]


def orphans(home: Home) -> list[Orphan]:
    """Return the resources that a program created but no state has, oldest first."""
    if not home.store.exists():
        return []
    states = [each for _, found in _states(home) for each in found]
    known = {str(state.get("id", "")).lower() for state in states}
    with Store(home.store) as store:
        made_for = origins(store)
        alive = [each for each in store.below("") if each.id.lower() in made_for and each.id.lower() not in known]
    return [_orphan(each.id, made_for[each.id.lower()], states) for each in alive]


def _orphan(resource_id: str, origin: Origin, states: list[Mapping[str, Any]]) -> Orphan:
    # A state that has another resource with this URN cannot import this one.
    is_replaced = any(state.get("urn") == origin.urn for state in states)
    return Orphan(resource_id, origin.urn, origin.random or is_replaced, _parent(origin.urn, states))


def _parent(urn: str, states: list[Mapping[str, Any]]) -> str | None:
    """Return the URN of a resource's component, from the types in its URN and the names of both."""
    prefix, qualified, name = urn.rsplit("::", 2)
    types, dollar, _ = qualified.rpartition("$")
    if not dollar:
        return None
    candidates = [str(state["urn"]) for state in states if str(state["urn"]).startswith(f"{prefix}::{types}::")]
    # Children are named after their component, plus a suffix: the longest such name is the nearest.
    named = [each for each in candidates if name.startswith(_parts(each)[2])]
    return max(named or candidates, key=len, default=None)


def _parts(urn: str) -> tuple[str, str, str]:
    """Return (stack, own type token, logical name) of ``urn:pulumi:STACK::PROJECT::TYPE$TYPE::NAME``."""
    head, _, qualified, name = urn.split("::", 3)
    return head.rsplit(":", 1)[-1], qualified.rsplit("$", 1)[-1], name


def _states(home: Home) -> Iterator[tuple[str, list[Mapping[str, Any]]]]:
    """Yield the name of every stack of the sandbox's backend, and the resources in its state."""
    for file in sorted((home.backend / ".pulumi" / "stacks").glob("*/*.json")):
        yield file.stem, deployment(file).get("resources") or []


def deployment(checkpoint: Path) -> dict[str, Any]:
    """Return a stack's deployment (``resources``, ``pending_operations``) from its checkpoint file; {} without one."""
    try:
        data = json.loads(checkpoint.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    latest = (data.get("checkpoint") or {}).get("latest")
    return latest if isinstance(latest, dict) else {}


def deployed(home: Home) -> list[str]:
    """Return the names of the stacks that have resources in this sandbox."""
    own = ("pulumi:pulumi:Stack", "pulumi:providers:")
    return [stack for stack, found in _states(home) if any(not each["type"].startswith(own) for each in found)]


def names(home: Home, rows: list[Resource]) -> Names:
    """Return what the principals and resources of an existing sandbox are called."""
    accounts = {account.principal.object_id: name for name, account in home.facts().accounts.items()}
    record = ServerRecord.read(home.server_file)
    roles: dict[str, str] = {}
    with contextlib.suppress(OSError, ValueError, KeyError):  # changed since the server read them
        roles = Prerequisites.read(record.prerequisites if record else None).role_names
    return Names(rows, accounts, roles)


def document(rows: list[Resource], known: Names | None, lost: list[Orphan]) -> dict[str, Any]:
    """Return what exists, for programs."""
    return {
        "resources": [
            {
                "id": row.id,
                "type": row.type,
                "name": row.name,
                "created": datetime.fromtimestamp(row.created, UTC).isoformat(timespec="seconds"),
                "softDeleted": row.deleted is not None,
            }
            for row in rows
        ],
        "roles": [
            {"role": each.name, "principal": each.principal, "scopes": each.places, "hasCondition": each.is_limited}
            for each in (known.roles() if known else ())
        ],
        "lost": [{"id": each.id, "urn": each.urn} for each in lost],
    }


def table(rows: list[Resource]) -> Iterator[str]:
    """Yield the lines of `status --all` for the resources."""
    for row in rows:
        in_group = _GROUP.match(row.id)
        group = in_group[1] if in_group else ""
        yield f"  {row.type:<60} {row.name:<40} {group}{' (soft-deleted)' if row.deleted else ''}".rstrip()


def _pause(answer: Answer) -> float:
    """Return the seconds after which the service wants to be asked again."""
    return int(answer.headers.get("retry-after-ms", "100")) / 1000


def delete(home: Home, client: Client, resource_id: str, api_version: str | None) -> None:
    """Delete a resource as the deployer and wait until it is deleted.

    Raises:
        ValueError: the service refuses, or the api-version is unknown; the text is for the user.
    """
    if api_version is None:
        with Store(home.store) as store:
            origin = origin_of(store, resource_id)
        api_version = None if origin is None else origin.api_version
    if not api_version:
        raise ValueError(f"no program created '{resource_id}': add --api-version to delete it")
    path = f"{resource_id}?api-version={api_version}"
    answer = client.request("DELETE", path)
    for _ in range(_DELETE_POLLS):
        if answer.status != 409 or answer.error[1] != _BUSY:  # noqa: PLR2004 - conflict
            break
        time.sleep(_pause(answer))
        answer = client.request("DELETE", path)
    follow = answer.headers.get("Azure-AsyncOperation") or answer.headers.get("Location")
    for _ in range(_DELETE_POLLS):
        if answer.status >= 400:  # noqa: PLR2004 - an HTTP error
            _, code, message = answer.error
            raise ValueError(f"'{resource_id}' was not deleted: ({code}) {message}")
        # What still runs is InProgress for some services and Updating for others.
        running = (answer.json or {}).get("status", "Succeeded") not in ("Succeeded", "Failed", "Canceled")
        is_over = answer.status != 202 and not running  # noqa: PLR2004 - accepted
        if is_over or follow is None:
            return
        time.sleep(_pause(answer))
        answer = client.request("GET", follow.removeprefix(ARM))
    raise ValueError(f"'{resource_id}' is still being deleted")
