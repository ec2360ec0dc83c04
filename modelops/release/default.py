"""Moves the default: a full PUT of the endpoint's body, with what is set and why; then a read to check the result."""

from collections.abc import Mapping
from typing import Final

from modelops import azure
from modelops.errors import ReleaseError
from modelops.plan.plan import ReleasePlan
from modelops.release import last_set, live
from modelops.release.operations import finished
from modelops.workspace import Workspace

_AUTH_MODE: Final = "aad_token"  # the only one that batch endpoints support


def needs_switch(plan: ReleasePlan, endpoint: live.LiveEndpoint, target: str) -> bool:
    """Whether the endpoint's body differs from the plan's: default, description, tags, or what was last set."""
    record = endpoint.last_set
    return (
        endpoint.default != target
        or (record is not None and record.default != target)
        or plan.number not in (0, record.number if record else 0)
        or endpoint.description != plan.endpoint.description
        or not live.same_tags(endpoint.tags, plan.endpoint.tags)
    )


def switch(workspace: Workspace, plan: ReleasePlan, endpoint: live.LiveEndpoint, record: last_set.LastSet) -> None:
    """Make the record's revision the default, with the record and the plan's description and tags in the same request.

    Raises:
        ReleaseError: the revision is not a deployment in state Succeeded, or the service refused the request.
    """
    _send(workspace, endpoint, record, plan.endpoint.description, plan.endpoint.tags)


def switch_alone(workspace: Workspace, endpoint: live.LiveEndpoint, record: last_set.LastSet) -> None:
    """Make the record's revision the default, and leave the description and the user's tags as they are.

    Raises:
        ReleaseError: as of `switch`.
    """
    _send(workspace, endpoint, record, endpoint.description, endpoint.tags)


def _send(
    workspace: Workspace,
    endpoint: live.LiveEndpoint,
    record: last_set.LastSet,
    description: str,
    tags: Mapping[str, str],
) -> None:
    """Send the endpoint's whole body.

    The service has no smaller request for a default (PATCH takes tags only), and a PUT replaces the body: so it also
    sends back Pulumi's properties, and those that the service added.
    """
    target = record.default
    if not endpoint.is_usable(target):
        found = endpoint.deployments.get(target)
        raise ReleaseError(
            f"deployment {target} cannot become the default of {endpoint.name}: it "
            f"{f'is in state {found.state}' if found else 'does not exist'}. The default was not changed."
        )
    ml = workspace.ml  # first: it lets one thread at a time import the SDK
    from azure.ai.ml import entities  # noqa: PLC0415

    body = entities.BatchEndpoint(
        name=endpoint.name,
        description=description,
        tags={**last_set.without_ours(tags), **record.tags()},
        properties=dict(endpoint.properties),
        auth_mode=_AUTH_MODE,
        location=endpoint.location,
        # A dictionary: in some SDK versions the service refuses the attribute form, and in ours it fails if the
        # endpoint has no default yet.
        defaults={"deployment_name": target},
    )
    with azure.step(f"switching the default of {endpoint.name} to {target}"):
        finished(ml.batch_endpoints.begin_create_or_update(body), "the switch")


def verify(workspace: Workspace, name: str, target: str, again: str) -> live.LiveEndpoint:
    """Read the endpoint back and compare.

    Args:
        workspace: the endpoint's.
        name: the endpoint's, in Azure.
        target: the default to be.
        again: the command to run if it is not.

    Raises:
        ReleaseError: the service accepted the switch but returns another default.
    """
    endpoint = live.read_endpoint(workspace, name)
    if endpoint.default != target:
        raise ReleaseError(
            f"the switch of {endpoint.name} to {target} was accepted, but the endpoint's default is "
            f"{endpoint.default or 'not set'}. Somebody changed it at the same moment; run `{again}` again."
        )
    if not endpoint.is_usable(target):
        raise ReleaseError(
            f"the default of {endpoint.name} is {target}, which is no longer in state {live.SUCCEEDED}. Run "
            f"`{again}` again."
        )
    return endpoint
