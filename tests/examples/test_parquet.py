"""The parquet example: what is committed is what its training makes, what its script predicts, what its grading says.

The environment here has no parquet writer: tests/e2e/test_built_environments.py runs the script as a job.
"""

import csv
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from tests.examples.conftest import load

PARQUET = Path(__file__).parents[2] / "examples" / "parquet"
FILES = [PARQUET / "data" / "rows" / f"patients-{number}.csv" for number in range(4)]


def test_training_again_gives_the_same_files(tmp_path: Path) -> None:
    subprocess.run([sys.executable, str(PARQUET / "train.py"), "--out", str(tmp_path)], check=True, capture_output=True)
    for file in [PARQUET / "model" / "model.json", *FILES]:
        assert (tmp_path / file.relative_to(PARQUET)).read_bytes() == file.read_bytes()


@pytest.fixture(name="output")
def _output(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the job's output folder, with the model where the service mounts it; frames are written as CSV."""
    mounted = tmp_path / "mounted"
    shutil.copytree(PARQUET / "model", mounted / "model")
    output = tmp_path / "output"
    output.mkdir()
    monkeypatch.setenv("AZUREML_MODEL_DIR", str(mounted))
    monkeypatch.setenv("AZUREML_BI_OUTPUT_PATH", str(output))
    monkeypatch.setattr(pd.DataFrame, "to_parquet", pd.DataFrame.to_csv)
    return output


def test_the_script_writes_a_file_for_each_input_and_returns_one_result_for_each(output: Path) -> None:
    score = load(PARQUET / "code" / "score.py")
    score.init()
    names = [f"patients-{number}.parquet" for number in range(4)]
    assert score.run([str(file) for file in FILES]) == names
    assert score.run([str(FILES[0])]) == names[:1]  # as after a retry
    assert sorted(file.name for file in output.iterdir()) == names
    with (output / names[0]).open(newline="") as handle:
        rows = list(csv.DictReader(handle))
    with FILES[0].open(newline="") as handle:
        asked = list(csv.DictReader(handle))
    facts = (score._intercept, score._model)
    for row, given in zip(rows, asked, strict=True):
        expected = facts[0] + sum(facts[1][name] * float(given[name]) for name in facts[1])
        assert float(row["prediction"]) == pytest.approx(expected)
        assert {name: float(row[name]) for name in given} == {name: float(value) for name, value in given.items()}


@pytest.mark.parametrize(
    ("change", "told", "code"),
    [
        (lambda _: None, "4 of 4 files have predictions", 0),
        (lambda folder: (folder / "patients-1.parquet").unlink(), "3 of 4 files have predictions", 1),
        (
            lambda folder: (folder / "patients-1.parquet").write_bytes(b"PAR1 cut off"),
            "3 of 4 files have predictions; not one of them: patients-1.parquet",
            1,
        ),
        (
            lambda folder: (folder / "more.txt").touch(),
            "4 of 4 files have predictions; not one of them: more.txt",
            1,
        ),
    ],
)
def test_grading_looks_for_a_whole_file_for_each_input(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], change: object, told: str, code: int
) -> None:
    for number in range(4):
        (tmp_path / f"patients-{number}.parquet").write_bytes(b"PAR1 rows PAR1")
    assert callable(change)
    change(tmp_path)
    assert load(PARQUET / "grade.py").main([str(tmp_path)]) == code
    assert capsys.readouterr().out == f"{told}\n"


@pytest.mark.parametrize(
    ("change", "refused"),
    [
        (lambda _: None, None),
        (lambda folder: (folder / "more.txt").touch(), None),
        (lambda folder: (folder / "patients-1.parquet").unlink(), "there is no patients-1.parquet"),
        (lambda folder: (folder / "patients-2.parquet").write_bytes(b"PAR1 cut off"), "patients-2.parquet is cut off"),
    ],
)
def test_the_try_outs_check_wants_a_whole_file_for_each_input(
    tmp_path: Path, change: Callable[[Path], object], refused: str | None
) -> None:
    for number in range(4):
        (tmp_path / f"patients-{number}.parquet").write_bytes(b"PAR1 rows PAR1")
    change(tmp_path)
    check = load(PARQUET / "check.py").check
    if refused is None:
        check(tmp_path, PARQUET / "data" / "rows")
    else:
        with pytest.raises(ValueError, match=f"^{refused}$"):
            check(tmp_path, PARQUET / "data" / "rows")
