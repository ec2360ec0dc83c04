"""Write sandbox/azure/arm/schema_files/arm.json: strict request schemas for the Azure services beside machine learning.

They are derived from the input classes of pulumi-azure-native, which its authors generate from Azure's public REST
specifications. Where the package renames a member (``networkRuleSet`` for ARM's ``networkAcls``), ``RENAMED`` holds the
name on the wire, as the service's REST reference gives it. Run it after a change of the pinned package:

    .venv/bin/python -m tools.schemas.arm
"""

import collections.abc
import enum
import sys
import types
import typing
from collections.abc import Mapping, Sequence
from typing import Any

import pulumi_azure_native

from tools.schemas.schema_file import PRIMITIVES, SANDBOX, documented, run, text_of

FILE = SANDBOX / "arm.json"

# ARM type: (module of pulumi_azure_native, args class)
RESOURCES = {
    "Microsoft.Storage/storageAccounts": ("storage", "StorageAccountArgs"),
    "Microsoft.Storage/storageAccounts/blobServices": ("storage", "BlobServicePropertiesArgs"),
    "Microsoft.Storage/storageAccounts/blobServices/containers": ("storage", "BlobContainerArgs"),
    "Microsoft.KeyVault/vaults": ("keyvault", "VaultArgs"),
    "Microsoft.KeyVault/vaults/keys": ("keyvault", "KeyArgs"),
    "Microsoft.ContainerRegistry/registries": ("containerregistry", "RegistryArgs"),
    "Microsoft.ManagedIdentity/userAssignedIdentities": ("managedidentity", "UserAssignedIdentityArgs"),
    "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials": (
        "managedidentity",
        "FederatedIdentityCredentialArgs",
    ),
    "Microsoft.Authorization/roleAssignments": ("authorization", "RoleAssignmentArgs"),
    "Microsoft.Authorization/roleDefinitions": ("authorization", "RoleDefinitionArgs"),
    "Microsoft.Authorization/locks": ("authorization", "ManagementLockByScopeArgs"),
    "Microsoft.OperationalInsights/workspaces": ("operationalinsights", "WorkspaceArgs"),
    "Microsoft.Insights/components": ("applicationinsights", "ComponentArgs"),
    "Microsoft.Insights/diagnosticSettings": ("monitor", "DiagnosticSettingArgs"),
    "Microsoft.Insights/actionGroups": ("monitor", "ActionGroupInitArgs"),
    "Microsoft.Insights/metricAlerts": ("monitor", "MetricAlertArgs"),
    "Microsoft.Logic/workflows": ("logic", "WorkflowArgs"),
}

# Cases of a union that the sandbox does not model.
NOT_MODELLED = {"MetricAlertMultipleResourceMultipleMetricCriteriaArgs", "WebtestLocationAvailabilityCriteriaArgs"}

# Members of the envelope; the other members of a flat class belong under "properties".
ENVELOPE = {"location", "tags", "kind", "sku", "identity", "extendedLocation", "zones", "etag"}
# Log Analytics is the exception: its SKU is one of its properties.
INNER = {"Microsoft.OperationalInsights/workspaces": {"sku"}}

# Path parameters that the classes list together with the body.
PATH = {
    "resourceGroupName",
    "accountName",
    "blobServicesName",
    "containerName",
    "vaultName",
    "keyName",
    "federatedIdentityCredentialResourceName",
    "registryName",
    "resourceName",
    "roleAssignmentName",
    "roleDefinitionId@roleDefinitions",
    "workspaceName",
    "scope",
    "lockName",
    "resourceUri",
    "name",
    "actionGroupName",
    "ruleName",
    "workflowName",
}

# Class.member -> the name on the wire.
RENAMED = {
    "StorageAccountArgs.networkRuleSet": "networkAcls",
    "StorageAccountArgs.enableHttpsTrafficOnly": "supportsHttpsTrafficOnly",
    "StorageAccountArgs.enableNfsV3": "isNfsV3Enabled",
    "IPRuleArgs.iPAddressOrRange": "value",
    "VirtualNetworkRuleArgs.virtualNetworkResourceId": "id",
    "ComponentArgs.applicationType": "Application_Type",
    "ComponentArgs.flowType": "Flow_Type",
    "ComponentArgs.requestSource": "Request_Source",
    "ComponentArgs.hockeyAppId": "HockeyAppId",
    "ComponentArgs.samplingPercentage": "SamplingPercentage",
    "ComponentArgs.disableIpMasking": "DisableIpMasking",
    "ComponentArgs.immediatePurgeDataOn30Days": "ImmediatePurgeDataOn30Days",
    "ComponentArgs.workspaceResourceId": "WorkspaceResourceId",
    "ComponentArgs.ingestionMode": "IngestionMode",
    "ComponentArgs.disableLocalAuth": "DisableLocalAuth",
    "ComponentArgs.forceCustomerStorageForProfiler": "ForceCustomerStorageForProfiler",
    "ComponentArgs.retentionInDays": "RetentionInDays",
    "RoleDefinitionArgs.roleType": "type",
    "MetricAlertSingleResourceMultipleMetricCriteriaArgs.odataType": "odata.type",
}

