"""The worker process behind the release hook: plans in, events out, until its input is closed.

A process, because a thread cannot be stopped. It has its own session, because the engine signals the program's whole
process group whenever a program ends, and a worker in that group would die in the middle of a write. It carries out
several plans at once, and stops when its standard input closes, which also happens when this process is killed. What it
reads and answers: modelops/runner/protocol.py.
"""

import asyncio
import functools
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from modelops.runner.conversation import Conversation, WorkerFailed, WorkerStopped
from modelops.runner.log import open_log
from modelops.runner.protocol import Done, Failed, Prepare, Progress, ProtocolError, Request, Stop, decode_event, encode

__all__ = ["Worker", "WorkerFailed", "WorkerStopped"]

_LONGEST_LINE: Final = 1 << 22  # bytes; a plan with hundreds of deployments is much smaller
_LONGEST_QUOTE: Final = 200  # characters of an invalid answer


class Worker:
    """One process and the conversations with it, one for each plan."""

    def __init__(self, process: Process) -> None:
        assert process.stdin is not None  # noqa: S101 - both are pipes, by `start`
        assert process.stdout is not None  # noqa: S101
        self._process = process
        self._input = process.stdin
        self._output = process.stdout
        self._conversations: dict[str, Conversation] = {}
        self._former: set[str] = set()
        """Plans that nobody follows any more; the worker may still speak of them."""
        self._is_retired = False
        self._listening = asyncio.ensure_future(self._listen())

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
        """Whether the worker can take another plan: it is alive, and nothing that it said was wrong."""
        return not (self._is_retired or self._listening.done())

    def prepare(self) -> None:
        """Let the worker get ready for a release."""
        if self.is_usable:
            self._input.write(encode(Prepare()))

    async def carry_out(self, request: Request, on_event: Callable[[Progress], None], deadline: float) -> Done:
        """Send one plan and follow it to its last answer, beside others.

        A plan that nobody follows any more is stopped.
        """
        conversation = Conversation(request.id)
        self._conversations[request.id] = conversation
        expire = functools.partial(self._stop, conversation, at_deadline=True)
        alarm = asyncio.get_running_loop().call_later(deadline, expire)
        try:
            self._input.write(encode(request))
            return await conversation.follow(on_event)
        finally:
            alarm.cancel()
            del self._conversations[request.id]
            self._former.add(request.id)
            if not conversation.is_answered:
                self._abandon(conversation)
            if self._is_retired and not self._conversations:
                self.stop()

    def stop(self) -> None:
        """Close the worker's input: every plan finishes its requests in flight and starts no other; then it exits."""
        self._is_retired = True
        self._input.close()
        for each in self._conversations.values():
            each.expect_stop()

    async def exited(self) -> None:
        """Wait until the process has ended and its output was read."""
        await self._listening
        await self._process.wait()

    def _stop(self, conversation: Conversation, *, at_deadline: bool) -> None:
        """Stop one plan."""
        if not self._input.is_closing():
            self._input.write(encode(Stop(conversation.plan_id)))
        conversation.expect_stop(at_deadline=at_deadline)

    def _abandon(self, conversation: Conversation) -> None:
        """Stop a plan whose end nobody waits for; a worker that did not answer a stop gets no other plan."""
        if conversation.is_stopping:
            self._is_retired = True
        else:
            self._stop(conversation, at_deadline=False)

    async def _listen(self) -> None:
        """Pass each event to the plan that it is about, until the worker ends."""
        is_wrong = False
        while line := await self._read():
            if not is_wrong and not self._pass_on(line):
                is_wrong = True  # whatever it says now would be mistaken for something else
                said = line.decode(errors="replace").strip()[:_LONGEST_QUOTE]
                self._end_all(f"sent {said!r}", ", which is not a valid answer, and was stopped")
                self.stop()
        code = await self._process.wait()
        self._end_all(f"ended with exit code {code}")

    async def _read(self) -> bytes:
        """Return the next line, or as much as fits of a line that is too long; nothing at the end."""
        try:
            line = await self._output.readline()
        except ValueError:
            return b"a line that is too long"
        return line if line.endswith(b"\n") else b""

    def _pass_on(self, line: bytes) -> bool:
        """Give an event to its plan; return whether it is valid."""
        try:
            event = decode_event(line)
        except ProtocolError:
            return False
        if isinstance(event, Failed) and not event.id:  # the request had no id that the worker could read
            for each in self._conversations.values():
                each.hear(event)
            return True
        if event.id in self._conversations:
            self._conversations[event.id].hear(event)
            return True
        return event.id in self._former

    def _end_all(self, what: str, then: str = "") -> None:
        for each in self._conversations.values():
            each.end(what, then)
