"""Every rule on single resources, as a function: it passes, fails, meets nothing, and meets what is not known yet."""

from typing import Any, NamedTuple

import pytest

from policy import RULES
from policy.rule import ResourceRule
from tests.policy.world import DEPLOYMENT, GOOD, MISSING, UNKNOWN, resource

STORAGE = "storage:StorageAccount"
BLOBS = "storage:BlobServiceProperties"
VAULT = "keyvault:Vault"
REGISTRY = "containerregistry:Registry"
WORKSPACE = "machinelearningservices:Workspace"
CLUSTER = "machinelearningservices:Compute"
ENDPOINT = "machinelearningservices:BatchEndpoint"
STASH = "pulumi:index:Stash"
GRANT = "authorization:RoleAssignment"
LOCK = "authorization:ManagementLockByScope"
NODES = "properties.properties"
SCALE = f"{NODES}.scaleSettings"
WORDS = "letters, digits and single hyphens, starting with a letter and not ending with a hyphen"
ASSETS = "letters, digits, hyphens and underscores, a letter or digit first"
USED_ASSETS = "letters, digits, dots, hyphens and underscores, no dot or hyphen first"
SCOPE = "it must be one resource, not a group, subscription or management group."
MLP = "input.deployments.mlp"


class Row(NamedTuple):
    """One property that a rule reads: a value that fails and what is said, and what its absence leads to."""

    rule: str
    kind: str
    path: str
    bad: object
    said: str
    absent: str | None
    """The message for a missing property; None if that passes."""


def must_be(rule: str, kind: str, path: str, bad: object, wanted: str, *, absent: bool = True) -> Row:
    """Return the row of a rule on one value; `absent` says whether its absence fails too."""
    shown = str(bad).lower() if isinstance(bad, bool) else repr(bad)
    missing = f"{path} is not set; it must be {wanted}." if absent else None
    return Row(rule, kind, path, bad, f"{path} is {shown}; it must be {wanted}.", missing)


