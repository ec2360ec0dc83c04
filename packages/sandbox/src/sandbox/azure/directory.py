"""The sandbox's directory: access tokens for its principals, and the check that every request's token passes.

Tokens are JWT-shaped with the claims of Microsoft's access tokens
(https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference), signed with the sandbox's key
(HS256; Entra uses RS256), so that forged, expired or foreign tokens are refused as in Azure.
"""

import json
import time
import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jwt
from jwt.types import Options

from sandbox.azure.arm.errors import ArmError
from sandbox.azure.arm.requests import Principal
from sandbox.azure.arm.store import Resource, Store
from sandbox.azure.arm.types import FEDERATED_CREDENTIAL, IDENTITY, WORKFLOW

ARM_AUDIENCES = ("https://management.azure.com", "https://management.core.windows.net")
ML_AUDIENCES = ("https://ml.azure.com",)
STORAGE_AUDIENCES = ("https://storage.azure.com",)
EXCHANGE_AUDIENCE = "api://AzureADTokenExchange"
"""Of the tokens of other issuers that an identity signs in with."""

TOKEN_SECONDS = 3599
"""How long a token is valid, as in Entra for client credentials."""

ACTORS: Mapping[str, tuple[str, ...]] = {"deployer": ("deployer", "second"), "caller": ("caller",)}
"""Part of a principal that a stack file names: the sandbox's principals that act it."""

_CLOCK_SKEW_SECONDS = 300
_ALGORITHM = "HS256"
_SIGNATURE_ONLY: Options = {"verify_exp": False, "verify_nbf": False, "verify_iat": False, "verify_aud": False}
"""What a token claims is judged here, with Azure's codes and texts."""


@dataclass(frozen=True, slots=True)
class Account:
    """A service principal of the sandbox's directory, with its secret."""

    principal: Principal
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Named:
    """A principal of a stack file: its object id, its type (`Group`, ...) and its part, a key of ``ACTORS``."""

    object_id: str
    kind: str
    part: str


def named_file(folder: Path) -> Path:
    """Return the file of a sandbox's folder that keeps the principals which stack files name."""
    return folder / "principals.json"


def named(folder: Path) -> dict[str, Named]:
    """Return the principals that stack files name, by object id in lower case."""
    try:
        entries = json.loads(named_file(folder).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    return {key: Named(key, entry["type"], entry["part"]) for key, entry in entries.items()}


def kind_of(folder: Path, object_id: str) -> str | None:
    """Return the type of a principal that a stack file names, or None."""
    found = named(folder).get(object_id.lower())
    return found.kind if found else None


def acted_for(folder: Path, name: str) -> frozenset[str]:
    """Return the object ids (in lower case) that the sandbox's principal ``name`` acts for."""
    return frozenset(key for key, each in named(folder).items() if name in ACTORS.get(each.part, ()))


@dataclass(frozen=True, slots=True)
class Directory:
    """The tenant of one sandbox: its principals by name, the key of its tokens, and the folder with the named ones.

    ``store`` has the user-assigned identities, which sign in with the tokens of issuers that they trust, and the
    workflows, whose own identities Azure signs in.
    """

    folder: Path
    tenant_id: str
    accounts: Mapping[str, Account]
    key: bytes = field(repr=False)
    store: Store

    def acts_for(self, object_id: str) -> frozenset[str]:
        """Return the object ids (in lower case) that one of the sandbox's own principals acts for."""
        account = self._account_of(object_id)
        return frozenset() if account is None else acted_for(self.folder, account.principal.name)

    def kind_of(self, object_id: str) -> str | None:
        """Return what a principal is (``ServicePrincipal``, ``Group``, ...); None when the directory has none such.

        Those of resources are not among them: who asks finds them in the store.
        """
        return "ServicePrincipal" if self._account_of(object_id) is not None else kind_of(self.folder, object_id)

    def account(self, client_id: str) -> Account | None:
        """Return the service principal with this application (client) id."""
        for account in self.accounts.values():
            if account.principal.client_id.lower() == client_id.lower():
                return account
        return None

    def principal(self, object_id: str) -> Principal | None:
        """Return the service principal with this object id, the user-assigned identity, or a workflow's own."""
        account = self._account_of(object_id)
        if account is not None:
            return account.principal
        return self._identity("principalId", object_id) or self._of_a_workflow(object_id)

    def identity(self, client_id: str) -> Principal | None:
        """Return the user-assigned identity with this client id."""
        return self._identity("clientId", client_id)

    def trusted(self, identity: Principal) -> list[tuple[str, str]]:
        """Return whose tokens a user-assigned identity signs in with: (issuer, subject) of its credentials."""
        found = self._resource("principalId", identity.object_id)
        credentials = self.store.children(found.id, FEDERATED_CREDENTIAL) if found else []
        return [(each.body["properties"]["issuer"], each.body["properties"]["subject"]) for each in credentials]

    def _account_of(self, object_id: str) -> Account | None:
        accounts = self.accounts.values()
        return next((each for each in accounts if each.principal.object_id.lower() == object_id.lower()), None)

    def _identity(self, member: str, value: str) -> Principal | None:
        found = self._resource(member, value)
        if found is None:
            return None
        properties = found.body["properties"]
        return Principal(found.name, properties["principalId"], properties["clientId"], self.tenant_id)

    def _of_a_workflow(self, object_id: str) -> Principal | None:
        for each in self.store.of_type(WORKFLOW):
            own = str((each.body.get("identity") or {}).get("principalId") or "")
            if own.lower() == object_id.lower():
                return Principal(each.name, own, own, self.tenant_id)
        return None

    def _resource(self, member: str, value: str) -> Resource | None:
        identities = self.store.of_type(IDENTITY)
        return next((each for each in identities if each.body["properties"][member].lower() == value.lower()), None)

    def issue(self, principal: Principal, audience: str, *, seconds: int = TOKEN_SECONDS) -> str:
        """Return an access token for ``audience`` that expires in ``seconds`` (negative: already expired)."""
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
        return jwt.encode(claims, self.key, _ALGORITHM)

    def authenticate(self, authorization: str | None, audiences: Collection[str]) -> Principal:
        """Return the principal of a request, from its ``Authorization`` header.

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
            raise self._refusal("InvalidAuthenticationToken", f"The principal '{claims['oid']}' does not exist.")
        return principal

    def _claims(self, token: str) -> dict[str, Any]:
        try:
            return jwt.decode(token, self.key, [_ALGORITHM], _SIGNATURE_ONLY)
        except jwt.InvalidTokenError:
            raise self._refusal(
                "InvalidAuthenticationToken",
                "The access token is invalid: the sandbox did not sign it. Sign in inside `python -m sandbox run`.",
            ) from None

    def _refusal(self, code: str, message: str) -> ArmError:
        challenge = (
            f'Bearer authorization_uri="https://login.microsoftonline.com/{self.tenant_id}", '
            f'error="invalid_token", error_description="{message}"'
        )
        return ArmError(401, code, message, headers={"WWW-Authenticate": challenge})
