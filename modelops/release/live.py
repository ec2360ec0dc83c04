"""The live state: an endpoint, its default and its revisions, as plain values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from modelops import azure, rehearsal
from modelops.errors import ReleaseError
from modelops.plan.plan import ReleasePlan
from modelops.plan.registered import Registered
from modelops.release.last_set import LastSet, without_ours
from modelops.workspace import Workspace

SUCCEEDED: Final = "Succeeded"
IDENTITY_PROPERTY: Final = "revisionIdentity"
"""Deployment property with the whole identity; the name has its first 8 digits."""
LOGICAL_PROPERTY: Final = "revisionOf"
"""Deployment property with the name in the stack file, which the name in Azure may have only in part."""

# The versions of azure-ai-ml 1.35 for the same reads.
_ENDPOINTS_API: Final = "2023-10-01"
_DEPLOYMENTS_API: Final = "2024-01-01-preview"
_COMPUTES_API: Final = "2024-10-01-preview"
_MODELS_API: Final = "2023-08-01-preview"


@dataclass(frozen=True, slots=True)
class LiveDeployment:
    """A deployment, as the service returns it."""

    name: str
    state: str
    compute: str | None = None
    identity: str | None = None
    instances: int = 1
    """Nodes that a job asks for."""
    logical: str | None = None
    """Its name in the stack file; None without our mark: then a release did not make it, and never touches it."""
    created_at: str = ""
    """ISO-8601; empty if the service does not say."""
    tags: Mapping[str, str] = field(default_factory=dict)
    properties: Mapping[str, str] = field(default_factory=dict)
    model: str | None = None
    """The model's id, as the service returns it."""
    body: Mapping[str, Any] = field(default_factory=dict)
    """All its properties, as the service returns them."""


@dataclass(frozen=True, slots=True)
class LiveEndpoint:
    """An endpoint, as the service returns it, with its deployments by name."""

    name: str
    default: str | None
    description: str
    tags: Mapping[str, str]
    properties: Mapping[str, str]
    location: str | None
    scoring_uri: str | None
    deployments: Mapping[str, LiveDeployment] = field(default_factory=dict)
    last_set: LastSet | None = None
    """What a release or a rollback set last; None before the first one that wrote it."""

    def is_usable(self, name: str | None) -> bool:
        """Whether `name` is a deployment in state Succeeded."""
        deployment = self.deployments.get(name) if name else None
        return deployment is not None and deployment.state == SUCCEEDED

    @property
    def usable(self) -> list[str]:
        """The names of the deployments in state Succeeded."""
        return [name for name in self.deployments if self.is_usable(name)]

    def was_default(self, name: str) -> bool:
        """Whether a release or a rollback made `name` the default, now or before, as far as the endpoint's tags say."""
        return self.last_set is not None and self.last_set.when_default(name) is not None


def same_tags(found: Mapping[str, str], planned: Mapping[str, str]) -> bool:
    """Whether two sets of tags are the same, without those that releases write.

    Their names are case-insensitive, and a service may keep older letters. Source: https://learn.microsoft.com/azure/azure-resource-manager/management/tag-resources
    """
    return {name.lower(): value for name, value in without_ours(found).items()} == {
        name.lower(): value for name, value in without_ours(planned).items()
    }


def read(workspace: Workspace, plan: ReleasePlan) -> LiveEndpoint:
    """Read the plan's endpoint and its deployments; see `read_endpoint`."""
    return read_endpoint(workspace, plan.endpoint.name)


def read_endpoint(workspace: Workspace, name: str) -> LiveEndpoint:
    """Read an endpoint and its deployments.

    Raises:
        ReleaseError: the endpoint does not exist, or Azure cannot be asked.
    """
    with azure.step(f"reading endpoint {name}"):
        try:
            endpoint = workspace.get(f"batchEndpoints/{name}", _ENDPOINTS_API)
        except Exception as error:
            if not azure.is_missing(error):
                raise
            raise ReleaseError(
                f"endpoint {name} does not exist in workspace {workspace.name}: it was deleted outside Pulumi. To "
                f"create it again and release to it: {rehearsal.up('STACK', '--refresh')}"
            ) from error
    listed = deployments(workspace, name)
    body = endpoint["properties"]
    return LiveEndpoint(
        name=name,
        default=(body.get("defaults") or {}).get("deploymentName") or None,
        description=body.get("description") or "",
        tags=dict(endpoint.get("tags") or {}),
        properties=dict(body.get("properties") or {}),
        location=endpoint.get("location"),
        scoring_uri=body.get("scoringUri"),
        deployments={each.name: each for each in listed},
        last_set=LastSet.read(endpoint.get("tags") or {}),
    )


