"""The environment variables of a deployment: their names, and that secrets among them are refused unseen.

What looks like a secret is in test_secret_values.
"""

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.unit.settings_world import Config, changed, make_files, mlp, problems, read

MLP = "endpoints.digits.deployments.mlp"
REFUSED = (
    "Allowed: values that everybody may read who sees the stack's files, its state or the deployment. A scoring script "
    "reads secrets from a key vault: docs/security.md#secrets-of-a-scoring-script. If this is not one, add notSecret: "
    "[{name}] to the deployment."
)


@pytest.fixture(name="root")
def _root(tmp_path: Path) -> Path:
    return make_files(tmp_path)


def with_variables(variables: dict[str, Any], **own: Any) -> Config:
    """The right configuration with these variables."""
    return changed(lambda config: mlp(config).update(environmentVariables=variables, **own))


def test_names_that_no_environment_variable_can_have(root: Path) -> None:
    variables = {"A=B": "hunter2", "": "2", "MY VAR": "3", "1ST": "4", "NULL": "a\0b", "odd-name.1": "fine"}
    allowed = "Allowed: letters, digits and _ . -, not starting with a digit."
    assert [each.partition("\n")[0] for each in problems(root, with_variables(variables))] == [
        f'{MLP}.environmentVariables["A=B"] cannot be the name of an environment variable. {allowed}',
        f'{MLP}.environmentVariables[""] cannot be the name of an environment variable. {allowed}',
        f'{MLP}.environmentVariables["MY VAR"] cannot be the name of an environment variable. {allowed}',
        f"{MLP}.environmentVariables.1ST cannot be the name of an environment variable. {allowed}",
        f"{MLP}.environmentVariables.NULL has a null character. Allowed: a text without one.",
    ]


def test_a_secret_is_refused_and_not_shown(root: Path) -> None:
    told = problems(root, with_variables({"DB_PASSWORD": "hunter2", "STORE": "AccountName=a;AccountKey=hunter2=="}))
    assert told == [
        (
            f"{MLP}.environmentVariables.DB_PASSWORD looks like a secret: its name has PASSWORD. "
            f"{REFUSED.format(name='DB_PASSWORD')}\nPulumi.dev.yaml: remove {MLP}.environmentVariables.DB_PASSWORD"
        ),
        (
            f"{MLP}.environmentVariables.STORE looks like a secret: its value looks like a connection string. "
            f"{REFUSED.format(name='STORE')}\nPulumi.dev.yaml: remove {MLP}.environmentVariables.STORE"
        ),
    ]


def test_not_secret_answers_for_it_and_changes_nothing_else(root: Path) -> None:
    variables = {"START_TOKEN": "2", "CSRF_TOKEN": "the-word"}
    found = read(root, with_variables(variables, notSecret=["CSRF_TOKEN"]))
    deployment = found.endpoints["digits"].deployments["mlp"]
    plain = read(root, with_variables({**variables, "CSRF_TOKEN": "true"})).endpoints["digits"].deployments["mlp"]
    assert deployment == {**plain, "environment_variables": variables}


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["DB_PASWORD"], "notSecret[0] is 'DB_PASWORD'. Allowed: a name in {of}(A, DB_PASSWORD).|[0] to DB_PASSWORD"),
        (["A", "zzz"], "notSecret[1] is 'zzz'. Allowed: a name in {of}(A, DB_PASSWORD).|[1] to NAME"),
        ([7], "notSecret[0] is 7. Allowed: a name in {of}(A, DB_PASSWORD).|[0] to NAME"),
    ],
)
def test_not_secret_names_variables(root: Path, names: list[object], said: str) -> None:
    what, _, fix = said.format(of="environmentVariables of this deployment ").partition("|")
    told = problems(root, with_variables({"A": "1", "DB_PASSWORD": "true"}, notSecret=names))
    assert told == [f"{MLP}.{what}\nPulumi.dev.yaml: set {MLP}.notSecret{fix}"]


def test_not_secret_is_an_array(root: Path) -> None:
    [told] = problems(root, with_variables({"A": "1"}, notSecret="A"))
    assert told.startswith(f"{MLP}.notSecret is 'A'. Allowed: an array of texts")


def test_a_secret_in_a_file_of_the_azure_cli(root: Path) -> None:
    (root / "mlp.yml").write_text(
        yaml.safe_dump({"environment_variables": {"API_KEY": "hunter2"}, "model": "azureml:digits:3"})
    )

    def config(**own: Any) -> Config:
        deployments = {"mlp": {"from": "mlp.yml", **own}}
        return changed(lambda config: config["endpoints"]["digits"].update(deployments=deployments))

    assert problems(root, config()) == [
        (
            f"{MLP}.environmentVariables.API_KEY looks like a secret: its name has API_KEY. "
            f"{REFUSED.format(name='API_KEY')}\nedit mlp.yml:2"
        )
    ]
    deployment = read(root, config(notSecret=["API_KEY"])).endpoints["digits"].deployments["mlp"]
    assert deployment.get("environment_variables") == {"API_KEY": "hunter2"}


def test_names_that_others_set_too_are_taken_with_a_warning(root: Path) -> None:
    found = read(root, with_variables({"PATH": "/opt/bin", "AZUREML_MODEL_DIR": "/m", "PYTHONPATH": "/p"}))
    why = {
        "PATH": "the image's own value leads to its Python",
        "AZUREML_MODEL_DIR": "Azure sets it to the model's folder",
    }
    assert list(found.warnings) == [
        f"{MLP}.environmentVariables.{name} is set, but {each}: leave it out if you can." for name, each in why.items()
    ]
