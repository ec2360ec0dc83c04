"""The `cluster` object: what the compute cluster is made of, or which one to adopt."""

from dataclasses import dataclass

from components.cluster import DEFAULT_VM_SIZE, ClusterNodesArgs
from settings.problems import setting
from settings.section import Section

_VM_SIZE = r"(?i:standard)_[A-Za-z]+[0-9]+[A-Za-z0-9-]*(_[A-Za-z0-9]+)*"


@dataclass(frozen=True)
class ClusterSettings:
    """The compute cluster: Azure VM size, kind of nodes, and how it scales (nodes; seconds)."""

    vm_size: str
    low_priority: bool
    min_nodes: int
    max_nodes: int
    idle_seconds: int

    @property
    def nodes(self) -> ClusterNodesArgs:
        """The same as an argument of the cluster's component."""
        return {
            "vm_size": self.vm_size,
            "low_priority": self.low_priority,
            "min_nodes": self.min_nodes,
            "max_nodes": self.max_nodes,
            "idle_seconds": self.idle_seconds,
        }


def read_cluster(section: Section) -> ClusterSettings:
    """Read the `cluster` object; the defaults are the Learn module's."""
    section.only("vmSize", "priority", "minNodes", "maxNodes", "idleSeconds", "existing")
    least = section.whole("minNodes", 0, least=0, unit="nodes that are kept without work")
    most = section.whole("maxNodes", 4, least=1, unit="nodes at most")
    if most < least:
        section.problems.add(
            section.at("maxNodes"),
            f"is {most}, which is less than cluster.minNodes ({least})",
            f"Allowed: a whole number from {max(1, least)}.",
            setting(section.at("maxNodes"), max(1, least)),
        )
    return ClusterSettings(
        vm_size=section.text(
            "vmSize",
            DEFAULT_VM_SIZE,
            pattern=_VM_SIZE,
            allowed="the name of an Azure VM size, such as STANDARD_DS11_V2 (`az vm list-skus` has them)",
            example=DEFAULT_VM_SIZE,
        ),
        low_priority=section.choice("priority", "dedicated", ("dedicated", "lowPriority")) == "lowPriority",
        min_nodes=least,
        max_nodes=max(most, least),
        idle_seconds=section.whole("idleSeconds", 120, least=1, unit="seconds without work until a node is given back"),
    )
