"""One child process of the host: the program of a Run call, or a policy pack."""

import json
import signal
import subprocess
import sys
import threading
from pathlib import Path

from pulumi_standins.language_python.environment import Environment
from pulumi_standins.language_python.runner import GRACE_SECONDS, Job

ABANDONED_SECONDS = 1.0
"""Time for a program to end after the engine gave up its call: no registration is answered any more."""

RUNNER = Path(__file__).with_name("runner.py")


class Child:
    """A started `runner.py`. It ends with the host, which has the other end of its stdin."""

    def __init__(
        self, environment: Environment, job: Job, *, folder: str, variables: dict[str, str], piped: bool
    ) -> None:
        """Start it in `folder`; with `piped`, `process.stdout` and `.stderr` are pipes, otherwise the host's."""
        pipe = subprocess.PIPE if piped else None
        self.stopped = False
        """Whether `stop` was called while it ran: then its exit code does not describe the program."""
        sys.stdout.flush()
        # Blocked here, and so in the child, until it can handle an interrupt without a traceback (runner.main).
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            self.process = subprocess.Popen(
                [str(environment.python), "-u", str(RUNNER)],
                cwd=folder,
                env=environment.variables(variables),
                stdin=subprocess.PIPE,
                stdout=pipe,
                stderr=pipe,
            )
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
        assert self.process.stdin is not None  # noqa: S101 -- for the type checker: it was requested
        try:
            self.process.stdin.write(json.dumps(job).encode() + b"\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass  # it ended before it read its job; the exit code says why

    def stop(self, grace_seconds: float = GRACE_SECONDS) -> None:
        """Interrupt the child, like Ctrl-C, and kill it if it still runs after `grace_seconds`."""
        if self.process.poll() is None:
            self.stopped = True
            self.process.send_signal(signal.SIGINT)
            threading.Thread(target=self._kill_late, args=(grace_seconds,), daemon=True).start()

    def _kill_late(self, grace_seconds: float) -> None:
        try:
            self.process.wait(grace_seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()

    def abandon(self) -> None:
        """Stop the child sooner: its result is not needed any more."""
        self.stop(ABANDONED_SECONDS)

    def wait(self) -> int:
        """Return the exit code once the child has ended; a negative one is the signal that killed it."""
        return self.process.wait()


def describe(code: int) -> str:
    """Explain a non-zero exit code other than `BAILED`."""
    if code < 0:
        name = signal.Signals(-code).name
        hint = ": perhaps the machine ran out of memory" if -code == signal.SIGKILL else ""
        return f"The program was ended by {name}{hint}."
    return f"The program ended with exit code {code}."
