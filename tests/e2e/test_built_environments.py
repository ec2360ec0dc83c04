"""What runs in an environment that the sandbox builds from a package index, released and scored by the real engine.

Each is compared with a local run of the same model or script, by the Python that was built for it.
"""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.e2e.rehearsal import Rehearsal

pytestmark = pytest.mark.long(part="environments")

INDEX = {"SANDBOX_OFFLINE": "0"}
DEPLOYMENTS = {"tabular": "classifier", "parquet": "regression"}

BY_MLFLOW = """if True:
    import sys, pathlib, mlflow.pyfunc, pandas
    model = mlflow.pyfunc.load_model("examples/tabular/model")
    for file in pathlib.Path("examples/tabular/data/rows").iterdir():
        for row, value in enumerate(model.predict(pandas.read_csv(file))):
            print(f"{row},{value},{file.name}")
"""
BY_SCRIPT = """if True:
    import os, pathlib, sys, tempfile
    sys.path.insert(0, "examples/parquet/code")
    os.environ["AZUREML_MODEL_DIR"] = "examples/parquet"
    os.environ["AZUREML_BI_OUTPUT_PATH"] = sys.argv[1]
    import score
    score.init()
    score.run([str(file) for file in pathlib.Path("examples/parquet/data/rows").iterdir()])
"""
AS_TEXT = """if True:
    import pathlib, sys, pandas
    for file in sorted(pathlib.Path(sys.argv[1]).glob("*.parquet")):
        print(file.name, pandas.read_parquet(file).to_json(orient="records", double_precision=15))
"""


def _python(rehearsal: Rehearsal) -> Path:
    """Return the interpreter of the only environment that was built."""
    (built,) = (rehearsal.home / "environments").glob("*/bin/python")
    return built


def _run(rehearsal: Rehearsal, program: str, *arguments: str) -> list[str]:
    """Return the sorted lines that a program prints that runs in the built environment, in the program's folder."""
    command = [str(_python(rehearsal)), "-c", program, *arguments]
    done = subprocess.run(command, cwd=rehearsal.folder, check=True, capture_output=True, text=True)
    return sorted(done.stdout.splitlines())


def _scored(rehearsal: Rehearsal, example: str) -> list[str]:
    """Return what a job wrote of an example's sample, as sorted lines."""
    folder = rehearsal.folder / "predictions" / example / example
    if example == "tabular":
        return sorted((folder / "predictions.csv").read_text(encoding="utf-8").splitlines())
    return _run(rehearsal, AS_TEXT, str(folder))


def _locally(rehearsal: Rehearsal, example: str, place: Path) -> list[str]:
    """Return the same of a local run."""
    if example == "tabular":
        return _run(rehearsal, BY_MLFLOW)
    place.mkdir()
    _run(rehearsal, BY_SCRIPT, str(place))
    return _run(rehearsal, AS_TEXT, str(place))


@pytest.mark.parametrize("example", DEPLOYMENTS)
def test_an_example_is_the_same_by_the_stack_files_words_and_by_its_yaml(
    fresh: Rehearsal, tmp_path: Path, example: str
) -> None:
    deployment = DEPLOYMENTS[example]

    def by_its_yaml(config: dict[str, Any]) -> None:
        file = {"from": f"examples/{example}/deployment.yml"}
        config["endpoints"][example]["deployments"][deployment] = file

    fresh.start("make", "up", f"EXAMPLE={example}", "SET_UP=@:", extra=INDEX).wait().ok()
    first = _scored(fresh, example)
    assert first == _locally(fresh, example, tmp_path / "local")
    assert len(first) == {"tabular": 116, "parquet": 4}[example]

    fresh.configure(by_its_yaml, example)
    fresh.pulumi("preview", "--stack", example, "--expect-no-changes").ok()
    fresh.make("down", f"EXAMPLE={example}").ok()
    fresh.start("make", "up", f"EXAMPLE={example}", "SET_UP=@:", extra=INDEX).wait().ok()
    assert _scored(fresh, example) == first


def test_a_preview_says_what_a_built_environment_lacks(fresh: Rehearsal) -> None:
    fresh.start("make", "up", "EXAMPLE=parquet", "SET_UP=@:", extra=INDEX).wait().ok()
    script = fresh.folder / "examples" / "parquet" / "code" / "score.py"
    script.write_text("import seaborn\n" + script.read_text(encoding="utf-8"), encoding="utf-8")
    sentence = "the script imports 'seaborn', which its environment does not have"
    done = fresh.pulumi("preview", "--stack", "parquet", extra=INDEX).ok()
    assert done.flat.partition("Diagnostics:")[2].count(sentence) == 1


