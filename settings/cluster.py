"""The compute clusters: `cluster` for one, `clusters` for several by name; their settings, or the ones to adopt."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from components import names
from components.cluster import DEFAULT_MAX_NODES, DEFAULT_VM_SIZE, ClusterNodesArgs
from components.release_parts.deployment_args import DeploymentArgs
from settings.naming import check_names
from settings.problems import dotted, editing, removing
from settings.section import Section

VM_SIZE: Final = r"(?i:standard)_[A-Za-z]+[0-9]+[A-Za-z0-9-]*(_[A-Za-z0-9]+)*"
SHORT: Final = "aml"
"""The key of the cluster that `cluster` describes: its name in the state since the first version."""
_MADE = ("vmSize", "priority", "minNodes", "maxNodes", "idleSeconds")


_AZURES: Final[Mapping[str, str]] = {
    "size": "vmSize",
    "tier": "priority",
    "min_instances": "minNodes",
    "max_instances": "maxNodes",
    "idle_time_before_scale_down": "idleSeconds",
}
"""The words of Azure ML's own YAML, and ours: https://learn.microsoft.com/azure/machine-learning/reference-yaml-compute-aml"""


@dataclass(frozen=True)
class ClusterSettings:
    """The compute cluster: Azure VM size, kind of nodes, and how it scales (nodes; seconds); or the one to adopt."""

    vm_size: str = DEFAULT_VM_SIZE
    low_priority: bool = False
    min_nodes: int = 0
    max_nodes: int = DEFAULT_MAX_NODES
    idle_seconds: int = 120
    existing: str | None = None
    """ARM id of a cluster to adopt; the other values are then unused. None to create one."""
    path: str = field(default="cluster", compare=False)
    """Where the stack file describes it, for messages."""

    @property
    def most_nodes(self) -> int | None:
        """Nodes that a job may ask for; None for an adopted cluster, whose size is not known yet."""
        return self.max_nodes if self.existing is None else None

    @property
    def nodes(self) -> ClusterNodesArgs:
        """The nodes, as an argument of the cluster's component."""
        return {
            "vm_size": self.vm_size,
            "low_priority": self.low_priority,
            "min_nodes": self.min_nodes,
            "max_nodes": self.max_nodes,
            "idle_seconds": self.idle_seconds,
        }


@dataclass(frozen=True)
class Clusters:
    """The clusters of a stack, by key; `short` says that there is one, described by `cluster`."""

    settings: Mapping[str, ClusterSettings]
    short: bool

    def choose(self, deployment: Section) -> str:
        """Read the key of the cluster that a deployment runs on; without `compute` it is the only one."""
        if self.short and deployment.values.get("compute") is not None:
            deployment.problems.add(
                deployment.at("compute"),
                deployment.shown("compute"),
                "The stack has only one cluster (the key cluster). Allowed: no compute, or a key of clusters.",
                removing(deployment.at("compute")),
            )
            return SHORT
        only = next(iter(self.settings)) if len(self.settings) == 1 else None
        return deployment.choice("compute", only, tuple(self.settings))

    def most_nodes(self, key: str) -> int | None:
        """Return how many nodes a cluster may have; None if that is not known."""
        return self.settings[key].most_nodes if key in self.settings else None

    def most_nodes_of(self, deployments: Mapping[str, DeploymentArgs]) -> dict[str, int]:
        """Return how many nodes each deployment's cluster may have, without those of which that is not known."""
        found = {key: self.most_nodes(each["compute"]) for key, each in deployments.items()}
        return {key: most for key, most in found.items() if most is not None}

    def check_nodes(self, deployment: Section, instances: int, asking: Section | None = None) -> None:
        """Record a deployment that asks for more nodes than its cluster has.

        Args:
            deployment: The deployment's object.
            instances: The nodes.
            asking: The object with the key `instanceCount`; None: the deployment's.
        """
        key = str(deployment.values.get("compute", next(iter(self.settings))))
        most = self.most_nodes(key)
        if most is None or instances <= most:
            return
        path = ("cluster",) if self.short else ("clusters", key)
        name = dotted((*path, "maxNodes"))
        bound = deployment.problems.public(path[0], f"{most}, which is {name}", name)
        (asking or deployment).wrong(
            "instanceCount", f"at most {bound}", deployment.problems.public(path[0], most, "NODES")
        )


