"""The dev stack's resources without components, settings or a release: the floor for what the program may cost.

tests/components/test_program.py checks that it declares the same resource types, as often as the program does.
"""

import uuid
from typing import TypedDict

import pulumi
from pulumi_azure_native import (
    applicationinsights,
    authorization,
    containerregistry,
    keyvault,
    managedidentity,
    monitor,
    operationalinsights,
    resources,
    storage,
)
from pulumi_azure_native import machinelearningservices as ml

LOCATION = "westeurope"
CONTRIBUTOR = "b24988ac-6180-42a0-ab88-20f7382dd24c"
BLOB_CONTRIBUTOR = "ba92f5b4-2d11-453d-a403-e96b0029c9fe"
FILE_CONTRIBUTOR = "69566ab7-960f-475b-8e7c-b3118f30c6bd"
VAULT_ADMINISTRATOR = "00482a5a-887f-4fb3-b363-3b7fe8e74483"
METRICS_PUBLISHER = "3913510d-42f4-4e42-8a64-420c390055eb"

me = authorization.get_client_config()
group = resources.ResourceGroup("flat-group", location=LOCATION)


class Place(TypedDict):
    """What most resources take."""

    resource_group_name: pulumi.Output[str]
    location: str


place: Place = {"resource_group_name": group.name, "location": LOCATION}

account = storage.StorageAccount(
    "flatstorage",
    **place,
    kind=storage.Kind.STORAGE_V2,
    sku=storage.SkuArgs(name=storage.SkuName.STANDARD_LRS),
    allow_shared_key_access=False,
    minimum_tls_version=storage.MinimumTlsVersion.TLS1_2,
)
retention = storage.DeleteRetentionPolicyArgs(enabled=True, days=7)
storage.BlobServiceProperties(
    "flat-blobs",
    account_name=account.name,
    resource_group_name=group.name,
    blob_services_name="default",
    delete_retention_policy=retention,
    container_delete_retention_policy=retention,
)
logs = operationalinsights.Workspace("flat-logs", **place, retention_in_days=90)
insights = applicationinsights.Component(
    "flat-insights",
    **place,
    kind="web",
    application_type=applicationinsights.ApplicationType.WEB,
    workspace_resource_id=logs.id,
    disable_local_auth=True,
)
vault = keyvault.Vault(
    "flat-vault",
    **place,
    properties=keyvault.VaultPropertiesArgs(
        tenant_id=me.tenant_id,
        sku=keyvault.SkuArgs(family=keyvault.SkuFamily.A, name=keyvault.SkuName.STANDARD),
        enable_rbac_authorization=True,
    ),
)
registry = containerregistry.Registry(
    "flatregistry", **place, sku=containerregistry.SkuArgs(name=containerregistry.SkuName.STANDARD)
)
identity = managedidentity.UserAssignedIdentity("flat-workspace-identity", **place)
compute_identity = managedidentity.UserAssignedIdentity("flat-compute-identity", **place)


def grant(
    name: str, role: str, scope: pulumi.Output[str], principal: pulumi.Input[str]
) -> authorization.RoleAssignment:
    """Declare one role assignment."""
    return authorization.RoleAssignment(
        name,
        role_assignment_name=str(uuid.uuid5(uuid.NAMESPACE_URL, name)),
        scope=scope,
        principal_id=principal,
        principal_type="ServicePrincipal",
        role_definition_id=f"/subscriptions/{me.subscription_id}/providers/Microsoft.Authorization/roleDefinitions/{role}",
    )


# As many as the program has. The workspace's have to be its real ones; which roles the others are does not change what
# an unchanged one costs.
of_workspace = [
    *((CONTRIBUTOR, each) for each in (account.id, vault.id, registry.id, insights.id)),
    (BLOB_CONTRIBUTOR, account.id),
    (FILE_CONTRIBUTOR, account.id),
    (VAULT_ADMINISTRATOR, vault.id),
    (METRICS_PUBLISHER, insights.id),
]
grants = [
    grant(f"flat-workspace-{number}", role, scope, identity.principal_id)
    for number, (role, scope) in enumerate(of_workspace)
]
for number, scope in enumerate((account.id, vault.id, registry.id, insights.id)):
    grant(f"flat-compute-{number}", BLOB_CONTRIBUTOR, scope, compute_identity.principal_id)
grant("flat-deployer", BLOB_CONTRIBUTOR, account.id, me.object_id)

workspace = ml.Workspace(
    "flat-workspace",
    **place,
    kind="Default",
    identity=ml.ManagedServiceIdentityArgs(
        type=ml.ManagedServiceIdentityType.USER_ASSIGNED, user_assigned_identities=[identity.id]
    ),
    primary_user_assigned_identity=identity.id,
    storage_account=account.id,
    key_vault=vault.id,
    container_registry=registry.id,
    application_insights=insights.id,
    system_datastores_auth_mode=ml.SystemDatastoresAuthMode.IDENTITY,
    opts=pulumi.ResourceOptions(depends_on=grants),
)
grant("flat-workspace-itself", CONTRIBUTOR, workspace.id, identity.principal_id)
for name, resource in (("vault", vault.id), ("workspace", workspace.id)):
    monitor.DiagnosticSetting(
        f"flat-{name}-logs",
        resource_uri=resource,
        workspace_id=logs.id,
        logs=[monitor.DiagnosticsLogSettingsArgs(category_group="audit", enabled=True)],
    )
cluster = ml.Compute(
    "flat",
    resource_group_name=group.name,
    workspace_name=workspace.name,
    location=LOCATION,
    identity=ml.ManagedServiceIdentityArgs(
        type=ml.ManagedServiceIdentityType.USER_ASSIGNED, user_assigned_identities=[compute_identity.id]
    ),
    properties=ml.AmlComputeArgs(
        compute_type="AmlCompute",
        properties=ml.AmlComputePropertiesArgs(
            vm_size="STANDARD_DS11_V2",
            vm_priority=ml.VmPriority.DEDICATED,
            scale_settings=ml.ScaleSettingsArgs(max_node_count=2, node_idle_time_before_scale_down="PT2M"),
        ),
    ),
)
endpoint = ml.BatchEndpoint(
    "flat",
    resource_group_name=group.name,
    workspace_name=workspace.name,
    location=LOCATION,
    properties=ml.BatchEndpointPropertiesArgs(auth_mode="AADToken"),
    tags={},
)

pulumi.export("group", group.name)
pulumi.export("workspace", workspace.name)
pulumi.export("cluster", cluster.name)
pulumi.export("endpoint", endpoint.name)
