"""The format of requests and answers: ARM's as JSON, errors as a host's clients expect."""

import json
import math
import re
import uuid
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import unquote

from aiohttp import web

from sandbox.azure.arm.errors import ArmError
from sandbox.azure.arm.requests import ArmRequest, OperationFault
from sandbox.azure.blobs.errors import BlobError
from sandbox.azure.blobs.errors import refusal as blob_refusal
from sandbox.edge.hosts import Service

_UNAUTHORIZED = 401


_END_AND_LAST_COMMA = re.compile(rb'("(?:[^"\\]|\\.)*(?:"|\\?\Z)|\w+|[}\]])(?:(\s*),(?=\s*[}\]]))?', re.DOTALL)
"""The end of a value, with the comma behind it if it is the last one; text without an end goes to the end of the body,
because a new search at each quote in it would take quadratic time.

Azure takes such a comma: https://github.com/Azure/azureml-examples, cli/batch-score-rest.sh."""


_DEEPEST = 64
"""Json.NET's default for ``MaxDepth`` since version 13; that ARM has the same is not confirmed."""


def parsed(content: bytes) -> Any:
    """Return what JSON says, which may have a comma after a last value.

    Raises:
        ValueError: it is not JSON, has a number that JSON does not (NaN, Infinity), half a surrogate pair, or more than
            64 levels.
    """
    try:
        found = _strict(content)
    except ValueError:
        # What is still wrong is said of the body without those commas, at about the same place.
        found = _strict(_END_AND_LAST_COMMA.sub(rb"\1\2", content))
    if b"\\ud" in content.lower():
        json.dumps(found, ensure_ascii=False).encode()
    return found


def _strict(content: bytes) -> Any:
    try:
        found = json.loads(content, parse_constant=_finite, parse_float=_finite)
    except RecursionError:
        raise ValueError(f"it has more than {_DEEPEST} levels") from None
    level = [found]
    for _ in range(_DEEPEST):
        level = [child for each in level if isinstance(each, (dict, list)) for child in _children(each)]
    if level:
        raise ValueError(f"it has more than {_DEEPEST} levels")
    return found


def _children(value: dict[str, Any] | list[Any]) -> Iterable[Any]:
    return value.values() if isinstance(value, dict) else value


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"'{text}' is not a finite number")
    return number


def path_of(request: web.Request) -> str:
    """Return the decoded path, without a slash at the end."""
    return unquote(request.rel_url.raw_path).rstrip("/")


async def arm_request(
    request: web.Request, host: str, sequence: int, operation_fault: OperationFault | None
) -> ArmRequest:
    """Return a request for ARM-like services.

    Raises:
        ArmError: 400, the body is not JSON.
    """
    content = await request.read()
    body: Any = None
    if content:
        try:
            body = parsed(content)
        except ValueError as error:
            raise ArmError(
                400, "InvalidRequestContent", f"The request content was invalid and could not be deserialized: {error}."
            ) from None
    return ArmRequest(
        method=request.method,
        host=host,
        path=path_of(request),
        query=request.query,
        headers=request.headers,
        body=body,
        principal=request.get("principal"),
        sequence=sequence,
        operation_fault=operation_fault,
    )


def json_answer(status: int, body: Any, headers: Mapping[str, str], *, has_null: bool = False) -> web.Response:
    """Return an answer with a JSON body; for None without one, or with null."""
    if body is None and not has_null:
        return web.Response(status=status, headers=headers)
    return web.Response(
        status=status, body=json.dumps(body).encode(), headers=headers, content_type="application/json", charset="utf-8"
    )


def refusal(request: web.Request, service: Service | None, error: ArmError) -> web.Response:
    """Return an error in the shape that the service's clients read: XML from storage, else ARM's envelope."""
    if service is not Service.BLOB:
        return json_answer(error.status, error.body(), {"x-ms-error-code": error.code} | error.headers)
    # Storage has the same code for every refused token; the challenge has the reason.
    code = "InvalidAuthenticationInfo" if error.status == _UNAUTHORIZED else error.code
    return blob_refusal(request, BlobError(error.status, code, error.message, error.headers))


async def stamp(request: web.Request, response: web.StreamResponse) -> None:
    """Add the headers of every Azure service."""
    own = str(uuid.uuid4())
    response.headers.setdefault("x-ms-request-id", own)
    response.headers.setdefault("x-ms-correlation-request-id", request.headers.get("x-ms-correlation-request-id", own))
    client = request.headers.get("x-ms-client-request-id")
    if client:
        response.headers.setdefault("x-ms-client-request-id", client)
