"""MlWorkspace: exactly what is declared, and the inputs that make it safe.

Mocks do not prove that Azure takes any of it: tests/e2e does, against the sandbox.
"""

from typing import Any

import pytest

from components import roles
from components.workspace import MlWorkspace
from components.workspace_parts.workspace_args import MlWorkspaceArgs
from tests.components.recorder import DEPLOYER, SUBSCRIPTION, TENANT, Recorder, recorded

DATA = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/data/providers/Microsoft.Storage/storageAccounts/images"

ARGS: MlWorkspaceArgs = {
    "resource_group_name": "rg",
    "location": "westeurope",
    "subscription_id": SUBSCRIPTION,
    "tenant_id": TENANT,
    "deployer": {"principal_id": DEPLOYER, "principal_type": "User", "kept": True},
    "tags": {"owner": "ml"},
}

DECLARED = [
    ("azure-native:applicationinsights:Component", "ml-insights"),
    ("azure-native:authorization:RoleAssignment", "ml-compute-blobs"),
    ("azure-native:authorization:RoleAssignment", "ml-compute-images"),
    ("azure-native:authorization:RoleAssignment", "ml-compute-queues"),
    ("azure-native:authorization:RoleAssignment", "ml-compute-tables"),
    ("azure-native:authorization:RoleAssignment", "ml-deployer-blobs"),
    ("azure-native:authorization:RoleAssignment", "ml-workspace-blobs"),
    ("azure-native:authorization:RoleAssignment", "ml-workspace-files"),
    ("azure-native:authorization:RoleAssignment", "ml-workspace-insights"),
    ("azure-native:authorization:RoleAssignment", "ml-workspace-itself"),
    ("azure-native:authorization:RoleAssignment", "ml-workspace-metrics"),
    ("azure-native:authorization:RoleAssignment", "ml-workspace-registry"),
    ("azure-native:authorization:RoleAssignment", "ml-workspace-secrets"),
    ("azure-native:authorization:RoleAssignment", "ml-workspace-storage"),
    ("azure-native:authorization:RoleAssignment", "ml-workspace-vault"),
    ("azure-native:containerregistry:Registry", "mlregistry"),
    ("azure-native:keyvault:Vault", "ml-vault"),
    ("azure-native:machinelearningservices:Workspace", "ml-workspace"),
    ("azure-native:managedidentity:UserAssignedIdentity", "ml-compute-identity"),
    ("azure-native:managedidentity:UserAssignedIdentity", "ml-workspace-identity"),
    ("azure-native:monitor:DiagnosticSetting", "ml-vault-logs"),
    ("azure-native:monitor:DiagnosticSetting", "ml-workspace-logs"),
    ("azure-native:operationalinsights:Workspace", "ml-logs"),
    ("azure-native:storage:BlobServiceProperties", "ml-blobs"),
    ("azure-native:storage:StorageAccount", "mlstorage"),
    ("azureml-batch:index:MlWorkspace", "ml"),
    ("azureml-batch:index:Telemetry", "ml"),
    ("azureml-batch:index:WorkspaceAccess", "ml"),
    ("azureml-batch:index:WorkspaceRegistry", "ml"),
    ("azureml-batch:index:WorkspaceStorage", "ml"),
    ("azureml-batch:index:WorkspaceVault", "ml"),
]

SCOPES = {
    "storage": "/StorageAccount/mlstorage",
    "vault": "/Vault/ml-vault",
    "registry": "/Registry/mlregistry",
    "insights": "/Component/ml-insights",
    "workspace": "/Workspace/ml-workspace",
}


def test_the_exact_list() -> None:
    recorder = _recorded()
    assert recorder.declared() == DECLARED


def test_storage_is_keyless_and_keeps_what_is_deleted() -> None:
    recorder = _recorded()
    account = recorder.inputs("StorageAccount")
    assert account == {
        "accessTier": "Hot",
        "allowBlobPublicAccess": False,
        "allowCrossTenantReplication": False,
        "allowSharedKeyAccess": False,
        "defaultToOAuthAuthentication": True,
        "enableHttpsTrafficOnly": True,
        "encryption": {"keySource": "Microsoft.Storage", "requireInfrastructureEncryption": True},
        "isHnsEnabled": False,
        "isLocalUserEnabled": False,
        "kind": "StorageV2",
        "location": "westeurope",
        "minimumTlsVersion": "TLS1_2",
        "networkRuleSet": {"bypass": "AzureServices", "defaultAction": "Allow", "ipRules": []},
        "publicNetworkAccess": "Enabled",
        "resourceGroupName": "rg",
        "sku": {"name": "Standard_LRS"},
        "tags": {"owner": "ml"},
    }
    kept = {"days": 7, "enabled": True}
    assert recorder.inputs("BlobServiceProperties") == {
        "accountName": "mlstorage-physical",
        "blobServicesName": "default",
        "containerDeleteRetentionPolicy": kept,
        "deleteRetentionPolicy": kept,
        "resourceGroupName": "rg",
    }


