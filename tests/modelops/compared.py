"""Plans with a try-out and a scoring script that gives each file a number, for tests of the comparison."""

import re
from dataclasses import replace
from typing import Any

from modelops.plan import fingerprint
from modelops.plan.plan import Code, ReleasePlan
from modelops.plan.try_out import File, TryOut
from tests.modelops.conftest import Bench

SCRIPT = """\
import os

def init(): ...

def run(batch):
    return [f"{os.path.basename(path)} {score(path)}" for path in batch]

def score(path):
    return os.path.getsize(path)
"""
OTHER = SCRIPT.replace("os.path.getsize(path)", "os.path.getsize(path) + 2 * path.endswith('b.txt')")
"""Another number for one of the two files."""


def with_script(bench: Bench, script: str, **asked: Any) -> ReleasePlan:
    """Return the bench's plan with another script, and a try-out on two files."""
    data = bench.root / "try-out"
    data.mkdir(exist_ok=True)
    for name in ("a.txt", "b.txt"):
        (data / name).write_text(f"{name} of {bench.plan.endpoint.name}", encoding="utf-8")
    (bench.root / "code" / "score.py").write_text(script, encoding="utf-8")
    deployment = replace(
        bench.plan.deployments["mlp"],
        code=Code("code", fingerprint.digest(bench.root / "code"), "score.py"),
        try_out=TryOut(**{"input": File("try-out", fingerprint.digest(data)), **asked}),
    )
    return replace(bench.plan, deployments={"mlp": deployment})


def jobs(bench: Bench, after: int) -> list[str]:
    """The requests for jobs since a mark."""
    return [each for each in bench.writes(after) if re.match(r"POST .*/jobs$", each)]
