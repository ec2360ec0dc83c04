"""The time left of a job, computed from given times: no job runs here (test_jobs_logs has the lines)."""

import pytest

from job_bench import JobBench
from sandbox.azure.jobs.batches import Tally
from sandbox.azure.jobs.logs import JobLogs
from sandbox.azure.jobs.overview import Overview


@pytest.fixture
def logs(bench: JobBench) -> JobLogs:
    return JobLogs(bench.blobs, bench.records, "account", "job", "child", bench.folder / "run", bench.folder / "code")


@pytest.mark.parametrize(
    ("slots", "each", "batches"),
    [(1, 4.0, 10), (2, 4.0, 21), (3, 7.0, 29), (8, 9.5, 100), (4, 0.1, 1000)],
)
def test_the_time_left_of_equal_mini_batches_is_right_within_a_third_from_the_tenth_second_on(
    logs: JobLogs, slots: int, each: float, batches: int
) -> None:
    tally, now = Tally(batches=batches), 10.0
    # Processes start one after the other, and each takes the next mini-batch when it is free.
    free, spans = [slot * each / slots / 2 for slot in range(slots)], list[tuple[float, float]]()
    for _ in range(batches):
        slot = free.index(min(free))
        spans.append((free[slot], free[slot] + each))
        free[slot] += each
    overview = Overview(logs, tally, slots, lambda: [now - begin for begin, end in spans if begin < now < end])
    while now < max(free):
        tally.processed = sum(end <= now for _, end in spans)
        overview.spent = tally.processed * each
        assert overview.remaining() == pytest.approx(max(free) - now, rel=1 / 3)
        now += 0.37


def test_tries_that_failed_count_as_time_and_a_job_without_results_has_no_estimate(logs: JobLogs) -> None:
    tally = Tally(batches=10)
    overview = Overview(logs, tally, 2, list, spent=4.0)
    assert overview.remaining() == 0.0
    tally.processed = 2
    assert overview.remaining() == 2.0 * 8 / 2
    overview.running = lambda: [0.5, 1.5]
    assert overview.remaining() == 1.5 + 2.0 * 6 / 2
    overview.running = lambda: [9.0]
    assert overview.remaining() == 2.0 * 8 / 2
    tally.processed = 10
    assert overview.remaining() == 0.0
