"""`tryOut`: an endpoint's and a deployment's keys together, `none`, and the message for each mistake."""

from pathlib import Path
from typing import Any

import pytest

from modelops.plan.try_out import File, TryOut
from tests.unit.settings_world import Config, changed, make_files, mlp, problems, read

AT = "endpoints.digits.tryOut"
OWN = "endpoints.digits.deployments.mlp.tryOut"
INPUT = "a file or folder to score (or an address: azureml:NAME:VERSION, azureml://..., https://...)"
ROOT = "relative to the folder of Pulumi.yaml and inside it, with / as the separator"


@pytest.fixture(name="root")
def _root(tmp_path: Path) -> Path:
    make_files(tmp_path)
    (tmp_path / "images").mkdir()
    (tmp_path / "check.py").touch()
    return tmp_path


def _with(endpoint: object, deployment: object = None) -> Config:
    def change(config: Config) -> None:
        config["endpoints"]["digits"]["tryOut"] = endpoint
        if endpoint is None:
            del config["endpoints"]["digits"]["tryOut"]
        if deployment is not None:
            mlp(config)["tryOut"] = deployment

    return changed(change)


def _read(root: Path, endpoint: object, deployment: object = None) -> TryOut | None:
    return read(root, _with(endpoint, deployment)).endpoints["digits"].deployments["mlp"].get("try_out")


def test_an_input_is_enough(root: Path) -> None:
    assert _read(root, {"input": "images"}) == TryOut(
        input=File("images", ""),
        per_file=False,
        least_rows=1,
        key=None,
        check=None,
        compare=None,
        python=None,
        max_changed_rows=None,
        image_minutes=40,
        queue_minutes=20,
        run_minutes=20,
        instance_count=None,
    )


def test_everything_set(root: Path) -> None:
    words = {
        "input": "azureml:digits:3",
        "rows": {"atLeast": 5},
        "key": 1,
        "check": "check.py",
        "compare": "check.py",
        "python": ".venv/bin/python",
        "maxChangedRows": 0.25,
        "imageMinutes": 60,
        "queueMinutes": 5,
        "runMinutes": 10,
        "instanceCount": 2,
    }
    script = File("check.py", "")
    assert _read(root, words) == TryOut(
        "azureml:digits:3",
        per_file=False,
        least_rows=5,
        key="1",
        check=script,
        compare=script,
        python=".venv/bin/python",
        max_changed_rows=0.25,
        image_minutes=60,
        queue_minutes=5,
        run_minutes=10,
        instance_count=2,
    )


@pytest.mark.parametrize(
    ("endpoint", "deployment", "expected"),
    [
        ("none", None, None),
        (None, "none", None),
        ({"input": "images"}, "none", None),
        ("none", {"input": "images"}, TryOut(File("images", ""))),
        (None, {"input": "images"}, TryOut(File("images", ""))),
        ({"input": "images", "key": 1}, {"rows": "any"}, TryOut(File("images", ""), least_rows=0, key="1")),
        ({"rows": "perFile"}, {"input": "images"}, TryOut(File("images", ""), per_file=True)),
        ({"input": "images", "rows": "perFile"}, {"rows": {"atLeast": 2}}, TryOut(File("images", ""), least_rows=2)),
    ],
)
def test_a_deployment_s_keys_replace_the_endpoint_s(
    root: Path, endpoint: object, deployment: object, expected: TryOut | None
) -> None:
    assert _read(root, endpoint, deployment) == expected


@pytest.mark.parametrize(
    ("words", "sample"), [("none", None), ({"input": "images"}, "images"), ({"input": "azureml:a:1"}, "azureml:a:1")]
)
def test_the_input_is_the_sample(root: Path, words: object, sample: str | None) -> None:
    assert read(root, _with(words)).endpoints["digits"].sample == sample


def test_a_sample_of_its_own_wins(root: Path) -> None:
    config = _with({"input": "images"})
    config["endpoints"]["digits"]["sample"] = "code"
    assert read(root, config).endpoints["digits"].sample == "code"


