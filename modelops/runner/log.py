"""The file that takes the release workers' standard error: where it lies, and where else if it cannot lie there."""

import os
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Final

_NAME: Final = "release-worker.log"
_LARGEST_BYTES: Final = 5_000_000


def usable_log() -> Path:
    """A log that can be written: the usual one, else one in a new temporary folder, else none (the null device).

    A pipeline may have a home folder that it cannot write to, or none; no preview and no release fails for that.
    """
    with suppress(OSError, RuntimeError):  # RuntimeError: nobody knows the home folder
        usual = usual_log()
        open_log(usual).close()
        return usual
    with suppress(OSError):
        return Path(tempfile.mkdtemp(prefix="azureml-batch-log-")) / _NAME
    return Path(os.devnull)


def usual_log() -> Path:
    """The sandbox's folder in a rehearsal, else the user's cache folder.

    Raises:
        RuntimeError: the user has no home folder.
    """
    if home := os.environ.get("SANDBOX_HOME"):
        return Path(home) / "log" / _NAME
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / "azureml-batch-endpoint" / "log" / _NAME


def open_log(log: Path) -> BinaryIO:
    """Open it to write at its end, or from its beginning when it has grown large.

    Raises:
        OSError: it cannot be written.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    return log.open("ab" if not log.exists() or log.stat().st_size < _LARGEST_BYTES else "wb")
