"""Archives the model versions that no deployment uses any more, where the stack file asks for it.

An archived version is only left out of lists, and can still be used (https://learn.microsoft.com/cli/azure/ml/model).
So a release that needs one again uses it, and takes it out of the archive. Only versions that a release registered are
touched: those with a digest or an origin.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace

from modelops import azure
from modelops.errors import ReleaseError
from modelops.plan.plan import RegisteredModel, ReleasePlan
from modelops.plan.registered import Registered
from modelops.release import live, register, retention
from modelops.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Version:
    """A model version, and whether it is in the archive."""

    name: str
    number: str
    is_archived: bool

    @property
    def doing(self) -> str:
        """What is done so that it is so."""
        return "archiving" if self.is_archived else "restoring"

    def __str__(self) -> str:
        return f"{self.name}:{self.number}"


def changes(
    workspace: Workspace, plan: ReleasePlan, endpoint: live.LiveEndpoint, going: Collection[str]
) -> list[Version]:
    """Return the versions to archive or to take out of the archive, as they will be; only models of this endpoint.

    Args:
        workspace: to be read.
        plan: complete.
        endpoint: what is live.
        going: names of its deployments that are about to be deleted.

    Raises:
        ReleaseError: Azure cannot be asked.
    """
    if not plan.archive_models:
        return []
    names = {each.model.name for each in plan.deployments.values() if not isinstance(each.model, RegisteredModel)}
    names |= {found[0] for each in retention.of_releases(endpoint) if (found := _of(each))}
    planned = {_of(each) for each in endpoint.deployments.values() if each.name in plan.revisions.values()}
    used = {
        _of(each)
        for name in live.endpoints(workspace)
        for each in (endpoint.deployments.values() if name == endpoint.name else _deployments(workspace, name))
        if name != endpoint.name or each.name not in going
    }
    registered = [each for name in sorted(names) for each in _registered(workspace, name)]
    return [
        replace(each, is_archived=not each.is_archived)
        for each in registered
        if ((each.name, each.number) in planned if each.is_archived else (each.name, each.number) not in used)
    ]


def carry_out(workspace: Workspace, change: Version) -> None:
    """Archive a version, or take it out of the archive.

    Raises:
        ReleaseError: the service refused it.
    """
    with azure.step(f"{change.doing} model {change}"):
        send = workspace.ml.models.archive if change.is_archived else workspace.ml.models.restore
        send(name=change.name, version=change.number)


def _deployments(workspace: Workspace, endpoint: str) -> list[live.LiveDeployment]:
    """Return the deployments of an endpoint that was listed; none if somebody deleted it since."""
    try:
        return live.deployments(workspace, endpoint)
    except ReleaseError as error:
        if error.__cause__ is not None and azure.is_missing(error.__cause__):
            return []
        raise


def _of(deployment: live.LiveDeployment) -> tuple[str, str] | None:
    """Return name and version of a deployment's model; None if it is in a registry."""
    found = Registered.of_model(deployment.model or "")
    return (found.name, found.version) if found and found.registry is None else None


def _registered(workspace: Workspace, name: str) -> Iterator[Version]:
    """Yield the versions of a model that releases registered."""
    with azure.step(f"listing the versions of model {name}"):
        listed = list(register.versions(workspace, name))
    for each in listed:
        properties = each["properties"].get("properties") or {}
        if register.DIGEST_PROPERTY in properties or register.ORIGIN_PROPERTY in properties:
            yield Version(name, str(each["name"]), is_archived=bool(each["properties"].get("isArchived")))
