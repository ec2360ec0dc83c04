"""The tabular example: what is committed is what its training makes, and what its grading says of predictions."""

import csv
import os
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest
import yaml

from tests.examples.conftest import load

TABULAR = Path(__file__).parents[2] / "examples" / "tabular"
ROWS = 116


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a model and data that were made now; in another process, because MLflow warns a lot."""
    folder = tmp_path_factory.mktemp("tabular")
    command = [sys.executable, str(TABULAR / "train.py"), "--out", str(folder)]
    subprocess.run(command, check=True, capture_output=True)
    return folder


def predictions(model: Path) -> list[str]:
    """Return the predictions of a model, as MLflow itself makes them, as the lines that the service writes."""
    program = """if True:
        import sys, pathlib, mlflow.pyfunc, pandas
        model = mlflow.pyfunc.load_model(sys.argv[1])
        for file in sorted(pathlib.Path(sys.argv[2]).iterdir()):
            for row, value in enumerate(model.predict(pandas.read_csv(file))):
                print(f"{row},{value},{file.name}")
    """
    command = [sys.executable, "-c", program, str(model), str(TABULAR / "data" / "rows")]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=os.environ | {"PYTHONWARNINGS": ""})
    return done.stdout.splitlines()


@pytest.fixture(scope="module")
def committed() -> list[str]:
    """Return the predictions of the committed model."""
    return predictions(TABULAR / "model")


def test_training_again_gives_the_same_data_and_predictions(trained: Path, committed: list[str]) -> None:
    for file in ("labels.csv", *(f"rows/patients-{number}.csv" for number in range(4))):
        assert (trained / "data" / file).read_bytes() == (TABULAR / "data" / file).read_bytes()
    made = predictions(trained / "model")
    assert len(made) == ROWS
    assert made == committed


def test_the_model_asks_for_what_is_installed_here(trained: Path) -> None:
    """Otherwise train it again: a pickle of one version may not load in another."""
    asked = (TABULAR / "model" / "conda.yaml").read_text()
    assert asked == (trained / "model" / "conda.yaml").read_text()
    (pins,) = [each["pip"] for each in yaml.safe_load(asked)["dependencies"] if isinstance(each, dict)]
    assert [pin for pin in pins if metadata.version(pin.split("==")[0]) != pin.split("==")[1]] == []


def _labels() -> dict[tuple[str, str], str]:
    with (TABULAR / "data" / "labels.csv").open() as handle:
        return {(line["file"], line["row"]): line["label"] for line in csv.DictReader(handle)}


@pytest.mark.parametrize(
    ("change", "told", "complete"),
    [
        (lambda lines: lines, "scored 116 of 116 rows, each exactly once; 113 right (accuracy 97.4 %)", True),
        (
            lambda lines: lines[1:],
            "scored 115 of 116 rows, from 115 lines, so not each exactly once; 112 right (accuracy 96.6 %)",
            False,
        ),
        (
            lambda lines: [*lines[1:], lines[1]],
            "scored 115 of 116 rows, from 116 lines, so not each exactly once; 112 right (accuracy 96.6 %)",
            False,
        ),
        (lambda _: [], "scored 0 of 116 rows, from 0 lines, so not each exactly once; 0 right (accuracy 0.0 %)", False),
    ],
)
def test_grading_says_how_many_rows_were_scored(
    committed: list[str], change: object, told: str, *, complete: bool
) -> None:
    lines = [tuple(line.split(",")) for line in committed]
    assert callable(change)
    assert load(TABULAR / "grade.py").grade(_labels(), change(lines)) == (told, complete)
