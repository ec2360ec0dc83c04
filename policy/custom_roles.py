"""Rules on custom roles: what a holder could do with one, not how it is written."""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from pulumi_policy import Severity

from policy.dangerous import ACTIONS, DATA_ACTIONS
from policy.operations import is_plain, leaves, plain
from policy.properties import UNKNOWN, Properties
from policy.rule import Options, ResourceRule, Rule, Seen
from policy.sources import LEARN, least_privilege

DEFINITION: Final = "authorization:RoleDefinition"

_PLANES: Final = (("actions", "notActions", ACTIONS), ("dataActions", "notDataActions", DATA_ACTIONS))
"""What an entry of a role allows, what it excludes from that, and what is dangerous there."""

_READS: Final = re.compile(r"[^ ]*/read")
_SUBSCRIPTION: Final = re.compile(r"/subscriptions/([^/]+)(?:/resourcegroups/[^/]+(?:/.*)?)?/?", re.IGNORECASE)


def _permissions(resource: Seen) -> Iterator[Properties]:
    permissions = resource.properties.elements("permissions")
    for each in permissions if isinstance(permissions, list) else ():
        if isinstance(each, Properties):
            yield each


def _texts(holder: Properties, path: str) -> Iterator[str]:
    found = holder.elements(path)
    yield from (each for each in (found if isinstance(found, list) else ()) if isinstance(each, str))


def _is_known(holder: Properties, path: str) -> bool:
    found = holder.elements(path)
    return isinstance(found, list) and UNKNOWN not in found


def _small(resource: Seen, _options: Options) -> Iterator[str]:
    """Find what a role may do after its exclusions; an entry whose exclusions are not known yet is left alone."""
    for permission in _permissions(resource):
        for allowed, excluded, dangers in _PLANES:
            if not _is_known(permission, excluded):
                continue
            without = list(_texts(permission, excluded))
            for action in _texts(permission, allowed):
                if reasons := _reasons(action, without, dangers):
                    kept = f" in spite of its {excluded}" if without else ""
                    yield f"It allows {action!r}, which {', '.join(reasons)}{kept}."


def _reasons(action: str, without: list[str], dangers: Mapping[str, tuple[str, ...]]) -> list[str]:
    return [why for why, operations in dangers.items() if any(leaves(action, wanted, without) for wanted in operations)]


def _spelled_out(resource: Seen, _options: Options) -> Iterator[str]:
    """Find wildcards, except for reading the control plane, and texts that cannot name an operation."""
    for permission in _permissions(resource):
        for allowed, excluded, _ in _PLANES:
            for action in _texts(permission, allowed):
                if not is_plain(action):
                    yield f"{allowed} has {action!r}, which is not the name of an operation."
                elif "*" in action and not (allowed == "actions" and _READS.fullmatch(plain(action))):
                    yield f"{allowed} has {action!r}; only reading may have a wildcard, in actions: '*/read'."
            for action in _texts(permission, excluded):
                if not is_plain(action):
                    yield f"{excluded} has {action!r}, which is not the name of an operation."


def _one_subscription(resource: Seen, _options: Options) -> Iterator[str]:
    """Find scopes above a subscription, and a second subscription."""
    home = resource.properties.at("scope")
    own = _SUBSCRIPTION.fullmatch(home) if isinstance(home, str) else None
    first = own.group(1).casefold() if own else None
    for scope in (home, *_texts(resource.properties, "assignableScopes")):
        if not isinstance(scope, str):
            continue
        match = _SUBSCRIPTION.fullmatch(scope)
        if match is None:
            yield f"It can be assigned at {scope!r}, which is not in a subscription."
        elif match.group(1).casefold() != (first := first or match.group(1).casefold()):
            yield f"It can be assigned at {scope!r}, which is in another subscription."


RULES: Final[list[Rule]] = [
    ResourceRule(
        name="authorization-role-small",
        description="A custom role does not grant roles, remove protection, run code as others, read keys, or change "
        "what an endpoint serves.",
        kinds=(DEFINITION,),
        check=_small,
        remedy="Leave the action out; prerequisites/caller-roles/ has what a caller needs. notActions are not a deny.",
        url=f"{LEARN}role-based-access-control/best-practices",
        framework=least_privilege("PA-7"),
        severity=Severity.CRITICAL,
    ),
    ResourceRule(
        name="authorization-role-spelled-out",
        description="A custom role names each operation: a wildcard also allows what Azure adds later.",
        kinds=(DEFINITION,),
        check=_spelled_out,
        remedy="List the operations that the role needs, one by one.",
        url=f"{LEARN}role-based-access-control/custom-roles",
        framework=least_privilege("PA-7"),
        severity=Severity.HIGH,
    ),
    ResourceRule(
        name="authorization-role-one-subscription",
        description="A custom role can be assigned in one subscription, not in a management group or elsewhere.",
        kinds=(DEFINITION,),
        check=_one_subscription,
        remedy="List the subscription, group or resource that needs the role under assignable_scopes.",
        url=f"{LEARN}role-based-access-control/role-definitions",
        framework=least_privilege("PA-7"),
        severity=Severity.HIGH,
    ),
]
