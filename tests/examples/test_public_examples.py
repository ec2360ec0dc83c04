"""The runner of public examples: our notebook and our script run as they stand, in a separate sandbox.

Does not run the public examples themselves: this repository does not contain them, and their environments need a
package index. docs/examples.md says what came of them.
"""

import importlib
import json
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest.mock import Mock

import pytest

from tools.examples import stand_ins
from tools.examples.__main__ import main
from tools.examples.catalogue import EXAMPLES
from tools.examples.cells import as_python, execute
from tools.examples.example import Example, Public, StandIn, Step
from tools.examples.lent import lend
from tools.examples.place import Place
from tools.examples.run import AZ_ML, Outcome, run, with_az_ml

CLIENT = """\
from azure.ai.ml import MLClient
from azure.ai.ml.entities import BatchEndpoint
from azure.identity import DefaultAzureCredential
client = MLClient.from_config(DefaultAzureCredential())
"""
CELLS = (
    "%%writefile code/score.py\n\ndef init(): ...\n",
    "!ls code\npip --version",
    CLIENT,
    "raise SystemExit('there is no network')",
    "(client.workspace_name[:5], [each.name for each in client.compute.list()], given, open('model/weights').read())",
    "client.batch_endpoints.begin_create_or_update(BatchEndpoint(name='from-a-notebook')).result().name",
)


def write_notebook(path: Path, *cells: str) -> None:
    """Write a notebook; a text stands before each cell, and does not count."""
    text = {"cell_type": "markdown", "source": ["# About it"]}
    both = [[text, {"cell_type": "code", "source": cell.splitlines(keepends=True)}] for cell in cells]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"cells": [each for pair in both for each in pair]}), encoding="utf-8")


@pytest.fixture(name="place", scope="module")
def _place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    place = Place(tmp_path_factory.mktemp("place") / "sandbox")
    yield place
    place.stop()


@pytest.fixture(name="checkout")
def _checkout(tmp_path: Path) -> Path:
    checkout = tmp_path / "theirs"
    write_notebook(checkout / "deploy" / "mine" / "notebook.ipynb", *CELLS)
    (checkout / "deploy" / "mine" / "code").mkdir()
    return checkout


def example(**more: object) -> Example:
    return Example("mine", "deploy/mine/notebook.ipynb", "ours", **more)  # type: ignore[arg-type]


def test_cells_run_as_they_stand_with_what_stands_in_from_outside(place: Place, checkout: Path, tmp_path: Path) -> None:
    mine = example(
        clusters={"nodes": 2},
        stand_ins=(StandIn("deploy/mine/model/weights", stand_ins.text("1 2 3"), "weights in Git LFS"),),
        before={5: Step("given = 'by hand'", "fills in a value")},
        skipped={4: "it needs a network"},
    )
    outcome = run(mine, checkout, tmp_path / "work", place, sys.executable)
    log = (tmp_path / "work" / "log.txt").read_text(encoding="utf-8")
    assert outcome == Outcome(mine, done=5), log
    assert outcome.row == (
        "| ours | `mine` | to the end (5 cells) | cell 4: not run, it needs a network; before cell 5: fills in a "
        "value; weights in Git LFS; cluster `nodes` of 2 nodes |"
    )
    assert "\n('mine-', ['nodes'], 'by hand', '1 2 3')\n" in log
    assert "\n'from-a-notebook'\n" in log
    assert (tmp_path / "work/checkout/deploy/mine/code/score.py").read_text() == "\ndef init(): ...\n"
    assert sorted(path.name for path in (checkout / "deploy" / "mine").rglob("*")) == ["code", "notebook.ipynb"]


def test_the_first_cell_that_fails_ends_it(place: Place, checkout: Path, tmp_path: Path) -> None:
    outcome = run(example(), checkout, tmp_path / "work", place, sys.executable)
    assert outcome == Outcome(example(), 3, failed=4, error="SystemExit: there is no network")
    assert outcome.result == "cell 4: SystemExit: there is no network"


