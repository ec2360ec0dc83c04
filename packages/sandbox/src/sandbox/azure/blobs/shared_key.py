"""Requests signed with an account key (https://learn.microsoft.com/rest/api/storageservices/authorize-with-shared-key).

Only for accounts that allow it; ``listKeys`` of the account creates the keys.
"""

import base64
import hashlib
import hmac

from sandbox.azure.arm.store import Resource
from sandbox.azure.blobs.call import Call
from sandbox.azure.blobs.errors import BlobError

_SIGNED = (
    "Content-Encoding",
    "Content-Language",
    "Content-Length",
    "Content-MD5",
    "Content-Type",
    "Date",
    "If-Modified-Since",
    "If-Match",
    "If-None-Match",
    "If-Unmodified-Since",
    "Range",
)


def check(call: Call, account: Resource) -> None:
    """Accept a request that was signed with one of the account's keys.

    Raises:
        BlobError: 403 ``AuthenticationFailed``; the message has the text to sign, as in Azure.
    """
    scheme, _, credential = call.headers.get("Authorization", "").partition(" ")
    name, _, signature = credential.strip().partition(":")
    text = string_to_sign(call)
    keys = account.private.get("keys", [])
    genuine = any(hmac.compare_digest(_sign(key, text), signature) for key in keys)
    if scheme.lower() != "sharedkey" or name.lower() != call.account or not genuine:
        raise BlobError(
            403,
            "AuthenticationFailed",
            "Server failed to authenticate the request. Make sure the value of Authorization header is formed correctly"
            f" including the signature. The server used the following string to sign: {text!r}.",
        )


def _sign(key: str, text: str) -> str:
    return base64.b64encode(hmac.new(base64.b64decode(key), text.encode(), hashlib.sha256).digest()).decode()


def string_to_sign(call: Call) -> str:
    """Return what the signature of a request covers."""
    headers = {name: call.headers.get(name, "") for name in _SIGNED}
    if headers["Content-Length"] == "0":
        headers["Content-Length"] = ""
    own = sorted((name.lower(), value) for name, value in call.headers.items() if name.lower().startswith("x-ms-"))
    if any(name == "x-ms-date" for name, _ in own):
        headers["Date"] = ""
    query: dict[str, list[str]] = {}
    for name, value in call.request.query.items():
        query.setdefault(name.lower(), []).append(value)
    resource = f"/{call.account}{call.request.rel_url.raw_path}"
    return "\n".join((
        call.request.method,
        *headers.values(),
        *(f"{name}:{value.strip()}" for name, value in own),
        resource,
        *(f"{name}:{','.join(sorted(values))}" for name, values in sorted(query.items())),
    ))  # fmt: skip
