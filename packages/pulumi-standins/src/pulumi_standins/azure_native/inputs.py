"""The inputs that Check returns: the program's, plus those that azure-native fills in (name, location, version)."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from pulumi_standins.azure_native.config import Settings
from pulumi_standins.azure_native.names import Autonaming, default_name
from pulumi_standins.azure_native.schema import Resource
from pulumi_standins.azure_native.values import UNKNOWN, has_unknown


async def checked(
    resource: Resource,
    news: Mapping[str, Any],
    olds: Mapping[str, Any],
    *,
    logical: str,
    seed: bytes,
    autonaming: Autonaming | None,
    settings: Settings,
    group_location: Callable[[str], Awaitable[str | None]],
) -> dict[str, Any]:
    """Fill in missing inputs. Schema defaults are not filled in here: they come from the SDK's Args classes.

    Args:
        resource: the resource type.
        news: the program's inputs.
        olds: the inputs of the last deployment, empty for a new resource and for a replacement.
        logical: the resource's name in the program.
        seed: the engine's random seed.
        autonaming: the engine's setting for names, None if it sent none.
        settings: the provider's settings.
        group_location: looks up a resource group's location.
    """
    result = dict(news)
    parameter, kind = resource.rules.autoname
    if parameter not in result:
        result |= default_name(parameter, kind, logical, olds, seed=seed, autonaming=autonaming)
    if "location" not in result and "location" in resource.body_inputs:
        location = await _location(result, olds, settings, group_location)
        if location is not None:
            result["location"] = location
    result.setdefault("azureApiVersion", resource.api_version)
    return result


async def _location(
    news: Mapping[str, Any],
    olds: Mapping[str, Any],
    settings: Settings,
    group_location: Callable[[str], Awaitable[str | None]],
) -> Any:
    """Return the old location, else the configured one, else the resource group's (never the workspace's)."""
    if "location" in olds:
        return olds["location"]
    if settings.location:
        return settings.location
    group = news.get("resourceGroupName")
    if group is None or has_unknown(group):
        return None if group is None else UNKNOWN
    return await group_location(str(group))
