"""A default that was moved by hand, or sent and not recorded, a rollback and a pin, on the real engine."""

import re
from typing import Any

import pytest

from tests.e2e.commands import Step
from tests.e2e.profiles import IN_BOTH_PROFILES
from tests.e2e.rehearsal import MARKER, Rehearsal

ONE_STEP = (Step("update", MARKER, "digits-marker"),)
API = "2025-12-01"
ENDPOINT = r"/batchEndpoints/[^/]+$"


def batches_of(rehearsal: Rehearsal, size: int) -> None:
    """Set the size of a mini-batch: another revision of the same model."""

    def change(config: dict[str, Any]) -> None:
        config["endpoints"]["digits"]["deployments"]["mlp"]["miniBatchSize"] = size

    rehearsal.configure(change)


def pin(rehearsal: Rehearsal, revision: str) -> None:
    """Set the pin that `rollback` prints."""
    rehearsal.configure(lambda config: config["endpoints"]["digits"].update(pin=revision))


def unpin(rehearsal: Rehearsal) -> None:
    """Remove the pin."""
    rehearsal.configure(lambda config: config["endpoints"]["digits"].pop("pin"))


def second(rehearsal: Rehearsal) -> tuple[str, str]:
    """Release another revision; return the names of the first and of the second."""
    old = rehearsal.default
    batches_of(rehearsal, 3)
    assert rehearsal.up().steps == ONE_STEP
    return old, rehearsal.default


def endpoint(rehearsal: Rehearsal) -> dict[str, Any]:
    """Return the endpoint, as Azure has it."""
    (found,) = [each for each in rehearsal.resources() if each.rsplit("/", 2)[1] == "batchEndpoints"]
    return rehearsal.arm("GET", found, API)


def live(rehearsal: Rehearsal) -> str | None:
    """Return the live default."""
    default = (endpoint(rehearsal)["properties"].get("defaults") or {}).get("deploymentName")
    return None if default is None else str(default)


def ours(rehearsal: Rehearsal) -> dict[str, str]:
    """Return what was last set, without the time."""
    tags = endpoint(rehearsal)["tags"]
    kept = ("modelops-default", "modelops-set-by", "modelops-number", "modelops-abandoned")
    return {name.removeprefix("modelops-"): tags[name] for name in kept if name in tags}


def move(rehearsal: Rehearsal, default: str | None) -> None:
    """Do what somebody does by hand: send the endpoint with another default, or without one."""
    found = endpoint(rehearsal)
    found["properties"].pop("defaults", None)
    if default is not None:
        found["properties"]["defaults"] = {"deploymentName": default}
    rehearsal.arm("PUT", found["id"], API, {key: found[key] for key in ("location", "tags", "properties")})
    assert live(rehearsal) == default


def switches(rehearsal: Rehearsal, after: int) -> list[str]:
    """Return the writes to the endpoint itself and to what is below it."""
    return [each for each in rehearsal.writes(after) if "/batchEndpoints/" in each]


@IN_BOTH_PROFILES
def test_a_default_that_was_moved_by_hand_is_one_diff_and_mended(deployed: Rehearsal) -> None:
    first, now = second(deployed)
    assert ours(deployed) == {"default": now, "set-by": "release", "number": "2"}
    _is_mended(deployed, first, now)


def test_a_default_that_was_cleared_by_hand_is_one_diff_and_mended(deployed: Rehearsal) -> None:
    """By the lenient reading, a body without a default leaves it as it is."""
    _is_mended(deployed, None, second(deployed)[1])


def _is_mended(deployed: Rehearsal, default: str | None, now: str) -> None:
    move(deployed, default)
    before = deployed.mark()
    preview = deployed.pulumi("preview").ok()
    assert preview.steps == ONE_STEP
    assert f"restore the default {now} first, found {default or 'none'}" in preview.flat
    assert deployed.up().steps == ONE_STEP
    assert live(deployed) == now
    assert len(switches(deployed, before)) == 1
    before = deployed.mark()
    assert deployed.up("--expect-no-changes").steps == ()
    assert deployed.writes(before) == []
    assert ours(deployed) == {"default": now, "set-by": "release", "number": "3"}


@pytest.mark.parametrize("is_kept", [True, False], ids=["run again", "back in git"])
@IN_BOTH_PROFILES
def test_after_a_switch_that_was_sent_and_not_recorded_the_next_up_has_one_diff(
    deployed: Rehearsal, *, is_kept: bool
) -> None:
    """docs/recovery.md, Stopping: the default has moved, and the state has the plan before."""
    first = deployed.default
    file = deployed.folder / "Pulumi.dev.yaml"
    text = file.read_text(encoding="utf-8")
    batches_of(deployed, 3)
    deployed.fault("delay", "PUT", ENDPOINT, seconds=10)
    before = deployed.mark()
    running = deployed.begin("up")
    deployed.wait_for("PUT", ENDPOINT, after=before, finished=False)
    running.interrupt()
    assert "the switch was already sent. To go on, run `" in running.wait().failed().flat
    deployed.wait_until_alone()
    deployed.mend()
    moved = live(deployed)
    assert (moved != first, deployed.default) == (True, first)
    assert ours(deployed) == {"default": moved, "set-by": "release", "number": "2"}

    if not is_kept:
        file.write_text(text, encoding="utf-8")
    before = deployed.mark()
    assert deployed.pulumi("preview").ok().steps == ONE_STEP
    assert deployed.up().steps == ONE_STEP
    assert len(switches(deployed, before)) == (0 if is_kept else 1)
    assert live(deployed) == deployed.default == (moved if is_kept else first)
    assert ours(deployed)["number"] == ("2" if is_kept else "3")
    before = deployed.mark()
    assert deployed.up("--expect-no-changes").steps == ()
    assert deployed.writes(before) == []


