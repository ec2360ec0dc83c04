"""Batch jobs that fail, in part or whole: retries, thresholds, broken scripts, environments, cancellation, kills."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from blob_server import ACCOUNT
from job_bench import CLUSTER, CONDA, JobBench, report_of
from sandbox.azure.jobs import files, job, scoring
from sandbox.azure.jobs.request import EnvironmentSpec, InputLocation, JobRequest, OutputLocation
from sandbox.azure.jobs.runner import JobRunner
from sandbox.azure.readings import PROFILES, Switches

PYTHON_42 = "Execution failed. User process '/azureml-envs/sandbox/bin/python' exited with status code 42."
FAIL_ONCE = """
    import os, pathlib, signal, sys, time
    here = pathlib.Path(os.environ["AZUREML_BI_OUTPUT_PATH"])
    def init(): pass
    def run(mini_batch):
        marker = here / (os.path.basename(mini_batch[0]) + ".tried")
        if mini_batch[0].endswith("f001") and not marker.exists():
            marker.touch()
            {how}
        return [os.path.basename(path) for path in mini_batch]
"""
ALWAYS = """
    import os
    def init(): pass
    def run(mini_batch):
        if any(path[-4:] in {bad} for path in mini_batch):
            raise ValueError("bad file")
        return [os.path.basename(path) for path in mini_batch]
