"""A `pulumi` command as a child: what it writes is told while it runs, and one signal reaches it once."""

import os
import signal
import sys
from pathlib import Path

import pytest

from modelops.engine.event_log import Happening, Said, Summary
from modelops.engine.running import Ended, Watcher, run
from modelops.errors import UsageError
from modelops.runner.protocol import Step, Told, encode

PULUMI = """#!{python}
import json, os, pathlib, signal, sys
arguments = sys.argv[1:]
log = pathlib.Path(arguments[arguments.index("--event-log") + 1])
def write(**event):
    with log.open("a") as file:
        file.write(json.dumps(event) + "\\n")
def say(text):
    write(diagnosticEvent={{"severity": "info", "message": text}})
{body}
"""
STEP = Step("digits", "create revisions", "creating deployment")


class Seen(Watcher):
    """Keeps what it is told; `until` has it send this process a signal."""

    def __init__(self, until: str = "", number: signal.Signals = signal.SIGINT) -> None:
        self.events: list[Happening | Told] = []
        self.pauses = 0
        self.stops = 0
        self._until = until
        self._number = number

    def on_event(self, event: Happening | Told) -> None:
        """Keep it."""
        self.events.append(event)
        if isinstance(event, Said) and event.text == self._until:
            os.kill(os.getpid(), self._number)

    def on_pause(self) -> None:
        """Count it."""
        self.pauses += 1

    def on_stop(self) -> None:
        """Count it."""
        self.stops += 1


def install(folder: Path, body: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put a `pulumi` on PATH that does this."""
    program = folder / "bin" / "pulumi"
    program.parent.mkdir()
    program.write_text(PULUMI.format(python=sys.executable, body=body), encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")


def test_both_streams_are_told_and_the_output_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    body = f"""
print("to", *arguments[:arguments.index("--event-log")])
print("to errors", file=sys.stderr)
say("one")
pathlib.Path(os.environ["RELEASE_EVENTS"]).write_bytes({encode(STEP)!r})
write(summaryEvent={{"durationSeconds": 2, "resourceChanges": {{"same": 3}}}})
log.open("a").write("{{")
sys.exit(7)
"""
    install(tmp_path, body, monkeypatch)
    seen = Seen()
    ended = run(["up", "--yes"], "prod", tmp_path, seen)
    words = "to up --yes --stack prod --non-interactive --color never"
    assert (ended.code, sorted(ended.output.splitlines())) == (7, ["to errors", words])
    assert [each for each in seen.events if each != STEP] == [Said("info", "one"), Summary({"same": 3}, 2.0)]
    assert STEP in seen.events


WAITING = """
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
say("ready")
signal.sigwait([signal.SIGINT])
say("stopping")
print(os.getpgrp() == os.getpid(), signal.sigpending())
sys.exit(1)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_stop_is_passed_on_once_and_followed_to_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    install(tmp_path, WAITING, monkeypatch)
    before = signal.getsignal(number)
    seen = Seen("ready", number)
    ended = run(["up"], None, tmp_path, seen)
    assert ended == Ended(1, "True set()\n")
    assert seen.events == [Said("info", "ready"), Said("info", "stopping")]
    assert seen.stops == 1
    assert seen.pauses > 0
    assert signal.getsignal(number) is before


def test_a_command_that_a_signal_ends_has_failed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path, "os.kill(os.getpid(), signal.SIGKILL)", monkeypatch)
    assert run(["up"], None, tmp_path, Watcher()) == Ended(1, "")


def test_no_pulumi_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UsageError, match=r"^the `pulumi` command is not on PATH\. Run `source \.venv/bin/activate`\.$"):
        run(["up"], None, tmp_path, Watcher())


def test_a_folder_that_is_none_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"^--directory '.*none' is not a folder\. "):
        run(["up"], None, tmp_path / "none", Watcher())
