"""Asks git about a folder; it reads, and locks nothing."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path


def output(folder: Path, *words: str, seconds: float, environ: Mapping[str, str] = os.environ) -> str | None:
    """Return what a git command prints; None if it fails, or there is no git.

    Args:
        folder: where it runs.
        words: the command without `git`.
        seconds: the longest that it may take.
        environ: its environment variables.
    """
    try:
        # Without the optional lock, a `git commit` at the same time does not fail.
        done = subprocess.run(
            ["git", "-C", str(folder), *words],
            env={**environ, "GIT_OPTIONAL_LOCKS": "0"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            check=True,
            timeout=seconds,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout
