"""A real engine with our language host beside it, and small programs for it."""

import os
import signal
import subprocess
import textwrap
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from toolchain.places import VENV

PATIENCE = 60.0
"""Seconds after which a condition that never comes true fails the test."""


def until(condition: Callable[[], object], what: str, seconds: float = PATIENCE) -> None:
    """Wait for a condition; fail with `what` when it does not come true."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"{what}: not within {seconds} s"
        time.sleep(0.02)


def is_alive(pid: int) -> bool:
    """Say whether a process runs; one that has ended but was not waited for does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        ran = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False)
        return bool(ran.stdout.strip()) and not ran.stdout.startswith("Z")


class Project:
    """One Pulumi project in its own folder, with its own backend."""

    def __init__(self, folder: Path, engine: Path, home: Path) -> None:
        """Make the project in `folder`, for the CLI in the folder `engine`."""
        self.folder = folder
        self.pulumi = engine / "pulumi"
        (folder / "backend").mkdir(parents=True)
        self.environment = {
            "PATH": f"{engine}:{os.environ['PATH']}",
            "HOME": str(folder),
            "PULUMI_HOME": str(home),
            "PULUMI_BACKEND_URL": f"file://{folder}/backend",
            "PULUMI_CONFIG_PASSPHRASE": "x",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            "PULUMI_SKIP_UPDATE_CHECK": "true",
        }
        self.options(virtualenv=str(VENV))

    def options(self, **options: str) -> None:
        """Write Pulumi.yaml with these runtime options."""
        lines = "".join(f"    {key}: {value}\n" for key, value in options.items())
        (self.folder / "Pulumi.yaml").write_text(f"name: tiny\nruntime:\n  name: python\n  options:\n{lines}")

    def program(self, text: str) -> None:
        """Write the program."""
        (self.folder / "__main__.py").write_text(textwrap.dedent(text))

    def run(self, *arguments: str, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        """Run one command of the CLI; its output, both streams in one, is in `stdout`."""
        return subprocess.run(
            [str(self.pulumi), *arguments, "--non-interactive", "--color", "never"],
            cwd=self.folder,
            env={**self.environment, **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=PATIENCE,
        )

    def up(self) -> subprocess.CompletedProcess[str]:
        """Deploy."""
        return self.run("up", "--yes", "--skip-preview", "--stack", "dev")

    @contextmanager
    def running_up(self) -> Iterator[subprocess.Popen[str]]:
        """Deploy in the background; at the end of the block nothing of it is left."""
        command = [str(self.pulumi), "up", "--yes", "--skip-preview", "--stack", "dev", "--color", "never"]
        with subprocess.Popen(
            [*command, "--non-interactive"],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        ) as process:
            try:
                yield process
            finally:
                if process.poll() is None:
                    process.send_signal(signal.SIGKILL)

    def pids(self) -> tuple[int, int]:
        """Wait until the program wrote the file `pids`: (the program's process, the host's)."""
        file = self.folder / "pids"
        until(lambda: file.exists() and file.read_text().endswith("\n"), "the program to start")
        program, host = file.read_text().split()
        return int(program), int(host)
