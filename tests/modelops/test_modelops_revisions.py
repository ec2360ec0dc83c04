"""What `revisions` lists, and what `status` says after a rollback."""

import json
import re
import sys
from dataclasses import replace
from io import StringIO
from pathlib import Path

import jsonschema
import pytest

from modelops.commands import app, options
from modelops.commands.targets import Target
from modelops.release import records
from modelops.release.going_back import go_back
from modelops.release.revisions import Revision, revisions
from modelops.release.status import status
from tests.modelops.conftest import Bench

SCHEMA = json.loads((Path(__file__).resolve().parents[2] / "docs" / "schemas" / "revisions.json").read_text("utf-8"))


def test_each_revision_says_what_it_is_and_why_it_cannot_serve(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.plan = replace(bench.plan, keep=3)
    first = bench.release()
    second = bench.changed(mini_batch_size=3)
    bench.release(second)
    name = bench.plan.endpoint.name
    go_back(bench.context(), second, None)
    records.write(bench.context(), name, second.target, records.TRY_OUT, "failed job-1 0123456789ab")
    endpoint = bench.live()
    record = endpoint.last_set
    assert record is not None
    made = {each.name: each.created_at for each in endpoint.deployments.values()}
    model = f"{bench.model_name}:1"
    newest, oldest = revisions(bench.workspace, endpoint, second)
    assert newest == Revision(
        *(second.target, "mlp", "Succeeded", False, made[second.target], record.earlier[second.target], model, None),
        *("failed", True, None),
    )
    assert oldest == Revision(
        *(first.default, "mlp", "Succeeded", True, made[first.default], record.at, model, None, None, False, None)
    )

    target = Target(
        "bench", bench.workspace.subscription_id, bench.workspace.resource_group, bench.workspace.name, name
    )
    monkeypatch.setattr(options.Where, "one_or_all", lambda _self: [target])
    shown = StringIO()
    monkeypatch.setattr(sys, "stdout", shown)
    assert app.main(["revisions", "--json"]) == 0
    printed = json.loads(shown.getvalue())
    jsonschema.validate(printed, SCHEMA)
    assert printed == {"schemaVersion": 1, "endpoints": {"bench": [newest.to_json(), oldest.to_json()]}}
    shown.truncate(0)
    shown.seek(0)
    assert app.main(["revisions"]) == 0
    title, heads, *rows = shown.getvalue().splitlines()
    assert (title, re.split("  +", heads)) == (
        "bench",
        ["revision", "created", "model", "commit", "try-out", "default since", "status"],
    )
    assert [(row.split()[0], row[heads.index("status") :]) for row in rows] == [
        (second.target, "rolled back"),
        (first.default, "serves"),
    ]


def test_status_says_that_it_was_rolled_back_and_is_no_alarm(bench: Bench) -> None:
    first = bench.release()
    bad = bench.changed(mini_batch_size=3)
    bench.release(bad)
    go_back(bench.context(), bad, None)
    found = status(bench.workspace, bad)
    record = found.endpoint.last_set
    assert record is not None
    assert found.problems == ()
    assert f"rolled back {record.at} by {record.who}, from {bad.target}" in found.lines()
    bench.move(bad.target)
    assert status(bench.workspace, bad).problems == (f"the default is {bad.target}, a rollback set {first.default}",)
