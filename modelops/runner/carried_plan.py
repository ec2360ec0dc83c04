"""One plan of a worker process: carried out in a thread, with a separate gate, so that it can be stopped alone."""

import shlex
import threading
import traceback
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import assert_never

from modelops.about import About
from modelops.errors import ExplainedError, ModelOpsError, RefusedPlanError, Stopped
from modelops.plan.plan import UNKNOWN, ReleasePlan
from modelops.plan.staging import remove_abandoned
from modelops.release import preview, recorded
from modelops.release.comparison import user_code
from modelops.release.context import Context
from modelops.release.forecast import Known
from modelops.release.gate import Gate
from modelops.release.outlook import Outlook
from modelops.release.position import Position
from modelops.release.running import MAY_GO_ON, RunningJobs
from modelops.release.timeline import Timeline
from modelops.runner.protocol import (
    Done,
    Event,
    Failed,
    PreviewRequest,
    ReleaseRequest,
    Request,
    Step,
    Stopping,
    Switching,
)
from modelops.workspace import Workspace, Workspaces


class CarriedPlan:
    """A plan from its request to its last answer."""

    def __init__(self, request: Request, workspaces: Workspaces, answer: Callable[[Event], None]) -> None:
        """Start nothing yet.

        Args:
            request: the plan.
            workspaces: clients, which all plans of the process share.
            answer: takes each event.
        """
        self.gate = Gate()
        """Every request of the plan passes it."""
        self.gate.on_request = self._notice_switch
        self._request = request
        self._workspaces = workspaces
        self._tell = answer
        self._telling = threading.Lock()
        self._is_answered = False
        self._position = Position()
        self.gate.on_answer = self._position.answered
        self._timeline = Timeline()
        self._running = RunningJobs()

    @property
    def has_jobs(self) -> bool:
        """Whether it waits for jobs, so that `stop` waits for the answers to their cancellation."""
        return self._running.are_known

    def carry_out(self) -> None:
        """Carry the plan out, and answer how it ended; after a stop, `stop` does that."""
        try:
            with self.gate.guarding():
                self._answer(self._outcome())
        except Stopped:
            pass

    def stop(self) -> None:
        """Let no request of the plan begin, cancel its jobs, and answer where it was.

        Of a plan that has ended, only the first: a job that it did not wait for goes on, and the next release takes it
        up.
        """
        self.gate.close()
        if self._is_answered:
            return
        at = self._position
        jobs = self._running.cancel(self.gate) or (MAY_GO_ON if at.is_trying else "")
        self._answer(Stopping(self._request.id, at.step, at.switch_sent, at.restored, jobs))

    def _outcome(self) -> Done | Failed:
        try:
            match self._request:
                case PreviewRequest() as request:
                    return self._preview(request)
                case ReleaseRequest() as request:
                    return self._release(request)
                case request:
                    assert_never(request)
        except ModelOpsError as error:
            failed = self._failed(str(error))
            return replace(
                failed, refused=isinstance(error, RefusedPlanError), explained=isinstance(error, ExplainedError)
            )
        except Exception as error:  # noqa: BLE001 - the hook must get every error as a text
            traceback.print_exc()
            text = f"internal error in step {self._position.step!r}: {type(error).__name__}: {error}"
            return self._failed("\n".join([text, *getattr(error, "__notes__", ())]))

    def _failed(self, message: str) -> Failed:
        """Return the last answer, but not after a stop: then every error is a consequence of it."""
        if self.gate.is_closed:
            raise Stopped
        # Several steps may run at the same time: it is the one that failed first.
        return Failed(self._request.id, message, self._timeline.failed_at or self._position.step)

    def _release(self, request: ReleaseRequest) -> Done:
        plan = ReleasePlan.from_inputs(request.plan)
        remove_abandoned()
        context = Context(
            self._workspace(plan),
            Path(request.root),
            self._progress,
            self.gate.sleep,
            nodes=request.nodes,
            state_default=request.state_default,
            about=About.from_texts(request.about),
            running=self._running,
            timeline=self._timeline,
            where=_where(request.stack),
        )
        released = None if request.released is None else ReleasePlan.from_inputs(request.released)
        report = recorded.release(plan, context, request.previous, looks_back=True, released=released)
        return Done(request.id, report.summary(), report.to_json())

    def _preview(self, request: PreviewRequest) -> Done:
        """Compare with Azure if it can be asked, else with the plan that was released last."""
        plan = ReleasePlan.from_inputs(request.plan)
        before = None if request.released is None else ReleasePlan.from_inputs(request.released)
        root = Path(request.root)
        known = Known(
            root,
            request.nodes,
            request.state_default,
            _where(request.stack),
            request.prices,
            request.currency,
        )
        slow: list[str] = []
        if plan.pin is None:
            asked = filter(None, (each.try_out for each in plan.deployments.values()))
            slow = user_code.previewed(asked, root)
        outlook = self._outlook(plan, before, known)
        outlook = replace(outlook, notes=[*outlook.notes, *slow])
        return Done(request.id, "\n".join(outlook.lines()), outlook.to_json())

    def _outlook(self, plan: ReleasePlan, before: ReleasePlan | None, known: Known) -> Outlook:
        if not plan.is_complete:
            place = (plan.subscription_id, plan.resource_group, plan.workspace)
            return preview.from_plans(plan, before, known, None if UNKNOWN in place else self._workspace(plan))
        try:
            return preview.from_live(self._workspace(plan), plan, before, known)
        except RefusedPlanError:
            raise
        except ModelOpsError as error:
            outlook = preview.from_plans(plan, before, known)
            return replace(outlook, notes=[*outlook.notes, f"(compared with the last release only: {error})"])

    def _workspace(self, plan: ReleasePlan) -> Workspace:
        return self._workspaces.get(plan.subscription_id, plan.resource_group, plan.workspace)

    def _progress(
        self, step: str, text: str, *, subject: str = "", items: tuple[int, int] | None = None, outcome: str = ""
    ) -> None:
        if self.gate.is_closed:
            return  # this step will send nothing: the release stopped in the one before
        self._position.enter(step)
        at = self._position
        counts = list(items) if items else None
        self._answer(Step(self._request.id, step, text, at.switch_sent, at.restored, subject, counts, outcome))

    def _notice_switch(self, method: str, url: str) -> None:
        if self._position.notice(method, url):
            self._answer(Switching(self._request.id, self._position.step))

    def _answer(self, event: Event) -> None:
        """Pass an event on, unless the last one was: a plan may end while it is told to stop."""
        with self._telling:
            if not self._is_answered:
                self._is_answered = isinstance(event, Done | Failed | Stopping)
                self._tell(event)


def _where(stack: str | None) -> str:
    return "" if stack is None else f" --stack {shlex.quote(stack)}"
