"""Files of a try-out's input with what was predicted about them, as far as the stack file asks for them.

Inputs can be personal data, so nothing is kept of them outside a rehearsal unless `tryOut.samples` says so.
"""

import base64
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, Final

from modelops.errors import ModelOpsError
from modelops.plan.try_out import TryOut
from modelops.rehearsal import is_here
from modelops.release.comparison.sampled import sampled
from modelops.scoring.input_files import InputFiles

REHEARSED: Final = 6
"""Samples in a rehearsal, where `tryOut.samples` is not set."""

_LARGEST_IMAGE: Final = 200_000
"""Bytes."""
_LONGEST_TEXT: Final = 2_000
"""Characters."""
_LONGEST_CHARACTER: Final = 4
"""Bytes, in UTF-8."""
_IMAGES: Final[Mapping[bytes, str]] = {
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"GIF8": "image/gif",
}
"""How the files of images begin. Not SVG, which can have scripts."""


def number(try_out: TryOut) -> int:
    """Return how many samples are kept."""
    if try_out.samples is not None:
        return try_out.samples
    return REHEARSED if is_here() else 0


def kept(
    candidate: Path, current: Path | None, try_out: TryOut, files: InputFiles | None, names: Collection[str]
) -> list[dict[str, Any]]:
    """Return the samples of a candidate as plain data.

    Each has `about`, `changed`, `candidate`, `current` (see `Sampled`) and `input`: `{"type": IMAGE, "base64": ...}`,
    `{"type": "text", "text": ..., "isCut": ...}`, or null if it is neither, is larger, or cannot be read.

    Args:
        candidate: folder with its predictions.
        current: folder with the predictions of what serves, on the same input; None: there are none.
        try_out: of the plan.
        files: the input; None: only the job can read it.
        names: the names of its files.
    """
    found = sampled(candidate, current, try_out.key, names, number(try_out))
    return [
        {**each.to_json(), "input": _input(files, name) if files and (name := _file(each.about, names)) else None}
        for each in found
    ]


def _file(about: str | None, names: Collection[str]) -> str | None:
    """Return the file of the input that rows are about; without a name of one, the only file."""
    if about in names:
        return about
    return next(iter(names)) if len(names) == 1 else None


def _input(files: InputFiles, name: str) -> dict[str, Any] | None:
    try:
        content = files.first_bytes(name, _LARGEST_IMAGE + 1)
    except (OSError, ModelOpsError):
        return None
    for begin, kind in _IMAGES.items():
        if content.startswith(begin):
            is_whole = len(content) <= _LARGEST_IMAGE
            return {"type": kind, "base64": base64.b64encode(content).decode()} if is_whole else None
    begin = content[: _LONGEST_TEXT * _LONGEST_CHARACTER]
    # A character may be cut in two there.
    text = begin.decode(errors="ignore" if len(content) > len(begin) else "replace")
    if "\0" in text or "\ufffd" in text:
        return None
    return {"type": "text", "text": text[:_LONGEST_TEXT], "isCut": len(content) > len(text[:_LONGEST_TEXT].encode())}
