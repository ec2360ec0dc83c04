"""Many releases in one `up` do not wait for each other forever, with or without parallelism.

A hook that waited on a thread of the program's own pool hung forever with 40 markers, and with 8 under --parallel 1.
"""

import copy
from typing import Any

import pytest

from tests.e2e.hosts import BOTH_HOSTS_IN_LONG
from tests.e2e.rehearsal import MARKER, Rehearsal


@BOTH_HOSTS_IN_LONG
@pytest.mark.parametrize(
    ("count", "arguments"),
    [pytest.param(40, (), marks=pytest.mark.long(part="series")), (8, ("--parallel", "1"))],
    ids=["40", "8 one by one"],
)
def test_many_endpoints_are_released(fresh: Rehearsal, count: int, arguments: tuple[str, ...]) -> None:
    names = [f"digits-{number:02d}" for number in range(count)]
    names = [f"{name}x" for name in names]

    def multiply(config: dict[str, Any]) -> None:
        digits = config["endpoints"].pop("digits")
        config["endpoints"] = {name: copy.deepcopy(digits) for name in names}

    fresh.configure(multiply)
    done = fresh.up(*arguments)
    assert sorted(step.name for step in done.steps if step.type == MARKER) == [f"{name}-marker" for name in names]
    endpoints = fresh.outputs()["endpoints"]
    assert sorted(endpoints) == names
    assert len({endpoint["name"] for endpoint in endpoints.values()}) == count
    revisions = fresh.of_kind("batchEndpoints/deployments")
    assert sorted(revisions) == sorted(endpoint["default"] for endpoint in endpoints.values())
    fresh.up("--expect-no-changes", *arguments)
