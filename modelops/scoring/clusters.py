"""The cluster of a deployment, asked before a job that wants more nodes than it can ever have."""

from contextlib import suppress
from typing import Any, Final

from modelops.errors import UsageError
from modelops.scoring import endpoints
from modelops.workspace import Workspace

_API: Final = "2023-10-01"


def require(workspace: Workspace, endpoint: str, deployment: str | None, nodes: int, option: str) -> None:
    """Refuse a job of more nodes than its cluster's maximum. Sends two requests, none for one node.

    Args:
        workspace: the endpoint's.
        endpoint: physical name.
        deployment: physical name; None: the endpoint has no default, and the service refuses the job.
        nodes: of the job, from 1.
        option: where their number was given, for messages.

    Raises:
        UsageError: they are too many.
    """
    if deployment is None or nodes == 1:
        return
    cluster, most = "", None
    # Who may start a job need not be allowed to read its cluster, and other computes have no maximum.
    with suppress(Exception):
        cluster = str(endpoints.deployment(workspace, endpoint, deployment)["compute"]).rpartition("/")[2]
        most = _most(workspace.get(f"computes/{cluster}", _API))
    if most is not None and nodes > most:
        given, what, again = (
            f"{option} {nodes}",
            "Nothing was uploaded or started.",
            f"Run the command again with {option}",
        )
        if not option.startswith("--"):
            given, what, again = f"{option} is {nodes}", "No job was started.", f"Set {option} to"
        raise UsageError(
            f"{given}: cluster {cluster} has at most {most} node{'' if most == 1 else 's'}. {what} {again} {most} "
            "or less, or make the cluster's maximum larger first."
        )


def _most(compute: Any) -> int:
    return int(compute["properties"]["properties"]["scaleSettings"]["maxNodeCount"])
