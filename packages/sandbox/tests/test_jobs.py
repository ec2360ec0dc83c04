"""Batch jobs that succeed: what the script is given, and what is left of a job."""

import json
import platform
import re
from pathlib import Path

import pytest

from blob_server import ACCOUNT
from job_bench import CONDA, JobBench, report_of
from sandbox.azure.jobs.request import EnvironmentSpec, InputLocation, ModelFiles
from sandbox.azure.readings import Switches

NAMES = """
    import os
    def init(): pass
    def run(mini_batch): return [os.path.basename(path) for path in mini_batch]
"""


def test_every_file_is_scored_once_in_mini_batches_by_all_processes(bench: JobBench) -> None:
    script = """
        import os
        from azureml_user.parallel_run import EntryScript
        def init(): pass
        def run(mini_batch):
            name = EntryScript().agent_name
            return [f"{os.path.basename(path)},{len(mini_batch)}" for path in mini_batch]
    """
    request = bench.request(script, 25, mini_batch_size=10, instance_count=2, max_concurrency_per_instance=2)
    done = bench.run(request)
    assert (done.parent.status, done.child.status, done.parent.error) == ("Completed", "Completed", None)
    assert [line.split(",")[0] for line in done.lines] == [f"f{number:03d}" for number in range(25)]
    assert sorted(line.split(",")[1] for line in done.lines) == ["10"] * 20 + ["5"] * 5
    assert list(done.output) == ["predictions.csv"]
    assert done.child.metrics == {
        "Total MiniBatches": 3,
        "Total Items": 25,
        "Processed MiniBatches": 3,
        "Remaining MiniBatches": 0,
        "Processed Items": 25,
        "Remaining Items": 0,
        "Failed Items": 0,
    }


@pytest.mark.parametrize(
    ("returned", "rows"),
    [
        ("['a b', 'c,\"d\"']", b'a b\nc,"d"\n'),
        ("[['a.csv', 0], ('a', 3, 0.5), {'a': 1}, 1.5, None]", b"['a.csv', 0]\n('a', 3, 0.5)\n{'a': 1}\n1.5\nNone\n"),
        ("('a', 'b')", b"a\nb\n"),
        (
            "pandas.DataFrame({'n': ['b c.csv', 'q\"x'], 'p': [0.5, None], 'ok': [True, False]}, index=[7, 8])",
            b'"b c.csv" 0.5 True\n"q""x"  False\n',
        ),
    ],
)
def test_append_row_writes_lists_as_lines_and_frames_with_spaces(bench: JobBench, returned: str, rows: bytes) -> None:
    frame = "import pandas" if "pandas" in returned else ""
    script = f"{frame}\ndef init(): pass\ndef run(mini_batch): return {returned}\n"
    assert bench.run(bench.request(script, 1)).output == {"predictions.csv": rows}


