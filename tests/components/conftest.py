"""Event loops that are closed at a module's end: Pulumi's mocks would leave theirs open."""

import asyncio
from collections.abc import Iterator

import pulumi
import pytest

from components.preflight import live_default
from tests.components.recorder import NamedHook


@pytest.fixture(autouse=True, scope="module")
def event_loop() -> Iterator[None]:
    """Install a loop for Pulumi's runtime, which takes the current one and makes more in its threads."""
    loops: list[asyncio.AbstractEventLoop] = []
    make = asyncio.new_event_loop

    def made() -> asyncio.AbstractEventLoop:
        loops.append(make())
        return loops[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(asyncio, "new_event_loop", made)
        asyncio.set_event_loop(asyncio.new_event_loop())
        yield
    for loop in loops:
        loop.close()
    asyncio.set_event_loop(None)


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no message name a proxy of this machine."""
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(autouse=True)
def live(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no endpoint exist yet: there is no Azure to ask."""
    monkeypatch.setattr(live_default, "_read", lambda _endpoint, _token: live_default.Live(None, {}))


@pytest.fixture(autouse=True)
def hooks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let components declare hooks."""
    monkeypatch.setattr(pulumi, "ResourceHook", NamedHook)
