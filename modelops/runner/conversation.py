"""What a worker says of one plan, from the request to its last answer.

A worker carries out several plans at once; each has its own conversation.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, assert_never

from modelops.runner.protocol import Done, Event, Failed, Heartbeat, Progress, Step, Stopping, Switching

_ACKNOWLEDGE_SECONDS: Final = 3.0
"""Time for a stopped plan to cancel its jobs and report its position; the program itself has 5 s."""

_HEARTBEAT_SECONDS: Final = 30.0


class WorkerFailed(Exception):  # noqa: N818 - says what happened
    """The release failed; the text comes from the worker, or says how it ended."""

    def __init__(self, text: str, *, switch_sent: bool = False, refused: bool = False, explained: bool = False) -> None:
        super().__init__(text)
        self.switch_sent = switch_sent
        """Whether the request that moves the default was sent."""
        self.refused = refused
        """Whether the plan was refused before anything was made."""
        self.explained = explained
        """Whether the text also says what serves and what to run next."""


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


@dataclass(frozen=True, slots=True)
class _End:
    """Nothing more will be said, or waited for."""

    what: str = ""
    """What the worker did instead, for users; after "the release worker". Empty if it was told to stop the plan."""
    then: str = ""
    """What followed."""


class Conversation:
    """One plan's events, in their order."""

    def __init__(self, plan_id: str) -> None:
        self.plan_id: Final = plan_id
        self._said: asyncio.Queue[Event | _End] = asyncio.Queue()
        self._step = "start"
        self._switch_sent = False
        self._restored = False
        self._is_answered = False
        self._is_stopping = False
        self._expired = False
        self._giving_up: asyncio.TimerHandle | None = None

    @property
    def is_answered(self) -> bool:
        """Whether the worker has said its last word about the plan."""
        return self._is_answered

    @property
    def is_stopping(self) -> bool:
        """Whether the worker was told to stop the plan."""
        return self._is_stopping

    def hear(self, event: Event) -> None:
        """Take an event of this plan."""
        self._said.put_nowait(event)

    def end(self, what: str, then: str = "") -> None:
        """Note that the worker says nothing more.

        Args:
            what: what it did, for users; after "the release worker", before the step.
            then: what followed, after the step.
        """
        self._said.put_nowait(_End() if self._is_stopping else _End(what, then))

    def expect_stop(self, *, at_deadline: bool = False) -> None:
        """Note that the worker was told to stop the plan.

        It gets a moment to report its position; after that, its last report is used.
        """
        if not self._is_stopping:
            self._is_stopping, self._expired = True, at_deadline
            loop = asyncio.get_running_loop()
            self._giving_up = loop.call_later(_ACKNOWLEDGE_SECONDS, self._said.put_nowait, _End())

    async def follow(self, on_event: Callable[[Progress], None]) -> Done:
        """Pass events on until the last one.

        Args:
            on_event: called with every event in between, and with a `Heartbeat` after 30 s without one.

        Raises:
            WorkerFailed: the release failed, or the worker ended.
            WorkerStopped: the plan was told to stop.
        """
        try:
            while isinstance(event := await self._next(), Step | Switching | Heartbeat):
                self._note(event)
                on_event(event)
            return self._outcome(event)
        finally:
            if self._giving_up:
                self._giving_up.cancel()

    def _note(self, event: Step | Switching | Heartbeat | Stopping) -> None:
        match event:
            case Step() | Stopping():
                self._step, self._switch_sent, self._restored = event.step, event.switch_sent, event.restored
            case Switching():
                self._switch_sent = True
            case Heartbeat():
                pass

    def _outcome(self, event: Done | Failed | Stopping | _End) -> Done:
        """Return what was done, or raise why it was not."""
        self._is_answered = not isinstance(event, _End)
        match event:
            case Done():
                return event
            case Failed():
                text = event.message or "the worker did not give a reason."
                raise WorkerFailed(
                    text, switch_sent=self._switch_sent, refused=event.refused, explained=event.explained
                )
            case Stopping():
                self._note(event)
                raise self._stopped(event.jobs)
            case _End() if event.what:
                text = f"the release worker {event.what} at step {self._step!r}{event.then}."
                raise WorkerFailed(text, switch_sent=self._switch_sent)
            case _End():
                raise self._stopped()
            case _:
                assert_never(event)

    def _stopped(self, jobs: str = "") -> WorkerStopped:
        return WorkerStopped(
            self.plan_id,
            self._step,
            switch_sent=self._switch_sent,
            restored=self._restored,
            at_deadline=self._expired,
            jobs=jobs,
        )

    async def _next(self) -> Event | Heartbeat | _End:
        try:
            async with asyncio.timeout(_HEARTBEAT_SECONDS):
                return await self._said.get()
        except TimeoutError:
            return Heartbeat(self.plan_id, self._step)
