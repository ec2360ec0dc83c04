"""Jobs that lose files, in the sandbox: what is counted, by the job's own logs and by a key."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from modelops.plan import fingerprint
from modelops.plan.plan import Code
from tests.modelops.conftest import Bench, in_one_profile
from tests.modelops.test_modelops_commands import run

# The SDK uses what the libraries below it have deprecated.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

SCRIPT = """\
import os

def init(): ...

def run(batch):
    rows = []
    for path in batch:
        name = os.path.basename(path)
        text = open(path).read()
        if text == "raise" and not os.path.exists(os.environ["REPAIRED"]):
            raise ValueError("broken on purpose")
        if text != "skip" or os.path.exists(os.environ["REPAIRED"]):
            rows.append(f"{name},{text.upper()}")
    return rows
"""


def scored_by(bench: Bench, files: dict[str, str], **settings: Any) -> Path:
    """Release a script that fails on the text `raise` and leaves out `skip`; return a folder of these files.

    Once there is a file `repaired`, it does neither.
    """
    (bench.root / "code" / "score.py").write_text(SCRIPT, encoding="utf-8")
    deployment = bench.plan.deployments["mlp"]
    changed = replace(
        deployment,
        code=Code("code", fingerprint.digest(bench.root / "code"), "score.py"),
        settings=replace(deployment.settings, **{"mini_batch_size": 1, "max_retries": 1, **settings}),
        environment_variables={"REPAIRED": str(bench.root / "repaired")},
    )
    bench.plan = replace(bench.plan, deployments={"mlp": changed})
    bench.release()
    data = bench.root / "data"
    data.mkdir()
    for name, text in files.items():
        (data / name).write_text(text, encoding="utf-8")
    return data


@in_one_profile
def test_files_of_given_up_mini_batches_are_named(bench: Bench) -> None:
    data = scored_by(bench, {"a": "x", "b": "raise", "c": "y", "d": "skip"})
    code, output, errors = run(
        bench, "invoke", "--input", str(data), "--download", str(bench.root / "out"), "--deployment", "mlp"
    )
    assert (code, f"  {bench.root}/out/predictions.csv" in output.splitlines()) == (3, True)
    assert errors.splitlines()[:3] == [
        (
            "error: 2 of 4 files have no result: 1 mini-batch given up (1 after exceptions); 1 mini-batch returned "
            "fewer results than files."
        ),
        "  b",
        "  d",
    ]


@in_one_profile
def test_a_key_names_what_the_logs_do_not(bench: Bench) -> None:
    data = scored_by(bench, {"a": "x", "b": "skip", "c": "y"}, mini_batch_size=10)
    invoke = ("invoke", "--input", str(data))
    code, _, errors = run(bench, *invoke, "--download", str(bench.root / "out"))
    assert (code, errors.splitlines()[:2]) == (
        3,
        [
            "error: 1 of 3 files has no result: 1 mini-batch returned fewer results than files.",
            (
                "The job's logs do not say which; --key COLUMN does, if a column of the predictions has the files' "
                "names."
            ),
        ],
    )
    code, output, errors = run(bench, *invoke, "--download", str(bench.root / "key"), "--key", "1", "--allow-missing")
    assert (code, errors) == (0, "")
    assert output.splitlines()[-2:] == [
        "1 of 3 files has no row (--key 1): 1 mini-batch returned fewer results than files.",
        "  b",
    ]


def rows(folder: Path) -> list[str]:
    """Return all rows of the predictions in a folder, in order."""
    return sorted(line for file in folder.iterdir() for line in file.read_text(encoding="utf-8").splitlines())


def scored_here(data: Path) -> list[str]:
    """Return the rows of a run of the script on this machine, in order."""
    return sorted(f"{file.name},{file.read_text(encoding='utf-8').upper()}" for file in data.iterdir())


def last_job(bench: Bench) -> str:
    """Return the name of the endpoint's last job."""
    (job, *_) = bench.workspace.ml.batch_endpoints.list_jobs(bench.plan.endpoint.name)
    return str(job.name)


def resumed(bench: Bench, folder: Path, *words: str) -> tuple[int, str, str]:
    """Resume the endpoint's last job, now that the script is repaired, into a folder."""
    (bench.root / "repaired").touch()
    job = last_job(bench)
    return run(bench, "invoke", "--resume", job, "--download", str(folder), *words)


