"""How two jobs' predictions on the same input differ: rows paired by what they are about, or counted.

Does not prove that the service writes them so: reference documentation, and tests/e2e.
"""

import json
import random
from pathlib import Path

import pytest

from modelops.release.comparison.differences import Differences, compare

NAMES = ("a.png", "b.png", "c.png")


NAMELESS = "neither the first nor the last column has the names of the input's files"


def _folder(tmp_path: Path, name: str, content: str | dict[str, str | bytes]) -> Path:
    folder = tmp_path / name
    folder.mkdir()
    for file, text in ({"predictions.csv": content} if isinstance(content, str) else content).items():
        (folder / file).write_bytes(text if isinstance(text, bytes) else text.encode())
    return folder


def _compared(
    tmp_path: Path,
    candidate: str | dict[str, str | bytes],
    current: str | dict[str, str | bytes],
    key: str | None = None,
    names: tuple[str, ...] = NAMES,
) -> Differences:
    return compare(_folder(tmp_path, "candidate", candidate), _folder(tmp_path, "current", current), key, names)


@pytest.mark.parametrize(
    ("candidate", "current"),
    [
        ("a.png 3 0.5\nb.png 4 0.9\n", "b.png 4 0.9\na.png 3 0.25\n"),  # a data frame
        ("a.png,3,0.5\nb.png,4,0.9\n", "b.png,4,0.9\na.png,3,0.25\n"),
        ("a.png\t3\t0.5\nb.png\t4\t0.9\n", "b.png\t4\t0.9\na.png\t3\t0.25\n"),
        ("['a.png', 3, 0.5]\n['b.png', 4, 0.9]\n", "['b.png', 4, 0.9]\n['a.png', 3, 0.25]\n"),  # a list of lists
        ("('a.png', np.int64(3), 0.5)\n", "('a.png', np.int64(3), 0.25)\n"),
        ("/mnt/1/a.png,3,0.5\r\n/mnt/1/b.png,4,0.9\r\n", "/mnt/2/b.png,4,0.9\n/mnt/2/a.png,3,0.25\n"),
    ],
)
def test_rows_are_paired_by_the_file_in_their_first_column(tmp_path: Path, candidate: str, current: str) -> None:
    found = _compared(tmp_path, candidate, current)
    assert (found.changed, found.key, dict(found.numbers)) == (1, "1", {"3": [0.25]})


def test_the_figures_are_plain_data(tmp_path: Path) -> None:
    found = _compared(tmp_path, "a.png,3,0.5\nb.png,4,0.9\nc.png,1,1e999\n", "a.png,3,0.25\nb.png,9,0.8\nc.png,1,5\n")
    figures = found.figures()
    assert figures == {
        "rows": 3,
        "changed": 3,
        "added": 0,
        "missing": 0,
        "key": "1",
        "columns": [
            {"name": "3", "numbers": 3, "largest": None, "median": 0.25},
            {"name": "2", "numbers": 1, "largest": 5.0, "median": 5.0},
        ],
    }
    assert json.dumps(figures, allow_nan=False)


def test_says_what_changed(tmp_path: Path) -> None:
    found = _compared(
        tmp_path, "a.png,3,0.5,x\nb.png,4,0.9,x\nc.png,5,0.75,x\n", "a.png,3,0.25,x\nb.png,9,0.8,x\nc.png,5,0.75,x\n"
    )
    assert found.sentences() == [
        "2 of 3 rows differ (paired by column 1)",
        "column 2: 1 number differs, the largest difference is 5, the median 5",
        "column 3: 2 numbers differ, the largest difference is 0.25, the median 0.175",
    ]
    assert found.share == pytest.approx(2 / 3)


