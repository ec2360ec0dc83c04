"""Resumed jobs, in the sandbox: inputs that are not on this machine, sub-folders, models without a script."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from azure.ai.ml.entities import Data
from azure.storage.blob import ContainerClient

from modelops.plan import fingerprint
from modelops.plan.plan import Code, LocalModel
from tests.modelops.conftest import Bench, in_one_profile
from tests.modelops.test_modelops_commands import run
from tests.modelops.test_modelops_lost import last_job, resumed, rows, scored_by, scored_here

# The SDK uses what the libraries below it have deprecated.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

leniently = pytest.mark.parametrize("profile", ["lenient"], indirect=True)
"""For tests of what the service may do as well."""


def _stored(bench: Bench, data: Path) -> str:
    """Put files into the workspace's container, in a folder that no other test has; return its address, with / last."""
    datastore: Any = bench.workspace.ml.datastores.get("workspaceblobstore")
    url = f"https://{datastore.account_name}.blob.core.windows.net/{datastore.container_name}"
    folder = f"resume/{bench.plan.endpoint.name}"
    with ContainerClient.from_container_url(url, credential=bench.workspace.credential) as container:
        for file in data.iterdir():
            container.upload_blob(f"{folder}/{file.name}", file.read_bytes())
    return f"{url}/{folder}/"


def _https(_bench: Bench, url: str) -> str:
    return url


def _asset(bench: Bench, url: str) -> str:
    name = f"resumed-{bench.plan.endpoint.name}"
    bench.workspace.ml.data.create_or_update(Data(name=name, version="1", type="uri_folder", path=url))
    return f"azureml:{name}:1"


@in_one_profile
@pytest.mark.parametrize("spelled", [_https, _asset], ids=["https", "data asset"])
def test_an_input_that_is_not_on_this_machine_is_resumed(bench: Bench, spelled: Callable[[Bench, str], str]) -> None:
    data = scored_by(bench, {"a": "x", "b": "raise", "c": "y", "d": "skip"})
    source, folder = spelled(bench, _stored(bench, data)), bench.root / "out"
    assert run(bench, "invoke", "--input", source, "--download", str(folder))[0] == 3
    code, output, errors = resumed(bench, folder)
    assert (code, errors) == (0, "")
    assert "has no result for 2 of 4 files; scoring these now." in output
    assert output.splitlines()[-1] == "4 of 4 files have a result now, in 4 rows of 2 files"
    assert rows(folder) == scored_here(data)


def _with_sub_folder(bench: Bench, files: dict[str, str], **settings: Any) -> Path:
    data = scored_by(bench, files, **settings)
    (data / "sub").mkdir()
    (data / "sub" / "a").write_text("z", encoding="utf-8")
    (data / "sub" / "e").write_text("raise", encoding="utf-8")
    return data


@in_one_profile
def test_what_an_earlier_resuming_added_is_not_scored_again(bench: Bench) -> None:
    """The first one brings one of two files: the same revision cannot score `skip` until it is repaired."""
    data, folder = scored_by(bench, {"a": "x", "b": "raise", "c": "y", "d": "raise"}), bench.root / "out"
    assert run(bench, "invoke", "--input", str(data), "--download", str(folder))[0] == 3
    job = last_job(bench)
    uploaded = bench.root / "other"
    uploaded.mkdir()
    for file in data.iterdir():
        (uploaded / file.name).write_text("y" if file.name == "b" else "raise", encoding="utf-8")
    words = ("invoke", "--resume", job, "--download")
    code, output, _ = run(bench, *words, str(bench.root / "fix1"), "--input", str(uploaded))
    assert code == 3
    assert output.startswith(f"note: the files are read from --input {uploaded}; job {job} scored azureml://")
    second = last_job(bench)
    assert rows(bench.root / "fix1") == ["a,X", "b,Y", "c,Y"]
    (bench.root / "repaired").touch()
    code, output, errors = run(bench, *words, str(bench.root / "fix2"))
    assert (code, errors) == (0, "")
    assert output.splitlines()[0] == (
        f"job {job} and {second}, which resumed it, have no result for 1 of 4 files; scoring it now."
    )
    assert output.splitlines()[-1] == "4 of 4 files have a result now, in 4 rows of 3 files"
    assert rows(bench.root / "fix2") == ["a,X", "b,Y", "c,Y", "d,RAISE"]
    third = last_job(bench)
    code, output, errors = run(bench, "invoke", "--resume", second, "--download", str(bench.root / "all"), "--json")
    told = json.loads(output)
    assert errors.splitlines()[0] == (
        f"job {job} and {second}, {third}, which resumed it, have results for all its 4 files."
    )
    assert (code, told["job"], told["files"], told["missing"]) == (0, "", 4, 0)
    assert [Path(each).name for each in told["predictions"]] == [
        "predictions-2.csv",
        "predictions-3.csv",
        "predictions.csv",
    ]
    assert rows(bench.root / "all") == rows(bench.root / "fix2")


