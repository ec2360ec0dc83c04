"""What no role of a stack may do, by what a holder could reach with it.

Names of operations: https://learn.microsoft.com/azure/role-based-access-control/permissions-reference. Which of them
lead further: https://learn.microsoft.com/azure/role-based-access-control/best-practices,
https://learn.microsoft.com/azure/key-vault/general/rbac-guide (writing a vault includes its access policies) and
https://learn.microsoft.com/azure/machine-learning/how-to-assign-roles.
"""

from collections.abc import Mapping
from typing import Final

_ML: Final = "Microsoft.MachineLearningServices/workspaces"

ACTIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "grants roles": (
        "Microsoft.Authorization/role*/write",  # assignments, definitions, schedules, management policies
        "Microsoft.Authorization/role*/delete",
        "Microsoft.Authorization/elevateAccess/action",
        "Microsoft.Authorization/classicAdministrators/write",
        "Microsoft.ManagedServices/registration*/write",  # delegates to another tenant
    ),
    "removes protection": (
        "Microsoft.Authorization/denyAssignments/*e",  # write and delete, not read
        "Microsoft.Authorization/locks/write",
        "Microsoft.Authorization/locks/delete",
        "Microsoft.Authorization/policy*/write",  # assignments, definitions, exemptions
        "Microsoft.Authorization/policy*/delete",
        "Microsoft.Resources/deploymentStacks/manageDenySetting/action",
        "Microsoft.Insights/diagnosticSettings/write",
        "Microsoft.Insights/diagnosticSettings/delete",
        "Microsoft.KeyVault/vaults/write",
        "Microsoft.KeyVault/vaults/accessPolicies/write",
        "Microsoft.KeyVault/*/purge/action",
        "Microsoft.Storage/storageAccounts/write",
        "Microsoft.Storage/storageAccounts/localUsers/write",
        "Microsoft.ContainerRegistry/registries/write",
        f"{_ML}/write",
    ),
    "acts as another identity": (
        "Microsoft.ManagedIdentity/userAssignedIdentities/*assign/action",
        "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials/write",
    ),
    "runs what its holder writes": (
        "Microsoft.Resources/deployments/write",
        "Microsoft.Resources/deploymentScripts/write",
        "Microsoft.Resources/deploymentStacks/write",
        "*/runCommand/action",
        "*/runCommands/write",
        "*/exec/action",
        "Microsoft.Compute/*/extensions/write",
        "Microsoft.HybridCompute/machines/extensions/write",
        "Microsoft.Automation/automationAccounts/*s/write",  # runbooks, jobs, webhooks, schedules
        "Microsoft.ContainerRegistry/registries/*tasks/write",
        "Microsoft.ContainerRegistry/registries/scheduleRun/action",
        f"{_ML}/computes/write",
        f"{_ML}/computes/applicationAccess*/action",
        f"{_ML}/jobs/write",
        f"{_ML}/notebooks/*/write",
        f"{_ML}/schedules/write",
    ),
    "reads keys": (
        "*/list*key*/action",
        "*/list*secret*/action",
        "*/list*credential*/action",
        "*/list*connectionString*/action",
        "*/list*sas/action",
        "*/list*token*/action",
        "*/*generate*key*/action",
        "*/*generate*credential*/action",
        "*/*generate*token*/action",
        "*/sharedKeys/action",
        "*/token/action",
        "*/beginGetAccess/action",
        "Microsoft.ContainerRegistry/registries/tokens/write",
        "Microsoft.Web/sites/config/list/action",
        "Microsoft.Web/sites/publishxml/action",
    ),
    "changes what an endpoint serves": (
        f"{_ML}/*Endpoints/write",
        f"{_ML}/*Endpoints/delete",
        f"{_ML}/*Endpoints/deployments/write",
        f"{_ML}/*Endpoints/deployments/delete",
    ),
    "changes where data comes from": (
        f"{_ML}/datastores/write",
        f"{_ML}/connections/write",
    ),
}
"""Operations of the control plane, `*` as in a role, by what they do for their holder."""

DATA_ACTIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "reads secrets": (
        "Microsoft.KeyVault/vaults/secrets/getSecret/action",
        "Microsoft.KeyVault/vaults/secrets/backup/action",
        "Microsoft.KeyVault/vaults/keys/backup/action",
        "Microsoft.KeyVault/vaults/keys/release/action",
        "Microsoft.ContainerService/*/secrets/read",
    ),
    "changes secrets": (
        "Microsoft.KeyVault/vaults/secrets/setSecret/action",
        "Microsoft.KeyVault/vaults/secrets/delete",
        "Microsoft.KeyVault/vaults/*/purge/action",
    ),
    "is bound by no access list": (
        "Microsoft.Storage/*/manageOwnership/action",
        "Microsoft.Storage/*/modifyPermissions/action",
        "Microsoft.Storage/*/runAsSuperUser/action",
        "Microsoft.Storage/*/takeOwnership/action",
    ),
    "signs in as an administrator": ("*/loginAsAdmin/action",),
}
"""Operations on data, in the same form."""

GRANT_ROLES: Final[Mapping[str, str]] = {
    "8e3af657-a8ff-443c-a75c-2fe8c4bcb635": "Owner",
    "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9": "User Access Administrator",
    "f58310d9-a9f6-439a-9e8d-f62e7b41a168": "Role Based Access Control Administrator",
    "8b54135c-b56d-4d72-a534-26097cfdc8d8": "Key Vault Data Access Administrator",
}
"""Built-in roles whose holders can grant roles, with or without a condition, the same in every tenant:
https://learn.microsoft.com/azure/role-based-access-control/built-in-roles"""

GRANTABLE: Final[Mapping[str, str]] = {
    "acdd72a7-3385-48ef-bd42-f606fba81ae7": "Reader",
    "b24988ac-6180-42a0-ab88-20f7382dd24c": "Contributor",
    "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1": "Storage Blob Data Reader",
    "ba92f5b4-2d11-453d-a403-e96b0029c9fe": "Storage Blob Data Contributor",
    "69566ab7-960f-475b-8e7c-b3118f30c6bd": "Storage File Data Privileged Contributor",
    "974c5e8b-45b9-4653-ba55-5f855dd0fb88": "Storage Queue Data Contributor",
    "0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3": "Storage Table Data Contributor",
    "00482a5a-887f-4fb3-b363-3b7fe8e74483": "Key Vault Administrator",
    "3913510d-42f4-4e42-8a64-420c390055eb": "Monitoring Metrics Publisher",
    "7f951dda-4ed3-4680-a7ca-43fe172d538d": "AcrPull",
    "8311e382-0749-4cb8-b61a-304f252e45ec": "AcrPush",
    "f61f24a0-8c6c-5e12-adc7-5ea2b3056604": "Batch endpoint caller",
    "ffe26e8a-fbf0-5192-a7b0-1300a1023a32": "Batch endpoint caller runs",
}
"""The roles that a stack may grant on one resource unless its policy configuration names more: a workspace, its jobs
and its callers need these. A test compares them with those that the program grants."""
