"""What a running `pulumi up` has done, as lines that stay, and what it does now, as one line for each endpoint.

modelops/engine/display.py draws it.
"""

import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from modelops.engine.event_log import Happening, Operation, Said
from modelops.release.steps import FAILED, RECORD, UNCHANGED, is_after_trying, label, left_out, row_label
from modelops.runner.protocol import Done, Failed, Limit, Step, Stopping, Told

_DONE: Final = {
    "create": "created",
    "create-replacement": "created instead",
    "update": "updated",
    "replace": "replaced",
    "delete": "deleted",
    "delete-replaced": "deleted, replaced",
    "import": "imported",
    "same": "unchanged",
}
"""The engine's operations, and what is said once they are done."""

_DOING: Final = {
    "create": "creating",
    "create-replacement": "creating instead",
    "update": "updating",
    "delete": "deleting",
    "delete-replaced": "deleting, replaced",
    "import": "importing",
}
"""The engine's operations that can take long, and what is said while they go on."""

_MARKER: Final = "pulumi:index:Stash"
_NAMES: Final = (8, 24)  # narrowest and widest column of names
_LABELS: Final = 25
_JOB: Final = re.compile(r", job (\S+)$")
_COUNTS: Final = re.compile(r"[\d,]+ of [\d,]+ items?(, )?")


@dataclass(slots=True)
class _Release:
    """An endpoint's release: where it is, and since when."""

    name: str
    began: float
    step: str = ""
    since: float = 0.0
    text: str = ""
    subjects: dict[str, tuple[int, int] | None] = field(default_factory=dict)
    """What the step is about, each with its counts."""
    outcomes: dict[str, str] = field(default_factory=dict)
    """What came of the step for some of them."""
    seen: set[str] = field(default_factory=set)
    failed: dict[str, dict[str, None]] = field(default_factory=dict)
    """The subjects of steps that failed, while other deployments went on."""

    @property
    def items(self) -> tuple[int, int] | None:
        """The counts of all subjects together, once each has its own."""
        counts = [each for each in self.subjects.values() if each]
        if not counts or len(counts) < len(self.subjects):
            return None
        return sum(done for done, _ in counts), sum(total for _, total in counts)


