"""Way 2: the official installer, which downloads the CLI and its language hosts from Pulumi's site."""

import os
import shutil
import subprocess
import tempfile
import threading
import urllib.request
from pathlib import Path

from toolchain.places import PULUMI_VERSION, UnavailableError, say
from toolchain.versions import version_of

SCRIPT = "https://get.pulumi.com/install.sh"
PROBE_SECONDS = 5.0
"""Time limit for the site's answer: a machine without internet should not wait for a network timeout."""


def install(
    root: Path, version: str = PULUMI_VERSION, *, script: str = SCRIPT, probe_seconds: float = PROBE_SECONDS
) -> None:
    """Install this version of the CLI as `root/bin/pulumi`, or raise UnavailableError with the reason; print nothing.

    `root` is complete or absent: the download goes to a folder beside it first.
    """
    content = _fetch(script, probe_seconds)
    if content is None:
        raise UnavailableError(f"{script} cannot be reached from here")
    say(f"pulumi: downloading the official CLI {version}")
    root.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="official-", dir=root.parent) as draft:
        installer = Path(draft, "install.sh")
        installer.write_bytes(content)
        target = Path(draft, "pulumi")
        options = ["--version", version, "--install-root", str(target), "--no-edit-path"]
        ran = subprocess.run(
            ["sh", str(installer), *options],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "PULUMI_SKIP_UPDATE_CHECK": "true"},
        )
        if ran.returncode:
            last = (ran.stderr.strip() or ran.stdout.strip()).splitlines()[-1:]
            raise UnavailableError(f"{script} failed: {' '.join(last) or f'exit code {ran.returncode}'}")
        found = version_of(target / "bin" / "pulumi")
        if found != version:
            raise UnavailableError(f"{script} installed version {found or 'unknown'}, not {version}")
        shutil.rmtree(root, ignore_errors=True)
        target.rename(root)
    say(f"pulumi: {root}/bin/pulumi (version {version}, official)")


def _fetch(address: str, seconds: float) -> bytes | None:
    """Return the content of `address`, or None if it does not arrive within `seconds` (including the name look-up)."""
    answers: list[bytes] = []

    def read() -> None:
        try:
            with urllib.request.urlopen(address, timeout=seconds) as answer:  # noqa: S310 -- a constant, or a test's
                answers.append(answer.read())
        except OSError:
            return  # no network, a refusal, a bad certificate: the caller reports that it cannot be reached

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    reader.join(seconds)
    return answers[0] if answers else None