# Enums whose members may be combined ("Logging, Metrics").
COMBINED = {"Bypass"}


def generate() -> str:
    """Return the text of the file: the request schema of every type in ``RESOURCES``."""
    schemas = {}
    for type_, where in RESOURCES.items():
        try:
            schemas[type_] = _resource(type_, *where)
        except RecursionError:
            msg = f"{type_}: a class below {where[1]} contains itself, and schemas here are trees"
            raise TypeError(msg) from None
    return text_of(schemas)


def _resource(type_: str, module: str, name: str) -> dict[str, Any]:
    # Through the package, which loads its modules lazily: importing a part of one leaves the module itself half loaded.
    loaded = getattr(pulumi_azure_native, module)
    members = _members(getattr(loaded, name))
    leaf = type_.rsplit("/", 1)[-1]
    kept = {key: value for key, value in members.items() if key not in PATH and f"{key}@{leaf}" not in PATH}
    if "properties" in kept:
        envelope, properties = kept, kept.pop("properties")
    else:
        outer = ENVELOPE - INNER.get(type_, set())
        envelope = {key: value for key, value in kept.items() if key in outer}
        properties = {
            "type": "object",
            "members": {key: value for key, value in kept.items() if key not in outer},
        }
    if "identity" in envelope:
        envelope["identity"] = {
            "type": "object",
            "members": {
                "type": {"type": "string"},
                "userAssignedIdentities": {"type": "map", "values": {"type": "any"}},
                "principalId": {"type": "string", "readOnly": True},
                "tenantId": {"type": "string", "readOnly": True},
            },
        }
    read_only = {key: {"type": "any", "readOnly": True} for key in ("id", "name", "type", "systemData")}
    return {"type": "object", "members": {**envelope, "properties": properties, **read_only}}


def _members(cls: type) -> dict[str, Any]:
    found = {}
    for attribute in vars(cls).values():
        if not isinstance(attribute, property) or attribute.fget is None:
            continue
        wire = getattr(attribute.fget, "_pulumi_name", None) or attribute.fget.__name__
        hint = attribute.fget.__annotations__["return"]
        found[RENAMED.get(f"{cls.__name__}.{wire}", wire)] = _schema(hint, sys.modules[cls.__module__])
    return found


def _schema(hint: Any, module: types.ModuleType) -> dict[str, Any]:
    """Translate a type hint: ``Input[T]`` is T or an awaitable or Output of T, and only T reaches the wire."""
    if isinstance(hint, typing.ForwardRef):
        # Not typing.get_type_hints: it caches a forward reference's value, and two services have a 'SkuName'.
        hint = vars(module)[hint.__forward_arg__]
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if hint in PRIMITIVES:
        return PRIMITIVES[hint]
    if origin is typing.Union or origin is types.UnionType:
        return documented([_schema(argument, module) for argument in arguments if _is_modelled(argument)])
    if origin in (Sequence, list):
        return {"type": "array", "items": _schema(arguments[0], module)}
    if origin in (Mapping, dict):
        return {"type": "map", "values": _schema(arguments[1], module)}
    if isinstance(hint, type) and issubclass(hint, enum.Enum):
        if hint.__name__ in COMBINED:
            return {"type": "string"}
        return {"type": "string", "enum": [member.value for member in hint]}
    if isinstance(hint, type):
        return {"type": "object", "members": _members(hint)}
    msg = f"no schema for {hint!r}"
    raise TypeError(msg)


def _is_modelled(hint: Any) -> bool:
    """Drop ``NOT_MODELLED``, and what ``Input`` adds: None, Awaitable[T], and the forward reference 'Output[T]'."""
    if isinstance(hint, typing.ForwardRef):
        return not hint.__forward_arg__.startswith("Output[") and hint.__forward_arg__ not in NOT_MODELLED
    return hint is not type(None) and typing.get_origin(hint) is not collections.abc.Awaitable


if __name__ == "__main__":
    raise SystemExit(run("arm", FILE, generate))
