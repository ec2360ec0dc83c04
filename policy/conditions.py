"""Conditions that many rules share: a property has one of these values, is at least this number, is set, is not set.

A property that is not set fails, unless a condition says otherwise: services change their defaults, and scanners that
read an exported template treat a missing property as the default.
"""

from collections.abc import Collection, Iterator, Sequence

from policy.properties import UNKNOWN, Properties, shown
from policy.rule import Options, ResourceCheck, Seen

Value = str | bool


def must_be(path: str, *allowed: Value, or_absent: bool = False) -> ResourceCheck:
    """Return a check that the property at `path` is one of the values; case does not matter for texts, as in ARM.

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
    """Return a check that the property at `path` is set, known or not."""

    def check(resource: Seen, _options: Options) -> Iterator[str]:
        if not _is_there(resource.properties, path):
            yield f"{path} is not set."

    return check


def must_not_be_set(*paths: str) -> ResourceCheck:
    """Return a check that none of the paths is set. Unknown values pass: they may turn out to be unset."""

    def check(resource: Seen, _options: Options) -> Iterator[str]:
        for path in paths:
            value = resource.properties.at(path)
            if value is not None and value is not UNKNOWN:
                yield f"{path} is set; it must not be."

    return check


def must_be_protected(resource: Seen, _options: Options) -> Iterator[str]:
    """Check that Pulumi refuses to delete the resource."""
    if not resource.protected:
        yield "It is not protected: Pulumi would delete it."


def all_of(*checks: ResourceCheck) -> ResourceCheck:
    """Return a check that reports the findings of all the given checks."""

    def check(resource: Seen, options: Options) -> Iterator[str]:
        for each in checks:
            yield from each(resource, options)

    return check


def of_kind(stack: Sequence[Seen], *kinds: str) -> list[Seen]:
    """Return the stack's resources of some kinds."""
    return [each for each in stack if each.kind in kinds]


def made_from(resources: Collection[Seen], prop: str, target: Seen) -> bool:
    """Say whether the property of any of the resources depends on `target`, as a reference to it does."""
    return any(target.urn in each.depends_on.get(prop, ()) for each in resources)


def is_number(value: object) -> bool:
    """Say whether a value is a number; booleans are not."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def _same(value: object, allowed: Value) -> bool:
    if isinstance(allowed, bool):
        return value is allowed
    return isinstance(value, str) and value.casefold() == allowed.casefold()


def _is_there(properties: Properties, path: str) -> bool:
    return properties.at(path) is not None
