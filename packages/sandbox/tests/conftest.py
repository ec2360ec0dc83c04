"""What the sandbox's tests share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from learning import Learning


@pytest.fixture
def learning(tmp_path: Path) -> Iterator[Learning]:
    """The machine learning service behind a router, empty but for what a workspace depends on."""
    made = Learning(tmp_path)
    yield made
    made.store.close()
