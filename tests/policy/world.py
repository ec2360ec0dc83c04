"""A hardened stack as a policy pack sees it: every rule of the pack passes on it, those for production too.

The shapes are those that the engine was seen to send: numbers as floats, inputs in camelCase, a marker's plan under
`input`. Each call returns new objects, so that a test may change what it likes.
"""

import copy
from collections.abc import Mapping, Sequence
from typing import Any

from pulumi_policy.proxy import UNKNOWN_STRING_VALUE, unknown_checking_proxy

from policy.properties import Properties
from policy.rule import Seen

MISSING = object()
"""Stands for "take the property out" in `changed`."""

UNKNOWN = UNKNOWN_STRING_VALUE
"""What the engine sends in a preview for a value that it does not know yet."""

_GROUP = "/subscriptions/86066fd7-da8c-45fd-a8ad-9ff37f6b55d7/resourceGroups/scoring"
_ML = f"{_GROUP}/providers/Microsoft.MachineLearningServices/workspaces/scoring"

DEPLOYMENT: dict[str, Any] = {
    "description": "",
    "tags": {},
    "environment": {"name": "scoring", "version": "12"},
    "environmentVariables": {},
    "compute": f"{_ML}/computes/nodes-c70edx",
    "code": {"path": "code", "digest": "22a6"},
    "model": {"path": "model", "name": "digits-mlp", "type": "custom_model", "digest": "f49e"},
    "scoringScript": "score.py",
    "tryOut": {"input": {"path": "try-out", "digest": "9c1d"}},
    "settings": {
        "instanceCount": 2.0,
        "maxConcurrencyPerInstance": 2.0,
        "miniBatchSize": 10.0,
        "maxRetries": 3.0,
        "timeoutSeconds": 30.0,
        "errorThreshold": -1.0,
        "loggingLevel": "info",
        "outputAction": "append_row",
        "outputFileName": "predictions.csv",
    },
}

GOOD: Mapping[str, dict[str, Any]] = {
    "storage:StorageAccount": {
        "allowSharedKeyAccess": False,
        "defaultToOAuthAuthentication": True,
        "allowBlobPublicAccess": False,
        "minimumTlsVersion": "TLS1_2",
        "enableHttpsTrafficOnly": True,
        "publicNetworkAccess": "Disabled",
        "networkRuleSet": {"defaultAction": "Deny", "bypass": "AzureServices"},
        "allowCrossTenantReplication": False,
        "encryption": {"keySource": "Microsoft.Storage", "requireInfrastructureEncryption": True},
        "sku": {"name": "Standard_GZRS"},
        "isLocalUserEnabled": False,
    },
    "storage:BlobServiceProperties": {
        "accountName": "scoringstorage",
        "deleteRetentionPolicy": {"enabled": True, "days": 7.0},
        "containerDeleteRetentionPolicy": {"enabled": True, "days": 7.0},
    },
    "storage:BlobContainer": {"publicAccess": "None"},
    "keyvault:Vault": {
        "properties": {
            "enableRbacAuthorization": True,
            "enableSoftDelete": True,
            "softDeleteRetentionInDays": 90.0,
            "enablePurgeProtection": True,
            "networkAcls": {"defaultAction": "Deny", "bypass": "AzureServices"},
            "publicNetworkAccess": "disabled",
        }
    },
    "containerregistry:Registry": {
        "adminUserEnabled": False,
        "anonymousPullEnabled": False,
        "sku": {"name": "Premium"},
        "networkRuleSet": {"defaultAction": "Deny"},
        "publicNetworkAccess": "Disabled",
        "zoneRedundancy": "Enabled",
        "policies": {"exportPolicy": {"status": "disabled"}, "quarantinePolicy": {"status": "disabled"}},
    },
    "applicationinsights:Component": {"workspaceResourceId": f"{_GROUP}/logs", "disableLocalAuth": True},
    "operationalinsights:Workspace": {"features": {"disableLocalAuth": True}, "retentionInDays": 90.0},
    "monitor:DiagnosticSetting": {"logs": [{"categoryGroup": "allLogs", "enabled": True}]},
    "machinelearningservices:Workspace": {
        "workspaceName": "scoring-workspace674561e0",
        "identity": {"type": "UserAssigned", "userAssignedIdentities": [f"{_GROUP}/identity"]},
        "primaryUserAssignedIdentity": f"{_GROUP}/identity",
        "containerRegistry": f"{_GROUP}/registry",
        "publicNetworkAccess": "Disabled",
        "allowPublicAccessWhenBehindVnet": False,
        "imageBuildCompute": "image-builder",
        "managedNetwork": {
            "isolationMode": "AllowOnlyApprovedOutbound",
            "outboundRules": {
                target: {"type": "PrivateEndpoint", "destination": {"subresourceTarget": target}}
                for target in ("blob", "file", "queue", "table", "vault", "registry")
            },
        },
        "systemDatastoresAuthMode": "Identity",
        "hbiWorkspace": True,
        "v1LegacyMode": False,
        "enableDataIsolation": True,
    },
    "machinelearningservices:Compute": {
        "computeName": "nodes-c70edx",
        "name": "nodes-c70edx",
        "identity": {"type": "UserAssigned"},
        "properties": {
            "computeType": "AmlCompute",
            "disableLocalAuth": True,
            "properties": {
                "vmPriority": "LowPriority",
                "remoteLoginPortPublicAccess": "Disabled",
                "enableNodePublicIp": False,
                "subnet": {"id": f"{_GROUP}/subnet"},
                "scaleSettings": {
                    "minNodeCount": 0.0,
                    "maxNodeCount": 4.0,
                    "nodeIdleTimeBeforeScaleDown": "PT2M",
                },
            },
        },
    },
    "machinelearningservices:BatchEndpoint": {
        "endpointName": "digitsd029afa0",
        "properties": {"authMode": "AADToken", "description": ""},
    },
    "pulumi:index:Stash": {
        "input": {
            "schema": 1.0,
            "endpoint": {"name": "digitsd029afa0", "authMode": "AADToken"},
            "default": "mlp",
            "pin": None,
            "keep": 3.0,
            "deployments": {"mlp": DEPLOYMENT},
        }
    },
    "authorization:RoleAssignment": {
        "principalType": "ServicePrincipal",
        "scope": f"{_GROUP}/providers/Microsoft.Storage/storageAccounts/scoringstorage",
        "roleDefinitionId": "/providers/Microsoft.Authorization/roleDefinitions/2a2b9908-6ea1-4ae2-8e65-a410df84e7d1",
    },
    "machinelearningservices:Datastore": {"properties": {"credentials": {"credentialsType": "None"}}},
    "machinelearningservices:WorkspaceConnection": {"properties": {"authType": "AAD"}},
    "machinelearningservices:OnlineEndpoint": {"properties": {"authMode": "AADToken"}},
    "machinelearningservices:ServerlessEndpoint": {"properties": {"authMode": "AAD"}},
    "authorization:RoleDefinition": {
        "scope": "/subscriptions/86066fd7-da8c-45fd-a8ad-9ff37f6b55d7",
        "assignableScopes": ["/subscriptions/86066fd7-da8c-45fd-a8ad-9ff37f6b55d7"],
        "permissions": [
            {"actions": ["Microsoft.MachineLearningServices/workspaces/batchEndpoints/jobs/write"], "dataActions": []}
        ],
    },
    "authorization:ManagementLockByScope": {
        "scope": f"{_GROUP}/providers/Microsoft.Storage/storageAccounts/scoringstorage",
        "level": "CanNotDelete",
    },
    "authorization:ManagementLockAtResourceLevel": {"resourceName": "scoring-vault", "level": "CanNotDelete"},
}


