"""Jobs that lose files, in the sandbox: what is counted, by the job's own logs and by a key."""

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
        if text == "raise":
            raise ValueError("broken on purpose")
        if text != "skip":
            rows.append(f"{name},{text.upper()}")
    return rows
"""


def scored_by(bench: Bench, files: dict[str, str], **settings: Any) -> Path:
    """Release a script that fails on the text `raise` and leaves out `skip`; return a folder of these files."""
    (bench.root / "code" / "score.py").write_text(SCRIPT, encoding="utf-8")
    deployment = bench.plan.deployments["mlp"]
    changed = replace(
        deployment,
        code=Code("code", fingerprint.digest(bench.root / "code"), "score.py"),
        settings=replace(deployment.settings, **{"mini_batch_size": 1, "max_retries": 1, **settings}),
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
            "error: 1 of 3 files have no result: 1 mini-batch returned fewer results than files.",
            (
                "Which files these are, the job's logs do not tell; --key COLUMN does, if a column of the predictions "
                "has their names."
            ),
        ],
    )
    code, output, errors = run(bench, *invoke, "--download", str(bench.root / "key"), "--key", "1", "--allow-missing")
    assert (code, errors) == (0, "")
    assert output.splitlines()[-2:] == [
        "1 of 3 files have no row (--key 1): 1 mini-batch returned fewer results than files.",
        "  b",
    ]
