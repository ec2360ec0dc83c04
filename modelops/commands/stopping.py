"""SIGINT and SIGTERM while releases run in the foreground."""

import os
import signal
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Final, NoReturn, TextIO

from modelops.plan.staging import remove_staged
from modelops.release.gate import Gate
from modelops.release.position import Position
from modelops.release.running import MAY_GO_ON, RunningJobs

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


class Watched:
    """A release that a signal ends: its requests, its jobs, and where it is."""

    def __init__(self, title: str, output: TextIO) -> None:
        self.gate = Gate()
        """Every request of the release passes it."""
        self.running = RunningJobs()
        """The jobs that it waits for."""
        self.title = title
        self.is_over = False
        """Whether it has ended by itself."""
        self._output = output
        self._position = Position()
        self.gate.on_request = self._position.notice
        self.gate.on_answer = self._position.answered

    def progress(
        self, step: str, text: str, *, subject: str = "", items: tuple[int, int] | None = None, outcome: str = ""
    ) -> None:
        """Print what a step does, and note it as the release's position; the text has what the others say."""
        del subject, items, outcome
        if self.gate.is_closed:
            return  # this step will send nothing: the release stopped in the one before
        self._position.enter(step)
        print(f"{self.title}{step}: {text}", file=self._output, flush=True)

    def stop(self) -> str:
        """Cancel its jobs, wait for its requests in flight, and return where it was; the gate is closed."""
        jobs = self.running.cancel(self.gate) or (MAY_GO_ON if self._position.is_trying else "")
        self.gate.wait_until_idle()
        default = "the default is the last release's again" if self._position.restored else "default unchanged"
        where = f"stopped at step {self._position.step!r}; {default}"
        if self._position.switch_sent:
            where = "stopped; the switch was already sent"
        return " ".join(filter(None, [f"error: {self.title}{where}.", jobs, "Run the command again."]))


class Stop:
    """Ends releases on SIGINT and SIGTERM: requests in flight are finished, jobs are canceled, nothing else starts.

    The end of standard input is ignored: the command also runs with /dev/null as input, for example from cron.
    """

    def __init__(self) -> None:
        Gate().install()
        self._watching = threading.Lock()
        self._watched: list[Watched] = []
        self._is_stopped = False
        # Saved now, because `azure.step` drops everything that is printed while the SDK works.
        self._output, self._errors = sys.stdout, sys.stderr
        # A thread waits for them, and all others block them: a handler would run in the main thread, and maybe only
        # after its current request.
        signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
        threading.Thread(target=self._wait, daemon=True).start()

    @property
    def is_stopped(self) -> bool:
        """Whether a signal came: the thread that waits for it reports where the releases were, and ends the process."""
        return self._is_stopped

    def watch(self, title: str = "") -> Watched:
        """Return a release to stop on a signal; `title` precedes what it says, if there are several."""
        with self._watching:
            watched = Watched(title, self._output)
            self._watched.append(watched)
            if self._is_stopped:
                watched.gate.close()
        return watched

    def _wait(self) -> NoReturn:
        """Wait for a signal and the requests in flight, report the positions, and leave the SDK's threads behind."""
        signal.sigwait(_SIGNALS)
        with self._watching:
            self._is_stopped = True
            stopped = [each for each in self._watched if not each.is_over]
            for each in stopped:
                each.gate.close()
        if not all(each.gate.wait_until_idle(0) for each in stopped):
            print("stopping once the request in flight is answered", file=self._errors, flush=True)
        with ThreadPoolExecutor(max(1, len(stopped))) as threads:
            for said in threads.map(Watched.stop, stopped):
                print(said, file=self._errors, flush=True)
        remove_staged()
        os._exit(1)
