"""The Blob service's errors, as XML with the ``x-ms-error-code`` header (https://learn.microsoft.com/rest/api/storageservices/status-and-error-codes2)."""

import re
import uuid
from datetime import UTC, datetime
from xml.sax.saxutils import escape

from aiohttp import web

_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 cannot contain, however it is written (https://www.w3.org/TR/xml/#charsets)."""
_REPLACEMENT = "\ufffd"


class BlobError(Exception):
    """A refusal: HTTP ``status``, the service's ``code``, a message for users, and headers."""

    def __init__(self, status: int, code: str, message: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(f"({code}) {message}")
        self.status = status
        self.code = code
        self.message = message
        self.headers = headers or {}

    def xml(self, request_id: str) -> bytes:
        """Return the answer's body; clients show the message's first line and look up the code."""
        time = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f0Z")
        message = escape(f"{_NOT_IN_XML.sub(_REPLACEMENT, self.message)}\nRequestId:{request_id}\nTime:{time}")
        text = f"<Error><Code>{escape(self.code)}</Code><Message>{message}</Message></Error>"
        return b'\xef\xbb\xbf<?xml version="1.0" encoding="utf-8"?>' + text.encode()


def refusal(request: web.Request, error: BlobError, request_id: str | None = None) -> web.Response:
    """Return the answer to a refused request: XML, except if HTTP allows no body."""
    headers = {"x-ms-error-code": error.code} | error.headers
    if request.method == "HEAD" or error.status == 304:  # noqa: PLR2004
        return web.Response(status=error.status, headers=headers)
    headers["Content-Type"] = "application/xml"
    return web.Response(status=error.status, body=error.xml(request_id or str(uuid.uuid4())), headers=headers)


def not_modelled(what: str) -> BlobError:
    """501 for a feature of the Blob service that the sandbox does not have (clients do not retry a 501)."""
    return BlobError(501, "NotModelledInSandbox", f"The sandbox's blob storage does not model {what}.")


def container_not_found(container: str) -> BlobError:
    """404 for a container that does not exist."""
    return BlobError(404, "ContainerNotFound", f"The specified container does not exist: '{container}'.")


def blob_not_found(blob: str) -> BlobError:
    """404 for a blob that does not exist."""
    return BlobError(404, "BlobNotFound", f"The specified blob does not exist: '{blob}'.")


def invalid_header(name: str, value: str, allowed: str) -> BlobError:
    """400 for a header whose value is not allowed."""
    return BlobError(
        400,
        "InvalidHeaderValue",
        f"The value for one of the HTTP headers is not in the correct format: {name} is '{value}'; allowed: {allowed}.",
    )


def invalid_query(name: str, value: str, allowed: str) -> BlobError:
    """400 for a query parameter whose value is not allowed."""
    return BlobError(
        400,
        "InvalidQueryParameterValue",
        "Value for one of the query parameters specified in the request URI is invalid:"
        f" {name} is '{value}'; allowed: {allowed}.",
    )


def md5_mismatch(wanted: str, actual: str) -> BlobError:
    """400 for bytes that differ from those that the client meant to send (both MD5s in base64)."""
    text = "The MD5 value specified in the request did not match with the MD5 value calculated by the server"
    return BlobError(400, "Md5Mismatch", f"{text}: {wanted} was given, {actual} calculated.")
