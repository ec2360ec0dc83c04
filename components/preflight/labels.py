"""The version that the label `latest` names, asked of Azure each time the program runs.

The plan therefore always holds a version: a new one is a change of the plan that the preview shows, and the release
uses the same.
"""

from collections.abc import Sequence
from typing import Any, Final, Literal, NamedTuple

import pulumi
from pulumi.output import UNKNOWN
from pulumi_azure_native import authorization

from components.preflight import arm

Collection = Literal["models", "environments"]

# As azure-ai-ml asks (_get_latest of _utils/_asset_utils.py): the newest version, not the one with the highest number.
_NEWEST: Final = "&$orderBy=createdtime%20desc&$top=1"


class Place(NamedTuple):
    """A workspace."""

    subscription_id: pulumi.Input[str]
    resource_group: pulumi.Input[str]
    workspace: pulumi.Input[str]


def latest_version(collection: Collection, name: str, place: Place, otherwise: str | None = None) -> pulumi.Output[str]:
    """Return the newest version of a model or environment; unknown in a preview before the workspace exists.

    Args:
        collection: What it is.
        name: Its name.
        place: The workspace.
        otherwise: What is returned, with a warning, instead of an error; None: nothing is.

    Raises: pulumi.RunError: Later: there is no version, or, unless in a preview, Azure does not answer.
    """

    def ask(known: Sequence[str]) -> Any:
        try:
            return _ask(collection, name, known)
        except pulumi.RunError as error:
            if otherwise is None:
                raise
            pulumi.log.warn(str(error).partition(", so the release")[0])
            return otherwise

    token = authorization.get_client_token_output().token
    return pulumi.Output.all(*place, token).apply(ask)


def _ask(collection: Collection, name: str, known: Sequence[str]) -> Any:
    subscription, group, workspace, token = known
    path = (
        f"/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.MachineLearningServices"
        f"/workspaces/{workspace}/{collection}/{name}/versions"
    )
    seconds = arm.PREVIEW_SECONDS if pulumi.runtime.is_dry_run() else arm.LIMIT_SECONDS
    try:
        found = arm.ResourceManager(token, seconds).read(path, _NEWEST, version=arm.MACHINE_LEARNING)["value"]
    except arm.Refused as error:
        if error.status == 404:  # noqa: PLR2004
            raise _nothing(collection, name, workspace) from None
        return _unanswered(collection, name, str(error))
    except arm.Unanswered as error:
        return _unanswered(collection, name, str(error))
    if not found:
        raise _nothing(collection, name, workspace)
    return str(found[0]["name"])


def _nothing(collection: Collection, name: str, workspace: str) -> pulumi.RunError:
    kind = collection.removesuffix("s")
    return pulumi.RunError(
        f"{name}@latest: workspace '{workspace}' has no version of {kind} '{name}', so the release cannot run.\n"
        f"  Register one with azure-ai-ml: ml_client.{collection}.create_or_update(...)\n"
        f"  Or set {kind} of the deployment in the stack file: docs/models-and-environments.md has its keys."
    )


def _unanswered(collection: Collection, name: str, why: str) -> Any:
    """Leave the version open in a preview, which readers may run; anything else cannot go on without it."""
    text = f"{name}@latest: the latest version of {collection.removesuffix('s')} '{name}' is unknown: {why}"
    if not pulumi.runtime.is_dry_run():
        raise pulumi.RunError(text)
    pulumi.log.warn(text)
    return UNKNOWN
