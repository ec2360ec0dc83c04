"""SIGINT and SIGTERM while a release runs in the foreground."""

import os
import signal
import sys
import threading
from typing import Final, NoReturn

from modelops.plan.staging import remove_staged
from modelops.release.gate import Gate
from modelops.release.position import Position

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


class Stop:
    """Ends a release on SIGINT and SIGTERM: the request in flight is finished, no other begins.

    The end of standard input means nothing here: the command also runs where that is /dev/null.
    """

    def __init__(self) -> None:
        self.gate = Gate()
        self.gate.install()
        self.begin()
        # As they are now: `azure.step` swallows what is printed while the SDK is at work.
        self._output, self._errors = sys.stdout, sys.stderr
        # Waited for in a thread, and blocked in all others: a handler would run in the main thread, and only after the
        # request that it waits for, if the system gives the signal to another one.
        signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
        threading.Thread(target=self._wait, daemon=True).start()

    def begin(self) -> None:
        """Note that the release of an endpoint begins: what a stop would say is about it, and no earlier one."""
        self._position = Position()
        self.gate.on_request = self._position.notice

    def progress(self, step: str, text: str) -> None:
        """Print what a step does, and note that it is where the release is."""
        if self.gate.is_closed:
            return  # nothing of this step will be sent: it stopped in the one before
        self._position.enter(step)
        print(f"{step}: {text}", file=self._output, flush=True)

    def _wait(self) -> NoReturn:
        """Wait for a signal and the requests in flight, say where it stopped, and leave the SDK's threads behind."""
        signal.sigwait(_SIGNALS)
        self.gate.close()
        if not self.gate.wait_until_idle(0):
            print("stopping when the request in flight is answered", file=self._errors, flush=True)
        self.gate.wait_until_idle()
        where = f"stopped at step {self._position.step!r}; default unchanged"
        if self._position.switch_sent:
            where = "stopped; the switch was already sent"
        print(f"error: {where}. Run the command again.", file=self._errors, flush=True)
        remove_staged()
        os._exit(1)
