"""The lock between runs of make."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from toolchain.lock import held
from toolchain.places import REPOSITORY

HOLDER = """
import pathlib, sys
from toolchain.lock import held
with held(pathlib.Path(sys.argv[1]), "building"):
    print("held", flush=True)
    sys.stdin.read()
"""


def holder(file: Path) -> subprocess.Popen[str]:
    """Start a process that holds the lock until its stdin closes or it dies."""
    return subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(file)],
        cwd=REPOSITORY,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_makes_the_file_and_takes_it_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "cache" / "lock"
    for _ in range(2):
        with held(file, "building"):
            assert file.read_bytes() == b""
    assert capsys.readouterr().out == ""


def test_waits_and_says_for_what(tmp_path: Path) -> None:
    file = tmp_path / "lock"
    with holder(file) as first:
        assert first.stdout is not None
        assert first.stdin is not None
        assert first.stdout.readline() == "held\n"
        with holder(file) as second:
            assert second.stdout is not None
            assert second.stdout.readline() == "waiting for another run of make, which is building\n"
            first.stdin.close()
            assert second.stdout.readline() == "held\n"


def test_dies_with_its_process(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "lock"
    with holder(file) as first:
        assert first.stdout is not None
        assert first.stdout.readline() == "held\n"
        os.kill(first.pid, signal.SIGKILL)
        first.wait()
        with held(file, "building"):
            pass
    assert capsys.readouterr().out == ""
