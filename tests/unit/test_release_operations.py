"""Waits for another operation on the endpoint end after an hour, whatever the service says of its pauses."""

from pathlib import Path

import pytest
from azure.core.exceptions import HttpResponseError

from modelops.errors import ReleaseError
from modelops.release import operations
from modelops.release.context import CREATE, Context
from modelops.workspace import Workspaces


@pytest.mark.parametrize("passes", [1.0, 700.0])
def test_the_wait_ends_after_an_hour_of_the_clock(monkeypatch: pytest.MonkeyPatch, passes: float) -> None:
    """Requests and the service's answers take time, too."""
    clock = [0.0]
    waited: list[float] = []
    said: list[str] = []

    def do() -> None:
        clock[0] += passes
        error = HttpResponseError(message="Another operation is in progress.")
        error.status_code = 409
        raise ReleaseError("creating deployment a failed") from error

    def wait(seconds: float) -> None:
        waited.append(seconds)
        clock[0] += seconds

    monkeypatch.setattr(operations, "monotonic", lambda: clock[0])
    workspace = Workspaces().get("subscription", "group", "workspace")
    context = Context(workspace, Path(), lambda _step, text, **_more: said.append(text), wait)
    with pytest.raises(ReleaseError, match="creating deployment a failed"):
        operations.when_free(context, CREATE, "a", do)
    assert 3600 <= clock[0] < 3600 + passes + 5
    assert set(waited) == {5.0}
    assert said[0] == f"waiting for another operation on the endpoint ({passes:.0f} s)"
