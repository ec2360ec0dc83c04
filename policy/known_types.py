"""The rule that a stack has only types that are judged: the pack refuses what it does not know."""

import re
from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase
from typing import Final

from pulumi_policy import Severity

from policy.rule import PROVIDERS, Option, Options, ResourceRule, Seen, kind, token
from policy.sources import least_privilege

UNJUDGED: Final = (
    "logic:Workflow",
    "managedidentity:UserAssignedIdentity",
    "monitor:ActionGroup",
    "monitor:DiagnosticSetting",
    "monitor:MetricAlert",
    "resources:ResourceGroup",
)
"""Kinds that the program creates and that no rule on a single resource judges. A test compares them with the program's
components: tests/policy/test_known_types.py."""

_DEFAULT_PROVIDER: Final = re.compile(r"default(_.*)?")
"""The name that the engine gives to a provider that no program declares; what it makes is judged by its type."""


def _without_version(allowed: str) -> str:
    found = kind(allowed)
    return allowed if found == allowed else f"azure-native:{found}"


def _known(judged: frozenset[str]) -> Callable[[Seen, Options], Iterator[str]]:
    def check(resource: Seen, options: Options) -> Iterator[str]:
        if resource.is_component or resource.kind in judged:
            return
        if resource.kind.startswith(PROVIDERS) and _DEFAULT_PROVIDER.fullmatch(resource.name):
            return
        own = token(resource.kind)
        if not any(fnmatchcase(own, _without_version(each)) for each in options["allowedTypes"]):
            yield f'Its type is {own!r}. To allow it: {{"stack-resource-known-type": {{"allowedTypes": ["{own}"]}}}}'

    return check


def rule(judged: frozenset[str]) -> ResourceRule:
    """Return the rule for a pack.

    Args:
        judged: The kinds that its other rules judge.
    """
    return ResourceRule(
        name="stack-resource-known-type",
        description="A stack has only types of resources that this pack judges, and those that you allow.",
        kinds=(),
        check=_known(judged | set(UNJUDGED)),
        remedy="Leave it out, or add its type to allowedTypes of this rule in a policy configuration file, as "
        "docs/policy.md shows; nothing in this pack judges it then.",
        url="https://www.pulumi.com/docs/insights/policy/",
        framework=least_privilege("PA-7"),
        severity=Severity.HIGH,
        options={
            "allowedTypes": Option((), "Further types, with * for any text: random:index/randomPassword:RandomPassword")
        },
    )
