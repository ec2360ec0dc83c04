"""The digits example, loaded as the batch service loads it: from its files, not from a package."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

DIGITS = Path(__file__).parents[2] / "examples" / "digits"


def load(path: Path) -> ModuleType:
    """Import one file of the example under a separate name."""
    spec = importlib.util.spec_from_file_location(f"digits_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(name="digits")
def _digits() -> Path:
    """Return the example's folder."""
    return DIGITS


@pytest.fixture(name="score")
def _score() -> ModuleType:
    """Return a fresh import of the scoring script."""
    return load(DIGITS / "code" / "score.py")


@pytest.fixture(name="scoring")
def _scoring(score: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Return the scoring script after `init()`, with the model where the service mounts it."""
    (tmp_path / "mounted").mkdir()
    (tmp_path / "mounted" / "model").symlink_to(DIGITS / "model", target_is_directory=True)
    monkeypatch.setenv("AZUREML_MODEL_DIR", str(tmp_path / "mounted"))
    score.init()
    return score


@pytest.fixture(name="grade", scope="module")
def _grade() -> ModuleType:
    """Return the grading script."""
    return load(DIGITS / "grade.py")


@pytest.fixture(name="train", scope="module")
def _train() -> ModuleType:
    """Return the training script."""
    return load(DIGITS / "train.py")
