"""Conditions that many rules share, as checks: a property is this, is one of these, is at least so much, is not there.

What is not set fails, unless a condition says otherwise: services change their defaults, and a scanner that reads an
exported template takes absence for consent.
"""

from collections.abc import Collection, Iterator, Sequence

from policy.properties import UNKNOWN, Properties, shown
from policy.rule import Options, ResourceCheck, Seen

Value = str | bool


def must_be(path: str, *allowed: Value, or_absent: bool = False) -> ResourceCheck:
    """Return a check that the property at `path` is one of the values; texts compare without case, as in ARM.

    Args:
        path: Dotted path of the property.
        allowed: The values that pass.
        or_absent: Whether a property that is not set passes too.
    """

    def check(resource: Seen, _options: Options) -> Iterator[str]:
        value = resource.properties.at(path)
        if value is UNKNOWN or (or_absent and value is None):
            return
        if not any(_same(value, each) for each in allowed):
            yield f"{path} is {shown(value)}; it must be {' or '.join(shown(each) for each in allowed)}."

    return check


def must_be_at_least(path: str, option: str, unit: str = "days") -> ResourceCheck:
    """Return a check that the number at `path` is not smaller than the rule's option of that name."""

    def check(resource: Seen, options: Options) -> Iterator[str]:
        value = resource.properties.at(path)
        if value is not UNKNOWN and not (is_number(value) and value >= options[option]):
            yield f"{path} is {shown(value)}; it must be at least {options[option]:g} {unit}."

    return check


def must_be_set(path: str) -> ResourceCheck:
    """Return a check that there is something at `path`, known or not."""

    def check(resource: Seen, _options: Options) -> Iterator[str]:
        if not _is_there(resource.properties, path):
            yield f"{path} is not set."

    return check


def must_not_be_set(*paths: str) -> ResourceCheck:
    """Return a check that there is nothing at any of the paths. What is not known yet may turn out to be nothing."""

    def check(resource: Seen, _options: Options) -> Iterator[str]:
        for path in paths:
            value = resource.properties.at(path)
            if value is not None and value is not UNKNOWN:
                yield f"{path} is set; it must not be."

    return check


def must_be_protected(resource: Seen, _options: Options) -> Iterator[str]:
    """Check that Pulumi refuses to delete the resource."""
    if not resource.protected:
        yield "Pulumi would delete it without asking twice."


def all_of(*checks: ResourceCheck) -> ResourceCheck:
    """Return a check that finds what any of several finds."""

    def check(resource: Seen, options: Options) -> Iterator[str]:
        for each in checks:
            yield from each(resource, options)

    return check


def of_kind(stack: Sequence[Seen], *kinds: str) -> list[Seen]:
    """Return the stack's resources of some kinds."""
    return [each for each in stack if each.kind in kinds]


def made_from(resources: Collection[Seen], prop: str, target: Seen) -> bool:
    """Say whether the property of any of the resources was made from `target`, as a reference to it is."""
    return any(target.urn in each.depends_on.get(prop, ()) for each in resources)


def is_number(value: object) -> bool:
    """Say whether a value is a number; truth values are none."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def _same(value: object, allowed: Value) -> bool:
    if isinstance(allowed, bool):
        return value is allowed
    return isinstance(value, str) and value.casefold() == allowed.casefold()


def _is_there(properties: Properties, path: str) -> bool:
    return properties.at(path) is not None
