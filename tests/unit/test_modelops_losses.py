"""What a job lost, read from log files in the service's format.

That jobs write them, here and in Azure, is not shown; tests/modelops has jobs of the sandbox that lose files.
"""

import csv
import io
from typing import Any

import pytest

from modelops.scoring import losses, mini_batches
from modelops.scoring.losses import Losses
from modelops.scoring.mini_batches import MiniBatch

HEADER = (
    "Mini-batch Id,Picked Count,Process,Process\tStart Time,Total,Succeeded,Failed,Elapsed Seconds,Process Seconds,"
    "Run Method Seconds,Status,Error Category,Error Message,Mini-batch Detail\n"
)
OVERVIEW = "logs/job_progress_overview.2021041522.txt"


def _line(number: int | str, tried: int, counts: tuple[int, int], status: str, names: str = "") -> str:
    """Return a line of the report; `names` are the mini-batch's files, with spaces between them."""
    total, succeeded = counts
    files = ", ".join(f'""{name}""' for name in names.split())
    detail = f'"{{""id"": {number}, ""dequeue_count"": {tried}, ""minibatch"": [{files}], ""location"": ""/mnt/in""}}"'
    return (
        f"{number},{tried},process000,2021-04-15T22:04:05.237617,{total},{succeeded},{total - succeeded},0.1,0.1,N/A,"
        f"{status},ValueError,\"ValueError: bad, 'x'\",{detail if names else 'N/A'}\n"
    )


class _Logs:
    """The logs of a job."""

    def __init__(self, report: str = "", overview: str = "", metrics: dict[str, float] | None = None) -> None:
        self._files = {mini_batches.REPORT: report, OVERVIEW: overview}
        self._metrics = metrics or {}

    def names(self) -> tuple[str, ...]:
        return tuple(sorted(name for name, text in self._files.items() if text))

    def text(self, name: str) -> str:
        return self._files.get(name, "")

    def metrics(self) -> dict[str, float]:
        return self._metrics


def _count(*report: str, **others: Any) -> Losses:
    logs: Any = _Logs(HEADER + "".join(report) if report else "", **others)
    return losses.count(logs)


def test_a_job_that_lost_nothing() -> None:
    found = _count(_line(0, 1, (2, 2), "RUN_DONE", "a.csv b.csv"), _line(1, 1, (1, 1), "RUN_DONE", "c.csv"))
    assert found == Losses(items=3, missing=0, given_up=0, short=0, names=(), doubtful=())
    assert losses.sentences(found) == []


def test_a_mini_batch_that_was_given_up_loses_its_files_by_name() -> None:
    found = _count(
        _line(0, 1, (2, 0), "RUN_EXCEPTION", "b.csv /mnt/in/sub/a.csv"),
        _line(1, 1, (2, 2), "RUN_DONE", "c.csv d.csv"),
        _line(0, 2, (2, 0), "RUN_EXCEPTION", "b.csv sub/a.csv"),
    )
    assert found == Losses(
        items=4,
        missing=2,
        given_up=1,
        exceptions=1,
        short=0,
        names=("b.csv", "sub/a.csv"),
        doubtful=("b.csv", "sub/a.csv"),
    )
    assert losses.sentences(found) == [
        "2 of 4 files have no result: 1 mini-batch given up (1 after exceptions).",
        "  b.csv",
        "  sub/a.csv",
    ]


def test_a_later_try_that_was_finished_counts() -> None:
    found = _count(
        _line(0, 1, (2, 0), "RUN_TIMEOUT", "a b"),
        _line(0, 2, (2, 2), "RUN_DONE", "a b"),
        _line(0, 3, (2, 0), "RUN_EXCEPTION", "a b"),  # delivered again
    )
    assert (found.missing, found.given_up, found.timeouts) == (0, 0, 0)


def test_fewer_results_than_files_are_counted_and_only_the_mini_batch_is_known() -> None:
    found = _count(_line(0, 1, (3, 2), "RUN_DONE", "a b c"), _line(1, 1, (1, 0), "RUN_DONE", "d"))
    assert found == Losses(items=4, missing=2, given_up=0, short=2, names=None, doubtful=("a", "b", "c", "d"))
    assert found.again == ("a", "b", "c", "d")
    assert losses.sentences(found) == ["2 of 4 files have no result: 2 mini-batches returned fewer results than files."]


def test_a_mini_batch_without_any_result_is_known_by_name() -> None:
    assert _count(_line(0, 1, (2, 0), "RUN_DONE", "a b")).names == ("a", "b")


def test_a_report_without_names_gives_numbers_alone() -> None:
    found = _count(_line(0, 3, (2, 0), "RUN_TIMEOUT"), _line(1, 1, (2, 2), "RUN_DONE"))
    assert found == Losses(items=4, missing=2, given_up=1, timeouts=1, short=0)
    assert losses.sentences(found) == ["2 of 4 files have no result: 1 mini-batch given up (1 after timeouts)."]