@in_one_profile
def test_an_output_path_with_files_is_refused(bench: Bench) -> None:
    data = scored_by(bench, {"a": "x"})
    path = f"azureml://datastores/workspaceblobstore/paths/taken/{bench.plan.endpoint.name}"
    words = ("invoke", "--input", str(data), "--output-path", path, "--output-file-name", "r.csv", "--download")
    assert run(bench, *words, str(bench.root / "one"))[0] == 0
    assert run(bench, *words, str(bench.root / "two"))[::2] == (
        2,
        (
            f"error: --output-path {path!r} already has 1 file, such as r.csv, which would be taken for predictions of "
            "this job. Nothing was started. Name a new folder.\n"
        ),
    )


UNSEEN = (
    "2 files are in sub-folders of the input, which the job did not look into, as Azure's documentation says: sub. To "
    "score such files, move them up, or score each of these folders by itself, with --input."
)


@in_one_profile
@pytest.mark.parametrize("key", [(), ("--key", "1")], ids=["by the report", "by a key"])
def test_sub_folders_that_jobs_do_not_look_into_end_the_resuming(bench: Bench, key: tuple[str, ...]) -> None:
    data, folder = _with_sub_folder(bench, {"b": "x", "c": "raise"}), bench.root / "out"
    assert run(bench, "invoke", "--input", str(data), "--download", str(folder), *key)[0] == 3
    code, output, errors = resumed(bench, folder, *key)
    assert code == 3
    assert f"note: {UNSEEN}" in output.splitlines()
    assert output.splitlines()[-1] == "2 of 4 files have a result now, in 2 rows of 2 files"
    outcome = "no row (--key 1)" if key else "no result"
    assert errors == (
        f"error: 2 of 4 files have {outcome}.\n  sub/a\n  sub/e\n{UNSEEN}\nWith --allow-missing this ends with 0.\n"
    )
    assert rows(folder) == ["b,X", "c,RAISE"]


@in_one_profile
def test_only_sub_folders_are_left(bench: Bench) -> None:
    data = _with_sub_folder(bench, {"b": "x"})
    assert run(bench, "invoke", "--input", str(data), "--download", str(bench.root / "out"))[0] == 0
    code, _, errors = resumed(bench, bench.root / "out")
    assert (code, errors) == (2, f"error: {UNSEEN} Nothing was started.\n")


@leniently
def test_sub_folders_that_the_job_looked_into_are_resumed(bench: Bench) -> None:
    data, folder = _with_sub_folder(bench, {"b": "x", "c": "raise"}), bench.root / "out"
    assert run(bench, "invoke", "--input", str(data), "--download", str(folder), "--key", "1")[0] == 3
    code, output, errors = resumed(bench, folder, "--key", "1")
    assert (code, errors) == (0, "")
    assert output.splitlines()[-1] == "4 of 4 files have a result now, in 4 rows of 2 files"
    assert rows(folder) == ["a,Z", "b,X", "c,RAISE", "e,RAISE"]