def test_a_script_is_run_by_bash(place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tools.examples.run.shutil.which", lambda _: None)  # without an Azure CLI of the user
    (tmp_path / "theirs" / "cli").mkdir(parents=True)
    (tmp_path / "theirs" / "cli" / "score.sh").write_text("cat config.json; echo $EXAMPLE_WORKSPACE")
    script = Example("script", "cli/score.sh", "ours")
    outcome = run(script, tmp_path / "theirs", tmp_path / "work", place, sys.executable)
    assert (outcome.failed, outcome.result) == (None, "to the end")
    log = (tmp_path / "work" / "log.txt").read_text()
    config, _, named = log.partition("}")
    assert json.loads(config + "}")["workspace_name"] == named.strip()
    assert named.startswith("script-")


def test_files_in_a_public_account_are_there_for_a_script(place: Place, tmp_path: Path) -> None:
    address = "https://elsewhere.blob.core.windows.net/data/in/"
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs" / "score.sh").write_text(f"curl --silent --fail {address}0.png")
    public = (Public(address, stand_ins.digit_folder(1), "an image in a public account"),)
    script = Example("script", "score.sh", "ours", public=public)
    outcome = run(script, tmp_path / "theirs", tmp_path / "work", place, sys.executable)
    log = (tmp_path / "work" / "log.txt").read_bytes()
    assert (outcome.row, log[1:4]) == ("| ours | `script` | to the end | an image in a public account |", b"PNG")


@pytest.mark.parametrize(
    ("given", "used"),
    [("env/bin/python", "{here}/env/bin/python"), ("/usr/bin/python3", "/usr/bin/python3"), ("python3", "python3")],
)
def test_a_python_is_found_from_where_the_user_is(
    checkout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: str, used: str
) -> None:
    asked: list[str] = []

    def remember(example: Example, *_: object) -> Outcome:
        asked.append(str(_[-1]))
        return Outcome(example)

    (tmp_path / "env" / "bin").mkdir(parents=True)
    (tmp_path / "env" / "bin" / "python").symlink_to(sys.executable)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("tools.examples.__main__.EXAMPLES", (example(),))
    monkeypatch.setattr("tools.examples.__main__.run", remember)
    assert main([str(checkout), "--python", given]) == 0
    assert asked == [used.format(here=tmp_path)]


def test_a_python_that_is_none_is_a_result(place: Place, checkout: Path, tmp_path: Path) -> None:
    outcome = run(example(), checkout, tmp_path / "work", place, "/no/such/python")
    assert outcome.result.startswith("cell 1: its Python ended with exit code ")


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("x = 1\nx % 2", "x = 1\nx % 2"),
        ("!cat code/a.py", "_shell('cat code/a.py')"),
        ("%pip install x", f"_shell('{sys.executable} -m pip install x')"),
        ("pip show x", f"_shell('{sys.executable} -m pip show x')"),
        ("pipeline = 1", "pipeline = 1"),
        (
            "%%writefile a/b.py\nx = '1'\n",
            "__import__('pathlib').Path('a/b.py').write_text(\"x = '1'\\n\", encoding='utf-8')",
        ),
    ],
)
def test_commands_of_ipython_become_python(cell: str, expected: str) -> None:
    assert as_python(cell) == expected


def test_annotations_stay_objects() -> None:
    names: dict[str, Any] = {}
    execute("def step(size: int): ...", names)
    assert names["step"].__annotations__ == {"size": int}


@pytest.mark.parametrize("cell", ["%%bash\nls", "x = 1\n%timeit x"])
def test_other_commands_of_ipython_are_refused(cell: str) -> None:
    with pytest.raises(SyntaxError, match=r"^the runner does not know '%(%bash|timeit)'$"):
        as_python(cell)


def test_only_the_examples_folder_is_copied(tmp_path: Path) -> None:
    theirs, copy = tmp_path / "theirs", tmp_path / "copy"
    for name in ("a/mine/x.txt", "a/mine/y.txt", "a/other/z.txt", "assets/data.zip", "assets/labels.txt", ".git/HEAD"):
        (theirs / name).parent.mkdir(parents=True, exist_ok=True)
        (theirs / name).write_text(name)
    lend(theirs, copy, "a/mine", ["assets/data.zip", "a/mine/y.txt", "new/folder/file"])
    stand_ins.more("\nmore")(copy / "a/mine/y.txt")
    links = {path.relative_to(copy).as_posix() for path in copy.rglob("*") if path.is_symlink()}
    files = {path.relative_to(copy).as_posix() for path in copy.rglob("*") if path.is_file()}
    assert links == {"a/other", "assets/labels.txt"}
    assert files == {"a/mine/x.txt", "a/mine/y.txt", "assets/labels.txt"}
    assert ((theirs / "a/mine/y.txt").read_text(), (copy / "a/mine/y.txt").read_text()) == (
        "a/mine/y.txt",
        "a/mine/y.txt\nmore",
    )
    assert (copy / "new" / "folder").is_dir()


