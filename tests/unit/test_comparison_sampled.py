"""The rows that a report shows of a comparison."""

from pathlib import Path

import pytest

from modelops.release.comparison.sampled import Sampled, sampled

NAMES = ("a.png", "b.png", "c.png")


def _folder(place: Path, name: str, text: str) -> Path:
    folder = place / name
    folder.mkdir()
    (folder / "predictions.csv").write_text(text, encoding="utf-8")
    return folder


def _sampled(place: Path, candidate: str, current: str | None, most: int = 10, key: str | None = None) -> list[Sampled]:
    serves = None if current is None else _folder(place, "current", current)
    return sampled(_folder(place, "candidate", candidate), serves, key, NAMES, most)


def test_what_differs_comes_first(tmp_path: Path) -> None:
    found = _sampled(tmp_path, "a.png,1\nb.png,2\nc.png,3\n", "c.png,4\na.png,1.0000001\nb.png,2\n")
    assert found == [
        Sampled("c.png", True, ({"2": "3"},), ({"2": "4"},)),
        Sampled("a.png", False, ({"2": "1"},), ({"2": "1.0000001"},)),
        Sampled("b.png", False, ({"2": "2"},), ({"2": "2"},)),
    ]
    assert found[0].to_json() == {"about": "c.png", "changed": True, "candidate": [{"2": "3"}], "current": [{"2": "4"}]}


@pytest.mark.parametrize("most", [0, 1, 2])
def test_as_many_as_asked_for(tmp_path: Path, most: int) -> None:
    found = _sampled(tmp_path, "a.png,1\nb.png,2\nc.png,3\n", "c.png,4\na.png,1\nb.png,2\n", most)
    assert [each.about for each in found] == ["c.png", "a.png"][:most]


def test_rows_of_one_side_alone_differ(tmp_path: Path) -> None:
    assert _sampled(tmp_path, "a.png,1\n", "b.png,2\n") == [
        Sampled("a.png", True, ({"2": "1"},), ()),
        Sampled("b.png", True, (), ({"2": "2"},)),
    ]


def test_without_what_serves_there_are_the_candidate_s_alone(tmp_path: Path) -> None:
    assert _sampled(tmp_path, "b.png,2\na.png,1\n", None, 1) == [Sampled("a.png", False, ({"2": "1"},), None)]


def test_rows_that_do_not_say_what_they_are_about_are_one_sample(tmp_path: Path) -> None:
    assert _sampled(tmp_path, "1,x\n2,x\n3,x\n", "2,x\n4,x\n") == [
        Sampled(None, True, ({"1": "1", "2": "x"}, {"1": "3", "2": "x"}), ({"1": "4", "2": "x"},))
    ]


def test_the_first_of_them_if_none_differs(tmp_path: Path) -> None:
    assert _sampled(tmp_path, "1,x\n2,x\n", "2,x\n1,x\n", 1) == [
        Sampled(None, False, ({"1": "1", "2": "x"},), ({"1": "2", "2": "x"},))
    ]


def test_nothing_was_predicted(tmp_path: Path) -> None:
    assert _sampled(tmp_path, "", "") == []
    assert sampled(tmp_path / "candidate", None, None, NAMES, 3) == []


def test_what_is_kept_of_a_row_is_bounded(tmp_path: Path) -> None:
    wide = ",".join(["a.png", "x" * 1000, *["1"] * 50])
    (found,) = _sampled(tmp_path, f"{wide}\n" * 9, None)
    assert len(found.candidate) == 5
    assert {len(row) for row in found.candidate} == {20}
    assert max(len(value) for row in found.candidate for value in row.values()) == 200
