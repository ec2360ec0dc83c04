"""Uploads the local input of a job, as azure-ai-ml's `invoke` does, and says how far it is.

The SDK has no public way to this, and tells of its progress only by the bars that it draws. So while it works its bars
are replaced by others that draw nothing and report.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, Self

from modelops import azure
from modelops.scoring import local_files
from modelops.workspace import Workspace

Report = Callable[[str, float], None]
"""Is told how far something is, e.g. `Uploading, 40 of 2,000 files, 3 of 500 MiB`, and the seconds since it began."""

_MEBIBYTE: Final = 1024 * 1024


def uploaded(workspace: Workspace, path: Path, report: Report) -> str:
    """Upload a file or a folder, and return its address, without a slash at the end.

    What was uploaded before, with the same content, is not sent again.

    Raises:
        ReleaseError: the service or the storage refused it.
    """
    from azure.ai.ml._artifacts._artifact_utilities import _upload_and_generate_remote_uri  # noqa: PLC0415

    ml = workspace.ml
    with azure.step(f"uploading {path}"), _reported(_Sent(path, report)):
        uri: str = _upload_and_generate_remote_uri(ml._operation_scope, ml.datastores, path.resolve())  # noqa: SLF001
    return uri.rstrip("/")


class _Sent:
    """What was sent so far."""

    def __init__(self, path: Path, report: Report) -> None:
        self._files = 1 if path.is_file() else len(local_files.uploaded(path)[0])
        self._report = report
        self._begun = time.monotonic()
        self._counting = threading.Lock()
        self._done = self._bytes = 0

    def file(self, size: int, total: int) -> None:
        """Count a file of `size` bytes of a folder, which has `total` bytes."""
        with self._counting:
            self._done += 1
            self._bytes += size
            self._tell(total)

    def part(self, size: int, total: int) -> None:
        """Count `size` bytes of a single file, which has `total` bytes."""
        with self._counting:
            self._bytes = min(self._bytes + size, total)  # a part can be sent twice
            self._tell(total)

    def _tell(self, total: int) -> None:
        told = ["Uploading"]
        if self._files > 1:
            told.append(f"{self._done:,} of {self._files:,} files")
        if total >= _MEBIBYTE:
            told.append(f"{self._bytes // _MEBIBYTE:,} of {total // _MEBIBYTE:,} MiB")
        self._report(", ".join(told), time.monotonic() - self._begun)


class _Bar:
    """What the SDK asks of a bar, whatever it should look like."""

    def __init__(self, **_look: Any) -> None: ...

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None: ...


@contextmanager
def _reported(sent: _Sent) -> Iterator[None]:
    """Let the SDK's bars report to `sent`."""
    from azure.ai.ml._utils import _asset_utils  # noqa: PLC0415

    class OfFolder(_Bar):
        def __init__(self, *, total: int, **_look: Any) -> None:
            self._total = total

        def update(self, size: int) -> None:
            sent.file(size, self._total)

    class OfFile(_Bar):
        def update_to(self, response: Any) -> None:
            # The context also has what was sent, but as of the moment when this part was begun.
            if total := response.context.get("data_stream_total"):
                sent.part(int(response.http_request.headers.get("Content-Length") or 0), total)

    bars: Any = _asset_utils
    before = bars.tqdm, bars.FileUploadProgressBar
    bars.tqdm, bars.FileUploadProgressBar = OfFolder, OfFile
    try:
        yield
    finally:
        bars.tqdm, bars.FileUploadProgressBar = before