def test_the_vault_has_roles_soft_delete_purge_protection_and_an_audit_log() -> None:
    recorder = _recorded()
    assert recorder.inputs("Vault")["properties"] == {
        "enablePurgeProtection": True,
        "enableRbacAuthorization": True,
        "enabledForDeployment": False,
        "enabledForDiskEncryption": False,
        "enabledForTemplateDeployment": False,
        "enableSoftDelete": True,
        "networkAcls": {"bypass": "AzureServices", "defaultAction": "Allow", "ipRules": []},
        "publicNetworkAccess": "enabled",
        "sku": {"family": "A", "name": "standard"},
        "softDeleteRetentionInDays": 90,
        "tenantId": TENANT,
    }
    assert recorder.inputs("DiagnosticSetting", "ml-vault-logs") == {
        "logs": [{"categoryGroup": "audit", "enabled": True}],
        "resourceUri": "/Vault/ml-vault",
        "workspaceId": "/Workspace/ml-logs",
    }


_BLOBS = "Microsoft.Storage/storageAccounts/blobServices/containers"
JOBS_MAY_WRITE = (
    f"((!(ActionMatches{{'{_BLOBS}/blobs/write'}}) AND !(ActionMatches{{'{_BLOBS}/blobs/delete'}})"
    f" AND !(ActionMatches{{'{_BLOBS}/blobs/add/action'}}) AND !(ActionMatches{{'{_BLOBS}/blobs/move/action'}}))"
    f" OR (@Resource[{_BLOBS}:name] StringEquals 'azureml') OR (@Resource[{_BLOBS}:name] StringEquals 'results')"
    f" OR (@Resource[{_BLOBS}:name] StringLike 'azureml-blobstore-*'"
    f" AND @Resource[{_BLOBS}/blobs:path] StringNotLike 'LocalUpload/*'"
    f" AND @Resource[{_BLOBS}/blobs:path] StringNotLike 'az-ml-artifacts/*'"
    f" AND @Resource[{_BLOBS}/blobs:path] StringNotLike 'WebUpload/*'"
    f" AND @Resource[{_BLOBS}/blobs:path] StringNotLike 'UI/*'))"
)


def test_jobs_write_only_where_no_model_and_no_code_lies() -> None:
    recorder = recorded(lambda: MlWorkspace("ml", {**ARGS, "job_writes": ["results"]}))
    blobs = recorder.inputs("RoleAssignment", "ml-compute-blobs")
    assert (blobs["condition"], blobs["conditionVersion"]) == (JOBS_MAY_WRITE, "2.0")
    limited = [each.name for each in recorder.resources if "condition" in each.inputs]
    assert limited == ["ml-compute-blobs"]


def test_jobs_write_anywhere_if_the_stack_says_so() -> None:
    recorder = recorded(lambda: MlWorkspace("ml", {**ARGS, "job_writes": ["*"]}))
    assert "condition" not in recorder.inputs("RoleAssignment", "ml-compute-blobs")


def test_the_registry_has_no_shared_user() -> None:
    registry = _recorded().inputs("Registry")
    assert registry["adminUserEnabled"] is False
    assert registry["anonymousPullEnabled"] is False
    assert registry["sku"] == {"name": "Standard"}
    assert "policies" not in registry  # the service does not support quarantine


def test_telemetry_takes_entra_identities_only() -> None:
    recorder = _recorded()
    logs = recorder.inputs("Workspace", "ml-logs")
    assert logs["features"] == {"disableLocalAuth": True}
    assert logs["retentionInDays"] == 90
    insights = recorder.inputs("Component")
    assert insights["disableLocalAuth"] is True
    assert insights["workspaceResourceId"] == "/Workspace/ml-logs"


def test_the_keys_of_application_insights_are_secrets_in_state() -> None:
    request = _recorded().request("Component", "ml-insights")
    assert list(request.additionalSecretOutputs) == ["instrumentationKey", "connectionString"]


@pytest.mark.parametrize(
    ("kept", "expected"), [(True, ["principalId", "principalType", "roleAssignmentName"]), (False, [])]
)
def test_only_the_first_deployer_s_grant_stays_whoever_deploys(kept: bool, expected: list[str]) -> None:
    deployer = {"principal_id": DEPLOYER, "principal_type": "User", "kept": kept}
    request = _recorded(deployer=deployer).request("RoleAssignment", "ml-deployer-blobs")
    assert list(request.ignoreChanges) == expected


def test_the_scope_of_storage_elsewhere_may_be_written_in_other_letters() -> None:
    """A scope that the provider compares letter by letter would replace the grant."""
    request = _recorded(data_access=[DATA]).request("RoleAssignment", "ml-compute-reads-images")
    assert list(request.ignoreChanges) == ["scope"]
    assert list(_recorded().request("RoleAssignment", "ml-compute-blobs").ignoreChanges) == []


