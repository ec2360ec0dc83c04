"""`python -m modelops import`: what it prints."""

import json
from pathlib import Path

import pytest

from modelops.commands.app import main

FILE = """\
name: mlp
model: azureml:digits@latest
environment:
  image: base:latest
  conda_file:
    dependencies: [python]
compute: azureml:cluster
mini_batch_size: "5"
"""


TRY_OUT = "an object with the input that every new revision has to score before it may serve, or the word none."


@pytest.fixture(autouse=True)
def _in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("logging.disable", lambda _level: None)  # it would be for the whole test run


def test_prints_what_to_paste(capsys: pytest.CaptureFixture[str]) -> None:
    Path("mlp.yml").write_text(FILE, encoding="utf-8")
    assert main(["import", "mlp.yml"]) == 0
    assert capsys.readouterr().out == (
        "# mlp.yml:1: name is not used: the key in the stack file is the name.\n"
        f"# mlp.yml:1: add tryOut at the endpoint, or here: {TRY_OUT}\n"
        "# mlp.yml:2: model is 'azureml:digits@latest': git does not fix which version that is.\n"
        '# mlp.yml:2: fill in VERSION; in azure-ai-ml, ml_client.models.list(name="digits") lists them.\n'
        "# mlp.yml:4: give the image a tag other than latest: the stack file takes no other.\n"
        "# mlp.yml:5: write this to a file, and fill in its path as CONDA_FILE:\n"
        "# dependencies:\n"
        "# - python\n"
        "# mlp.yml:7: compute is left out. If the stack file has several clusters, name one of them: compute: cluster\n"
        "deployments:\n"
        "  mlp:\n"
        "    model:\n"
        "      name: digits\n"
        "      version: VERSION\n"
        "    environment:\n"
        "      image: base:latest\n"
        "      condaFile: CONDA_FILE\n"
        "    miniBatchSize: 5\n"
    )


def test_prints_one_object(capsys: pytest.CaptureFixture[str]) -> None:
    Path("mlp.yml").write_text("model: azureml:digits:3\nname: x\n", encoding="utf-8")
    assert main(["import", "mlp.yml", "--json", "--name", "small"]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "schemaVersion": 1,
        "deployments": {"small": {"model": {"name": "digits", "version": "3"}}},
        "remarks": [
            {"line": 1, "text": f"add tryOut at the endpoint, or here: {TRY_OUT}"},
            {"line": 2, "text": "name is not used: the key in the stack file is the name."},
        ],
    }


def test_says_what_a_script_that_writes_its_own_files_needs(capsys: pytest.CaptureFixture[str]) -> None:
    Path("mlp.yml").write_text("model: azureml:digits:3\nsettings:\n  output_action: summary_only\n", encoding="utf-8")
    assert main(["import", "mlp.yml"]) == 0
    assert capsys.readouterr().out.splitlines()[:3] == [
        f"# mlp.yml:1: add tryOut at the endpoint, or here: {TRY_OUT}",
        "# mlp.yml:3: tryOut needs a check: a Python file that judges the files that the script writes.",
        "deployments:",
    ]


def test_says_everything_that_is_wrong_by_line(capsys: pytest.CaptureFixture[str]) -> None:
    Path("mlp.yml").write_text("model: {local_path: m}\nname: ${NAME}\n", encoding="utf-8")
    assert main(["import", "mlp.yml"]) == 2
    said = capsys.readouterr()
    assert (said.out, said.err) == (
        "",
        (
            "error: mlp.yml cannot be deployed as it is:\n"
            "  mlp.yml:1: model.local_path is a key that Azure does not take. Write path.\n"
            "  mlp.yml:2: name is '${NAME}': nothing fills in ${NAME}. Write the value itself.\n"
        ),
    )


def test_prints_an_endpoint(capsys: pytest.CaptureFixture[str]) -> None:
    Path("endpoint.yml").write_text("name: digits\nauth_mode: aad_token\ntags: {owner: ml}\n", encoding="utf-8")
    assert main(["import", "endpoint.yml", "--name", "digits"]) == 0
    assert capsys.readouterr().out == (
        "# endpoint.yml:1: name is not used: the key in the stack file is the name.\n"
        f"# endpoint.yml:1: add tryOut here, or in each deployment: {TRY_OUT}\n"
        "endpoints:\n"
        "  digits:\n"
        "    tags:\n"
        "      owner: ml\n"
    )


def test_leaves_secrets_out(capsys: pytest.CaptureFixture[str]) -> None:
    Path("mlp.yml").write_text(
        "model: azureml:digits:3\nenvironment_variables:\n  MODE: fast\n  API_KEY: hunter2\n", encoding="utf-8"
    )
    assert main(["import", "mlp.yml"]) == 0
    printed = capsys.readouterr().out
    assert (
        "# mlp.yml:4: environment_variables.API_KEY looks like a secret (its name has API_KEY) and is left "
        "out: a scoring script reads it from a key vault (docs/security.md). If it is not one, add it, and notSecret: "
        "[API_KEY].\n"
    ) in printed
    assert printed.endswith("    environmentVariables:\n      MODE: fast\n")
    assert "hunter2" not in printed
