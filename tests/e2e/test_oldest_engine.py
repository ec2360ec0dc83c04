"""The oldest engine that Pulumi.yaml allows runs a stack's whole life with the SDK that is pinned now."""

import pytest

from tests.e2e.commands import Step
from tests.e2e.hosts import OLDEST_ENGINE
from tests.e2e.rehearsal import MARKER, SCORED, Rehearsal
from toolchain.places import OLDEST_PULUMI


@pytest.mark.long(part="engines")
@pytest.mark.parametrize("language_host", [OLDEST_ENGINE], indirect=True)
def test_a_stacks_life_on_the_oldest_engine(fresh: Rehearsal) -> None:
    assert fresh.run("pulumi", "version").ok().out.strip().removeprefix("v") == OLDEST_PULUMI
    fresh.make("preview").ok()
    assert fresh.writes() == []
    assert SCORED in fresh.make("up").ok().out.splitlines()
    fresh.up("--expect-no-changes")
    assert "DIFFERS" not in fresh.make("drift").ok().out

    old = fresh.default
    fresh.change_one_byte_of_the_model()
    before = fresh.mark()
    preview = fresh.pulumi("preview").ok()
    assert f"default {old} -> " in preview.flat
    assert fresh.writes(before) == []
    assert fresh.up().steps == (Step("update", MARKER, "digits-marker"),)
    assert fresh.default != old
    assert sorted(fresh.of_kind("models/versions")) == ["1", "2"]

    fresh.make("down").ok()
    assert fresh.state().get("resources", []) == []
    assert not fresh.processes()