def test_everything_belongs_to_the_component() -> None:
    parents = {key: request.parent for key, request in _recorded().requests.items()}
    assert [key for key, parent in parents.items() if "MlWorkspace" not in parent] == [
        "azureml-batch:index:MlWorkspace::ml"
    ]


def test_the_grants_come_before_the_workspace() -> None:
    recorder = _recorded()
    needed = {urn.rpartition("::")[2] for urn in recorder.request("Workspace", "ml-workspace").dependencies}
    grants = {name for typ, name in DECLARED if typ.endswith(":RoleAssignment") and name != "ml-workspace-itself"}
    assert grants <= needed


def test_the_workspace_is_keyless_and_uses_its_own_identity() -> None:
    recorder = _recorded()
    identity = "/UserAssignedIdentity/ml-workspace-identity"
    assert recorder.inputs("Workspace", "ml-workspace") == {
        "allowPublicAccessWhenBehindVnet": False,
        "applicationInsights": "/Component/ml-insights",
        "containerRegistry": "/Registry/mlregistry",
        "identity": {"type": "UserAssigned", "userAssignedIdentities": [identity]},
        "keyVault": "/Vault/ml-vault",
        "kind": "Default",
        "location": "westeurope",
        "primaryUserAssignedIdentity": identity,
        "publicNetworkAccess": "Enabled",
        "resourceGroupName": "rg",
        "sku": {"name": "Basic", "tier": "Basic"},
        "storageAccount": "/StorageAccount/mlstorage",
        "systemDatastoresAuthMode": "Identity",
        "tags": {"owner": "ml"},
        "v1LegacyMode": False,
    }
    assert recorder.inputs("DiagnosticSetting", "ml-workspace-logs")["logs"] == [
        {"categoryGroup": "allLogs", "enabled": True}
    ]


def test_the_grants_are_these_and_no_others() -> None:
    workspace, compute = "ml-workspace-identity-principal", "ml-compute-identity-principal"
    robot = "ServicePrincipal"
    expected = {
        *((workspace, robot, roles.CONTRIBUTOR.id, scope) for scope in SCOPES.values()),
        (workspace, robot, roles.BLOB_CONTRIBUTOR.id, SCOPES["storage"]),
        (workspace, robot, roles.FILE_CONTRIBUTOR.id, SCOPES["storage"]),
        (workspace, robot, roles.VAULT_ADMINISTRATOR.id, SCOPES["vault"]),
        (workspace, robot, roles.METRICS_PUBLISHER.id, SCOPES["insights"]),
        (compute, robot, roles.BLOB_CONTRIBUTOR.id, SCOPES["storage"]),
        (compute, robot, roles.QUEUE_CONTRIBUTOR.id, SCOPES["storage"]),
        (compute, robot, roles.TABLE_CONTRIBUTOR.id, SCOPES["storage"]),
        (compute, robot, roles.ACR_PULL.id, SCOPES["registry"]),
        (DEPLOYER, "User", roles.BLOB_CONTRIBUTOR.id, SCOPES["storage"]),
    }
    assert _recorded().grants() == expected


def test_jobs_may_read_what_data_access_names() -> None:
    container = f"{DATA}/blobServices/default/containers/raw"
    recorder = _recorded(data_access=[DATA, container])
    reads = {grant for grant in recorder.grants() if grant[2] == roles.BLOB_READER.id}
    principal = "ml-compute-identity-principal"
    assert reads == {(principal, "ServicePrincipal", roles.BLOB_READER.id, scope) for scope in (DATA, container)}
    names = {name for typ, name in recorder.declared() if "-reads-" in name and typ.endswith("RoleAssignment")}
    assert names == {"ml-compute-reads-images", "ml-compute-reads-images-raw"}


def test_a_grant_has_the_same_name_every_time() -> None:
    first = _recorded()
    names = {each.name: each.inputs["roleAssignmentName"] for each in first.resources if "RoleAssignment" in each.typ}
    second = _recorded()
    again = {each.name: each.inputs["roleAssignmentName"] for each in second.resources if "RoleAssignment" in each.typ}
    assert names == again
    assert names["ml-deployer-blobs"] == roles.assignment_name(SCOPES["storage"], DEPLOYER, roles.BLOB_CONTRIBUTOR)
    assert len(set(names.values())) == len(names)


@pytest.mark.parametrize("stack", ["dev", "x" * 100, "9.Weird_Stack"])
def test_the_stack_s_name_is_in_no_name(stack: str) -> None:
    recorder = _recorded(stack=stack)
    assert recorder.declared() == DECLARED


def _recorded(stack: str = "dev", **changes: Any) -> Recorder:
    args: Any = {**ARGS, **changes}
    return recorded(lambda: MlWorkspace("ml", args), stack)