def endpoints(workspace: Workspace) -> list[str]:
    """Return the names of the workspace's batch endpoints."""
    with azure.step("listing the endpoints"):
        return [str(each["name"]) for each in workspace.list("batchEndpoints", _ENDPOINTS_API)]


def deployments(workspace: Workspace, endpoint: str) -> list[LiveDeployment]:
    """Return the deployments of an endpoint."""
    with azure.step(f"reading endpoint {endpoint}"):
        listed = workspace.list(f"batchEndpoints/{endpoint}/deployments", _DEPLOYMENTS_API)
        return [_deployment(each) for each in listed]


def read_deployment(workspace: Workspace, endpoint: str, name: str) -> LiveDeployment | None:
    """Read one deployment, or None if it does not exist."""
    with azure.step(f"reading deployment {name}"):
        body = found(workspace, f"batchEndpoints/{endpoint}/deployments/{name}", _DEPLOYMENTS_API)
    return None if body is None else _deployment(body)


def compute_exists(workspace: Workspace, compute_id: str) -> bool:
    """Whether the cluster that a revision runs on still exists."""
    name = compute_id.rpartition("/")[2]
    with azure.step(f"reading cluster {name}"):
        return found(workspace, f"computes/{name}", _COMPUTES_API) is not None


def most_nodes(workspace: Workspace, compute_id: str) -> int | None:
    """Most nodes of the cluster that a revision runs on; None if the cluster does not exist."""
    name = compute_id.rpartition("/")[2]
    with azure.step(f"reading cluster {name}"):
        cluster = found(workspace, f"computes/{name}", _COMPUTES_API)
    if cluster is None:
        return None
    scale = (cluster["properties"].get("properties") or {}).get("scaleSettings") or {}
    return int(scale.get("maxNodeCount") or 0)


def model_exists(workspace: Workspace, model_id: str) -> bool:
    """Whether a revision's model still exists; true of one in a registry, which is not asked."""
    model = Registered.of_model(model_id)
    if model is None or model.registry is not None:
        return True
    path = f"models/{model.name}/versions/{model.version}"
    with azure.step(f"reading {path}"):
        return found(workspace, path, _MODELS_API) is not None


def model_name(model_id: str) -> str:
    """`NAME:VERSION` of a revision's model."""
    *_, name, _versions, version = model_id.split("/")
    return f"{name}:{version}"


def found(workspace: Workspace, path: str, api_version: str) -> Any:
    """Read a resource of the workspace, or None if it does not exist; `path` is below the workspace."""
    try:
        return workspace.get(path, api_version)
    except Exception as error:
        if azure.is_missing(error):
            return None
        raise


def _deployment(found: Any) -> LiveDeployment:
    body = found["properties"]
    properties = dict(body.get("properties") or {})
    identity = properties.get(IDENTITY_PROPERTY)
    return LiveDeployment(
        name=str(found["name"]),
        state=str(body.get("provisioningState") or "Unknown"),
        compute=body.get("compute"),
        identity=identity,
        instances=int((body.get("resources") or {}).get("instanceCount") or 1),
        logical=_logical(str(found["name"]), properties),
        created_at=str((found.get("systemData") or {}).get("createdAt") or ""),
        tags=dict(found.get("tags") or {}),
        properties=properties,
        model=(body.get("model") or {}).get("assetId"),
        body=body,
    )


def _logical(name: str, properties: Mapping[str, str]) -> str | None:
    """Return a revision's name in the stack file; None for a deployment without our mark.

    The first versions wrote no `LOGICAL_PROPERTY`; their names had the whole of it.
    """
    identity = properties.get(IDENTITY_PROPERTY)
    if not identity:
        return None
    before, hyphen, digits = name.rpartition("-")
    return properties.get(LOGICAL_PROPERTY) or (before if hyphen and identity.startswith(digits) else None)
