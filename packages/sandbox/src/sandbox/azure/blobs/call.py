"""One request to the blob endpoint, and the common part of all answers."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from aiohttp import web

from sandbox.azure.blobs.errors import (
    BlobError,
    blob_not_found,
    container_not_found,
    invalid_header,
    md5_mismatch,
    not_modelled,
)
from sandbox.azure.blobs.index import Blob, Container
from sandbox.azure.blobs.store import BlobStore

MATCHES = frozenset({"if-match", "if-none-match"})
"""The supported conditional headers; those with dates are refused."""


@dataclass(frozen=True, slots=True)
class Call:
    """An authorized request; names are decoded, and "" if the path has none."""

    request: web.Request
    store: BlobStore
    account: str
    container: str
    blob: str
    query: Mapping[str, str]

    @property
    def headers(self) -> Mapping[str, str]:
        """The request's headers; names are case-insensitive."""
        return self.request.headers

    def the_container(self) -> Container:
        """Return the container; 404 if it does not exist."""
        found = self.store.index.container(self.account, self.container)
        if found is None:
            raise container_not_found(self.container)
        return found

    def the_blob(self) -> Blob:
        """Return the blob.

        Raises:
            BlobError: 404 if it or its container does not exist; 412 or 304 according to the conditional headers.
        """
        found = self.store.index.blob(self.account, self.container, self.blob)
        if found is None:
            self.the_container()
            raise blob_not_found(self.blob)
        self.check_match(found, reading=self.request.method in {"GET", "HEAD"})
        return found

    def metadata(self) -> dict[str, str]:
        """Return the ``x-ms-meta-*`` headers, with names in the caller's case.

        Raises:
            BlobError: 400 for a name that is not an identifier (letters, digits, underscore; no digit first).
        """
        found = {}
        for header, value in self.headers.items():
            if not header.lower().startswith("x-ms-meta-"):
                continue
            name = header[len("x-ms-meta-") :]
            if not (name.isascii() and name.isidentifier()):
                raise BlobError(400, "InvalidMetadata", f"The metadata name '{name}' is not a valid identifier.")
            found[name] = value
        return found

    def check_match(self, blob: Blob | None, *, reading: bool) -> None:
        """Refuse the request if ``If-Match`` or ``If-None-Match`` does not match the stored blob.

        Raises:
            BlobError: 409 ``BlobAlreadyExists`` for a write with ``If-None-Match: *``, else ``ConditionNotMet``, as 412
                or, for a read, 304.
        """
        unmet = "The condition specified using HTTP conditional header(s) is not met."
        wanted, unwanted = self.headers.get("If-Match"), self.headers.get("If-None-Match")
        if wanted is not None and (blob is None or wanted not in {"*", blob.etag}):
            raise BlobError(412, "ConditionNotMet", unmet)
        if unwanted is None or blob is None or unwanted not in {"*", blob.etag}:
            return
        if reading and unwanted != "*":
            raise BlobError(304, "ConditionNotMet", unmet)
        if not reading and unwanted == "*":
            raise BlobError(409, "BlobAlreadyExists", f"The specified blob already exists: '{self.blob}'.")
        raise BlobError(412, "ConditionNotMet", unmet)

    def check_md5(self, actual: str) -> None:
        """Refuse a body whose ``Content-MD5`` header is not its MD5 (both base64).

        Raises:
            BlobError: 400 ``Md5Mismatch``, or ``InvalidHeaderValue`` if it is not an MD5.
        """
        wanted = self.headers.get("Content-MD5", actual)
        if len(wanted) != len(actual):
            raise invalid_header("Content-MD5", wanted, "base64 of 16 bytes")
        if wanted != actual:
            raise md5_mismatch(wanted, actual)

    def refuse_unknown(self, query: frozenset[str], headers: frozenset[str]) -> None:
        """Refuse unknown query parameters and ``x-ms-*`` or conditional headers, naming the first.

        Raises:
            BlobError: 501 ``NotModelledInSandbox``.
        """
        for name in self.query:
            if name not in query:
                raise not_modelled(f"the query parameter '{name}={self.query[name]}' here")
        for header, value in self.headers.items():
            name = header.lower()
            if not name.startswith(("x-ms-", "if-")) or name in headers or name in _COMMON:
                continue
            if name.startswith("x-ms-meta-") and "x-ms-meta-" in headers:
                continue
            raise not_modelled(f"the header '{name}: {value}' here")


_COMMON = frozenset({
    "x-ms-version",
    "x-ms-date",
    "x-ms-client-request-id",
    "x-ms-return-client-request-id",
})  # fmt: skip


def http_date(seconds: float) -> str:
    """Return a time in the format of HTTP headers and listings (RFC 1123, whole seconds, GMT)."""
    return datetime.fromtimestamp(int(seconds), UTC).strftime("%a, %d %b %Y %H:%M:%S GMT")


def version_headers(item: Blob | Container) -> dict[str, str]:
    """Return ``ETag`` and ``Last-Modified`` of a blob or container."""
    modified = item.modified if isinstance(item, Blob) else item.created
    return {"ETag": item.etag, "Last-Modified": http_date(modified)}


def metadata_headers(metadata: Mapping[str, str]) -> dict[str, str]:
    """Return metadata as the headers of an answer."""
    return {f"x-ms-meta-{name}": value for name, value in metadata.items()}
