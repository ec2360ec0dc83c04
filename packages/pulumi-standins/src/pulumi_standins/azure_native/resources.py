"""The supported resource types: their ARM paths, and the rules that the SDK package does not contain.

The rest (inputs, outputs, nested types, API versions) is in schema.json, which is generated for
exactly these tokens. Sources of the rules below: the public REST specifications of the services (names, long-running
operations, mutability) and the provider's hand-written lists (replacement keys, restored defaults). Names in braces are
input names; `{+x}` is a whole path (a scope).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

PREFIX = "azure-native:"
_GROUP = "/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}"
_WORKSPACE = f"{_GROUP}/providers/Microsoft.MachineLearningServices/workspaces/{{workspaceName}}"
_ACCOUNT = f"{_GROUP}/providers/Microsoft.Storage/storageAccounts/{{accountName}}"
_IDENTITY = f"{_GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/{{resourceName}}"
_PARAMETER = re.compile(r"\{\+?(\w+)\}")


@dataclass(frozen=True)
class Rule:
    """The specification's rule for a name in the path: length in characters and a pattern (None: no limit)."""

    low: int | None = None
    high: int | None = None
    pattern: str | None = None


@dataclass(frozen=True)
class ResourceType:
    """One resource type: how its inputs become requests and which changes replace it.

    Attributes:
        path: the ARM path with input names in braces.
        flat: ARM's `properties.*` are top-level inputs and outputs (False: the program writes `properties=`).
        force_new: top-level inputs, in addition to those in the path, whose change replaces the resource.
        located: the service requires a location.
        put_polls: the specification marks PUT as long-running, so its answer is always followed to the end.
        delete_polls: the same for DELETE.
        singleton: exists with its parent and cannot be deleted: deleting it sends the default body (an empty one).
        query: inputs that go into the query string of the PUT.
        kept_lists: sub-resource lists that others may manage: if not set, sent as `[]` at creation, and copied from the
            live resource at an update.
        restored: input -> value to send if the input is removed.
        rules: the rules of Check for names in the path.
    """

    path: str
    flat: bool = True
    force_new: frozenset[str] = frozenset()
    located: bool = False
    put_polls: bool = False
    delete_polls: bool = False
    singleton: bool = False
    query: tuple[str, ...] = ()
    kept_lists: tuple[tuple[str, ...], ...] = ()
    restored: Mapping[str, Any] = field(default_factory=dict)
    rules: Mapping[str, Rule] = field(default_factory=dict)

    @cached_property
    def parameters(self) -> tuple[str, ...]:
        """The inputs in the path, in order, without the subscription (a setting of the provider)."""
        return tuple(name for name in _PARAMETER.findall(self.path) if name != "subscriptionId")

    @cached_property
    def autoname(self) -> tuple[str, str]:
        """The input with the automatic name, and its kind: `random`, `uuid` or `copy`.

        Only the last parameter of the path is named. It is random when it is the only parameter after the last
        provider namespace (or there is no namespace); a child's name is a copy of the resource's name in the program.
        """
        name = self.parameters[-1]
        if name in {"roleAssignmentName", "roleDefinitionId"}:
            return name, "uuid"
        if name == "endpointName":
            return name, "random"
        tail = self.path.lower().rpartition("/providers/microsoft.")[2]
        return name, "random" if tail.count("{") == 1 or "/providers/" not in self.path else "copy"


_LOCATION = frozenset({"location"})
_GROUP_RULE = {"resourceGroupName": Rule(1, 90)}
_WORKSPACE_RULES = {**_GROUP_RULE, "workspaceName": Rule(pattern=r"^[a-zA-Z0-9][a-zA-Z0-9_-]{2,32}$")}
_ASSET = Rule(pattern=r"^[a-zA-Z0-9][a-zA-Z0-9\-_]{0,254}$")
_ACCOUNT_RULES = {**_GROUP_RULE, "accountName": Rule(3, 24, r"^[a-z0-9]+$")}
_OPEN_NETWORK = {"bypass": "AzureServices", "defaultAction": "Allow", "ipRules": [], "virtualNetworkRules": []}


def _tracked(path: str, **rules: Any) -> ResourceType:
    """A flat resource with a location that cannot change."""
    return ResourceType(path, force_new=_LOCATION, located=True, **rules)


def _ml(suffix: str, **rules: Any) -> ResourceType:
    """A nested resource below a machine learning workspace."""
    names = {name: _ASSET for name in ("name", "deploymentName") if f"{{{name}}}" in suffix}
    return ResourceType(f"{_WORKSPACE}/{suffix}", flat=False, rules={**_WORKSPACE_RULES, **names}, **rules)


def _asset(kind: str) -> dict[str, ResourceType]:
    """A versioned asset: its container and its versions (`models` -> ModelContainer, ModelVersion)."""
    stem = {"environments": "Environment", "models": "Model", "codes": "Code", "data": "Data"}[kind]
    return {
        f"azure-native:machinelearningservices:{stem}Container": _ml(f"{kind}/{{name}}"),
        f"azure-native:machinelearningservices:{stem}Version": _ml(f"{kind}/{{name}}/versions/{{version}}"),
    }


_POLLED: dict[str, Any] = {"put_polls": True, "delete_polls": True}

