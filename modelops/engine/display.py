"""Shows a running `pulumi` command: on a terminal with lines that change, elsewhere with lines alone."""

import re
import sys
from typing import Final, Self

from rich.console import Console
from rich.live import Live
from rich.padding import Padding
from rich.text import Text

from modelops import advice
from modelops.engine.event_log import Happening, Operation, Policies, Said, Summary, Violation, type_of
from modelops.engine.progress import Progress
from modelops.engine.running import Ended, Watcher
from modelops.runner.protocol import Step, Told

_QUIET_SECONDS: Final = 30.0
"""Elsewhere than on a terminal, a line tells after such a pause what is waited for."""
_QUICK_SECONDS: Final = 5.0
"""On a terminal, what is created in less is only counted."""
_ROWS_LEFT: Final = 4
"""Rows of a terminal that the changing lines leave free."""
_STOPPING: Final = "stopping once the requests in flight are answered; Ctrl-C again ends at once"

ENGINES_OWN: Final = ("update failed", "preview failed", "Resource monitor has terminated, shutting down")
"""What the engine says after an error that was shown."""
HOOK: Final = re.compile(r'^(Preview failed: )?before hook "[^"]*" failed: ')
"""What the engine says before the error of a release."""
_STACK: Final = "pulumi:pulumi:Stack"
"""The engine's type for the program as a whole: its errors belong to no resource."""


class Display(Watcher):
    """Prints the lines that stay, and keeps what is told at the end."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._problems: list[Said | Violation] = []
        self._packs: dict[str, None] = {}
        self._failed: set[str] = set()
        self._summary: Summary | None = None
        self._is_stopping = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Leave nothing that changes on the screen."""

    def on_event(self, event: Happening | Told) -> None:
        """Show it, or keep it for the end."""
        for line in self._progress.take(event):
            self.say(line)
        if isinstance(event, Operation | Said) and _has_failed(event):
            self._failed.add(event.urn)
        match event:
            case Said(severity="warning" | "error") | Violation() if event not in self._problems:
                self._problems.append(event)
            case Policies():
                self._packs[event.pack] = None
            case Summary():
                self._summary = event
            case _:
                pass

    def on_stop(self) -> None:
        """Note it: a signal handler must not print."""
        self._is_stopping = True

    def say(self, line: str) -> None:
        """Print a line that stays."""
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()

    def say_problem(self, text: str) -> None:
        """Print an error, a warning or a violation."""
        self.say(text)

    def end(self, ended: Ended) -> None:
        """Print what is left to tell: problems, each once, policies, and how many resources changed."""
        for problem in self._problems:
            if problem.text.strip() in ENGINES_OWN:
                continue
            kind = problem.severity if isinstance(problem, Said) else f"policy {problem.policy} ({problem.level})"
            self.say_problem(f"{kind}: {HOOK.sub('', problem.text)}")
            # A release has said it itself.
            if kind == "error" and not HOOK.match(problem.text) and (said := advice.about(problem.text)):
                self.say_problem(said)
        if ended.code and not any(isinstance(each, Said) and each.severity == "error" for each in self._problems):
            self.say(ended.output.strip())  # a lock, for example, is not in the event log
            if said := advice.about(ended.output):
                self.say_problem(said)
        for pack in self._packs:
            violated = sum(isinstance(each, Violation) for each in self._problems)
            count = f"{violated} violation{'' if violated == 1 else 's'}"
            # A run that ended early did not check everything.
            if violated or not ended.code:
                self.say(f"policies: {pack}, {count if violated else 'all kept'}")
        if self._summary:
            counts = self._progress.counted(self._summary.changes)
            failed = f"{len(self._failed)} failed" if self._failed else ""
            told = ", ".join(filter(None, [counts, failed]))
            self.say(f"resources: {told or 'none'} ({self._summary.seconds:.0f} s)")


class Lines(Display):
    """For a log: also a line for a release, or an operation on a resource, that took long without one."""

    def __init__(self, progress: Progress | None = None) -> None:
        super().__init__(progress or Progress())
        self._shown: dict[str, float] = {}
        """When what is waited for was last told, or began: by the endpoint's name or the resource's URN."""
        self._said = 0.0

    def on_event(self, event: Happening | Told) -> None:
        """Show it."""
        super().on_event(event)
        if isinstance(event, Step):
            self._shown.setdefault(event.id, self._progress.seconds)

    def say(self, line: str) -> None:
        """Print a line, and note when."""
        super().say(line)
        self._said = self._progress.seconds

    def on_pause(self) -> None:
        """Tell what goes on, after a while."""
        now = self._progress.seconds
        waits = self._progress.waits()
        for each in [name for name in self._shown if name not in waits and name not in self._progress.running]:
            del self._shown[each]
        for each in (*self._progress.running, *waits):
            if now - self._shown.setdefault(each, now) >= _QUIET_SECONDS:
                self._shown[each] = now
                self.say(waits[each] if each in waits else self._progress.line(each))
        if not self._shown and now - self._said >= _QUIET_SECONDS:
            for line in self._progress.now():
                self.say(line)


class Screen(Display):
    """For a terminal: beneath the lines that stay, those that change."""

    def __init__(self, progress: Progress | None = None, console: Console | None = None) -> None:
        super().__init__(progress or Progress(skips=_QUICK_SECONDS))
        self._console = console or Console(file=sys.stdout, highlight=False, markup=False)
        self._live = Live(console=self._console, auto_refresh=False, transient=True)
        self._drawn: list[str] = []

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Remove the lines that change."""
        self._live.stop()

    def say(self, line: str) -> None:
        """Print a line above those that change; an indented one, which has no command, is wrapped between its words."""
        indent = len(line) - len(line.lstrip())
        if indent:
            self._console.print(Padding(Text(line.lstrip()), (0, 0, 0, indent), expand=False))
        else:
            self._console.print(Text(line), soft_wrap=True)

    def say_problem(self, text: str) -> None:
        """Print it wrapped between its words; an indented line is a command, which is to be copied."""
        for line in text.splitlines():
            self._console.print(Text(line), soft_wrap=line.startswith(" "))

    def on_pause(self) -> None:
        """Draw the lines that change."""
        lines = self._progress.now()
        most = max(self._console.height - _ROWS_LEFT, 1)
        if len(lines) > most:
            lines = [*lines[: most - 1], f"and {len(lines) - most + 1} more"]
        if self._is_stopping:
            lines.append(_STOPPING)
        if lines != self._drawn:
            self._drawn = lines
            self._live.update(Text("\n".join(lines), no_wrap=True, overflow="ellipsis"), refresh=True)


def _has_failed(event: Operation | Said) -> bool:
    is_failure = event.state == "failed" if isinstance(event, Operation) else event.severity == "error"
    return is_failure and event.urn != "" and type_of(event.urn) != _STACK
