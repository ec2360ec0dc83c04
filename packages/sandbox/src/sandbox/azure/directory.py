"""The sandbox's directory: access tokens for its principals, and the check that every request's token passes.

Tokens are JWT-shaped with the claims of Microsoft's access tokens
(https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference), signed with a key of the sandbox's
own (HS256, where Entra uses RS256), so that a forged, expired or foreign token is refused as Azure refuses it.
"""

import base64
import binascii
import hashlib
import hmac
import json
import secrets
import time
import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sandbox.azure.arm.errors import ArmError
from sandbox.azure.arm.requests import Principal
from sandbox.home import Account, Facts, Home, write_private

ARM_AUDIENCES = ("https://management.azure.com", "https://management.core.windows.net")
ML_AUDIENCES = ("https://ml.azure.com",)
STORAGE_AUDIENCES = ("https://storage.azure.com",)

TOKEN_SECONDS = 3599
"""How long a token is valid, as Entra answers for client credentials."""

_CLOCK_SKEW_SECONDS = 300


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decode_segment(text: str) -> Any:
    """Return the JSON of one segment of a JWT.

    Raises:
        ValueError: it is not base64url or not JSON.
    """
    try:
        return json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (binascii.Error, UnicodeDecodeError) as error:
        raise ValueError(str(error)) from error


def signing_key(home: Home) -> bytes:
    """Return the key that signs this sandbox's tokens, made at its first use."""
    file = home.tls / "token.key"
    if not file.exists():
        write_private(file, secrets.token_hex(32))
    return bytes.fromhex(file.read_text(encoding="ascii"))


@dataclass(frozen=True, slots=True)
class Directory:
    """The tenant of one sandbox."""

    facts: Facts
    key: bytes

    @property
    def tenant_id(self) -> str:
        """The tenant's id."""
        return self.facts.tenant_id

    def account(self, client_id: str) -> Account | None:
        """Return the service principal with this application (client) id."""
        for account in self.facts.accounts.values():
            if account.principal.client_id.lower() == client_id.lower():
                return account
        return None

    def principal(self, object_id: str) -> Principal | None:
        """Return the service principal with this object id."""
        for account in self.facts.accounts.values():
            if account.principal.object_id.lower() == object_id.lower():
                return account.principal
        return None

    def issue(self, principal: Principal, audience: str, *, seconds: int = TOKEN_SECONDS) -> str:
        """Return an access token for ``audience`` that expires in ``seconds`` (negative: expired already)."""
        now = int(time.time())
        claims = {
            "aud": audience,
            "iss": f"https://sts.windows.net/{self.tenant_id}/",
            "iat": now,
            "nbf": min(now, now + seconds) - _CLOCK_SKEW_SECONDS,
            "exp": now + seconds,
            "appid": principal.client_id,
            "appidacr": "1",
            "idp": f"https://sts.windows.net/{self.tenant_id}/",
            "idtyp": "app",
            "oid": principal.object_id,
            "sub": principal.object_id,
            "tid": self.tenant_id,
            "uti": uuid.uuid4().hex,
            "ver": "1.0",
        }
        head = _encode(json.dumps({"typ": "JWT", "alg": "HS256"}).encode())
        signed = f"{head}.{_encode(json.dumps(claims).encode())}"
        return f"{signed}.{self._signature(signed)}"

    def authenticate(self, authorization: str | None, audiences: Collection[str]) -> Principal:
        """Return who sent a request, from its ``Authorization`` header.

        Raises:
            ArmError: 401 with ARM's code for a missing, malformed, forged, expired or foreign token.
        """
        if not authorization:
            raise self._refusal("AuthenticationFailed", "Authentication failed. The 'Authorization' header is missing.")
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise self._refusal(
                "AuthenticationFailedInvalidHeader",
                "Authentication failed. The 'Authorization' header is provided in an invalid format.",
            )
        claims = self._claims(token.strip())
        if claims.get("tid") != self.tenant_id:
            raise self._refusal(
                "InvalidAuthenticationTokenTenant",
                f"The access token is from the wrong issuer '{claims.get('iss')}'. It must match the tenant "
                f"'https://sts.windows.net/{self.tenant_id}/' associated with this subscription.",
            )
        if claims["exp"] <= time.time():
            raise self._refusal(
                "ExpiredAuthenticationToken",
                f"The access token expiry UTC time '{datetime.fromtimestamp(claims['exp'], UTC)}' is earlier than "
                f"current UTC time '{datetime.now(UTC)}'.",
            )
        audience = str(claims["aud"]).rstrip("/")
        if audience not in audiences:
            raise self._refusal(
                "InvalidAuthenticationTokenAudience",
                f"The access token has been obtained for wrong audience or resource '{claims['aud']}'. It should "
                f"exactly match with one of the allowed audiences '{', '.join(audiences)}'.",
            )
        principal = self.principal(claims["oid"])
        if principal is None:
            raise self._refusal("InvalidAuthenticationToken", f"There is no principal '{claims['oid']}'.")
        return principal

    def _claims(self, token: str) -> dict[str, Any]:
        signed, _, signature = token.rpartition(".")
        if not hmac.compare_digest(signature.encode(), self._signature(signed).encode()):
            raise self._refusal(
                "InvalidAuthenticationToken",
                "The access token is invalid: the sandbox did not sign it. Sign in inside `python -m sandbox run`.",
            )
        claims: dict[str, Any] = decode_segment(signed.partition(".")[2])
        return claims

    def _signature(self, signed: str) -> str:
        return _encode(hmac.new(self.key, signed.encode(), hashlib.sha256).digest())

    def _refusal(self, code: str, message: str) -> ArmError:
        challenge = (
            f'Bearer authorization_uri="https://login.microsoftonline.com/{self.tenant_id}", '
            f'error="invalid_token", error_description="{message}"'
        )
        return ArmError(401, code, message, headers={"WWW-Authenticate": challenge})
