"""Releases of one machine that share a model wait for each other, and do without that where they cannot."""

from pathlib import Path

import pytest

from modelops.plan.plan import LocalModel, ReleasePlan
from modelops.release import register
from modelops.release.context import Context
from modelops.workspace import Workspace
from tests.unit.plans import plan_json

PLAN = ReleasePlan.from_inputs(plan_json())
MODEL = LocalModel("model", "digits-mlp", "custom_model", "0" * 64)


class Waited(Exception):  # noqa: N818
    """The release waits for another one."""


def _context(said: list[str]) -> Context:
    def wait(_seconds: float) -> None:
        raise Waited

    workspace = Workspace("sub", "rg", "ws")
    return Context(workspace, Path(), lambda step, text, **_more: said.append(f"{step}: {text}"), wait)


def test_one_waits_for_the_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    said: list[str] = []
    with (
        register._lock_on_this_machine(_context(said), PLAN, MODEL),
        pytest.raises(Waited),
        register._lock_on_this_machine(_context(said), PLAN, MODEL),
    ):
        pytest.fail("both have the lock")
    with register._lock_on_this_machine(_context(said), PLAN, MODEL):
        assert said == []


def test_without_a_folder_for_the_lock_nobody_waits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It saves an upload and no more: two releases that register the same bytes find each other in Azure."""
    (tmp_path / "cache").write_text("", encoding="utf-8")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    said: list[str] = []
    with (
        register._lock_on_this_machine(_context(said), PLAN, MODEL),
        register._lock_on_this_machine(_context(said), PLAN, MODEL),
    ):
        assert said == 2 * [
            (
                f"register models: not waiting for other releases of model digits-mlp on this machine: {tmp_path}"
                "/cache/azureml-batch-endpoint/locks cannot be written (Not a directory)"
            )
        ]


def test_nor_without_a_home(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(Path, "home", nobody)
    said: list[str] = []
    with register._lock_on_this_machine(_context(said), PLAN, MODEL):
        assert said == [
            (
                "register models: not waiting for other releases of model digits-mlp on this machine: "
                "Could not determine home directory."
            )
        ]


def test_a_failure_inside_is_not_taken_for_one_of_the_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(OSError, match=r"^disk full$"), register._lock_on_this_machine(_context([]), PLAN, MODEL):
        raise OSError("disk full")