RESOURCES: Mapping[str, ResourceType] = {
    "azure-native:resources:ResourceGroup": ResourceType(
        "/subscriptions/{subscriptionId}/resourcegroups/{resourceGroupName}",
        flat=False,
        force_new=_LOCATION,
        located=True,
        delete_polls=True,
        rules=_GROUP_RULE,
    ),
    "azure-native:storage:StorageAccount": ResourceType(
        _ACCOUNT,
        force_new=frozenset({"location", "isHnsEnabled"}),
        located=True,
        put_polls=True,
        restored={"networkRuleSet": _OPEN_NETWORK},
        rules=_ACCOUNT_RULES,
    ),
    "azure-native:storage:BlobServiceProperties": ResourceType(
        f"{_ACCOUNT}/blobServices/{{blobServicesName}}",
        singleton=True,
        rules=_ACCOUNT_RULES,
    ),
    "azure-native:storage:BlobContainer": ResourceType(
        f"{_ACCOUNT}/blobServices/default/containers/{{containerName}}",
        rules={**_ACCOUNT_RULES, "containerName": Rule(3, 63)},
    ),
    "azure-native:keyvault:Vault": ResourceType(
        f"{_GROUP}/providers/Microsoft.KeyVault/vaults/{{vaultName}}",
        flat=False,
        located=True,
        put_polls=True,
        kept_lists=(("properties", "accessPolicies"),),
        rules={**_GROUP_RULE, "vaultName": Rule(pattern=r"^[a-zA-Z0-9-]{3,24}$")},
    ),
    "azure-native:operationalinsights:Workspace": _tracked(
        f"{_GROUP}/providers/Microsoft.OperationalInsights/workspaces/{{workspaceName}}",
        **_POLLED,
        rules={**_GROUP_RULE, "workspaceName": Rule(4, 63, r"^[A-Za-z0-9][A-Za-z0-9-]+[A-Za-z0-9]$")},
    ),
    "azure-native:applicationinsights:Component": _tracked(
        f"{_GROUP}/providers/Microsoft.Insights/components/{{resourceName}}",
        rules=_GROUP_RULE,
    ),
    "azure-native:containerregistry:Registry": _tracked(
        f"{_GROUP}/providers/Microsoft.ContainerRegistry/registries/{{registryName}}",
        **_POLLED,
        rules={**_GROUP_RULE, "registryName": Rule(5, 50, r"^[a-zA-Z0-9]*$")},
    ),
    "azure-native:managedidentity:UserAssignedIdentity": _tracked(_IDENTITY, rules=_GROUP_RULE),
    "azure-native:managedidentity:FederatedIdentityCredential": ResourceType(
        f"{_IDENTITY}/federatedIdentityCredentials/{{federatedIdentityCredentialResourceName}}",
        rules={
            **_GROUP_RULE,
            "federatedIdentityCredentialResourceName": Rule(pattern=r"^[a-zA-Z0-9]{1}[a-zA-Z0-9-_]{2,119}$"),
        },
    ),
    "azure-native:authorization:RoleAssignment": ResourceType(
        "/{+scope}/providers/Microsoft.Authorization/roleAssignments/{roleAssignmentName}",
        force_new=frozenset({"principalId"}),
    ),
    "azure-native:authorization:RoleDefinition": ResourceType(
        "/{+scope}/providers/Microsoft.Authorization/roleDefinitions/{roleDefinitionId}",
    ),
    "azure-native:authorization:ManagementLockByScope": ResourceType(
        "/{+scope}/providers/Microsoft.Authorization/locks/{lockName}",
    ),
    "azure-native:monitor:DiagnosticSetting": ResourceType(
        "/{+resourceUri}/providers/Microsoft.Insights/diagnosticSettings/{name}",
    ),
    "azure-native:monitor:MetricAlert": ResourceType(
        f"{_GROUP}/providers/Microsoft.Insights/metricAlerts/{{ruleName}}",
        located=True,
        rules=_GROUP_RULE,
    ),
    "azure-native:monitor:ActionGroup": ResourceType(
        f"{_GROUP}/providers/Microsoft.Insights/actionGroups/{{actionGroupName}}",
        located=True,
        rules=_GROUP_RULE,
    ),
    "azure-native:monitor:ScheduledQueryRule": ResourceType(
        f"{_GROUP}/providers/Microsoft.Insights/scheduledQueryRules/{{ruleName}}",
        force_new=frozenset({"scopes"}),
        located=True,
        rules=_GROUP_RULE,
    ),
    "azure-native:logic:Workflow": ResourceType(
        f"{_GROUP}/providers/Microsoft.Logic/workflows/{{workflowName}}",
        force_new=_LOCATION,
        located=True,
        rules=_GROUP_RULE,
    ),
    "azure-native:machinelearningservices:Workspace": ResourceType(_WORKSPACE, rules=_WORKSPACE_RULES, **_POLLED),
    # Compute names have a look-ahead in their pattern, which the provider's regular expressions cannot compile.
    "azure-native:machinelearningservices:Compute": _ml("computes/{computeName}", **_POLLED),
    "azure-native:machinelearningservices:BatchEndpoint": _ml(
        "batchEndpoints/{endpointName}",
        force_new=_LOCATION,
        located=True,
        **_POLLED,
    ),
    "azure-native:machinelearningservices:BatchDeployment": _ml(
        "batchEndpoints/{endpointName}/deployments/{deploymentName}",
        force_new=_LOCATION,
        located=True,
        **_POLLED,
    ),
    "azure-native:machinelearningservices:Datastore": _ml("datastores/{name}", query=("skipValidation",)),
    **_asset("environments"),
    **_asset("models"),
    **_asset("codes"),
    **_asset("data"),
}
