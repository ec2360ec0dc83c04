"""What is made, besides grants: each with the body of its PUT, and the part of it that is compared and changed back."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

from prerequisites.access.setup import Setup, Trust
from prerequisites.access.trusts import AUDIENCE

_CUSTOM_ROLES: Final = Path(__file__).parents[1]
IDENTITIES: Final = "Microsoft.ManagedIdentity/userAssignedIdentities"
IDENTITY_VERSION: Final = "2023-01-31"
ROLE_VERSION: Final = "2022-04-01"
CONTAINER: Final = "state"
KEY: Final = "state"
_STORAGE_VERSION: Final = "2024-01-01"
_VAULT_VERSION: Final = "2024-11-01"
GROUP_VERSION: Final = "2021-04-01"
_RETENTION_DAYS: Final = 30
"""For which a deleted or overwritten state can be restored."""


@dataclass(frozen=True)
class Item:
    """A resource to make.

    Attributes:
        kind: what it is, for the table.
        id: its ARM id.
        version: the api-version.
        create: the body of the PUT that makes it.
        keep: the part that must stay so; differences are corrected. Empty: it only has to exist.
        method: how differences are corrected.
        stays: members of the live resource that a PUT sends again, with `keep` put over them: it would remove them.
        is_inborn: whether it exists as soon as its parent does, so that it is only ever changed.
        is_exact: whether upper and lower case make a difference.
    """

    kind: str
    id: str
    version: str
    create: Mapping[str, Any]
    keep: Mapping[str, Any] = field(default_factory=dict)
    method: Literal["PUT", "PATCH"] = "PUT"
    stays: tuple[str, ...] = ()
    is_inborn: bool = False
    is_exact: bool = False

    @property
    def name(self) -> str:
        """The last part of the id."""
        return self.id.rpartition("/")[2]


def groups(setup: Setup) -> Iterator[Item]:
    """Yield the resource groups: one for the state, and one for each environment, in which its deployer has its roles.

    So a deployer has no role in the group of the identities: it could add a trust to another one.
    """
    for group in (setup.shared_group, *(setup.group(each) for each in setup.environments)):
        yield Item("resource group", group, GROUP_VERSION, {"location": setup.location})


def state(setup: Setup) -> Iterator[Item]:
    """Yield the state's storage account with its container: without keys, and with every version of the state kept."""
    account = account_id(setup)
    keep = {
        "properties": {
            "allowSharedKeyAccess": False,
            "defaultToOAuthAuthentication": True,
            "allowBlobPublicAccess": False,
            "allowCrossTenantReplication": False,
            "isLocalUserEnabled": False,
            "minimumTlsVersion": "TLS1_2",
            "supportsHttpsTrafficOnly": True,
        }
    }
    # The network stays open: the addresses of a pipeline's machines are not known in advance.
    made = {
        "location": setup.location,
        "kind": "StorageV2",
        "sku": {"name": "Standard_GRS"},
        "properties": {
            **keep["properties"],
            "encryption": {
                "keySource": "Microsoft.Storage",
                "requireInfrastructureEncryption": True,
                "services": {"blob": {"enabled": True, "keyType": "Account"}},
            },
        },
    }
    yield Item("storage account", account, _STORAGE_VERSION, made, keep, "PATCH")
    retention = {"enabled": True, "days": _RETENTION_DAYS}
    service = {
        "properties": {
            "isVersioningEnabled": True,
            "deleteRetentionPolicy": retention,
            "containerDeleteRetentionPolicy": retention,
        }
    }
    yield Item(
        "versions and soft delete",
        f"{account}/blobServices/default",
        _STORAGE_VERSION,
        service,
        service,
        stays=("properties",),
        is_inborn=True,
    )
    private = {"properties": {"publicAccess": "None"}}
    yield Item("container", container_id(setup), _STORAGE_VERSION, private, private)


def secrets(setup: Setup, tenant_id: str) -> Iterator[Item]:
    """Yield the vault and the key that encrypts the secrets in the state: no passphrase has to be kept anywhere."""
    keep = {"properties": {"enableRbacAuthorization": True, "enablePurgeProtection": True, "enableSoftDelete": True}}
    made = {
        "location": setup.location,
        "properties": {
            **keep["properties"],
            "tenantId": tenant_id,
            "sku": {"family": "A", "name": "standard"},
            "softDeleteRetentionInDays": 90,
        },
    }
    yield Item("key vault", vault_id(setup), _VAULT_VERSION, made, keep, stays=("location", "tags", "properties"))
    key = {"properties": {"kty": "RSA", "keySize": 3072, "keyOps": ["encrypt", "decrypt"]}}
    yield Item("key", key_id(setup), _VAULT_VERSION, key)


