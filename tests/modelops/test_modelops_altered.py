"""A revision that somebody changed by hand is told, and the command `release` restores it."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from modelops.errors import PlanError
from modelops.plan.plan import LocalModel, NamedEnvironment, RegisteredModel
from modelops.release.status import status
from sandbox.testing import awaited
from tests.modelops.conftest import Bench


def change(bench: Bench, edit: Callable[[dict[str, Any]], object], name: str | None = None) -> None:
    """Send a deployment again with other properties, as the studio or the Azure CLI does."""
    path = f"batchEndpoints/{bench.plan.endpoint.name}/deployments/{name or bench.plan.target}"
    found = bench.place.get(path)
    found["properties"].pop("provisioningState")
    edit(found["properties"])
    bench.place.put(path, {key: found[key] for key in ("location", "tags", "properties")})
    awaited(
        lambda: bench.place.get(path)["properties"]["provisioningState"] == "Succeeded" or None, "the end of the change"
    )


def problems(bench: Bench, revision: str | None = None) -> list[str]:
    """Return what differs from the release, without the revision's name."""
    found = status(bench.workspace, bench.plan).problems
    return [each.removeprefix(f"deployment {revision or bench.plan.target}: ") for each in found]


def test_every_setting_is_told(bench: Bench) -> None:
    deployment = replace(bench.plan.deployments["mlp"], environment_variables={"A": "1"})
    bench.plan = replace(bench.plan, deployments={"mlp": deployment})
    bench.release()
    assert problems(bench) == []
    settings = {
        "maxConcurrencyPerInstance": 4,
        "miniBatchSize": 5,
        "errorThreshold": 7,
        "loggingLevel": "Debug",
        "outputFileName": "other.csv",
        "retrySettings": {"maxRetries": 9, "timeout": "PT2M5S"},
        "environmentVariables": {"A": "2", "B": "3"},
    }
    change(bench, lambda body: body.update(settings))
    assert problems(bench) == [
        "maxConcurrencyPerInstance is 4, released was 1",
        "miniBatchSize is 5, released was 10",
        "maxRetries is 9, released was 3",
        "timeoutSeconds is 125, released was 30",
        "errorThreshold is 7, released was -1",
        "loggingLevel is debug, released was info",
        "outputFileName is other.csv, released was predictions.csv",
        "environment variable A is 2, released was 1",
    ]
    change(bench, lambda body: body.update(outputAction="SummaryOnly", environmentVariables={}))
    assert [each for each in problems(bench) if "output" in each or "variable" in each] == [
        "outputAction is summary_only, released was append_row",
        "outputFileName is other.csv, released was predictions.csv",
        "environment variable A is not set, released was 1",
    ]


def test_another_cluster_is_told(bench: Bench) -> None:
    bench.release()
    change(bench, lambda body: body.update(compute=f"{bench.place.path}/computes/other"))
    assert problems(bench) == ["cluster is other, released was cpu"]


def test_another_model_is_told(bench: Bench) -> None:
    first = bench.plan
    bench.release()
    bench.release(bench.with_model(b"other weights"))
    other = f"{bench.place.path}/models/{bench.model_name}/versions/2"
    bench.plan = first
    bench.release()
    change(bench, lambda body: body["model"].update(assetId=other))
    model = first.deployments["mlp"].model
    assert isinstance(model, LocalModel)
    assert problems(bench) == [
        f"model is {bench.model_name}:2, released was a version of {bench.model_name} with {model.digest}"
    ]


def test_another_version_of_a_registered_model_is_told(bench: Bench) -> None:
    bench.release()
    bench.release(bench.with_model(b"other weights"))
    deployment = replace(bench.plan.deployments["mlp"], model=RegisteredModel(bench.model_name, "1"))
    bench.plan = replace(bench.plan, deployments={"mlp": deployment})
    bench.release()
    assert problems(bench) == []
    other = f"{bench.place.path}/models/{bench.model_name}/versions/2"
    change(bench, lambda body: body["model"].update(assetId=other))
    assert problems(bench) == [f"model is {bench.model_name}:2, released was {bench.model_name}:1"]


