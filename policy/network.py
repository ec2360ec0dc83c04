"""The rule between the firewalls of a stack: closing one and leaving another open protects nothing."""

from collections.abc import Iterator, Sequence
from typing import Final

from pulumi_policy import Severity

from policy.conditions import of_kind
from policy.properties import UNKNOWN
from policy.registry import REGISTRY
from policy.rule import Finding, Options, Rule, Seen, StackRule
from policy.sources import ML, control
from policy.storage import ACCOUNT
from policy.vault import VAULT

_FIREWALLS: Final = {
    ACCOUNT: ("publicNetworkAccess", "networkRuleSet.defaultAction"),
    VAULT: ("properties.publicNetworkAccess", "properties.networkAcls.defaultAction"),
    REGISTRY: ("publicNetworkAccess", "networkRuleSet.defaultAction"),
}
"""Where each service says whether it has a public network, and what it does with networks that were not named."""


def _is_closed(resource: Seen) -> bool | None:
    """Say whether a resource refuses unnamed networks; None if that is not known yet."""
    public, action = (resource.properties.at(path) for path in _FIREWALLS[resource.kind])
    if _same(public, "Disabled") or _same(action, "Deny"):
        return True
    return None if UNKNOWN in (public, action) else False


def _same(value: object, text: str) -> bool:
    return isinstance(value, str) and value.casefold() == text.casefold()


def _all_or_none(stack: Sequence[Seen], _options: Options) -> Iterator[Finding]:
    closed = [(each, _is_closed(each)) for each in of_kind(stack, *_FIREWALLS)]
    others = ", ".join(each.name for each, is_closed in closed if is_closed)
    for resource, is_closed in closed:
        if others and is_closed is False:
            yield Finding(resource, f"It is open to all networks, but these in the same stack are not: {others}.")


RULES: Final[list[Rule]] = [
    StackRule(
        name="network-stack-consistent",
        description="The storage, vault and registry of a stack either all refuse other networks, or none does.",
        check=_all_or_none,
        remedy="Set the network key of the stack file, which decides it for all of them: "
        "components/workspace_parts/network.py.",
        url=f"{ML}how-to-secure-workspace-vnet",
        framework=control(11),
        severity=Severity.HIGH,
    ),
]
