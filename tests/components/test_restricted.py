"""A workspace in a restricted network: its additional resources, and its firewalls' rules."""

from typing import Any

from components import roles
from components.workspace import MlWorkspace
from components.workspace_parts.workspace_args import MlWorkspaceArgs
from tests.components.recorder import Recorder, recorded
from tests.components.test_workspace import ARGS, DECLARED

RESTRICTED: MlWorkspaceArgs = {
    **ARGS,
    "network": {"restricted": True, "allowed_ips": ["203.0.113.0/24", "198.51.100.20"]},
    "storage_sku": "Standard_GZRS",
    "registry_sku": "Premium",
    "soft_delete_days": 30,
    "log_retention_days": 365,
    "protect": True,
}

ADDED = [
    ("azure-native:authorization:RoleAssignment", "ml-builder-blobs"),
    ("azure-native:authorization:RoleAssignment", "ml-builder-images"),
    ("azure-native:machinelearningservices:Compute", "ml-image-builder"),
    ("azure-native:managedidentity:UserAssignedIdentity", "ml-builder-identity"),
    ("azureml-batch:index:ImageBuilder", "ml"),
]


def _recorded(**changes: Any) -> Recorder:
    args: MlWorkspaceArgs = {**RESTRICTED, **changes}  # type: ignore[typeddict-item]
    return recorded(lambda: MlWorkspace("ml", args))


def test_the_exact_list() -> None:
    assert _recorded().declared() == sorted([*DECLARED, *ADDED])


def test_storage_vault_and_registry_refuse_all_but_services_and_the_allowed_addresses() -> None:
    recorder = _recorded()
    account = recorder.inputs("StorageAccount")
    assert account["networkRuleSet"] == {
        "bypass": "AzureServices",
        "defaultAction": "Deny",
        "ipRules": [
            {"action": "Allow", "iPAddressOrRange": "203.0.113.0/24"},
            {"action": "Allow", "iPAddressOrRange": "198.51.100.20"},
        ],
    }
    assert account["publicNetworkAccess"] == "Enabled"
    vault = recorder.inputs("Vault")["properties"]
    assert vault["networkAcls"] == {
        "bypass": "AzureServices",
        "defaultAction": "Deny",
        "ipRules": [{"value": "203.0.113.0/24"}, {"value": "198.51.100.20/32"}],
    }
    assert vault["publicNetworkAccess"] == "enabled"
    registry = recorder.inputs("Registry")
    assert registry["networkRuleSet"] == {
        "defaultAction": "Deny",
        "ipRules": [
            {"action": "Allow", "iPAddressOrRange": "203.0.113.0/24"},
            {"action": "Allow", "iPAddressOrRange": "198.51.100.20"},
        ],
    }
    assert registry["networkRuleBypassOptions"] == "AzureServices"
    assert registry["publicNetworkAccess"] == "Enabled"
    assert registry["sku"] == {"name": "Premium"}


def test_an_open_premium_registry_lets_everybody_with_a_role_in() -> None:
    registry = _recorded(network={"restricted": False, "allowed_ips": []}).inputs("Registry")
    assert registry["networkRuleSet"] == {"defaultAction": "Allow", "ipRules": []}


def test_images_are_built_by_a_cluster_of_their_own_that_the_workspace_names() -> None:
    recorder = _recorded()
    assert recorder.inputs("Workspace", "ml-workspace")["imageBuildCompute"] == "image-builder"
    builder = recorder.inputs("Compute")
    assert builder["computeName"] == "image-builder"
    assert builder["identity"]["userAssignedIdentities"] == ["/UserAssignedIdentity/ml-builder-identity"]
    assert builder["properties"]["disableLocalAuth"] is True
    assert builder["properties"]["properties"]["scaleSettings"] == {
        "maxNodeCount": 1,
        "minNodeCount": 0,
        "nodeIdleTimeBeforeScaleDown": "PT2M",
    }
    assert recorder.request("Compute", "ml-image-builder").deleteBeforeReplace is True


def test_the_builder_may_push_and_read_what_it_builds_and_nothing_else() -> None:
    principal = "ml-builder-identity-principal"
    assert {each for each in _recorded().grants() if each[0] == principal} == {
        (principal, "ServicePrincipal", roles.BLOB_CONTRIBUTOR.id, "/StorageAccount/mlstorage"),
        (principal, "ServicePrincipal", roles.ACR_PUSH.id, "/Registry/mlregistry"),
    }


def test_what_differs_between_environments_reaches_the_resources() -> None:
    recorder = _recorded()
    assert recorder.inputs("StorageAccount")["sku"] == {"name": "Standard_GZRS"}
    assert recorder.inputs("BlobServiceProperties")["deleteRetentionPolicy"] == {"days": 30, "enabled": True}
    assert recorder.inputs("BlobServiceProperties")["containerDeleteRetentionPolicy"] == {"days": 30, "enabled": True}
    assert recorder.inputs("Workspace", "ml-logs")["retentionInDays"] == 365


def test_storage_vault_and_workspace_are_protected_and_nothing_else() -> None:
    def protected(recorder: Recorder) -> list[str]:
        return sorted(each.name for each in recorder.requests.values() if each.protect)

    assert protected(_recorded()) == ["ml-vault", "ml-workspace", "mlstorage"]
    assert protected(_recorded(protect=False)) == []
