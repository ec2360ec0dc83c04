"""An adopted workspace: nothing of it is declared, and roles that are missing on it are named."""

import re
from dataclasses import replace
from typing import Any
from urllib.parse import unquote, urlsplit

import pulumi
import pytest
import requests

from components import provided, roles
from components.adoption import Existing
from components.preflight import adopted_roles, arm
from components.preflight.adopted_roles import Needs, missing_roles
from components.preflight.login import Login
from tests.components.recorder import DEPLOYER, SUBSCRIPTION, TENANT, Recorder, recorded
from tests.components.resource_manager import ResourceManagerDouble, answer

GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/team"
WORKSPACE = f"{GROUP}/providers/Microsoft.MachineLearningServices/workspaces/theirs"
CLUSTER = f"{WORKSPACE}/computes/shared"
STORAGE = f"{GROUP}/providers/Microsoft.Storage/storageAccounts/theirs"
REGISTRY = f"{GROUP}/providers/Microsoft.ContainerRegistry/registries/theirs"
NODES = "bbbbbbbb-0000-4000-8000-000000000001"
LOGIN = Login(SUBSCRIPTION, TENANT, DEPLOYER)

ANSWERS: dict[str, dict[str, Any]] = {
    "azure-native:machinelearningservices:getWorkspace": {
        "id": WORKSPACE,
        "location": "northeurope",
        "storageAccount": STORAGE,
        "containerRegistry": REGISTRY,
        "workspaceId": "guid",
    },
    "azure-native:machinelearningservices:getCompute": {
        "id": CLUSTER,
        "properties": {"computeType": "AmlCompute"},
        "identity": {"type": "UserAssigned", "userAssignedIdentities": {"/identity": {"principalId": NODES}}},
    },
}


class Azure:
    """Answers what is assigned to whom: (principal, scope) -> ids of role definitions."""

    def __init__(self, assigned: dict[tuple[str, str], list[str]]) -> None:
        self.assigned = assigned
        self.definitions: dict[str, dict[str, Any]] = {}

    def __call__(self, url: str) -> requests.Response:
        parts = urlsplit(url)
        if "/roleDefinitions/" in parts.path:
            name = parts.path.rpartition("/")[2]
            if name not in self.definitions:
                return answer({"error": {"code": "RoleDefinitionDoesNotExist", "message": "no"}}, 404)
            return answer({"properties": {"permissions": [self.definitions[name]]}})
        scope = parts.path.partition("/providers/Microsoft.Authorization/")[0]
        found = re.search(r"assignedTo\('(.*)'\)", unquote(parts.query))
        assert found is not None
        ids = self.assigned.get((found[1], scope), [])
        prefix = "/providers/Microsoft.Authorization/roleDefinitions"
        return answer({"value": [{"properties": {"roleDefinitionId": f"{prefix}/{each}"}} for each in ids]})


EVERYTHING = {
    (DEPLOYER, WORKSPACE): [roles.DATA_SCIENTIST.id],
    (DEPLOYER, STORAGE): [roles.BLOB_CONTRIBUTOR.id],
    (NODES, STORAGE): [roles.BLOB_CONTRIBUTOR.id, roles.QUEUE_CONTRIBUTOR.id, roles.TABLE_CONTRIBUTOR.id],
    (NODES, REGISTRY): [roles.ACR_PULL.id],
}
NEEDS = Needs(SUBSCRIPTION, WORKSPACE, STORAGE, REGISTRY, DEPLOYER, makes_cluster=False)


@pytest.fixture(name="azure")
def _azure(monkeypatch: pytest.MonkeyPatch) -> Azure:
    azure = Azure(dict(EVERYTHING))
    ResourceManagerDouble(monkeypatch, azure)
    return azure


def _adopted(
    cluster: str | None = CLUSTER,
    answers: dict[str, dict[str, Any]] | None = None,
    workspace_id: str = WORKSPACE,
) -> tuple[Recorder, dict[str, Any]]:
    clusters = {} if cluster is None else {"aml": cluster}
    existing: Existing = {"resource_group": None, "workspace": workspace_id, "clusters": clusters}
    seen: dict[str, Any] = {}

    def declare() -> None:
        workspace = provided.workspace(
            "mlbatch",
            {
                "resource_group_name": "unused",
                "location": "westeurope",
                "subscription_id": SUBSCRIPTION,
                "tenant_id": TENANT,
                "deployer": {"principal_id": DEPLOYER, "principal_type": "User"},
                "tags": {"owner": "us"},
            },
            login=LOGIN,
            existing=existing,
            makes_cluster=not clusters,
            has_callers=False,
        )
        made = provided.clusters(workspace, {} if clusters else {"aml": {}})
        wanted: dict[str, Any] = {
            **workspace.for_release,
            "compute_id": made["aml"].cluster_id,
            **workspace.for_callers,
        }
        pulumi.Output.all(**wanted).apply(seen.update)
        seen["location"] = workspace.place["location"]

    return recorded(declare, answers={**ANSWERS, **(answers or {})}), seen


