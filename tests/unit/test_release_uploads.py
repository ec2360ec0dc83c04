"""Uploads take turns."""

import contextlib
import threading
from pathlib import Path
from typing import Any

import pytest

from modelops.errors import Stopped
from modelops.release import turns, uploads


def test_a_small_upload_waits_for_its_turn_and_can_be_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    taken = threading.BoundedSemaphore(1)
    taken.acquire()
    monkeypatch.setattr(uploads, "_small_turns", taken)
    monkeypatch.setattr(turns, "_LOOK_SECONDS", 0.01)
    monkeypatch.setattr(uploads, "container", contextlib.nullcontext)
    (tmp_path / "weights.bin").write_bytes(b"small")
    said: list[str] = []
    workspace: Any = None

    def pause(seconds: float) -> None:
        assert seconds == 0
        raise Stopped

    with pytest.raises(Stopped), uploads.uploaded(workspace, tmp_path, "sha256", said.append, pause):
        pass
    assert said == ["waiting for other uploads"]