class Progress:
    """Takes events, and gives lines: of each what is most telling comes first."""

    def __init__(self, *, skips: float = 0.0, clock: Callable[[], float] = time.monotonic) -> None:
        """Begin.

        Args:
            skips: a resource that was created in fewer seconds gets no line.
            clock: tells the seconds.
        """
        self._clock = clock
        self._skips = skips
        self._began = clock()
        self._running: dict[str, _Release] = {}
        self._texts: set[str] = set()
        self._jobs: set[str] = set()
        """Those that were told."""
        self._operations: dict[str, tuple[Operation, float]] = {}
        """What is in progress, by URN, and since when."""
        self._limits: dict[str, int] = {}
        """The minutes after which the engine gives up an operation, by the resource's type."""
        self._changed: dict[str, int] = {}
        self._widest = _NAMES[0]

    def take(self, event: Happening | Told) -> list[str]:
        """Take an event; return the lines about it that stay."""
        match event:
            case Step():
                return self._step(event)
            case Done() | Failed() | Stopping():
                return self._end(event)
            case Limit():
                self._limits[event.id] = event.minutes
                return []
            case Operation() if not event.is_planned:
                return self._operation(event)
            case Said(severity="info" | "info#err", is_ephemeral=False) if event.text not in self._texts:
                return [event.text]
            case _:
                return []

    def now(self) -> list[str]:
        """Return a line for what is done to resources, and one for each endpoint whose release runs."""
        return [*self._resources(), *(self.line(name) for name in self._running)]

    def _resources(self) -> Iterator[str]:
        counts = ", ".join(f"{count} {word}" for word, count in self._changed.items())
        if self._operations:
            (event, since), *more = self._operations.values()
            others = f" and {len(more)} more" if more else ""
            text = f"{event.op} {event.title}{others}{self._at_most(event)}"
            yield self._line("Azure", counts, self._clock() - since, text)
        elif not self._running:
            yield self._line("Azure", counts or "starting", self.seconds, "")

    def waits(self) -> dict[str, str]:
        """Return a line for each operation on a resource that is in progress, by its URN."""
        now = self._clock()
        return {
            urn: self._line(
                "Azure", f"still {_DOING.get(event.op, event.op)}", now - since, f"{event.title}{self._at_most(event)}"
            )
            for urn, (event, since) in self._operations.items()
        }

    def _at_most(self, event: Operation) -> str:
        minutes = self._limits.get(event.type)
        return f" (at most {minutes} min)" if minutes else ""

    def line(self, name: str) -> str:
        """Return the line of an endpoint whose release runs."""
        release = self._running[name]
        # A line of its own has the job; the label has the counts.
        text = _JOB.sub("", release.text)
        text = _COUNTS.sub("", text).rstrip(": ") if release.items else text
        return self._line(name, label(release.step, release.items), self._clock() - release.since, text)

    @staticmethod
    def counted(changes: Mapping[str, int]) -> str:
        """Return the counts of a summary, e.g. `1 updated, 40 unchanged`."""
        known = [(word, changes[op]) for op, word in _DONE.items() if op in changes]
        others = [(op, count) for op, count in changes.items() if op not in _DONE]
        return ", ".join(f"{count} {word}" for word, count in [*others, *known])

    @property
    def running(self) -> list[str]:
        """The endpoints whose releases run."""
        return list(self._running)

    @property
    def seconds(self) -> float:
        """The seconds since it began."""
        return self._clock() - self._began

    def _step(self, event: Step) -> list[str]:
        now = self._clock()
        release = self._running.setdefault(event.id, _Release(event.id, now))
        self._widest = min(max(self._widest, len(event.id)), _NAMES[1])
        lines = []
        if event.outcome == FAILED:
            if event.step == RECORD:  # a release that fails is added to the history, too: it ends at the step before
                return []
            release.failed.setdefault(event.step, {})[event.subject] = None
        # A step that others overtook continues without another line.
        if event.step != release.step and event.step not in release.seen:
            lines = list(self._close(release))
            if is_after_trying(event.step):
                lines += self._left_out(release, event.step)
            release.seen.add(event.step)
            release.step, release.since, release.subjects, release.outcomes = event.step, now, {}, {}
        if event.step == release.step:
            release.text = event.text
        job = _JOB.search(event.text)
        if job and job[1] not in self._jobs:
            self._jobs.add(job[1])
            lines.append(f"  {event.subject}: job {job[1]}")
        if event.subject and event.step == release.step:
            items = (event.items[0], event.items[1]) if event.items else release.subjects.get(event.subject)
            release.subjects[event.subject] = items
            release.outcomes[event.subject] = event.outcome
        return lines

    def _close(self, release: _Release) -> Iterator[str]:
        """The line of a step that is done; what it found as it has to be, and what failed, is not its work."""
        failed = release.failed.get(release.step, {})
        about = [each for each in release.subjects if not release.outcomes[each] and each not in failed]
        if not release.step or (failed and not about):
            return
        text = ", ".join(about) if about or not release.subjects else UNCHANGED
        yield self._line(release.name, label(release.step), self._clock() - release.since, text)

    def _left_out(self, release: _Release, end: str = "") -> list[str]:
        """The lines of the steps that it did not need: the numbers have no hole."""
        rows = list(left_out(release.seen, end))
        release.seen.update(*rows)
        return [self._line(release.name, row_label(each), None, "nothing to do") for each in rows]

    def _end(self, event: Done | Failed | Stopping) -> list[str]:
        release = self._running.pop(event.id, None)
        if release is None:
            return []
        took = self._clock() - release.began
        if isinstance(event, Done):
            self._texts.add(event.text)
            summary = [f"  {line}" for line in event.text.splitlines()]
            ended = [*self._close(release), *self._left_out(release)]
            return [*ended, self._line(release.name, "done", took, ""), *summary]
        if isinstance(event, Stopping):
            return [self._line(release.name, f"stopped at {label(release.step)}", took, ", ".join(release.subjects))]
        # With several deployments, others may have been further.
        step = event.step if event.step and event.step != RECORD else release.step
        lines = [] if step == release.step else list(self._close(release))
        subjects = release.failed.get(step) or (release.subjects if step == release.step else ())
        return [*lines, self._line(release.name, f"failed at {label(step)}", took, ", ".join(subjects))]

    def _operation(self, event: Operation) -> list[str]:
        # A replacement is also told as the two operations that it consists of.
        if event.op not in _DONE or event.op == "replace" or event.type == _MARKER or not _is_custom(event):
            return []
        now = self._clock()
        if event.state == "began":
            if event.op != "same":
                self._operations[event.urn] = (event, now)
            return []
        _, since = self._operations.pop(event.urn, (event, now))
        if event.state == "failed":
            return [self._line("Azure", f"{event.op} failed", now - since, event.title)]
        word = _DONE[event.op]
        self._changed[word] = self._changed.get(word, 0) + 1
        if event.op == "same" or (event.op == "create" and now - since < self._skips):
            return []
        return [self._line("Azure", word, now - since, event.title)]

    def _line(self, name: str, what: str, seconds: float | None, text: str) -> str:
        took = "" if seconds is None else _elapsed(seconds)
        return f"{name:<{self._widest}}  {what:<{_LABELS}} {took:>8}  {text}".rstrip()


def _elapsed(seconds: float) -> str:
    """To the second, unlike other durations: it is seen to go on."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02} min" if minutes else f"{rest} s"


def _is_custom(event: Operation) -> bool:
    """Whether a provider makes the resource: a component only groups others."""
    sides = (event.metadata.get(side) or {} for side in ("new", "old"))
    return any(bool(side.get("custom")) for side in sides) and not event.type.startswith("pulumi:providers:")