def read_clusters(top: Section, workspace: str | None) -> Clusters:
    """Read `clusters`, or the one `cluster`.

    Args:
        top: The whole configuration.
        workspace: ARM id of the adopted workspace; None if the program creates one.
    """
    several, one = top.section("clusters", of="clusters by name"), top.section("cluster", of="the cluster")
    if not several.values:
        return Clusters({SHORT: _read_cluster(one, workspace)}, short=True)
    if one.values:
        top.problems.add(
            ("cluster",),
            "is set beside clusters",
            "Allowed: one of the two.",
            editing(("cluster",), f"move it below clusters; as {SHORT} it stays the same cluster"),
        )
    check_names(several, names.COMPUTE)
    return Clusters(
        {key: _read_cluster(several.section(key, of="a cluster"), workspace) for key in several.values}, short=False
    )


def _read_cluster(section: Section, workspace: str | None) -> ClusterSettings:
    """Read one cluster; the defaults are the Learn module's.

    Args:
        section: The object.
        workspace: ARM id of the adopted workspace; None if the program creates one.
    """
    section.only(*_MADE, "existing", foreign=tuple(_AZURES))
    _check_words(section)
    if section.values.get("existing") is not None:
        return _read_existing(section, workspace)
    least = section.whole("minNodes", 0, least=0, unit="nodes that stay up without work")
    most = section.whole("maxNodes", DEFAULT_MAX_NODES, least=1, unit="nodes at most")
    if most < least:
        lower = dotted(section.at("minNodes"))
        lowest = section.problems.public(section.path[0], least, lower)
        section.wrong(
            "maxNodes",
            f"a whole number from {lowest}",
            section.problems.public(section.path[0], least, "NODES"),
            because=f"which is less than {lower} ({least})",
            default=most,
        )
    return ClusterSettings(
        # The service answers sizes in upper case, whatever was sent: in other letters it is the same size.
        vm_size=section.text(
            "vmSize",
            DEFAULT_VM_SIZE,
            pattern=VM_SIZE,
            allowed="the name of an Azure VM size, such as STANDARD_DS11_V2 (https://learn.microsoft.com/azure/virtual-machines/sizes)",
            example=DEFAULT_VM_SIZE,
        ).upper(),
        low_priority=section.choice("priority", "dedicated", ("dedicated", "lowPriority")) == "lowPriority",
        min_nodes=least,
        max_nodes=max(most, least),
        idle_seconds=section.whole("idleSeconds", 120, least=1, unit="seconds without work before a node is released"),
        path=dotted(section.path),
    )


def _check_words(section: Section) -> None:
    """Record Azure ML's own words, with the line to write instead."""
    for word, ours in _AZURES.items():
        if word not in section.values:
            continue
        value = section.values[word]
        meant = {"low_priority": "lowPriority", "lowpriority": "lowPriority"}.get(str(value).lower(), value)
        written = section.problems.public(section.path[0], f"{ours}: {meant}", f"{ours}: VALUE")
        section.problems.add(
            section.at(word),
            f"is Azure ML's own word for {ours}",
            f"Allowed: {ours}.",
            editing(section.at(word), f"write {written} in place of {word}"),
        )


def _read_existing(section: Section, workspace: str | None) -> ClusterSettings:
    allowed = "the ARM id of a compute cluster in the workspace of workspace.existing"
    example = f"{section.problems.public('workspace', workspace, None) or 'WORKSPACE-ID'}/computes/CLUSTER"
    existing = section.text("existing", None, pattern=r"/.+/computes/[a-zA-Z0-9-]+", allowed=allowed, example=example)
    if existing and (workspace is None or existing.lower().rpartition("/computes/")[0] != workspace.lower()):
        because = "and workspace.existing is not set" if workspace is None else "which is in another workspace"
        section.wrong("existing", allowed, example, because=because)
    for key in section.values:
        if key in _MADE:
            section.problems.add(
                section.at(key),
                section.shown(key),
                "The program does not change an adopted cluster. Allowed together with "
                f"{dotted(section.at('existing'))}: no other key.",
                removing(section.at(key)),
            )
    return ClusterSettings(existing=existing)