"""


@pytest.mark.parametrize(
    ("how", "log"),
    [
        ('raise ValueError("no")', "ValueError: no"),
        ("return None", "The actual type of output is NoneType."),
        ("sys.exit(3)", "SystemExit: 3"),
        ("os.kill(os.getpid(), signal.SIGKILL)", "process000 exits with returncode -9"),
        ("time.sleep(60)", "run() did not return within 0.5 seconds"),
    ],
)
def test_a_failed_attempt_is_tried_again_in_a_new_process(bench: JobBench, how: str, log: str) -> None:
    done = bench.run(bench.request(FAIL_ONCE.format(how=how), 3, mini_batch_size=1, timeout_seconds=0.5))
    assert done.parent.status == "Completed"
    assert done.lines == ["f000", "f001", "f002"]
    assert done.child.metrics["Failed Items"] == 0
    errors = next(text for path, text in done.logs.items() if path.startswith("logs/job_error."))
    assert log in errors
    assert "logs/sys/node/0/process001.txt" in done.logs


def test_a_mini_batch_without_tries_left_fails_all_its_items_and_the_job_completes(bench: JobBench) -> None:
    request = bench.request(ALWAYS.format(bad=("f002",)), 6, mini_batch_size=1, max_retries=3)
    done = bench.run(request)
    assert (done.parent.status, done.lines) == ("Completed", ["f000", "f001", "f003", "f004", "f005"])
    assert done.child.metrics["Failed Items"] == 1
    tries = [row for row in report_of(done) if row["Status"] == "RUN_EXCEPTION"]
    assert [(row["Picked Count"], row["Error Message"]) for row in tries] == [
        ("1", "ValueError: bad file"),
        ("2", "ValueError: bad file"),
        ("3", "ValueError: bad file"),
    ]


@pytest.mark.parametrize(("threshold", "status"), [(2, "Completed"), (1, "Failed"), (0, "Failed"), (-1, "Completed")])
def test_more_failed_items_than_the_threshold_fail_the_job(bench: JobBench, threshold: int, status: str) -> None:
    script = ALWAYS.format(bad=("f000", "f001"))
    done = bench.run(bench.request(script, 4, mini_batch_size=1, max_retries=1, error_threshold=threshold))
    assert (done.parent.status, done.child.status) == (status, status)
    if status == "Failed":
        text = f"The number of failed items is {threshold + 1}, which exceeds error threshold {threshold}."
        assert done.error.startswith(PYTHON_42)
        assert text in done.error
        assert done.parent.error == done.child.error
        assert text in done.logs["logs/job_result.txt"]
        assert done.logs["user_logs/std_log_0.txt"].splitlines()[-1] == "SystemExit: 42"
        # Nothing was put together; what the workers wrote stays.
        assert all(name.startswith("temp_10.0.0.4_") for name in done.output)
    else:
        assert done.lines == ["f002", "f003"]


def test_nothing_but_failures_fails_append_row_even_without_a_threshold(bench: JobBench) -> None:
    script = "def init(): pass\ndef run(mini_batch): return []\n"
    done = bench.run(bench.request(script, 2))
    assert done.parent.status == "Failed"
    assert "There is no succeeded mini batch item returned from run()." in done.error
    assert "predictions.csv" not in done.output


def test_the_lenient_readings_try_once_more_and_need_no_init(bench: JobBench) -> None:
    bench.switches = PROFILES["lenient"]
    script = "def run(mini_batch): raise ValueError('bad file')\n"
    done = bench.run(bench.request(script, 1, max_retries=1))
    assert [row["Error Message"] for row in report_of(done)] == ["ValueError: bad file"] * 2


def test_short_results_are_retried_when_switched(bench: JobBench) -> None:
    bench.switches = Switches(short_results_retried=True)
    script = "def init(): pass\ndef run(mini_batch): return ['row'] if mini_batch[1:] else mini_batch\n"
    done = bench.run(bench.request(script, 3, mini_batch_size=2, max_retries=2))
    assert (done.parent.status, done.child.metrics["Failed Items"]) == ("Completed", 2)
    # At least once: each attempt had written its row already.
    assert len(done.lines) == 3
    pair = [row for row in report_of(done) if row["Total"] == "2"]
    assert [(row["Succeeded"], row["Status"], row["Error Message"]) for row in pair] == [
        ("0", "RUN_EXCEPTION", "run() returned 1 results for 2 items"),
    ] * 2


def test_an_init_that_always_fails_ends_the_job_after_three_tries_of_each_process(bench: JobBench) -> None:
    script = "def init(): raise OSError('no model')\ndef run(mini_batch): return mini_batch\n"
    done = bench.run(bench.request(script, 5, mini_batch_size=1, max_concurrency_per_instance=2))
    assert done.parent.status == "Failed"
    assert "The init() in the entry scipt had raised exception for 6 times." in done.error
    assert "OSError: no model" in done.error


def test_an_init_that_always_fails_on_one_of_two_nodes_leaves_the_work_to_the_other(bench: JobBench) -> None:
    script = """
        import os, time
        def init():
            if os.environ["AZ_BATCH_IS_CURRENT_NODE_MASTER"] == "true":
                raise OSError("no disk")
        def run(mini_batch): return [os.path.basename(path) for path in mini_batch]
    """
    assert bench.run(bench.request(script, 4, mini_batch_size=1, instance_count=2)).lines == [
        "f000",
        "f001",
        "f002",
        "f003",
    ]
    broken = "def init(): raise OSError('no disk')\ndef run(mini_batch): return mini_batch\n"
    done = bench.run(bench.request(broken, 1, instance_count=2))
    assert "The init() in the entry scipt had raised exception for 3 times." in done.error


def test_an_init_that_fails_once_costs_no_try(bench: JobBench) -> None:
    script = """
        import os, pathlib
        marker = pathlib.Path(os.environ["AZUREML_BI_OUTPUT_PATH"]) / "tried"
        def init():
            if not marker.exists():
                marker.touch()
                raise OSError("not yet")
        def run(mini_batch): return [os.path.basename(path) for path in mini_batch]
    """
    assert bench.run(bench.request(script, 2, max_retries=1)).lines == ["f000", "f001"]


@pytest.mark.parametrize(
    ("script", "text"),
    [
        ("import not_there\n", "EntryScriptException: ModuleNotFoundError: No module named 'not_there'"),
        ("def run(mini_batch): return []\n", "the entry script 'score.py' has no function init()"),
        ("def init(: pass\n", "SyntaxError"),
    ],
)
def test_a_script_that_cannot_be_imported_fails_the_job_at_once(bench: JobBench, script: str, text: str) -> None:
    done = bench.run(bench.request(script, 2))
    assert (done.parent.status, text in done.error) == ("Failed", True)


def test_a_job_without_progress_fails(bench: JobBench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scoring, "_OVERHEAD_SECONDS", 0.0)
    script = "import time\ndef init(): time.sleep(60)\ndef run(mini_batch): return mini_batch\n"
    done = bench.run(bench.request(script, 1, timeout_seconds=0.2))
    assert (done.parent.status, "No progress update in 1 seconds." in done.error) == ("Failed", True)


def test_an_output_file_that_exists_fails_the_job_and_is_kept(bench: JobBench) -> None:
    request = bench.request(ALWAYS.format(bad=()), 1)
    bench.blobs.write(ACCOUNT, "data", f"{request.output.prefix}predictions.csv", b"old")
    done = bench.run(request)
    assert done.parent.status == "Failed"
    assert done.error.startswith("The path already exists: 'data/azureml/child-1/score/predictions.csv'.")
    assert done.output == {"predictions.csv": b"old"}


def test_an_input_without_files_fails_the_job(bench: JobBench) -> None:
    done = bench.run(bench.request(ALWAYS.format(bad=()), {"sub/a": b"1"}))
    assert done.error == (
        "Unable to create any task within 600 seconds. The input has no files to score, only 1 in sub-folders, which"
        " are not scored."
    )
    done = bench.run(bench.request(ALWAYS.format(bad=()), {"sub/": b""}))
    assert done.error == "Unable to create any task within 600 seconds. The input has no files to score."


def test_an_account_that_is_not_here_is_said_in_the_first_line_and_fails_the_job(bench: JobBench) -> None:
    nowhere = InputLocation("folder", "elsewhere", "data", "heart/", by_identity=True)
    told = (
        "the sandbox has no storage account 'elsewhere', and reads nothing from Azure. To put a copy of the files"
        " there: python -m sandbox data add https://elsewhere.blob.core.windows.net/data/heart/ COPY"
    )
    done = bench.run(bench.request(ALWAYS.format(bad=()), input=nowhere))
    assert done.error == f"ScriptExecutionException was caused by StreamAccessException. NotFound: {told}"
    first = done.logs["logs/azureml/executionlogs.txt"].splitlines()[0]
    assert first.partition("] ")[2] == f"The job will fail: {told}"
    bench.blobs.create_container("elsewhere", "data")
    bench.blobs.write("elsewhere", "data", "heart/1.csv", b"1")
    assert bench.run(bench.request(ALWAYS.format(bad=()), input=nowhere)).parent.status == "Completed"


@pytest.mark.parametrize(
    ("conda", "text"),
    [
        (
            "",
            "it cannot be rehearsed, because nothing here runs containers: name a conda file as `rehearseWith`",
        ),
        (CONDA + "  - not-there==1.0\n", "'not-there==1.0' is not installed."),
        (CONDA + "  - aiohttp==0.1\n", "'aiohttp==0.1' is required, but aiohttp "),
        (CONDA.replace("- pip\n", "- pip\n- aiohttp=0.1\n"), "'aiohttp=0.1' is required, but aiohttp "),
        (CONDA + "  - git+https://example.test/x\n", "'git+https://example.test/x' names an address, and without a"),
        ("dependencies: 3", "its conda file has no list 'dependencies'."),
    ],
)
def test_an_environment_that_is_not_here_fails_the_job_before_it_runs(bench: JobBench, conda: str, text: str) -> None:
    request = bench.request(ALWAYS.format(bad=()), 1, environment=EnvironmentSpec("env", "1", "image:1", conda))
    done = bench.run(request)
    assert done.error.startswith("Image build failed for environment 'env:1': ")
    assert text in done.error
    assert done.error_code == "ImageBuildFailure"
    assert done.child.start_time_utc is None


def test_a_cluster_that_is_gone_fails_the_job(bench: JobBench) -> None:
    bench.store.delete(CLUSTER)
    done = bench.run(bench.request(ALWAYS.format(bad=()), 1))
    assert done.error == f"The compute target '{CLUSTER}' does not exist."


HANGING = """
    import os, pathlib, subprocess, time
    def init(): pass
    def run(mini_batch):
        child = subprocess.Popen(["sleep", "600"])
        pathlib.Path("{pids}").write_text(f"{{os.getpid()}} {{child.pid}}\\n")
        time.sleep(600)