ROWS = [
    must_be("storage-account-shared-keys-off", STORAGE, "allowSharedKeyAccess", True, "false"),
    must_be("storage-account-entra-default", STORAGE, "defaultToOAuthAuthentication", False, "true"),
    must_be("storage-account-anonymous-blobs-off", STORAGE, "allowBlobPublicAccess", True, "false"),
    must_be("storage-container-private", "storage:BlobContainer", "publicAccess", "Blob", "'None'", absent=False),
    must_be("storage-account-tls-1-2", STORAGE, "minimumTlsVersion", "TLS1_0", "'TLS1_2' or 'TLS1_3'"),
    must_be("storage-account-https-only", STORAGE, "enableHttpsTrafficOnly", False, "true"),
    must_be("storage-account-public-network-off", STORAGE, "publicNetworkAccess", "Enabled", "'Disabled'"),
    must_be("storage-account-firewall", STORAGE, "networkRuleSet.defaultAction", "Allow", "'Deny'"),
    must_be(
        "storage-account-trusted-services",
        STORAGE,
        "networkRuleSet.bypass",
        "Logging, Metrics, AzureServices",
        "'AzureServices'",
    ),
    must_be("storage-account-cross-tenant-copies-off", STORAGE, "allowCrossTenantReplication", True, "false"),
    must_be("storage-blobs-soft-delete", BLOBS, "deleteRetentionPolicy.enabled", False, "true"),
    must_be("storage-blobs-soft-delete", BLOBS, "deleteRetentionPolicy.days", 6, "at least 7 days"),
    must_be("storage-blobs-soft-delete", BLOBS, "containerDeleteRetentionPolicy.enabled", False, "true"),
    must_be("storage-blobs-soft-delete", BLOBS, "containerDeleteRetentionPolicy.days", 1, "at least 7 days"),
    must_be(
        "storage-account-infrastructure-encryption",
        STORAGE,
        "encryption.requireInfrastructureEncryption",
        False,
        "true",
    ),
    must_be(
        "storage-account-geo-replication",
        STORAGE,
        "sku.name",
        "Standard_ZRS",
        "'Standard_GRS' or 'Standard_RAGRS' or 'Standard_GZRS' or 'Standard_RAGZRS'",
    ),
    must_be("storage-account-local-users-off", STORAGE, "isLocalUserEnabled", True, "false"),
    must_be("keyvault-vault-roles", VAULT, "properties.enableRbacAuthorization", False, "true"),
    must_be("keyvault-vault-soft-delete", VAULT, "properties.enableSoftDelete", False, "true"),
    must_be("keyvault-vault-soft-delete", VAULT, "properties.softDeleteRetentionInDays", 7, "at least 90 days"),
    must_be("keyvault-vault-purge-protection", VAULT, "properties.enablePurgeProtection", False, "true"),
    must_be("keyvault-vault-firewall", VAULT, "properties.networkAcls.defaultAction", "Allow", "'Deny'"),
    must_be("keyvault-vault-trusted-services", VAULT, "properties.networkAcls.bypass", "None", "'AzureServices'"),
    must_be("keyvault-vault-public-network-off", VAULT, "properties.publicNetworkAccess", "enabled", "'Disabled'"),
    must_be("containerregistry-registry-admin-user-off", REGISTRY, "adminUserEnabled", True, "false"),
    must_be("containerregistry-registry-anonymous-pull-off", REGISTRY, "anonymousPullEnabled", True, "false"),
    must_be("containerregistry-registry-sku", REGISTRY, "sku.name", "Basic", "'Standard' or 'Premium'"),
    must_be("containerregistry-registry-firewall", REGISTRY, "networkRuleSet.defaultAction", "Allow", "'Deny'"),
    must_be("containerregistry-registry-public-network-off", REGISTRY, "publicNetworkAccess", "Enabled", "'Disabled'"),
    must_be("containerregistry-registry-zones", REGISTRY, "zoneRedundancy", "Disabled", "'Enabled'"),
    must_be("containerregistry-registry-export-off", REGISTRY, "policies.exportPolicy.status", "enabled", "'disabled'"),
    must_be(
        "containerregistry-registry-no-quarantine",
        REGISTRY,
        "policies.quarantinePolicy.status",
        "enabled",
        "'disabled'",
        absent=False,
    ),
    must_be("insights-component-entra-only", "applicationinsights:Component", "disableLocalAuth", False, "true"),
    must_be(
        "operationalinsights-workspace-entra-only",
        "operationalinsights:Workspace",
        "features.disableLocalAuth",
        False,
        "true",
    ),
    must_be(
        "operationalinsights-workspace-retention",
        "operationalinsights:Workspace",
        "retentionInDays",
        30,
        "at least 90 days",
    ),
    must_be("machinelearning-workspace-own-identity", WORKSPACE, "identity.type", "SystemAssigned", "'UserAssigned'"),
    must_be("machinelearning-workspace-public-network-off", WORKSPACE, "publicNetworkAccess", "Enabled", "'Disabled'"),
    must_be("machinelearning-workspace-no-network-bypass", WORKSPACE, "allowPublicAccessWhenBehindVnet", True, "false"),
    must_be(
        "machinelearning-workspace-managed-network",
        WORKSPACE,
        "managedNetwork.isolationMode",
        "AllowInternetOutbound",
        "'AllowOnlyApprovedOutbound'",
    ),
    must_be(
        "machinelearning-workspace-identity-datastores",
        WORKSPACE,
        "systemDatastoresAuthMode",
        "AccessKey",
        "'Identity'",
    ),
    must_be("machinelearning-workspace-high-business-impact", WORKSPACE, "hbiWorkspace", False, "true"),
    must_be("machinelearning-workspace-v1-off", WORKSPACE, "v1LegacyMode", True, "false"),
    must_be("machinelearning-workspace-data-isolation", WORKSPACE, "enableDataIsolation", False, "true"),
    Row(
        "machinelearning-workspace-no-customer-key",
        WORKSPACE,
        "encryption",
        {"status": "Enabled"},
        "encryption is set; it must not be.",
        None,
    ),
    Row(
        "machinelearning-workspace-name",
        WORKSPACE,
        "workspaceName",
        "a",
        f"workspaceName is 'a'; it must be 3 to 33 characters: {ASSETS}.",
        None,
    ),
    must_be("machinelearning-cluster-local-auth-off", CLUSTER, "properties.disableLocalAuth", False, "true"),
    must_be(
        "machinelearning-cluster-remote-login-off",
        CLUSTER,
        f"{NODES}.remoteLoginPortPublicAccess",
        "Enabled",
        "'Disabled'",
    ),
    must_be("machinelearning-cluster-no-public-ip", CLUSTER, f"{NODES}.enableNodePublicIp", True, "false"),
    must_be("machinelearning-cluster-own-identity", CLUSTER, "identity.type", "SystemAssigned", "'UserAssigned'"),
    must_be("machinelearning-cluster-scales-to-zero", CLUSTER, f"{SCALE}.minNodeCount", 1, "0", absent=False),
    must_be(
        "machinelearning-cluster-scales-to-zero",
        CLUSTER,
        f"{SCALE}.nodeIdleTimeBeforeScaleDown",
        "PT1H",
        "at most 1800 seconds",
    ),
    Row(
        "machinelearning-cluster-duration",
        CLUSTER,
        f"{SCALE}.nodeIdleTimeBeforeScaleDown",
        "120",
        f"{SCALE}.nodeIdleTimeBeforeScaleDown is '120', which is not an ISO-8601 duration; PT2M is two minutes.",
        None,
    ),
    Row(
        "machinelearning-cluster-no-admin-account",
        CLUSTER,
        f"{NODES}.userAccountCredentials",
        {"adminUserName": "root"},
        f"{NODES}.userAccountCredentials is set; it must not be.",
        None,
    ),
    Row(
        "machinelearning-cluster-name",
        CLUSTER,
        "computeName",
        "nodes-123",
        f"computeName is 'nodes-123'; it must be 3 to 24 characters: {WORDS}, and no hyphen and then only digits at "
        "its end.",
        None,
    ),
    Row(
        "machinelearning-cluster-survives-eviction",
        CLUSTER,
        f"{SCALE}.maxNodeCount",
        1.0,
        f"vmPriority is 'LowPriority' and {SCALE}.maxNodeCount is 1.",
        None,
    ),
    Row(
        "machinelearning-cluster-quota",
        CLUSTER,
        f"{SCALE}.maxNodeCount",
        101.0,
        f"{SCALE}.maxNodeCount is 101; a subscription starts with 100.",
        None,
    ),
    must_be("machinelearning-batchendpoint-entra-only", ENDPOINT, "properties.authMode", "Key", "'AADToken'"),
    Row(
        "machinelearning-batchendpoint-no-keys",
        ENDPOINT,
        "properties.keys",
        {"primaryKey": "k"},
        "properties.keys is set; it must not be.",
        None,
    ),
    Row(
        "machinelearning-batchendpoint-no-user-identity",
        ENDPOINT,
        "identity.type",
        "SystemAssigned,UserAssigned",
        "identity.type is 'SystemAssigned,UserAssigned'; the service refuses it (CannotSetResourceIdentity).",
        None,
    ),
    Row(
        "machinelearning-batchendpoint-name",
        ENDPOINT,
        "endpointName",
        "digits--1",
        f"endpointName is 'digits--1'; it must be 3 to 32 characters: {WORDS}.",
        None,
    ),
    Row(
        "batch-release-schema",
        STASH,
        "input.schema",
        2.0,
        "input.schema is 2; this policy pack reads 1, so it did not check the plan.",
        None,
    ),
    Row(
        "batch-endpoint-entra-only",
        STASH,
        "input.endpoint.authMode",
        "Key",
        "The plan's endpoint.authMode is 'Key'; it must be 'AADToken'.",
        "The plan's endpoint.authMode is not set; it must be 'AADToken'.",
    ),
    Row(
        "batch-deployment-names",
        STASH,
        "input.endpoint.name",
        "-digits",
        f"The endpoint's name is '-digits'; it must be 3 to 32 characters: {WORDS}.",
        None,
    ),
    Row(
        "batch-deployment-names",
        STASH,
        f"{MLP}.model.name",
        "digits mlp",
        f"The model's name of deployment 'mlp' is 'digits mlp'; it must be 1 to 255 characters: {ASSETS}.",
        None,
    ),
    Row(
        "batch-deployment-names",
        STASH,
        f"{MLP}.environment.name",
        ".scoring",
        f"The environment's name of deployment 'mlp' is '.scoring'; it must be 1 to 255 characters: {USED_ASSETS}.",
        None,
    ),
    Row(
        "batch-endpoint-default",
        STASH,
        "input.default",
        "forest",
        "The plan's default is 'forest', which is not one of its deployments.",
        "The plan's default is not set, which is not one of its deployments.",
    ),
    Row(
        "batch-endpoint-deployments",
        STASH,
        "input.keep",
        20.0,
        "1 deployments with 20 kept revisions each make 21 during a release; an endpoint can have 20.",
        None,
    ),
    *(
        Row(
            "batch-deployment-settings",
            STASH,
            f"{MLP}.settings.{setting}",
            bad,
            f"{setting} of deployment 'mlp' is {said}; it must be a whole number from {least}.",
            None,
        )
        for setting, bad, said, least in (
            ("instanceCount", 0.0, "0", 1),
            ("maxConcurrencyPerInstance", 0.0, "0", 1),
            ("miniBatchSize", 1.5, "1.5", 1),
            ("maxRetries", -1.0, "-1", 0),
            ("timeoutSeconds", 0.0, "0", 1),
            ("errorThreshold", -2.0, "-2", -1),
        )
    ),
    Row(
        "batch-deployment-tried-out",
        STASH,
        f"{MLP}.tryOut",
        None,
        "Deployment 'mlp' has no try-out, so that the default can move to a model that nobody tried.",
        "Deployment 'mlp' has no try-out, so that the default can move to a model that nobody tried.",
    ),
    Row(
        "batch-deployment-fixed-content",
        STASH,
        f"{MLP}.environment.image",
        "base:latest",
        "The image of deployment 'mlp' is 'base:latest'; it must have a tag other than latest, or a digest.",
        None,
    ),
    *(
        Row(
            "batch-deployment-fixed-content",
            STASH,
            f"{MLP}.{part}.label",
            "latest",
            f"The {part} of deployment 'mlp' has the label 'latest'; it must have a version.",
            None,
        )
        for part in ("model", "environment")
    ),
    must_be(
        "authorization-assignment-principal-type",
        GRANT,
        "principalType",
        "Device",
        "'ServicePrincipal' or 'User' or 'Group'",
    ),
    Row(
        "authorization-assignment-one-resource",
        GRANT,
        "scope",
        "/subscriptions/1/resourceGroups/scoring",
        f"scope is '/subscriptions/1/resourceGroups/scoring'; {SCOPE}",
        None,
    ),
    Row(
        "authorization-assignment-gives-no-roles",
        GRANT,
        "roleDefinitionId",
        "/providers/Microsoft.Authorization/roleDefinitions/8E3AF657-A8FF-443C-A75C-2FE8C4BCB635",
        "roleDefinitionId is Owner, which lets its holder grant roles.",
        None,
    ),
    Row(
        "authorization-role-small",
        "authorization:RoleDefinition",
        "permissions",
        [{"actions": ["Microsoft.MachineLearningServices/workspaces/batchEndpoints/write"]}],
        "It allows 'Microsoft.MachineLearningServices/workspaces/batchEndpoints/write', which changes what an endpoint "
        "serves.",
        None,
    ),
    Row(
        "authorization-role-spelled-out",
        "authorization:RoleDefinition",
        "permissions",
        [{"dataActions": ["*/read"]}],
        "dataActions has '*/read'; only reading may have a wildcard, in actions: '*/read'.",
        None,
    ),
    Row(
        "authorization-role-one-subscription",
        "authorization:RoleDefinition",
        "assignableScopes",
        ["/"],
        "It can be assigned at '/', which is not in a subscription.",
        None,
    ),
    must_be(
        "machinelearning-datastore-no-keys",
        "machinelearningservices:Datastore",
        "properties.credentials.credentialsType",
        "AccountKey",
        "'None'",
    ),
    must_be(
        "machinelearning-connection-no-keys",
        "machinelearningservices:WorkspaceConnection",
        "properties.authType",
        "PAT",
        "'AAD' or 'ManagedIdentity' or 'None'",
    ),
    must_be(
        "machinelearning-onlineendpoint-entra-only",
        "machinelearningservices:OnlineEndpoint",
        "properties.authMode",
        "Key",
        "'AADToken'",
    ),
    Row(
        "machinelearning-onlineendpoint-entra-only",
        "machinelearningservices:OnlineEndpoint",
        "properties.keys",
        {"primaryKey": "k"},
        "properties.keys is set; it must not be.",
        None,
    ),
    must_be(
        "machinelearning-serverlessendpoint-entra-only",
        "machinelearningservices:ServerlessEndpoint",
        "properties.authMode",
        "Key",
        "'AAD'",
    ),
    must_be(
        "machinelearning-compute-cluster-only", CLUSTER, "properties.computeType", "ComputeInstance", "'AmlCompute'"
    ),
    Row(
        "authorization-lock-not-on-group",
        LOCK,
        "scope",
        "/subscriptions/1/resourceGroups/scoring",
        "It locks a whole resource group or more.",
        None,
    ),
    must_be("authorization-lock-delete-only", LOCK, "level", "ReadOnly", "'CanNotDelete'"),
]

