"""What a release notes on revisions, as the texts of tags."""

from dataclasses import replace

import pytest

from modelops.plan.plan import ReleasePlan
from modelops.plan.try_out import File, TryOut
from modelops.release import records
from modelops.release.last_set import LastSet
from modelops.release.live import LiveDeployment, LiveEndpoint
from modelops.release.records import Record, Sample
from tests.unit.plans import plan_json

DEPLOYMENT = LiveDeployment("mlp-1", "Succeeded", identity="a" * 64, logical="mlp")


def tagged(**tags: str) -> LiveDeployment:
    return replace(DEPLOYMENT, tags={name.replace("_", "-"): value for name, value in tags.items()})


@pytest.mark.parametrize("outcome", ["started", "passed", "failed"])
def test_a_record_is_read_as_it_was_written(outcome: records.Outcome) -> None:
    record = Record(outcome, "batchjob-1", "0123456789ab")
    assert str(record) == f"{outcome} batchjob-1 0123456789ab"
    assert records.try_out(tagged(modelops_try_out=str(record))) == record


@pytest.mark.parametrize("text", ["", "passed", "passed job", "passed job digest more", "other job digest"])
def test_another_text_is_no_record(text: str) -> None:
    assert records.try_out(tagged(modelops_try_out=text)) is None
    assert records.try_out(DEPLOYMENT) is None


def test_the_job_that_others_are_compared_with() -> None:
    assert records.sample(tagged(modelops_sample=str(Sample("job", "0123456789ab")))) == Sample("job", "0123456789ab")
    assert records.sample(tagged(modelops_sample="job")) is None
    assert records.sample(DEPLOYMENT) is None


def test_the_digest_is_of_the_whole_try_out() -> None:
    asked = TryOut(File("data", "d" * 64))
    assert records.digest(asked) == "5dcb1657648f"
    others = [replace(asked, input=File("data", "e" * 64)), replace(asked, per_file=True), replace(asked, key="1")]
    assert len({records.digest(each) for each in [asked, *others]}) == 4


def test_what_a_report_shows_of_it_is_no_reason_to_try_it_again() -> None:
    asked = TryOut(File("data", "d" * 64))
    assert records.digest(replace(asked, samples=6)) == records.digest(asked)


@pytest.mark.parametrize(
    ("deployment", "default", "expected"),
    [
        (tagged(modelops_try_out="failed job digest"), None, True),
        (tagged(modelops_try_out="failed job digest"), "mlp-1", False),
        (tagged(modelops_try_out="passed job digest"), None, False),
        (tagged(modelops_try_out="started job digest"), None, False),
        (DEPLOYMENT, None, False),
        (replace(DEPLOYMENT, state="Failed"), "other", True),
        (replace(DEPLOYMENT, state="Creating"), "other", False),
        (replace(DEPLOYMENT, state="Failed", logical=None), "other", False),
    ],
)
def test_what_a_failed_candidate_is(deployment: LiveDeployment, default: str | None, *, expected: bool) -> None:
    endpoint = LiveEndpoint("digits", default, "", {}, {}, None, None, {deployment.name: deployment})
    assert records.is_failed_candidate(endpoint, deployment) is expected


@pytest.mark.parametrize(
    ("text", "asked", "expected"),
    [
        ("failed job digest", None, "failed its try-out"),
        ("started job digest", None, "has not passed its try-out yet"),
        ("passed job digest", TryOut("azureml:data:1"), None),
        ("", TryOut("azureml:data:1"), "was not tried out"),
        ("", None, None),
    ],
)
def test_what_must_not_become_the_default_for_the_first_time(
    text: str, asked: TryOut | None, expected: str | None
) -> None:
    known = ReleasePlan.from_inputs(plan_json())
    plan = replace(known, deployments={"mlp": replace(known.deployments["mlp"], try_out=asked)})
    deployment = tagged(modelops_try_out=text)
    before = LastSet("mlp-2", earlier={"mlp-0": ""})
    endpoint = LiveEndpoint("digits", "mlp-1", "", {}, {}, None, None, {deployment.name: deployment}, before)
    assert records.not_passed(endpoint, deployment, plan) == expected
    was = replace(endpoint, last_set=replace(before, earlier={"mlp-1": ""}))
    assert records.not_passed(was, deployment, plan) is None
    untagged = replace(endpoint, last_set=None)
    assert records.not_passed(untagged, deployment, plan) == (expected if text else None)
    assert records.not_passed(replace(untagged, default=None), deployment, plan) == expected


def test_a_former_default_is_no_failed_candidate_unless_it_cannot_serve() -> None:
    failed = tagged(modelops_try_out="failed job digest")
    endpoint = LiveEndpoint("digits", "mlp-2", "", {}, {}, None, None, {}, LastSet("mlp-2", earlier={"mlp-1": ""}))
    assert not records.is_failed_candidate(endpoint, failed)
    assert records.is_failed_candidate(endpoint, replace(failed, state="Failed"))
