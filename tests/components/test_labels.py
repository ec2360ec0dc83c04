"""The label `latest`: what is asked of Azure, what the plan then holds, and what ends the program."""

from pathlib import Path
from typing import Any

import pulumi
import pytest
import requests

from components.preflight import labels
from components.release_parts.plan_inputs import plan_inputs
from modelops.plan.plan import ReleasePlan
from tests.components.recorder import recorded
from tests.components.resource_manager import Answer, ResourceManagerDouble, answer
from tests.components.test_release import args

WORKSPACE = (
    "https://management.azure.com/subscriptions/sub/resourceGroups/rg/providers/Microsoft.MachineLearningServices"
    "/workspaces/ws"
)
QUERY = "?api-version=2025-12-01&$orderBy=createdtime desc&$top=1"
PLACE = labels.Place("sub", "rg", "ws")


def latest(patch: pytest.MonkeyPatch, answers: Answer, collection: labels.Collection = "models") -> list[Any]:
    """Return the addresses that were asked, and after them the version; None if it is unknown."""
    azure = ResourceManagerDouble(patch, answers)
    found: list[str | None] = []

    def declare() -> None:
        version = labels.latest_version(collection, "churn", PLACE)
        known: pulumi.Output[bool] = pulumi.Output.from_input(version.is_known())
        known.apply(lambda yes: version.apply(found.append) if yes else found.append(None))

    recorded(declare)
    assert azure.tokens <= {"Bearer a-token"}
    return [*azure.asked, *found]


def versions(*names: str) -> Answer:
    return lambda _: answer({"value": [{"name": name} for name in names]})


@pytest.mark.parametrize("collection", ["models", "environments"])
def test_asks_for_the_newest_version(monkeypatch: pytest.MonkeyPatch, collection: labels.Collection) -> None:
    asked = f"{WORKSPACE}/{collection}/churn/versions{QUERY}"
    assert latest(monkeypatch, versions("7"), collection) == [asked, "7"]


@pytest.mark.parametrize("answers", [versions(), lambda _: answer({"error": {"code": "NotFound"}}, 404)])
def test_a_label_that_means_nothing_ends_the_program(monkeypatch: pytest.MonkeyPatch, answers: Answer) -> None:
    with pytest.raises(pulumi.RunError) as raised:
        latest(monkeypatch, answers)
    assert str(raised.value) == (
        "churn@latest: workspace 'ws' has no version of model 'churn', so the release cannot run.\n"
        "  Register one with azure-ai-ml: ml_client.models.create_or_update(...)\n"
        "  Or set model of the deployment in the stack file: docs/models-and-environments.md has its keys."
    )


def _refused(_: str) -> requests.Response:
    return answer({"error": {"code": "no", "message": "no"}}, 403)


REFUSED = (
    "churn@latest: the latest version of model 'churn' is unknown: https://management.azure.com refused the request "
    "(HTTP 403)"
)


def test_no_answer_ends_the_program(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(pulumi.RunError) as raised:
        latest(monkeypatch, _refused)
    assert str(raised.value) == REFUSED


def test_a_preview_without_an_answer_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    warned: list[str] = []
    monkeypatch.setattr(pulumi.log, "warn", warned.append)
    monkeypatch.setattr(pulumi.runtime, "is_dry_run", lambda: True)
    assert latest(monkeypatch, _refused)[1:] == [None]
    assert warned == [REFUSED]


def test_the_plan_holds_the_version_and_the_label(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    ResourceManagerDouble(monkeypatch, versions("7"))
    named = {"name": "churn", "label": "latest"}
    plans: list[Any] = []

    def declare() -> None:
        inputs = plan_inputs(
            args(deployments={"d": {"compute": "aml", "model": named, "environment": named}}, default="d"), tmp_path
        )
        pulumi.Output.from_input(inputs).apply(plans.append)

    recorded(declare)
    plan = ReleasePlan.from_inputs(plans[0])
    deployment = plan.to_json()["deployments"]["d"]
    assert deployment["model"] == deployment["environment"] == {"name": "churn", "version": "7", "label": "latest"}


def test_a_rollback_needs_no_version(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    warned: list[str] = []
    monkeypatch.setattr(pulumi.log, "warn", warned.append)
    ResourceManagerDouble(monkeypatch, versions())
    named = {"name": "churn", "label": "latest"}
    plans: list[Any] = []

    def declare() -> None:
        pinned = {"compute": "aml", "model": named}
        inputs = plan_inputs(args(deployments={"d": pinned}, default="d", pin="d-0123abcd"), tmp_path)
        pulumi.Output.from_input(inputs).apply(plans.append)

    recorded(declare)
    plan = ReleasePlan.from_inputs(plans[0])
    assert (plan.target, plan.revisions) == ("d-0123abcd", {})
    assert warned == ["churn@latest: workspace 'ws' has no version of model 'churn'"]


def test_the_label_is_not_part_of_the_identity() -> None:
    version = {"name": "churn", "version": "7"}
    inputs = plan_inputs(
        args(deployments={"d": {"compute": "aml", "model": version, "environment": version}}, default="d"), Path()
    )
    before = ReleasePlan.from_inputs(inputs).target
    for part in ("model", "environment"):
        inputs["deployments"]["d"][part]["label"] = "latest"
    assert ReleasePlan.from_inputs(inputs).target == before
