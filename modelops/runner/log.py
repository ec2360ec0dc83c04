"""The log file for the release workers' standard error: its usual place, and an alternative if that is not writable."""

import os
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Final

_NAME: Final = "release-worker.log"
_LARGEST_BYTES: Final = 5_000_000


def usable_log() -> Path:
    """Return a writable log: the usual one, else one in a new temporary folder, else the null device.

    A pipeline may have no home folder, or a read-only one; previews and releases must not fail for that.
    """
    with suppress(OSError, RuntimeError):  # RuntimeError: the home folder is unknown
        usual = usual_log()
        open_log(usual).close()
        return usual
    with suppress(OSError):
        return Path(tempfile.mkdtemp(prefix="azureml-batch-log-")) / _NAME
    return Path(os.devnull)


def usual_log() -> Path:
    """Return the log in the sandbox's folder in a rehearsal, else in the user's cache folder.

    Raises:
        RuntimeError: the user has no home folder.
    """
    if home := os.environ.get("SANDBOX_HOME"):
        return Path(home) / "log" / _NAME
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / "azureml-batch-endpoint" / "log" / _NAME


def open_log(log: Path) -> BinaryIO:
    """Open the log to append, or to overwrite it if it has grown large.

    Raises:
        OSError: it is not writable.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    return log.open("ab" if not log.exists() or log.stat().st_size < _LARGEST_BYTES else "wb")
