"""Requests to Azure with the provider's retries: 20 s base, 120 s cap, three retries.

Retried are transport errors, 408, 429, 500, 502, 503, 504, and 409 when its code is `AnotherOperationInProgress`. A
`Retry-After` up to the cap is respected; with a longer one there is no retry. (azcore's rules, with azure-native's
settings; `clock.py` can scale the waits.)
"""

import asyncio
import json
import os
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from time import time
from typing import Any

import aiohttp

from pulumi_standins.azure_native import origin
from pulumi_standins.azure_native.clock import time_scale
from pulumi_standins.azure_native.errors import ArmError, ProviderError
from pulumi_standins.azure_native.login import Login

ENDPOINT = "https://management.azure.com"
_RETRIED = frozenset({408, 429, 500, 502, 503, 504})
_CONFLICT = 409
_RETRIES = 3
_BASE_SECONDS = 20.0
_CAP_SECONDS = 120.0
# Azure's own limit for one request is below this; a proxy that never answers must not block an `up` forever.
_REQUEST_SECONDS = 300.0


@dataclass(frozen=True)
class Reply:
    """One answer.

    Attributes:
        method: the request's method.
        url: the request's address.
        status: the HTTP status.
        headers: the answer's headers, names in lower case.
        content: the body.
    """

    method: str
    url: str
    status: int
    headers: Mapping[str, str]
    content: bytes

    def json(self) -> dict[str, Any]:
        """The body as a JSON object; empty for an empty body.

        Raises:
            ProviderError: it is not.
        """
        if not self.content.strip():
            return {}
        try:
            document = json.loads(self.content)
        except ValueError as error:
            text = self.content.decode("utf-8", "replace")
            raise ProviderError(f"unexpected response from Azure: '{text}', HTTP status: {self.status}") from error
        return document if isinstance(document, dict) else {}

    def wait_seconds(self) -> float | None:
        """Return the wait that the service asks for, or None: millisecond headers first, then Retry-After."""
        for header in ("retry-after-ms", "x-ms-retry-after-ms"):
            milliseconds = self.headers.get(header, "")
            if milliseconds.isdigit():
                return int(milliseconds) / 1000
        after = self.headers.get("retry-after", "")
        if after.isdigit():
            return float(after)
        try:
            return max(parsedate_to_datetime(after).timestamp() - time(), 0.0) if after else None
        except ValueError:
            return None


class Transport:
    """Sends requests with a token, with retries.

    Args:
        session: an aiohttp session that honours the environment's proxy and certificates.
        login: the source of the token.
        endpoint: the address of ARM.
        user_agent: the user agent of the requests.
    """

    def __init__(
        self, session: aiohttp.ClientSession, login: Login, *, endpoint: str = ENDPOINT, user_agent: str = "pulumi"
    ) -> None:
        self._session = session
        self._login = login
        self.endpoint = endpoint.rstrip("/")
        self._user_agent = user_agent
        self._scale = time_scale()
        self._random: Callable[[], float] = random.SystemRandom().random

    async def sleep(self, seconds: float) -> None:
        """Wait, on the scaled clock."""
        await asyncio.sleep(seconds * self._scale)

    async def send(
        self, method: str, target: str, *, version: str = "", query: Mapping[str, Any] | None = None, body: Any = None
    ) -> Reply:
        """Send one request and return the last answer, including error statuses.

        Args:
            method: the HTTP method.
            target: a path below the endpoint, or a full URL.
            version: the api-version to add, if not empty.
            query: other members of the query string.
            body: a JSON body, None for none.

        Raises:
            ProviderError: the server could not be reached, retries included, or the login failed.
        """
        url = target if "://" in target else f"{self.endpoint}{target}"
        parameters = {name: _text(value) for name, value in (query or {}).items()}
        if version:
            parameters["api-version"] = version
        for attempt in range(1, _RETRIES + 2):
            reply: Reply | None = None
            try:
                reply = await self._once(method, url, parameters, body)
            except (aiohttp.ClientError, TimeoutError, OSError) as error:
                if attempt > _RETRIES:
                    raise _unreachable(method, url, error) from error
            if reply is not None and not _may_help(reply):
                return reply
            asked = reply.wait_seconds() if reply is not None else None
            if reply is not None and (attempt > _RETRIES or (asked or 0.0) > _CAP_SECONDS):
                return reply
            await self.sleep(asked or self._backoff(attempt))
        raise AssertionError("unreachable")  # the last attempt returns or raises

    async def expect(self, method: str, target: str, *accepted: int, **request: Any) -> Reply:
        """Like `send`, but any status that is not accepted is an error.

        Raises:
            ArmError: the answer has another status.
            ProviderError: as `send`.
        """
        reply = await self.send(method, target, **request)
        if reply.status not in accepted:
            raise ArmError(reply.status, reply.content)
        return reply

    async def _once(self, method: str, url: str, query: Mapping[str, str], body: Any) -> Reply:
        token = await self._login.token()
        headers = {"Authorization": f"Bearer {token}", "Accept": "application/json", "User-Agent": self._user_agent}
        headers.update(origin.headers())
        data = None
        if method in {"PUT", "PATCH", "POST"}:
            headers["Content-Type"] = "application/json; charset=utf-8"
            data = json.dumps({} if body is None else body).encode()
        limit = aiohttp.ClientTimeout(total=_REQUEST_SECONDS)
        async with self._session.request(
            method, url, params=query, data=data, headers=headers, timeout=limit, allow_redirects=False
        ) as response:
            content = await response.read()
            names = {name.lower(): value for name, value in response.headers.items()}
            return Reply(method, str(response.url), response.status, names, content)

    def _backoff(self, attempt: int) -> float:
        """About 20 s, 60 s, 120 s: azcore multiplies by 0.8 to 1.3 and caps."""
        delay: float = (2.0**attempt - 1) * _BASE_SECONDS * (0.8 + self._random() * 0.5)
        return min(delay, _CAP_SECONDS)


def _may_help(reply: Reply) -> bool:
    if reply.status in _RETRIED:
        return True
    in_progress = ArmError(reply.status, reply.content).code == "AnotherOperationInProgress"
    return reply.status == _CONFLICT and in_progress


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _unreachable(method: str, url: str, error: BaseException) -> ProviderError:
    reason = str(error) or type(error).__name__
    proxy = os.environ.get("HTTPS_PROXY") or os.environ.get("https_proxy")
    place = (proxy or "").rpartition("@")[2]  # without user and password
    way = f"through the proxy {place} (HTTPS_PROXY)" if proxy else "without a proxy (HTTPS_PROXY is not set)"
    return ProviderError(
        f'{method} "{url}": {reason}; tried {_RETRIES + 1} times {way}. '
        "For the sandbox, see `python -m sandbox status`."
    )
