"""`python -m modelops worker`: carries out the plans from standard input, one per line.

Internal: the program's hook talks to it (modelops/runner/process.py). What it reads and answers:
modelops/runner/protocol.py. Everything that the SDK prints goes to standard error.

Closed standard input means stop, whether the parent closed the pipe or died: the requests in flight are finished, the
jobs that a try-out waits for are canceled, no other request begins, and the process ends. A broken standard output
changes nothing.
"""

import os
import queue
import shlex
import sys
import threading
import traceback
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO, assert_never

from modelops.about import About
from modelops.errors import ModelOpsError, RefusedPlanError, Stopped
from modelops.plan.plan import ReleasePlan
from modelops.plan.staging import remove_abandoned, remove_staged
from modelops.release import preview, recorded
from modelops.release.comparison import user_code
from modelops.release.context import TRY, Context
from modelops.release.forecast import Known
from modelops.release.gate import Gate
from modelops.release.outlook import Outlook
from modelops.release.position import Position
from modelops.release.running import MAY_GO_ON, RunningJobs
from modelops.runner.protocol import (
    Done,
    Event,
    Failed,
    PreviewRequest,
    ProtocolError,
    ReleaseRequest,
    Request,
    Step,
    Stopping,
    Switching,
    decode_request,
    encode,
)
from modelops.workspace import Workspace


class Worker:
    """One process's loop: a thread reads lines, the main thread works, the gate stands between it and Azure."""

    def __init__(self, lines: BinaryIO, answers: BinaryIO) -> None:
        self._lines = lines
        self._answers = answers
        self._answering = threading.Lock()
        self._todo: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self._gate = Gate()
        self._gate.on_request = self._notice_switch
        self._workspaces: dict[tuple[str, str, str], Workspace] = {}
        self._busy = False
        self._plan_id = ""
        self._position = Position()
        self._running = RunningJobs()

    def run(self) -> None:
        """Work until standard input closes; does not return."""
        self._gate.install()
        threading.Thread(target=self._read, daemon=True).start()
        while True:
            line = self._todo.get()
            try:
                request = decode_request(line)
            except ProtocolError as error:
                self.answer(Failed("", f"the release worker was sent an invalid request: {error}"))
                continue
            try:
                self._handle(request)
            except Stopped:
                threading.Event().wait()  # the reading thread ends the process once the last request is answered
            self._busy = False

    def _read(self) -> None:
        for line in self._lines:
            self._todo.put(line)
        self._gate.close()
        if self._busy:
            at = self._position
            jobs = self._running.cancel(self._gate) or (MAY_GO_ON if at.step == TRY else "")
            self.answer(Stopping(self._plan_id, at.step, at.switch_sent, at.restored, jobs))
        self._gate.wait_until_idle()
        remove_staged()
        # Not sys.exit: threads of the SDK may sleep for half a minute between two polls of an operation.
        os._exit(0)

    def _handle(self, request: Request) -> None:
        # In this order: once it is busy, the end of the input is answered with the plan's id.
        self._plan_id, self._position, self._running = request.id, Position(), RunningJobs()
        self._busy = True
        try:
            match request:
                case PreviewRequest():
                    done = self._preview(request)
                case ReleaseRequest():
                    done = self._release(request)
                case _:
                    assert_never(request)
            self.answer(done)
        except ModelOpsError as error:
            is_refused = isinstance(error, RefusedPlanError)
            self.answer(Failed(self._plan_id, str(error), self._position.step, is_refused))
        except Exception as error:  # noqa: BLE001 - the hook must get every error as a text
            traceback.print_exc()
            message = f"internal error in step {self._position.step!r}: {type(error).__name__}: {error}"
            self.answer(Failed(self._plan_id, message, self._position.step))

    def _release(self, request: ReleaseRequest) -> Done:
        plan = ReleasePlan.from_inputs(request.plan)
        remove_abandoned()
        context = Context(
            self._workspace(plan),
            Path(request.root),
            self._progress,
            self._gate.sleep,
            nodes=request.nodes,
            state_default=request.state_default,
            about=About.from_texts(request.about),
            running=self._running,
            where=_where(request.stack),
        )
        report = recorded.release(plan, context, request.previous, looks_back=True)
        return Done(request.id, report.summary(), report.to_json())

    def _preview(self, request: PreviewRequest) -> Done:
        """Compare with Azure if it can be asked, else with the plan that was released last."""
        plan = ReleasePlan.from_inputs(request.plan)
        before = None if request.released is None else ReleasePlan.from_inputs(request.released)
        known = Known(
            Path(request.root),
            request.nodes,
            request.state_default,
            _where(request.stack),
            request.prices,
            request.currency,
        )
        slow: list[str] = []
        if plan.pin is None:
            asked = filter(None, (each.try_out for each in plan.deployments.values()))
            slow = user_code.previewed(asked, known.root or Path())
        outlook = self._outlook(plan, before, known)
        outlook = replace(outlook, notes=[*outlook.notes, *slow])
        return Done(request.id, "\n".join(outlook.lines()), outlook.to_json())

    def _outlook(self, plan: ReleasePlan, before: ReleasePlan | None, known: Known) -> Outlook:
        if not plan.is_complete:
            return preview.from_plans(plan, before, known)
        try:
            return preview.from_live(self._workspace(plan), plan, before, known)
        except RefusedPlanError:
            raise
        except ModelOpsError as error:
            outlook = preview.from_plans(plan, before, known)
            return replace(outlook, notes=[*outlook.notes, f"(compared with the last release only: {error})"])

    def _workspace(self, plan: ReleasePlan) -> Workspace:
        """The plan's workspace; its logins and connections serve all plans of this worker."""
        key = (plan.subscription_id, plan.resource_group, plan.workspace)
        return self._workspaces.setdefault(key, Workspace(*key))

    def _progress(self, step: str, text: str, *, subject: str = "", items: tuple[int, int] | None = None) -> None:
        if self._gate.is_closed:
            return  # this step will send nothing: the release stopped in the one before
        self._position.enter(step)
        at = self._position
        counts = list(items) if items else None
        self.answer(Step(self._plan_id, step, text, at.switch_sent, at.restored, subject, counts))

    def _notice_switch(self, method: str, url: str) -> None:
        if self._position.notice(method, url):
            self.answer(Switching(self._plan_id, self._position.step))

    def answer(self, event: Event) -> None:
        """Write one line; there may be no reader any more."""
        with self._answering:
            try:
                self._answers.write(encode(event))
                self._answers.flush()
            except (BrokenPipeError, ValueError):
                pass


def _where(stack: str | None) -> str:
    return "" if stack is None else f" --stack {shlex.quote(stack)}"


def main() -> None:
    """Use standard output for the answers, and send everything that the SDK prints to standard error."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    Worker(sys.stdin.buffer, answers).run()
