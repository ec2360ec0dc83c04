"""The revisions of an endpoint: what each is, and why one cannot be the default."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from modelops.plan.plan import ReleasePlan
from modelops.release import going_back, live, provenance, records
from modelops.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Revision:
    """A deployment of an endpoint. None is what is not known."""

    name: str
    deployment: str | None
    """Its name in the stack file; None for one that no release made."""
    state: str
    is_default: bool
    created: str | None
    """ISO-8601."""
    default_at: str | None
    """When it was last made the default, ISO-8601; empty if the time is not known, None if it was not."""
    model: str | None
    """`NAME:VERSION`."""
    commit: str | None
    try_out: str | None
    """`started`, `passed` or `failed`."""
    is_left: bool
    """Whether a rollback abandoned it, so that a release refuses a plan with it."""
    problem: str | None
    """Why it cannot be the default, as the end of a sentence; None if it can."""

    def to_json(self) -> dict[str, Any]:
        """One revision of docs/schemas/revisions.json."""
        return {
            "name": self.name,
            "deployment": self.deployment,
            "state": self.state,
            "isDefault": self.is_default,
            "created": self.created,
            "defaultAt": self.default_at or None,
            "model": self.model,
            "commit": self.commit,
            "tryOut": self.try_out,
            "rolledBack": self.is_left,
            "problem": self.problem,
        }


def revisions(workspace: Workspace, endpoint: live.LiveEndpoint, plan: ReleasePlan | None) -> list[Revision]:
    """Return the endpoint's revisions, the newest first.

    Args:
        workspace: to be read.
        endpoint: what is live.
        plan: see `records.not_passed`.

    Raises:
        ReleaseError: Azure cannot be asked.
    """
    return sorted(_revisions(workspace, endpoint, plan), key=lambda each: (each.created or "", each.name), reverse=True)


def _revisions(workspace: Workspace, endpoint: live.LiveEndpoint, plan: ReleasePlan | None) -> Iterator[Revision]:
    last = endpoint.last_set
    for each in endpoint.deployments.values():
        tried = records.try_out(each)
        yield Revision(
            name=each.name,
            deployment=each.logical,
            state=each.state,
            is_default=each.name == endpoint.default,
            created=each.created_at or None,
            default_at=last.when_default(each.name) if last else None,
            model=live.model_name(each.model) if each.model else None,
            commit=each.properties.get(provenance.COMMIT),
            try_out=tried.outcome if tried else None,
            is_left=last is not None and each.name in last.abandoned,
            problem=going_back.unusable(workspace, endpoint, each.name, plan),
        )
