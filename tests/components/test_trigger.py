"""EndpointTrigger: the printed Logic App with a schedule, and an identity that may start jobs at one endpoint.

tests/e2e/test_callers.py deploys one and runs its definition.
"""

from typing import Any

import pulumi

from components import roles, trigger
from components.endpoint import BatchEndpoint
from components.trigger import TriggerArgs
from components.workspace_parts.workspace_args import WorkspaceForCallers, WorkspacePlace
from modelops.callers import logic_app
from modelops.callers.called import Called
from tests.components.recorder import SUBSCRIPTION, Recorder, recorded

PLACE: WorkspacePlace = {
    "resource_group_name": "rg",
    "workspace_name": "ml",
    "location": "westeurope",
    "tags": {"stack": "dev"},
}
WORKSPACE: WorkspaceForCallers = {
    "subscription_id": SUBSCRIPTION,
    "workspace_id": "/ws",
    "results_scope": "/results",
}
STORE = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/r/providers/Microsoft.Storage/storageAccounts/Incoming"
NIGHTLY: TriggerArgs = {
    "endpoint": "digits",
    "input": "https://incoming.blob.core.windows.net/images/",
    "input_kind": "uri_folder",
    "input_scopes": [STORE],
    "recurrence": {"frequency": "Day", "interval": 1, "startTime": "2027-01-31T02:00:00", "timeZone": "UTC"},
    "identity": "systemAssigned",
    "enabled": True,
}
CALLED = Called("digits-physical", "https://scoring/jobs", "", NIGHTLY["input"], "uri_folder")
ROBOT = "ServicePrincipal"


def _recorded(**triggers: TriggerArgs) -> Recorder:
    def declare() -> None:
        endpoints = {
            name: BatchEndpoint(
                name, {"resource_group_name": "rg", "workspace_name": "ml", "location": "westeurope", "tags": {}}
            )
            for name in ("digits", "letters")
        }
        releases: dict[str, pulumi.Resource] = {**endpoints}
        trigger.schedule(WORKSPACE, PLACE, endpoints, releases, triggers)

    return recorded(declare)


def _made(recorder: Recorder) -> list[tuple[str, str]]:
    return [each for each in recorder.declared() if "BatchEndpoint" not in each[0]]


def test_a_stack_without_triggers_makes_nothing() -> None:
    assert _made(_recorded()) == []


def test_a_workflow_s_own_identity_may_start_jobs_at_its_endpoint() -> None:
    recorder = _recorded(nightly=NIGHTLY)
    assert _made(recorder) == [
        ("azure-native:authorization:RoleAssignment", "nightly-trigger-calls"),
        ("azure-native:authorization:RoleAssignment", "nightly-trigger-reads-incoming"),
        ("azure-native:authorization:RoleAssignment", "nightly-trigger-runs"),
        ("azure-native:logic:Workflow", "nightly-trigger"),
        ("azureml-batch:index:EndpointTrigger", "nightly"),
    ]
    assert recorder.grants() == {
        ("nightly-trigger-principal", ROBOT, roles.ENDPOINT_CALLER.id, "/BatchEndpoint/digits"),
        ("nightly-trigger-principal", ROBOT, roles.CALLER_RUNS.id, "/ws"),
        ("nightly-trigger-principal", ROBOT, roles.BLOB_READER.id, STORE),
    }
    workflow: dict[str, Any] = recorder.inputs("Workflow")
    assert (workflow["state"], workflow["location"], workflow["tags"]) == ("Enabled", "westeurope", {"stack": "dev"})
    assert workflow["identity"] == {"type": "SystemAssigned"}
    assert workflow["definition"] == logic_app.workflow(CALLED, NIGHTLY["recurrence"])
    assert workflow["definition"]["triggers"] == {
        "Recurrence": {"type": "Recurrence", "recurrence": NIGHTLY["recurrence"]}
    }


def test_an_identity_of_its_own_has_its_roles_before_the_workflow() -> None:
    user: TriggerArgs = {
        **NIGHTLY,
        "identity": "userAssigned",
        "enabled": False,
        "input": "azureml://datastores/workspaceblobstore/paths/new/",
        "input_scopes": [],
    }
    recorder = _recorded(nightly=user)
    identity = "/UserAssignedIdentity/nightly-trigger-identity"
    workflow: dict[str, Any] = recorder.inputs("Workflow")
    assert workflow["identity"] == {"type": "UserAssigned", "userAssignedIdentities": [identity]}
    assert workflow["state"] == "Disabled"
    start = workflow["definition"]["actions"]["Start"]["inputs"]["authentication"]
    assert start == {"type": "ManagedServiceIdentity", "audience": "https://ml.azure.com", "identity": identity}
    who = "nightly-trigger-identity-principal"
    assert recorder.grants() == {
        (who, ROBOT, roles.ENDPOINT_CALLER.id, "/BatchEndpoint/digits"),
        (who, ROBOT, roles.CALLER_RUNS.id, "/ws"),
        (who, ROBOT, roles.BLOB_READER.id, "/results"),
    }
    before = [each.rpartition("::")[2] for each in recorder.request("Workflow", "nightly-trigger").dependencies]
    assert {"nightly-trigger-calls", "nightly-trigger-runs", "nightly-trigger-reads"} <= set(before)
