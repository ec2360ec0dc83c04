"""What a release keeps of the files of a try-out's input, and where it keeps nothing."""

import base64
from pathlib import Path
from typing import Any

import pytest

from modelops.plan.try_out import File, TryOut
from modelops.release.tryout import samples
from modelops.scoring.input_files import LocalFiles

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 20
ASKED = TryOut(File("input", ""), samples=5)


def _kept(place: Path, content: bytes, name: str = "a.png", asked: TryOut = ASKED) -> list[dict[str, Any]]:
    for folder in ("input", "candidate"):
        (place / folder).mkdir(exist_ok=True)
    (place / "input" / name).write_bytes(content)
    (place / "candidate" / "predictions.csv").write_text(f"{name},1\n", encoding="utf-8")
    return samples.kept(place / "candidate", None, asked, LocalFiles(place / "input"), (name,))


@pytest.mark.parametrize(
    ("begin", "kind"), [(PNG, "image/png"), (b"\xff\xd8\xff\xe0", "image/jpeg"), (b"GIF89a", "image/gif")]
)
def test_images_are_kept_whole(tmp_path: Path, begin: bytes, kind: str) -> None:
    assert _kept(tmp_path, begin) == [
        {
            "about": "a.png",
            "changed": False,
            "candidate": [{"2": "1"}],
            "current": None,
            "input": {"type": kind, "base64": base64.b64encode(begin).decode()},
        }
    ]


@pytest.mark.parametrize(
    ("content", "kept"),
    [
        (b"a,b\n1,2\n", {"type": "text", "text": "a,b\n1,2\n", "isCut": False}),
        ("ü".encode() * 2000, {"type": "text", "text": "ü" * 2000, "isCut": False}),
        ("ü".encode() * 2001, {"type": "text", "text": "ü" * 2000, "isCut": True}),
        ("\U0001f600".encode() * 5000, {"type": "text", "text": "\U0001f600" * 2000, "isCut": True}),
        (b"", {"type": "text", "text": "", "isCut": False}),
        (b"\0\1\2", None),
        (b"\xfc\xfc", None),
        (PNG + b"\0" * 200_000, None),
        (b"x" * 300_000, {"type": "text", "text": "x" * 2000, "isCut": True}),
    ],
    ids=["text", "whole", "cut", "wide", "empty", "binary", "not UTF-8", "large image", "large text"],
)
def test_texts_are_kept_in_part_and_nothing_else(tmp_path: Path, content: bytes, kept: object) -> None:
    assert [each["input"] for each in _kept(tmp_path, content)] == [kept]


def test_the_only_file_is_what_unnamed_rows_are_about(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("1\n", encoding="utf-8")
    (tmp_path / "candidate").mkdir()
    (tmp_path / "candidate" / "predictions.csv").write_text("7\n", encoding="utf-8")
    (found,) = samples.kept(tmp_path / "candidate", None, ASKED, LocalFiles(tmp_path / "rows.csv"), ("rows.csv",))
    assert (found["about"], found["input"]) == (None, {"type": "text", "text": "1\n", "isCut": False})


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "predictions.csv").write_text("a.png,1\nb.png,2\n", encoding="utf-8")
    found = samples.kept(tmp_path, None, ASKED, LocalFiles(tmp_path / "gone"), ("a.png", "b.png"))
    assert [(each["about"], each["input"]) for each in found] == [("a.png", None), ("b.png", None)]


def test_what_only_the_job_can_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "predictions.csv").write_text("a.png,1\n", encoding="utf-8")
    assert [each["input"] for each in samples.kept(tmp_path, None, ASKED, None, ("a.png",))] == [None]


@pytest.mark.parametrize(
    ("url", "asked", "number"), [("", None, 0), ("http://127.0.0.1/", None, 6), ("http://127.0.0.1/", 0, 0), ("", 3, 3)]
)
def test_only_a_rehearsal_keeps_some_unasked(
    monkeypatch: pytest.MonkeyPatch, url: str, asked: int | None, number: int
) -> None:
    monkeypatch.setenv("REHEARSAL_URL", url)
    assert samples.number(TryOut("azureml:a:1", samples=asked)) == number
