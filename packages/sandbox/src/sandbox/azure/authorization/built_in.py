"""The built-in roles that the project uses.

They match, action by action and in order, the output of ``az role definition list`` of 22 August 2026, as published in
https://github.com/iann0036/iam-dataset (``azure/built-in-roles-raw.json``). Microsoft's own pages:
https://learn.microsoft.com/azure/role-based-access-control/built-in-roles.
"""

from collections.abc import Mapping

from sandbox.azure.authorization.roles import Permission, RoleDefinition


def _role(
    name: str,
    *actions: str,
    but: tuple[str, ...] = (),
    data: tuple[str, ...] = (),
) -> RoleDefinition:
    return RoleDefinition(name, (Permission(actions, but, data),))


_ML = "Microsoft.MachineLearningServices/workspaces"
_BLOB = "Microsoft.Storage/storageAccounts/blobServices"
_FILES = "Microsoft.Storage/storageAccounts/fileServices"
_QUEUES = "Microsoft.Storage/storageAccounts/queueServices/queues"
_TABLES = "Microsoft.Storage/storageAccounts/tableServices/tables"
_VAULTS = (
    "Microsoft.Resources/subscriptions/resourceGroups/read",
    "Microsoft.Support/*",
    "Microsoft.KeyVault/checkNameAvailability/read",
    "Microsoft.KeyVault/deletedVaults/read",
    "Microsoft.KeyVault/locations/*/read",
    "Microsoft.KeyVault/vaults/*/read",
    "Microsoft.KeyVault/operations/read",
)

CONTRIBUTOR = "b24988ac-6180-42a0-ab88-20f7382dd24c"
OWNER = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"
READER = "acdd72a7-3385-48ef-bd42-f606fba81ae7"
RBAC_ADMINISTRATOR = "f58310d9-a9f6-439a-9e8d-f62e7b41a168"
ACCESS_ADMINISTRATOR = "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9"
IDENTITY_OPERATOR = "f1a07417-d97a-45cb-824c-7a7467783830"
BLOB_CONTRIBUTOR = "ba92f5b4-2d11-453d-a403-e96b0029c9fe"
BLOB_READER = "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1"

