"""SIGINT and SIGTERM while a release runs in the foreground."""

import os
import signal
import sys
import threading
from typing import Final, NoReturn

from modelops.plan.staging import remove_staged
from modelops.release.context import TRY
from modelops.release.gate import Gate
from modelops.release.position import Position
from modelops.release.running import MAY_GO_ON, RunningJobs

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


class Stop:
    """Ends a release on SIGINT and SIGTERM: the request in flight is finished, its jobs are canceled, no other starts.

    The end of standard input is ignored: the command also runs with /dev/null as input, for example from cron.
    """

    def __init__(self) -> None:
        self.gate = Gate()
        self.gate.install()
        self.begin()
        # Saved now, because `azure.step` drops everything that is printed while the SDK works.
        self._output, self._errors = sys.stdout, sys.stderr
        # A thread waits for them, and all others block them: a handler would run in the main thread, and maybe only
        # after its current request.
        signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
        threading.Thread(target=self._wait, daemon=True).start()

    def begin(self) -> None:
        """Note that the release of an endpoint starts, so that a stop reports this endpoint and not an earlier one."""
        self._position, self.running = Position(), RunningJobs()
        self.gate.on_request = self._position.notice

    def progress(self, step: str, text: str, *, subject: str = "", items: tuple[int, int] | None = None) -> None:
        """Print what a step does, and note it as the release's position; the text has what the others say."""
        del subject, items
        if self.gate.is_closed:
            return  # this step will send nothing: the release stopped in the one before
        self._position.enter(step)
        print(f"{step}: {text}", file=self._output, flush=True)

    def _wait(self) -> NoReturn:
        """Wait for a signal and the requests in flight, report the position, and leave the SDK's threads behind."""
        signal.sigwait(_SIGNALS)
        self.gate.close()
        if not self.gate.wait_until_idle(0):
            print("stopping once the request in flight is answered", file=self._errors, flush=True)
        jobs = self.running.cancel(self.gate) or (MAY_GO_ON if self._position.step == TRY else "")
        self.gate.wait_until_idle()
        where = f"stopped at step {self._position.step!r}; default unchanged"
        if self._position.switch_sent:
            where = "stopped; the switch was already sent"
        print(
            " ".join(filter(None, [f"error: {where}.", jobs, "Run the command again."])), file=self._errors, flush=True
        )
        remove_staged()
        os._exit(1)
