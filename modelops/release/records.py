"""What a release notes on a revision: tags of the deployment, which the next release reads, on whatever machine.

A deployment's properties are given when it is made; its tags may be changed later, by PATCH (REST specification
2025-12-01, BatchDeployments_Update). A user's tag cannot begin with `modelops-` (settings refuse it).
"""

import hashlib
import json
from dataclasses import replace
from typing import Any, Final, Literal, NamedTuple, get_args

from modelops import azure
from modelops.errors import ReleaseError
from modelops.plan.plan import ReleasePlan
from modelops.plan.rules import OUR_TAGS
from modelops.plan.try_out import TryOut
from modelops.release import live
from modelops.release.context import TRY, Context
from modelops.release.operations import when_free
from modelops.release.turns import turn

TRY_OUT: Final = f"{OUR_TAGS}try-out"
"""`OUTCOME JOB DIGEST`: what came of the revision's last try-out."""
SAMPLE: Final = f"{OUR_TAGS}sample"
"""`JOB DIGEST`: the revision's job on the input with this digest, whose predictions others are compared with."""

_API: Final = "2024-01-01-preview"
_DIGITS: Final = 12
_WAIT_SECONDS: Final = 2.0
_LONGEST_SECONDS: Final = 300.0

Outcome = Literal["started", "passed", "failed"]
_OUTCOMES: Final[tuple[Outcome, ...]] = get_args(Outcome)


class Record(NamedTuple):
    """What came of a try-out.

    Attributes:
        outcome: `started`: its job was, and is not judged yet; `failed`: by the candidate's own fault.
        job: the job's name.
        digest: which try-out it was: see `digest`.
    """

    outcome: Outcome
    job: str
    digest: str

    def __str__(self) -> str:
        return f"{self.outcome} {self.job} {self.digest}"


class Sample(NamedTuple):
    """A job of a revision, and the digest of what it scored and how."""

    job: str
    digest: str

    def __str__(self) -> str:
        return f"{self.job} {self.digest}"


def digest(try_out: TryOut) -> str:
    """Return the first 12 hex digits of the SHA-256 of a try-out's canonical JSON, without what its report shows."""
    return digest_of(replace(try_out, samples=None).to_json())


def digest_of(data: Any) -> str:
    """Return the first 12 hex digits of the SHA-256 of canonical JSON."""
    text = json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:_DIGITS]


def try_out(deployment: live.LiveDeployment) -> Record | None:
    """Return what came of the revision's last try-out; None without one, or if the tag says something else."""
    words = deployment.tags.get(TRY_OUT, "").split()
    if len(words) != len(Record._fields):
        return None
    outcome, job, of = words
    return next((Record(each, job, of) for each in _OUTCOMES if each == outcome), None)


def sample(deployment: live.LiveDeployment) -> Sample | None:
    """Return the revision's job that others are compared with; None without one."""
    words = deployment.tags.get(SAMPLE, "").split()
    return Sample(*words) if len(words) == len(Sample._fields) else None


def is_failed_candidate(endpoint: live.LiveEndpoint, deployment: live.LiveDeployment) -> bool:
    """Whether a revision with our mark does not serve, and cannot: it could not be made, or failed its try-out.

    A former default did not fail: a try-out that the stack file has changed since then does not take the way back.
    """
    if deployment.logical is None or deployment.name == endpoint.default:
        return False
    record = try_out(deployment)
    has_failed = record is not None and record.outcome == "failed" and not endpoint.was_default(deployment.name)
    return has_failed or deployment.state in ("Failed", "Canceled")


def not_passed(endpoint: live.LiveEndpoint, deployment: live.LiveDeployment, plan: ReleasePlan | None) -> str | None:
    """Return why a revision that was never the default must not become it now, as the end of a sentence, or None.

    Args:
        endpoint: what is live.
        deployment: the revision.
        plan: says whether its deployment has a try-out, so that a revision without a record was not tried out; None if
            that is not known.
    """
    if endpoint.was_default(deployment.name):
        return None
    record = try_out(deployment)
    if record is None:
        planned = plan.deployments.get(deployment.logical or "") if plan else None
        # Before the first release that writes tags, the default is what a release set without them.
        is_old = endpoint.last_set is None and endpoint.default == deployment.name
        return None if is_old or planned is None or planned.try_out is None else "was not tried out"
    return {"failed": "failed its try-out", "started": "has not passed its try-out yet"}.get(record.outcome)


def write(context: Context, endpoint: str, revision: str, tag: str, value: str) -> None:
    """Set one of our tags on a revision; the others stay. Steps of this process that do this at once take turns.

    Args:
        context: the release's surroundings.
        endpoint: physical name.
        revision: physical name.
        tag: `TRY_OUT` or `SAMPLE`.
        value: at most 256 characters.

    Raises:
        ReleaseError: the revision is gone, the service refused it, or did not do it in five minutes.
        Stopped: the process was told to stop.
    """
    with turn(f"{context.workspace.id}/{endpoint}/{revision}".lower(), context.wait):
        found = when_free(context, TRY, revision, lambda: _sent(context, endpoint, revision, tag, value))
        waited = 0.0
        while found is not None and found.tags.get(tag) != value:
            if waited >= _LONGEST_SECONDS:
                raise ReleaseError(f"deployment {revision} has no tag {tag} {waited:.0f} s after the service took it.")
            context.progress(TRY, f"waiting for a tag of deployment {revision} ({waited:.0f} s)", subject=revision)
            context.wait(_WAIT_SECONDS)
            waited += _WAIT_SECONDS
            found = live.read_deployment(context.workspace, endpoint, revision)


def _sent(context: Context, endpoint: str, revision: str, tag: str, value: str) -> live.LiveDeployment | None:
    """Send the tag; return the revision as it was before if the service is still at it, or None."""
    found = live.read_deployment(context.workspace, endpoint, revision)
    if found is None:
        raise ReleaseError(f"deployment {revision} of {endpoint} was deleted while it was released.")
    path = f"batchEndpoints/{endpoint}/deployments/{revision}"
    with azure.step(f"noting {value.partition(' ')[0]!r} on deployment {revision}"):
        # All tags: whether the service merges or replaces them, the result is the same.
        answer = context.workspace.patch(path, _API, {"tags": {**found.tags, tag: value}})
    return found if answer is None else None