HEART_CONDA = """name: heart
channels: [conda-forge]
dependencies:
  - python=3.9
  - pip
  - pip: [mlflow-skinny==2.22.2, numpy==1.26.4, pandas==1.5.3, azureml-core, "azureml-dataset-runtime[fuse]"]
"""
HEART_MODEL = {
    "artifact_path": "model",
    "flavors": {
        "python_function": {"code": "code", "data": "rule.json", "env": "conda.yaml", "loader_module": "heart"}
    },
    "signature": {
        "inputs": json.dumps(
            [
                {"name": "age", "type": "long"},
                {"name": "oldpeak", "type": "double"},
                {"name": "thal", "type": "string"},
            ]
        ),
        "outputs": json.dumps([{"type": "long"}]),
    },
}
HEART_CODE = """
import json

class Heart:
    def __init__(self, rule):
        self.rule = rule

    def predict(self, rows):
        risk = rows["age"] / self.rule["age"] + rows["oldpeak"] + rows["thal"].map(self.rule["thal"]).fillna(0)
        return (risk > self.rule["limit"]).astype("int64").to_numpy()

def _load_pyfunc(path):
    return Heart(json.load(open(path)))
"""
HEART_SCRIPT = """
import glob, os, platform
import mlflow.pyfunc, pandas

def init():
    global model
    model = mlflow.pyfunc.load_model(glob.glob(os.environ["AZUREML_MODEL_DIR"] + "/*/")[0])

def run(mini_batch):
    results = []
    for path in mini_batch:
        rows = pandas.read_csv(path, dtype={"oldpeak": float})
        told = {"file": os.path.basename(path), "prediction": model.predict(rows), "python": platform.python_version()}
        frame = rows.assign(**told)
        results.append(frame[["file", "prediction", "python"]])
    return pandas.concat(results)
"""
HEART_ROWS = ["63,2.3,fixed", "37,3.5,normal", "41,1,reversible", "70,0,normal"]


def _write_heart(folder: Path) -> None:
    """Write a model with columns of several types as MLflow saves one that is Python code, a script for it, data."""
    files = {
        "model/MLmodel": yaml.safe_dump(HEART_MODEL),
        "model/conda.yaml": HEART_CONDA,
        "model/rule.json": json.dumps({"age": 40, "thal": {"fixed": 1.0, "reversible": 2.0}, "limit": 3}),
        "model/code/heart.py": HEART_CODE,
        "code/score.py": HEART_SCRIPT,
        **{
            f"rows/heart-{n}.csv": "\n".join(["age,oldpeak,thal", *HEART_ROWS[n * 2 : n * 2 + 2], ""]) for n in range(2)
        },
    }
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")


def test_an_mlflow_model_scores_with_and_without_a_script_on_the_python_that_it_was_saved_with(
    fresh: Rehearsal,
) -> None:
    _write_heart(fresh.folder / "heart")
    model = {"path": "heart/model", "name": "heart", "type": "mlflow_model"}
    environment = {"image": "mcr.microsoft.com/azureml/base:1", "condaFile": "heart/model/conda.yaml"}
    script = {"code": "heart/code", "scoringScript": "score.py", "environment": environment}

    def hearts(config: dict[str, Any]) -> None:
        deployments = {"plain": {"model": model}, "script": {"model": model, **script}}
        heart = {"default": "plain", "sample": "heart/rows", "tryOut": "none", "deployments": deployments}
        config["endpoints"] = {"heart": heart}

    fresh.configure(hearts)
    fresh.start("make", "up", "SET_UP=@:", extra=INDEX).wait().ok()
    predictions = fresh.folder / "predictions"
    plain = sorted((predictions / "dev" / "heart" / "predictions.csv").read_text(encoding="utf-8").splitlines())
    assert plain == ["0,1,heart-0.csv", "0,1,heart-1.csv", "1,0,heart-1.csv", "1,1,heart-0.csv"]
    words = ("--deployment", "script", "--input", "heart/rows", "--download", "predictions/script")
    fresh.run("python", "-m", "modelops", "invoke", "--stack", "dev", *words, extra=INDEX).ok()
    lines = (predictions / "script" / "predictions.csv").read_text(encoding="utf-8").splitlines()
    assert sorted(line.rpartition(".")[0] for line in lines) == [
        *["heart-0.csv 1 3.9"] * 2,
        *["heart-1.csv 0 3.9", "heart-1.csv 1 3.9"],
    ]
