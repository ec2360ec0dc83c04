"""What the sandbox's tests share."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sandbox.learning import Learning

# Read by azure-ai-ml when it is imported: jobs.stream waits one second between reads.
os.environ.setdefault("AZUREML_RUN_POLLING_INTERVAL_MIN", "1")
os.environ.setdefault("AZUREML_RUN_POLLING_INTERVAL_MAX", "1")


@pytest.fixture
def learning(tmp_path: Path) -> Iterator[Learning]:
    """The machine learning service behind a router, empty but for what a workspace depends on."""
    made = Learning(tmp_path)
    yield made
    made.store.close()
