"""What a release leaves of itself: properties of what it makes, and an entry in the workspace's storage."""

from dataclasses import replace
from typing import Any
from unittest.mock import patch

import pytest

from modelops.about import About
from modelops.errors import PlanError, ReleaseError
from modelops.plan.plan import ReleasePlan
from modelops.release import deploy, history, last_set, recorded, records
from modelops.release.context import CREATE, PRUNE, READ, RECORD, REGISTER, SWITCH, TRY, VERIFY
from modelops.release.going_back import go_back
from modelops.release.history import Entry
from modelops.release.report import ReleaseReport
from tests.modelops.compared import SCRIPT, with_script
from tests.modelops.conftest import Bench, in_both_profiles, in_one_profile
from tests.modelops.workers import RealWorker

ABOUT = About("0123456789" * 4, False, "https://github.com/org/models/actions/runs/17")
ENTRIES = "/releases/"


def release(bench: Bench, plan: ReleasePlan | None = None, **options: Any) -> ReleaseReport:
    """Release as a program does that knows its commit."""
    return recorded.release(plan or bench.plan, replace(bench.context(), about=ABOUT), **options)


def failed_with(bench: Bench, text: str) -> Entry:
    """Release a plan whose deployment fails with this text, and return the entry."""
    release(bench)
    changed = bench.changed(mini_batch_size=3)
    with patch.object(deploy, "create_revision", side_effect=ReleaseError(text)), pytest.raises(ReleaseError):
        release(bench, changed)
    return entries(bench)[0]


def tried_by(bench: Bench, plan: ReleasePlan) -> str:
    """Return the job that tried a plan's default out."""
    record = records.try_out(bench.live().deployments[plan.target])
    assert record is not None
    return record.job


def entries(bench: Bench) -> list[Entry]:
    """The bench's history, the newest first."""
    return history.entries(bench.workspace, bench.plan.endpoint.name, 100)


@in_both_profiles
def test_what_a_release_makes_says_where_it_comes_from(bench: Bench) -> None:
    release(bench)
    deployment = bench.place.get(f"batchEndpoints/{bench.plan.endpoint.name}/deployments/{bench.plan.target}")
    model = bench.place.get(f"models/{bench.model_name}/versions/1")
    who = bench.live().last_set
    assert who is not None
    ours = {
        "gitCommit": ABOUT.commit,
        "gitClean": "false",
        "runUrl": ABOUT.run_url,
        "releasedBy": who.who,
    }
    assert deployment["properties"]["properties"].items() >= ours.items()
    assert model["properties"]["properties"].items() >= ours.items()
    tags = {"modelops-commit": ABOUT.commit, "modelops-run": ABOUT.run_url}
    assert deployment["tags"] == tags
    assert model["properties"]["tags"] == tags
    assert last_set.without_ours(deployment["tags"]) == {}


@in_both_profiles
def test_a_release_adds_what_it_did(bench: Bench) -> None:
    report = release(bench)
    assert report.warnings == []
    assert bench.steps == [READ, REGISTER, CREATE, SWITCH, VERIFY, RECORD]
    (entry,) = entries(bench)
    record = bench.live().last_set
    assert record is not None
    revision = bench.plan.target
    assert replace(entry, seconds=0.0, steps={}, timeline=(), at="") == Entry(
        endpoint=bench.plan.endpoint.name,
        outcome="released",
        at="",
        who=record.who,
        default=revision,
        previous_default=None,
        set_at=record.at,
        commit=ABOUT.commit,
        clean=False,
        run_url=ABOUT.run_url,
        done=(f"registered {bench.model_name}:1", f"created {revision}", f"default (none) -> {revision}"),
        revisions={"mlp": revision},
        digests={"mlp": bench.plan.deployments["mlp"].model.to_json()["digest"]},
    )
    assert list(entry.steps) == [READ, REGISTER, CREATE, SWITCH, VERIFY, PRUNE]
    assert list(entry.timeline) == report.timeline == report.to_json()["timeline"]
    assert [(each["step"], each["subject"]) for each in entry.timeline] == [
        *((READ, ""), (READ, ""), (REGISTER, bench.model_name), (CREATE, revision)),
        *((READ, ""), (SWITCH, revision), (VERIFY, revision), (PRUNE, "")),
    ]
    assert sum(entry.steps.values()) == pytest.approx(entry.seconds, abs=0.5)


