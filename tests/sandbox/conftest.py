"""What the sandbox's tests share."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sandbox.learning import Learning


@pytest.fixture
def learning(tmp_path: Path) -> Iterator[Learning]:
    """The machine learning service behind a router, empty but for what a workspace depends on."""
    made = Learning(tmp_path)
    yield made
    made.store.close()


@pytest.fixture
def quick_provider(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the stand-in provider's waits away, and the login and proxy that this machine may have."""
    monkeypatch.setenv("SANDBOX_PROVIDER_TIME_SCALE", "0")
    for name in [name for name in os.environ if name.startswith("ARM_") or name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
