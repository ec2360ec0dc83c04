"""What `keep` does on the real engine: which revisions a release deletes, when, and what the preview says of it."""

import copy
import re
from typing import Any

from tests.e2e.commands import Step
from tests.e2e.profiles import IN_BOTH_PROFILES
from tests.e2e.rehearsal import MARKER, Rehearsal

ONE_STEP = (Step("update", MARKER, "digits-marker"),)
SWITCH = re.compile(r"PUT \S*/batchEndpoints/[^/]+$")
DELETE = re.compile(r"DELETE \S*/batchEndpoints/[^/]+/deployments/[^/]+$")


def _two_deployments(config: dict[str, Any]) -> None:
    digits = config["endpoints"]["digits"]
    digits |= {"keep": 2, "tryOut": "none"}
    digits["deployments"]["side"] = copy.deepcopy(digits["deployments"]["mlp"])


def _another_revision(rehearsal: Rehearsal, number: int, *, leaves: bool = False) -> str:
    """Change the stack file, and return what the preview says."""

    def change(config: dict[str, Any]) -> None:
        deployments = config["endpoints"]["digits"]["deployments"]
        deployments["mlp"]["miniBatchSize"] = number
        if leaves:
            del deployments["side"]

    rehearsal.configure(change)
    return rehearsal.pulumi("preview").ok().flat


def _up(rehearsal: Rehearsal) -> tuple[str, list[str]]:
    """Release; return the new default and the deleted revisions, which were there until the switch was verified."""
    before = rehearsal.mark()
    assert rehearsal.up().steps == ONE_STEP
    sent = rehearsal.writes(before)
    deleted = [each for each in sent if DELETE.match(each)]
    last = next((at for at, each in reversed(list(enumerate(sent))) if SWITCH.match(each)), -1)
    assert all(sent.index(each) > last for each in deleted)
    return rehearsal.default, [each.rpartition("/")[2] for each in deleted]


@IN_BOTH_PROFILES
def test_a_release_deletes_what_is_beyond_keep(fresh: Rehearsal) -> None:
    fresh.configure(_two_deployments)
    fresh.up()
    first = fresh.default
    (side,) = set(fresh.of_kind("batchEndpoints/deployments")) - {first}
    fresh.pulumi("refresh").ok()  # from now on the endpoint's state names the first revision

    preview = _another_revision(fresh, 2, leaves=True)
    assert f"delete revision {side} deployment side is no longer in the stack file" in preview
    second, deleted = _up(fresh)
    assert deleted == [side]
    assert "delete revision" not in _another_revision(fresh, 3)
    third, deleted = _up(fresh)
    assert deleted == []

    assert f"delete revision {second} beyond keep: 2" in _another_revision(fresh, 4)
    fault = fresh.fault(
        "status", "DELETE", "/deployments/[^/]+$", times=-1, status=409, code="Conflict", message="locked"
    )
    warned = fresh.pulumi("up").ok()
    assert fresh.hits(fault) == 1
    assert "warning: the release is complete, but not everything that it no longer needs was deleted" in warned.flat
    assert f"deleting deployment {second} failed: Conflict: locked" in warned.flat
    fresh.mend()
    fourth = fresh.default
    assert sorted(fresh.of_kind("batchEndpoints/deployments")) == sorted([first, second, third, fourth])
    fresh.up("--expect-no-changes")
    fresh.run("python", "-m", "modelops", "release", "--stack", "dev").ok()
    assert sorted(fresh.of_kind("batchEndpoints/deployments")) == sorted([first, third, fourth])

    fresh.pulumi("refresh").ok()
    preview = _another_revision(fresh, 5)
    assert f"delete revision {first} beyond keep: 2" in preview
    assert f"delete revision {third} beyond keep: 2" in preview
    fifth, deleted = _up(fresh)
    assert deleted == [first, third]
    assert sorted(fresh.of_kind("batchEndpoints/deployments")) == sorted([fourth, fifth])
    fresh.up("--expect-no-changes")


@IN_BOTH_PROFILES
def test_models_that_no_deployment_uses_are_archived_if_the_stack_asks(deployed: Rehearsal) -> None:
    deployed.configure(lambda config: config["endpoints"]["digits"].update(keep=1))
    deployed.configure(lambda config: config.update(archiveModels=True))
    first = deployed.default
    deployed.change_one_byte_of_the_model()
    preview = deployed.pulumi("preview").ok().flat
    assert f"delete revision {first} beyond keep: 1" in preview
    assert "archive model digits-mlp:1" in preview

    _, deleted = _up(deployed)
    assert deleted == [first]
    assert _archived(deployed) == {"1": True, "2": False}
    deployed.up("--expect-no-changes")


def _archived(rehearsal: Rehearsal) -> dict[str, bool]:
    """Return which versions of the model are archived."""
    versions = [each for each in rehearsal.resources() if each.rsplit("/", 4)[1] == "models"]
    found = {each.rpartition("/")[2]: rehearsal.arm("GET", each, "2024-04-01") for each in versions}
    return {version: bool(each["properties"].get("isArchived")) for version, each in found.items()}
