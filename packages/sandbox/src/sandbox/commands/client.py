"""An HTTP client for the emulated hosts, for the sandbox's own commands and its tests; it needs no Azure SDK."""

import http.client
import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from sandbox.azure.arm.routes import ARM_HOST
from sandbox.commands.lifecycle import Running
from sandbox.home import Home

_HTTPS = 443
_AUDIENCES = {
    "inference.ml.azure.com": "https://ml.azure.com",
    "blob.core.windows.net": "https://storage.azure.com",
}
_ARM_AUDIENCE = f"https://{ARM_HOST}"


class Answer:
    """An HTTP answer: ``status``, ``headers`` (names are case-insensitive), ``content`` and, read from it, ``json``."""

    def __init__(self, response: http.client.HTTPResponse) -> None:
        self.status = response.status
        self.headers = response.headers
        self.content = response.read()

    @property
    def json(self) -> Any:
        """The body as JSON; None if it is empty."""
        return json.loads(self.content) if self.content else None

    @property
    def error(self) -> tuple[int, str, str]:
        """(status, code, message) of ARM's error envelope."""
        error = self.json["error"]
        return self.status, error["code"], error["message"]


@dataclass(frozen=True, slots=True)
class Client:
    """Sends requests through the proxy of a running sandbox, one connection each."""

    home: Home
    server: Running
    principal: str = "deployer"

    def token(self, audience: str = _ARM_AUDIENCE, *, principal: str | None = None, seconds: int | None = None) -> str:
        """Return an access token without signing in; with negative ``seconds``, an expired one."""
        query = {"principal": principal or self.principal, "audience": audience}
        if seconds is not None:
            query["seconds"] = str(seconds)
        return str(self.server.control("GET", f"/token?{urlencode(query)}")["token"])

    def request(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        host: str = ARM_HOST,
        token: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send one request; ``token`` None: a token of the client's principal, "": no token.

        ``body``: bytes are sent unchanged, anything else as JSON. ``path`` includes the query.

        Raises:
            OSError: no connection, or a host that the proxy refuses.
        """
        sent = dict(headers or {})
        if token is None:
            token = self.token(next((value for end, value in _AUDIENCES.items() if host.endswith(end)), _ARM_AUDIENCE))
        if token:
            sent["Authorization"] = f"Bearer {token}"
        content = body
        if body is not None and not isinstance(body, bytes):
            content, sent["Content-Type"] = json.dumps(body).encode(), "application/json"
        trust = ssl.create_default_context(cafile=str(self.home.authority))
        connection = http.client.HTTPSConnection("127.0.0.1", self.server.proxy_port, context=trust, timeout=60)
        connection.set_tunnel(host, _HTTPS)
        try:
            connection.request(method, path, content, sent)
            return Answer(connection.getresponse())
        finally:
            connection.close()
