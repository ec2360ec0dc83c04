"""What the logs of a job say about its mini-batches and about the errors of its script, by the service's formats.

They prove the formats that readers rely on, not that Azure writes every line so (docs/behaviour.md).
"""

import asyncio
import json
import re
from pathlib import Path

import pytest

from blob_server import ACCOUNT
from job_bench import JobBench, Outcome, report_of
from sandbox.azure.jobs.logs import ARTIFACT_CONTAINER, EXECUTION, JobLogs

COLUMNS = (
    "Mini-batch Id,Picked Count,Node,Process,Start Time,Total,Succeeded,Failed,Elapsed Seconds,Process Seconds,"
    "Run Method Seconds,Status,Error Category,Error Message,Mini-batch Detail"
)
TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}"
DEEP = """
    import os

    def init(): pass

    def predict(path):
        raise ValueError(f"no such thing in {os.path.basename(path)}")

    def run(mini_batch):
        if mini_batch[0].endswith("f001"):
            return [predict(path) for path in mini_batch]
        return mini_batch
"""


def errors_of(done: Outcome) -> str:
    """Return the log of the entry script's errors."""
    return next(text for path, text in done.logs.items() if re.fullmatch(r"logs/job_error\.\d{10}\.txt", path))


def test_an_exception_is_logged_with_its_trace_for_the_job_and_for_the_process(bench: JobBench) -> None:
    done = bench.run(bench.request(DEEP, 2, mini_batch_size=1, max_retries=1))
    assert done.parent.status == "Completed"
    first, second, rest = errors_of(done).split("\n", 2)
    assert re.fullmatch(
        TIME
        + r" This file shows errors in loading, calling init\(\) and calling run\(\) of the entry script\. An error"
        r' here may not impact the job result\. Please check "job_result\.txt" for the job result\.',
        first,
    )
    assert re.fullmatch(
        TIME + r" The process00\d on node 0 failed with error: Traceback \(most recent call last\):", second
    )
    # The service's folder: the sandbox's is gone when somebody reads this.
    code = "/mnt/azureml/cr/j/child-1/exe/wd/score.py"
    assert f'  File "{code}", line 11, in run\n' in rest
    assert f'  File "{code}", line 7, in predict\n' in rest
    assert rest.endswith("\nValueError: no such thing in f001\n")
    assert '  File "/mnt/azureml/cr/j/child-1/exe/wd/driver/amlbi_main.py", line ' in rest
    process = re.search(r"process00\d", second)
    assert process is not None
    assert done.logs["logs/user/error.txt"].endswith(f" {process[0]} on node 0: ValueError: no such thing in f001\n")
    assert done.logs[f"logs/user/error/0/{process[0]}.txt"].endswith("ValueError: no such thing in f001\n")
    assert "Traceback (most recent call last):" in done.logs[f"logs/user/error/0/{process[0]}.txt"]


@pytest.mark.parametrize(
    ("script", "last"),
    [
        ("def init(): raise OSError('no model')\ndef run(mini_batch): return mini_batch\n", "OSError: no model"),
        ("import nowhere\n", "ModuleNotFoundError: No module named 'nowhere'"),
        ("def init(: pass\n", "SyntaxError: invalid syntax"),
    ],
)
def test_errors_in_loading_and_in_init_are_in_the_same_file(bench: JobBench, script: str, last: str) -> None:
    done = bench.run(bench.request(script, 1))
    assert done.parent.status == "Failed"
    assert errors_of(done).splitlines()[-1] == last
    assert '/mnt/azureml/cr/j/child-1/exe/wd/score.py", line 1' in errors_of(done)


def test_the_result_says_why_and_the_standard_log_only_that_the_driver_failed(bench: JobBench) -> None:
    script = "def init(): pass\ndef run(mini_batch): raise KeyError('weights')\n"
    done = bench.run(bench.request(script, 1, max_retries=1))
    status, reason, where = done.logs["logs/job_result.txt"].splitlines()
    assert status == "Failed"
    assert reason == (
        "NoResultToAppendError: There is no succeeded mini batch item returned from run(). Please check 'response:"
        " run()' in https://aka.ms/batch-inference-documentation."
    )
    assert re.fullmatch(
        r"See logs/job_error\.\d{10}\.txt for errors of the entry script, and logs/sys/master_role\.txt\.", where
    )
    standard = done.logs["user_logs/std_log_0.txt"].splitlines()
    assert standard[:2] == [
        "Azure Machine Learning Batch Inference Start",
        "Azure Machine Learning Batch Inference End",
    ]
    assert (standard[2], standard[-1]) == ("Traceback (most recent call last):", "SystemExit: 42")
    assert "weights" not in done.logs["user_logs/std_log_0.txt"]


