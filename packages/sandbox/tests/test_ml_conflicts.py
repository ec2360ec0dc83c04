"""Changes of an endpoint while an operation on it is in progress, in both readings; unconfirmed for batch endpoints."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from clocks import Clock
from learning import Learning, deployment_body, endpoint_body
from made_world import close
from sandbox.azure.arm.errors import ArmError
from sandbox.azure.arm.latencies import Latencies
from sandbox.azure.readings import PROFILES

EP = "/batchEndpoints/digits-ep"
BLUE, GREEN = f"{EP}/deployments/blue", f"{EP}/deployments/green"
CREATE = "create Microsoft.MachineLearningServices/workspaces/batchEndpoints/deployments"

CHANGES: list[tuple[str, str, Any]] = [
    ("PUT", GREEN, deployment_body()),
    ("PUT", BLUE, deployment_body()),
    ("PATCH", BLUE, {"properties": {"description": "d"}}),
    ("DELETE", BLUE, None),
    ("PUT", EP, endpoint_body()),
    ("PATCH", EP, {"tags": {"a": "b"}}),
    ("DELETE", EP, None),
]


@pytest.fixture
def busy(tmp_path: Path, clock: Clock, request: pytest.FixtureRequest) -> Iterator[Learning]:
    """An endpoint where the creation of `blue` takes 60 s more, under the profile that the test names."""
    learning = Learning(tmp_path, PROFILES[request.param], Latencies({CREATE: 120.0}, 2))
    learning.make_workspace()
    learning.make_cluster()
    learning.make_assets()
    learning.make_endpoint()
    assert learning.call("PUT", BLUE, deployment_body()).status == 201
    assert clock.now
    yield learning
    close(learning.world)


@pytest.mark.parametrize("busy", ["harsh"], indirect=True)
@pytest.mark.parametrize(("method", "path", "body"), CHANGES, ids=[f"{each[0]} {each[1]}" for each in CHANGES])
def test_any_other_change_is_refused_until_the_operation_ends(
    busy: Learning, clock: Clock, method: str, path: str, body: Any
) -> None:
    for wait, left in ((0, "1000"), (59.75, "250")):
        clock.now += wait
        with pytest.raises(ArmError) as refused:
            busy.call(method, path, body)
        assert (refused.value.status, refused.value.code, refused.value.message) == (
            409,
            "AnotherOperationInProgress",
            (
                "Another operation is in progress on the endpoint 'digits-ep': 'blue' is in Updating provisioning"
                " state. Try again when it has ended."
            ),
        )
        assert refused.value.headers == {"retry-after-ms": left}
    clock.now += 0.25
    assert busy.call(method, path, body).status in (200, 201, 202)


@pytest.mark.parametrize("busy", ["lenient"], indirect=True)
@pytest.mark.parametrize(("method", "path", "body"), CHANGES, ids=[f"{each[0]} {each[1]}" for each in CHANGES])
def test_in_the_other_reading_they_are_made(busy: Learning, method: str, path: str, body: Any) -> None:
    assert busy.call(method, path, body).status in (200, 201, 202)


@pytest.mark.parametrize("busy", ["harsh"], indirect=True)
def test_another_endpoint_is_not_concerned(busy: Learning) -> None:
    busy.make_endpoint("other-ep")
    assert busy.call("PUT", "/batchEndpoints/other-ep/deployments/blue", deployment_body()).status == 201


def test_a_client_that_only_tries_again_gets_through(learning: Learning) -> None:
    learning.make_all()
    assert learning.call("PUT", GREEN, deployment_body()).status == 201
    tags = {"tags": {"a": "b"}}
    assert [learning.refused("PATCH", EP, tags)[0], learning.refused("PATCH", EP, tags)[0]] == [409, 409]
    assert learning.call("PATCH", EP, tags).status == 200
