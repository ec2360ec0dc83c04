"""Which deployments jobs use that have not ended. What the service answers is played; tests/modelops has real jobs."""

from types import SimpleNamespace
from typing import Any, cast

import pytest
from azure.core.exceptions import HttpResponseError

from modelops.errors import ReleaseError
from modelops.scoring.jobs import in_use
from modelops.workspace import Workspace

ID = "/subscriptions/s/.../batchEndpoints/digits/deployments/{}/jobs/{}"


class Played:
    """A workspace with these jobs: name, deployment in its id (or none), state in the list, state when asked for."""

    def __init__(self, *jobs: tuple[str, str | None, str, str | None], description: str = "") -> None:
        self.asked: list[str] = []
        self._states = {name: now for name, _, _, now in jobs}
        self._description = description
        listed = [
            SimpleNamespace(name=name, id=ID.format(at, name) if at else f"/jobs/{name}", status=state)
            for name, at, state, _ in jobs
        ]
        self.name = "ws"
        self.ml = SimpleNamespace(batch_endpoints=SimpleNamespace(list_jobs=lambda _endpoint: listed))

    def get(self, path: str, _api: str) -> Any:
        """Answer a job."""
        name = path.rpartition("/")[2]
        self.asked.append(name)
        state = self._states[name]
        if state is None:
            error = HttpResponseError("gone")
            error.status_code = 404
            raise error
        return {"name": name, "properties": {"status": state, "description": self._description}}


def used(played: Played) -> set[str]:
    return in_use(cast("Workspace", played), "digits", ["a", "b"])


@pytest.mark.parametrize(
    ("listed", "now", "expected"),
    [
        ("Running", "Running", {"a"}),
        ("NotStarted", "Finalizing", {"a"}),
        ("Running", "Completed", set()),
        ("Running", None, set()),
        (None, "Queued", {"a"}),
    ],
)
def test_a_state_that_is_no_end_is_asked_for_again(listed: str, now: str | None, expected: set[str]) -> None:
    assert used(Played(("job-1", "a", listed, now))) == expected


@pytest.mark.parametrize("ended", ["Completed", "Failed", "Canceled", "NotResponding"])
def test_an_end_is_final(ended: str) -> None:
    played = Played(("job-1", "a", ended, "Running"))
    assert (used(played), played.asked) == (set(), [])


def test_only_what_matters_is_asked_for() -> None:
    played = Played(*[(f"job-{number}", at, "Running", "Running") for number, at in enumerate(["a", "a", "other"])])
    assert (used(played), played.asked) == ({"a"}, ["job-0"])


@pytest.mark.parametrize(
    ("description", "expected"),
    [
        ("Pipeline submission for endpoint: digits, deployment: b.", {"b"}),
        ("Pipeline submission for endpoint: digits, deployment: other.", set()),
        ("of May", {"a", "b"}),
    ],
)
def test_a_job_without_a_deployment_in_its_id(description: str, expected: set[str]) -> None:
    """The service's description says it; if the caller gave another one, the job may use any of them."""
    assert used(Played(("job-1", None, "Running", "Running"), description=description)) == expected


def test_a_list_that_cannot_be_read_is_an_error() -> None:
    def fails(_endpoint: str) -> list[Any]:
        raise HttpResponseError("no")

    played = Played()
    played.ml.batch_endpoints.list_jobs = fails
    with pytest.raises(ReleaseError, match="listing the jobs of endpoint digits failed: no"):
        used(played)
