"""One worker process behind the release hook: plans in, events out, until its input is closed.

A process, because a thread cannot be stopped. It has its own session, because the engine signals the program's whole
process group whenever a program ends, and a worker in that group would die in the middle of a write. It stops when its
standard input closes, which also happens when this process is killed. What it reads and answers:
modelops/runner/protocol.py.
"""

import asyncio
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, assert_never

from modelops.runner.log import open_log
from modelops.runner.protocol import (
    Done,
    Event,
    Failed,
    Heartbeat,
    Progress,
    ProtocolError,
    Request,
    Step,
    Stopping,
    Switching,
    decode_event,
    encode,
)

_ACKNOWLEDGE_SECONDS: Final = 3.0
"""Time for a stopped worker to cancel its jobs and report its position; the program itself has 5 s."""

_HEARTBEAT_SECONDS: Final = 30.0
_LONGEST_LINE: Final = 1 << 22  # bytes; a plan with hundreds of deployments is much smaller
_LONGEST_QUOTE: Final = 200  # characters of an invalid answer


class WorkerFailed(Exception):  # noqa: N818 - says what happened
    """The release failed; the text comes from the worker, or says how it ended."""

    def __init__(self, text: str, *, switch_sent: bool = False, refused: bool = False) -> None:
        super().__init__(text)
        self.switch_sent = switch_sent
        """Whether the request that moves the default was sent."""
        self.refused = refused
        """Whether the plan was refused before anything was made."""


class WorkerStopped(Exception):  # noqa: N818 - says what happened
    """The release was stopped: by Ctrl-C or at its deadline."""

    def __init__(
        self,
        plan_id: str,
        step: str | None,
        *,
        switch_sent: bool = False,
        restored: bool = False,
        at_deadline: bool = False,
        jobs: str = "",
    ) -> None:
        super().__init__(f"stopped at step {step or 'waiting for a worker'}")
        self.plan_id = plan_id
        """The plan that was stopped."""
        self.step = step
        """The current step, or None if no worker had started the plan."""
        self.switch_sent = switch_sent
        """Whether the request that moves the default was sent."""
        self.restored = restored
        """Whether the default of the last release, which somebody had moved, was restored."""
        self.at_deadline = at_deadline
        """Whether the deadline stopped it."""
        self.jobs = jobs
        """What became of the jobs that it waited for, for users."""


class Worker:
    """One process and the conversation with it."""

    def __init__(self, process: Process) -> None:
        assert process.stdin is not None  # noqa: S101 - both are pipes, by `start`
        assert process.stdout is not None  # noqa: S101
        self._process = process
        self._input = process.stdin
        self._output = process.stdout
        self._plan_id = ""
        self._step = "start"
        self._switch_sent = False
        self._restored = False
        self._jobs = ""
        self._is_working = False
        self._told_to_stop = False
        self._expired = False
        self._given_up: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    @classmethod
    async def start(cls, command: Sequence[str], environment: Mapping[str, str], log: Path) -> "Worker":
        """Start a worker with this environment; its standard error goes to the log.

        Raises:
            WorkerFailed: the log cannot be written, or the system does not start the process.
        """
        failed = "the release worker could not be started"
        try:
            errors = open_log(log)
        except OSError as error:
            raise WorkerFailed(
                f"{failed}: its log {log} cannot be written ({error.strerror}). Set XDG_CACHE_HOME to a writable "
                "folder."
            ) from None
        try:
            with errors:
                process = await asyncio.create_subprocess_exec(
                    *command,
                    stdin=PIPE,
                    stdout=PIPE,
                    stderr=errors,
                    env=dict(environment),
                    start_new_session=True,
                    limit=_LONGEST_LINE,
                )
        except OSError as error:
            raise WorkerFailed(f"{failed}: {command[0]}: {error.strerror}.") from None
        return cls(process)

    @property
    def is_usable(self) -> bool:
        """Whether the worker can take another plan: it has answered the last one and is alive."""
        return not (self._is_working or self._told_to_stop or self._output.at_eof())

    async def converse(self, request: Request, on_event: Callable[[Progress], None], deadline: float) -> Done:
        """Send one plan and follow it to its last answer.

        A worker that did not finish is stopped: its answer would be mistaken for that of the next plan.
        """
        self._plan_id = request.id
        self._step, self._switch_sent, self._restored = "start", False, False
        self._is_working = True
        alarm = asyncio.get_running_loop().call_later(deadline, self._expire, request.id)
        try:
            self._input.write(encode(request))
            while (event := await self._next(on_event)) is not None:
                match event:
                    case Step():
                        self._note(event)
                        on_event(event)
                    case Switching():
                        self._switch_sent = True
                        on_event(event)
                    case Stopping():
                        self._note(event)
                        self._jobs = event.jobs
                        break
                    case Done():
                        self._is_working = False
                        return event
                    case Failed():
                        self._is_working = False
                        text = event.message or "the worker did not give a reason."
                        raise WorkerFailed(text, switch_sent=self._switch_sent, refused=event.refused)
                    case _:
                        assert_never(event)
            raise await self._ended()
        finally:
            alarm.cancel()
            if self._is_working:
                self.stop()

    def stop(self) -> None:
        """Close the worker's input: it finishes the request in flight, cancels its jobs, starts no other and exits.

        It gets a moment to report its position; after that, its last report is used.
        """
        if not self._told_to_stop:
            self._told_to_stop = True
            self._input.close()
            asyncio.get_running_loop().call_later(_ACKNOWLEDGE_SECONDS, self._give_up)

    async def exited(self) -> None:
        """Wait until the process has ended and its output was read."""
        await self._output.read()
        await self._process.wait()

    def _note(self, event: Step | Stopping) -> None:
        self._step, self._switch_sent, self._restored = event.step, event.switch_sent, event.restored

    def _expire(self, plan_id: str) -> None:
        if plan_id == self._plan_id:
            self._expired = True
            self.stop()

    def _give_up(self) -> None:
        if not self._given_up.done():
            self._given_up.set_result(None)

    async def _next(self, on_event: Callable[[Progress], None]) -> Event | None:
        reading = asyncio.ensure_future(self._output.readline())
        try:
            while not reading.done():
                both: set[asyncio.Future[Any]] = {reading, self._given_up}
                await asyncio.wait(both, timeout=_HEARTBEAT_SECONDS, return_when=asyncio.FIRST_COMPLETED)
                if reading.done():
                    break
                if self._given_up.done():
                    return None
                on_event(Heartbeat(self._plan_id, self._step))
            line = reading.result()
        finally:
            reading.cancel()
        return self._read(line) if line.endswith(b"\n") else None

    def _read(self, line: bytes) -> Event:
        with suppress(ProtocolError):
            event = decode_event(line)
            is_unread = isinstance(event, Failed) and not event.id  # the request had no id that the worker could read
            if event.id == self._plan_id or is_unread:
                return event
        said = line.decode(errors="replace").strip()[:_LONGEST_QUOTE]
        raise WorkerFailed(
            f"the release worker sent {said!r} at step {self._step!r}, which is not a valid answer, and was stopped.",
            switch_sent=self._switch_sent,
        )

    async def _ended(self) -> Exception:
        if self._told_to_stop:
            return WorkerStopped(
                self._plan_id,
                self._step,
                switch_sent=self._switch_sent,
                restored=self._restored,
                at_deadline=self._expired,
                jobs=self._jobs,
            )
        code = await self._process.wait()
        text = f"the release worker ended with exit code {code} at step {self._step!r}."
        return WorkerFailed(text, switch_sent=self._switch_sent)
