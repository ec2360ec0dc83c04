"""A rule: a plain function that checks one resource, or all of them, and the rule's texts.

`policy()` turns a rule into what pulumi_policy serves. Rules do not depend on it, so tests can call
them as functions.
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
"""Level of rules that only apply to some stacks: off until a policy configuration file (policy/prod.json) sets them."""

PROVIDERS: Final = "pulumi:providers:"
"""Begins the types of providers."""

_AZURE: Final = re.compile(r"azure-native(_\w+_v\d\w*)?:")


@dataclass(frozen=True)
class Seen:
    """A resource as a rule sees it."""

    kind: str
    """Its type without provider and API version: `storage:StorageAccount`; other providers' types unchanged."""

    properties: Properties
    """Its inputs. In a stack rule: its outputs; a preview does not know all of them."""

    name: str = ""
    """Its logical name."""

    urn: str = ""
    """Its URN."""

    protected: bool = False
    """Whether Pulumi refuses to delete it."""

    depends_on: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """URNs of the resources that each property depends on. Stack rules only."""

    is_component: bool = False
    """Whether it only holds other resources: no provider makes it."""


class Finding(NamedTuple):
    """A problem, and the resource that has it."""

    resource: Seen
    text: str


Options = Mapping[str, Any]
"""One rule's options from a policy configuration file, with defaults filled in."""

ResourceCheck = Callable[[Seen, Options], Iterable[str]]
"""Yields a sentence for each problem of a resource; unknown values are not problems."""

StackCheck = Callable[[Sequence[Seen], Options], Iterable[Finding]]
"""Yields a finding for each problem between the resources of a stack."""


class Option(NamedTuple):
    """A value that a policy configuration file may set for a rule."""

    default: int | tuple[str, ...]
    """A whole number, or the elements of a list of texts."""

    description: str

    def schema(self) -> dict[str, Any]:
        """Return the JSON schema of its values."""
        if isinstance(self.default, int):
            return {"type": "integer", "default": self.default, "description": self.description}
        texts = {"type": "array", "items": {"type": "string"}}
        return texts | {"default": list(self.default), "description": self.description}


@dataclass(frozen=True, kw_only=True)
class Rule:
    """The common part of all rules: name, texts, level and source."""

    name: str
    """`<service>-<resource>-<rule>`; also the key in a policy configuration file."""

    description: str
    """One sentence: the requirement."""

    remedy: str
    """How to fix a violation, in this project."""

    url: str
    """A page that gives the reason."""

    framework: PolicyComplianceFramework
    """The control of a framework that the rule implements."""

    severity: Severity = Severity.MEDIUM
    level: EnforcementLevel = EnforcementLevel.MANDATORY
    """The effect of a violation, unless a policy configuration file says otherwise."""

    options: Mapping[str, Option] = field(default_factory=dict)

    def policy(self) -> Policy:
        """Return the policy that pulumi_policy gives to the engine."""
        raise NotImplementedError

    def text(self, finding: str) -> str:
        """Return the text below the description: the finding, the remedy, and the page that gives the reason."""
        return f"{finding}\n{self.remedy}\nWhy: {self.url}"

    def with_defaults(self, configured: Mapping[str, Any] | None) -> Options:
        """Return the rule's options from the policy configuration file, with defaults for the rest."""
        return {name: option.default for name, option in self.options.items()} | dict(configured or {})

    def _common(self) -> dict[str, Any]:
        schema = {name: option.schema() for name, option in self.options.items()}
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
    """A rule on single resources of some kinds, checked before the engine does anything with them."""

    kinds: tuple[str, ...]
    """The kinds that it judges; empty for all."""

    check: ResourceCheck

    def problems(self, resource: Seen, configured: Mapping[str, Any] | None = None) -> list[str]:
        """Return a resource's problems; none if it is not of the rule's kinds."""
        if self.kinds and resource.kind not in self.kinds:
            return []
        return list(self.check(resource, self.with_defaults(configured)))

    def policy(self) -> Policy:
        """Return the rule as a resource policy."""

        def validate(args: ResourceValidationArgs, report: ReportViolation) -> None:
            seen = Seen(
                kind(args.resource_type),
                Properties(args.props),
                args.name,
                args.urn,
                protected=args.opts.protect,
                is_component=args.provider is None and not args.resource_type.startswith(PROVIDERS),
            )
            for problem in self.problems(seen, args.get_config()):
                report(self.text(problem), None)

        return ResourceValidationPolicy(validate=validate, **self._common())


@dataclass(frozen=True, kw_only=True)
class StackRule(Rule):
    """A rule between resources. Previews check it; an `up` checks it only at its end."""

    check: StackCheck

    def problems(self, stack: Sequence[Seen], configured: Mapping[str, Any] | None = None) -> list[Finding]:
        """Return a stack's problems."""
        return list(self.check(stack, self.with_defaults(configured)))

    def policy(self) -> Policy:
        """Return the rule as a stack policy."""

        def validate(args: StackValidationArgs, report: ReportViolation) -> None:
            for resource, problem in self.problems([_seen(each) for each in args.resources], args.get_config()):
                report(self.text(problem), resource.urn)

        return StackValidationPolicy(validate=validate, **self._common())


def kind(token: str) -> str:
    """Return an azure-native type without provider and API version; any other type unchanged.

    The same kind: `azure-native:storage:StorageAccount`, `azure-native:storage/v20240101:StorageAccount`, and
    `azure-native_storage_v20240101:storage:StorageAccount` of a package that `pulumi package add` generates
    (https://www.pulumi.com/registry/packages/azure-native/from-v2-to-v3/).
    """
    native = _AZURE.match(token)
    return re.sub(r"/v\w+:", ":", token[native.end() :]) if native else token


def token(kind: str) -> str:
    """Return the type that the provider's documentation has for a kind."""
    return f"azure-native:{kind}" if kind.count(":") == 1 else kind


def _seen(resource: PolicyResource) -> Seen:
    return Seen(
        kind(resource.resource_type),
        Properties(resource.props),
        resource.name,
        resource.urn,
        protected=resource.opts.protect,
        depends_on={key: [each.urn for each in found] for key, found in resource.property_dependencies.items()},
    )
