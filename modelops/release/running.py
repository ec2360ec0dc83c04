"""The jobs that a release waits for: a release that is stopped asks for their cancellation."""

from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Final

from modelops import azure
from modelops.release.gate import Gate
from modelops.scoring import jobs
from modelops.workspace import Workspace

MAY_GO_ON: Final = "A job that may have been started goes on, and the next release takes it up."
"""What to say of a try-out that is stopped while no job is known."""
_SECONDS: Final = 2.5
"""The wait for the answers: Pulumi gives an interrupted program 5 s."""
_LONGEST_SECONDS: Final = 10.0
"""After that a cancellation is given up. The process lives on for it, as for any request in flight."""


class RunningJobs:
    """The jobs of one release that have not ended, as far as it knows."""

    def __init__(self) -> None:
        self._jobs: dict[str, Workspace] = {}

    @property
    def are_known(self) -> bool:
        """Whether there is one."""
        return bool(self._jobs)

    def add(self, workspace: Workspace, name: str) -> None:
        """Note that the release waits for a job."""
        self._jobs[name] = workspace

    def remove(self, name: str) -> None:
        """Note that a job has ended."""
        self._jobs.pop(name, None)

    def cancel(self, gate: Gate) -> str:
        """Ask once for the cancellation of each job, and return what came of that, for users; "" without a job.

        Args:
            gate: the release's; it is closed.
        """
        asked = dict(self._jobs)
        if not asked:
            return ""
        threads = ThreadPoolExecutor(len(asked))
        answers = {name: threads.submit(_cancel, gate, place, name) for name, place in asked.items()}
        wait(answers.values(), _SECONDS)
        return " ".join(_said(name, answer) for name, answer in answers.items())


def _cancel(gate: Gate, workspace: Workspace, name: str) -> str | None:
    """Ask for the cancellation of a job; return why that failed, or None."""
    try:
        with gate.exempt():
            jobs.ask_to_cancel(workspace, name, _LONGEST_SECONDS)
    except Exception as error:  # noqa: BLE001 - the reason is part of a message about the stop
        return azure.describe(error)
    return None


def _said(name: str, answer: Future[str | None]) -> str:
    why = answer.result() if answer.done() else f"no answer within {_SECONDS} s"
    if why is None:
        return f"Job {name} is canceled; the next release starts another."
    return (
        f"Job {name} could not be canceled ({why.removesuffix('.')}): it may go on, and the next release takes it up."
    )
