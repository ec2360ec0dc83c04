"""What a release does in a workspace, as actions of Azure: its deployer needs all of them.

A try-out starts a job on a revision and follows it, a release notes the result on the revision, and at its end it
deletes old revisions; `rollback` moves the default. Contributor and AzureML Data Scientist allow all of this, a custom
role maybe not, and then a release would stop after the cluster was paid for. The names:
https://learn.microsoft.com/azure/role-based-access-control/permissions/ai-machine-learning; those of versions follow
from ARM's rule (https://learn.microsoft.com/azure/role-based-access-control/role-definitions#actions). That Azure needs
no more for a job is unconfirmed, as for callers: `caller_roles`.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from components.preflight import arm, caller_roles

_ML: Final = "Microsoft.MachineLearningServices/workspaces/"
_FEW: Final = 3

ACTIONS: Final = (
    *caller_roles.WORKSPACE_ACTIONS,
    *(
        f"{_ML}{action}"
        for action in (
            "batchEndpoints/read",
            "batchEndpoints/write",
            "batchEndpoints/jobs/read",
            "batchEndpoints/deployments/read",
            "batchEndpoints/deployments/write",
            "batchEndpoints/deployments/delete",
            "batchEndpoints/deployments/jobs/write",
            "jobs/read",
            "jobs/cancel/action",
            # What a revision is made of, and the input of a try-out.
            "codes/versions/read",
            "codes/versions/write",
            "codes/versions/startPendingUpload/action",
            "data/versions/read",
            "environments/versions/read",
            "environments/versions/write",
            "models/versions/read",
            "models/versions/write",
        )
    ),
)
"""The deployer's actions on the workspace: what starting a job needs of any caller, and the rest."""


def lacking(actions: Sequence[str], permissions: Sequence[Mapping[str, Any]], *, data: bool = False) -> list[str]:
    """Return the actions that no entry of the permissions allows; see `arm.allows`."""
    return [each for each in actions if not any(arm.allows(entry, each, data=data) for entry in permissions)]


def named(actions: Sequence[str]) -> str:
    """Return the part of a message that names what a custom role does not allow; empty if that is much, or nothing."""
    found = [each for each in actions if each in ACTIONS]
    return f" (not allowed: {', '.join(found)})" if 0 < len(found) <= _FEW else ""
