"""Rules on compute clusters (AmlCompute)."""

import re
from collections.abc import Iterator
from typing import Final

from pulumi_policy import EnforcementLevel, Severity

from policy.conditions import is_number, must_be, must_be_set, must_not_be_set
from policy.naming import COMPUTE_NAME
from policy.properties import UNKNOWN, shown
from policy.rule import PRODUCTION, Option, Options, ResourceCheck, ResourceRule, Rule, Seen
from policy.sources import IDENTITIES, LIMITS, ML, SECURE_BATCH, control, limit, psrule

COMPUTE: Final = "machinelearningservices:Compute"
MAX_NODES: Final = "properties.properties.scaleSettings.maxNodeCount"

_IDLE: Final = "properties.properties.scaleSettings.nodeIdleTimeBeforeScaleDown"
_DURATION: Final = re.compile(
    r"P(?=.)(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?(?:T(?=.)(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?"
)
_SECONDS: Final = (365 * 86400, 30 * 86400, 7 * 86400, 86400, 3600, 60, 1)
"""Seconds in each part of a duration, in its order; years and months as .NET reads them."""


def seconds(duration: object) -> float | None:
    """Return the seconds of an ISO-8601 duration such as PT2M; None if it is not a duration."""
    match = _DURATION.fullmatch(duration) if isinstance(duration, str) else None
    if match is None:
        return None
    return sum(float(part or 0) * unit for part, unit in zip(match.groups(), _SECONDS, strict=True))


def _clusters(check: ResourceCheck) -> ResourceCheck:
    """Limit the check to clusters: a compute may also be an instance, or an attached resource."""

    def only(resource: Seen, options: Options) -> Iterator[str]:
        if resource.properties.at("properties.computeType") == "AmlCompute":
            yield from check(resource, options)

    return only


def _scales_to_zero(resource: Seen, options: Options) -> Iterator[str]:
    """Find nodes that stay up without work, or for longer than the option says."""
    path = "properties.properties.scaleSettings.minNodeCount"
    least = resource.properties.at(path)
    if least is not UNKNOWN and least not in (None, 0):
        yield f"{path} is {shown(least)}; it must be 0."
    idle = resource.properties.at(_IDLE)
    if idle is None:
        yield f"{_IDLE} is not set; it must be at most {options['idleSeconds']:g} seconds."
    elif (length := seconds(idle)) is not None and length > options["idleSeconds"]:
        yield f"{_IDLE} is {shown(idle)}; it must be at most {options['idleSeconds']:g} seconds."


def _duration(resource: Seen, _options: Options) -> Iterator[str]:
    idle = resource.properties.at(_IDLE)
    if idle is not None and idle is not UNKNOWN and seconds(idle) is None:
        yield f"{_IDLE} is {shown(idle)}, which is not an ISO-8601 duration; PT2M is two minutes."


def _survives_eviction(resource: Seen, _options: Options) -> Iterator[str]:
    """Find a cluster whose only node Azure may take away: its job is then cancelled, not continued."""
    most = resource.properties.at(MAX_NODES)
    if resource.properties.at("properties.properties.vmPriority") == "LowPriority" and is_number(most) and most <= 1:
        yield f"vmPriority is 'LowPriority' and {MAX_NODES} is {shown(most)}."


def _within_quota(resource: Seen, options: Options) -> Iterator[str]:
    most = resource.properties.at(MAX_NODES)
    if is_number(most) and most > options["nodes"]:
        yield f"{MAX_NODES} is {shown(most)}; a subscription starts with {options['nodes']:g}."