def test_the_table_of_tries_has_the_services_columns_and_names_the_files(bench: JobBench) -> None:
    done = bench.run(bench.request(DEEP, 2, mini_batch_size=1, max_retries=2))
    assert done.logs["logs/sys/job_report/processed_mini-batches.csv"].splitlines()[0] == COLUMNS
    by_file = {json.loads(row["Mini-batch Detail"])["minibatch"][0]: row for row in report_of(done)}
    good, bad = by_file["f000"], by_file["f001"]
    same = ("Picked Count", "Node", "Total", "Succeeded", "Failed", "Status", "Error Category", "Error Message")
    assert [good[name] for name in same] == ["1", "0", "1", "1", "0", "RUN_DONE", "N/A", "N/A"]
    error = "ValueError: no such thing in f001"
    assert [bad[name] for name in same] == ["2", "0", "1", "0", "1", "RUN_EXCEPTION", "ValueError", error]
    assert re.fullmatch(TIME, good["Start Time"])
    assert float(good["Elapsed Seconds"]) >= float(good["Run Method Seconds"]) >= 0.0
    assert (bad["Process Seconds"], bad["Run Method Seconds"]) == ("N/A", "N/A")
    detail = json.loads(bad["Mini-batch Detail"])
    assert (str(detail["id"]), detail["dequeue_count"]) == (bad["Mini-batch Id"], 2)


def test_a_try_over_the_time_limit_is_a_timeout_and_a_short_one_is_done(bench: JobBench) -> None:
    script = """
        import time
        def init(): pass
        def run(mini_batch):
            if mini_batch[0].endswith("f001"):
                time.sleep(60)
            return []
    """
    done = bench.run(bench.request(script, 2, mini_batch_size=1, max_retries=1, timeout_seconds=0.3))
    rows = {row["Status"]: row for row in report_of(done)}
    assert rows["RUN_TIMEOUT"]["Error Message"] == "run() did not return within 0.3 seconds"
    assert (rows["RUN_TIMEOUT"]["Error Category"], rows["RUN_TIMEOUT"]["Failed"]) == ("N/A", "1")
    assert (rows["RUN_DONE"]["Succeeded"], rows["RUN_DONE"]["Failed"]) == ("0", "1")


def test_each_process_logs_the_counts_and_times_of_its_mini_batches(bench: JobBench) -> None:
    done = bench.run(bench.request("def init(): pass\ndef run(mini_batch): return mini_batch[1:]\n", 3))
    assert re.fullmatch(
        r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3}\|process000\|INFO\|\d+\|mini-batch 0: 10\.0\.0\.4 \d+, 3 items,"
        rf" 2 succeeded, 1 failed, start time {TIME}, duration \d\.\d{{3}} s, process time \d\.\d{{3}} s,"
        r" run method time \d\.\d{3} s\n",
        done.logs["logs/sys/node/0/process000.txt"],
    )


def test_without_a_place_for_them_logs_leave_no_copies_behind(bench: JobBench, tmp_path: Path) -> None:
    """The storage account of a workspace may be deleted while a job runs."""
    folder = tmp_path / "run"
    logs = JobLogs(bench.blobs, bench.records, ACCOUNT, "job", "child", folder=folder, code=tmp_path / "code")
    bench.blobs.delete_container(ACCOUNT, ARTIFACT_CONTAINER)
    for _ in range(3):
        logs.execution("a line")
        asyncio.run(logs.mirror())
    files = {each.relative_to(folder).as_posix() for each in folder.rglob("*") if each.is_file()}
    assert files == {EXECUTION, "logs/readme.txt"}


def test_an_exception_of_nothing_but_empty_lines_is_the_scripts(bench: JobBench) -> None:
    script = 'def init(): pass\ndef run(mini_batch): raise ValueError("\\n" * 30_000)\n'
    done = bench.run(bench.request(script, 1, max_retries=1, error_threshold=0))
    assert (done.parent.status, done.error_code) == ("Failed", "UserError")
    assert errors_of(done).endswith("\nValueError:\n")
