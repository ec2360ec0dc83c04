"""What a rule is: a plain function that looks at one resource, or at all of them, and the texts that go with it.

`policy()` turns a rule into what pulumi_policy serves. Rules themselves know nothing of that, so that tests call them
as functions.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from pulumi_policy import (
    EnforcementLevel,
    Policy,
    PolicyComplianceFramework,
    PolicyConfigSchema,
    PolicyResource,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    Severity,
    StackValidationArgs,
    StackValidationPolicy,
)

from policy.properties import Properties

PRODUCTION: Final = EnforcementLevel.DISABLED
"""Level of rules that only some stacks keep: off until a policy configuration file (policy/prod.json) turns them on."""

_AZURE: Final = "azure-native:"


@dataclass(frozen=True)
class Seen:
    """A resource as a rule sees it."""

    kind: str
    """Its type without provider and API version: `storage:StorageAccount`; other providers' types as they are."""

    properties: Properties
    """Its inputs. In a stack rule: its outputs, those that a preview cannot know unknown."""

    name: str = ""
    """Its logical name."""

    urn: str = ""
    """Its URN."""

    protected: bool = False
    """Whether Pulumi refuses to delete it."""

    depends_on: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """URNs of the resources that each property was made from. Stack rules only."""


class Finding(NamedTuple):
    """What is wrong, and with which resource of the stack."""

    resource: Seen
    text: str


Options = Mapping[str, Any]
"""What a policy configuration file says for one rule, defaults filled in."""

ResourceCheck = Callable[[Seen, Options], Iterable[str]]
"""Yields a sentence for each thing that is wrong with a resource; nothing for what is right or not known yet."""

StackCheck = Callable[[Sequence[Seen], Options], Iterable[Finding]]
"""Yields a finding for each thing that is wrong between the resources of a stack."""


class Option(NamedTuple):
    """A value that a policy configuration file may set for a rule."""

    default: int
    description: str


@dataclass(frozen=True, kw_only=True)
class Rule:
    """What all rules have: name, texts, level and source."""

    name: str
    """`<service>-<resource>-<rule>`; also the key in a policy configuration file."""

    description: str
    """One sentence: what must be so."""

    remedy: str
    """What to do about it, in this project."""

    url: str
    """Where it is written."""

    framework: PolicyComplianceFramework
    """Which control of which framework it is."""

    severity: Severity = Severity.MEDIUM
    level: EnforcementLevel = EnforcementLevel.MANDATORY
    """What a violation does, unless a policy configuration file says otherwise."""

    options: Mapping[str, Option] = field(default_factory=dict)

    def policy(self) -> Policy:
        """Return what pulumi_policy serves to the engine."""
        raise NotImplementedError

    def text(self, finding: str) -> str:
        """Return what a user reads below the description: what was found, what to do, where that is written."""
        return f"{finding}\n{self.remedy}\nWhy: {self.url}"

    def with_defaults(self, configured: Mapping[str, Any] | None) -> Options:
        """Return the rule's options: those of the policy configuration file, defaults for the rest."""
        return {name: option.default for name, option in self.options.items()} | dict(configured or {})

    def _common(self) -> dict[str, Any]:
        schema = {
            name: {"type": "integer", "default": option.default, "description": option.description}
            for name, option in self.options.items()
        }
        return {
            "name": self.name,
            "description": self.description,
            "enforcement_level": self.level,
            "severity": self.severity,
            "framework": self.framework,
            "remediation_steps": self.remedy,
            "url": self.url,
            "config_schema": PolicyConfigSchema(schema) if schema else None,
        }


@dataclass(frozen=True, kw_only=True)
class ResourceRule(Rule):
    """A rule on single resources of some kinds. It is checked before anything is done with them."""

    kinds: tuple[str, ...]
    check: ResourceCheck

    def problems(self, resource: Seen, configured: Mapping[str, Any] | None = None) -> list[str]:
        """Return what is wrong with a resource; nothing if it is not of the rule's kinds."""
        if resource.kind not in self.kinds:
            return []
        return list(self.check(resource, self.with_defaults(configured)))

    def policy(self) -> Policy:
        """Return the rule as a resource policy."""

        def validate(args: ResourceValidationArgs, report: ReportViolation) -> None:
            seen = Seen(
                kind(args.resource_type), Properties(args.props), args.name, args.urn, protected=args.opts.protect
            )
            for problem in self.problems(seen, args.get_config()):
                report(self.text(problem), None)

        return ResourceValidationPolicy(validate=validate, **self._common())


@dataclass(frozen=True, kw_only=True)
class StackRule(Rule):
    """A rule between resources. Previews check it; an `up` only when everything was done."""

    check: StackCheck

    def problems(self, stack: Sequence[Seen], configured: Mapping[str, Any] | None = None) -> list[Finding]:
        """Return what is wrong in a stack."""
        return list(self.check(stack, self.with_defaults(configured)))

    def policy(self) -> Policy:
        """Return the rule as a stack policy."""

        def validate(args: StackValidationArgs, report: ReportViolation) -> None:
            for resource, problem in self.problems([_seen(each) for each in args.resources], args.get_config()):
                report(self.text(problem), resource.urn)

        return StackValidationPolicy(validate=validate, **self._common())


def kind(token: str) -> str:
    """Return an azure-native type without provider and API version; any other type as it is.

    `azure-native:storage/v20240101:StorageAccount` and `azure-native:storage:StorageAccount` are the same kind.
    """
    return re.sub(r"/v\w+:", ":", token.removeprefix(_AZURE)) if token.startswith(_AZURE) else token


def _seen(resource: PolicyResource) -> Seen:
    return Seen(
        kind(resource.resource_type),
        Properties(resource.props),
        resource.name,
        resource.urn,
        protected=resource.opts.protect,
        depends_on={key: [each.urn for each in found] for key, found in resource.property_dependencies.items()},
    )
