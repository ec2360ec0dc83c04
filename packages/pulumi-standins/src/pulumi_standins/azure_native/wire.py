"""The differences between Pulumi's names of properties and ARM's.

Most names are the same on both sides. Two kinds are not: a *flat* resource's inputs are under `properties` in ARM,
except for the members of every ARM resource; and some services spell a member differently. Both come from the public
REST specifications (the provider applies their `x-ms-client-name` and `x-ms-client-flatten`).
"""

from collections.abc import Mapping
from functools import cache

# The members of an ARM resource that are beside `properties`, not in it.
ENVELOPE = frozenset(
    {
        "id",
        "name",
        "type",
        "location",
        "tags",
        "identity",
        "sku",
        "kind",
        "etag",
        "managedBy",
        "plan",
        "systemData",
        "extendedLocation",
        "zones",
    }
)
_CONNECTION = {
    name: f"properties.{name}" for name in ("privateEndpoint", "privateLinkServiceConnectionState", "provisioningState")
}
_NAMES: Mapping[str, Mapping[str, str]] = {
    "applicationinsights:Component": {
        "applicationType": "properties.Application_Type",
        "flowType": "properties.Flow_Type",
        "requestSource": "properties.Request_Source",
        "immediatePurgeDataOn30Days": "properties.ImmediatePurgeDataOn30Days",
        **{
            name: f"properties.{name[0].upper()}{name[1:]}"
            for name in (
                "appId",
                "applicationId",
                "connectionString",
                "creationDate",
                "disableIpMasking",
                "disableLocalAuth",
                "forceCustomerStorageForProfiler",
                "hockeyAppId",
                "hockeyAppToken",
                "ingestionMode",
                "instrumentationKey",
                "laMigrationDate",
                "privateLinkScopedResources",
                "retentionInDays",
                "samplingPercentage",
                "tenantId",
                "workspaceResourceId",
            )
        },
    },
    "applicationinsights:PrivateLinkScopedResource": {"resourceId": "ResourceId", "scopeId": "ScopeId"},
    "authorization:RoleDefinition": {"roleType": "properties.type"},
    "containerregistry:IPRule": {"iPAddressOrRange": "value"},
    "containerregistry:PrivateEndpointConnection": _CONNECTION,
    "keyvault:PrivateEndpointConnectionItem": _CONNECTION,
    "machinelearningservices:PrivateEndpointConnection": _CONNECTION,
    "machinelearningservices:SharedPrivateLinkResource": {
        name: f"properties.{name}" for name in ("groupId", "privateLinkResourceId", "requestMessage", "status")
    },
    "monitor:MetricAlertMultipleResourceMultipleMetricCriteria": {"odataType": "odata.type"},
    "monitor:MetricAlertSingleResourceMultipleMetricCriteria": {"odataType": "odata.type"},
    "monitor:WebtestLocationAvailabilityCriteria": {"odataType": "odata.type"},
    "operationalinsights:Workspace": {"sku": "properties.sku"},
    "storage:Encryption": {"encryptionIdentity": "identity", "keyVaultProperties": "keyvaultproperties"},
    "storage:EncryptionIdentity": {
        "encryptionFederatedIdentityClientId": "federatedIdentityClientId",
        "encryptionUserAssignedIdentity": "userAssignedIdentity",
    },
    "storage:IPRule": {"iPAddressOrRange": "value"},
    "storage:KeyVaultProperties": {"keyName": "keyname", "keyVaultUri": "keyvaulturi", "keyVersion": "keyversion"},
    "storage:PrivateEndpointConnection": _CONNECTION,
    "storage:StorageAccount": {
        "enableHttpsTrafficOnly": "properties.supportsHttpsTrafficOnly",
        "enableNfsV3": "properties.isNfsV3Enabled",
        "networkRuleSet": "properties.networkAcls",
    },
    "storage:VirtualNetworkRule": {"virtualNetworkResourceId": "id"},
}
# Their single wire name contains a dot, so it is not a path.
_DOTTED = frozenset({"odata.type"})


@cache
def wire_path(scope: str, name: str, *, flat: bool = False) -> tuple[str, ...]:
    """The members to walk in an ARM body to the property `name`.

    Args:
        scope: the type that has the property, `module:Type`; an output type's `Response` suffix does not matter.
        name: the property's Pulumi name.
        flat: the type is a flat resource.
    """
    other = _NAMES.get(scope.removesuffix("Response"), {}).get(name)
    if other is not None:
        return (other,) if other in _DOTTED else tuple(other.split("."))
    return ("properties", name) if flat and name not in ENVELOPE else (name,)
