"""The master's side of a worker process: start it, send it mini-batches, end it with all its children."""

import asyncio
import contextlib
import json
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sandbox.azure.jobs.batches import Attempt, MiniBatch
from sandbox.azure.jobs.kept import Kept

DRIVER = Path(__file__).parent / "driver" / "amlbi_main.py"
_LINE_LIMIT = 1 << 20
_STOP_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Place:
    """Which process this is: ``node`` counts from 0, ``name`` is ``process000`` and so on, per node."""

    node: int
    name: str


class InitFailed(Exception):  # noqa: N818 - an event
    """``init()`` raised, or ended the process; the mini-batch was not tried."""


class ScriptBroken(Exception):  # noqa: N818 - an event
    """The scoring script could not be imported."""


class Worker:
    """One worker process.

    It ends with everything it started when this program ends for any reason, because its keeper's input closes.
    """

    def __init__(
        self,
        place: Place,
        process: Kept,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        self.place = place
        self._process = process
        self._reader = reader
        self._writer = writer
        self.pid = 0
        """The process's id, once it is ``ready``."""
        self._initialised = False
        self._running_since: float | None = None

    @classmethod
    async def start(
        cls,
        python: Path,
        place: Place,
        settings: Mapping[str, Any],
        environment: Mapping[str, str],
        output: tuple[Path, Path],
    ) -> "Worker":
        """Start a process of ``python`` in ``settings["working_dir"]`` with exactly ``environment``.

        Its standard output and standard error go to the two files of ``output``.
        """
        ours, theirs = socket.socketpair()
        with theirs:
            process = await Kept.start(
                (str(python), "-u", str(DRIVER), str(theirs.fileno())),
                output=output,
                folder=settings["working_dir"],
                environment=environment,
                descriptors=(theirs.fileno(),),
            )
        reader, writer = await asyncio.open_connection(sock=ours, limit=_LINE_LIMIT)
        worker = cls(place, process, reader, writer)
        worker._send(settings)
        return worker

    async def ready(self) -> None:
        """Wait until the scoring script is imported.

        Raises:
            ScriptBroken: the import failed; the text is the traceback.
        """
        event = await self._receive()
        if event["event"] != "ready":
            raise ScriptBroken(event["trace"])
        self.pid = event["pid"]

    async def run(self, batch: MiniBatch, seconds: float) -> Attempt:
        """Run one mini-batch, calling ``init()`` before the first; ``run()`` may take ``seconds``.

        Raises:
            InitFailed: the text is the traceback of ``init()``.
        """
        self._send({"do": "run", "id": batch.id, "items": batch.items})
        if not self._initialised:
            event = await self._receive()
            if event["event"] != "init":
                raise InitFailed(event["trace"])
            self._initialised = True
        started, self._running_since = datetime.now(UTC), time.monotonic()
        try:
            async with asyncio.timeout(seconds):
                event = await self._receive()
            attempt = _attempt(event)
        except TimeoutError:
            self.kill()
            attempt = Attempt(error=f"run() did not return within {seconds:g} seconds", timed_out=True)
        finally:
            elapsed, self._running_since = self.running, None
        return replace(attempt, started=started, elapsed=elapsed)

    @property
    def running(self) -> float:
        """How long ``run()`` has taken so far, in seconds; 0 if it is not running."""
        return 0.0 if self._running_since is None else time.monotonic() - self._running_since

    async def stop(self) -> str | None:
        """Let the process call ``shutdown()`` and end; return the traceback if that raised."""
        trace = None
        try:
            self._send({"do": "stop"})
            async with asyncio.timeout(_STOP_SECONDS):
                event = await self._receive()
                trace = event.get("trace")
                await self._process.wait()
        except (TimeoutError, ConnectionError):
            trace = f"shutdown() did not end within {_STOP_SECONDS:g} seconds"
        await self.end()
        return trace

    def kill(self) -> None:
        """Kill the process and all that it started at once."""
        self._process.kill()

    async def end(self) -> int:
        """Kill the rest and return the exit code (negative: the signal)."""
        self.kill()
        self._writer.close()
        with contextlib.suppress(ConnectionError):
            await self._writer.wait_closed()
        return await self._process.wait()

    def _send(self, message: Mapping[str, Any]) -> None:
        # A dead process is noticed at the next read.
        if not self._writer.is_closing():
            self._writer.write(json.dumps(message).encode() + b"\n")

    async def _receive(self) -> dict[str, Any]:
        try:
            line = await self._reader.readline()
        except ConnectionError:
            line = b""
        if line:
            event: dict[str, Any] = json.loads(line)
            return event
        code = await self._process.wait()
        text = f"{self.place.name} exits with returncode {code}"
        return {"event": "gone", "error": text, "trace": text}


def _attempt(event: Mapping[str, Any]) -> Attempt:
    """Return the result of a try that a process has reported."""
    if event["event"] == "done":
        return Attempt(event["count"], event["seconds"], event["cpu"])
    # A process that has gone has no trace to show.
    trace = "" if event["event"] == "gone" else event["trace"]
    return Attempt(error=event["error"], trace=trace, ends_job=event.get("ends_job", False))
