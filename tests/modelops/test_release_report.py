"""What a release leaves for its report: figures of the comparison and, where it is asked for, samples of the input."""

import base64
import re
from dataclasses import replace
from typing import Any

import pytest

from modelops.errors import ReleaseError
from modelops.plan import fingerprint
from modelops.plan.plan import ReleasePlan
from modelops.plan.try_out import File
from modelops.release import history, recorded
from modelops.release.history import Entry
from modelops.release.tryout import sample
from modelops.report import page
from tests.modelops.compared import OTHER, SCRIPT, with_script
from tests.modelops.conftest import Bench, in_both_profiles, in_one_profile

# The SDK uses what the libraries below it have deprecated.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 20


def release(bench: Bench, plan: ReleasePlan) -> Entry:
    """Release as a program does, and return the entry in the history."""
    recorded.release(plan, bench.context())
    return last(bench)


def last(bench: Bench) -> Entry:
    return history.entries(bench.workspace, bench.plan.endpoint.name, 1)[0]


def figures(plan: ReleasePlan, serving: str) -> dict[str, Any]:
    return {
        "revision": plan.target,
        "with": serving,
        "rows": 2,
        "changed": 1,
        "added": 0,
        "missing": 0,
        "key": "1",
        "columns": [{"name": "2", "numbers": 1, "largest": 2.0, "median": 2.0}],
    }


@in_both_profiles
def test_samples_have_both_predictions_and_the_input(bench: Bench) -> None:
    first = release(bench, with_script(bench, SCRIPT, samples=2))
    text = f"a.txt of {bench.plan.endpoint.name}"
    (kept,) = history.samples(bench.workspace, first)
    assert (kept["revision"], kept["with"], first.compared) == (first.default, None, ())
    assert kept["samples"][0] == {
        "about": "a.txt",
        "changed": False,
        "candidate": [{"2": str(len(text))}],
        "current": None,
        "input": {"type": "text", "text": text, "isCut": False},
    }

    plan = with_script(bench, OTHER, samples=1)
    second = release(bench, plan)
    assert second.compared == (figures(plan, str(first.default)),)
    (kept,) = history.samples(bench.workspace, second)
    (found,) = kept["samples"]
    assert (kept["revision"], kept["with"]) == (plan.target, first.default)
    assert (found["about"], found["changed"], found["candidate"], found["current"]) == (
        *("b.txt", True),
        [{"2": str(len(text) + 2)}],
        [{"2": str(len(text))}],
    )
    assert re.fullmatch(rf"release-samples/{second.endpoint}/[\dTZ.-]+-[0-9a-f]{{8}}\.json", second.samples)
    html = page.html([page.Release("digits", second, {}, history.samples(bench.workspace, second))], "dev")
    assert "1</dd>" in html
    assert f"b.txt of {bench.plan.endpoint.name}" in html


@in_one_profile
def test_nothing_is_kept_unasked(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REHEARSAL_URL")
    before = bench.mark()
    entry = release(bench, with_script(bench, SCRIPT))
    assert (entry.samples, history.samples(bench.workspace, entry)) == ("", [])
    assert [each for each in bench.writes(before) if "release-samples" in each] == []


@in_one_profile
def test_a_rehearsal_keeps_some(bench: Bench) -> None:
    entry = release(bench, with_script(bench, SCRIPT))
    (kept,) = history.samples(bench.workspace, entry)
    assert [each["about"] for each in kept["samples"]] == ["a.txt", "b.txt"]


@in_one_profile
def test_a_refused_candidate_is_in_the_report_too(bench: Bench) -> None:
    first = release(bench, with_script(bench, SCRIPT)).default
    plan = with_script(bench, OTHER, samples=1, max_changed_rows=0.0)
    with pytest.raises(ReleaseError, match="differ from those of what serves"):
        recorded.release(plan, bench.context())
    entry = last(bench)
    assert (entry.outcome, entry.compared) == ("failed", (figures(plan, str(first)),))
    (kept,) = history.samples(bench.workspace, entry)
    assert [each["about"] for each in kept["samples"]] == ["b.txt"]


@in_one_profile
def test_an_input_in_azure_is_read_in_part(bench: Bench) -> None:
    """Its address is one that a release uploaded to before."""
    plan = with_script(bench, SCRIPT, samples=1)
    (bench.root / "try-out" / "a.txt").write_bytes(PNG)
    asked = plan.deployments["mlp"].try_out
    assert asked is not None
    asked = replace(asked, input=File("try-out", fingerprint.digest(bench.root / "try-out")))
    address = sample.in_azure(bench.context(), asked).path
    deployment = replace(plan.deployments["mlp"], try_out=replace(asked, input=address))
    entry = release(bench, replace(plan, deployments={"mlp": deployment}))
    (kept,) = history.samples(bench.workspace, entry)
    assert kept["samples"][0]["input"] == {"type": "image/png", "base64": base64.b64encode(PNG).decode()}


@in_one_profile
def test_more_samples_are_no_reason_to_try_it_again(bench: Bench) -> None:
    release(bench, with_script(bench, SCRIPT))
    before = bench.mark()
    assert not recorded.release(with_script(bench, SCRIPT, samples=3), bench.context()).changed
    assert bench.writes(before) == []


@in_one_profile
def test_samples_that_were_deleted_are_not_missed(bench: Bench) -> None:
    entry = release(bench, with_script(bench, SCRIPT))
    assert history.samples(bench.workspace, replace(entry, samples="release-samples/gone.json")) == []