def test_another_commit_with_the_same_content_changes_nothing(bench: Bench) -> None:
    release(bench)
    before = bench.mark()
    other = replace(bench.context(), about=About("f" * 40, clean=True))
    assert not recorded.release(bench.plan, other, looks_back=True).changed
    assert bench.writes(before) == []
    assert len(entries(bench)) == 1


def test_a_failed_release_is_added_and_its_error_stays(bench: Bench) -> None:
    first = release(bench)
    changed = bench.changed(mini_batch_size=3)
    bench.place.sandbox.control.fault(
        "operation-fail", method="PUT", path="/deployments/[^/]+$", code="ResourceNotReady", message="no nodes"
    )
    with pytest.raises(ReleaseError) as failed:
        release(bench, changed)
    entry = entries(bench)[0]
    assert (entry.outcome, entry.failed_at, entry.default, entry.done) == ("failed", CREATE, first.default, ())
    error = str(failed.value).splitlines()[0]
    assert f"creating deployment {changed.target} failed" in error
    assert entry.error == error


# The SDK uses what the libraries below it have deprecated.
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@in_one_profile
def test_a_failed_try_out_is_added_with_its_traceback_and_the_command_for_its_logs(bench: Bench) -> None:
    recorded.release(with_script(bench, SCRIPT), bench.context())
    broken = with_script(bench, SCRIPT.replace("return os", 'raise ValueError("broken on purpose")\n    return os'))
    with pytest.raises(ReleaseError) as failed:
        release(bench, broken)
    entry = entries(bench)[0]
    assert (entry.outcome, entry.failed_at) == ("failed", TRY)
    told = str(failed.value).splitlines()
    assert [entry.error, *entry.details][: len(told)] == told
    at, *trace = entry.details[len(told) - 1 :]
    assert at.endswith(", line 6, in run")
    assert trace[-1] == "    ValueError: broken on purpose"
    command = f"python -m modelops jobs logs {tried_by(bench, broken)} --subscription {bench.plan.subscription_id} "
    assert told[-2].startswith("  Logs: ")
    assert command in told[-2]


def test_the_lines_of_a_very_long_error_are_those_at_its_ends(bench: Bench) -> None:
    entry = failed_with(bench, "\n".join(["it failed", *(f"    {number}" for number in range(100)), "Its logs:"]))
    assert entry.details[47:51] == ("    47", "    48", "…", "    91")
    assert entry.details[-1] == "Its logs:"


def test_an_error_has_no_secrets_of_addresses_in_the_history(bench: Bench) -> None:
    entry = failed_with(bench, "it failed\n    GET https://a.blob.core.windows.net/c/b?sig=secret")
    assert entry.details == ("    GET https://a.blob.core.windows.net/c/b?***",)


def test_an_entry_says_what_changed_since_the_last_release(bench: Bench) -> None:
    release(bench, released=None)
    release(bench, bench.changed(mini_batch_size=3), released=bench.plan)
    assert [each.why for each in entries(bench)] == [{"mlp": ["miniBatchSize 10 -> 3"]}, {}]


def test_after_a_rollback_an_entry_says_what_served(bench: Bench) -> None:
    first, second, third = bench.plan, bench.changed(mini_batch_size=3), bench.changed(mini_batch_size=4)
    release(bench, first)
    release(bench, second, released=first)
    go_back(bench.context(), second, None)
    release(bench, third, released=second)
    entry = entries(bench)[0]
    assert (entry.default, entry.previous_default) == (third.target, first.target)
    assert (entry.before, entry.released, entry.why) == (
        *({"mlp": first.target}, {"mlp": second.target}),
        {"mlp": ["miniBatchSize 3 -> 4"]},
    )


