"""Shared access signatures: made by the sandbox's services, checked by the blob endpoint.

The parameters are those of a service SAS (https://learn.microsoft.com/rest/api/storageservices/create-service-sas). The
signed text is the sandbox's own format: only the sandbox has the key, and a SAS is opaque to clients. It includes the
account, so that a SAS of one account never opens another.
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

from sandbox.azure.blobs.errors import BlobError

PARAMETERS = frozenset({"sv", "st", "se", "sr", "sp", "spr", "sig"})
"""The query parameters of a SAS of the sandbox."""
_VERSION = "2024-11-04"
_ORDER = "racwdxltmeop"
_TIME = "%Y-%m-%dT%H:%M:%SZ"


@dataclass(frozen=True, slots=True)
class Place:
    """The resource of a SAS: a container, or one blob in it."""

    account: str
    container: str
    blob: str | None = None


def _signature(key: bytes, place: Place, parameters: Mapping[str, str]) -> str:
    resource = f"/blob/{place.account}/{place.container}" + ("" if place.blob is None else f"/{place.blob}")
    lines = [resource, *(f"{name}={parameters[name]}" for name in sorted(PARAMETERS - {"sig"}))]
    return base64.b64encode(hmac.new(key, "\n".join(lines).encode(), hashlib.sha256).digest()).decode()


def make(key: bytes, place: Place, permissions: str, hours: float) -> str:
    """Return the query string of a SAS that expires after ``hours``.

    Raises:
        ValueError: ``permissions`` has an unknown letter.
    """
    unknown = set(permissions) - set(_ORDER)
    if unknown or not permissions:
        msg = f"SAS permissions '{permissions}' are not allowed; use letters of '{_ORDER}'"
        raise ValueError(msg)
    now = datetime.now(UTC)
    parameters = {
        "sv": _VERSION,
        # Azure advises to start in the past, because clocks differ.
        "st": (now - timedelta(minutes=15)).strftime(_TIME),
        "se": (now + timedelta(hours=hours)).strftime(_TIME),
        "sr": "c" if place.blob is None else "b",
        "sp": "".join(letter for letter in _ORDER if letter in permissions),
        "spr": "https",
    }
    return urlencode(parameters | {"sig": _signature(key, place, parameters)})


def check(key: bytes, place: Place, parameters: Mapping[str, str], needed: str, what: str) -> None:
    """Accept a request whose SAS is genuine, valid now, for this resource, and has one of the ``needed`` letters.

    Raises:
        BlobError: 403 ``AuthenticationFailed`` (signature or time), or ``AuthorizationPermissionMismatch`` if it does
            not permit ``what``.
    """
    missing = sorted(PARAMETERS - parameters.keys())
    if missing or parameters["sr"] not in {"b", "c"}:
        raise _failed(f"the SAS has no valid '{missing[0] if missing else 'sr'}'")
    signed = place if parameters["sr"] == "b" else Place(place.account, place.container)
    expected = _signature(key, signed, parameters)
    if not hmac.compare_digest(expected, parameters["sig"]):
        raise _failed("Signature did not match: it is not one of this sandbox's for this container or blob")
    now = datetime.now(UTC).strftime(_TIME)
    if not parameters["st"] <= now < parameters["se"]:
        raise _failed(f"Signed expiry time [{parameters['se']}] has to be after signed current time [{now}]")
    if not set(needed) & set(parameters["sp"]):
        raise BlobError(
            403,
            "AuthorizationPermissionMismatch",
            f"This request is not authorized to perform this operation using this permission: {what} needs one of"
            f" '{needed}', the SAS has '{parameters['sp']}'.",
        )


def _failed(why: str) -> BlobError:
    text = "Server failed to authenticate the request. Make sure the value of Authorization header is formed correctly"
    return BlobError(403, "AuthenticationFailed", f"{text} including the signature. {why}.")
