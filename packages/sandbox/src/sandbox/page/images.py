"""The images of a job's input, and the predictions about them."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from sandbox.page.predictions import Table

MOST: Final = 24
"""How many images a page shows."""
MOST_BYTES: Final = 8 * 1024 * 1024
"""The largest image that is shown."""
_SUFFIXES: Final = (".png", ".jpg", ".jpeg", ".gif", ".webp", ".bmp")
_TYPES: Final[Mapping[bytes, str]] = {
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"GIF8": "image/gif",
    b"BM": "image/bmp",
}
_RIFF, _WEBP, _WEBP_AT = b"RIFF", b"WEBP", slice(8, 12)
_PNG_WIDTH: Final = slice(16, 20)
_SMALL_PIXELS: Final = 64
_HEAD_BYTES: Final = 32


class Sample(NamedTuple):
    """An image: its path below the input, and what was predicted about it, by column; None: there is no row."""

    name: str
    values: tuple[tuple[str, str], ...] | None
    is_small: bool = False


def is_image(name: str) -> bool:
    """Whether a file is called like an image."""
    return name.lower().endswith(_SUFFIXES)


def type_of(head: bytes) -> str | None:
    """Return the media type of an image by its first bytes; None for others: SVG may run scripts."""
    if head.startswith(_RIFF) and head[_WEBP_AT] == _WEBP:
        return "image/webp"
    return next((kind for magic, kind in _TYPES.items() if head.startswith(magic)), None)


def has_few_pixels(file: Path) -> bool:
    """Whether an image is a PNG that is better shown larger, pixel by pixel."""
    with file.open("rb") as opened:
        head = opened.read(_HEAD_BYTES)
    return type_of(head) == "image/png" and int.from_bytes(head[_PNG_WIDTH], "big") <= _SMALL_PIXELS


def samples(names: Sequence[str], table: Table | None) -> list[Sample]:
    """Return the images that a shown row is about, with their rows; if there are none, images without rows.

    A row is about an image if one of its values is the image's path, or the last part of it.
    """
    rows = _by_image(table) if table else {}
    found = [Sample(name, rows.get(name) or rows.get(name.rsplit("/", 1)[-1])) for name in names if is_image(name)]
    return ([each for each in found if each.values is not None] or found)[:MOST]


def _by_image(table: Table) -> dict[str, tuple[tuple[str, str], ...]]:
    """Return the other values of each row that names an image, by the name and by its last part."""
    found: dict[str, tuple[tuple[str, str], ...]] = {}
    for row in table.rows:
        at = next((at for at, cell in enumerate(row) if is_image(cell)), None)
        if at is None:
            continue
        columns = table.columns or tuple(f"value {number}" for number in range(len(row)))
        values = tuple(
            (columns[each] if each < len(columns) else "", cell) for each, cell in enumerate(row) if each != at
        )
        for name in (row[at], row[at].rsplit("/", 1)[-1]):
            found.setdefault(name, values)
    return found
