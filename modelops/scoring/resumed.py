"""The jobs that have resumed a job.

The service does not connect two jobs, so a tag does: without it, what one job has added would be scored again by the
next that resumes the same job.
"""

import sys
from typing import Final, NamedTuple

from modelops.errors import UsageError
from modelops.scoring import jobs
from modelops.workspace import Workspace

TAG: Final = "modelops.resumes"
"""Tag of a job that resumes another: the name of the first job, also if it resumes what a second one left out."""


class Chain(NamedTuple):
    """A job and those that have resumed it.

    Attributes:
        first: name of the job.
        later: names of the completed ones of the others, the oldest first.
    """

    first: str
    later: tuple[str, ...]


def chain(workspace: Workspace, endpoint: str, job: str) -> Chain:
    """Return the jobs that a job of an endpoint, the first or a later one, belongs to.

    Raises:
        UsageError: there is no such job, or one of the later jobs still runs.
        ReleaseError: the service refused a read.
    """
    first = (jobs.found(workspace, job).tags or {}).get(TAG) or job
    later = [each for each in jobs.listed(workspace, endpoint, sys.maxsize) if (each.tags or {}).get(TAG) == first]
    if running := [each for each in later if each.state not in jobs.ENDED]:
        raise UsageError(
            f"job {running[0].name} is already resuming job {first}, in state {running[0].state}. Nothing was started. "
            "Run the command again when it has ended."
        )
    return Chain(first, tuple(each.name for each in reversed(later) if each.state == jobs.COMPLETED))
