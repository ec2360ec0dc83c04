"""The sandbox dies at ten moments of what `make up` does; the same again converges, and what was lost is named.

Each moment is a request: the server is killed with SIGKILL before it looked at it, or after it had committed it and
before it answered. The latter is a lost answer: the resource exists and is in no state.
"""

import re
import shlex
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from tests.e2e.rehearsal import Done, Rehearsal

RUN = ".venv/bin/python"


@dataclass(frozen=True)
class Moment:
    """One request of the run, and on which side of it the server dies."""

    action: str
    method: str
    path: str
    skip: int = 0


MOMENTS = {
    "resource group asked for": Moment("kill-before", "GET", r"/resourceGroups/[^/]+$"),
    "storage account made": Moment("kill-after", "PUT", r"/storageAccounts/[^/]+$"),
    "key vault asked for": Moment("kill-before", "PUT", r"/vaults/[^/]+$"),
    "third role assigned": Moment("kill-after", "PUT", r"/roleAssignments/[^/]+$", skip=2),
    "workspace made": Moment("kill-after", "PUT", r"/workspaces/[^/]+$"),
    "cluster asked for": Moment("kill-before", "PUT", r"/computes/[^/]+$"),
    "endpoint made": Moment("kill-after", "PUT", r"/batchEndpoints/[^/]+$"),
    "model uploaded": Moment("kill-after", "PUT", r"\.blob\.core\.windows\.net/.*/model\.onnx$"),
    "deployment made": Moment("kill-after", "PUT", r"/batchEndpoints/[^/]+/deployments/[^/]+$"),
    "default switched": Moment("kill-after", "PUT", r"/batchEndpoints/[^/]+$", skip=1),
}


def _like_make_up(rehearsal: Rehearsal) -> Done:
    """Do what `make up` does once the tools are there; stop at the first failure."""
    score = ("--input", "examples/digits/data/images", "--download", "predictions")
    steps = (
        (RUN, "-m", "sandbox", "recover"),
        (RUN, "-m", "sandbox", "run", "--", "pulumi", "up", "--yes", "--skip-preview", "--non-interactive"),
        (RUN, "-m", "sandbox", "run", "--", "python", "-m", "modelops", "invoke", "--stack", "dev", *score),
        (RUN, "-m", "sandbox", "run", "--", "python", "examples/digits/grade.py", "predictions"),
    )
    done = Done((), 0, "", "")
    for step in steps:
        done = rehearsal.start(*step).wait()
        if done.code != 0:
            break
    return done


def _lost(rehearsal: Rehearsal) -> str:
    return rehearsal.python("-m", "sandbox", "status", "--lost").ok().out


def _do_what_is_printed(rehearsal: Rehearsal, lost: str) -> Counter[str]:
    """Run the commands that `status` prints: import what has a fixed name, delete what has a random one."""
    done: Counter[str] = Counter()
    kept = {match[1]: match[2] for match in re.finditer(r"^  (/\S+)\n    keep it: +(.*)$", lost, re.MULTILINE)}
    for match in re.finditer(r"^  (/\S+)\n(?:    keep it: .*\n)?    delete it: +(.*)$", lost, re.MULTILINE):
        command = kept.get(match[1], match[2])
        rehearsal.start(*[RUN if word == "python" else word for word in shlex.split(command)]).wait().ok()
        done["imported" if match[1] in kept else "deleted"] += 1
    return done


@pytest.mark.parametrize("moment", MOMENTS.values(), ids=MOMENTS.keys())
def test_a_killed_sandbox_and_the_same_command_again(
    fresh: Rehearsal, moment: Moment, record_property: Callable[[str, object], None]
) -> None:
    fresh.start_server()
    fresh.fault(moment.action, moment.method, moment.path, skip=moment.skip)
    died = _like_make_up(fresh)
    assert died.code != 0, died.text
    assert "Traceback (most recent call last)" not in died.text, died.text

    counts: Counter[str] = Counter()
    again = _like_make_up(fresh)
    if again.code != 0:
        # Something with a fixed name is there and in no state: azure-native's own text, and a command that mends it.
        assert "already existing resource" in again.text, again.text
        counts += _do_what_is_printed(fresh, _lost(fresh))
        again = _like_make_up(fresh)
    again.ok()
    assert again.out == "scored 360 of 360 images, each exactly once; 353 right (accuracy 98.1 %)\n"

    counts += _do_what_is_printed(fresh, _lost(fresh))
    assert _lost(fresh) == ""
    for kind, count in counts.items():
        record_property(kind, count)
    # Nothing twice, nothing missing, nothing to do.
    assert fresh.of_kind("models/versions") == ["1"]
    assert len(fresh.of_kind("batchEndpoints")) == 1
    assert len(fresh.of_kind("batchEndpoints/deployments")) == 1
    assert fresh.state().get("pending_operations", []) == []
    fresh.up("--expect-no-changes")