SAME_ROWS = """\
import os

def init(): ...

def run(batch):
    done = []
    for path in batch:
        text = open(path).read()
        if text == "raise" and not os.path.exists(os.environ["REPAIRED"]):
            raise ValueError("broken on purpose")
        with open(os.path.join(os.environ["AZUREML_BI_OUTPUT_PATH"], "seen.txt"), "w") as out:
            out.write("the same\\n")
        done.append("ok")
    return done
"""


@in_one_profile
def test_equal_files_of_two_outputs_are_both_kept(bench: Bench) -> None:
    data, folder = scored_by(bench, {"a": "x", "b": "raise"}), bench.root / "out"
    (bench.root / "code" / "score.py").write_text(SAME_ROWS, encoding="utf-8")
    deployment = bench.plan.deployments["mlp"]
    code = Code("code", fingerprint.digest(bench.root / "code"), "score.py")
    bench.plan = replace(bench.plan, deployments={"mlp": replace(deployment, code=code)})
    bench.release()
    assert run(bench, "invoke", "--input", str(data), "--download", str(folder))[0] == 3
    assert resumed(bench, folder)[0] == 0
    second = last_job(bench)
    found = {path.relative_to(folder).as_posix(): path.read_text("utf-8") for path in folder.rglob("*.*")}
    assert found == {
        "predictions.csv": "ok\n",
        "seen.txt": "the same\n",
        "predictions-2.csv": "ok\n",
        f"{second}/seen.txt": "the same\n",
    }


MLMODEL = """\
flavors:
  python_function:
    loader_module: own_loader
    code: code
    env: conda.yaml
"""
CONDA = "dependencies: [python=3.11, pip, {pip: [mlflow-skinny, pandas]}]\n"
LOADER = """\
import os

class Model:
    def predict(self, frame, params=None):
        if "broken" in frame.columns and not os.path.exists(REPAIRED):
            raise ValueError("broken on purpose")
        return [len(frame.columns)] * len(frame)

def _load_pyfunc(path):
    return Model()
"""


@leniently
def test_an_mlflow_model_without_a_script_loses_a_file(bench: Bench) -> None:
    """Its rows tell which: two rows of one file would hide it from the job's counts."""
    model, data, folder = bench.root / "model", bench.root / "data", bench.root / "out"
    (model / "code").mkdir()
    (model / "MLmodel").write_text(MLMODEL, encoding="utf-8")
    (model / "conda.yaml").write_text(CONDA, encoding="utf-8")
    loader = LOADER.replace("REPAIRED", repr(str(bench.root / "repaired")))
    (model / "code" / "own_loader.py").write_text(loader, encoding="utf-8")
    own = LocalModel("model", bench.model_name, "mlflow_model", fingerprint.digest(model))
    deployment = replace(bench.plan.deployments["mlp"], model=own, code=None, environment=None)
    bench.plan = replace(bench.plan, deployments={"mlp": deployment})
    bench.release()
    data.mkdir()
    for name, text in {"a.csv": "p,q\n1,2\n3,4\n", "b.csv": "broken\n1\n", "c.csv": "p\n1\n"}.items():
        (data / name).write_text(text, encoding="utf-8")
    code, output, errors = run(bench, "invoke", "--input", str(data), "--download", str(folder))
    assert (code, errors.splitlines()[:2]) == (
        3,
        ["error: 1 of 3 files has no row (--key file_name).", "  b.csv"],
    )
    assert rows(folder) == ["0,1,c.csv", "0,2,a.csv", "1,2,a.csv"]
    job = last_job(bench)
    (command,) = [line for line in errors.splitlines() if "--resume" in line]
    assert f"--resume {job} --download {folder}" in command
    code, output, errors = resumed(bench, folder)
    assert (code, errors) == (0, "")
    assert output.splitlines()[0] == f"job {job} has no row for 1 of 3 files; scoring it now."
    assert output.splitlines()[-1] == "3 of 3 files have a result now, in 4 rows of 2 files"
    assert rows(folder) == ["0,1,b.csv", "0,1,c.csv", "0,2,a.csv", "1,2,a.csv"]
