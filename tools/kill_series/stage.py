"""Where a run takes place: a copy of the program with its own sandbox, either empty or with a deployed stack.

The rehearsal of the end-to-end tests, which drives the program like a user, is also the harness here.
"""

import re
import subprocess
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.e2e.commands import Done, Running
from tests.e2e.rehearsal import Rehearsal, check_out
from toolchain.places import VENV

EMPTY = "empty"
DEPLOYED = "deployed"
ML_API = "2025-12-01"


@dataclass
class Recorded(Running):
    """A command whose output is kept: no secret may be in it."""

    said: list[str] = field(default_factory=list)

    def wait(self, seconds: float = 240.0) -> Done:
        """Wait for its end, and keep what it printed."""
        done = super().wait(seconds)
        self.said.append(done.text)
        return done


class Stage(Rehearsal):
    """A rehearsal that keeps everything that its commands printed in ``said``."""

    def __init__(self, folder: Path, home: Path) -> None:
        super().__init__(folder, home)
        self.said: list[str] = []

    def start(self, *command: str, events: Path | None = None, extra: Mapping[str, str] | None = None) -> Recorded:
        """Start a command in the program's folder."""
        process = subprocess.Popen(
            command,
            cwd=self.folder,
            env={**self.environment, **(extra or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        return Recorded(command, process, events, said=self.said)

    @property
    def endpoints(self) -> list[str]:
        """The ids of the batch endpoints in the sandbox."""
        return [each for each in self.resources() if re.search(r"/batchEndpoints/[^/]+$", each, re.IGNORECASE)]

    @property
    def tries_out(self) -> bool:
        """Whether the stack file asks for a try-out."""
        text = (self.folder / "Pulumi.dev.yaml").read_text(encoding="utf-8")
        return "tryOut:" in text and "tryOut: none" not in text

    def properties(self, resource: str) -> dict[str, Any]:
        """Return the properties of a resource of machine learning."""
        return dict(self.arm("GET", resource, ML_API)["properties"])

    def live_default(self) -> str | None:
        """Return the default that Azure has for the only endpoint; None without an endpoint or a default."""
        found = self.endpoints
        return (self.properties(found[0]).get("defaults") or {}).get("deploymentName") if found else None


class Stages:
    """Makes stages for runs; what they are copied from is made once, on first use."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._made: dict[str, Stage] = {}
        self._lock = threading.Lock()

    def copy(self, base: str, place: Path) -> Stage:
        """Return a stage in a new folder, with its sandbox running: ``EMPTY``, or ``DEPLOYED`` with two releases."""
        with self._lock:
            if base not in self._made:
                self._made[base] = self._empty() if base == EMPTY else self._deployed()
        stage = self._made[base].copy_to(place)
        # Copies with the same ports and certificates would answer for each other.
        (stage.home / "ports.json").unlink(missing_ok=True)
        stage.start_server()
        return stage

    def _empty(self) -> Stage:
        self._home.mkdir(parents=True, exist_ok=True)
        check_out(self._home / "checkout", VENV)
        return Stage(self._home / "checkout", self._home / "unused")

    def _deployed(self) -> Stage:
        if EMPTY not in self._made:
            self._made[EMPTY] = self._empty()
        stage = self._made[EMPTY].copy_to(self._home / "base")
        try:
            stage.up()
            stage.change_one_byte_of_the_model()
            stage.up()
        finally:
            stage.stop()
        return stage
