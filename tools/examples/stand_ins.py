"""What stands in for files of the examples that are not in their repository, or come from a network.

Everything is made here, from nothing but the standard library; no word of an example is in it.
"""

import random
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

from tools.examples.example import Maker

_SIDE = 28
"""Pixels: MNIST's images are squares of 28."""


def digit_images(count: int) -> Maker:
    """Return what writes a zip file with ``data/N.png``: gray squares of 28 pixels, in which nobody sees a digit."""

    def make(path: Path) -> None:
        with zipfile.ZipFile(path, "w") as archive:
            for name, image in _digits(count):
                archive.writestr(f"data/{name}", image)

    return make


def digit_folder(count: int) -> Maker:
    """Return what writes a folder with the images of ``digit_images``."""

    def make(path: Path) -> None:
        path.mkdir()
        for name, image in _digits(count):
            (path / name).write_bytes(image)

    return make


def _digits(count: int) -> Iterator[tuple[str, bytes]]:
    chance = random.Random(0)  # noqa: S311 - the same images each time
    for number in range(count):
        yield f"{number}.png", _png([chance.randbytes(_SIDE) for _ in range(_SIDE)])


def _png(rows: list[bytes]) -> bytes:
    """Return an image of 8-bit gray (https://www.w3.org/TR/png-3/): signature, header, one data chunk, end."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", len(rows[0]), len(rows), 8, 0, 0, 0, 0)
    pixels = zlib.compress(b"".join(b"\0" + row for row in rows))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def copies_of(neighbour: str, count: int) -> Maker:
    """Return what writes a zip file with copies of a file that lies beside it in the checkout."""

    def make(path: Path) -> None:
        source = path.with_name(neighbour)
        with zipfile.ZipFile(path, "w") as archive:
            for number in range(count):
                archive.write(source, f"{source.stem}-{number}{source.suffix}")

    return make


def text(content: str) -> Maker:
    """Return what writes a text."""

    def make(path: Path) -> None:
        path.write_text(content, encoding="utf-8")

    return make


def more(lines: str) -> Maker:
    """Return what writes lines below those of the example's own file."""

    def make(path: Path) -> None:
        with path.open("a", encoding="utf-8") as stream:
            stream.write(lines)

    return make
