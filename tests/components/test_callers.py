"""EndpointCallers: two custom roles, and for each caller exactly the grants that it needs."""

from typing import Any

from components import roles
from components.callers import ENDPOINT_ACTIONS, WORKSPACE_ACTIONS, CallerArgs, EndpointCallers
from components.endpoint import BatchEndpoint
from tests.components.recorder import SUBSCRIPTION, Recorder, recorded

FACTORY = "aaaaaaaa-0000-4000-8000-000000000001"
PERSON = "AAAAAAAA-0000-4000-8000-000000000002"
RESULTS = "/StorageAccount/s/blobServices/default/containers/azureml-blobstore-1"
CALLS = roles.custom("/ws", "ml batch caller")
RUNS = roles.custom("/ws", "ml batch caller runs")


def _recorded(callers: dict[str, list[CallerArgs]]) -> Recorder:
    def declare() -> None:
        endpoints = {
            name: BatchEndpoint(
                name, {"resource_group_name": "rg", "workspace_name": "ml", "location": "westeurope", "tags": {}}
            )
            for name in ("first", "second")
        }
        EndpointCallers(
            "mlbatch",
            {
                "subscription_id": SUBSCRIPTION,
                "workspace_id": "/ws",
                "workspace_name": "ml",
                "results_scope": RESULTS,
                "endpoints": endpoints,
                "callers": callers,
            },
        )

    return recorded(declare)


def test_nobody_to_call_means_no_custom_role() -> None:
    declared = _recorded({}).declared()
    assert [each for each in declared if "authorization" in each[0]] == []


def test_a_caller_may_start_jobs_at_its_endpoint_be_recorded_in_the_workspace_and_read_results() -> None:
    factory: CallerArgs = {"principal_id": FACTORY, "principal_type": "ServicePrincipal"}
    person: CallerArgs = {"principal_id": PERSON, "principal_type": "User"}
    recorder = _recorded({"first": [factory, person], "second": [factory]})
    robot = "ServicePrincipal"
    assert recorder.grants() == {
        (FACTORY, robot, CALLS.id, "/BatchEndpoint/first"),
        (FACTORY, robot, CALLS.id, "/BatchEndpoint/second"),
        (FACTORY, robot, RUNS.id, "/ws"),
        (FACTORY, robot, roles.BLOB_READER.id, RESULTS),
        (PERSON, "User", CALLS.id, "/BatchEndpoint/first"),
        (PERSON, "User", RUNS.id, "/ws"),
        (PERSON, "User", roles.BLOB_READER.id, RESULTS),
    }
    assert [name for kind, name in recorder.declared() if kind.endswith("RoleAssignment")] == [
        f"mlbatch-calls-first-{FACTORY}",
        f"mlbatch-calls-first-{PERSON.lower()}",
        f"mlbatch-calls-second-{FACTORY}",
        f"mlbatch-results-{FACTORY}",
        f"mlbatch-results-{PERSON.lower()}",
        f"mlbatch-runs-{FACTORY}",
        f"mlbatch-runs-{PERSON.lower()}",
    ]


def test_the_custom_roles_can_be_granted_in_this_workspace_only_and_have_ids_that_stay() -> None:
    caller: CallerArgs = {"principal_id": FACTORY, "principal_type": "ServicePrincipal"}
    recorder = _recorded({"first": [caller]})
    assert recorder.inputs("RoleDefinition", "mlbatch-batch-caller") == {
        "assignableScopes": ["/ws"],
        "description": "Starts batch jobs at an endpoint.",
        "permissions": [_permission(ENDPOINT_ACTIONS)],
        "roleDefinitionId": CALLS.id,
        "roleName": "ml batch caller",
        "roleType": "CustomRole",
        "scope": "/ws",
    }
    assert recorder.inputs("RoleDefinition", "mlbatch-batch-caller-runs")["permissions"] == [
        _permission(WORKSPACE_ACTIONS)
    ]
    assert roles.custom("/WS", "ml batch caller") == CALLS


def test_no_role_of_a_caller_changes_an_endpoint_or_hands_out_a_secret() -> None:
    actions = {each.removeprefix("Microsoft.MachineLearningServices/workspaces/") for each in ENDPOINT_ACTIONS}
    assert actions == {
        "batchEndpoints/read",
        "batchEndpoints/jobs/read",
        "batchEndpoints/jobs/write",
        "batchEndpoints/deployments/read",
        "batchEndpoints/deployments/jobs/read",
        "batchEndpoints/deployments/jobs/write",
    }
    everything = [*ENDPOINT_ACTIONS, *WORKSPACE_ACTIONS]
    assert not any("*" in each for each in everything)
    assert not any(word in each.lower() for each in everything for word in ("secret", "listkeys", "accountkeys"))
    # What belongs to endpoints is granted on one endpoint only; otherwise the neighbours were open too.
    assert not any("batchEndpoints" in each for each in WORKSPACE_ACTIONS)
    changing = {each.rpartition("workspaces/")[2] for each in WORKSPACE_ACTIONS if not each.endswith("/read")}
    assert changing == {
        "data/versions/write",
        "datasets/unregistered/write",
        "experiments/runs/submit/action",
        "experiments/runs/write",
        "metadata/artifacts/write",
        "metrics/resource/write",
    }


def _permission(actions: tuple[str, ...]) -> dict[str, Any]:
    return {"actions": [*actions], "notActions": [], "dataActions": [], "notDataActions": []}