@pytest.mark.parametrize(
    ("candidate", "current", "changed"),
    [
        ("a.png 1000000.5", "a.png 1000000.6", 0),
        ("a.png 1.000001", "a.png 1.000003", 1),
        ("a.png 0.30000001192092896", "a.png 0.3", 0),
        ("a.png 1e-3", "a.png 0.001", 0),
        ("a.png -1", "a.png 1", 1),
        ("a.png nan", "a.png nan", 0),
        ("a.png ", "a.png 0.5", 1),
        ('a.png "[0.1  0.9]"', 'a.png "[0.1 0.90000001]"', 0),
    ],
)
def test_numbers_are_equal_within_a_millionth(tmp_path: Path, candidate: str, current: str, changed: int) -> None:
    assert _compared(tmp_path, candidate, current).changed == changed


@pytest.mark.parametrize(
    ("candidate", "current"),
    [("class1", "class9"), ("2024-01-02", "2024-01-03"), ("12:30", "12:31"), ("1.2.3", "1.2.4")],
)
def test_a_name_a_date_a_time_and_a_version_are_no_numbers(tmp_path: Path, candidate: str, current: str) -> None:
    found = _compared(tmp_path, f"a.png {candidate}", f"a.png {current}")
    assert (found.changed, dict(found.numbers)) == (1, {})


def test_names_only_three_columns(tmp_path: Path) -> None:
    found = _compared(tmp_path, "a.png 1 2 3 4 5", "a.png 2 4 6 8 10")
    assert [line.split(":")[0] for line in found.sentences()[1:]] == [
        "column 6",
        "column 5",
        "column 4",
        "and numbers of 2 more columns",
    ]


def test_counts_rows_without_a_partner(tmp_path: Path) -> None:
    found = _compared(tmp_path, "a.png 1\nc.png 3\n", "a.png 1\nb.png 2\n")
    assert (found.rows, found.changed, found.added, found.missing) == (3, 2, 1, 1)
    assert found.sentences() == [
        "2 of 3 rows differ (paired by column 1)",
        "rows that only the candidate has: 1; that only what serves has: 1",
    ]


def test_pairs_several_rows_of_a_file_in_their_order(tmp_path: Path) -> None:
    found = _compared(tmp_path, "b.png 9\na.png 1\na.png 2\n", "a.png 1\na.png 3\nb.png 9\n")
    assert (found.rows, found.changed) == (3, 1)


def test_a_file_with_fewer_rows_lacks_only_those(tmp_path: Path) -> None:
    found = _compared(tmp_path, "a.png 2\na.png 3.0000001\nb.png 9\n", "a.png 1\na.png 2\na.png 3\nb.png 9\n")
    assert (found.rows, found.changed, found.added, found.missing) == (4, 1, 0, 1)


def test_a_retry_that_wrote_rows_again_is_no_difference(tmp_path: Path) -> None:
    found = _compared(tmp_path, "a.png 1\na.png 2\nb.png 3\na.png 1\na.png 2\n", "a.png 1\na.png 2\nb.png 3\n")
    assert (found.rows, found.changed) == (3, 0)
    (again := tmp_path / "again").mkdir()
    assert _compared(again, "a.png 1\na.png 1\na.png 1\n", "a.png 1\na.png 1\n").changed == 1


def test_pairs_the_rows_of_an_mlflow_model_by_their_last_column(tmp_path: Path) -> None:
    found = _compared(tmp_path, "0,[1, 2],a.png\n0,[3, 4],b.png\n", "0,[3, 5],b.png\n0,[1, 2],a.png\n")
    assert (found.changed, found.key, dict(found.numbers)) == (1, "file_name", {"3": [1.0]})


@pytest.mark.parametrize("key", ["id", "2"])
def test_pairs_by_a_column_that_the_user_names(tmp_path: Path, key: str) -> None:
    found = _compared(tmp_path, "score,id\n1,x\n2,y\n", "score,id\n3,y\n1,x\n", key, names=())
    numbers = {"score": [1.0]} if key == "id" else {"1": [1.0]}
    assert (found.changed, found.key, dict(found.numbers)) == (1, key, numbers)


