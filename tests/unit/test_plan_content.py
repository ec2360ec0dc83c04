"""Every kind of model and environment: from the stack file's words to the plan's JSON form and a revision's identity.

That the identities of older revisions stay is pinned in test_revision_names.py.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from components.release_parts.args import ModelReleaseArgs
from components.release_parts.plan_inputs import plan_inputs
from modelops.errors import PlanError
from modelops.plan import fingerprint
from modelops.plan.plan import ReleasePlan
from tests.unit.plans import changed as plan_changed
from tests.unit.settings_world import changed, make_files, mlp, read

DIGEST = "d" * 64


@pytest.fixture(name="root")
def _root(tmp_path: Path) -> Path:
    root = make_files(tmp_path)
    (root / "build").mkdir()
    (root / "build" / "Dockerfile").write_text("FROM base:1\n")
    return root


def _planned(root: Path, *absent: str, **keys: object) -> Mapping[str, Any]:
    """The plan's JSON form of the deployment that the right configuration has with other keys, or without some."""

    def change(config: dict[str, Any]) -> None:
        for key in absent:
            del mlp(config)[key]
        mlp(config).update(keys)

    everything: Any = {
        **dict.fromkeys(ModelReleaseArgs.__annotations__, "x"),
        "endpoint_tags": {},
        "compute_ids": {"aml": "x"},
        "keep": 3,
        "pin": None,
        **read(root, changed(change)).endpoints["digits"].served,
    }
    inputs = plan_inputs(everything, root)
    found: Mapping[str, Any] = inputs["deployments"]["mlp"]
    assert ReleasePlan.from_inputs(inputs).to_json() == inputs
    return found


def test_a_file_that_cannot_be_read_leaves_no_revision_beside_a_pin(root: Path) -> None:
    def change(config: dict[str, Any]) -> None:
        mlp(config)["from"] = "gone.yml"
        config["endpoints"]["digits"]["pin"] = "mlp-0123abcd"

    everything: Any = {
        **dict.fromkeys(ModelReleaseArgs.__annotations__, "x"),
        "endpoint_tags": {},
        "compute_ids": {"aml": "x"},
        **read(root, changed(change)).endpoints["digits"].served,
    }
    plan = ReleasePlan.from_inputs(plan_inputs(everything, root))
    assert (plan.target, plan.revisions, plan.made) == ("mlp-0123abcd", {}, [])


@pytest.mark.parametrize(
    ("written", "planned"),
    [
        ({"image": "base:1"}, {"image": "base:1"}),
        ({"image": "base:1", "rehearseWith": "env/conda.yaml"}, {"image": "base:1"}),
        ({"name": "a.b", "version": 3}, {"name": "a.b", "version": "3"}),
        ({"registry": "ours", "name": "a", "version": 3}, {"registry": "ours", "name": "a", "version": "3"}),
        ("azureml:a:3", {"name": "a", "version": "3"}),
    ],
)
def test_environments(root: Path, written: object, planned: object) -> None:
    assert _planned(root, environment=written)["environment"] == planned


def test_a_build_context(root: Path) -> None:
    assert _planned(root, environment={"build": {"path": "build"}, "rehearseWith": "env/conda.yaml"})[
        "environment"
    ] == {
        "build": {
            "path": "build",
            "dockerfilePath": "Dockerfile",
            "digest": fingerprint.digest(root / "build"),
        }
    }


@pytest.mark.parametrize(
    ("written", "planned"),
    [
        ({"name": "a.b", "version": 3, "type": "mlflow_model"}, {"name": "a.b", "version": "3"}),
        (
            {"path": "runs:/0f1e/model", "name": "a", "type": "mlflow_model"},
            {"uri": "runs:/0f1e/model", "name": "a", "type": "mlflow_model"},
        ),
    ],
)
def test_models_without_code(root: Path, written: object, planned: object) -> None:
    found = _planned(root, "code", "scoringScript", "environment", model=written)
    assert found["model"] == planned
    assert not {"code", "scoringScript", "environment"} & set(found)


