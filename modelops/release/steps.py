"""The steps of a release: their names and numbers, for everybody who shows one."""

from collections.abc import Sequence
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
