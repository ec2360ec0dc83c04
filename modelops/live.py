"""What is live: an endpoint, its default and its revisions, read through the SDK into plain values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from modelops import azure
from modelops.errors import ReleaseError
from modelops.plan import ReleasePlan

if TYPE_CHECKING:
    from azure.ai.ml import MLClient

SUCCEEDED = "Succeeded"
IDENTITY_PROPERTY = "revisionIdentity"
"""Deployment property that holds the whole identity of which the name shows 8 digits."""


@dataclass(frozen=True, slots=True)
class LiveDeployment:
    """A deployment as the service shows it."""

    name: str
    state: str
    compute: str | None = None
    identity: str | None = None


@dataclass(frozen=True, slots=True)
class LiveEndpoint:
    """An endpoint as the service shows it, with its deployments by name."""

    name: str
    default: str | None
    description: str
    tags: Mapping[str, str]
    properties: Mapping[str, str]
    location: str | None
    scoring_uri: str | None
    deployments: Mapping[str, LiveDeployment] = field(default_factory=dict)

    def is_usable(self, name: str | None) -> bool:
        """Whether `name` is a deployment in state Succeeded."""
        deployment = self.deployments.get(name) if name else None
        return deployment is not None and deployment.state == SUCCEEDED


def read(ml: "MLClient", plan: ReleasePlan) -> LiveEndpoint:
    """Read the plan's endpoint and its deployments.

    Raises:
        ReleaseError: the endpoint does not exist, or Azure cannot be asked.
    """
    name = plan.endpoint.name
    with azure.step(f"reading endpoint {name}"):
        try:
            endpoint = ml.batch_endpoints.get(name)
        except Exception as error:
            if not azure.is_missing(error):
                raise
            raise ReleaseError(
                f"endpoint {name} does not exist in workspace {plan.workspace}: it was deleted outside Pulumi. "
                "Run `pulumi up --refresh` to make it anew and release to it."
            ) from error
        deployments = [_deployment(each) for each in ml.batch_deployments.list(name)]
    return LiveEndpoint(
        name=name,
        default=default_of(endpoint),
        description=endpoint.description or "",
        tags=dict(endpoint.tags or {}),
        properties=dict(endpoint.properties or {}),
        location=endpoint.location,
        scoring_uri=endpoint.scoring_uri,
        deployments={each.name: each for each in deployments},
    )


def read_deployment(ml: "MLClient", endpoint: str, name: str) -> LiveDeployment | None:
    """Read one deployment, or None if it does not exist."""
    with azure.step(f"reading deployment {name}"):
        try:
            return _deployment(ml.batch_deployments.get(name=name, endpoint_name=endpoint))
        except Exception as error:
            if azure.is_missing(error):
                return None
            raise


def compute_exists(ml: "MLClient", compute_id: str) -> bool:
    """Whether the cluster that a revision runs on is still there."""
    with azure.step(f"reading cluster {compute_id.rpartition('/')[2]}"):
        try:
            ml.compute.get(compute_id.rpartition("/")[2])
        except Exception as error:
            if azure.is_missing(error):
                return False
            raise
    return True


def default_of(endpoint: Any) -> str | None:
    """The default deployment's name; `defaults` comes as None, as an object or as a dictionary."""
    defaults = endpoint.defaults
    if isinstance(defaults, Mapping):
        name = defaults.get("deployment_name") or defaults.get("deploymentName")
    else:
        name = getattr(defaults, "deployment_name", None)
    return str(name) if name else None


def _deployment(found: Any) -> LiveDeployment:
    return LiveDeployment(
        name=str(found.name),
        # An enumeration when the SDK knows the word, the plain word otherwise.
        state=str(getattr(found.provisioning_state, "value", found.provisioning_state) or "Unknown"),
        compute=found.compute,
        identity=(found.properties or {}).get(IDENTITY_PROPERTY),
    )