def _revision(*path: str, value: object) -> str:
    return ReleasePlan.from_inputs(plan_changed("deployments", "mlp", *path, value=value)).target


ENVIRONMENTS: list[dict[str, Any]] = [
    {"image": "image:1"},
    {"image": "image:2"},
    {"build": {"path": "a", "dockerfilePath": "Dockerfile", "digest": DIGEST}},
    {"build": {"path": "a", "dockerfilePath": "gpu/Dockerfile", "digest": DIGEST}},
    {"build": {"path": "a", "dockerfilePath": "Dockerfile", "digest": "e" * 64}},
    {"name": "a", "version": "1"},
    {"registry": "r", "name": "a", "version": "1"},
]
MODELS: list[dict[str, Any]] = [
    {"uri": "runs:/0f1e/model", "name": "a", "type": "custom_model"},
    {"uri": "runs:/0f1e/model", "name": "a", "type": "mlflow_model"},
    {"uri": "runs:/0f1e/other", "name": "a", "type": "custom_model"},
    {"name": "a", "version": "1"},
    {"registry": "r", "name": "a", "version": "1"},
]


@pytest.mark.parametrize(("key", "kinds"), [("environment", ENVIRONMENTS), ("model", MODELS)])
def test_other_content_is_another_revision(key: str, kinds: list[dict[str, Any]]) -> None:
    revisions = [_revision(key, value=each) for each in (*kinds, *kinds)]
    assert revisions[: len(kinds)] == revisions[len(kinds) :]
    assert len({*revisions, "mlp-86263ee2"}) == len(kinds) + 1


def test_paths_and_names_are_no_content() -> None:
    build = {"path": "a", "dockerfilePath": "Dockerfile", "digest": DIGEST}
    assert _revision("environment", value={"build": build}) == _revision(
        "environment", value={"build": {**build, "path": "b"}}
    )
    model = {"uri": "runs:/0f1e/model", "name": "a", "type": "custom_model"}
    assert _revision("model", value=model) == _revision("model", value={**model, "name": "b"})


@pytest.mark.parametrize(
    ("path", "value", "problems"),
    [
        (
            ("environment",),
            {"image": "a:1", "condaFile": "c.yaml"},
            ["deployments.mlp.environment.condaDigest: is None; allowed is a text"],
        ),
        (
            ("environment",),
            {"build": {"path": "../a", "digest": DIGEST, "tag": "x"}},
            [
                "deployments.mlp.environment.build.tag: unknown key; allowed are path, dockerfilePath, digest",
                (
                    "deployments.mlp.environment.build.path: path '../a': allowed is a path below the program's "
                    "folder, with / as the separator"
                ),
                "deployments.mlp.environment.build.dockerfilePath: is None; allowed is a text",
            ],
        ),
        (
            ("model",),
            {"uri": "runs:/0f1e/model", "name": "a"},
            ["deployments.mlp.model.type: is None; allowed is a text"],
        ),
    ],
)
def test_a_plan_that_says_too_little(path: tuple[str, ...], value: object, problems: list[str]) -> None:
    with pytest.raises(PlanError) as raised:
        ReleasePlan.from_inputs(plan_changed("deployments", "mlp", *path, value=value))
    assert str(raised.value).splitlines()[1:] == [f"  - {each}" for each in problems]


def test_an_image_without_a_fixed_tag_needs_a_word_for_it(tmp_path: Path) -> None:
    plan: Any = {
        **dict.fromkeys(ModelReleaseArgs.__annotations__, "x"),
        "endpoint_tags": {},
        "compute_ids": {"aml": "x"},
        "deployments": {
            "mlp": {"compute": "aml", "model": {"name": "a", "version": "1"}, "environment": {"image": "base:latest"}}
        },
    }
    with pytest.raises(PlanError) as raised:
        plan_inputs(plan, tmp_path)
    assert str(raised.value).startswith("image 'base:latest': allowed is an image with a fixed tag")
    plan["deployments"]["mlp"]["environment"]["any_tag"] = True
    assert plan_inputs(plan, tmp_path)["deployments"]["mlp"]["environment"] == {"image": "base:latest"}