@in_one_profile
@pytest.mark.parametrize("lost", [1, 2])
def test_what_a_job_lost_is_scored_beside_it(bench: Bench, lost: int) -> None:
    texts = {"a": "x", "b": "raise", "c": "y", "d": "raise" if lost > 1 else "z"}
    data, folder = scored_by(bench, texts), bench.root / "out"
    assert run(bench, "invoke", "--input", str(data), "--download", str(folder))[0] == 3
    assert len(rows(folder)) == 4 - lost
    code, output, errors = resumed(bench, folder)
    assert (code, errors) == (0, "")
    assert f"has no result for {lost} of 4 files; scoring {'it' if lost == 1 else 'these'} now." in output
    assert output.splitlines()[-1] == "4 of 4 files have a result now, in 4 rows of 2 files"
    assert sorted(path.name for path in folder.iterdir()) == ["predictions-2.csv", "predictions.csv"]
    assert rows(folder) == scored_here(data)
    (folder / "predictions.csv").write_text("something else\n", encoding="utf-8")
    (bench.root / "again").mkdir()
    code, _, errors = resumed(bench, folder)
    assert (code, errors.partition(" than job ")[0]) == (
        2,
        f"error: --download '{folder}' has another predictions.csv",
    )
    code, output, _ = resumed(bench, bench.root / "again")
    assert (code, output.splitlines()[0].partition(", which resumed it, ")[2]) == (
        0,
        "have results for all its 4 files.",
    )
    assert rows(bench.root / "again") == scored_here(data)


@in_one_profile
def test_a_job_that_lost_everything_failed_and_is_scored_whole(bench: Bench) -> None:
    data, folder = scored_by(bench, {"a": "raise", "b": "raise"}), bench.root / "out"
    assert run(bench, "invoke", "--input", str(data), "--download", str(folder))[0] == 1
    code, output, errors = resumed(bench, folder, "--input", str(data))
    assert (code, errors) == (0, "")
    assert "ended in state Failed, without an output; scoring all its files now." in output
    assert rows(folder) == scored_here(data)


@in_one_profile
def test_a_job_that_only_counts_can_complete_without_any_result(bench: Bench) -> None:
    """Nothing is written then, and that is why: the counts are said, not that predictions are missing alone."""
    data = scored_by(bench, {"a": "raise", "b": "skip"}, output_action="summary_only")
    code, output, errors = run(bench, "invoke", "--input", str(data), "--download", str(bench.root / "out"))
    assert (code, errors.splitlines()[0]) == (
        3,
        (
            "error: 2 of 2 files have no result: 1 mini-batch given up (1 after exceptions); 1 mini-batch returned "
            "fewer results than files."
        ),
    )
    assert output.splitlines()[-1].endswith(" completed but wrote no predictions.")


@in_one_profile
def test_a_deployment_that_is_gone_is_said(bench: Bench) -> None:
    data = scored_by(bench, {"a": "raise", "b": "x"})
    words = ("--input", str(data), "--download", str(bench.root / "out"))
    assert run(bench, "invoke", *words)[0] == 3
    bench.release(bench.changed(max_retries=2))
    gone = bench.plan.target
    bench.workspace.ml.batch_deployments.begin_delete(gone, bench.plan.endpoint.name).result()
    code, _, errors = resumed(bench, bench.root / "out")
    assert (code, errors) == (
        2,
        (
            f"error: endpoint {bench.plan.endpoint.name} has no deployment {gone!r} (any more). Name another with "
            "--deployment.\n"
        ),
    )


@in_one_profile
def test_whole_mini_batches_are_scored_again_unless_a_key_tells(bench: Bench) -> None:
    data, folder = scored_by(bench, {"a": "x", "b": "skip", "c": "y"}, mini_batch_size=10), bench.root / "out"
    assert run(bench, "invoke", "--input", str(data), "--download", str(folder))[0] == 3
    job = last_job(bench)
    code, output, errors = resumed(bench, folder, "--key", "1", "--json")
    assert code == 0
    assert errors.splitlines()[0] == f"job {job} has no row for 1 of 3 files; scoring it now."
    told = json.loads(output)
    assert (told["files"], told["missing"], told["missingFiles"]) == (3, 0, [])
    assert told["predictions"] == [f"{folder}/predictions.csv", f"{folder}/predictions-2.csv"]
    assert rows(folder) == scored_here(data)
    whole = bench.root / "whole"
    code, output, errors = run(bench, "invoke", "--resume", job, "--download", str(whole))
    assert (code, errors) == (0, "")
    assert (output.splitlines()[0].startswith(f"job {job} and "), output.splitlines()[0].partition(" it, ")[2]) == (
        True,
        "perhaps have no result for 2 of 3 files; scoring these now.",
    )
    assert output.splitlines()[-1].endswith("; files that were scored again can have their rows twice")
    assert sorted(set(rows(whole))) == scored_here(data)
