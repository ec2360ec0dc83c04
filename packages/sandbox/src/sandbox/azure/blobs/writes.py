"""Operations that write blobs: Put Blob, Put Block, Put Block List, Set Blob Metadata."""

import base64
import binascii
import xml.etree.ElementTree as ET
from dataclasses import replace
from xml.etree.ElementTree import ParseError

from aiohttp import web

from sandbox.azure.blobs.call import Call, version_headers
from sandbox.azure.blobs.errors import BlobError, blob_not_found, container_not_found, md5_mismatch, not_modelled
from sandbox.azure.blobs.index import Blob
from sandbox.azure.blobs.intake import Intake
from sandbox.azure.blobs.store import content_settings

_CONTENT = ("type", "encoding", "language", "disposition")
CONTENT_HEADERS = frozenset({*(f"x-ms-blob-content-{name}" for name in _CONTENT), "x-ms-blob-cache-control"})
"""The headers that a GET of the blob returns."""

_LARGEST_BLOB = 5000 << 20
_LARGEST_BLOCK = 4000 << 20
_MOST_BLOCKS = 50_000
_LARGEST_LIST = 8 << 20


async def put_blob(call: Call) -> web.StreamResponse:
    """Put Blob: a whole block blob in one request."""
    kind = call.headers.get("x-ms-blob-type")
    if kind is None:
        raise BlobError(
            400, "MissingRequiredHeader", "An HTTP header that is mandatory is not specified: x-ms-blob-type."
        )
    if kind != "BlockBlob":
        raise not_modelled(f"blobs of type '{kind}'")
    call.the_container()
    # Refused before the bytes arrive, if possible; the commit checks again.
    call.check_match(call.store.index.blob(call.account, call.container, call.blob), reading=False)
    async with Intake(call, _LARGEST_BLOB) as intake:
        md5 = await intake.receive()
        wanted = call.headers.get("x-ms-blob-content-md5")
        if wanted is not None and wanted != md5:
            raise md5_mismatch(wanted, md5)
        parts = ((intake.file.name, intake.size),)
        stored = _commit(call, parts, md5, ())
        intake.keep()
    return web.Response(status=201, headers=_written(stored) | {"Content-MD5": md5})


async def put_block(call: Call) -> web.StreamResponse:
    """Put Block: bytes for a later block list; not visible until then."""
    block = call.query.get("blockid", "")
    _check_block_id(block)
    call.the_container()
    async with Intake(call, _LARGEST_BLOCK) as intake:
        md5 = await intake.receive()
        try:
            call.store.put_block(call.account, call.container, call.blob, block, intake.file)
        except FileNotFoundError:
            raise container_not_found(call.container) from None
        intake.keep()
    return web.Response(status=201, headers={"Content-MD5": md5, "x-ms-request-server-encrypted": "true"})


def _check_block_id(block: str) -> None:
    try:
        raw = base64.b64decode(block, validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if not 1 <= len(raw) <= 64:  # noqa: PLR2004
        raise BlobError(
            400,
            "InvalidQueryParameterValue",
            f"Value for one of the query parameters is invalid: blockid is '{block}';"
            " allowed: base64 of 1 to 64 bytes.",
        )


async def put_block_list(call: Call) -> web.StreamResponse:
    """Put Block List: creates a blob from uncommitted blocks.

    The list that created the current blob is accepted again: its answer may have been lost.
    """
    call.the_container()
    if (call.request.content_length or 0) > _LARGEST_LIST:
        raise BlobError(400, "BlockListTooLong", f"The block list may not contain more than {_MOST_BLOCKS} blocks.")
    names = _parse_block_list(await call.request.read())
    pending = call.store.index.blocks(call.account, call.container, call.blob)
    md5 = call.headers.get("x-ms-blob-content-md5", "")
    if all(name in pending for name in names):
        parts = tuple(pending[name] for name in names)
        blocks = tuple((name, pending[name][1]) for name in names)
        return web.Response(status=201, headers=_written(_commit(call, parts, md5, blocks)))
    old = call.store.index.blob(call.account, call.container, call.blob)
    if old is None or [name for name, _ in old.blocks] != names:
        missing = next(name for name in names if name not in pending)
        raise BlobError(
            400, "InvalidBlockList", f"The specified block list is invalid: there is no uncommitted block '{missing}'."
        )
    return web.Response(status=201, headers=_written(_commit(call, old.parts, md5, old.blocks)))


def _parse_block_list(body: bytes) -> list[str]:
    # Only an entity declaration can make a small XML text expand to a huge one.
    if b"<!" in body:
        raise BlobError(
            400, "InvalidXmlDocument", "XML specified is not syntactically valid: declarations are not allowed."
        )
    try:
        root = ET.fromstring(body)  # noqa: S314 - no declarations, size bounded
    except (ParseError, LookupError, ValueError) as error:  # also an encoding that is unknown or not supported
        raise BlobError(400, "InvalidXmlDocument", f"XML specified is not syntactically valid: {error}.") from None
    if len(root) > _MOST_BLOCKS:
        raise BlobError(400, "BlockListTooLong", f"The block list may not contain more than {_MOST_BLOCKS} blocks.")
    for element in root:
        if root.tag != "BlockList" or element.tag not in {"Latest", "Uncommitted"}:
            raise not_modelled(f"<{element.tag}> in a <{root.tag}> (only Latest and Uncommitted)")
    return [(element.text or "").strip() for element in root]


async def set_metadata(call: Call) -> web.StreamResponse:
    """Set Blob Metadata: replaces all of it."""
    call.the_blob()
    metadata = call.metadata()
    old = call.store.index.blob(call.account, call.container, call.blob)
    if old is None:
        raise blob_not_found(call.blob)
    stored = call.store.commit(replace(old, metadata=metadata), lambda now: call.check_match(now, reading=False))
    return web.Response(status=200, headers=_written(stored))


def _commit(call: Call, parts: tuple[tuple[str, int], ...], md5: str, blocks: tuple[tuple[str, int], ...]) -> Blob:
    given = {name: call.headers.get(f"x-ms-blob-content-{name}", "") for name in _CONTENT}
    settings = {f"content-{name}": value for name, value in given.items()}
    settings["cache-control"] = call.headers.get("x-ms-blob-cache-control", "")
    if call.query.get("comp") is None and not settings["content-type"]:
        settings["content-type"] = call.headers.get("Content-Type", "")
    blob = Blob(
        *(call.account, call.container, call.blob, parts, md5, "", 0.0, 0.0),
        settings=content_settings(settings),
        metadata=call.metadata(),
        blocks=blocks,
    )
    try:
        return call.store.commit(blob, lambda now: call.check_match(now, reading=False))
    except KeyError:
        raise container_not_found(call.container) from None


def _written(blob: Blob) -> dict[str, str]:
    return version_headers(blob) | {"x-ms-request-server-encrypted": "true"}
