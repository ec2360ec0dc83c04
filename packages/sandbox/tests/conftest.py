"""What the sandbox's tests share."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from clocks import Clock
from job_bench import JobBench
from learning import Learning
from sandbox.testing import Sandbox

if TYPE_CHECKING:
    from sdk_client import Client


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The time that the sandbox reads in this process: it stands still until a test moves it."""
    return Clock(monkeypatch)


@pytest.fixture
def learning(tmp_path: Path) -> Iterator[Learning]:
    """The machine learning service behind a router, empty but for what a workspace depends on."""
    made = Learning(tmp_path)
    yield made
    made.store.close()


@pytest.fixture
def ready(learning: Learning) -> Learning:
    """An endpoint whose default deployment is ``blue``; some files have another of this name."""
    learning.make_all()
    return learning


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[JobBench]:
    """A workspace in which jobs run, without a server; its environments are this one, without a package index."""
    made = JobBench(tmp_path / "home")
    yield made
    made.close()


@pytest.fixture
def client(in_sandbox: Sandbox, tmp_path: Path) -> Iterator["Client"]:
    """azure-ai-ml as the client of the workspace ``mlsdk``, which has the cluster ``aml-cluster``."""
    from sdk_client import connected  # noqa: PLC0415 - azure-ai-ml loads slowly, and few tests need it

    with connected(in_sandbox, tmp_path) as made:
        yield made
