"""The plain services, through the router: what they store, what they fill in, and what they refuse with which text.

Does not prove anything about HTTP, tokens or the provider: test_provider and the end-to-end tests do.
"""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from made_world import close, make_world
from sandbox.azure.arm.errors import ArmError
from sandbox.azure.arm.requests import ArmRequest, ArmResponse, OperationFault, Principal
from sandbox.azure.authorization.built_in import OWNER
from sandbox.azure.authorization.evaluation import Assignment
from sandbox.azure.blobs.store import BlobStore
from sandbox.azure.services import (
    authorization,
    logic,
    managed_identity,
    monitor,
    registry,
    resources,
    storage,
    subscriptions,
    vault,
)

SUB = "11111111-1111-1111-1111-111111111111"
TENANT = "22222222-2222-2222-2222-222222222222"
DEPLOYER = Principal("deployer", "33333333-3333-3333-3333-333333333333", "44444444-4444-4444-4444-444444444444", TENANT)
GROUP = f"/subscriptions/{SUB}/resourceGroups/rg"
CONTRIBUTOR = (
    f"/subscriptions/{SUB}/providers/Microsoft.Authorization/roleDefinitions/b24988ac-6180-42a0-ab88-20f7382dd24c"
)


class RecordingBlobs(BlobStore):
    """Remembers what the services ask of blob storage, and does it."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.calls: list[tuple[str, ...]] = []

    def create_container(self, account: str, container: str) -> None:
        self.calls.append(("create_container", account, container))
        super().create_container(account, container)

    def delete_container(self, account: str, container: str) -> None:
        self.calls.append(("delete_container", account, container))
        super().delete_container(account, container)

    def delete_account(self, account: str) -> None:
        self.calls.append(("delete_account", account))
        super().delete_account(account)


class Arm:
    """A router with all plain services, called without HTTP."""

    def __init__(self, home: Path) -> None:
        owner = Assignment("/owner", f"/subscriptions/{SUB}", DEPLOYER.object_id, OWNER)
        self.world = make_world(home, SUB, TENANT, [owner], principals=[DEPLOYER.object_id], blobs=RecordingBlobs)
        self.store, self.blobs = self.world.store, cast("RecordingBlobs", self.world.blobs)
        for service in (
            subscriptions,
            resources,
            storage,
            vault,
            registry,
            managed_identity,
            monitor,
            logic,
            authorization,
        ):
            service.register(self.world)

    def __call__(
        self, method: str, path: str, body: Any = None, fault: OperationFault | None = None, **query: str
    ) -> ArmResponse:
        path, _, tail = path.partition("?")
        query |= dict(part.split("=", 1) for part in tail.split("&") if part)
        query.setdefault("api-version", "2024-01-01")
        request = ArmRequest(method, "management.azure.com", path, query, {}, body, DEPLOYER, 1, {}, fault)
        return asyncio.run(self.world.router.dispatch(request))

    def refused(self, method: str, path: str, body: Any = None) -> tuple[int, str, str]:
        with pytest.raises(ArmError) as caught:
            self(method, path, body)
        return caught.value.status, caught.value.code, caught.value.message


@pytest.fixture
def arm(tmp_path: Path) -> Iterator[Arm]:
    """A fresh sandbox core with one resource group ``rg``."""
    made = Arm(tmp_path)
    made("PUT", GROUP, {"location": "West Europe"})
    yield made
    close(made.world)


ACCOUNT_PATH = f"{GROUP}/providers/Microsoft.Storage/storageAccounts/stdata"


def account(arm: Arm, name: str = "stdata", **properties: Any) -> ArmResponse:
    body = {"location": "westeurope", "kind": "StorageV2", "sku": {"name": "Standard_LRS"}, "properties": properties}
    return arm("PUT", f"{GROUP}/providers/Microsoft.Storage/storageAccounts/{name}", body)


def path_of(url: str) -> str:
    return url.removeprefix("https://management.azure.com")


def test_a_resource_group_answers_in_canonical_form(arm: Arm) -> None:
    assert arm("GET", GROUP.upper()).body == {
        "id": GROUP,
        "name": "rg",
        "type": "Microsoft.Resources/resourceGroups",
        "location": "westeurope",
        "properties": {"provisioningState": "Succeeded"},
    }


def test_the_regions_are_listed(arm: Arm) -> None:
    names = [each["name"] for each in arm("GET", f"/subscriptions/{SUB}/locations").body["value"]]
    assert len(names) == len(set(names)) == 50
    assert {"westeurope", "eastus2"} < set(names)


def test_resource_providers_are_registered_until_somebody_ends_that(arm: Arm) -> None:
    vaults = f"/subscriptions/{SUB}/providers/Microsoft.KeyVault"
    registered = {
        "id": vaults,
        "namespace": "Microsoft.KeyVault",
        "registrationState": "Registered",
        "resourceTypes": [],
    }
    assert arm("GET", vaults.replace("Vault", "vault")).body == registered
    assert arm("POST", f"{vaults}/unregister").body == {**registered, "registrationState": "NotRegistered"}
    assert arm("GET", vaults).body["registrationState"] == "NotRegistered"
    assert arm("GET", f"/subscriptions/{SUB}/providers/Microsoft.Storage").body["registrationState"] == "Registered"
    assert arm("POST", f"{vaults}/register").body == registered
    assert arm.refused("GET", f"/subscriptions/{SUB}/providers/Microsoft.Vaults") == (
        404,
        "InvalidResourceNamespace",
        "The resource namespace 'Microsoft.Vaults' is invalid.",
    )


def test_router_refusals(arm: Arm) -> None:
    missing = f"/subscriptions/{SUB}/resourceGroups/nope/providers/Microsoft.KeyVault/vaults/v"
    assert arm.refused("GET", missing) == (404, "ResourceGroupNotFound", "Resource group 'nope' could not be found.")
    other = "/subscriptions/99999999-0000-0000-0000-000000000000"
    assert arm.refused("GET", other)[:2] == (404, "SubscriptionNotFound")
    assert arm.refused("PATCH", GROUP)[:2] == (405, "MethodNotAllowed")
    assert arm.refused("GET", f"{GROUP}/providers/Microsoft.Compute/virtualMachines/vm")[:2] == (
        501,
        "NotModelledInSandbox",
    )
    with pytest.raises(ArmError, match="api-version query parameter"):
        asyncio.run(
            arm.world.router.dispatch(ArmRequest("GET", "management.azure.com", GROUP, {}, {}, None, DEPLOYER, 1))
        )


@pytest.mark.parametrize(
    "path",
    [f"{GROUP}/resources", f"{GROUP}/providers/Microsoft.KeyVault/vaults", f"/subscriptions/{SUB}/resourceGroups"],
)
def test_a_query_parameter_that_is_not_modelled_is_refused_by_name(arm: Arm, path: str) -> None:
    assert arm.refused("GET", f"{path}?$filter=name") == (
        501,
        "NotModelledInSandbox",
        (
            f"The sandbox does not model the query parameter '$filter' of GET {path} (only none)."
            " See behaviour.md of the sandbox for what it does."
        ),
    )


def test_creating_an_account_is_a_long_running_operation(arm: Arm) -> None:
    answer = account(arm, allowSharedKeyAccess=False)
    assert answer.status == 202
    assert answer.headers["retry-after-ms"] == "20"
    location = path_of(answer.headers["Location"])
    assert arm("GET", location).status == 202
    done = arm("GET", location)
    assert done.status == 200
    assert done.body["properties"]["allowSharedKeyAccess"] is False
    assert done.body["properties"]["networkAcls"]["defaultAction"] == "Allow"
    assert done.body["properties"]["primaryEndpoints"]["blob"] == "https://stdata.blob.core.windows.net/"


def test_a_put_replaces_and_refuses_unknown_members(arm: Arm) -> None:
    account(arm, isSftpEnabled=False)
    again = account(arm)
    assert again.status == 200
    assert "isSftpEnabled" not in again.body["properties"]
    status, code, message = arm.refused(
        "PUT",
        f"{GROUP}/providers/Microsoft.Storage/storageAccounts/stdata",
        {"location": "westeurope", "properties": {"minimum_tls_version": "TLS1_2"}},
    )
    assert (status, code) == (400, "InvalidRequestContent")
    assert message.startswith(
        "The request content was invalid: Could not find member 'minimum_tls_version'."
        " Path 'properties.minimum_tls_version'; allowed here: accessTier, "
    )


def test_the_redundancy_changes_in_place_within_its_zones(arm: Arm) -> None:
    account(arm)
    path = f"{GROUP}/providers/Microsoft.Storage/storageAccounts/stdata"
    body: dict[str, Any] = {"location": "westeurope", "kind": "StorageV2", "properties": {}}
    assert arm("PUT", path, {**body, "sku": {"name": "Standard_RAGRS"}}).status == 200
    assert arm.refused("PUT", path, {**body, "sku": {"name": "Standard_GZRS"}}) == (
        409,
        "StorageAccountTypeConversionNotAllowed",
        "The storage account type cannot be changed from Standard_RAGRS to Standard_GZRS by an update.",
    )


@pytest.mark.parametrize("name", ["ab", "Abc", "with-hyphen", "a" * 25])
def test_account_names(arm: Arm, name: str) -> None:
    status, code, _ = arm.refused(
        "PUT", f"{GROUP}/providers/Microsoft.Storage/storageAccounts/{name}", {"location": "westeurope"}
    )
    assert (status, code) == (400, "InvalidResourceName")


def test_account_names_are_unique_in_the_cloud(arm: Arm) -> None:
    account(arm)
    arm("PUT", f"/subscriptions/{SUB}/resourceGroups/other", {"location": "westeurope"})
    elsewhere = f"/subscriptions/{SUB}/resourceGroups/other/providers/Microsoft.Storage/storageAccounts/stdata"
    assert arm.refused("PUT", elsewhere, {"location": "westeurope"}) == (
        409,
        "StorageAccountAlreadyTaken",
        "The storage account named stdata is already taken.",
    )


def test_files_of_another_tenants_account_take_its_name(arm: Arm) -> None:
    arm.blobs.create_container("stdata", "input")
    body = {"location": "westeurope", "kind": "StorageV2", "sku": {"name": "Standard_LRS"}}
    assert arm.refused("PUT", ACCOUNT_PATH, body) == (
        409,
        "StorageAccountAlreadyTaken",
        "The storage account named stdata is already taken.",
    )
    assert check_name(arm, {"name": "stdata", "type": "Microsoft.Storage/storageAccounts"}) == {
        "nameAvailable": False,
        "reason": "AlreadyExists",
        "message": "The storage account named stdata is already taken.",
    }
    assert arm.blobs.containers("stdata") == ["input"]


def test_a_name_is_free_once_its_account_is_deleted(arm: Arm) -> None:
    account(arm)
    arm.blobs.create_container("stdata", "input")
    assert arm("DELETE", ACCOUNT_PATH).status == 200
    assert account(arm).status == 202
    assert arm.blobs.containers("stdata") == []


def check_name(arm: Arm, body: Any) -> Any:
    return arm("POST", f"/subscriptions/{SUB}/providers/Microsoft.Storage/checkNameAvailability", body).body


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ([1], "'.' must be an object, not list"),
        ({"name": "stfree"}, "required member 'type' is missing"),
        (
            {"name": "stfree", "type": "Microsoft.Storage/storageAccounts", "nonsense": 1},
            "Could not find member 'nonsense'. Path 'nonsense'; allowed here: name, type",
        ),
    ],
)
def test_the_check_of_a_name_is_strict(arm: Arm, body: Any, message: str) -> None:
    path = f"/subscriptions/{SUB}/providers/Microsoft.Storage/checkNameAvailability"
    assert arm.refused("POST", path, body) == (
        400,
        "InvalidRequestContent",
        f"The request content was invalid: {message}.",
    )


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ([1], "'.' must be an object, not list"),
        ({"properties": [1]}, "'properties' must be an object, not list"),
    ],
)
def test_a_change_of_an_account_is_strict(arm: Arm, body: Any, message: str) -> None:
    account(arm)
    assert arm.refused("PATCH", ACCOUNT_PATH, body) == (
        400,
        "InvalidRequestContent",
        f"The request content was invalid: {message}.",
    )


def test_containers_reach_blob_storage(arm: Arm) -> None:
    account(arm)
    container = f"{GROUP}/providers/Microsoft.Storage/storageAccounts/stdata/blobServices/default/containers/input"
    assert arm("PUT", container, {"properties": {}}).body["properties"]["publicAccess"] == "None"
    assert arm("DELETE", container).status == 200
    assert arm("DELETE", container).status == 204
    assert arm.blobs.calls == [
        ("create_container", "stdata", "input"),
        ("delete_container", "stdata", "input"),
    ]


def test_a_filter_by_equality_reads_values_with_quotes_and_words(arm: Arm) -> None:
    account(arm)
    path = f"/subscriptions/{SUB}/resources"

    def names(condition: str) -> list[str]:
        return [each["name"] for each in arm("GET", f"{path}?$filter={condition}").body["value"]]

    assert names("name eq 'stdata' And resourceGroup eq 'RG'") == ["stdata"]
    assert names("name eq 'stdata and more'") == []
    assert names("name eq 'o''stdata'") == []
    roles = f"/subscriptions/{SUB}/providers/Microsoft.Authorization/roleDefinitions"
    owner = arm("GET", f"{roles}?$filter=roleName eq 'owner'").body["value"]
    assert [each["name"] for each in owner] == [OWNER]
    for asked, text in (
        ("name eq 'a' or name eq 'b'", "name eq 'a' or name eq 'b'"),
        ("name eq 'a' and size eq '1'", "size eq '1'"),
    ):
        with pytest.raises(ArmError) as caught:
            names(asked)
        assert caught.value.message.startswith(
            f"The sandbox does not model '{text}' in the $filter of a list of resources."
        )


def test_a_deleted_vault_keeps_its_name(arm: Arm) -> None:
    url = f"{GROUP}/providers/Microsoft.KeyVault/vaults/kv-one"
    body = {
        "location": "westeurope",
        "properties": {"tenantId": TENANT, "sku": {"family": "A", "name": "standard"}, "enableRbacAuthorization": True},
    }
    assert arm("PUT", url, body).status == 201
    assert arm("DELETE", url).status == 200
    assert arm.refused("GET", url)[0] == 404
    assert arm.refused("PUT", url, body)[:2] == (409, "ConflictError")
    assert arm.refused("PUT", url.replace("kv-one", "KV-One"), body)[:2] == (409, "ConflictError")
    purge = f"/subscriptions/{SUB}/providers/Microsoft.KeyVault/locations/westeurope/deletedVaults/kv-one/purge"
    assert arm("POST", purge).status == 200
    assert arm("PUT", url, body).status == 201


def test_a_deleted_vault_is_recovered_in_its_own_place(arm: Arm) -> None:
    url = f"{GROUP}/providers/Microsoft.KeyVault/vaults/kv-one"
    properties = {"tenantId": TENANT, "sku": {"family": "A", "name": "standard"}}
    recovery = {"location": "westeurope", "properties": {**properties, "createMode": "recover"}}
    assert arm.refused("PUT", url, recovery) == (
        400,
        "SoftDeletedVaultDoesNotExist",
        "There is no soft-deleted vault 'kv-one' to recover.",
    )
    arm("PUT", url, {"location": "westeurope", "properties": properties})
    arm("DELETE", url)
    arm("PUT", f"/subscriptions/{SUB}/resourceGroups/other", {"location": "westeurope"})
    elsewhere = url.replace("resourceGroups/rg", "resourceGroups/other")
    assert arm.refused("PUT", elsewhere, recovery)[:2] == (409, "ConflictError")
    assert arm("PUT", url, recovery).status == 201
    assert arm.store.soft_deleted() == []


def test_deleting_a_group_keeps_soft_deleted_names(arm: Arm) -> None:
    account(arm)
    vault_id = f"{GROUP}/providers/Microsoft.KeyVault/vaults/kv-one"
    arm(
        "PUT",
        vault_id,
        {"location": "westeurope", "properties": {"tenantId": TENANT, "sku": {"name": "standard", "family": "A"}}},
    )
    location = path_of(arm("DELETE", GROUP).headers["Location"])
    assert arm("GET", location).status == 202
    assert arm("GET", location).status == 204
    assert arm.store.below("") == []
    assert [item.id for item in arm.store.soft_deleted()] == [vault_id]


def test_role_assignments(arm: Arm) -> None:
    identity = f"{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-jobs"
    principal = arm("PUT", identity, {"location": "westeurope"}).body["properties"]["principalId"]
    name = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"
    url = f"{GROUP}/providers/Microsoft.Authorization/roleAssignments/{name}"
    body = {
        "properties": {
            "principalId": principal,
            "roleDefinitionId": CONTRIBUTOR,
            "principalType": "ServicePrincipal",
        }
    }
    made = arm("PUT", url, body)
    assert made.status == 201
    assert made.body["properties"]["scope"] == GROUP
    assert made.body["id"] == url
    other = url[:-1] + "f"
    assert arm.refused("PUT", other, body) == (
        409,
        "RoleAssignmentExists",
        f"The role assignment already exists. Its ID is {name}.",
    )
    body["properties"]["principalType"] = "User"
    assert arm.refused("PUT", url, body)[:2] == (400, "UnmatchedPrincipalType")
    body["properties"]["principalId"] = name
    assert arm.refused("PUT", other, body)[:2] == (400, "PrincipalNotFound")
    listed = arm("GET", f"{GROUP}/providers/Microsoft.Authorization/roleAssignments?$filter=atScope()")
    assert [item["name"] for item in listed.body["value"] if item["properties"]["scope"] == GROUP] == [name]
    inherited = {item["properties"]["roleDefinitionId"] for item in listed.body["value"]} - {CONTRIBUTOR}
    assert {role.rsplit("/", 1)[-1] for role in inherited} == {OWNER}


def test_a_failed_operation_leaves_a_failed_account(arm: Arm) -> None:
    url = f"{GROUP}/providers/Microsoft.Storage/storageAccounts/stdata"
    body = {"location": "westeurope", "kind": "StorageV2", "sku": {"name": "Standard_LRS"}}
    answer = arm("PUT", url, body, OperationFault("fail", "QuotaExceeded", "no more accounts"))
    location = path_of(answer.headers["Location"])
    assert arm("GET", location).status == 202
    assert arm.refused("GET", location) == (409, "QuotaExceeded", "no more accounts")
    assert arm("GET", url).body["properties"]["provisioningState"] == "Failed: QuotaExceeded"


def test_telemetry_needs_its_workspace(arm: Arm) -> None:
    url = f"{GROUP}/providers/Microsoft.Insights/components/appi"
    workspace = f"{GROUP}/providers/Microsoft.OperationalInsights/workspaces/logs"
    properties = {"Application_Type": "web", "WorkspaceResourceId": workspace, "DisableLocalAuth": True}
    body = {"location": "westeurope", "kind": "web", "properties": properties}
    assert arm.refused("PUT", url, body)[:2] == (404, "ResourceNotFound")
    arm("PUT", workspace, {"location": "westeurope", "properties": {"retentionInDays": 90}})
    made = arm("PUT", url, body).body
    assert made["properties"]["DisableLocalAuth"] is True
    again = arm("PUT", url, body).body
    assert again["properties"]["InstrumentationKey"] == made["properties"]["InstrumentationKey"]


def test_locks_are_refused_by_name(arm: Arm) -> None:
    url = f"{GROUP}/providers/Microsoft.Authorization/locks/keep"
    assert arm.refused("PUT", url, {"properties": {"level": "CanNotDelete"}})[:2] == (501, "NotModelledInSandbox")


def _alert(scope: str, **changed: Any) -> dict[str, Any]:
    criterion = {
        "name": "failed",
        "criterionType": "StaticThresholdCriterion",
        "metricName": "Failed Runs",
        "operator": "GreaterThan",
        "threshold": 0,
        "timeAggregation": "Total",
    }
    return {
        "location": "global",
        "properties": {
            "criteria": {
                "odata.type": "Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria",
                "allOf": [{**criterion, **changed}],
            },
            "enabled": True,
            "evaluationFrequency": "PT5M",
            "scopes": [scope],
            "severity": 3,
            "windowSize": "PT5M",
        },
    }


def test_an_alert_is_on_a_metric_of_a_resource_that_exists_and_tells_a_group_that_exists(arm: Arm) -> None:
    insights = f"{GROUP}/providers/Microsoft.Insights"
    alert, group = f"{insights}/metricAlerts/failed", f"{insights}/actionGroups/told"
    arm("PUT", GROUP, {"location": "westeurope"})
    assert arm.refused(
        "PUT", group, {"location": "global", "properties": {"groupShortName": "far too long it is"}}
    ) == (
        *(400, "BadRequest"),
        "groupShortName must have 1 to 12 characters, and has 18.",
    )
    told = arm("PUT", group, {"location": "global", "properties": {"groupShortName": "told"}})
    assert (told.status, told.body["properties"]["enabled"]) == (201, True)
    body = _alert(GROUP)
    body["properties"]["actions"] = [{"actionGroupId": f"{group}2"}]
    assert arm.refused("PUT", alert, body)[:2] == (404, "ResourceNotFound")
    body["properties"]["actions"] = [{"actionGroupId": group}]
    made = arm("PUT", alert, body)
    assert (made.status, made.body["properties"]["autoMitigate"]) == (201, True)
    assert arm.refused("PUT", alert, _alert(f"{GROUP}2"))[:2] == (404, "ResourceNotFound")
    for changed in (
        {"metricName": "Failed runs of today"},
        {"metricName": "Unusable Nodes", "timeAggregation": "Count"},
    ):
        name, aggregation = changed["metricName"], changed.get("timeAggregation", "Total")
        assert arm.refused("PUT", alert, _alert(GROUP, **changed)) == (
            *(400, "BadRequest"),
            f"The workspace has no metric '{name}' with aggregation '{aggregation}'.",
        )


def _workflow(**changed: Any) -> dict[str, Any]:
    definition = {
        "$schema": "https://schema.management.azure.com/",
        "contentVersion": "1.0.0.0",
        "triggers": {"Recurrence": {"type": "Recurrence", "recurrence": {"frequency": "Day", "interval": 1}}},
        "actions": {
            "One": {"type": "Http", "runAfter": {}},
            "Two": {"type": "Http", "runAfter": {"One": ["Succeeded"]}},
        },
    }
    return {
        "location": "westeurope",
        "identity": {"type": "SystemAssigned"},
        "properties": {"definition": {**definition, **changed}},
    }


def test_a_workflow_has_an_identity_that_it_keeps_and_that_roles_are_granted_to(arm: Arm) -> None:
    workflow = f"{GROUP}/providers/Microsoft.Logic/workflows/nightly"
    arm("PUT", GROUP, {"location": "westeurope"})
    made = arm("PUT", workflow, _workflow())
    own = made.body["identity"]["principalId"]
    assert (made.status, made.body["properties"]["state"]) == (201, "Enabled")
    assert made.body["properties"]["provisioningState"] == "Succeeded"
    again = arm("PUT", workflow, {**_workflow(), "properties": {**_workflow()["properties"], "state": "Disabled"}})
    assert (again.status, again.body["identity"]["principalId"], again.body["properties"]["state"]) == (
        *(200, own),
        "Disabled",
    )
    grant = f"{GROUP}/providers/Microsoft.Authorization/roleAssignments/55555555-5555-5555-5555-555555555555"
    role = {"roleDefinitionId": CONTRIBUTOR, "principalId": own, "principalType": "ServicePrincipal"}
    assert arm("PUT", grant, {"properties": role}).status == 201


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        (
            {"triggers": {"T": {"type": "Recurrence", "recurrence": {"frequency": "Daily"}}}},
            "the frequency of trigger 'T' must be one of Second, Minute, Hour, Day, Week, Month",
        ),
        (
            {"actions": {"A": {"type": "Http", "runAfter": {"B": ["Succeeded"]}}}},
            "action 'A' has no type, or runs after unknown ones: B",
        ),
        (
            {"actions": {"A": {"type": "If", "else": {"actions": {"B": {}}}}}},
            "action 'B' has no type, or runs after unknown ones: none",
        ),
    ],
)
def test_a_workflow_s_definition_is_checked(arm: Arm, changed: dict[str, Any], why: str) -> None:
    arm("PUT", GROUP, {"location": "westeurope"})
    workflow = f"{GROUP}/providers/Microsoft.Logic/workflows/nightly"
    assert arm.refused("PUT", workflow, _workflow(**changed)) == (
        *(400, "InvalidTemplate"),
        f"The template validation failed: {why}.",
    )