# Rules that only ask whether something is there: any value passes, and so does one that is not known yet.
PRESENCE = {
    "insights-component-workspace-based": ("applicationinsights:Component", "workspaceResourceId"),
    "machinelearning-workspace-own-registry": (WORKSPACE, "containerRegistry"),
    "machinelearning-workspace-image-builder": (WORKSPACE, "imageBuildCompute"),
    "machinelearning-cluster-in-network": (CLUSTER, "properties.properties.subnet.id"),
}
PROTECTED = {
    "storage-account-protected": STORAGE,
    "keyvault-vault-protected": VAULT,
    "machinelearning-workspace-protected": WORKSPACE,
}
OUTBOUND = "machinelearning-workspace-private-outbound"
RESOURCE_RULES = {rule.name: rule for rule in RULES if isinstance(rule, ResourceRule) and rule.kinds}


def rows(row: Row) -> str:
    """Name a row in pytest's output."""
    return f"{row.rule}:{row.path.rpartition('.')[2]}"


def problems(rule: str, kind: str, changes: dict[str, Any] | None = None, **configured: float) -> list[str]:
    """Return what a rule says of a hardened resource after some changes."""
    return RESOURCE_RULES[rule].problems(resource(kind, changes), configured)


def test_every_rule_has_its_row() -> None:
    assert {row.rule for row in ROWS} | PRESENCE.keys() | PROTECTED.keys() | {OUTBOUND} == RESOURCE_RULES.keys()


