"""What the tests of the stand-ins share."""

import os

import pytest


@pytest.fixture
def quick_provider(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the stand-in provider's waits away, and the login and proxy that this machine may have."""
    monkeypatch.setenv("SANDBOX_PROVIDER_TIME_SCALE", "0")
    for name in [name for name in os.environ if name.startswith("ARM_") or name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
