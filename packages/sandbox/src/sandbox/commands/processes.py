"""Checks whether a process that is not our child is still alive."""

import os
import time
from pathlib import Path

_POLL_SECONDS = 0.01


def has_ended(pid: int) -> bool:
    """Return whether process ``pid`` has ended (a zombie counts as ended)."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    try:
        status = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        # No /proc (macOS), or it just ended: use the result of the signal.
        return False
    # "pid (name) state ...": the name may contain anything, also parentheses.
    return status.rpartition(")")[2].split()[0] in {"Z", "X"}


def wait_until_ended(pid: int, seconds: float) -> bool:
    """Wait until a process has ended; return whether it has within ``seconds``."""
    deadline = time.monotonic() + seconds
    while not has_ended(pid):
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL_SECONDS)
    return True