@pytest.mark.parametrize("detail", ["N/A", "", "7", "[]", "{", '{"id": 1}', '{"minibatch": [0], "location": "t"}'])
def test_a_detail_of_another_form_has_no_names(detail: str) -> None:
    report = io.StringIO()
    csv.writer(report).writerows([("Mini-batch Id", "Total", "Succeeded", "Mini-batch Detail"), (0, 1, 1, detail)])
    assert mini_batches.read(report.getvalue()) == {"0": MiniBatch(1, 1, is_done=True)}


def test_mini_batches_that_no_line_is_about_were_given_up() -> None:
    overview = (
        "2021-04-15T22:03:54.767763 Scheduling finished. Scheduled 3 mini batches in 22 seconds. There are 3 tasks "
        "with 6 items.\n"
    )
    found = _count(
        _line(0, 1, (2, 0), "RUN_EXCEPTION", "a b"), _line(1, 1, (2, 2), "RUN_DONE", "c d"), overview=overview
    )
    assert found == Losses(items=6, missing=4, given_up=2, exceptions=1, short=0)
    assert losses.sentences(found) == [
        "4 of 6 files have no result: 2 mini-batches given up (1 after exceptions, 1 not reported)."
    ]


def test_the_jobs_own_counts_come_first() -> None:
    found = _count(
        _line(0, 1, (2, 0), "RUN_EXCEPTION", "a b"), metrics={"Total Items": 4.0, "Failed Items": 3.0, "Other": 1.0}
    )
    assert (found.items, found.missing, found.names) == (4, 3, None)


def test_a_count_that_is_older_than_the_report_hides_nothing() -> None:
    found = _count(_line(0, 1, (2, 0), "RUN_EXCEPTION", "a b"), metrics={"Total Items": 2.0, "Failed Items": 0.0})
    assert (found.missing, found.names) == (2, ("a", "b"))


def test_counts_alone_are_enough_for_the_number() -> None:
    found = _count(metrics={"Total Items": 10.0, "Failed Items": 1.0})
    assert found == Losses(items=10, missing=1)
    assert losses.sentences(found) == ["1 of 10 files has no result."]


def test_without_counts_and_logs_nothing_is_claimed() -> None:
    assert _count() == Losses()
    assert losses.sentences(Losses()) == [
        "Whether files have no result is not known: neither the job's counts nor its logs could be read."
    ]


def test_lines_about_processes_and_unreadable_ones_are_passed_over() -> None:
    report = HEADER + "N/A,N/A,process000,x,N/A,N/A,N/A,N/A,N/A,N/A,INIT_DONE,,,\n" + "5,1,process000,x\n"
    assert mini_batches.read(report + _line(0, 1, (1, 1), "RUN_DONE")) == {"0": MiniBatch(1, 1, is_done=True)}
    assert mini_batches.read("something,else\n1,2\n") == {}


def test_a_mini_batch_of_thousands_of_files_is_read() -> None:
    """The csv module refuses texts of more than 131,072 characters unless it is told otherwise."""
    names = " ".join(f"{number:040}.csv" for number in range(4000))
    found = mini_batches.read(HEADER + _line(0, 1, (4000, 0), "RUN_EXCEPTION", names))
    assert found == {"0": MiniBatch(4000, 0, is_done=False, names=tuple(names.split()))}


def test_a_report_with_line_ends_of_other_systems_is_read() -> None:
    report = HEADER + "0,1,process000,a\rb,1,1\n" + _line(1, 1, (1, 1), "RUN_DONE")
    assert mini_batches.read(report.replace("\n", "\r\n"))["1"] == MiniBatch(1, 1, is_done=True)


@pytest.mark.parametrize(
    ("items", "scored", "unseen"),
    [
        (2, ["a"], ("sub/c", "sub/d")),
        (None, ["a"], ("sub/c", "sub/d")),
        (4, ["a"], ()),
        (2, ["a", "sub/c"], ()),
        (None, None, ()),
        (2, None, ("sub/c", "sub/d")),
    ],
)
def test_files_in_sub_folders_that_a_job_did_not_look_into(
    items: int | None, scored: list[str] | None, unseen: tuple[str, ...]
) -> None:
    assert losses.unseen(("a", "b", "sub/c", "sub/d"), items, scored) == unseen


def test_by_a_key_such_files_are_told_apart() -> None:
    found = losses.by_key(Losses(items=2, missing=0), "1", ("a", "b", "sub/c"), ("a", "b"))
    assert (found.items, found.missing, found.names, found.unseen) == (3, 1, ("sub/c",), ("sub/c",))


def test_only_the_first_names_are_shown() -> None:
    names = tuple(f"{number:02}.csv" for number in range(23))
    lines = losses.sentences(Losses(items=30, missing=23, names=names))
    assert lines == ["23 of 30 files have no result.", *(f"  {name}" for name in names[:20]), "  and 3 more"]