def urn(kind: str) -> str:
    """Return the URN of the stack's resource of a kind."""
    return f"urn:pulumi:dev::tests::{kind}::the-{kind.rpartition(':')[2].lower()}"


DEPENDENCIES: Mapping[str, Mapping[str, Sequence[str]]] = {
    "storage:BlobServiceProperties": {"accountName": [urn("storage:StorageAccount")]},
    "monitor:DiagnosticSetting": {"resourceUri": [urn("keyvault:Vault"), urn("machinelearningservices:Workspace")]},
    "authorization:ManagementLockByScope": {"scope": [urn("storage:StorageAccount")]},
    "authorization:ManagementLockAtResourceLevel": {"resourceName": [urn("keyvault:Vault")]},
    "pulumi:index:Stash": {
        "input": [urn("machinelearningservices:BatchEndpoint"), urn("machinelearningservices:Compute")]
    },
}


def resource(kind: str, changes: Mapping[str, Any] | None = None, *, protected: bool = True) -> Seen:
    """Return the hardened resource of a kind, with the properties at some dotted paths changed or taken out."""
    raw = changed(GOOD[kind], changes or {})
    return Seen(
        kind,
        Properties(unknown_checking_proxy(raw)),
        f"the-{kind.rpartition(':')[2].lower()}",
        urn(kind),
        protected=protected,
        depends_on=DEPENDENCIES.get(kind, {}),
    )


def stack(**changes: Mapping[str, Any]) -> list[Seen]:
    """Return the hardened stack; a keyword is the last part of a kind, its value what changes in that resource."""
    return [resource(kind, changes.get(kind.rpartition(":")[2])) for kind in GOOD]


def changed(properties: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return a copy of some properties with changes at dotted paths; objects on the way are made."""
    result = copy.deepcopy(dict(properties))
    for path, value in changes.items():
        *parents, last = path.split(".")
        holder: Any = result
        for key in parents:
            holder = holder.setdefault(key, {})
        if value is MISSING:
            holder.pop(last, None)
        else:
            holder[last] = value
    return result