"""


def gone(pid: int) -> bool:
    """Return whether a process has ended (a zombie has)."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return True
    return state == "Z"


async def until(condition: Callable[[], bool]) -> None:
    """Wait for something that only the file system or the process table tells."""
    async with asyncio.timeout(60):
        while not condition():  # noqa: ASYNC110 - nobody sets an event
            await asyncio.sleep(0.01)


async def written(file: Path) -> list[int]:
    """Wait for the process ids that a script writes."""
    pids: list[int] = []

    def there() -> bool:
        text = file.read_text(encoding="utf-8") if file.exists() else ""
        pids.extend(int(pid) for pid in text.split() if text.endswith("\n"))
        return bool(pids)

    await until(there)
    return pids


async def all_gone(pids: list[int]) -> None:
    await until(lambda: all(gone(pid) for pid in pids))


def hanging(bench: JobBench, tmp_path: Path) -> tuple[JobRequest, Path]:
    file = tmp_path / "pids"
    return bench.request(HANGING.format(pids=file), 2, timeout_seconds=600), file


def test_a_cancelled_job_ends_with_all_its_processes(bench: JobBench, tmp_path: Path) -> None:
    request, file = hanging(bench, tmp_path)

    async def cancel(runner: JobRunner) -> None:
        pids = await written(file)
        runner.cancel(request.name)
        record = bench.records.get(request.name)
        assert record is not None
        assert record.status == "CancelRequested"
        await all_gone(pids)

    done = bench.run(request, cancel)
    assert (done.parent.status, done.child.status, done.parent.error) == ("Canceled", "Canceled", None)
    assert "User cancelled the run." in done.logs["logs/azureml/executionlogs.txt"]


IMPORTED = """
    import os, pathlib
    pathlib.Path("{pids}").write_text(f"{{os.getpid()}}\\n")
    def init(): pass
    def run(mini_batch): return mini_batch
"""


