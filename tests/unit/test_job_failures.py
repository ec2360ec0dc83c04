"""Why a job failed: the service's message and the script's last exception, from logs as the service writes them.

The sandbox's logs are read in tests/modelops. Does not prove that Azure's logs look like this today: the sources of the
format are in modelops/scoring/failures.py.
"""

from typing import cast

import pytest

from modelops import advice
from modelops.scoring.failures import last_error, read, reason, service_reason, users_lines
from modelops.scoring.job_logs import JobLogs

WD = "/mnt/azureml/cr/j/1f0c/exe/wd"
HEAD = "2023-02-28T11:11:55.543843 This file shows errors in loading, calling init() and calling run().\n"
RUN = f"""\
Traceback (most recent call last):
  File "{WD}/driver/azureml_user/parallel_run/score_wrapper.py", line 30, in run
    return self.module.run(batch)
  File "{WD}/score.py", line 12, in run
    rows = read(path)
  File "{WD}/lib/files.py", line 4, in read
    return pandas.read_csv(path)
           ^^^^^^^^^^^^^^^^^^^^^
  File "/azureml-envs/azureml_7594/lib/python3.10/site-packages/pandas/io/parsers.py", line 912, in read_csv
    raise EmptyDataError(path)
pandas.errors.EmptyDataError: No columns to parse from file
"""
EXIT_42 = (
    "Execution failed. User process '/azureml-envs/azureml_7594/bin/python' exited with status code 42. Please check "
    "log file 'user_logs/std_log_0.txt' for error details. Error: "
)


class Logs:
    """The logs of a job, by name, and the service's message."""

    def __init__(self, message: str, **files: str) -> None:
        self._message, self._files = message, files

    def names(self) -> tuple[str, ...]:
        return tuple(sorted(self._files))

    def text(self, name: str) -> str:
        return self._files.get(name, "")

    def message(self) -> str:
        return self._message


def logs(message: str = "", files: dict[str, str] | None = None) -> JobLogs:
    """Return logs that are read like a job's."""
    return cast("JobLogs", Logs(message, **(files or {})))


def entry(trace: str, time: str = "11:12:07") -> str:
    return f"2023-02-28T{time}.031290 The process000 on node 0 failed with error: {trace}"


@pytest.mark.parametrize(
    ("trace", "expected"),
    [
        (RUN, "pandas.errors.EmptyDataError: No columns to parse from file (lib/files.py, line 4, in read)"),
        (
            (
                f'Traceback (most recent call last):\n  File "{WD}/driver/azureml_user/x.py", line 3, in init\n'
                f'  File "{WD}/score.py", line 5, in init\n    open("nowhere")\n'
                "FileNotFoundError: [Errno 2] No such file or directory: 'nowhere'\n"
            ),
            "FileNotFoundError: [Errno 2] No such file or directory: 'nowhere' (score.py, line 5, in init)",
        ),
        (
            f"{RUN}\nDuring handling of the above exception, another exception occurred:\n\n{RUN}".replace(
                "No columns", "The last: no columns"
            ),
            "pandas.errors.EmptyDataError: The last: no columns to parse from file (lib/files.py, line 4, in read)",
        ),
        (
            (
                f'Traceback (most recent call last):\n  File "/x/driver/amlbi_main.py", line 9, in load\n'
                f"  File \"{WD}/code/score.py\", line 2\n    def run(\nSyntaxError: '(' was never closed\n"
            ),
            "SyntaxError: '(' was never closed (score.py, line 2)",
        ),
        (
            (
                'Traceback (most recent call last):\n  File "/x/driver/amlbi_main.py", line 9, in score\n    x()\n'
                '  File "/x/driver/other.py", line 2, in run\n    raise TypeError("no")\nTypeError: no\n'
            ),
            "TypeError: no",
        ),
        (
            (
                f'Traceback (most recent call last):\n  File "{WD}/score.py", line 1, in <module>\n    import torch\n'
                "ModuleNotFoundError: No module named 'torch'\n"
            ),
            "ModuleNotFoundError: No module named 'torch' (score.py, line 1)",
        ),
        (
            (
                f'Traceback (most recent call last):\n  File "{WD}/score.py", line 8, in run\n    check(x)\n'
                "ValueError: 2 fields are wrong\n  a: missing\n  b: missing\n"
            ),
            "ValueError: 2 fields are wrong (score.py, line 8, in run)",
        ),
        ("process000 exits with returncode -9\n", "process000 exits with returncode -9"),
        ("", ""),
    ],
    ids=["run", "init", "chain", "syntax", "driver only", "import", "several lines", "killed", "nothing"],
)
def test_an_exception_is_one_line_with_its_place_in_the_users_files(trace: str, expected: str) -> None:
    assert str(read(trace) or "") == expected


def test_the_last_entry_of_the_last_summary_counts() -> None:
    found = logs(
        files={
            "logs/job_error.2023022811.txt": HEAD + entry("OldError: x\n"),
            "logs/job_error.2023022812.txt": HEAD + entry("OldError: y\n") + entry(RUN, "11:14:00"),
            "logs/user/error/0/process000.txt": "2023-02-28T11:15:00 OtherError: z\n",
        }
    )
    assert str(last_error(found)) == (
        "pandas.errors.EmptyDataError: No columns to parse from file (lib/files.py, line 4, in read)"
    )


