"""The steps of a release: their names and numbers, for everybody who shows one."""

from collections.abc import Collection, Iterator, Sequence
from itertools import groupby
from typing import Final

RESTORE: Final = "restore the default"
READ: Final = "read what is live"
REGISTER: Final = "register models"
CREATE: Final = "create revisions"
TRY: Final = "try out"
SWITCH: Final = "switch the default"
VERIFY: Final = "verify"
PRUNE: Final = "prune"
RECORD: Final = "record the history"

_NUMBERED: Final = (RESTORE, READ, REGISTER, CREATE, TRY, SWITCH, VERIFY, PRUNE, RECORD)
"""Number 0 is only needed if somebody moved the default (modelops/release/reconcile.py)."""

UNCHANGED: Final = "unchanged"
"""What came of a step for its subject: there was nothing to do."""
FAILED: Final = "failed"
"""What came of a step for its subject; of `RECORD`, that the release failed before."""


def label(step: str, items: Sequence[int] | None = None) -> str:
    """Return a step with its number, e.g. `4/8 12/20 try out`: in a narrow column the beginning is all that is seen.

    Args:
        step: its name; another text is returned unchanged.
        items: of a try-out, how many are done, and how many there are.
    """
    if step not in _NUMBERED:
        return step
    counted = f"{items[0]}/{items[1]} " if items else ""
    return f"{_NUMBERED.index(step)}/{len(_NUMBERED) - 1} {counted}{step}"


def is_after_trying(step: str) -> bool:
    """Whether a step comes after those that the deployments take at the same time."""
    return step in _NUMBERED[_NUMBERED.index(TRY) + 1 :]


def left_out(begun: Collection[str], end: str = "") -> Iterator[tuple[str, ...]]:
    """Return the steps that a release did not need, those in a row together.

    Args:
        begun: the steps that it began.
        end: the step before which they are; "": all.
    """
    last = _NUMBERED.index(end) if end else len(_NUMBERED)
    numbers = [number for number in range(1, last) if _NUMBERED[number] not in begun]
    for _, run in groupby(enumerate(numbers), lambda each: each[1] - each[0]):
        yield tuple(_NUMBERED[number] for _, number in run)


def row_label(steps: Sequence[str]) -> str:
    """Return the label of steps in a row: `7/8 prune` of one, `2-4/8` of several."""
    first, last = _NUMBERED.index(steps[0]), _NUMBERED.index(steps[-1])
    return label(steps[0]) if first == last else f"{first}-{last}/{len(_NUMBERED) - 1}"
