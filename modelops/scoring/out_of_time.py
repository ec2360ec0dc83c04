"""What to do about a job whose calls of `run()` took longer than they may."""

from contextlib import suppress
from typing import TYPE_CHECKING

from modelops import azure
from modelops.errors import ModelOpsError
from modelops.scoring import endpoints, resume
from modelops.scoring.losses import Losses
from modelops.scoring.mini_batches import about_timeouts

if TYPE_CHECKING:
    from modelops.workspace import Workspace


def advice(workspace: "Workspace", endpoint: str, job: str, lost: Losses | None) -> str:
    """Return a sentence with the settings that the job had.

    Args:
        workspace: the job's.
        endpoint: physical name of its endpoint.
        job: its name.
        lost: what it lost; None: that is not known.

    Returns:
        "" if no mini-batch was given up after a timeout, or the settings cannot be read.
    """
    if lost is None or not lost.timeouts:
        return ""
    with suppress(ModelOpsError):
        past = resume.any_job(workspace, endpoint, job)
        with azure.step(f"reading the deployment of endpoint {endpoint}"):
            found = endpoints.deployment(workspace, endpoint, past.deployment)
        limit, size = resume.seconds((found.get("retrySettings") or {}).get("timeout")), found.get("miniBatchSize")
        own, items = past.options.timeout or limit, past.options.mini_batch_size or size
        if own is not None and items is not None:
            is_own = (own, items) != (limit, size)
            return f"Calls of run() ran out of time: {about_timeouts(own, items, is_jobs_own=is_own)}."
    return ""
