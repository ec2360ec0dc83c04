"""Tags of a deployment are changed by PATCH, all of them at once, and awaited if the service takes its time."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from modelops.errors import ReleaseError, Stopped
from modelops.release import records
from modelops.release.context import TRY, Context
from modelops.release.turns import turn
from modelops.workspace import Workspace

PATH = "batchEndpoints/digits/deployments/mlp-1"


class Service(Workspace):
    """A workspace with one deployment, whose tags change after some reads; it answers 202 if that is not none."""

    def __init__(self, reads: int) -> None:
        super().__init__("sub", "rg", "ws")
        self.tags: dict[str, str] | None = {"team": "ml"}
        self.sent: list[Any] = []
        self._left = reads

    def get(self, path: str, api_version: str) -> Any:
        """Return the deployment."""
        assert (path, api_version) == (PATH, "2024-01-01-preview")
        if self.tags is None:
            error = LookupError()
            error.status_code = 404  # type: ignore[attr-defined]
            raise error
        if self.sent and self._left:
            self._left -= 1
            self.tags = self.sent[-1]["tags"] if not self._left else self.tags
        return {"name": "mlp-1", "tags": self.tags, "properties": {"provisioningState": "Succeeded"}}

    def patch(self, path: str, api_version: str, body: Any) -> Any | None:
        """Keep the body."""
        assert (path, api_version) == (PATH, "2024-01-01-preview")
        self.sent.append(body)
        return None if self._left else {"tags": body["tags"]}


def written(service: Service) -> tuple[list[str], list[float]]:
    """Write a record, and return what was said and waited."""
    said: list[str] = []
    waited: list[float] = []

    def progress(step: str, text: str, **_more: object) -> None:
        assert step == TRY
        said.append(text)

    records.write(Context(service, Path(), progress, waited.append), "digits", "mlp-1", records.TRY_OUT, "passed j d")
    return said, waited


def test_the_other_tags_are_sent_along() -> None:
    service = Service(0)
    assert written(service) == ([], [])
    assert service.sent == [{"tags": {"team": "ml", "modelops-try-out": "passed j d"}}]


def test_the_end_is_awaited() -> None:
    said, waited = written(Service(2))
    assert said == [
        "waiting for a tag of deployment mlp-1 (0 s)",
        "waiting for a tag of deployment mlp-1 (2 s)",
    ]
    assert waited == [2.0, 2.0]


def test_a_tag_that_never_comes_is_an_error() -> None:
    with pytest.raises(ReleaseError) as raised:
        written(Service(1000))
    text = "deployment mlp-1 has no tag modelops-try-out 300 s after the service took it."
    assert str(raised.value) == text


def test_a_deployment_that_is_gone_is_an_error() -> None:
    service = Service(0)
    service.tags = None
    with pytest.raises(ReleaseError) as raised:
        written(service)
    assert str(raised.value) == "deployment mlp-1 of digits was deleted while it was released."


class Late(Service):
    """A workspace that takes tags on, and puts them in place at the first read after that."""

    def __init__(self) -> None:
        super().__init__(0)
        self._next: dict[str, str] | None = None

    def get(self, path: str, api_version: str) -> Any:
        """Put the last tags in place."""
        self.tags, self._next = self._next or self.tags, None
        return super().get(path, api_version)

    def patch(self, path: str, api_version: str, body: Any) -> None:
        """Take the tags on."""
        super().patch(path, api_version, body)
        self._next = body["tags"]


def test_two_that_write_at_once_take_turns() -> None:
    """Each sends all tags, so one that read before the other wrote would undo that."""
    service, second_waits, said = Late(), threading.Event(), list[str]()

    def first_waits(seconds: float) -> None:
        assert seconds == 2.0
        assert second_waits.wait(60)

    def wait(seconds: float) -> None:
        if seconds == 0:  # for its turn
            second_waits.set()

    def progress(_step: str, text: str, **_more: object) -> None:
        said.append(text)
        if len(said) == 1:
            second.start()

    def write(tag: str, value: str, waits: Callable[[float], None]) -> None:
        records.write(Context(service, Path(), progress, waits), "digits", "mlp-1", tag, value)

    second = threading.Thread(target=write, args=(records.SAMPLE, "job-2 d", wait))
    write(records.TRY_OUT, "passed j d", first_waits)
    second.join(60)
    assert service.sent == [
        {"tags": {"team": "ml", "modelops-try-out": "passed j d"}},
        {"tags": {"team": "ml", "modelops-try-out": "passed j d", "modelops-sample": "job-2 d"}},
    ]


def test_one_that_waits_for_its_turn_can_be_stopped() -> None:
    def stopped(_seconds: float) -> None:
        raise Stopped

    with turn(f"{Service(0).id}/digits/mlp-1".lower(), stopped), pytest.raises(Stopped):
        records.write(Context(Service(0), Path(), lambda *_a, **_k: None, stopped), "digits", "mlp-1", "tag", "value")
