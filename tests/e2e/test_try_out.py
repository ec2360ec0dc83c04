"""Nobody is sent to a revision that did not score its try-out: whole deployments, with the journal as the witness.

What each fault is told by: tests/modelops/test_release_try_out.py.
"""

import re
from typing import Any

import pytest

from tests.e2e.hosts import BOTH_HOSTS_IN_LONG
from tests.e2e.profiles import HARSH, IN_BOTH_PROFILES
from tests.e2e.rehearsal import Rehearsal

SCRIPT = "examples/digits/code/score.py"
RUN = "    started = time.perf_counter()\n"
FEWER = "    mini_batch = mini_batch[1:]\n"


def edit(rehearsal: Rehearsal, old: str, new: str) -> None:
    """Replace a text of the scoring script, which has it once."""
    file = rehearsal.folder / SCRIPT
    before, after = file.read_text(encoding="utf-8").split(old)
    file.write_text(f"{before}{new}{after}", encoding="utf-8")


def ask(rehearsal: Rehearsal, **keys: Any) -> None:
    """Change the dev stack's try-out."""
    rehearsal.configure(lambda config: config["endpoints"]["digits"]["tryOut"].update(keys))


def default(rehearsal: Rehearsal) -> str | None:
    """Return the default that Azure has."""
    (endpoint,) = [each for each in rehearsal.resources() if each.rsplit("/", 2)[1] == "batchEndpoints"]
    found = rehearsal.arm("GET", endpoint, "2025-12-01")["properties"].get("defaults") or {}
    return found.get("deploymentName")


def witnessed(rehearsal: Rehearsal, before: int) -> tuple[int, int]:
    """Return how many jobs were started since then, and how often the endpoint's body was set."""
    writes = rehearsal.writes(before)
    started = [each for each in writes if re.search(r"^POST \S*/jobs$", each)]
    return len(started), len([each for each in writes if re.search(r"^PUT .*/batchEndpoints/[^/]+$", each)])


@BOTH_HOSTS_IN_LONG
@IN_BOTH_PROFILES
def test_a_first_release_of_a_script_without_run_leaves_no_default(fresh: Rehearsal) -> None:
    fresh.restore_try_outs()
    script = fresh.folder / SCRIPT
    good = script.read_text(encoding="utf-8")
    script.write_text(f"{good}\n\ndel run\n", encoding="utf-8")  # what no look at the file can tell
    failed = fresh.pulumi("up").failed()
    assert "failed: digits: mlp-" in failed.flat
    assert " failed its try-out; the endpoint has no default " in failed.flat
    assert "has no function run()" in failed.flat
    assert default(fresh) is None
    logs = re.search(r"Logs: \S+ -m sandbox run -- (python -m modelops jobs logs \S+ --stack \S+)", failed.flat)
    assert logs is not None
    assert "has no function run()" in fresh.run(*logs[1].split()).ok().out

    # The next attempt tries the failed candidate again; a corrected one takes its place.
    before = fresh.mark()
    fresh.pulumi("up").failed()
    assert witnessed(fresh, before) == (1, 0)
    script.write_text(good, encoding="utf-8")
    fresh.up()
    assert default(fresh) == fresh.default
    assert fresh.of_kind("batchEndpoints/deployments") == [fresh.default]


@BOTH_HOSTS_IN_LONG
@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('    raise ValueError("broken on purpose")\n', "score.py:55 in run: ValueError: broken on purpose"),
        (FEWER, "2 of 20 files have no result: 2 mini-batches returned fewer results"),
        ("    time.sleep(600)\n", "because it was running for more than 1 min (tryOut.runMinutes)."),
    ],
    ids=["raises", "too few", "hangs"],
)
@IN_BOTH_PROFILES
def test_a_candidate_that_fails_leaves_the_old_default(
    deployed: Rehearsal, profile: str, line: str, reason: str
) -> None:
    if profile != HARSH and line == FEWER:
        # Each mini-batch is tried again, and given up.
        reason = "ended in state Failed: NoResultToAppendError"
    old = deployed.default
    deployed.restore_try_outs()
    ask(deployed, runMinutes=1)
    edit(deployed, RUN, RUN + line)
    preview = deployed.pulumi("preview").ok()
    most = f"on examples/digits/data/try-out, at most 61 min, and as long for {old}, to compare with it"
    assert most in preview.flat

    before = deployed.mark()
    failed = deployed.pulumi("up").failed()
    assert reason in failed.flat
    assert f" failed its try-out; {old} still serves " in failed.flat
    assert witnessed(deployed, before) == (2, 0)  # what serves scores the input, too, beside the candidate
    assert default(deployed) == old

    edit(deployed, RUN + line, RUN + "    # corrected\n")
    before = deployed.mark()
    deployed.up()
    assert witnessed(deployed, before) == (1, 1)  # what serves is not asked again
    assert default(deployed) == deployed.default != old
    deployed.up("--expect-no-changes")
