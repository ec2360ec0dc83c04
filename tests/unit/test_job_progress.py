"""The progress of a job: the service's log lines and counts, and the line that people see.

Does not prove that Azure's log looks like this today: the sources are in modelops/scoring/progress.py.
"""

import pytest

from modelops.scoring.progress import Progress, duration, interpreted

SCHEDULED = (
    "2021-04-13T03:20:05.649000 Scheduling finished. Scheduled 276 mini batches in 22 seconds. There are 276 tasks "
    "with 551 items.\n2021-04-13T03:20:05.649001 No task has been processed yet.\n"
)
FIRST = "2021-04-13T03:20:35.000000 Processed 2 of 276 mini batches in 0:00:30. Estimated remaining time 1:08:30.\n"
LAST = "2021-04-13T03:21:05.000000 Processed 69 of 276 mini batches in 0:01:00. Estimated remaining time 0:03:00.\n"
LONG = "2021-04-14T03:21:05.000000 Processed 9 of 18 mini batches in 1 day, 0:00:00.\n"


@pytest.mark.parametrize(
    ("overview", "metrics", "expected"),
    [
        ("", {}, None),
        (SCHEDULED, {}, "0 of 551 items"),
        (SCHEDULED + FIRST + LAST, {}, "69 of 276 mini-batches, 1.1 mini-batches/s, 3 min left"),
        (
            SCHEDULED + LAST,
            {"Total Items": 551.0, "Processed Items": 137.0, "Failed Items": 4.0},
            "137 of 551 items, 2.3 items/s, 3 min left, 4 items failed",
        ),
        (SCHEDULED + LAST, {"Remaining Items": 551.0 - 137}, "137 of 551 items, 2.3 items/s, 3 min left"),
        (
            SCHEDULED + LAST,
            {"Failed Items": 2.0},
            "69 of 276 mini-batches, 1.1 mini-batches/s, 3 min left, 2 items failed",
        ),
        (
            "Processed 0 of 1 mini batches in 0:00:01.\n",
            {"Total Items": 1.0, "Processed Items": 0.0, "Failed Items": 1.0},
            "0 of 1 item, 1 item failed",
        ),
        ("Processed 0 of 1 mini batches in 0:00:01.\n", {}, "0 of 1 mini-batch"),
        (LONG, {}, "9 of 18 mini-batches, 0.4 mini-batches/h, 24 h 0 min left"),
        ("", {"Total Items": 3.0, "Processed Items": 1.0}, "1 of 3 items"),
        (
            "Nonsense.\nProcessed 40 of 50 mini batches in 0:00:04. Estimated remaining time 0:00:01.\n",
            {"Total Items": 5000.0, "Processed Items": 4000.0},
            "4,000 of 5,000 items, 1,000 items/s, 1 s left",
        ),
        (
            (
                "Processed 1 of 50 mini batches in 0:00:40.\n"
                "Processed 21 of 50 mini batches in 0:00:50. Estimated remaining time 0:00:09.\n"
            ),
            {"Total Items": 500.0, "Processed Items": 210.0},
            "210 of 500 items, 20 items/s, 9 s left",
        ),
    ],
    ids=[
        *("nothing", "scheduled", "log", "both", "remaining", "failed alone", "one item", "one mini-batch"),
        *("days, no estimate", "counts alone", "a short rest", "a slow start"),
    ],
)
def test_what_the_log_and_the_counts_say(overview: str, metrics: dict[str, float], expected: str | None) -> None:
    found = interpreted(overview, metrics)
    assert (None if found is None else str(found)) == expected


def test_what_is_done_has_no_time_left() -> None:
    assert str(Progress(3, 3, "items", 0, 0.5, 0.0)) == "3 of 3 items, 30 items/min"


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(0, "0 s"), (99.4, "99 s"), (100, "2 min"), (3569, "59 min"), (3571, "1 h 0 min"), (90061, "25 h 1 min")],
)
def test_a_duration_is_as_coarse_as_it_is_long(seconds: float, expected: str) -> None:
    assert duration(seconds) == expected
