"""EndpointCallers: for each caller exactly the grants that it needs, of two custom roles that others define."""

import json
from collections.abc import Sequence
from pathlib import Path

from components import roles
from components.callers import CallerArgs, EndpointCallers
from components.endpoint import BatchEndpoint
from components.preflight.caller_roles import ENDPOINT_ACTIONS, NEEDED, WORKSPACE_ACTIONS
from tests.components.recorder import SUBSCRIPTION, Recorder, recorded

FACTORY = "aaaaaaaa-0000-4000-8000-000000000001"
PERSON = "AAAAAAAA-0000-4000-8000-000000000002"
RESULTS = "/StorageAccount/s/blobServices/default/containers/azureml-blobstore-1"
PREREQUISITES = Path(__file__).parents[2] / "prerequisites"


def _recorded(callers: dict[str, list[CallerArgs]], registries: Sequence[str] = ()) -> Recorder:
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
                "results_scope": RESULTS,
                "registries": registries,
                "endpoints": endpoints,
                "callers": callers,
            },
        )

    return recorded(declare)


def test_nobody_to_call_means_no_grant() -> None:
    declared = _recorded({}).declared()
    assert [each for each in declared if "authorization" in each[0]] == []


def test_a_caller_may_start_jobs_at_its_endpoint_be_recorded_in_the_workspace_and_read_results() -> None:
    factory: CallerArgs = {"principal_id": FACTORY, "principal_type": "ServicePrincipal"}
    person: CallerArgs = {"principal_id": PERSON, "principal_type": "User"}
    recorder = _recorded({"first": [factory, person], "second": [factory]})
    robot = "ServicePrincipal"
    assert recorder.grants() == {
        (FACTORY, robot, roles.ENDPOINT_CALLER.id, "/BatchEndpoint/first"),
        (FACTORY, robot, roles.ENDPOINT_CALLER.id, "/BatchEndpoint/second"),
        (FACTORY, robot, roles.CALLER_RUNS.id, "/ws"),
        (FACTORY, robot, roles.BLOB_READER.id, RESULTS),
        (PERSON, "User", roles.ENDPOINT_CALLER.id, "/BatchEndpoint/first"),
        (PERSON, "User", roles.CALLER_RUNS.id, "/ws"),
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


def test_a_caller_reads_the_registries_of_the_deployments() -> None:
    shared = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/r/providers/Microsoft.MachineLearningServices/registries/s"
    recorder = _recorded({"first": [{"principal_id": PERSON, "principal_type": "User"}]}, [shared])
    assert (PERSON, "User", roles.READER.id, shared) in recorder.grants()
    assert len(recorder.grants()) == 4


def test_the_program_defines_no_role() -> None:
    """An identity that may both define and assign a role could give itself everything."""
    caller: CallerArgs = {"principal_id": FACTORY, "principal_type": "ServicePrincipal"}
    declared = _recorded({"first": [caller]}).declared()
    assert [kind for kind, _ in declared if kind.endswith("RoleDefinition")] == []


def test_the_prerequisites_define_what_the_program_assigns() -> None:
    defined = {file.stem: json.loads(file.read_text()) for file in (PREREQUISITES / "caller-roles").iterdir()}
    assert {name: [*body] for name, body in defined.items()} == {role.id: ["properties"] for role in NEEDED}
    for role, actions in NEEDED.items():
        properties = defined[role.id]["properties"]
        assert (properties["roleName"], properties["type"]) == (role.name, "CustomRole")
        assert properties["permissions"] == [
            {"actions": [*actions], "notActions": [], "dataActions": [], "notDataActions": []}
        ]
        assert properties["assignableScopes"] == ["/subscriptions/SUBSCRIPTION"]


def test_the_condition_lists_what_the_program_assigns() -> None:
    text = (PREREQUISITES / "deployer-condition.txt").read_text()
    assert text == roles.deployer_condition() + "\n"
    assert all(text.count(role.id) == 2 for role in roles.GRANTED)
    assert len(set(roles.GRANTED)) == 13


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