BUILT_IN: Mapping[str, RoleDefinition] = {
    OWNER: _role("Owner", "*"),
    CONTRIBUTOR: _role(
        "Contributor",
        "*",
        but=(
            "Microsoft.Authorization/*/Delete",
            "Microsoft.Authorization/*/Write",
            "Microsoft.Authorization/elevateAccess/Action",
            "Microsoft.Blueprint/blueprintAssignments/write",
            "Microsoft.Blueprint/blueprintAssignments/delete",
            "Microsoft.Compute/galleries/share/action",
            "Microsoft.Purview/consents/write",
            "Microsoft.Purview/consents/delete",
            "Microsoft.Resources/deploymentStacks/manageDenySetting/action",
            "Microsoft.Subscription/cancel/action",
            "Microsoft.Subscription/enable/action",
        ),
    ),
    READER: _role("Reader", "*/read"),
    RBAC_ADMINISTRATOR: _role(
        "Role Based Access Control Administrator",
        "Microsoft.Authorization/roleAssignments/write",
        "Microsoft.Authorization/roleAssignments/delete",
        "*/read",
        "Microsoft.Support/*",
    ),
    ACCESS_ADMINISTRATOR: _role(
        "User Access Administrator", "*/read", "Microsoft.Authorization/*", "Microsoft.Support/*"
    ),
    IDENTITY_OPERATOR: _role(
        "Managed Identity Operator",
        "Microsoft.ManagedIdentity/userAssignedIdentities/*/read",
        "Microsoft.ManagedIdentity/userAssignedIdentities/*/assign/action",
        "Microsoft.Authorization/*/read",
        "Microsoft.Insights/alertRules/*",
        "Microsoft.Resources/subscriptions/resourceGroups/read",
        "Microsoft.Resources/deployments/*",
        "Microsoft.Support/*",
    ),
    BLOB_CONTRIBUTOR: _role(
        "Storage Blob Data Contributor",
        f"{_BLOB}/containers/delete",
        f"{_BLOB}/containers/read",
        f"{_BLOB}/containers/write",
        f"{_BLOB}/generateUserDelegationKey/action",
        data=(
            f"{_BLOB}/containers/blobs/delete",
            f"{_BLOB}/containers/blobs/read",
            f"{_BLOB}/containers/blobs/write",
            f"{_BLOB}/containers/blobs/move/action",
            f"{_BLOB}/containers/blobs/add/action",
        ),
    ),
    BLOB_READER: _role(
        "Storage Blob Data Reader",
        f"{_BLOB}/containers/read",
        f"{_BLOB}/generateUserDelegationKey/action",
        data=(f"{_BLOB}/containers/blobs/read",),
    ),
    "b7e6dc6d-f1e8-4753-8033-0f276bb0955b": _role(
        "Storage Blob Data Owner",
        f"{_BLOB}/containers/*",
        f"{_BLOB}/generateUserDelegationKey/action",
        data=(f"{_BLOB}/containers/blobs/*",),
    ),
    "69566ab7-960f-475b-8e7c-b3118f30c6bd": _role(
        "Storage File Data Privileged Contributor",
        data=(
            f"{_FILES}/fileshares/files/read",
            f"{_FILES}/fileshares/files/write",
            f"{_FILES}/fileshares/files/delete",
            f"{_FILES}/fileshares/files/modifypermissions/action",
            f"{_FILES}/readFileBackupSemantics/action",
            f"{_FILES}/writeFileBackupSemantics/action",
        ),
    ),
    "974c5e8b-45b9-4653-ba55-5f855dd0fb88": _role(
        "Storage Queue Data Contributor",
        f"{_QUEUES}/delete",
        f"{_QUEUES}/read",
        f"{_QUEUES}/write",
        data=(
            f"{_QUEUES}/messages/delete",
            f"{_QUEUES}/messages/read",
            f"{_QUEUES}/messages/write",
            f"{_QUEUES}/messages/process/action",
        ),
    ),
    "0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3": _role(
        "Storage Table Data Contributor",
        f"{_TABLES}/read",
        f"{_TABLES}/write",
        f"{_TABLES}/delete",
        data=(
            f"{_TABLES}/entities/read",
            f"{_TABLES}/entities/write",
            f"{_TABLES}/entities/delete",
            f"{_TABLES}/entities/add/action",
            f"{_TABLES}/entities/update/action",
        ),
    ),
    "00482a5a-887f-4fb3-b363-3b7fe8e74483": _role(
        "Key Vault Administrator",
        "Microsoft.Authorization/*/read",
        "Microsoft.Insights/alertRules/*",
        "Microsoft.Resources/deployments/*",
        *_VAULTS,
        data=("Microsoft.KeyVault/vaults/*",),
    ),
    "21090545-7ca7-4776-b22c-e363652d74d2": _role(
        "Key Vault Reader",
        "Microsoft.Authorization/*/read",
        "Microsoft.Insights/alertRules/*",
        *_VAULTS,
        data=("Microsoft.KeyVault/vaults/*/read", "Microsoft.KeyVault/vaults/secrets/readMetadata/action"),
    ),
    "4633458b-17de-408a-b874-0445c86b69e6": _role(
        "Key Vault Secrets User",
        data=(
            "Microsoft.KeyVault/vaults/secrets/getSecret/action",
            "Microsoft.KeyVault/vaults/secrets/readMetadata/action",
        ),
    ),
    "12338af0-0e69-4776-bea7-57ae8d297424": _role(
        "Key Vault Crypto User",
        data=(
            "Microsoft.KeyVault/vaults/keys/read",
            "Microsoft.KeyVault/vaults/keys/update/action",
            "Microsoft.KeyVault/vaults/keys/backup/action",
            "Microsoft.KeyVault/vaults/keys/encrypt/action",
            "Microsoft.KeyVault/vaults/keys/decrypt/action",
            "Microsoft.KeyVault/vaults/keys/wrap/action",
            "Microsoft.KeyVault/vaults/keys/unwrap/action",
            "Microsoft.KeyVault/vaults/keys/sign/action",
            "Microsoft.KeyVault/vaults/keys/verify/action",
        ),
    ),
    "3913510d-42f4-4e42-8a64-420c390055eb": _role(
        "Monitoring Metrics Publisher",
        "Microsoft.Insights/Register/Action",
        "Microsoft.Support/*",
        "Microsoft.Resources/subscriptions/resourceGroups/read",
        data=("Microsoft.Insights/Metrics/Write", "Microsoft.Insights/Telemetry/Write"),
    ),
    "7f951dda-4ed3-4680-a7ca-43fe172d538d": _role("AcrPull", "Microsoft.ContainerRegistry/registries/pull/read"),
    "8311e382-0749-4cb8-b61a-304f252e45ec": _role(
        "AcrPush",
        "Microsoft.ContainerRegistry/registries/pull/read",
        "Microsoft.ContainerRegistry/registries/push/write",
    ),
    "f6c7c914-8db3-469d-8ca1-694a8f32e121": _role(
        "AzureML Data Scientist",
        f"{_ML}/*/read",
        f"{_ML}/*/action",
        f"{_ML}/*/delete",
        f"{_ML}/*/write",
        but=(
            f"{_ML}/delete",
            f"{_ML}/write",
            f"{_ML}/computes/*/write",
            f"{_ML}/computes/*/delete",
            f"{_ML}/computes/listKeys/action",
            f"{_ML}/listKeys/action",
            f"{_ML}/hubs/write",
            f"{_ML}/hubs/delete",
            f"{_ML}/featurestores/write",
            f"{_ML}/featurestores/delete",
        ),
    ),
    "e503ece1-11d0-4e8e-8e2c-7a6c3bf38815": _role(
        "AzureML Compute Operator", f"{_ML}/computes/*", f"{_ML}/notebooks/vm/*"
    ),
    "1823dd4f-9b8c-4ab6-ab4e-7397a3684615": _role(
        "AzureML Registry User",
        "Microsoft.MachineLearningServices/registries/read",
        "Microsoft.MachineLearningServices/registries/assets/*",
    ),
}
"""The built-in roles by id, which is the same in every tenant."""
