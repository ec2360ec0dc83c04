"""The time that the sandbox reads, for tests that move it."""

import pytest


class Clock:
    """The time that the sandbox reads."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1_700_000_000.0
        monkeypatch.setattr("time.time", lambda: self.now)