WRONG: list[tuple[Any, Any, str]] = [
    (
        None,
        None,
        (
            f"{AT} is not set. Allowed: an object with the input that every new revision has to score before it may "
            f"serve, or the word none.\npulumi config set --path {AT}.input PATH --stack dev"
        ),
    ),
    (
        True,
        None,
        (
            f"{AT} is true. Allowed: an object that describes the try-out, or the word none.\n"
            "Pulumi.dev.yaml: write an object below tryOut: docs/configuration.md has its keys"
        ),
    ),
    (
        {"rows": "any"},
        None,
        f"{AT}.input is not set. Allowed: {INPUT}.\npulumi config set --path {AT}.input PATH --stack dev",
    ),
    (
        "none",
        {"rows": "any"},
        f"{OWN}.input is not set. Allowed: {INPUT}.\npulumi config set --path {OWN}.input PATH --stack dev",
    ),
    (
        {"input": "../images"},
        None,
        (
            f"{AT}.input is '../images'. Allowed: the path of {INPUT}, {ROOT}.\n"
            f"pulumi config set --path {AT}.input PATH --stack dev"
        ),
    ),
    (
        {"input": "images", "rows": {"least": 1}},
        None,
        (
            f"{AT}.rows is {{'least': 1}}. Allowed: perFile, any or an object with atLeast, a number of rows.\n"
            f"pulumi config set --path {AT}.rows perFile --stack dev"
        ),
    ),
    (
        {"input": "images", "rows": {"atLeast": 0}},
        None,
        (
            f"{AT}.rows.atLeast is 0. Allowed: a whole number from 1 (rows).\n"
            f"pulumi config set --path {AT}.rows.atLeast 1 --stack dev"
        ),
    ),
    (
        {"input": "images", "maxChangedRows": 5},
        None,
        (
            f"{AT}.maxChangedRows is 5. Allowed: a share from 0 to 1.\n"
            f"pulumi config set --path {AT}.maxChangedRows 0.05 --stack dev"
        ),
    ),
    (
        {"input": "images", "check": "gone.py"},
        None,
        (
            f"{AT}.check is 'gone.py', and there is no such file. Allowed: the path of a Python file with the function "
            f"check.\npulumi config set --path {AT}.check PATH --stack dev"
        ),
    ),
    (
        {"input": "images", "runMinutes": 0},
        None,
        (
            f"{AT}.runMinutes is 0. Allowed: a whole number from 1 to 10080 (minutes).\n"
            f"pulumi config set --path {AT}.runMinutes 20 --stack dev"
        ),
    ),
    (
        {"input": "images", "key": True},
        None,
        (
            f"{AT}.key is true. Allowed: the name of a column of the predictions, or its position from 1.\n"
            f"pulumi config set --path {AT}.key 1 --stack dev"
        ),
    ),
]


@pytest.mark.parametrize(("endpoint", "deployment", "told"), WRONG)
def test_what_is_wrong_is_told(root: Path, endpoint: object, deployment: object, told: str) -> None:
    assert problems(root, _with(endpoint, deployment)) == [told]


def test_a_script_that_writes_its_own_files_needs_a_check(root: Path) -> None:
    def change(config: Config) -> None:
        mlp(config)["outputAction"] = "summary_only"
        mlp(config)["tryOut"] = {"input": "images"}

    assert problems(root, changed(change)) == [
        (
            f"{OWN}.check is not set, and outputAction is 'summary_only'. Required: a Python file whose "
            "check(predictions, input) raises what is wrong with the files that the script writes; nothing else can "
            "tell.\n"
            f"pulumi config set --path {OWN}.check check.py --stack dev"
        )
    ]


def test_what_two_deployments_need_is_told_once(root: Path) -> None:
    def change(config: Config) -> None:
        del config["endpoints"]["digits"]["tryOut"]
        config["endpoints"]["digits"]["deployments"]["other"] = dict(mlp(config))

    (told,) = problems(root, changed(change))
    assert told.startswith(f"{AT} is not set.")


@pytest.mark.parametrize(
    ("endpoint", "deployment", "at"),
    [({"instanceCount": 9}, None, AT), ({}, {"instanceCount": 9}, OWN), ({"instanceCount": 9}, {"rows": "any"}, AT)],
)
def test_a_job_gets_no_more_nodes_than_its_cluster_has(
    root: Path, endpoint: Config, deployment: object, at: str
) -> None:
    told = (
        f"{at}.instanceCount is 9. Allowed: at most 4, which is cluster.maxNodes.\n"
        f"pulumi config set --path {at}.instanceCount 4 --stack dev"
    )
    assert problems(root, _with({"input": "images", **endpoint}, deployment)) == [told]
