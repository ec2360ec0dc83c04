"""What all levels of tests share."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sandbox.handle import Sandbox, started

os.environ.setdefault("TQDM_DISABLE", "1")
# Read by azure-ai-ml when it is first imported, by whichever test: jobs.stream waits one second between reads.
os.environ.setdefault("AZUREML_RUN_POLLING_INTERVAL_MIN", "1")
os.environ.setdefault("AZUREML_RUN_POLLING_INTERVAL_MAX", "1")


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """A sandbox that all tests of this run share: they must not rely on what others left, nor leave faults behind."""
    with started(tmp_path_factory.mktemp("sandbox")) as handle:
        yield handle


@pytest.fixture
def own_sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    """A sandbox for one test alone: to stop, kill, reset or fill it."""
    with started(tmp_path / "sandbox") as handle:
        yield handle


@pytest.fixture
def in_sandbox(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Sandbox:
    """Put this process into the shared sandbox's environment, so that Azure SDKs in the test talk to it."""
    sandbox.enter(monkeypatch)
    return sandbox


@pytest.fixture
def faults(sandbox: Sandbox) -> Iterator[Sandbox]:
    """The shared sandbox, with every fault that the test plants removed at its end."""
    yield sandbox
    sandbox.control.clear_faults()
