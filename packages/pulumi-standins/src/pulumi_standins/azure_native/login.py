"""Tokens from Microsoft Entra for a service principal, with a client secret or a federated assertion.

An assertion is a token of another issuer for this principal
(https://learn.microsoft.com/entra/workload-id/workload-identity-federation).
"""

import asyncio
import json
from time import monotonic
from typing import Any

import aiohttp
import jwt

from pulumi_standins.azure_native.clock import time_scale
from pulumi_standins.azure_native.config import Federation, Settings
from pulumi_standins.azure_native.errors import ProviderError

AUTHORITY = "https://login.microsoftonline.com"
MANAGEMENT_SCOPE = "https://management.azure.com/.default"
_ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
# A token with less remaining time than this is renewed, in seconds.
_MARGIN = 300.0
# azidentity's retries, faster than those for ARM: the sign-in comes before anything is created.
_WAITS = (0.8, 2.4, 5.6)
_RETRIED = frozenset({408, 429, 500, 502, 503, 504})
_OK = 200


class LoginFailedError(ProviderError):
    """Entra refused the credential, or could not be reached."""


class Login:
    """Fetches tokens and caches them until they nearly expire.

    Args:
        session: an aiohttp session that honours the environment's proxy and certificates.
        settings: the settings of the principal.
        authority: the address of Entra.
    """

    def __init__(self, session: aiohttp.ClientSession, settings: Settings, authority: str = AUTHORITY) -> None:
        self._session = session
        self._settings = settings
        self._scale = time_scale()
        self._url = f"{authority.rstrip('/')}/{settings.tenant}/oauth2/v2.0/token"
        self._tokens: dict[str, tuple[str, float]] = {}
        self._lock = asyncio.Lock()

    async def token(self, scope: str = MANAGEMENT_SCOPE) -> str:
        """An access token for `scope`.

        Raises:
            LoginFailedError: Entra refused, or could not be reached, or there is no assertion; the text has the reason
                and never the secret.
        """
        async with self._lock:
            token, ends = self._tokens.get(scope, ("", 0.0))
            if monotonic() > ends - _MARGIN:
                token, seconds = await self._fetch(scope)
                # A token with a lifetime below the margin is used for half of it, not fetched every time.
                self._tokens[scope] = (token, monotonic() + max(seconds, _MARGIN + seconds / 2))
            return token

    async def claims(self) -> dict[str, Any]:
        """Return the claims of the management token; `oid` is the object id.

        Raises:
            LoginFailedError: as `token`.
        """
        try:
            return jwt.decode(await self.token(), options={"verify_signature": False})
        except jwt.InvalidTokenError as error:
            raise LoginFailedError("the access token that Entra issued is not a JSON web token") from error

    async def _fetch(self, scope: str) -> tuple[str, float]:
        form = {
            "grant_type": "client_credentials",
            "client_id": self._settings.client_id,
            **await self._proof(),
            "scope": scope,
        }
        status, answer = await self._post(form)
        for wait in _WAITS:
            if status and status not in _RETRIED:
                break
            await asyncio.sleep(wait * self._scale)
            status, answer = await self._post(form)
        if status == _OK and "access_token" in answer:
            return str(answer["access_token"]), float(answer.get("expires_in", 3600))
        reason = answer.get("error_description") or answer.get("error") or "no reason given"
        federated = self._settings.federation is not None
        kind, shown = ("Assertion", "the token of ARM_USE_OIDC") if federated else ("Secret", "ARM_CLIENT_SECRET")
        raise LoginFailedError(
            f"Client{kind}Credential authentication failed. POST {self._url} "
            f"{f'RESPONSE {status}: ' if status else 'could not be sent: '}{reason} "
            f"(client id {self._settings.client_id}, tenant {self._settings.tenant}, scope {scope}). "
            f"Check ARM_CLIENT_ID, {shown}, ARM_TENANT_ID and HTTPS_PROXY."
        )

    async def _proof(self) -> dict[str, str]:
        """Return the proof of the principal: its secret, or an assertion, which is fetched again if possible."""
        federation = self._settings.federation
        if federation is None:
            return {"client_secret": self._settings.client_secret}
        assertion = federation.token or await self._asked_for(federation)
        return {"client_assertion_type": _ASSERTION_TYPE, "client_assertion": assertion}

    async def _asked_for(self, federation: Federation) -> str:
        headers = {"Accept": "application/json", "Authorization": f"Bearer {federation.request_token}"}
        asked = {"audience": federation.audience}
        try:
            async with self._session.get(federation.request_url, params=asked, headers=headers) as response:
                content = await response.read()
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise LoginFailedError(f"GitHub OIDC: couldn't request token: {error or type(error).__name__}") from error
        text = content.decode("utf-8", "replace")
        if not response.ok:
            raise LoginFailedError(f"GitHub OIDC: {response.status} with response: {text}")
        try:
            return str(json.loads(text)["value"])
        except (ValueError, TypeError, KeyError) as error:
            raise LoginFailedError("GitHub OIDC: cannot unmarshal response: it has no 'value'") from error

    async def _post(self, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        """One attempt: status and answer; status 0 without an answer."""
        try:
            async with self._session.post(self._url, data=form, allow_redirects=False) as response:
                content = await response.read()
                status = response.status
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            return 0, {"error": str(error) or type(error).__name__}
        try:
            return status, dict(json.loads(content))
        except (ValueError, TypeError):
            return status, {"error": content.decode("utf-8", "replace")}