@pytest.mark.parametrize(
    ("candidate", "current"),
    [
        ('{"file": "a.png", "score": 1}\n', '{"score": 2, "file": "a.png"}\n'),
        ("{'file': 'a.png', 'score': 1}\n", "{'file': 'a.png', 'score': 2}\n"),
    ],
)
def test_pairs_lines_of_objects_by_a_member(tmp_path: Path, candidate: str, current: str) -> None:
    found = _compared(tmp_path, candidate, current, "file")
    assert (found.changed, found.key, dict(found.numbers)) == (1, "file", {"score": [1.0]})


def test_rows_that_name_no_file_are_counted(tmp_path: Path) -> None:
    found = _compared(tmp_path, "3 0.5\n4 0.9\n4 0.9\n5 0.1\n", "4 0.9\n3 0.50000001\n4 0.8\n")
    assert found == Differences(rows=4, changed=2, unpaired=NAMELESS, is_uneven=True)
    assert found.sentences() == [
        "2 of 4 rows differ (not paired: neither the first nor the last column has the names of the input's files)"
    ]


PATIENTS = "63 1 3 145 fixed one.csv 1\n37 1 2 130 normal one.csv 0\n"


@pytest.mark.parametrize(
    ("candidate", "current", "key", "said"),
    [
        (  # mnist, imagenet: a data frame of file, class and probability
            "20.png 3 1.0\n0.png 8 0.97\n",
            "0.png 8 0.99\n20.png 3 1.0\n",
            None,
            [
                "1 of 2 rows differ (paired by column 1)",
                "column 3: 1 number differs, the largest difference is 0.02, the median 0.02",
            ],
        ),
        (  # heart classifier with a script: a data frame whose last column but one has the file
            PATIENTS,
            PATIENTS.replace("csv 0", "csv 1"),
            None,
            [
                f"1 of 2 rows differ (not paired: {NAMELESS})",
            ],
        ),
        (
            PATIENTS,
            PATIENTS.replace("csv 0", "csv 1"),
            "6",
            [
                "1 of 2 rows differ (paired by column 6)",
                "column 7: 1 number differs, the largest difference is 1, the median 1",
            ],
        ),
        (  # heart classifier without a script: MLflow's rows, whose numbers begin again with each file
            "0,1,one.csv\n1,0,one.csv\n0,1,two.csv\n",
            "0,1,two.csv\n0,1,one.csv\n1,1,one.csv\n",
            None,
            [
                "1 of 3 rows differ (paired by column file_name)",
                "column 2: 1 number differs, the largest difference is 1, the median 1",
            ],
        ),
    ],
    ids=["mnist", "heart", "heart with a key", "heart of MLflow"],
)
def test_what_it_says_of_the_predictions_of_microsofts_examples(
    tmp_path: Path, candidate: str, current: str, key: str | None, said: list[str]
) -> None:
    """Their forms: azureml-examples, cli/endpoints/batch/deploy-models."""
    names = ("20.png", "0.png", "one.csv", "two.csv")
    assert _compared(tmp_path, candidate, current, key, names).sentences() == said


def test_says_that_the_names_of_the_input_are_not_known(tmp_path: Path) -> None:
    found = _compared(tmp_path, "a.png 1\n", "a.png 2\n", names=())
    assert found.sentences() == ["1 of 1 rows differs (not paired: the names of the input's files are not known)"]


def test_a_first_column_that_names_some_files_only_pairs_nothing(tmp_path: Path) -> None:
    assert _compared(tmp_path, "a.png 1\ntotal 2\n", "total 2\na.png 1\n") == Differences(
        rows=2, changed=0, unpaired=NAMELESS
    )