def test_without_a_summary_the_latest_trace_counts() -> None:
    found = logs(
        files={
            "logs/user/error/0/process000.txt": f"2023-02-28T11:15:00 {RUN}",
            "logs/user/error/1/process000.txt": f"2023-02-28T11:12:00 {RUN.replace('No columns', 'Older')}",
        }
    )
    assert str(last_error(found)) == (
        "pandas.errors.EmptyDataError: No columns to parse from file (lib/files.py, line 4, in read)"
    )


def test_a_summary_without_an_entry_has_no_exception() -> None:
    assert last_error(logs(files={"logs/job_error.2023022811.txt": HEAD})) is None
    assert last_error(logs()) is None


WITH_SCRIPT = {"logs/job_error.1.txt": HEAD + entry("ValueError: broken\n")}


@pytest.mark.parametrize(
    ("message", "files", "expected"),
    [
        ("", {}, ""),
        ("Unable to create any task within 600 seconds.", {}, "Unable to create any task within 600 seconds."),
        (
            EXIT_42 + "The number of failed items is 3, which exceeds error threshold 0. Please check logs for error. "
            "You can check logs/readme.txt for the layout of logs.",
            WITH_SCRIPT,
            (
                "The number of failed items is 3, which exceeds error threshold 0. The script's last exception: "
                "ValueError: broken"
            ),
        ),
        (
            EXIT_42 + 'Traceback (most recent call last):\n  File "driver/amlbi_main.py", line 275, in <module>\n'
            "    main()\nSystemExit: 42",
            WITH_SCRIPT,
            "The script's last exception: ValueError: broken",
        ),
        (EXIT_42 + "Traceback (most recent call last):\nSystemExit: 42", {}, ""),
        (
            EXIT_42 + "The init() had raised exception for 6 times. Please check logs for details. The last one: "
            "ValueError: broken Please check logs for error. You can check logs/readme.txt for the layout of logs.",
            {
                "logs/job_error.1.txt": HEAD
                + entry(
                    f'Traceback (most recent call last):\n  File "{WD}/score.py", line 3, in init\nValueError: broken\n'
                )
            },
            "The init() had raised exception for 6 times. The last one: ValueError: broken (score.py, line 3, in init)",
        ),
        ("The disk is full", WITH_SCRIPT, "The disk is full. The script's last exception: ValueError: broken"),
        (
            EXIT_42 + "Error processing input file: '/in/a.txt'. Exception: File type 'txt' is not supported",
            {
                "logs/job_error.1.txt": HEAD
                + entry(
                    "driver.BadFileError: Error processing input file: '/in/a.txt'. Exception: File type 'txt' is not "
                    "supported\n"
                )
            },
            "Error processing input file: '/in/a.txt'. Exception: File type 'txt' is not supported",
        ),
    ],
    ids=["nothing", "service", "both", "the driver's traceback", "only that", "one text", "no full stop", "no class"],
)
def test_the_reason_is_what_the_service_says_and_the_scripts_exception(
    message: str, files: dict[str, str], expected: str
) -> None:
    assert reason(logs(message, files)) == expected


def test_the_lines_of_a_traceback_without_the_drivers() -> None:
    lines = users_lines(entry(RUN))
    assert lines[:2] == [f'  File "{WD}/score.py", line 12, in run', "    rows = read(path)"]
    assert lines[-1] == "pandas.errors.EmptyDataError: No columns to parse from file"


@pytest.mark.parametrize("trace", ["", "ended with exit code -9", RUN.replace(f"{WD}/", f"{WD}/azureml_sys/")])
def test_no_lines_without_a_frame_of_the_users(trace: str) -> None:
    assert users_lines(trace) == []


def test_a_reason_of_many_lines_is_said_once_and_keeps_its_beginning_and_its_end() -> None:
    """MLflow repeats the data and the whole schema before it says what is wrong."""
    data = "\n".join(f"  column {number}  double" for number in range(100))
    text = (
        f"Error processing input file: '/in/a.csv'. Exception: Failed to enforce schema of data '{data}'. Error: no x"
    )
    found = reason(logs(EXIT_42 + text, {"logs/job_error.1.txt": HEAD + entry(f"driver.BadFileError: {text}\n")}))
    assert found.startswith(
        "Error processing input file: '/in/a.csv'. Exception: Failed to enforce schema of data ' col"
    )
    assert found.endswith("column 99 double'. Error: no x")
    assert (len(found), found.count(" … "), "\n" in found) == (603, 1, False)


@pytest.mark.parametrize("code", ["AllocationFailed", "ClusterCoreQuotaReached"])
def test_nodes_that_azure_does_not_have_are_told_with_what_to_do(code: str) -> None:
    message = f"{code}: The cluster could not be resized."
    logs = cast("JobLogs", Logs(message))
    assert reason(logs) == service_reason(logs) == f"{message} {advice.about_answer(code)}"


def test_an_error_of_the_script_s_own_network_is_not_this_machine_s() -> None:
    logs = cast("JobLogs", Logs("ConnectionError: [Errno 111] Connection refused"))
    assert reason(logs) == "ConnectionError: [Errno 111] Connection refused"
