"""What `status` says of the resources: a screen for an endpoint, grouped by resource group and by kind."""

import textwrap
from collections.abc import Iterator, Sequence
from itertools import groupby

from sandbox.azure.arm.ids import ArmId
from sandbox.azure.arm.store import Resource
from sandbox.azure.arm.types import ML_REGISTRY, WORKSPACE
from sandbox.azure.authorization.evaluation import ASSIGNMENT
from sandbox.azure.named import DEPLOYMENTS, ENDPOINTS, Names, noun, order, title

_WIDTH = 100
_NOUN_WIDTH = 23
_MOST_NAMES = 12
_VERSIONED = frozenset(
    f"{owner}/{kind}"
    for owner in (WORKSPACE, ML_REGISTRY)
    for kind in ("models", "environments", "codes", "components", "data")
)
"""Types that are only the folders of their versions."""


def lines(rows: Sequence[Resource], names: Names) -> Iterator[str]:
    """Yield the lines: what exists in each resource group, then the roles."""
    alive = [row for row in rows if row.deleted is None and row.type != ASSIGNMENT]
    shown = [row for row in alive if row.type not in _VERSIONED]
    for _, group in groupby(sorted(shown, key=_group), key=_group):
        found = list(group)
        yield f"In {ArmId.parse(found[0].id).group or 'the subscription'}:"
        yield from _kinds(found)
    gone = [f"{noun(row.type)} {title(row)}" for row in rows if row.deleted is not None]
    if gone:
        yield from _line("soft-deleted", gone)
    roles = [str(each) for each in names.roles()]
    if roles:
        yield "Roles:"
    for role in roles:
        yield from textwrap.wrap(role, _WIDTH, initial_indent="  ", subsequent_indent=" " * 6)


def _group(row: Resource) -> str:
    return ArmId.parse(row.id).group.lower()


def _kinds(rows: Sequence[Resource]) -> Iterator[str]:
    """Yield a line for each kind of resource."""
    rows = [row for row in rows if row.type != "Microsoft.Resources/resourceGroups"]
    for _, of_kind in groupby(sorted(rows, key=lambda row: (order(row.type), row.type)), key=lambda row: row.type):
        found = list(of_kind)
        titles = [_default(row) if row.type == ENDPOINTS else title(row) for row in found]
        if found[0].type == DEPLOYMENTS and len({ArmId.parse(row.id).names[-2] for row in found}) == 1:
            titles = [ArmId.parse(row.id).name for row in found]
        yield from _line(noun(found[0].type), titles)


def _default(row: Resource) -> str:
    default = ((row.body.get("properties") or {}).get("defaults") or {}).get("deploymentName")
    return f"{row.name} (default {default or 'not set'})"


def _line(kind: str, titles: Sequence[str]) -> Iterator[str]:
    more = len(titles) - _MOST_NAMES
    text = ", ".join(titles[:_MOST_NAMES]) + (f" and {more} more" if more > 0 else "")
    yield from textwrap.wrap(
        text,
        _WIDTH,
        initial_indent=f"  {kind:<{_NOUN_WIDTH}} ",
        subsequent_indent=" " * (_NOUN_WIDTH + 3),
        break_on_hyphens=False,
    )