def test_names_are_unique_and_fit_a_storage_account() -> None:
    names = [each.name for each in EXAMPLES]
    assert len(set(names)) == len(names)
    assert [name for name in names if len(name.replace("-", "")) > 20] == []


@pytest.mark.parametrize("named", [["lab-11"], ["batch-score", "lab-11"], []])
def test_an_example_that_the_checkout_lacks_is_refused(tmp_path: Path, named: list[str]) -> None:
    if "batch-score" in named:
        (tmp_path / "cli").mkdir()
        (tmp_path / "cli" / "batch-score.sh").touch()
    with pytest.raises(SystemExit, match=r"^examples: '.+' does not have Labs/11/Deploy to batch endpoint\.ipynb"):
        main([str(tmp_path), *named])


def test_an_unknown_example_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=r"^examples: unknown example 'lab-12'; allowed: lab-11, "):
        main([str(tmp_path), "lab-12"])


def test_a_script_that_fails_has_its_exit_code(place: Place, tmp_path: Path) -> None:
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs" / "score.sh").write_text("exit 3")
    outcome = run(Example("script", "score.sh", "ours"), tmp_path / "theirs", tmp_path / "work", place, sys.executable)
    assert (outcome.failed, outcome.result) == (3, "exit code 3")


def test_only_az_ml_is_replaced(tmp_path: Path) -> None:
    theirs = tmp_path / "their az"
    theirs.write_text("#!/bin/sh\necho az: $*\n")
    theirs.chmod(0o755)
    az = with_az_ml(tmp_path / "bin", str(theirs), "echo") / "az"
    printed = [
        subprocess.check_output([az, *words], text=True) for words in (["account", "show"], ["ml", "job", "show"])
    ]
    assert printed == ["az: account show\n", f"{AZ_ML} job show\n"]


@pytest.fixture(name="az_ml")
def _az_ml(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Return the replacement of ``az ml``; what reads its --query is not among our packages."""
    monkeypatch.setitem(sys.modules, "jmespath", ModuleType("jmespath"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # azure-ai-ml's, of its own libraries
        return importlib.import_module("tools.examples.az_ml")


def test_az_ml_reads_its_options(az_ml: ModuleType) -> None:
    words = ["-n", "e", "--set", "a=b", "--set", "c=d", "--yes", "--instance-count", "5", "-o", "tsv"]
    expected = {"name": "e", "set": ["a=b", "c=d"], "yes": True, "instance_count": "5", "output": "tsv"}
    assert az_ml.read(words) == expected


def test_az_ml_says_overrides_as_the_sdk_takes_them(az_ml: ModuleType) -> None:
    client = Mock()
    client.datastores.get.side_effect = lambda name: Mock(id=f"/datastores/{name}")
    words = ["--name", "e", "--input", "data", "--mini-batch-size", "20", "--instance-count", "5"]
    more = ["--output-path", "azureml://datastores/own/paths/a/b", "--set", "output_file_name=x.csv"]
    az_ml.Commands(client).batch_endpoint_invoke(az_ml.read([*words, *more]))
    assert client.batch_endpoints.invoke.call_args.kwargs["params_override"] == [
        {"output_file_name": "x.csv"},
        {"mini_batch_size": "20"},
        {"compute.instance_count": "5"},
        {"output_dataset.datastore_id": "azureml:/datastores/own"},
        {"output_dataset.path": "/a/b"},
    ]


def test_az_ml_makes_what_it_deploys_the_default(az_ml: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "score.py").touch()
    (tmp_path / "deployment.yml").write_text(
        "name: blue\nendpoint_name: theirs\nmodel: azureml:m:1\ncompute: azureml:cpu\n"
        "settings:\n  mini_batch_size: 1\n  environment_variables: {BASE: $BASE}\n"
    )
    client = Mock()
    client.batch_deployments.begin_create_or_update.return_value.result.return_value._to_dict.return_value = {
        "name": "blue"
    }
    endpoint = client.batch_endpoints.get.return_value
    client.batch_endpoints.begin_create_or_update.return_value.result.return_value._to_dict.return_value = {}
    words = ["--file", str(tmp_path / "deployment.yml"), "--endpoint-name", "mine", "--set-default"]
    options = az_ml.read([*words, "--set", "settings.environment_variables.BASE=https://x"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # as above
        az_ml.Commands(client).batch_deployment_create(options)
    (made,), _ = client.batch_deployments.begin_create_or_update.call_args
    assert (made.endpoint_name, made.settings.environment_variables) == ("mine", {"BASE": "https://x"})
    assert endpoint.defaults.deployment_name == "blue"
