"""Paths, the required version, and the records and progress lines of steps."""

import hashlib
import json
import os
import pwd
import sys
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parent.parent
VENV = REPOSITORY / ".venv"
PYTHON = VENV / "bin" / "python"
PACKAGES = [REPOSITORY / "packages" / name / "src" for name in ("sandbox", "pulumi-standins")]
"""Folders on `.venv`'s path: a requirements file with hashes cannot contain local folders."""

PLUGINS = VENV / "share" / "pulumi-plugins"
"""Where the emulator looks for the provider that Pulumi needs here, in the layout of the engine's plugins folder."""

STAMPS = VENV / "stamps"
"""One file per finished step, with a fingerprint of its inputs."""

PULUMI_VERSION = "3.276.0"
"""The CLI to install or build if there is none; toolchain/go.mod names it too."""

OLDEST_PULUMI = "3.259.0"
"""The oldest CLI that Pulumi.yaml allows, which `make test-long` runs; toolchain/oldest/go.mod names it too."""


class SetupError(Exception):
    """A step cannot continue; the text gives the reason, what is needed, and the next command."""


class UnavailableError(Exception):
    """One of several ways to get something does not work; the text says why."""


def home() -> Path:
    """Return the user's home folder, from the password database if HOME is unset or empty."""
    return Path(os.environ.get("HOME") or pwd.getpwuid(os.getuid()).pw_dir)


def cache() -> Path:
    """Return the per-user cache folder, which all checkouts share."""
    base = os.environ.get("XDG_CACHE_HOME") or home() / ".cache"
    return Path(base) / "azureml-batch-endpoint"


def fingerprint(*parts: Any) -> str:
    """Return a digest of plain values and of the contents of files (given as Path; a missing one counts as empty)."""
    digest = hashlib.sha256()
    for part in parts:
        if isinstance(part, Path):
            digest.update(part.read_bytes() if part.is_file() else b"")
        else:
            digest.update(json.dumps(part, sort_keys=True).encode())
        digest.update(b"\0")
    return digest.hexdigest()


def read_stamp(name: str) -> dict[str, str]:
    """Return the record of the step `name`; empty if it never finished."""
    try:
        content = json.loads((STAMPS / name).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def write_stamp(name: str, **content: str) -> None:
    """Record that the step `name` finished. The file is written atomically."""
    STAMPS.mkdir(parents=True, exist_ok=True)
    draft = STAMPS / f"{name}.{os.getpid()}"
    draft.write_text(json.dumps(content), encoding="utf-8")
    draft.replace(STAMPS / name)


def remove_stamp(name: str) -> None:
    """Record that the step `name` is running: if it is interrupted, it starts again."""
    (STAMPS / name).unlink(missing_ok=True)


def say(text: str) -> None:
    """Print one line of progress at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
