"""Follows a long-running operation to its end, in ARM's three ways.

In azcore's order: an `Azure-AsyncOperation` address whose body has a `status`; a `Location` address that answers 202
until it is done; for PUT and PATCH without either, `properties.provisioningState` of the resource itself. The pause
between two polls is the service's `retry-after-ms`, `x-ms-retry-after-ms` or `retry-after`, else 10 s (30 s for a
DELETE).
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit

from pulumi_standins.azure_native.errors import ArmError
from pulumi_standins.azure_native.transport import Reply, Transport

_POLL_SECONDS = {"DELETE": 30.0}
_DEFAULT_POLL_SECONDS = 10.0
_SUCCEEDED = "succeeded"
_FAILED = frozenset({"failed", "canceled", "cancelled"})
_ACCEPTED = 202
_CREATED = 201
_ANSWERED = frozenset({200, 201, 204})


async def follow(transport: Transport, first: Reply, version: str) -> dict[str, Any]:
    """Wait until the operation of `first` has ended; return the resource's body (empty after a DELETE).

    Args:
        transport: sends the polls.
        first: the answer to the PUT, PATCH or DELETE.
        version: the api-version for a `Location` that has none.

    Raises:
        ArmError: the operation failed; with the text of the last poll.
        ProviderError: a poll could not be sent.
    """
    asynchronous = first.headers.get("azure-asyncoperation")
    location = first.headers.get("location")
    if asynchronous:
        return await _by_status(transport, first, asynchronous)
    if location and first.status in {_ACCEPTED, _CREATED}:
        return await _by_location(transport, first, _absolute(transport, location, version))
    if first.method == "DELETE":
        return {}
    return await _by_state(transport, first)


async def _by_status(transport: Transport, first: Reply, address: str) -> dict[str, Any]:
    reply = first
    while True:
        await _pause(transport, first, reply)
        reply = await transport.expect("GET", urljoin(f"{transport.endpoint}/", address), 200, 201, 202, 204)
        # Some services change the address while the operation runs.
        address = reply.headers.get("azure-asyncoperation", address)
        status = str(reply.json().get("status") or _SUCCEEDED).lower()
        if status in _FAILED:
            raise ArmError(reply.status, reply.content)
        if status == _SUCCEEDED:
            break
    if first.method == "DELETE":
        return {}
    final = await transport.expect("GET", first.url, 200)
    return final.json()


async def _by_location(transport: Transport, first: Reply, address: str) -> dict[str, Any]:
    reply = first
    while True:
        await _pause(transport, first, reply)
        reply = await transport.send("GET", address)
        address = reply.headers.get("location", address)
        if reply.status == _ACCEPTED:
            continue
        if reply.status not in _ANSWERED:
            raise ArmError(reply.status, reply.content)
        body = reply.json()
        state = _state(body)
        if state in _FAILED:
            raise ArmError(reply.status, reply.content)
        if state in {"", _SUCCEEDED}:
            return body


async def _by_state(transport: Transport, first: Reply) -> dict[str, Any]:
    reply = first
    while True:
        body = reply.json()
        # 201 without a state means that it has just started.
        state = _state(body) or (
            "inprogress" if reply is first and first.status in {_CREATED, _ACCEPTED} else _SUCCEEDED
        )
        if state in _FAILED:
            raise ArmError(reply.status, reply.content)
        if state == _SUCCEEDED:
            return body
        await _pause(transport, first, reply)
        reply = await transport.expect("GET", first.url, 200, 201, 202, 204)


def _state(body: Mapping[str, Any]) -> str:
    properties = body.get("properties")
    state = properties.get("provisioningState") if isinstance(properties, Mapping) else None
    return str(state or "").lower()


async def _pause(transport: Transport, first: Reply, reply: Reply) -> None:
    asked = reply.wait_seconds()
    await transport.sleep(asked or _POLL_SECONDS.get(first.method, _DEFAULT_POLL_SECONDS))


def _absolute(transport: Transport, location: str, version: str) -> str:
    """Return a `Location` as an absolute URL, with the api-version if it is missing."""
    whole = urljoin(f"{transport.endpoint}/", location)
    if "api-version" in parse_qs(urlsplit(whole).query):
        return whole
    separator = "&" if urlsplit(whole).query else "?"
    return f"{whole}{separator}{urlencode({'api-version': version})}"