@IN_BOTH_PROFILES
def test_azure_that_does_not_answer_is_no_change_of_the_plan(deployed: Rehearsal) -> None:
    second(deployed)
    refused = {"status": 403, "code": "AuthorizationFailed", "message": "not today"}
    deployed.fault("status", "GET", ENDPOINT, times=-1, **refused)
    found = deployed.pulumi("up", "--expect-no-changes").ok()
    assert found.steps == ()
    assert (
        "endpoint 'digits': whether somebody moved its default is unknown: https://management.azure.com refused the "
        "request (HTTP 403)" in found.flat
    )


@IN_BOTH_PROFILES
def test_after_a_rollback_the_bad_revision_is_never_the_default_again(deployed: Rehearsal) -> None:
    first, bad = second(deployed)
    done = deployed.run("python", "-m", "modelops", "rollback", "--stack", "dev").ok()
    assert f"default {bad} -> {first}" in done.out
    assert f"\n  pin: {first}\n" in done.out
    assert ours(deployed) == {"default": first, "set-by": "rollback", "number": "2", "abandoned": bad}

    before, outputs = deployed.mark(), deployed.outputs()
    for verb in ("preview", "up"):
        refused = deployed.pulumi(verb).failed()
        assert (
            f" abandoned {bad}, which the stack file still makes the default. Nothing was released; {first} still "
            "serves." in refused.flat
        )
        assert "Traceback" not in refused.text
    assert deployed.writes(before) == []
    assert live(deployed) == first
    # The other stack of a `requireReleasedIn` reads them.
    assert deployed.outputs() == outputs

    batches_of(deployed, 4)
    assert deployed.up().steps == ONE_STEP
    fix = deployed.default
    assert (fix in (first, bad), live(deployed)) == (False, fix)
    endpoint_writes = [each for each in deployed.journal(before) if _moves_the_default(each)]
    assert len(endpoint_writes) == 1
    assert ours(deployed) == {"default": fix, "set-by": "release", "number": "3"}
    before = deployed.mark()
    assert deployed.up("--expect-no-changes").steps == ()
    assert deployed.writes(before) == []


def _moves_the_default(entry: dict[str, Any]) -> bool:
    return entry["method"] == "PUT" and re.search(ENDPOINT, entry["path"].partition("?")[0]) is not None


@IN_BOTH_PROFILES
def test_the_printed_pin_keeps_the_stack_file_true(deployed: Rehearsal) -> None:
    first, bad = second(deployed)
    deployed.run("python", "-m", "modelops", "rollback", "--stack", "dev").ok()
    pin(deployed, first)
    before = deployed.mark()
    assert deployed.up().steps == ONE_STEP
    assert switches(deployed, before) == []
    assert deployed.up("--expect-no-changes").steps == ()
    pin(deployed, bad)
    assert deployed.up().steps == ONE_STEP
    assert live(deployed) == bad
    pin(deployed, "mlp-00000000")
    before = deployed.mark()
    refused = deployed.pulumi("preview").failed()
    assert (
        "the release of endpoint 'digits' is refused: pin is 'mlp-00000000', which does not exist. Allowed are:"
        in refused.flat
    )
    assert deployed.writes(before) == []


@IN_BOTH_PROFILES
def test_a_pin_needs_none_of_the_stacks_files(deployed: Rehearsal) -> None:
    first, now = second(deployed)
    gone = deployed.folder / "examples" / "digits" / "code"
    gone.rename(gone.with_name("elsewhere"))
    pin(deployed, first)
    preview = deployed.pulumi("preview").ok()
    assert "once pin is removed, these are made and tried out: mlp (its content cannot be read)" in preview.flat
    before = deployed.mark()
    assert deployed.up().steps == ONE_STEP
    assert (live(deployed), len(switches(deployed, before))) == (first, 1)
    assert deployed.up("--expect-no-changes").steps == ()
    gone.with_name("elsewhere").rename(gone)
    unpin(deployed)
    assert deployed.up().steps == ONE_STEP
    assert live(deployed) == now


@IN_BOTH_PROFILES
def test_beside_a_pin_nothing_is_made_until_it_is_removed(deployed: Rehearsal) -> None:
    """What the stack file has then may be a candidate that fails each time."""
    first, _ = second(deployed)
    deployed.restore_try_outs()
    batches_of(deployed, 4)
    pin(deployed, first)
    waits = r"once pin is removed, these are made and tried out: (mlp-[0-9a-f]{8})"
    (candidate,) = re.findall(waits, deployed.pulumi("preview").ok().flat)
    before = deployed.mark()
    done = deployed.up()
    assert done.steps == ONE_STEP
    assert re.findall(waits, done.flat) == [candidate]
    assert len(switches(deployed, before)) == 1
    before = deployed.mark()
    assert deployed.up("--expect-no-changes").steps == ()
    deployed.run("python", "-m", "modelops", "release", "--stack", "dev").ok()
    deployed.run("python", "-m", "modelops", "status", "--stack", "dev", "--check").ok()
    assert deployed.writes(before) == []
    assert candidate not in deployed.of_kind("batchEndpoints/deployments")
    unpin(deployed)
    done = deployed.up()
    assert done.steps == ONE_STEP
    assert f"created {candidate}; tried {candidate} (20 rows, " in done.flat
    assert live(deployed) == candidate
