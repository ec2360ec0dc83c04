"""What Azure offers in the stack's region, asked before anything is created, in a preview too.

The region must exist, and have the clusters' VM sizes. A cluster whose nodes exceed the quota is only a warning: Azure
creates it, and its jobs wait. Without permission to ask (the lists belong to the subscription) or an answer, nothing is
said: the service then decides.
"""

import difflib
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import pulumi
from pulumi_azure_native import authorization

from components.cluster import DEFAULT_MAX_NODES, DEFAULT_VM_SIZE, ClusterNodesArgs
from components.preflight import arm, ending
from components.preflight.login import Login

_RESOURCES = "2022-12-01"
"""The api-version of the list of regions."""


class Shortage(NamedTuple):
    """A cluster whose nodes need more vCPUs than the quota of their family has."""

    cluster: str
    """Its path in the stack file (`clusters.gpu`)."""

    most: int
    """Nodes that the quota is enough for."""

    text: str
    """The whole message."""


class Offers(NamedTuple):
    """What is wrong with a region for a stack: `refused` by Azure, or only `short` of quota."""

    refused: list[str]
    short: list[Shortage]


def check(login: Login, location: str, clusters: Mapping[str, ClusterNodesArgs], place: str) -> None:
    """Refuse a region or VM size that Azure does not have; warn of a cluster that its quota cannot fill.

    Args:
        login: The deploying principal, whose subscription is asked.
        location: The region's short name.
        clusters: The nodes of each cluster that the stack creates, by the name to show.
        place: Where the stack file has the region ("Pulumi.dev.yaml:3").

    Raises: pulumi.RunError: Azure does not have the region or a VM size; names the closest ones.
    """
    try:
        azure = arm.ResourceManager(authorization.get_client_token().token, arm.PREVIEW_SECONDS)
        found = find(azure, login.subscription_id, location, clusters, place)
    except (arm.Refused, arm.Unanswered, KeyError, TypeError):
        return
    if found.refused:
        raise ending.because("\n".join([*found.refused, "Nothing was created or changed."]))
    for each in found.short:
        pulumi.log.warn(each.text)


def find(
    azure: arm.ResourceManager,
    subscription_id: str,
    location: str,
    clusters: Mapping[str, ClusterNodesArgs],
    place: str,
) -> Offers:
    """Return what a region does not offer; see `check`.

    Raises:
        arm.Refused: The lists may not be read.
        arm.Unanswered: Azure gave no usable answer.
        KeyError: Azure's answer has another form than its documentation says.
        TypeError: The same.
    """
    subscription = f"/subscriptions/{subscription_id}"
    provider = f"{subscription}/providers/Microsoft.MachineLearningServices/locations/{location}"
    regions = [each["name"] for each in azure.read_all(f"{subscription}/locations", version=_RESOURCES)]
    if regions and location not in regions:
        return Offers([_no_region(location, regions, place)], [])
    if not clusters:
        return Offers([], [])
    sizes = azure.read_all(f"{provider}/vmSizes", version=arm.MACHINE_LEARNING)
    usages = azure.read_all(f"{provider}/usages", version=arm.MACHINE_LEARNING)
    known = {str(size.get("name")).lower(): size for size in sizes}
    if not known:
        return Offers([], [])
    lacking = {name: nodes for name, nodes in clusters.items() if _vm_size(nodes).lower() not in known}
    quotas = {str((usage.get("name") or {}).get("value")).lower(): usage.get("limit") for usage in usages}
    short = (
        _shortage(name, nodes, known[_vm_size(nodes).lower()], quotas)
        for name, nodes in clusters.items()
        if name not in lacking
    )
    return Offers(
        [_no_size(name, _vm_size(nodes), location, sizes) for name, nodes in lacking.items()],
        [each for each in short if each],
    )


def _vm_size(nodes: ClusterNodesArgs) -> str:
    return nodes.get("vm_size", DEFAULT_VM_SIZE)


def _shortage(
    name: str, nodes: ClusterNodesArgs, size: Mapping[str, Any], quotas: Mapping[str, int | None]
) -> Shortage | None:
    """Say that the family's quota is less than the cluster's most nodes need; low-priority nodes have another quota."""
    family = str(size.get("family"))
    limit, cores = quotas.get(family.lower()), size.get("vCPUs")
    if nodes.get("low_priority") or limit is None or not cores or limit < 0:
        return None
    most = nodes.get("max_nodes", DEFAULT_MAX_NODES)
    if (needed := most * int(cores)) <= limit:
        return None
    text = (
        f"{name}: {most} nodes of {_vm_size(nodes)} need {needed} vCPUs, and the quota of {family} "
        f"is {limit}. Jobs will get {limit // int(cores)} nodes at most. Ask for more under Quota in the Azure "
        "Machine Learning studio, or lower maxNodes."
    )
    return Shortage(name, limit // int(cores), text)


def _no_region(location: str, regions: Iterable[str], place: str) -> str:
    near = difflib.get_close_matches(location, list(regions), n=3)
    hint = f"Similar: {', '.join(near)}. " if near else ""
    fix = f"\n  {place}: change it to azure-native:location: {near[0]}" if near else ""
    return (
        f"azure-native:location is '{location}', which is not a region of this subscription. "
        f"{hint}All: az account list-locations --query [].name{fix}"
    )


def _no_size(name: str, size: str, location: str, sizes: Iterable[Mapping[str, Any]]) -> str:
    by_lower = {str(each.get("name")).lower(): str(each.get("name")) for each in sizes}
    near = difflib.get_close_matches(size.lower(), list(by_lower), n=3)
    hint = f" Similar: {', '.join(by_lower[each] for each in near)}." if near else ""
    return (
        f"{name}.vmSize is '{size}', which Azure Machine Learning does not offer in {location}.{hint} All: az rest "
        '--url "/subscriptions/{subscriptionId}/providers/Microsoft.MachineLearningServices/locations/'
        f'{location}/vmSizes?api-version={arm.MACHINE_LEARNING}" --query "value[].name"'
    )