@pytest.mark.parametrize(
    ("key", "rows"),
    [
        *((key, "a 1 x\n") for key in ("customer", "7", "0", "00", "-1", "²")),
        ("flie", "{'file': 'a.png', 'score': 1}\n"),
    ],
)
def test_says_of_a_key_that_no_row_has_it(tmp_path: Path, key: str, rows: str) -> None:
    found = _compared(tmp_path, rows, rows.replace("1", "2"), key)
    assert (found.rows, found.changed, found.key, found.lacking) == (1, 1, None, key)
    assert found.sentences() == [f"1 of 1 rows differs (not paired: no row has column {key}, which tryOut.key names)"]


def test_no_rows_lack_no_key(tmp_path: Path) -> None:
    assert _compared(tmp_path, {"x.parquet": b"PAR1\0"}, {"x.parquet": b"PAR1\0"}, "customer").lacking is None


@pytest.mark.parametrize("times", [2, 3])
@pytest.mark.parametrize("again", ["candidate", "current"])
def test_rows_that_name_no_file_and_were_written_again_are_no_difference(
    tmp_path: Path, again: str, times: int
) -> None:
    """As a retry writes them, in any order; one row is the same as another by chance."""
    once = ["3 0.5", "4 0.9", "4 0.9", "5 0.1"]
    rows = {"candidate": "\n".join(once), "current": "\n".join(once)} | {again: "\n".join(sorted(once * times))}
    assert _compared(tmp_path, rows["candidate"], rows["current"]) == Differences(rows=4, changed=0, unpaired=NAMELESS)


def test_more_rows_of_one_kind_are_a_difference(tmp_path: Path) -> None:
    """A retry of all mini-batches writes every row again."""
    assert _compared(tmp_path, "3\n3\n3\n4\n", "3\n4\n") == Differences(
        rows=4, changed=2, unpaired=NAMELESS, is_uneven=True
    )
    (other := tmp_path / "other").mkdir()
    assert _compared(other, "3\n3\n", "3\n4\n") == Differences(rows=2, changed=1, unpaired=NAMELESS)


def test_many_rows_are_counted_quickly(tmp_path: Path) -> None:
    """Each has a partner that is close and not equal."""
    ours = "".join(f"{number / 7}\n" for number in range(20_000))
    theirs = "".join(f"{number / 7 * (1 + 1e-9)}\n" for number in reversed(range(20_000)))
    assert _compared(tmp_path, ours, theirs).changed == 0


def test_files_without_lines_are_compared_byte_by_byte(tmp_path: Path) -> None:
    found = _compared(
        tmp_path, {"x.parquet": b"PAR1\0", "y.bin": b"\xff"}, {"x.parquet": b"PAR1\0", "y.bin": b"\xfe", "z.bin": b"\0"}
    )
    assert found.sentences() == ["2 of 3 files without lines of text differ; how, only a `compare` of yours can tell"]


def test_no_rows_on_either_side_do_not_differ(tmp_path: Path) -> None:
    found = _compared(tmp_path, "", "\n")
    assert (found.rows, found.changed, found.share) == (0, 0, 0.0)


def test_a_row_may_be_longer_than_csv_allows_a_field_to_be(tmp_path: Path) -> None:
    """An embedding, or an image as text."""
    long = " ".join(["0.25"] * 50_000)
    found = _compared(tmp_path, f"a.png,{long}\n", f"a.png,{long[:-1]}6\n")
    assert (found.changed, found.key) == (1, "1")
    assert list(found.numbers) == ["2"]
    assert found.numbers["2"] == pytest.approx([0.01])


def test_any_text_can_be_compared(tmp_path: Path) -> None:
    letters = "a.png ,;\t\r\"'[]{}()0123456789.eE+-:|\n\n\u2028é/"
    place = tmp_path
    chance = random.Random(1)  # noqa: S311 - the same texts in every run
    for number in range(300):
        one, other = ("".join(chance.choices(letters, k=200)) for _ in range(2))
        place = tmp_path / str(number)
        place.mkdir()
        found = _compared(place, one, other, chance.choice([None, "1", "2", "file"]))
        assert 0 <= found.changed <= found.rows
        assert found.sentences()
    assert compare(place / "current", place / "current", None, NAMES).changed == 0