@pytest.mark.usefixtures("azure")
def test_workspace_and_cluster_are_read_and_nothing_is_declared() -> None:
    recorder, seen = _adopted()
    assert recorder.declared() == [
        ("azureml-batch:index:AdoptedCluster", "aml"),
        ("azureml-batch:index:AdoptedWorkspace", "mlbatch"),
    ]
    assert seen == {
        "subscription_id": SUBSCRIPTION,
        "resource_group": "team",
        "workspace": "theirs",
        "workspace_id": WORKSPACE,
        "compute_id": CLUSTER,
        "results_scope": f"{STORAGE}/blobServices/default/containers/azureml-blobstore-guid",
        "registries": (),
        "location": "northeurope",
    }


@pytest.mark.usefixtures("azure")
def test_ids_are_used_as_azure_writes_them() -> None:
    """Otherwise the same id in other letters would replace the endpoint."""
    _, usual = _adopted()
    assert _adopted(CLUSTER.upper(), workspace_id=WORKSPACE.upper())[1] == usual


def test_a_cluster_without_an_identity_is_named(azure: Azure) -> None:
    with pytest.raises(pulumi.RunError) as raised:
        recorded(lambda: adopted_roles.checked(NEEDS, {"shared": NODES, "gpu": ""}, "theirs"))
    assert str(raised.value) == (
        "Cluster 'gpu' has no identity, so its jobs could not read or write blobs. Nothing was created.\n"
        f"  To add one: az resource update --ids {NEEDS.workspace_id}/computes/gpu --api-version 2025-12-01 "
        "--set identity.type=SystemAssigned"
    )
    assert azure.assigned == EVERYTHING


def test_the_roles_of_every_cluster_s_identity_are_checked(azure: Azure) -> None:
    other = "bbbbbbbb-0000-4000-8000-000000000002"
    missing = missing_roles(NEEDS, [NODES, other], arm.ResourceManager("token"))
    assert {each.principal_id for each in missing} == {other}
    assert [each.role.name for each in missing] == [
        "Storage Blob Data Contributor",
        "Storage Queue Data Contributor",
        "Storage Table Data Contributor",
        "AcrPull",
    ]
    assert azure.definitions == {}


def test_a_cluster_of_the_program_s_own_has_an_identity_of_its_own_and_no_grant(azure: Azure) -> None:
    identity = "mlbatch-compute-identity-principal"
    azure.assigned |= {
        (DEPLOYER, WORKSPACE): [roles.CONTRIBUTOR.id],
        (identity, STORAGE): EVERYTHING[NODES, STORAGE],
        (identity, REGISTRY): [roles.ACR_PULL.id],
    }
    recorder, _ = _adopted(cluster=None)
    assert recorder.declared() == [
        ("azure-native:machinelearningservices:Compute", "aml-cluster"),
        ("azure-native:managedidentity:UserAssignedIdentity", "mlbatch-compute-identity"),
        ("azureml-batch:index:AdoptedWorkspace", "mlbatch"),
        ("azureml-batch:index:MlCluster", "aml"),
    ]
    cluster = recorder.inputs("Compute")
    assert (cluster["workspaceName"], cluster["resourceGroupName"], cluster["location"]) == (
        "theirs",
        "team",
        "northeurope",
    )


@pytest.mark.usefixtures("azure")
def test_nothing_is_missing_when_everybody_has_the_roles() -> None:
    assert missing_roles(NEEDS, [NODES], arm.ResourceManager("token")) == []


def test_each_missing_role_is_named_with_scope_principal_and_command(azure: Azure) -> None:
    azure.assigned.clear()
    missing = missing_roles(NEEDS, [NODES], arm.ResourceManager("token"))
    assert [each.line() for each in missing] == [
        f"the deployer ({DEPLOYER}) is missing AzureML Data Scientist on {WORKSPACE}",
        f"the deployer ({DEPLOYER}) is missing Storage Blob Data Contributor on {STORAGE}",
        f"the cluster's identity ({NODES}) is missing Storage Blob Data Contributor on {STORAGE}",
        f"the cluster's identity ({NODES}) is missing Storage Queue Data Contributor on {STORAGE}",
        f"the cluster's identity ({NODES}) is missing Storage Table Data Contributor on {STORAGE}",
        f"the cluster's identity ({NODES}) is missing AcrPull on {REGISTRY}",
    ]
    assert missing[-1].command() == (
        f'az role assignment create --assignee-object-id {NODES} --role "AcrPull" --scope {REGISTRY}'
    )


