"""`drift`: compares Azure with what the stack deployed and what its endpoints released.

A plain `pulumi refresh --preview-only --expect-no-changes` alarms after every release: the engine leaves it to the
provider to ignore what the program ignores, azure-native's comparison does not (nothing in its source reads that part
of the request), and a release sets the endpoint's default, description and tags behind Pulumi's back. So those members
are left out here, and compared with the released plan instead, as in `status`.
"""

import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from json import dumps
from pathlib import Path
from typing import Any, Final

import typer

from modelops.commands import options, targets, terminal
from modelops.engine import refresh
from modelops.engine.refresh import Comparison, Drifted, Member
from modelops.errors import ReleaseError
from modelops.rehearsal import located
from modelops.release.status import status

SCHEMA_VERSION: Final = 1
"""Version of the --json output: docs/schemas/drift.json."""

_ROLE_ASSIGNMENT: Final = "azure-native:authorization:RoleAssignment"
_NOT_FOUND: Final = "Status=404 "


@dataclass(frozen=True, slots=True)
class Drift:
    """What differs from the state, and from the releases."""

    comparison: Comparison
    endpoints: Mapping[str, Sequence[str]]
    """What differs from the last release of each endpoint, by logical name."""
    grants: Sequence[str]
    """Commands that grant roles again which are gone."""

    @property
    def differs(self) -> bool:
        """Whether anything does, or could not be compared."""
        return bool(self.comparison.drifted) or any(self.endpoints.values())


def drift(
    *,
    stack: options.Stack = None,
    endpoint: options.EndpointOrAll = None,
    directory: options.Directory = Path(),
    json: options.Json = False,
) -> None:
    """Compare Azure with the stack's state and the last releases; exit with 1 if anything differs."""
    export = targets.exported(stack, directory)
    released = targets.from_export(export)
    chosen = released if endpoint is None else {each.logical: each for each in [targets.choose(released, endpoint)]}
    resources = targets.resources(export)
    comparison = _without_releases(refresh.compared(stack, directory, resources), released)
    deleted = {each.id.lower() for each in comparison.drifted if each.change == "deleted"}
    problems = {
        logical: _problems(each)
        for logical, each in chosen.items()
        if each.plan is not None and each.plan.endpoint.id.lower() not in deleted
    }
    found = Drift(comparison, problems, list(_grants(comparison, resources)))
    if json:
        terminal.say_json({"schemaVersion": SCHEMA_VERSION, **_to_json(found)})
    else:
        terminal.say("\n".join(_lines(found, options.Where(stack, None, endpoint, directory))))
    if found.differs:
        raise typer.Exit(1)


def _without_releases(found: Comparison, released: Mapping[str, targets.Target]) -> Comparison:
    """Leave out what the release owns of an endpoint's body: what the program ignores of it."""
    owned = {each.plan.endpoint.id.lower() for each in released.values() if each.plan is not None}
    drifted = []
    for each in found.drifted:
        if each.change == "changed" and each.id.lower() in owned:
            members = tuple(member for member in each.members if member.top not in each.ignored)
            drifted += [replace(each, members=members)] if members else []
        else:
            drifted.append(each)
    return replace(found, drifted=tuple(drifted))


def _problems(target: targets.Target) -> list[str]:
    try:
        return list(status(options.workspace(target), options.released(target)).problems)
    except ReleaseError as error:
        return [str(error)]


def _grants(comparison: Comparison, resources: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Yield the commands for roles that are gone, where a refresh fails on them instead of saying that.

    The program's own assignments have fixed names, so the same one is made again, and the state is true as it is.
    """
    gone = {each.urn for each in comparison.drifted if _is_role_that_is_gone(each)}
    for each in resources:
        if each.get("urn") in gone:
            inputs = each["inputs"]
            words = [
                *("az", "role", "assignment", "create", "--name", inputs["roleAssignmentName"]),
                *("--assignee-object-id", inputs["principalId"], "--assignee-principal-type", inputs["principalType"]),
                *("--role", inputs["roleDefinitionId"].rpartition("/")[2], "--scope", inputs["scope"]),
            ]
            yield shlex.join(words)


def _is_role_that_is_gone(each: Drifted) -> bool:
    return each.type == _ROLE_ASSIGNMENT and each.change == "unreadable" and each.reason.startswith(_NOT_FOUND)


def _lines(found: Drift, where: options.Where) -> Iterator[str]:
    comparison = found.comparison
    stack = options.Where(where.stack, None, None, where.directory).words()
    as_in_state = comparison.compared - sum(each.change != "unreadable" for each in comparison.drifted)
    yield f"{as_in_state} resource{' matches' if as_in_state == 1 else 's match'} the state"
    for each in comparison.drifted:
        yield from (f"DIFFERS  {line}" for line in _described(each))
    if comparison.missed:
        yield f"DIFFERS  {comparison.missed} more were not compared, because of those that cannot be read"
    for logical, problems in found.endpoints.items():
        yield f"{logical} {'differs from' if problems else 'matches'} its last release"
        yield from (f"DIFFERS  {problem}" for problem in problems)
    commands = [located(each) for each in found.grants]
    if any(each.change != "unreadable" for each in comparison.drifted):
        place = "" if where.directory == Path() else f" --cwd {shlex.quote(str(where.directory))}"
        name = "" if where.stack is None else f" --stack {shlex.quote(where.stack)}"
        commands.append(located(f"pulumi up --refresh{name}{place}"))
    if any(found.endpoints.values()):
        commands.append(located(f"python -m modelops release{where.words()}"))
    if commands:
        yield "To fix it:"
        yield from (f"  {each}" for each in commands)
    if comparison.missed or any(each.change == "unreadable" for each in comparison.drifted):
        yield f"Then compare again: {located(f'python -m modelops drift{stack}')}"


def _described(each: Drifted) -> Iterator[str]:
    named = each.title
    if each.change == "deleted":
        yield f"{named} does not exist in Azure"
    elif _is_role_that_is_gone(each):
        yield f"{named} does not exist in Azure, and a refresh fails on it"
    elif each.change == "unreadable":
        yield f"{named} cannot be read: {each.reason}"
    for member in each.members:
        yield f"{named}: {_difference(member)}"


def _difference(member: Member) -> str:
    if member.state == member.live:
        return f"{member.path} differs"
    return f"{member.path} is {_value(member.live)}, in the state it is {_value(member.state)}"


def _value(value: Any) -> str:
    return "not set" if value is None else dumps(value)


def _to_json(found: Drift) -> dict[str, Any]:
    return {
        "differs": found.differs,
        "compared": found.comparison.compared,
        "missed": found.comparison.missed,
        "resources": [
            {
                "urn": each.urn,
                "id": each.id or None,
                "change": each.change,
                "reason": each.reason or None,
                "members": [asdict(member) for member in each.members],
            }
            for each in found.comparison.drifted
        ],
        "endpoints": {logical: {"problems": list(problems)} for logical, problems in found.endpoints.items()},
    }
