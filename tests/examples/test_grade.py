"""`grade.py` says exactly what was scored, and fails when that is not every image once."""

from pathlib import Path
from types import ModuleType

import pytest

LABELS = {"a.png": "1", "b.png": "2", "c.png": "3", "d.png": "4"}
ALL = [("a.png", "1"), ("b.png", "2"), ("c.png", "3"), ("d.png", "9")]


def test_every_image_once(grade: ModuleType) -> None:
    told = "scored 4 of 4 images, each exactly once; 3 right (accuracy 75.0 %)"
    assert grade.grade(LABELS, ALL, []) == (told, True)


@pytest.mark.parametrize(
    ("pairs", "malformed", "told"),
    [
        (ALL[1:], [], "scored 3 of 4 images, not each exactly once (not scored: 1, a.png); 2 right (accuracy 50.0 %)"),
        ([], [], "scored 0 of 4 images, not each exactly once (not scored: 4, a.png, b.png, c.png and 1 more); 0 right (accuracy 0.0 %)"),  # noqa: E501 -- one line is what it prints
        ([*ALL, ALL[0]], [], "scored 4 of 4 images, not each exactly once (scored more than once: 1, a.png); 3 right (accuracy 75.0 %)"),  # noqa: E501
        ([*ALL, ("x.png", "1")], [], "scored 4 of 4 images, not each exactly once (without a label: 1, x.png); 3 right (accuracy 75.0 %)"),  # noqa: E501
        (ALL, ["e.png"], "scored 4 of 4 images, not each exactly once (malformed lines: 1, e.png); 3 right (accuracy 75.0 %)"),  # noqa: E501
    ],
    ids=["missing", "nothing", "twice", "unknown", "malformed"],
)  # fmt: skip
def test_anything_else_fails_and_is_named(
    grade: ModuleType, pairs: list[tuple[str, str]], malformed: list[str], told: str
) -> None:
    assert grade.grade(LABELS, pairs, malformed) == (told, False)


def test_the_file_is_found_below_a_folder(grade: ModuleType, tmp_path: Path) -> None:
    nested = tmp_path / "named-outputs" / "score"
    nested.mkdir(parents=True)
    (nested / "predictions.csv").write_text("digit-0000.png,0,0.9\n\nhalf a line\n", encoding="utf-8")
    assert grade.predictions_file(tmp_path, "predictions.csv") == nested / "predictions.csv"
    assert grade.read(nested / "predictions.csv") == ([("digit-0000.png", "0")], ["", "half a line"])


def test_an_incomplete_file_exits_with_1(grade: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "predictions.csv").write_text("", encoding="utf-8")
    assert grade.main([str(tmp_path)]) == 1
    assert capsys.readouterr().out.startswith("scored 0 of 360 images, not each exactly once (not scored: 360, ")


def test_no_file_several_files_and_no_folder_exit_with_2(
    grade: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert grade.main([str(tmp_path)]) == 2
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "predictions.csv").touch()
    assert grade.main([str(tmp_path)]) == 2
    assert grade.main([str(tmp_path / "gone")]) == 2
    one, two = tmp_path / "one" / "predictions.csv", tmp_path / "two" / "predictions.csv"
    assert capsys.readouterr().err.splitlines() == [
        f"There is no predictions.csv below {tmp_path}. If it has another name, give --name.",
        f"{tmp_path} contains several predictions.csv: {one}, {two}. Choose one of them.",
        f"{tmp_path / 'gone'} does not exist. Give the folder of `python -m modelops invoke --download`.",
    ]


def test_a_smaller_sample_is_graded_alone(
    grade: ModuleType, digits: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sample = digits / "data" / "try-out"
    names = sorted(file.name for file in sample.iterdir())
    (tmp_path / "predictions.csv").write_text("".join(f"{name},0,0.9\n" for name in names), encoding="utf-8")
    assert grade.main([str(tmp_path), "--sample", str(sample)]) == 0
    assert capsys.readouterr().out == "scored 20 of 20 images, each exactly once; 2 right (accuracy 10.0 %)\n"
    (tmp_path / "predictions.csv").write_text("".join(f"{name},0,0.9\n" for name in names[1:]), encoding="utf-8")
    assert grade.main([str(tmp_path), "--sample", str(sample)]) == 1
    assert capsys.readouterr().out.startswith(
        f"scored 19 of 20 images, not each exactly once (not scored: 1, {names[0]});"
    )


def test_a_sample_of_ones_own_has_no_accuracy(
    grade: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine.png").touch()
    (tmp_path / "predictions.csv").write_text("mine.png,3,0.9\n", encoding="utf-8")
    assert grade.main([str(tmp_path), "--sample", str(tmp_path / "mine.png")]) == 0
    assert capsys.readouterr().out == "scored 1 of 1 images, each exactly once; no label to compare\n"
