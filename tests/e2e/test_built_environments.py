"""What runs in an environment that the sandbox builds from a package index, released and scored by the real engine.

Each is compared with a local run of the same model or script, by the Python that was built for it.
"""

import subprocess
from pathlib import Path
from typing import Any

import pytest

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