def test_a_custom_role_that_allows_the_same_does_as_well(azure: Azure) -> None:
    custom = "cccccccc-0000-4000-8000-000000000001"
    azure.assigned[NODES, STORAGE] = [custom]
    azure.definitions[custom] = {"dataActions": ["Microsoft.Storage/*"], "notDataActions": ["*/tables/entities/write"]}
    assert [each.role for each in missing_roles(NEEDS, [NODES], arm.ResourceManager("token"))] == [
        roles.TABLE_CONTRIBUTOR
    ]


def test_callers_of_an_adopted_workspace_need_their_custom_roles(azure: Azure) -> None:
    azure.definitions[roles.ENDPOINT_CALLER.id] = {"actions": ["Microsoft.MachineLearningServices/*"]}
    with pytest.raises(pulumi.RunError) as raised:
        recorded(lambda: adopted_roles.checked(replace(NEEDS, has_callers=True), {"shared": NODES}, "theirs"))
    assert str(raised.value) == (
        "The endpoints' callers cannot get access: the custom role 'Batch endpoint caller runs' "
        f"({roles.CALLER_RUNS.id}) is not defined. This program does not define roles.\n"
        "An administrator of the subscription (User Access Administrator, Owner) can define them:\n"
        f'  az rest --method put --url "/subscriptions/{SUBSCRIPTION}/providers/'
        "Microsoft.Authorization/roleDefinitions/"
        f'{roles.ENDPOINT_CALLER.id}?api-version=2022-04-01" --body "$(sed s/SUBSCRIPTION/{SUBSCRIPTION}/ '
        f'prerequisites/caller-roles/{roles.ENDPOINT_CALLER.id}.json)"\n'
        f'  az rest --method put --url "/subscriptions/{SUBSCRIPTION}/providers/'
        "Microsoft.Authorization/roleDefinitions/"
        f'{roles.CALLER_RUNS.id}?api-version=2022-04-01" --body "$(sed s/SUBSCRIPTION/{SUBSCRIPTION}/ '
        f'prerequisites/caller-roles/{roles.CALLER_RUNS.id}.json)"\n'
        "Nothing was added to it. A new role takes some minutes to take effect; then try again."
    )


def test_without_an_answer_nothing_is_added(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_url: str) -> requests.Response:
        raise requests.ConnectionError("no network")

    ResourceManagerDouble(monkeypatch, refuse)
    with pytest.raises(pulumi.RunError) as raised:
        _adopted()
    assert str(raised.value) == (
        "The roles could not be checked, so nothing was added: https://management.azure.com gave no usable answer "
        "in 6 attempts; the last: no network.\n"
        "  Check the network and HTTPS_PROXY, then try again."
    )


def test_a_refused_question_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    warnings: list[str] = []
    monkeypatch.setattr(pulumi.log, "warn", warnings.append)
    ResourceManagerDouble(monkeypatch, lambda _: answer({}, 403))
    assert _adopted()[1]["workspace"] == "theirs"
    assert warnings == [
        (
            "The roles on workspace 'theirs' were not checked: https://management.azure.com refused the request "
            "(HTTP 403)."
        )
    ]


def test_a_preview_asks_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulumi.runtime, "is_dry_run", lambda: True)
    monkeypatch.setattr(adopted_roles, "missing_roles", None)
    assert _adopted()[1]["workspace"] == "theirs"


@pytest.mark.usefixtures("azure")
def test_a_cluster_of_another_kind_is_refused() -> None:
    with pytest.raises(pulumi.RunError, match="which is of type ComputeInstance"):
        _adopted(
            answers={
                "azure-native:machinelearningservices:getCompute": {"properties": {"computeType": "ComputeInstance"}}
            }
        )


def test_a_workspace_of_another_subscription_is_refused() -> None:
    other = WORKSPACE.replace(SUBSCRIPTION, "99999999-0000-4000-8000-000000000001")
    with pytest.raises(pulumi.RunError, match="is in subscription 99999999-0000-4000-8000-000000000001"):
        recorded(
            lambda: provided.workspace(
                "mlbatch",
                {
                    "resource_group_name": "unused",
                    "location": "westeurope",
                    "subscription_id": SUBSCRIPTION,
                    "tenant_id": TENANT,
                    "deployer": {"principal_id": DEPLOYER, "principal_type": "User"},
                },
                login=LOGIN,
                existing={"resource_group": None, "workspace": other, "clusters": {}},
                has_callers=False,
            )
        )
