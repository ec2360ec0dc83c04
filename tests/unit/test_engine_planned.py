"""What becomes of the endpoints, from a preview's event log and what its releases tell."""

from typing import Any

from modelops.engine.event_log import Operation, Summary
from modelops.engine.planned import Expected, Planned
from modelops.plan.plan import ReleasePlan
from modelops.release.preview import from_plans
from modelops.runner.protocol import Done, Failed, Step
from tests.unit.plans import plan_json

PROGRAM = "urn:pulumi:dev::program::"
RELEASE = "azureml-batch:index:ModelRelease$pulumi:index:Stash"
ENDPOINT = "azureml-batch:index:BatchEndpoint$azure-native:machinelearningservices:BatchEndpoint"
OUTLOOK = from_plans(ReleasePlan.from_inputs(plan_json()), None)


def told(*events: Any) -> Planned:
    """Return what is noted of events."""
    planned = Planned()
    for each in events:
        planned.on_event(each)
    return planned


def operation(op: str, token: str, name: str, **metadata: Any) -> Operation:
    """Return an operation that begins in a preview."""
    return Operation("began", op, f"{PROGRAM}{token}::{name}", is_planned=True, metadata=metadata)


def test_a_release_and_an_endpoint_without_a_change() -> None:
    planned = told(
        operation("same", RELEASE, "quiet-marker"),
        operation("create", RELEASE, "digits-marker"),
        Step("digits", "read what is live", "reading"),
        Done("digits", "text", OUTLOOK.to_json()),
        Summary({"same": 40, "create": 1}, 3.0),
    )
    assert planned.endpoints == {
        "quiet": Expected("none"),
        "digits": Expected("release", OUTLOOK.to_json(), endpoint="digits1a2b"),
    }
    assert planned.resources == {"same": 40, "create": 1}
    assert planned.endpoints["digits"].rows == OUTLOOK.rows()
    assert planned.endpoints["quiet"].to_json() == {"change": "none", "endpoint": None, "rows": [], "notes": []}


def test_a_release_that_azure_did_not_answer() -> None:
    text = "release to digits1a2b, default mlp-1 (not compared with Azure: no login.)"
    (found,) = told(Done("digits", text)).endpoints.values()
    assert (found.change, found.rows, found.notes) == ("release", [], [text])


def test_a_release_that_is_refused_or_fails() -> None:
    refused = from_plans(ReleasePlan.from_inputs(plan_json()), None).to_json() | {"refusal": "no room", "rows": []}
    planned = told(
        Done("full", "text", refused), Failed("pinned", "pin is 'x'.", refused=True), Failed("broken", "no worker.")
    )
    assert {name: (each.change, each.notes) for name, each in planned.endpoints.items()} == {
        "full": ("refused", []),
        "pinned": ("refused", ["pin is 'x'."]),
        "broken": ("failed", ["no worker."]),
    }


def test_an_endpoint_that_is_removed() -> None:
    outputs = {"name": "churn1a2b", "properties": {"scoringUri": "https://churn1a2b.example/jobs"}}
    planned = told(operation("delete", ENDPOINT, "churn", old={"outputs": outputs}), operation("delete", ENDPOINT, "x"))
    assert planned.endpoints["churn"].to_json() == {
        "change": "removed",
        "endpoint": "churn1a2b",
        "rows": [
            [
                "delete endpoint",
                "churn1a2b",
                (
                    "https://churn1a2b.example/jobs stops answering, and its deployments go with it; jobs and what "
                    "they wrote stay"
                ),
            ]
        ],
        "notes": [],
    }
    assert planned.endpoints["x"].rows == [
        ("delete endpoint", "", "stops answering, and its deployments go with it; jobs and what they wrote stay")
    ]