@pytest.mark.parametrize("rule", RESOURCE_RULES.values(), ids=RESOURCE_RULES.keys())
def test_passes_on_a_hardened_stack(rule: ResourceRule) -> None:
    judged = [kind for kind in rule.kinds if kind in GOOD]
    assert judged
    assert [rule.problems(resource(kind)) for kind in judged] == [[]] * len(judged)


@pytest.mark.parametrize("row", ROWS, ids=rows)
def test_fails_with_what_was_found_and_what_must_be(row: Row) -> None:
    assert problems(row.rule, row.kind, {row.path: row.bad}) == [row.said]


@pytest.mark.parametrize("row", ROWS, ids=rows)
def test_absent(row: Row) -> None:
    expected = [] if row.absent is None else [row.absent]
    assert problems(row.rule, row.kind, {row.path: MISSING}) == expected
    assert problems(row.rule, row.kind, {row.path: None}) == expected
    parent = row.path.rpartition(".")[0]
    if parent and row.kind not in (STASH, CLUSTER):  # without those objects it is neither a marker nor a cluster
        assert set(expected) <= set(problems(row.rule, row.kind, {parent: MISSING}))


@pytest.mark.parametrize("row", ROWS, ids=rows)
def test_unknown_in_a_preview_never_fails(row: Row) -> None:
    parts = row.path.split(".")
    for depth in range(1, len(parts) + 1):
        path = ".".join(parts[:depth])
        assert problems(row.rule, row.kind, {path: UNKNOWN}) == [], path