def test_another_version_of_an_environment_is_told(bench: Bench) -> None:
    for version in ("1", "2"):
        body = {"properties": {"image": "mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu22.04:20250601.v1"}}
        bench.place.put(f"environments/named-for-drift/versions/{version}", body)
    deployment = replace(bench.plan.deployments["mlp"], environment=NamedEnvironment("named-for-drift", "1"))
    bench.plan = replace(bench.plan, deployments={"mlp": deployment})
    bench.release()
    assert problems(bench) == []
    other = f"{bench.place.path}/environments/named-for-drift/versions/2"
    change(bench, lambda body: body.update(environmentId=other))
    assert problems(bench) == ["environment is named-for-drift:2, released was named-for-drift:1"]


def altered_by_hand(bench: Bench, *, is_default: bool) -> str:
    """Release, change a revision by hand, and return its name."""
    bench.release()
    altered = bench.plan.target
    if not is_default:
        side = replace(bench.changed(mini_batch_size=3).deployments["mlp"], logical="side")
        bench.plan = replace(bench.plan, deployments={**bench.plan.deployments, "side": side})
        bench.release()
        altered = side.revision
    change(bench, lambda body: body.update(miniBatchSize=7), altered)
    return altered


@pytest.mark.parametrize("is_default", [True, False])
def test_a_release_tells_it_and_sends_nothing(bench: Bench, *, is_default: bool) -> None:
    altered = altered_by_hand(bench, is_default=is_default)
    mark = bench.mark()
    report = bench.release_in(replace(bench.context(), where=" --stack dev"), bench.plan)
    assert bench.writes(mark) == []
    assert not report.changed
    (warning,) = report.warnings
    assert warning.startswith(
        f"deployment {altered} was changed by hand and stays like that: miniBatchSize is 7, released was "
        f"{10 if is_default else 3}. To restore it, run `"
    )
    assert warning.endswith(
        f"python -m modelops release --stack dev --endpoint {bench.plan.endpoint.name}`; a change of its settings in "
        "the stack file makes a new revision."
    )


@pytest.mark.parametrize("is_default", [True, False])
def test_the_command_restores_it_and_nothing_else(bench: Bench, *, is_default: bool) -> None:
    altered = altered_by_hand(bench, is_default=is_default)
    before = bench.place.get(f"batchEndpoints/{bench.plan.endpoint.name}/deployments/{altered}")
    before["properties"]["miniBatchSize"] = 10 if is_default else 3
    mark = bench.mark()
    report = bench.release_in(replace(bench.context(), restores=True), bench.plan)
    assert (report.altered, report.warnings) == ([altered], [])
    serves = ", which serves and is in state Updating meanwhile" if is_default else ""
    assert any(
        each.startswith(f"restoring deployment {altered}{serves}, changed by hand: miniBatchSize is 7")
        for each in bench.said
    )
    sent = [each for each in bench.writes(mark) if "/batchEndpoints/" in each]
    assert [each.partition(" ")[0] for each in sent] == ["PUT"]
    assert problems(bench) == []
    after = bench.place.get(f"batchEndpoints/{bench.plan.endpoint.name}/deployments/{altered}")
    assert (after["tags"], after["properties"]) == (before["tags"], before["properties"])
    mark = bench.mark()
    assert not bench.release_in(replace(bench.context(), restores=True), bench.plan).changed
    assert bench.writes(mark) == []


def test_the_command_restores_nothing_if_it_is_refused(bench: Bench) -> None:
    altered = altered_by_hand(bench, is_default=True)
    deployment = replace(bench.plan.deployments["mlp"], logical="side", environment=NamedEnvironment("absent", "1"))
    plan = replace(bench.plan, deployments={**bench.plan.deployments, "side": deployment})
    mark = bench.mark()
    with pytest.raises(PlanError, match="Nothing was uploaded or created"):
        bench.release_in(replace(bench.context(), restores=True), plan)
    assert bench.writes(mark) == []
    assert problems(bench, altered) == ["miniBatchSize is 7, released was 10"]
