"""Which endpoints leave the stack with the next `pulumi up`, told in its preview: what stops answering, and what goes.

The program no longer declares them, so they are found in what the stack put out when it was last updated. The engine's
own list shows them only as resources to delete.
"""

import os
from collections.abc import Collection, Mapping
from typing import Any, Final

import pulumi

SHOWN: Final = "RELEASE_EVENTS"
"""Environment variable that `modelops plan` and `modelops up` set (modelops/runner/channel.py): they show it better."""


def tell(endpoints: Collection[str]) -> None:
    """Warn of each endpoint that the stack has and the stack file does not, in a preview that people read.

    Jobs stay, according to Microsoft's documentation of batch endpoints ("Clean up resources" of
    https://learn.microsoft.com/azure/machine-learning/how-to-use-batch-model-deployments).

    Args:
        endpoints: the endpoints' names in the stack file.
    """
    if pulumi.runtime.is_dry_run() and not os.environ.get(SHOWN):
        found: pulumi.Output[Mapping[str, Any]] = pulumi.Output.from_input(_there())
        found.apply(lambda there: _warn(endpoints, there))


def _warn(endpoints: Collection[str], there: Mapping[str, Mapping[str, Any]]) -> None:
    new = [each for each in endpoints if each not in there]
    for name, each in there.items():
        if name not in endpoints:
            pulumi.log.warn(_sentence(name, each, new))


def _sentence(name: str, endpoint: Mapping[str, Any], new: Collection[str]) -> str:
    others = f" {' and '.join(new)} will have another address: tell the callers." if new else ""
    return (
        f"endpoint {name} ({endpoint.get('name')}) is no longer in the stack file: {endpoint.get('scoringUri')} stops "
        f"answering, and its deployments go with it; its jobs, models and what jobs wrote stay.{others}"
    )


async def _there() -> Mapping[str, Mapping[str, Any]]:
    """Return the endpoints in the stack's own outputs; none of a stack that has none yet, or cannot be read."""
    name = f"{pulumi.get_organization()}/{pulumi.get_project()}/{pulumi.get_stack()}"
    try:
        # Not a StackReference, which would be one more resource.
        found = await pulumi.runtime.invoke_async("pulumi:pulumi:readStackOutputs", {"name": name})
    except Exception:  # noqa: BLE001 - the SDK raises nothing more particular, and a preview goes on without it
        return {}
    endpoints: Mapping[str, Mapping[str, Any]] = (found.get("outputs") or {}).get("endpoints") or {}
    return endpoints