@pytest.mark.parametrize(("rule", "where"), PRESENCE.items(), ids=PRESENCE.keys())
def test_presence(rule: str, where: tuple[str, str]) -> None:
    kind, path = where
    assert problems(rule, kind, {path: MISSING}) == [f"{path} is not set."]
    assert problems(rule, kind, {path: UNKNOWN}) == []


@pytest.mark.parametrize(("rule", "kind"), PROTECTED.items(), ids=PROTECTED.keys())
def test_protection(rule: str, kind: str) -> None:
    found = RESOURCE_RULES[rule].problems(resource(kind, protected=False))
    assert found == ["It is not protected: Pulumi would delete it."]


def test_private_endpoints_of_the_managed_network() -> None:
    rules = "managedNetwork.outboundRules"
    assert problems(OUTBOUND, WORKSPACE, {f"{rules}.queue": MISSING, f"{rules}.table.type": "FQDN"}) == [
        f"{rules} has no private endpoint for: queue, table."
    ]
    assert problems(OUTBOUND, WORKSPACE, {"managedNetwork": MISSING}) == [
        f"{rules} has no private endpoint for: blob, file, queue, table, vault, registry."
    ]
    for path in ("managedNetwork", rules, f"{rules}.blob.destination.subresourceTarget"):
        assert problems(OUTBOUND, WORKSPACE, {path: UNKNOWN}) == [], path