def test_the_script_finds_its_model_code_arguments_and_nothing_of_the_sandbox(
    bench: JobBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("AZURE_CLIENT_SECRET", "secret")
    monkeypatch.setenv("PYTHONPATH", str(Path.cwd()))
    script = """
        import argparse, json, os, sys
        import helper
        from azureml_user.parallel_run import EntryScript
        def init(): pass
        def run(mini_batch):
            parser = argparse.ArgumentParser()
            parser.add_argument("--logging_level")
            parser.add_argument("--mini_batch_size", type=int)
            known, _ = parser.parse_known_args()
            model = os.environ["AZUREML_MODEL_DIR"]
            try:
                import sandbox
                found = "sandbox"
            except ImportError:
                found = ""
            try:
                open(mini_batch[0], "a")
                written = "written"
            except OSError as error:
                written = error.strerror
            return [json.dumps({
                "weights": open(os.path.join(model, "model", "weights.txt")).read(),
                "helper": helper.VALUE, "level": known.logging_level, "size": known.mini_batch_size,
                "mine": os.environ["MINE"], "found": found, "input": written, "content": open(mini_batch[0]).read(),
                "environment": sorted(set(os.environ) - {"MINE"}), "argv": sys.argv[0],
                "cwd": os.getcwd() == EntryScript().working_dir,
                "output": EntryScript().output_dir == os.environ["AZUREML_BI_OUTPUT_PATH"],
                "nodes": os.environ["AZUREML_NODE_COUNT"],
            })]
    """
    bench.switches = Switches(instances_above_maximum_fail=False)
    request = bench.request(
        script, {"one.txt": b"one"}, environment_variables={"MINE": "yes"}, logging_level="Debug", instance_count=5
    )
    bench.blobs.write(ACCOUNT, "code", f"{request.name}/helper.py", b"VALUE = 7")
    done = bench.run(request)
    assert json.loads(done.lines[0]) == {
        "weights": "weights",
        "helper": 7,
        "level": "DEBUG",
        "size": 10,
        "mine": "yes",
        "found": "",
        "input": "Read-only file system",
        "content": "one",
        "environment": [
            "AZUREML_BI_OUTPUT_PATH",
            "AZUREML_MODEL_DIR",
            "AZUREML_NODE_COUNT",
            "AZUREML_ROOT_RUN_ID",
            "AZUREML_RUN_ID",
            "AZ_BATCHAI_GPU_COUNT_FOUND",
            "AZ_BATCHAI_JOB_MASTER_NODE_IP",
            "AZ_BATCHAI_WORKER_IP",
            "AZ_BATCH_IS_CURRENT_NODE_MASTER",
            "AZ_BATCH_MASTER_NODE",
            "AZ_BATCH_NODE_LIST",
            "HOME",
            "LANG",
            "MLFLOW_DISABLE_TELEMETRY",
            "ORT_DISABLE_TELEMETRY",
            "PATH",
            "TMPDIR",
        ],
        "argv": "driver/amlbi_main.py",
        "cwd": True,
        "output": True,
        "nodes": "2",
    }


def test_init_runs_once_in_each_process_that_scores_and_shutdown_at_its_end(bench: JobBench) -> None:
    script = """
        import os, pathlib
        here = pathlib.Path(os.environ["AZUREML_BI_OUTPUT_PATH"])
        def init(): (here / f"init-{os.getpid()}").touch(exist_ok=False)
        def run(mini_batch): return [str(os.getpid())]
        def shutdown(): (here / f"shutdown-{os.getpid()}").write_text("bye")
    """
    done = bench.run(bench.request(script, 6, mini_batch_size=1, max_concurrency_per_instance=3))
    processes = sorted(set(done.lines))
    assert 1 <= len(processes) <= 3
    assert sorted(name for name in done.output if name.startswith("init")) == [f"init-{pid}" for pid in processes]
    assert sorted(name for name in done.output if name.startswith("shut")) == [f"shutdown-{pid}" for pid in processes]


def test_summary_only_writes_no_file_but_the_scripts_own(bench: JobBench) -> None:
    script = """
        import os, pathlib
        def init(): pass
        def run(mini_batch):
            (pathlib.Path(os.environ["AZUREML_BI_OUTPUT_PATH"]) / "mine.txt").write_text("mine")
            return []
    """
    done = bench.run(bench.request(script, 2, output_action="SummaryOnly"))
    assert (done.parent.status, done.output) == ("Completed", {"mine.txt": b"mine"})
    assert done.child.metrics["Failed Items"] == 2


def test_fewer_results_than_files_are_failed_items_and_more_are_capped(bench: JobBench) -> None:
    script = "def init(): pass\ndef run(mini_batch): return ['a'] * (1 if len(mini_batch) == 10 else 99)\n"
    done = bench.run(bench.request(script, 13))
    assert (done.parent.status, len(done.lines)) == ("Completed", 100)
    assert done.child.metrics["Failed Items"] == 9
    node = done.logs["logs/sys/node/0/process000.txt"]
    assert "run() returned 99 items, which is more than input count 3. Using the input count as succeeded" in node


def test_files_in_sub_folders_are_not_scored_unless_switched(bench: JobBench) -> None:
    files = {"a": b"1", "sub/b": b"2", "sub/": b"", "sub/deep/c": b"3"}
    line = "2 files are in sub-folders of the input: they are not scored."
    done = bench.run(bench.request(NAMES, files))
    assert (done.lines, line in done.logs["logs/azureml/executionlogs.txt"]) == (["a"], True)
    bench.switches = Switches(nested_folders_ignored=False)
    done = bench.run(bench.request(NAMES, files))
    assert (done.lines, line in done.logs["logs/azureml/executionlogs.txt"]) == (["a", "b", "c"], False)
    named = {name for row in report_of(done) for name in json.loads(row["Mini-batch Detail"])["minibatch"]}
    assert named == {"a", "sub/b", "sub/deep/c"}


def test_hidden_and_empty_files_are_scored_like_others(bench: JobBench) -> None:
    assert bench.run(bench.request(NAMES, {".hidden": b"1", "empty": b""})).lines == [".hidden", "empty"]


def test_a_single_file_is_one_mini_batch_under_its_own_name(bench: JobBench) -> None:
    bench.blobs.write(ACCOUNT, "data", "deep/down/one.csv", b"1")
    model = ModelFiles("file", ACCOUNT, "data", "LocalUpload/1/model/weights.txt", "weights.txt", "custom_model")
    script = """
        import os
        def init(): pass
        def run(mini_batch): return [os.path.basename(mini_batch[0]), os.listdir(os.environ["AZUREML_MODEL_DIR"])]
    """
    request = bench.request(script, 0, input=InputLocation("file", ACCOUNT, "data", "deep/down/one.csv"), model=model)
    assert bench.run(request).lines == ["['weights.txt']", "one.csv"]


def test_a_script_in_a_sub_folder_is_imported_by_its_dotted_name(bench: JobBench) -> None:
    request = bench.request(NAMES, 1, scoring_script="inner/main.py")
    bench.blobs.write(ACCOUNT, "code", f"{request.name}/inner/main.py", b"from score import init, run")
    assert bench.run(request).lines == ["f000"]


def test_the_logs_say_what_happened_where_clients_look(bench: JobBench) -> None:
    script = """
        import logging, sys
        from azureml_user.parallel_run import EntryScript
        logging.getLogger("mine").info("root logger")
        def init(): print("printed"); print("to stderr", file=sys.stderr); EntryScript().logger.info("entry logger")
        def run(mini_batch): return list(mini_batch)
    """
    done = bench.run(bench.request(script, 3, mini_batch_size=2))
    assert list(done.parent.logs) == ["logs/azureml/executionlogs.txt"]
    execution = done.logs["logs/azureml/executionlogs.txt"].splitlines()
    told = [line.split("] ", 1)[1].split(" after ")[0] for line in execution]
    # A slow machine has time for lines about progress between them.
    assert [line for line in told if not re.fullmatch(r"Processed \d of 2 mini-batches\.", line)] == [
        "Submitting job 'batchjob-1' of deployment 'd'.",
        "Running: 3 files in 2 mini-batches, 1 processes on 1 nodes.",
        "Processed 2 of 2 mini-batches: 3 items succeeded, 0 failed.",
        "The job ended as Completed",
    ]
    progress = [text for path, text in done.logs.items() if path.startswith("logs/job_progress_overview.")]
    lines = [line.split(" ", 1)[1] for line in progress[0].splitlines()]
    assert lines[0] == "The overviewer on 0 started."
    scheduled = r"Scheduling finished\. Scheduled 2 mini batches in \d+ seconds\. There are 2 tasks with 3 items\."
    assert re.fullmatch(scheduled, lines[1])
    assert lines[2] == "No task has been processed yet."
    assert lines[-2].startswith("Processed 2 of 2 mini batches in 0:0")
    assert lines[-2].endswith(". Estimated remaining time 0:00:00.")
    assert lines[-1] == "The overviewer on 0 stopped."
    assert done.logs["logs/user/stdout/0/process000.stdout.txt"] == "root logger\nprinted\n"
    assert done.logs["logs/user/stderr/0/process000.stderr.txt"] == "to stderr\n"
    assert done.logs["logs/user/entry_script_log/0/process000.log.txt"].endswith("|entry logger\n")
    assert done.logs["logs/job_result.txt"] == "Completed\n"
    assert done.logs["user_logs/std_log_0.txt"] == (
        "Azure Machine Learning Batch Inference Start\nAzure Machine Learning Batch Inference End\n"
    )
    assert len(done.logs["logs/sys/job_report/processed_mini-batches.csv"].splitlines()) == 3
    assert "logs/readme.txt" in done.logs
    assert not (bench.folder / "batchjob-1").exists()
    assert bench.blobs.path(ACCOUNT, "data", "azureml/child-1/score/predictions.csv").stat().st_nlink == 1


def test_a_job_on_another_python_says_so_in_its_log(bench: JobBench) -> None:
    environment = EnvironmentSpec("env", "1", "image:1", CONDA.replace("python=3.11", "python=2.7"))
    done = bench.run(bench.request(NAMES, environment=environment))
    assert done.parent.status == "Completed"
    here = f"jobs here run on Python {platform.python_version()}"
    line = f"Environment: 'python=2.7' is required, but {here}: results may differ"
    assert line in done.logs["logs/azureml/executionlogs.txt"]


def test_a_job_says_what_azure_needs_beside_the_conda_file(bench: JobBench) -> None:
    environment = EnvironmentSpec("env", "1", "image:1", "dependencies: [pip: [pandas, azureml-core]]")
    done = bench.run(bench.request(NAMES, environment=environment))
    assert done.parent.status == "Completed"
    line = "Environment: Azure needs azureml-dataset-runtime in the environment of a deployment with a scoring script"
    assert line in done.logs["logs/azureml/executionlogs.txt"]