RULES: Final[list[Rule]] = [
    ResourceRule(
        name="machinelearning-cluster-local-auth-off",
        description="Signing in to a cluster needs Entra.",
        kinds=(COMPUTE,),
        check=_clusters(must_be("properties.disableLocalAuth", True)),
        remedy="Set disable_local_auth=True in components/cluster.py.",
        url=psrule("Azure.ML.DisableLocalAuth"),
        framework=control(44),
        severity=Severity.HIGH,
    ),
    ResourceRule(
        name="machinelearning-cluster-remote-login-off",
        description="A cluster's nodes open no port for remote login.",
        kinds=(COMPUTE,),
        check=_clusters(must_be("properties.properties.remoteLoginPortPublicAccess", "Disabled")),
        remedy="Set remote_login_port_public_access=RemoteLoginPortPublicAccess.DISABLED in components/cluster.py.",
        url=f"{ML}how-to-create-attach-compute-cluster",
        framework=control(45, "NS-2"),
        severity=Severity.HIGH,
    ),
    ResourceRule(
        name="machinelearning-cluster-no-public-ip",
        description="A cluster's nodes have no public addresses.",
        kinds=(COMPUTE,),
        check=_clusters(must_be("properties.properties.enableNodePublicIp", False)),
        remedy="This needs a virtual network, which will come with network 'isolated'. Until then, leave it off.",
        url=SECURE_BATCH,
        framework=control(46),
        level=PRODUCTION,
    ),
    ResourceRule(
        name="machinelearning-cluster-in-network",
        description="A cluster's nodes are in your virtual network.",
        kinds=(COMPUTE,),
        check=_clusters(must_be_set("properties.properties.subnet.id")),
        remedy="Give the cluster a subnet. With the workspace's managed network, leave this rule off.",
        url=psrule("Azure.ML.ComputeVnet"),
        framework=control(47, "NS-1"),
        level=PRODUCTION,
    ),
    ResourceRule(
        name="machinelearning-cluster-own-identity",
        description="Jobs run as a user-assigned identity with its own roles.",
        kinds=(COMPUTE,),
        check=_clusters(must_be("identity.type", "UserAssigned")),
        remedy="Give the cluster a user-assigned identity, as components/cluster.py does.",
        url=IDENTITIES,
        framework=control(48),
    ),
    ResourceRule(
        name="machinelearning-cluster-scales-to-zero",
        description="A cluster releases nodes that have no work.",
        kinds=(COMPUTE,),
        check=_clusters(_scales_to_zero),
        remedy="Set cluster.minNodes to 0 and cluster.idleSeconds to 120 in the stack file.",
        url=f"{ML}how-to-create-attach-compute-cluster",
        framework=control(49),
        options={"idleSeconds": Option(1800, "Most seconds that a node stays up without work.")},
    ),
    ResourceRule(
        name="machinelearning-cluster-no-admin-account",
        description="A cluster's nodes have no administrator account with a password.",
        kinds=(COMPUTE,),
        check=_clusters(must_not_be_set("properties.properties.userAccountCredentials")),
        remedy="Leave user_account_credentials unset; the password would be in the stack's state.",
        url=f"{ML}how-to-create-attach-compute-cluster",
        framework=control(50),
        severity=Severity.HIGH,
    ),
    ResourceRule(
        name="machinelearning-cluster-name",
        description="A compute has a name that the service accepts.",
        kinds=(COMPUTE,),
        check=COMPUTE_NAME.of("computeName"),
        remedy="Keep the pattern under pulumi:autonaming in Pulumi.yaml, or name the cluster yourself.",
        url=LIMITS,
        framework=limit("names"),
    ),
    ResourceRule(
        name="machinelearning-cluster-duration",
        description="A cluster's idle time is an ISO-8601 duration.",
        kinds=(COMPUTE,),
        check=_clusters(_duration),
        remedy="Write durations with iso_duration of components/cluster.py.",
        url="https://learn.microsoft.com/rest/api/azureml/compute/create-or-update",
        framework=limit("durations"),
    ),
    ResourceRule(
        name="machinelearning-cluster-survives-eviction",
        description="A low-priority cluster has more than one node: a job that loses its only node is cancelled.",
        kinds=(COMPUTE,),
        check=_clusters(_survives_eviction),
        remedy="Set cluster.maxNodes to 2, or cluster.priority to dedicated, in the stack file.",
        url=f"{ML}how-to-use-low-priority-batch",
        framework=limit("low priority"),
        severity=Severity.HIGH,
    ),
    ResourceRule(
        name="machinelearning-cluster-quota",
        description="A cluster is no larger than the default quota.",
        kinds=(COMPUTE,),
        check=_clusters(_within_quota),
        remedy="Ask for more quota before the deployment needs it, or lower cluster.maxNodes.",
        url=LIMITS,
        framework=limit("nodes of a cluster"),
        severity=Severity.LOW,
        level=EnforcementLevel.ADVISORY,
        options={"nodes": Option(100, "Most nodes that the subscription's quota allows in a cluster.")},
    ),
]