def identity(setup: Setup, name: str) -> Item:
    """Return a user-assigned identity."""
    return Item("identity", identity_id(setup, name), IDENTITY_VERSION, {"location": setup.location})


def credential(identity: str, name: str, trust: Trust) -> Item:
    """Return the federated credential by which an identity trusts somebody's tokens."""
    body = {"properties": {"issuer": trust.issuer, "subject": trust.subject, "audiences": [AUDIENCE]}}
    path = f"{identity}/federatedIdentityCredentials/{name}"
    return Item("federated credential", path, IDENTITY_VERSION, body, body, is_exact=True)


def custom_roles(setup: Setup) -> Iterator[Item]:
    """Yield the custom roles, which can be assigned in the subscription.

    They are the callers' (docs/security.md#callers), and those on the key of the state.
    """
    for file in (*sorted(_CUSTOM_ROLES.glob("caller-roles/*.json")), *sorted(_CUSTOM_ROLES.glob("key-roles/*.json"))):
        text = file.read_text(encoding="utf-8").replace("/subscriptions/SUBSCRIPTION", setup.scope)
        body = json.loads(text)
        path = f"{setup.scope}/providers/Microsoft.Authorization/roleDefinitions/{file.stem}"
        yield Item("custom role", path, ROLE_VERSION, body, body)


def account_id(setup: Setup) -> str:
    """Return the ARM id of the state's storage account."""
    return f"{setup.shared_group}/providers/Microsoft.Storage/storageAccounts/{setup.account}"


def container_id(setup: Setup) -> str:
    """Return the ARM id of the state's container."""
    return f"{account_id(setup)}/blobServices/default/containers/{CONTAINER}"


def vault_id(setup: Setup) -> str:
    """Return the ARM id of the vault."""
    return f"{setup.shared_group}/providers/Microsoft.KeyVault/vaults/{setup.vault}"


def key_id(setup: Setup) -> str:
    """Return the ARM id of the key."""
    return f"{vault_id(setup)}/keys/{KEY}"


def identity_id(setup: Setup, name: str) -> str:
    """Return the ARM id of an identity: `READER`'s, or the deployer's of an environment."""
    return f"{setup.shared_group}/providers/{IDENTITIES}/id-{setup.name}-{name}"


def differences(keep: Any, live: Any, *, is_exact: bool, path: str = "") -> Sequence[str]:
    """Return the paths at which a live resource is not as `keep` says; members that `keep` does not have are free."""
    if isinstance(keep, Mapping):
        inside = live if isinstance(live, Mapping) else {}
        return [
            each
            for name, value in keep.items()
            for each in differences(
                value, inside.get(name), is_exact=is_exact, path=f"{path}.{name}" if path else str(name)
            )
        ]
    if isinstance(keep, list) and isinstance(live, list) and len(keep) == len(live):
        pairs = zip(_ordered(keep), _ordered(live), strict=True)
        same = all(not differences(one, other, is_exact=is_exact, path=path) for one, other in pairs)
        return [] if same else [path]
    if isinstance(keep, str) and isinstance(live, str) and not is_exact:
        return [] if keep.lower() == live.lower() else [path]
    return [] if keep == live else [path]


def _ordered(values: list[Any]) -> list[Any]:
    return sorted(values, key=lambda each: json.dumps(each, sort_keys=True).lower())


def correction(item: Item, live: Any) -> Mapping[str, Any]:
    """Return the body that makes a live resource as `keep` says: all that a PUT needs, the difference for a PATCH."""
    if item.method == "PUT" and not item.stays:
        return item.create
    stays = {name: live[name] for name in item.stays if live and name in live}
    corrected: Mapping[str, Any] = overlaid(item.keep, stays)
    return corrected


def overlaid(keep: Any, live: Any) -> Any:
    """Return a live resource with what `keep` says put over it."""
    if not (isinstance(keep, Mapping) and isinstance(live, Mapping)):
        return keep
    return {**live, **{name: overlaid(value, live.get(name)) for name, value in keep.items()}}
