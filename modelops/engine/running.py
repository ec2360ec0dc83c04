"""Runs a `pulumi` command and tells, while it runs, what the engine does and what the program's releases do."""

import os
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import IO, Final

from modelops.engine import command, event_log
from modelops.engine.event_log import Happening
from modelops.runner.channel import VARIABLE
from modelops.runner.protocol import ProtocolError, Told, decode_told

_POLL_SECONDS: Final = 0.1

_STOPS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(frozen=True, slots=True)
class Ended:
    """A `pulumi` command that ended."""

    code: int
    """Its exit code; 1 if a signal ended it."""
    output: str
    """What it printed, both to standard output and to standard error."""


class Watcher:
    """Is told what happens while a command runs."""

    def on_event(self, event: Happening | Told) -> None:
        """Take a happening of the engine, or an event of a release; each kind comes in its order."""

    def on_pause(self) -> None:
        """Take the time to show something; called about ten times a second."""

    def on_stop(self) -> None:
        """Take note that the command was told to stop; it goes on until it has. Called by a signal handler."""


def run(
    arguments: Sequence[str],
    stack: str | None,
    folder: Path,
    watcher: Watcher,
    *,
    is_coloured: bool = False,
    environ: Mapping[str, str] = os.environ,
) -> Ended:
    """Run a `pulumi` command that has an event log (preview, up, refresh, destroy) to its end.

    It has its own process group, so that one Ctrl-C reaches it once, through this process: a second SIGINT makes
    the engine end at once. SIGTERM and SIGHUP are passed on as SIGINT, too.

    Args:
        arguments: its words, without `pulumi`, `--stack`, `--color` and `--event-log`; it asks nothing, so `up` needs
            `--yes`.
        stack: the stack's name; None takes the one that is selected in `folder`.
        folder: the program's folder.
        watcher: is told what happens.
        is_coloured: whether its output has colours.
        environ: its environment variables.

    Raises:
        UsageError: there is no such folder or command.
    """
    command.require_folder(folder)
    with tempfile.TemporaryDirectory(prefix="modelops-engine-") as place:
        engine, releases, printed = (Path(place) / name for name in ("engine", "releases", "output"))
        colour = "always" if is_coloured else "never"
        words = [*command.words(arguments, stack), "--color", colour, "--event-log", str(engine)]
        tails = [_Tail(engine, event_log.decode), _Tail(releases, _told)]
        with printed.open("wb") as output:
            child = _start(words, folder, releases, output, environ)
        with _passing_on(child, watcher.on_stop):
            code = _follow(child, tails, watcher)
        return Ended(code if code >= 0 else 1, printed.read_text(encoding="utf-8", errors="replace"))


def _start(
    words: Sequence[str], folder: Path, releases: Path, output: IO[bytes], environ: Mapping[str, str]
) -> subprocess.Popen[bytes]:
    # The option --event-log is only there with this variable; Pulumi's Automation API does the same.
    environment = {**environ, VARIABLE: str(releases), "PULUMI_DEBUG_COMMANDS": "true"}
    try:
        return subprocess.Popen(
            words,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            process_group=0,
        )
    except OSError as error:
        raise command.not_run(error) from error


def _follow(child: subprocess.Popen[bytes], tails: "Sequence[_Tail]", watcher: Watcher) -> int:
    code: int | None = None
    while code is None:
        with suppress(subprocess.TimeoutExpired):
            code = child.wait(_POLL_SECONDS)
        # The last one is read last and handed on first: a program tells the channel before it tells the engine.
        for events in reversed([tail.read() for tail in tails]):
            for event in events:
                watcher.on_event(event)
        if code is None:
            watcher.on_pause()
    return code


@contextmanager
def _passing_on(child: subprocess.Popen[bytes], on_stop: Callable[[], None]) -> Iterator[None]:
    """Pass the signals that mean stop on to the child, instead of ending this process."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        with suppress(ProcessLookupError):
            child.send_signal(signal.SIGINT)
        on_stop()

    before = {each: signal.signal(each, stop) for each in _STOPS}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


class _Tail:
    """A file that grows: reads what its complete lines say."""

    def __init__(self, path: Path, decode: Callable[[bytes], Happening | Told | None]) -> None:
        self._path = path
        self._decode = decode
        self._at = 0

    def read(self) -> list[Happening | Told]:
        """Return what was added since the last time."""
        found = []
        with suppress(FileNotFoundError), self._path.open("rb") as file:
            file.seek(self._at)
            for line in file:
                if not line.endswith(b"\n"):
                    break
                self._at += len(line)
                if (event := self._decode(line)) is not None:
                    found.append(event)
        return found


def _told(line: bytes) -> Told | None:
    with suppress(ProtocolError):
        return decode_told(line)
    return None
