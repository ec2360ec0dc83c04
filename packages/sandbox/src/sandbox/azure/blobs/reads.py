"""Operations that read or delete blobs: Get Blob, Get Blob Properties, Get Blob Metadata, Delete Blob."""

import asyncio
import base64
import hashlib
import re
from typing import BinaryIO

from aiohttp import web

from sandbox.azure.blobs.call import Call, http_date, metadata_headers, version_headers
from sandbox.azure.blobs.errors import BlobError, invalid_header
from sandbox.azure.blobs.index import Blob

_RANGE = re.compile(r"^bytes=(\d+)-(\d*)$")
_PIECE = 1 << 20
_MD5_LIMIT = 4 << 20


async def get(call: Call) -> web.StreamResponse:
    """Get Blob: whole (200) or a range (206)."""
    blob = call.the_blob()
    span = _range(call, blob)
    start, end = span or (0, blob.size)
    headers = _headers(blob) | {"Content-Length": str(end - start)}
    if span is not None:
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{blob.size}"
        # For a range, Content-MD5 would be the range's; the blob's MD5 has its own header.
        if blob.md5:
            headers["x-ms-blob-content-md5"] = headers.pop("Content-MD5")
    with await _open(call, blob) as stream:
        stream.seek(start)
        if call.headers.get("x-ms-range-get-content-md5", "").lower() == "true":
            headers["Content-MD5"] = _range_md5(stream, start, end, span)
        response = web.StreamResponse(status=200 if span is None else 206, headers=headers)
        await response.prepare(call.request)
        left = end - start
        while left:
            size = min(_PIECE, left)
            # Small reads from the page cache are faster than starting a thread.
            piece = stream.read(size) if left < _PIECE else await asyncio.to_thread(stream.read, size)
            await response.write(piece)
            left -= len(piece)
        await response.write_eof()
    return response


async def head(call: Call) -> web.StreamResponse:
    """Get Blob Properties."""
    blob = call.the_blob()
    return web.Response(headers=_headers(blob) | {"Content-Length": str(blob.size), "Accept-Ranges": "bytes"})


async def metadata(call: Call) -> web.StreamResponse:
    """Get Blob Metadata."""
    blob = call.the_blob()
    return web.Response(headers=version_headers(blob) | metadata_headers(blob.metadata))


async def delete(call: Call) -> web.StreamResponse:
    """Delete Blob, at once: the sandbox has no soft delete of blobs."""
    call.store.remove_blob(call.the_blob())
    return web.Response(status=202, headers={"x-ms-delete-type-permanent": "true"})


def _headers(blob: Blob) -> dict[str, str]:
    headers = version_headers(blob) | metadata_headers(blob.metadata) | blob.settings
    headers |= {
        "x-ms-blob-type": "BlockBlob",
        "x-ms-creation-time": http_date(blob.created),
        "x-ms-lease-status": "unlocked",
        "x-ms-lease-state": "available",
        "x-ms-server-encrypted": "true",
        "x-ms-access-tier": "Hot",
        "x-ms-access-tier-inferred": "true",
        "Accept-Ranges": "bytes",
    }
    return headers | ({"Content-MD5": blob.md5} if blob.md5 else {})


def _range(call: Call, blob: Blob) -> tuple[int, int] | None:
    """Return (start, end) of the requested range, end exclusive and within the blob, or None for all of it."""
    name = "x-ms-range" if "x-ms-range" in call.headers else "Range"
    given = call.headers.get(name)
    if given is None:
        return None
    match = _RANGE.match(given)
    if match is None:
        raise invalid_header(name, given, "bytes=<start>-[<end>]")
    start = int(match[1])
    end = min(int(match[2]) + 1, blob.size) if match[2] else blob.size
    if start >= blob.size or end <= start:
        raise BlobError(
            416,
            "InvalidRange",
            f"The range specified is invalid for the current size of the resource: {given} of {blob.size} bytes.",
            {"Content-Range": f"bytes */{blob.size}"},
        )
    return start, end


def _range_md5(stream: BinaryIO, start: int, end: int, span: tuple[int, int] | None) -> str:
    if span is None or end - start > _MD5_LIMIT:
        raise invalid_header("x-ms-range-get-content-md5", "true", "only with a range of at most 4 MiB")
    digest = hashlib.md5(stream.read(end - start), usedforsecurity=False).digest()
    stream.seek(start)
    return base64.b64encode(digest).decode()


async def _open(call: Call, blob: Blob) -> BinaryIO:
    """Open a blob's bytes.

    Raises:
        BlobError: 412, as for a late range, if the blob was overwritten between the look-up and the opening.
    """
    try:
        if len(blob.parts) == 1:
            return call.store.whole(blob).open("rb")
        return (await asyncio.to_thread(call.store.whole, blob)).open("rb")
    except (FileNotFoundError, KeyError):
        raise BlobError(412, "ConditionNotMet", "The blob was changed while it was being read.") from None
