"""Microsoft.ManagedIdentity: user-assigned identities, and the tokens of other issuers that they sign in with.

They are principals of the sandbox's directory, which reads them from here (``azure.directory``).
"""

import asyncio
import contextlib
from collections.abc import Iterator, Sequence
from typing import Any, Final

from sandbox.azure.arm.errors import ArmError, bad_request
from sandbox.azure.arm.requests import ArmRequest, ArmResponse
from sandbox.azure.arm.store import Resource
from sandbox.azure.arm.types import FEDERATED_CREDENTIAL, IDENTITY
from sandbox.azure.directory import EXCHANGE_AUDIENCE
from sandbox.azure.services.declared import Declared, kept
from sandbox.azure.services.resources import GROUP
from sandbox.azure.world import World

_MOST_CREDENTIALS: Final = 20
_WRITE_SECONDS: Final = 0.05
"""How long a write of a credential holds its identity, so that clients that write side by side meet each other."""


def register(world: World) -> None:
    """Serve user-assigned identities and their federated credentials."""
    _Identities(world).register()
    _FederatedCredentials(world).register()


class _Identities(Declared):
    """Each gets a random principal id and client id, which it keeps."""

    type = IDENTITY
    template = f"{GROUP}/providers/{IDENTITY}/{{identity}}"
    name_rule = (r"[a-zA-Z0-9][a-zA-Z0-9_-]{2,127}", "3 to 128 letters, digits, hyphens and underscores")

    def fill(self, request: ArmRequest, old: Resource | None, body: dict[str, Any]) -> None:
        del request
        body["properties"] = {
            "tenantId": self._world.tenant_id,
            "principalId": kept(old, "properties", "principalId"),
            "clientId": kept(old, "properties", "clientId"),
        }


class _FederatedCredentials(Declared):
    """The rules: https://learn.microsoft.com/entra/workload-id/workload-identity-federation-considerations."""

    type = FEDERATED_CREDENTIAL
    template = f"{_Identities.template}/federatedIdentityCredentials/{{credential}}"
    name_rule = (r"[a-zA-Z0-9][a-zA-Z0-9_-]{2,119}", "3 to 120 letters, digits, hyphens and underscores")
    tracked = False

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._written: set[str] = set()

    def fill(self, request: ArmRequest, old: Resource | None, body: dict[str, Any]) -> None:
        properties = body["properties"]
        if not all(properties.get(member) for member in ("issuer", "subject", "audiences")):
            raise bad_request(
                "The request format was unexpected. Federated Identity Credential must specify 'issuer', 'subject' and"
                " 'audience'.",
            )
        if properties["audiences"] != [EXCHANGE_AUDIENCE]:
            raise bad_request(
                "Federated identity credentials must have exactly one audience. The sandbox knows "
                f"'{EXCHANGE_AUDIENCE}'."
            )
        others = [each for each in self._siblings(request) if old is None or each.id != old.id]
        pairs = {(each.body["properties"]["issuer"], each.body["properties"]["subject"]) for each in others}
        if (properties["issuer"], properties["subject"]) in pairs:
            raise bad_request("Issuer and subject combination already exists for this Managed Identity.")
        if len(others) >= _MOST_CREDENTIALS:
            raise bad_request(
                f"At most {_MOST_CREDENTIALS} federated identity credentials can be added to a managed identity.",
            )

    async def put(self, request: ArmRequest) -> ArmResponse:
        """Create (201) or replace (200) a credential, if no other one of its identity is being written."""
        with self._alone(request):
            await asyncio.sleep(_WRITE_SECONDS)
            return await super().put(request)

    async def delete(self, request: ArmRequest) -> ArmResponse:
        """Delete a credential under the same condition: 200, or 204 if it did not exist."""
        with self._alone(request):
            await asyncio.sleep(_WRITE_SECONDS)
            return await super().delete(request)

    async def list(self, request: ArmRequest) -> ArmResponse:
        """Return the credentials of an identity."""
        return ArmResponse(200, {"value": [each.body for each in self._siblings(request)]})

    def _siblings(self, request: ArmRequest) -> Sequence[Resource]:
        return self._world.store.children(self._identity(request).id, FEDERATED_CREDENTIAL)

    def _identity(self, request: ArmRequest) -> Resource:
        return self.required(self.resource_id(request).rpartition("/federatedIdentityCredentials")[0])

    @contextlib.contextmanager
    def _alone(self, request: ArmRequest) -> Iterator[None]:
        """Refuse a write while another one to the same identity is not finished."""
        identity_id = self._identity(request).id
        key = identity_id.lower()
        if key in self._written:
            raise ArmError(
                409,
                "ConcurrentFederatedIdentityCredentialsWritesForSingleManagedIdentity",
                "Too many Federated Identity Credentials are written concurrently for the managed identity"
                f" '{identity_id}'. Concurrent Federated Identity Credentials writes under the same managed identity"
                " are not supported.",
            )
        self._written.add(key)
        try:
            yield
        finally:
            self._written.discard(key)
