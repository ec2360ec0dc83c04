"""Why a deployment gets another revision."""

from typing import Any

import pytest

from modelops.plan.plan import DeploymentPlan, ReleasePlan
from modelops.release.reasons import differences
from tests.unit.plans import plan_json

REGISTRY = {"registry": "shared", "name": "churn", "version": "2"}
BUILD = {"path": "env", "dockerfilePath": "Dockerfile", "digest": "1" * 64}


def deployment(**parts: Any) -> DeploymentPlan:
    """The plan's deployment with some of its members changed; None removes one."""
    plain = plan_json()
    members = {**plain["deployments"]["mlp"], **parts}
    plain["deployments"]["mlp"] = {key: value for key, value in members.items() if value is not None}
    return ReleasePlan.from_inputs(plain, lambda value: value == "?").deployments["mlp"]


def model(**parts: Any) -> dict[str, Any]:
    """The plan's model with some of its members changed."""
    return {**plan_json()["deployments"]["mlp"]["model"], **parts}


def settings(**parts: Any) -> dict[str, Any]:
    """The plan's settings with some of them changed; None removes one."""
    found = {**plan_json()["deployments"]["mlp"]["settings"], **parts}
    return {key: value for key, value in found.items() if value is not None}


def image(**parts: Any) -> dict[str, Any]:
    """The plan's environment with some of its members changed; None removes one."""
    found = {**plan_json()["deployments"]["mlp"]["environment"], **parts}
    return {key: value for key, value in found.items() if value is not None}


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ({}, {}, []),
        ({}, {"description": "Other", "tags": {}}, []),
        ({}, {"model": model(path="elsewhere", name="other")}, []),
        ({}, {"model": model(digest="1" * 64)}, ["model changed"]),
        ({}, {"model": model(type="mlflow_model")}, ["model type custom_model -> mlflow_model"]),
        ({}, {"model": REGISTRY}, ["model model -> churn:2"]),
        (
            {"model": {"uri": "runs:/1/model", "name": "a", "type": "custom_model"}},
            {},
            ["model runs:/1/model -> model"],
        ),
        ({"model": REGISTRY}, {"model": {**REGISTRY, "version": "3"}}, ["model churn 2 -> 3"]),
        (
            {"model": REGISTRY},
            {"model": {"name": "other", "version": "7", "label": "latest"}},
            ["model shared/churn:2 -> other:7 (latest)"],
        ),
        ({}, {"scoringScript": "other.py"}, ["scoringScript score.py -> other.py"]),
        ({}, {"code": {"path": "code", "digest": "1" * 64}}, ["code changed"]),
        ({}, {"code": {"path": "moved", "digest": "b" * 64}}, []),
        ({}, {"code": None, "scoringScript": None, "environment": None}, ["code removed", "environment removed"]),
        ({"code": None, "scoringScript": None}, {}, ["code added"]),
        ({"code": None, "scoringScript": None, "environment": None}, {}, ["code added", "environment added"]),
        ({}, {"settings": settings(miniBatchSize=20)}, ["miniBatchSize 10 -> 20"]),
        (
            {},
            {"settings": settings(outputAction="summary_only", outputFileName=None, maxRetries=0)},
            [
                "maxRetries 3 -> 0",
                "outputAction append_row -> summary_only",
                "outputFileName predictions.csv -> (not set)",
            ],
        ),
        ({}, {"environment": image(image="image:2")}, ["image image:1 -> image:2"]),
        ({}, {"environment": image(condaDigest="1" * 64)}, ["conda.yaml changed"]),
        ({}, {"environment": image(condaFile="moved.yaml")}, []),
        ({}, {"environment": {"image": "image:1"}}, ["conda environment removed"]),
        ({"environment": {"image": "image:1"}}, {}, ["conda.yaml added"]),
        ({}, {"environment": {"image": "image:1", "conda": "name: a"}}, ["conda environment changed"]),
        ({}, {"environment": {"build": BUILD}}, ["environment image:1 -> env"]),
        (
            {"environment": {"build": BUILD}},
            {"environment": {"build": {**BUILD, "digest": "2"}}},
            ["build context changed"],
        ),
        (
            {"environment": {"build": BUILD}},
            {"environment": {"build": {**BUILD, "dockerfilePath": "docker/File"}}},
            ["dockerfilePath Dockerfile -> docker/File"],
        ),
        (
            {"environment": {"name": "base", "version": "1"}},
            {"environment": {"name": "base", "version": "2", "label": "latest"}},
            ["environment base 1 -> 2 (latest)"],
        ),
        ({}, {"environment": {"name": "base", "version": "1"}}, ["environment image:1 -> base:1"]),
        (
            {"environmentVariables": {"MODE": "fast", "OLD": "1"}},
            {"environmentVariables": {"NEW": "x" * 50, "MODE": "https://a.example/b?sig=secret"}},
            [
                f"environment variable NEW (not set) -> {'x' * 37}...",
                "environment variable MODE fast -> https://a.example/b?***",
                "environment variable OLD 1 -> (not set)",
            ],
        ),
        ({}, {"compute": "/computes/CPU"}, []),
        ({}, {"compute": "/computes/gpu"}, ["cluster cpu -> gpu"]),
        ({}, {"compute": "?"}, ["cluster cpu is replaced"]),
    ],
)
def test_says_what_differs(old: dict[str, Any], new: dict[str, Any], said: list[str]) -> None:
    before, after = deployment(**old), deployment(**new)
    assert differences(before, after) == said
    assert (before.identity() == after.identity()) == (said == [])


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ([], ["code changed"]),
        (["score.py"], ["score.py changed"]),
        (["a.py", "b.py", "c.py"], ["a.py changed", "b.py changed", "c.py changed"]),
        (["a.py", "b.py", "c.py", "d.py"], ["code changed (4 files)"]),
    ],
)
def test_names_a_few_files_of_the_code(files: list[str], said: list[str]) -> None:
    new = deployment(code={"path": "code", "digest": "2" * 64})
    assert differences(deployment(), new, files) == said
    assert differences(deployment(), deployment(), files) == []


def test_the_most_telling_comes_first() -> None:
    new = deployment(
        model=model(digest="1" * 64),
        code={"path": "code", "digest": "2" * 64},
        settings=settings(instanceCount=2),
        environment=image(image="image:2"),
    )
    assert differences(deployment(), new) == [
        "model changed",
        "code changed",
        "instanceCount 1 -> 2",
        "image image:1 -> image:2",
    ]
