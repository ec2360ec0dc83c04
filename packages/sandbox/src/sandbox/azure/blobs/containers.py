"""Operations on containers: create, properties, delete, list blobs."""

from collections.abc import Iterator
from urllib.parse import quote
from xml.sax.saxutils import escape

from aiohttp import web

from sandbox.azure.blobs.call import Call, http_date, metadata_headers, version_headers
from sandbox.azure.blobs.errors import BlobError, container_not_found, invalid_query, not_modelled
from sandbox.azure.blobs.index import Blob
from sandbox.azure.blobs.names import check_container_name

LARGEST_PAGE = 5000
"""Most entries of a listing."""
_INCLUDES = frozenset({"", "metadata"})


async def create(call: Call) -> web.StreamResponse:
    """Create Container: 201, or 409 if it exists."""
    try:
        check_container_name(call.container)
    except ValueError as error:
        raise BlobError(400, "InvalidResourceName", str(error)) from None
    made = call.store.add_container(call.account, call.container, call.metadata())
    if made is None:
        raise BlobError(409, "ContainerAlreadyExists", f"The specified container already exists: '{call.container}'.")
    return web.Response(status=201, headers=version_headers(made))


async def properties(call: Call) -> web.StreamResponse:
    """Get Container Properties."""
    container = call.the_container()
    headers = version_headers(container) | metadata_headers(container.metadata)
    headers |= {"x-ms-lease-status": "unlocked", "x-ms-lease-state": "available"}
    headers |= {"x-ms-has-immutability-policy": "false", "x-ms-has-legal-hold": "false"}
    return web.Response(headers=headers)


async def delete(call: Call) -> web.StreamResponse:
    """Delete Container. Its name is free again at once (Azure takes 30 s or more)."""
    if not call.store.remove_container(call.account, call.container):
        raise container_not_found(call.container)
    return web.Response(status=202)


async def list_blobs(call: Call) -> web.StreamResponse:
    """List Blobs: by prefix, flat or by delimiter, in pages of up to 5000 entries."""
    call.the_container()
    includes = frozenset(call.query.get("include", "").split(","))
    if includes - _INCLUDES:
        raise not_modelled(f"include={','.join(sorted(includes - _INCLUDES))} in a listing")
    limit = _limit(call.query.get("maxresults"))
    prefix, delimiter = call.query.get("prefix", ""), call.query.get("delimiter", "")
    entries: list[str] = []
    last, more = "", ""
    for name, blob in _entries(call, prefix, delimiter, call.query.get("marker") or None):
        if len(entries) == limit:
            more = last
            break
        entries.append(_prefix_xml(name) if blob is None else _blob_xml(blob, "metadata" in includes))
        last = name
    asked = {"Prefix": prefix, "Marker": call.query.get("marker", ""), "MaxResults": call.query.get("maxresults", "")}
    head = "".join(_element(name, value) for name, value in (asked | {"Delimiter": delimiter}).items() if value)
    service = f"https://{call.account}.blob.core.windows.net/"
    text = (
        '<?xml version="1.0" encoding="utf-8"?>'
        f'<EnumerationResults ServiceEndpoint="{service}" ContainerName="{call.container}">'
        f"{head}<Blobs>{''.join(entries)}</Blobs>{_element('NextMarker', more)}</EnumerationResults>"
    )
    return web.Response(body=text.encode(), headers={"Content-Type": "application/xml"})


def _limit(given: str | None) -> int:
    if given is None:
        return LARGEST_PAGE
    if not given.isdecimal() or int(given) == 0:
        raise invalid_query("maxresults", given, f"1 to {LARGEST_PAGE}")
    return min(int(given), LARGEST_PAGE)


def _entries(call: Call, prefix: str, delimiter: str, after: str | None) -> Iterator[tuple[str, Blob | None]]:
    """Yield (name, blob), and (common prefix, None) once for all blobs below it.

    A marker is the name of the last entry of the page before; after a common prefix, the next page starts with the
    first name that is not below it.
    """
    while True:
        jumped = None
        for blob in call.store.index.blobs(call.account, call.container, prefix, _behind(after, prefix, delimiter)):
            cut = blob.name.find(delimiter, len(prefix)) if delimiter else -1
            if cut < 0:
                yield blob.name, blob
                continue
            jumped = blob.name[: cut + len(delimiter)]
            yield jumped, None
            break
        if jumped is None:
            return
        after = jumped


def _behind(after: str | None, prefix: str, delimiter: str) -> str | None:
    """Return the name to continue after: for a common prefix, the highest name that could be below it."""
    is_prefix = after is not None and delimiter and after.endswith(delimiter) and len(after) > len(prefix)
    return f"{after}\U0010ffff" if is_prefix else after


def _element(name: str, text: str) -> str:
    return f"<{name}>{escape(text)}</{name}>" if text else f"<{name} />"


def _name_xml(name: str) -> str:
    # Characters that XML 1.0 cannot contain are percent-encoded.
    if any(ord(letter) < 0x20 or letter in "\ufffe\uffff" for letter in name):  # noqa: PLR2004
        return f'<Name Encoded="true">{quote(name)}</Name>'
    return _element("Name", name)


def _prefix_xml(name: str) -> str:
    return f"<BlobPrefix>{_name_xml(name)}</BlobPrefix>"


_SETTINGS = {
    "content-type": "Content-Type",
    "content-encoding": "Content-Encoding",
    "content-language": "Content-Language",
    "content-disposition": "Content-Disposition",
    "cache-control": "Cache-Control",
}


def _blob_xml(blob: Blob, with_metadata: bool) -> str:
    listed = {
        "Creation-Time": http_date(blob.created),
        "Last-Modified": http_date(blob.modified),
        "Etag": blob.etag.strip('"'),
        "Content-Length": str(blob.size),
        "Content-MD5": blob.md5,
        "BlobType": "BlockBlob",
        "AccessTier": "Hot",
        "AccessTierInferred": "true",
        "LeaseStatus": "unlocked",
        "LeaseState": "available",
        "ServerEncrypted": "true",
    } | {_SETTINGS[name]: value for name, value in blob.settings.items()}
    inner = "".join(_element(name, value) for name, value in listed.items())
    metadata = "".join(_element(name, value) for name, value in blob.metadata.items()) if with_metadata else ""
    return (
        f"<Blob>{_name_xml(blob.name)}<Properties>{inner}</Properties>"
        f"{f'<Metadata>{metadata}</Metadata>' if with_metadata else ''}<OrMetadata /></Blob>"
    )