def test_a_refused_release_leaves_no_entry(bench: Bench) -> None:
    before = bench.mark()
    with pytest.raises(PlanError, match="pin is 'mlp-00000000'"):
        release(bench, replace(bench.plan, pin="mlp-00000000"))
    assert bench.writes(before) == []
    assert entries(bench) == []


def test_beside_a_pin_the_entry_names_no_revision_that_was_not_made(bench: Bench) -> None:
    first = release(bench).default
    release(bench, bench.changed(mini_batch_size=3))
    release(bench, replace(bench.changed(mini_batch_size=4), pin=first))
    entry = entries(bench)[0]
    assert (entry.default, entry.revisions, entry.digests) == (first, {}, {})


def refuse_the_next_entry(bench: Bench) -> None:
    """Have the storage refuse it."""
    bench.place.sandbox.control.fault(
        "status", method="PUT", path=ENTRIES, status=403, code="AuthorizationPermissionMismatch", message="no right"
    )


def test_an_entry_that_cannot_be_written_is_a_warning(bench: Bench) -> None:
    refuse_the_next_entry(bench)
    report = release(bench)
    assert bench.live().default == bench.plan.target
    (warning,) = report.warnings
    assert warning.startswith(
        "the release is complete, but its entry in the history is missing: writing the history failed: "
    )


def test_an_entry_that_cannot_be_written_hides_no_error(bench: Bench) -> None:
    refuse_the_next_entry(bench)
    bench.place.sandbox.control.fault(
        "operation-fail", method="PUT", path="/deployments/[^/]+$", code="ResourceNotReady", message="no nodes"
    )
    with pytest.raises(ReleaseError, match="no nodes"):
        release(bench)


def test_the_next_release_adds_what_a_killed_one_could_not(bench: Bench) -> None:
    """One that was killed after its switch: the next one finds nothing to do."""
    bench.release()
    assert entries(bench) == []
    report = release(bench, looks_back=True)
    assert not report.changed
    (entry,) = entries(bench)
    record = bench.live().last_set
    assert record is not None
    assert (entry.outcome, entry.default, entry.set_at, entry.done) == ("released", bench.plan.target, record.at, ())
    before = bench.mark()
    release(bench, looks_back=True)
    assert bench.writes(before) == []


def test_a_rollback_is_added(bench: Bench) -> None:
    first = release(bench).default
    second = release(bench, bench.changed(mini_batch_size=3)).default
    context = replace(bench.context(), about=ABOUT)
    assert recorded.rolled_back(context, go_back(context, bench.changed(mini_batch_size=3), None)) is None
    entry = entries(bench)[0]
    record = bench.live().last_set
    assert record is not None
    assert (entry.outcome, entry.default, entry.previous_default, entry.set_at, entry.commit, entry.done) == (
        *("rolled back", first, second, record.at, ABOUT.commit),
        (f"default {second} -> {first}",),
    )


def test_a_rollback_that_cannot_be_added_is_complete(bench: Bench) -> None:
    release(bench)
    release(bench, bench.changed(mini_batch_size=3))
    done = go_back(bench.context(), bench.changed(mini_batch_size=3), None)
    refuse_the_next_entry(bench)
    warning = recorded.rolled_back(bench.context(), done)
    assert warning is not None
    assert warning.startswith("the rollback is complete, but its entry in the history is missing: writing the history ")


def test_entries_of_others_are_never_lost(bench: Bench) -> None:
    for number in range(3):
        history.write(bench.workspace, Entry(bench.plan.endpoint.name, "released", f"2026-01-01T00:00:0{number}Z"))
        history.write(bench.workspace, Entry(bench.plan.endpoint.name, "released", f"2026-01-01T00:00:0{number}Z"))
    found = history.entries(bench.workspace, bench.plan.endpoint.name, 3)
    assert [each.at[-3:] for each in found] == ["02Z", "02Z", "01Z"]


@in_one_profile
def test_the_program_s_worker_is_told_where_a_release_comes_from(bench: Bench) -> None:
    with RealWorker(bench) as worker:
        worker.begin(bench.plan, about=ABOUT.texts())
        worker.done()
    (entry,) = entries(bench)
    assert About(entry.commit, entry.clean, entry.run_url) == ABOUT