def test_the_primary_identity_must_be_named() -> None:
    rule = "machinelearning-workspace-own-identity"
    assert problems(rule, WORKSPACE, {"primaryUserAssignedIdentity": MISSING}) == [
        "primaryUserAssignedIdentity is not set."
    ]
    assert problems(rule, WORKSPACE, {"primaryUserAssignedIdentity": UNKNOWN}) == []


@pytest.mark.parametrize("days", [30, 365])
def test_policy_configuration_moves_a_bound(days: int) -> None:
    path = "deleteRetentionPolicy.days"
    longer = {"containerDeleteRetentionPolicy.days": float(days)}
    assert problems("storage-blobs-soft-delete", BLOBS, {**longer, path: days - 1.0}, days=float(days)) == [
        f"{path} is {days - 1}; it must be at least {days} days."
    ]
    assert problems("storage-blobs-soft-delete", BLOBS, {**longer, path: float(days)}, days=float(days)) == []


def test_computes_that_are_no_clusters_are_left_alone() -> None:
    instance = {"properties.computeType": "ComputeInstance", "properties.disableLocalAuth": False}
    assert problems("machinelearning-cluster-local-auth-off", CLUSTER, instance) == []


def test_a_dedicated_cluster_may_have_one_node() -> None:
    changes = {f"{NODES}.vmPriority": "Dedicated", f"{SCALE}.maxNodeCount": 1.0}
    assert problems("machinelearning-cluster-survives-eviction", CLUSTER, changes) == []
    unknown = {f"{NODES}.vmPriority": UNKNOWN, f"{SCALE}.maxNodeCount": 1.0}
    assert problems("machinelearning-cluster-survives-eviction", CLUSTER, unknown) == []


@pytest.mark.parametrize("kind", ["ResourceGroupLevel", "SubscriptionLevel"])
def test_locks_that_are_wide_by_their_type(kind: str) -> None:
    rule = RESOURCE_RULES["authorization-lock-not-on-group"]
    lock = resource(LOCK)
    wide = type(lock)(f"authorization:ManagementLockAt{kind}", lock.properties)
    assert rule.problems(wide) == ["It locks a whole resource group or more."]


@pytest.mark.parametrize("name", ["my.model", "-mlp", "mlp--2", "mlp-", "m" * 33])
def test_names_of_deployments(name: str) -> None:
    (said,) = problems("batch-deployment-names", STASH, {"input.deployments": {name: DEPLOYMENT}})
    assert said == f"The deployment's name is {name!r}; it must be 1 to 32 characters: {WORDS}."


def test_a_stash_that_is_no_marker_is_left_alone() -> None:
    others: list[Any] = ["text", {"schema": 2.0}, {"schema": "2", "deployments": {}}, [1.0], None]
    for content in others:
        found = {rule.name: rule.problems(resource(STASH, {"input": content})) for rule in RESOURCE_RULES.values()}
        assert {name: said for name, said in found.items() if said} == {}, content


def test_twenty_deployments_with_their_kept_revisions() -> None:
    for count, keep, fits in ((20, 0, True), (21, 0, False), (5, 3, True), (6, 3, False)):
        many = {f"mlp{index}": DEPLOYMENT for index in range(count)}
        said = problems("batch-endpoint-deployments", STASH, {"input.deployments": many, "input.keep": float(keep)})
        assert (said == []) is fits


@pytest.mark.parametrize(
    ("image", "is_fixed"),
    [
        ("base:1", True),
        ("example.com:5000/base:1", True),
        ("base:latest", False),
        ("base", False),
        ("example.com:5000/base", False),
        (f"base@sha256:{'0' * 64}", True),
        (f"base:latest@sha256:{'0' * 64}", True),
    ],
)
def test_images_that_stay_what_they_are(image: str, is_fixed: bool) -> None:
    found = problems("batch-deployment-fixed-content", STASH, {f"{MLP}.environment": {"image": image}})
    assert (found == []) is is_fixed
