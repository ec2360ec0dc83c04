"""What the sandbox's tests share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from learning import Learning
from sandbox.testing import Sandbox
from sdk_client import Client, connected


@pytest.fixture
def learning(tmp_path: Path) -> Iterator[Learning]:
    """The machine learning service behind a router, empty but for what a workspace depends on."""
    made = Learning(tmp_path)
    yield made
    made.store.close()


@pytest.fixture
def client(in_sandbox: Sandbox, tmp_path: Path) -> Iterator[Client]:
    """azure-ai-ml as the client of the workspace ``mlsdk``, which has the cluster ``aml-cluster``."""
    with connected(in_sandbox, tmp_path) as made:
        yield made
