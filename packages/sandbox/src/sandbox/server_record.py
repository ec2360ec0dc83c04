"""``server.json``: a running server's data for the commands; and ``ports.json``, which keeps the ports."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Self
from urllib.parse import quote

from sandbox.home import write_private

REHEARSAL = "/rehearsal"
"""Path of the control API where previews ask (``sandbox.azure.environments.preview``)."""

PAGE = "/page"
"""Path of the control API that gives an address of the page in the browser."""


@dataclass(frozen=True, slots=True)
class Options:
    """What a server is started with (``sandbox.commands.lifecycle.start``)."""

    profile: str = "harsh"
    latency: str = "none"
    time_scale: float = 1.0
    prerequisites: Path | None = None


@dataclass(frozen=True, slots=True)
class ServerRecord:
    """The server's ports, and its start options."""

    pid: int
    profile: str
    started: float
    """When it started, in Unix seconds."""

    proxy_port: int
    control_port: int
    control_token: str
    latency: str = "none"
    """Whose durations hold (``sandbox.azure.arm.latencies.PROFILES``)."""

    time_scale: float = 1.0
    """How many of Azure's seconds pass in one second here."""

    prerequisites: Path | None = None
    """The folder with an administrator's set-up (``sandbox.azure.authorization.bootstrap``)."""

    page_port: int = 0
    """Where the page in the browser is (``sandbox.page``)."""

    @property
    def options(self) -> Options:
        """The start options."""
        return Options(self.profile, self.latency, self.time_scale, self.prerequisites)

    @property
    def rehearsal_url(self) -> str:
        """Where a preview asks; it has the token in it."""
        return f"http://127.0.0.1:{self.control_port}{REHEARSAL}?token={quote(self.control_token)}"

    @classmethod
    def read(cls, file: Path) -> Self | None:
        """Return the record that ``write`` wrote; None if the file is missing or damaged."""
        try:
            data = json.loads(file.read_text(encoding="utf-8"))
            return cls(
                pid=int(data["pid"]),
                profile=str(data["profile"]),
                started=float(data["started"]),
                proxy_port=int(data["proxyPort"]),
                control_port=int(data["controlPort"]),
                control_token=str(data["controlToken"]),
                latency=str(data.get("latency", "none")),
                time_scale=float(data.get("timeScale", 1)),
                prerequisites=Path(data["prerequisites"]) if data.get("prerequisites") else None,
                page_port=int(data.get("pagePort", 0)),
            )
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None

    def write(self, file: Path) -> None:
        """Write it for the owner's eyes only: the token opens the control API."""
        data = {
            "pid": self.pid,
            "profile": self.profile,
            "started": self.started,
            "proxyPort": self.proxy_port,
            "controlPort": self.control_port,
            "controlToken": self.control_token,
            "latency": self.latency,
            "timeScale": self.time_scale,
            "prerequisites": str(self.prerequisites) if self.prerequisites else None,
            "pagePort": self.page_port,
        }
        write_private(file, json.dumps(data))
