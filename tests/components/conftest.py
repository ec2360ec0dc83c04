"""One event loop for each module, closed at its end: Pulumi's mocks would leave theirs open."""

import asyncio
from collections.abc import Iterator

import pulumi
import pytest

from components.preflight import live_default
from tests.components.recorder import NamedHook


@pytest.fixture(autouse=True, scope="module")
def event_loop() -> Iterator[None]:
    """Install a loop for Pulumi's runtime, which takes the current one."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    yield
    loop.close()
    asyncio.set_event_loop(None)


@pytest.fixture(autouse=True)
def live(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no endpoint exist yet: there is no Azure to ask."""
    monkeypatch.setattr(live_default, "_read", lambda _endpoint, _token: live_default.Live(None, {}))


@pytest.fixture(autouse=True)
def hooks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let components declare hooks."""
    monkeypatch.setattr(pulumi, "ResourceHook", NamedHook)