def test_a_script_is_imported_while_the_input_is_staged_and_its_process_ends_if_that_fails(
    bench: JobBench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "pids"
    request = bench.request(IMPORTED.format(pids=file), 1)

    def no_input_before_the_import(*_: object, **__: object) -> files.Staged:
        asyncio.run(written(file))
        return files.Staged([])

    monkeypatch.setattr(job, "stage_input", no_input_before_the_import)
    done = bench.run(request)
    assert done.error == "Unable to create any task within 600 seconds. The input has no files to score."
    asyncio.run(all_gone([int(file.read_text())]))


def test_a_process_that_was_started_for_files_that_are_not_scored_ends_with_the_job(
    bench: JobBench, tmp_path: Path
) -> None:
    script = f"""
        import os, pathlib
        pathlib.Path("{tmp_path}", str(os.getpid())).touch()
        def init(): pass
        def run(mini_batch): return mini_batch
    """
    bench.switches = Switches(nested_folders_ignored=True)
    settings = {"mini_batch_size": 1, "max_concurrency_per_instance": 4}
    done = bench.run(bench.request(script, {"a": b"1", "sub/b": b"2"}, **settings))
    assert (done.parent.status, len(done.lines)) == ("Completed", 1)
    asyncio.run(all_gone([int(file.name) for file in tmp_path.iterdir() if file.name.isdigit()]))


def test_an_output_that_cannot_be_written_fails_the_job(bench: JobBench) -> None:
    request = bench.request(ALWAYS.format(bad=()), 1, output=OutputLocation(ACCOUNT, "gone", "out/", "predictions.csv"))
    done = bench.run(request)
    reason = f"The output cannot be written: container 'gone' does not exist in account '{ACCOUNT}'."
    assert (done.parent.status, done.error_code) == ("Failed", "UserError")
    assert f" Error: {reason} Please check logs" in done.error


def test_a_job_that_is_cancelled_before_it_starts_is_canceled(bench: JobBench) -> None:
    request = bench.request(ALWAYS.format(bad=()), 1)

    async def cancel(runner: JobRunner) -> None:
        runner.cancel(request.name)

    assert bench.run(request, cancel).parent.status == "Canceled"


def test_jobs_wait_for_the_nodes_of_their_cluster(bench: JobBench, tmp_path: Path) -> None:
    first, file = hanging(bench, tmp_path)
    first = bench.request(HANGING.format(pids=file), 2, timeout_seconds=600, instance_count=2)
    second = bench.request(ALWAYS.format(bad=()), 1)

    async def beside(runner: JobRunner) -> None:
        await written(file)
        bench.accept(second)
        runner.submit(second)
        await until(lambda: bench.status(second.name) == "Queued")
        runner.cancel(first.name)
        await runner.wait(second.name)

    bench.run(first, beside)
    assert bench.outcome(second).lines == ["f000"]


def test_a_job_that_runs_when_the_sandbox_stops_is_failed_with_the_reason(bench: JobBench, tmp_path: Path) -> None:
    request, file = hanging(bench, tmp_path)

    async def stop(runner: JobRunner) -> None:
        pids = await written(file)
        await runner.close()
        await all_gone(pids)

    done = bench.run(request, stop)
    assert (done.parent.status, done.error_code) == ("Failed", "SandboxStopped")


_KILLED = """
import sys
from pathlib import Path
from job_bench import JobBench
import test_jobs_failures as own
bench = JobBench(Path(sys.argv[1]))
request, _ = own.hanging(bench, Path(sys.argv[2]))
bench.run(request)
"""


def test_a_killed_server_leaves_no_process_and_its_job_is_failed_at_the_next_start(tmp_path: Path) -> None:
    home = tmp_path / "home"
    command = [sys.executable, "-c", _KILLED, str(home), str(tmp_path)]
    with subprocess.Popen(command, cwd=Path(__file__).parent) as server:
        pids = asyncio.run(written(tmp_path / "pids"))
        os.kill(server.pid, signal.SIGKILL)
        server.wait()
    asyncio.run(all_gone(pids))
    bench = JobBench(home)
    request = bench.request("", 0)
    bench.runner().recover()
    done = bench.outcome(request)
    assert (done.parent.status, done.child.status) == ("Failed", "Failed")
    assert done.error.startswith(
        "The sandbox stopped while the job was running, so the job ended without an output file."
    )
    assert not (home / "jobs").exists()
    bench.close()


def test_more_nodes_than_the_cluster_can_have(bench: JobBench) -> None:
    request = bench.request(ALWAYS.format(bad="()"), 3, instance_count=3)
    done = bench.run(request)
    assert done.error == (
        "The job's instance count is 3, and the cluster 'cpu' has at most 2 nodes. Allowed are 1 to 2, or make the"
        " cluster's maximum larger."
    )
    bench.switches = Switches(instances_above_maximum_fail=False)
    assert bench.run(bench.request(ALWAYS.format(bad="()"), 3, instance_count=3)).parent.status == "Completed"
