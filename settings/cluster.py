"""The `cluster` object: the settings of the compute cluster, or the one to adopt."""

from dataclasses import dataclass

from components.cluster import DEFAULT_VM_SIZE, ClusterNodesArgs
from settings.problems import removing
from settings.section import Section

_VM_SIZE = r"(?i:standard)_[A-Za-z]+[0-9]+[A-Za-z0-9-]*(_[A-Za-z0-9]+)*"
_MADE = ("vmSize", "priority", "minNodes", "maxNodes", "idleSeconds")


@dataclass(frozen=True)
class ClusterSettings:
    """The compute cluster: Azure VM size, kind of nodes, and how it scales (nodes; seconds); or the one to adopt."""

    vm_size: str = DEFAULT_VM_SIZE
    low_priority: bool = False
    min_nodes: int = 0
    max_nodes: int = 4
    idle_seconds: int = 120
    existing: str | None = None
    """ARM id of a cluster to adopt; the other values are then unused. None to create one."""

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


def read_cluster(section: Section, workspace: str | None) -> ClusterSettings:
    """Read the `cluster` object; the defaults are the Learn module's.

    Args:
        section: The object.
        workspace: ARM id of the adopted workspace; None if the program creates one.
    """
    section.only(*_MADE, "existing")
    if section.values.get("existing") is not None:
        return _read_existing(section, workspace)
    least = section.whole("minNodes", 0, least=0, unit="nodes that stay up without work")
    most = section.whole("maxNodes", 4, least=1, unit="nodes at most")
    if most < least:
        lowest = section.problems.public("cluster", least, "cluster.minNodes")
        section.wrong(
            "maxNodes",
            f"a whole number from {lowest}",
            section.problems.public("cluster", least, "NODES"),
            because=f"which is less than cluster.minNodes ({least})",
            default=most,
        )
    return ClusterSettings(
        vm_size=section.text(
            "vmSize",
            DEFAULT_VM_SIZE,
            pattern=_VM_SIZE,
            allowed="the name of an Azure VM size, such as STANDARD_DS11_V2 (`az vm list-skus` lists them)",
            example=DEFAULT_VM_SIZE,
        ),
        low_priority=section.choice("priority", "dedicated", ("dedicated", "lowPriority")) == "lowPriority",
        min_nodes=least,
        max_nodes=max(most, least),
        idle_seconds=section.whole("idleSeconds", 120, least=1, unit="seconds without work before a node is released"),
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
                "The program does not change an adopted cluster. Allowed together with cluster.existing: no other key.",
                removing(section.at(key)),
            )
    return ClusterSettings(existing=existing)
