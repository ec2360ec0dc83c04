"""Three endpoints with two deployments each, from one configuration: each is released by itself."""

import copy
import re
from typing import Any

from tests.e2e.commands import Done
from tests.e2e.rehearsal import MARKER, Rehearsal

NAMES = ("digits", "letters", "signs")


def _six(config: dict[str, Any]) -> None:
    one = config["endpoints"]["digits"]
    second = copy.deepcopy(one["deployments"]["mlp"])
    second["miniBatchSize"] = 5
    one["deployments"]["small"] = second
    config["endpoints"] = {name: copy.deepcopy(one) for name in NAMES}
    config["endpoints"]["signs"]["default"] = "small"


def _served(rehearsal: Rehearsal) -> dict[str, str]:
    """Logical name of the deployment that each endpoint's default is a revision of."""
    endpoints = rehearsal.outputs()["endpoints"]
    return {name: each["default"].rpartition("-")[0] for name, each in endpoints.items() if each.get("default")}


def _recorded(rehearsal: Rehearsal) -> set[str]:
    """The endpoints whose release is in the state."""
    names = [each["urn"].rpartition("::")[2] for each in rehearsal.state()["resources"] if each["type"] == MARKER]
    return {each.removesuffix("-marker") for each in names}


def _begun(done: Done) -> set[str]:
    """The endpoints whose release the engine began."""
    return {step.name.removesuffix("-marker") for step in done.steps if step.type == MARKER}


def test_one_that_fails_does_not_undo_the_others(fresh: Rehearsal) -> None:
    fresh.configure(_six)
    fresh.start_server()
    refused = {"status": 400, "code": "BadRequest", "message": "refused by the test"}

    # One step at a time, and as the engine is unless told otherwise: after the first failure it begins nothing more.
    # An endpoint's revisions are sent at the same time, so all of them are refused.
    fresh.fault("status", "PUT", r"/batchEndpoints/[^/]+/deployments/[^/]+$", times=-1, **refused)
    failed = fresh.pulumi("up", "--parallel", "1").failed()
    (first,) = _begun(failed)
    assert set(re.findall(r"the release of endpoint '(\w+)' failed", failed.flat)) == {first}
    assert "refused by the test" in failed.flat
    assert (_recorded(fresh), fresh.of_kind("batchEndpoints/deployments")) == (set(), [])
    fresh.mend()

    # Told to go on, it releases the others.
    fresh.fault("status", "PUT", r"/batchEndpoints/letters[^/]*/deployments/[^/]+$", times=-1, **refused)
    failed = fresh.pulumi("up", "--continue-on-error").failed()
    assert "refused by the test" in failed.flat
    assert _begun(failed) == set(NAMES)
    assert _recorded(fresh) == {"digits", "signs"}

    # Only what failed is left to do.
    fresh.mend()
    before = fresh.mark()
    assert [(step.op, step.name) for step in fresh.up().steps] == [("create", "letters-marker")]
    assert not any("/batchEndpoints/digits" in each or "/batchEndpoints/signs" in each for each in fresh.writes(before))
    assert _served(fresh) == {"digits": "mlp", "letters": "mlp", "signs": "small"}
    assert len(fresh.of_kind("batchEndpoints/deployments")) == 6
    assert fresh.of_kind("models/versions") == ["1"]
    fresh.up("--expect-no-changes")

    # A change of one endpoint releases that one.
    fresh.configure(lambda config: config["endpoints"]["letters"].update(default="small"))
    assert [step.name for step in fresh.up().steps] == ["letters-marker"]
    assert _served(fresh) == {"digits": "mlp", "letters": "small", "signs": "small"}

    # One taken out of the configuration goes, and the others stay as they are.
    fresh.configure(lambda config: config["endpoints"].pop("digits"))
    assert {step.op for step in fresh.up().steps} == {"delete"}
    assert sorted(_served(fresh)) == ["letters", "signs"]
