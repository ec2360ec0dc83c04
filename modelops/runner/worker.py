"""`python -m modelops worker`: carries out the plans from standard input, one per line, all at once.

Internal: the program's hook talks to it (modelops/runner/process.py). What it reads and answers:
modelops/runner/protocol.py. Everything that the SDK prints goes to standard error.

Closed standard input means stop, whether the parent closed the pipe or died: the requests in flight are finished, the
jobs that try-outs wait for are canceled, no other request begins, and the process ends. A broken standard output
changes nothing.
"""

import os
import sys
import threading
from typing import BinaryIO

from modelops.plan.staging import remove_staged
from modelops.release.gate import Gate
from modelops.runner.carried_plan import CarriedPlan
from modelops.runner.protocol import Event, Failed, Prepare, ProtocolError, Request, Stop, decode_request, encode
from modelops.workspace import Workspaces, import_sdk


class Worker:
    """One process's loop: the main thread reads lines, and each plan has its thread."""

    def __init__(self, lines: BinaryIO, answers: BinaryIO) -> None:
        self._lines = lines
        self._answers = answers
        self._answering = threading.Lock()
        self._workspaces = Workspaces()
        self._plans: dict[str, CarriedPlan] = {}

    def run(self) -> None:
        """Work until standard input closes; does not return."""
        Gate().install()
        for line in self._lines:
            try:
                request = decode_request(line)
            except ProtocolError as error:
                self.answer(Failed("", f"the release worker was sent an invalid request: {error}"))
                continue
            self._take(request)
        self._stop(list(self._plans.values()))
        remove_staged()
        # Not sys.exit: threads of the SDK may sleep for half a minute between two polls of an operation.
        os._exit(0)

    def _take(self, request: Request | Stop | Prepare) -> None:
        if isinstance(request, Stop):
            if plan := self._plans.get(request.id):
                # In a thread, because it waits for answers about the plan's jobs.
                threading.Thread(target=plan.stop, daemon=True).start()
            return
        if isinstance(request, Prepare):
            threading.Thread(target=import_sdk, daemon=True).start()
            return
        plan = self._plans[request.id] = CarriedPlan(request, self._workspaces, self.answer)
        threading.Thread(target=plan.carry_out, name=request.id, daemon=True).start()

    @staticmethod
    def _stop(plans: list[CarriedPlan]) -> None:
        """Stop all plans at once, and wait for their requests in flight."""
        for plan in plans:
            plan.gate.close()  # all of them, before the first is asked what became of its jobs
        # Each in its own thread, because one waits for the answers about its jobs, and may get a job only now.
        in_order = sorted(plans, key=lambda plan: plan.has_jobs)
        stopping = [threading.Thread(target=plan.stop, daemon=True) for plan in in_order]
        for thread in stopping:
            thread.start()
        for thread in stopping:
            thread.join()
        for plan in plans:
            plan.gate.wait_until_idle()

    def answer(self, event: Event) -> None:
        """Write one line; there may be no reader any more."""
        with self._answering:
            try:
                self._answers.write(encode(event))
                self._answers.flush()
            except (BrokenPipeError, ValueError):
                pass


def main() -> None:
    """Use standard output for the answers, and send everything that the SDK prints to standard error."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    Worker(sys.stdin.buffer, answers).run()
