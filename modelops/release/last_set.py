"""What a release or a rollback last set on an endpoint, as tags of the endpoint.

Tags, because the request that moves the default carries them, so that both are always of the same moment, and because
they may be altered: entries of an endpoint's `properties` may only be added (`BatchEndpoint` in azure-ai-ml's REST
client).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Final, Self

from modelops.plan.rules import OUR_TAGS, TAG_VALUE

RELEASE: Final = "release"
ROLLBACK: Final = "rollback"

_DEFAULT: Final = f"{OUR_TAGS}default"
_SET_BY: Final = f"{OUR_TAGS}set-by"
_SET_AT: Final = f"{OUR_TAGS}set-at"
_WHO: Final = f"{OUR_TAGS}who"
_NUMBER: Final = f"{OUR_TAGS}number"
_ABANDONED: Final = f"{OUR_TAGS}abandoned"
_ABANDONED_PIN: Final = f"{OUR_TAGS}abandoned-pin"
_EARLIER: Final = f"{OUR_TAGS}earlier"


def without_ours(tags: Mapping[str, str]) -> dict[str, str]:
    """Return the tags that are the user's: those without the prefix of a release's own."""
    return {name: value for name, value in tags.items() if not name.lower().startswith(OUR_TAGS)}


@dataclass(frozen=True, slots=True)
class LastSet:
    """What was last set, and why, when and by whom."""

    default: str
    """The revision that was made the default."""
    by: str = RELEASE
    """`release` or `rollback`."""
    at: str = ""
    """When: UTC, ISO-8601, in whole seconds."""
    who: str = ""
    """Who set it: a user's name, or the client id of an application."""
    number: int = 0
    """Number of the last release that set the default: the plan's; 0 before the first one with a number."""
    abandoned: tuple[str, ...] = ()
    """The revisions that rollbacks abandoned, the latest first, until a release sets another default."""
    abandoned_pin: str | None = None
    """That of them which the plan pinned when a rollback abandoned it: the same pin does not bring it back."""
    earlier: Mapping[str, str] = field(default_factory=dict)
    """Revisions that were the default before, the latest first, and when each was made it; empty if not known.

    As many as one tag holds: at least 4.
    """

    @classmethod
    def read(cls, tags: Mapping[str, str]) -> Self | None:
        """Read an endpoint's tags; None if neither a release nor a rollback has written them.

        The names of tags are case-insensitive, and a service may keep older letters.
        """
        found = {name.lower(): value for name, value in tags.items()}
        if not found.get(_DEFAULT):
            return None
        number = found.get(_NUMBER, "")
        earlier = [each.partition("@") for each in found.get(_EARLIER, "").split()]
        return cls(
            default=found[_DEFAULT],
            by=found.get(_SET_BY, RELEASE),
            at=found.get(_SET_AT, ""),
            who=found.get(_WHO, ""),
            number=int(number) if number.isdecimal() else 0,
            abandoned=tuple(found.get(_ABANDONED, "").split()),
            abandoned_pin=found.get(_ABANDONED_PIN) or None,
            earlier={name: at for name, _, at in earlier},
        )

    def tags(self) -> dict[str, str]:
        """Return the endpoint's tags; those without a value are left out, because Azure refuses them."""
        found = {
            _DEFAULT: self.default,
            _SET_BY: self.by,
            _SET_AT: self.at,
            _WHO: self.who[:TAG_VALUE],
            _NUMBER: str(self.number) if self.number else "",
            _ABANDONED: _fitting(self.abandoned),
            _ABANDONED_PIN: self.abandoned_pin or "",
            _EARLIER: _fitting(f"{name}@{at}" if at else name for name, at in self.earlier.items()),
        }
        return {name: value for name, value in found.items() if value}

    def refuses(self, target: str, pin: str | None) -> bool:
        """Whether a plan with this target would bring back what a rollback abandoned.

        Not if the plan pins it since then: that is the way to say that it may serve again.
        """
        return target in self.abandoned and pin in (None, self.abandoned_pin)

    def is_same(self, other: Self | None) -> bool:
        """Whether another reading is of the same setting of the default; its tags may be cut."""
        return other is not None and (self.default, self.by, self.at) == (other.default, other.by, other.at)

    def when_default(self, revision: str) -> str | None:
        """When a revision was last made the default; empty if the time is not known, None if it was not."""
        return self.at if revision == self.default else self.earlier.get(revision)


def released(
    before: LastSet | None, found: str | None, revision: str, *, number: int, who: str, ends_rollback: bool
) -> LastSet:
    """Return what a release writes that makes `revision` the default.

    Args:
        before: what the endpoint's tags say; None without them.
        found: the live default.
        revision: the default to be.
        number: the plan's; 0 if it has none.
        who: see `LastSet`.
        ends_rollback: whether what a rollback abandoned may serve again: not after a pin or a restored default.
    """
    number = number or (before.number if before else 0)
    if before and before.default == revision:
        return replace(before, number=number)
    left = [each for each in before.abandoned if each != revision] if before and not ends_rollback else []
    kept = before.abandoned_pin if before and before.abandoned_pin in left else None
    return LastSet(
        revision, RELEASE, _now(), who, number, tuple(left), kept, earlier=_earlier(before, found, leaving=revision)
    )


def rolled_back(
    before: LastSet | None, found: str | None, revision: str, *, planned: str, pin: str | None, who: str
) -> LastSet:
    """Return what a rollback to `revision` writes. The number stays: what the plan's member says does not move.

    Args:
        before: what the endpoint's tags say; None without them.
        found: the live default.
        revision: the default to be.
        planned: the default of the released plan, which an unchanged `pulumi up` would make the default again.
        pin: the released plan's pin.
        who: see `LastSet`.
    """
    left = [planned, found, *((before.default, *before.abandoned) if before else ())]
    abandoned = tuple(each for each in dict.fromkeys(left) if each and each != revision)
    return LastSet(
        revision,
        ROLLBACK,
        _now(),
        who,
        before.number if before else 0,
        abandoned,
        pin if pin in abandoned else None,
        _earlier(before, found, leaving=revision),
    )


def _earlier(before: LastSet | None, found: str | None, *, leaving: str) -> dict[str, str]:
    """Return the former defaults, with the one that is left now first, and without the new one."""
    last = {before.default: before.at, **before.earlier} if before else {found: ""} if found else {}
    return {name: at for name, at in last.items() if name != leaving}


def _fitting(words: Iterable[str]) -> str:
    """Return as many of the first words as fit in a tag's value."""
    shown = ""
    for each in words:
        longer = f"{shown} {each}".strip()
        if len(longer) > TAG_VALUE:
            break
        shown = longer
    return shown


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
