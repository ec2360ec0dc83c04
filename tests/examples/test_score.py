"""The scoring script keeps the batch service's contract, and the committed model its accuracy."""

import logging
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
from PIL import Image


def test_the_committed_model_gets_353_of_360_right(
    scoring: ModuleType, grade: ModuleType, digits: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = sorted((digits / "data" / "images").iterdir())
    lines = [line for start in range(0, 360, 10) for line in scoring.run([str(f) for f in files[start : start + 10]])]
    (tmp_path / "predictions.csv").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    assert grade.main([str(tmp_path)]) == 0
    expected = "scored 360 of 360 images, each exactly once; 353 right (accuracy 98.1 %)\n"
    assert capsys.readouterr().out == expected


def test_a_line_is_file_name_label_and_confidence(scoring: ModuleType, digits: Path) -> None:
    first = min((digits / "data" / "images").iterdir())
    (line,) = scoring.run([str(first)])
    name, label, confidence = line.split(",")
    assert name == first.name
    assert label in "0123456789"
    assert 0.1 <= float(confidence) <= 1
    assert len(confidence) == len("0.1234")


def test_a_file_that_is_no_image_gets_no_line(
    scoring: ModuleType, digits: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    good = min((digits / "data" / "images").iterdir())
    (tmp_path / "text.png").write_text("not an image", encoding="utf-8")
    (tmp_path / "cut.png").write_bytes(good.read_bytes()[:50])
    Image.new("L", (9, 8)).save(tmp_path / "wide.png")
    bad = [str(tmp_path / name) for name in ("text.png", "cut.png", "wide.png", "gone.png")]
    with caplog.at_level(logging.ERROR):
        lines = scoring.run([bad[0], bad[1], str(good), bad[2], bad[3]])
    assert [line.split(",")[0] for line in lines] == [good.name]
    told = [record.getMessage() for record in caplog.records]
    assert [each.split(" ")[0] for each in told] == ["text.png", "cut.png", "wide.png", "gone.png"]
    assert told[2] == "wide.png is (9, 8) pixels; the model takes (8, 8): not scored"


def test_a_mini_batch_without_any_image_gives_an_empty_list(scoring: ModuleType, tmp_path: Path) -> None:
    assert scoring.run([str(tmp_path / "gone.png")]) == []


def test_a_comma_in_a_file_name_is_quoted(scoring: ModuleType, grade: ModuleType, digits: Path, tmp_path: Path) -> None:
    odd = tmp_path / 'a, "b".png'
    odd.write_bytes(min((digits / "data" / "images").iterdir()).read_bytes())
    (tmp_path / "out.csv").write_text(scoring.run([str(odd)])[0] + "\n", encoding="utf-8")
    pairs, malformed = grade.read(tmp_path / "out.csv")
    assert [file for file, _label in pairs] == ['a, "b".png']
    assert malformed == []


@pytest.mark.parametrize(
    ("models", "found"), [([], "none"), (["a/model.onnx", "b.onnx"], "a/model.onnx, b.onnx")], ids=["none", "two"]
)
def test_init_says_what_it_found_instead_of_one_model(
    score: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, models: list[str], found: str
) -> None:
    for name in models:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    monkeypatch.setenv("AZUREML_MODEL_DIR", str(tmp_path))
    with pytest.raises(RuntimeError) as failure:
        score.init()
    assert str(failure.value) == (
        f"Expected one .onnx file below {tmp_path}, found {found}. Register the folder with one model."
    )


def test_it_imports_from_anywhere_and_with_the_drivers_arguments(digits: Path, tmp_path: Path) -> None:
    """The driver puts its own arguments in sys.argv and works in a temporary folder."""
    program = "import sys; sys.path.insert(0, sys.argv[1]); import score; score.init(); print(score.run([sys.argv[2]]))"
    first = min((digits / "data" / "images").iterdir())
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program, str(digits / "code"), str(first), "--logging_level", "INFO"],
        cwd=tmp_path,
        env={**os.environ, "AZUREML_MODEL_DIR": str(digits), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.startswith(f"['{first.name},")
    assert done.stderr == ""
