"""The workspace: the one to adopt, or the settings of a new one that differ between environments."""

import re
from dataclasses import dataclass, field

from components.workspace_parts.network import OPEN, NetworkArgs
from components.workspace_parts.workspace_args import WorkspaceProfileArgs
from settings.access import UUID, read_job_writes
from settings.network import read_network
from settings.problems import removing, setting
from settings.section import Section

STORAGE_SKUS = ("Standard_LRS", "Standard_ZRS", "Standard_GRS", "Standard_RAGRS", "Standard_GZRS", "Standard_RAGZRS")
REGISTRY_SKUS = ("Standard", "Premium")
_WORKSPACE_ID = (
    rf"(?i)/subscriptions/{UUID}/resourceGroups/(?P<group>[^/]+)"
    r"/providers/Microsoft\.MachineLearningServices/workspaces/(?P<name>[a-zA-Z0-9][a-zA-Z0-9_-]{2,32})"
)
_EXAMPLE = "/subscriptions/ID/resourceGroups/GROUP/providers/Microsoft.MachineLearningServices/workspaces/WORKSPACE"
SCALARS = ("softDeleteDays", "logRetentionDays", "protect")
"""Top-level keys that the engine passes as texts although they are numbers or booleans."""


@dataclass(frozen=True)
class WorkspaceSettings:
    """The workspace.

    Attributes:
        existing: ARM id of the workspace to adopt; None to create one.
        network: Access to the workspace's resources.
        storage_sku: Replication of the storage account.
        registry_sku: Container registry's SKU.
        soft_delete_days: Days for which deleted blobs and containers can be restored.
        log_retention_days: Days to keep logs.
        job_writes: Containers of the storage account that jobs may write besides the service's own; `*` for any.
        protect: Whether Pulumi refuses to delete the storage account, vault and workspace.
    """

    existing: str | None = None
    network: NetworkArgs = field(default_factory=lambda: OPEN)
    storage_sku: str = "Standard_LRS"
    registry_sku: str = "Standard"
    soft_delete_days: int = 7
    log_retention_days: int = 90
    job_writes: tuple[str, ...] = ()
    protect: bool = False

    @property
    def profile(self) -> WorkspaceProfileArgs:
        """The settings of a new workspace that differ between environments, as arguments of its component."""
        return {
            "network": self.network,
            "storage_sku": self.storage_sku,
            "registry_sku": self.registry_sku,
            "soft_delete_days": self.soft_delete_days,
            "log_retention_days": self.log_retention_days,
            "job_writes": self.job_writes,
            "protect": self.protect,
        }

    @property
    def group(self) -> str | None:
        """Name of the resource group of an adopted workspace."""
        found = re.fullmatch(_WORKSPACE_ID, self.existing or "")
        return found["group"] if found else None


def read_workspace(top: Section) -> WorkspaceSettings:
    """Read all keys of the workspace."""
    section = top.section("workspace", of="the workspace")
    section.only("existing")
    if section.values.get("existing") is not None:
        return _read_existing(top, section)
    settings = WorkspaceSettings(
        network=read_network(top),
        storage_sku=top.choice("storageSku", "Standard_LRS", STORAGE_SKUS),
        registry_sku=top.choice("registrySku", "Standard", REGISTRY_SKUS),
        soft_delete_days=top.whole("softDeleteDays", 7, least=7, most=90, unit="days to keep deleted blobs"),
        log_retention_days=top.whole("logRetentionDays", 90, least=30, most=730, unit="days to keep logs"),
        job_writes=read_job_writes(top),
        protect=top.flag("protect", default=False),
    )
    if settings.network["restricted"] and settings.registry_sku != "Premium":
        top.problems.add(
            ("registrySku",),
            top.shown("registrySku", settings.registry_sku),
            "Allowed with network: restricted: Premium, because only Premium registries have network rules.",
            setting(("registrySku",), "Premium"),
        )
    return settings


def _read_existing(top: Section, section: Section) -> WorkspaceSettings:
    """Read the id of a workspace to adopt; keys that would change it may not be set as well."""
    existing = section.text(
        "existing",
        None,
        pattern=_WORKSPACE_ID,
        allowed=(
            "the ARM id of a machine learning workspace (`az resource list --resource-type "
            "Microsoft.MachineLearningServices/workspaces --query [].id`)"
        ),
        example=_EXAMPLE,
    )
    plain = WorkspaceSettings()
    meant = {
        "network": "open",
        "allowedIps": [],
        "storageSku": plain.storage_sku,
        "registrySku": plain.registry_sku,
        "softDeleteDays": plain.soft_delete_days,
        "logRetentionDays": plain.log_retention_days,
        "protect": plain.protect,
        "dataAccess": [],
        "jobWrites": [],
    }
    for key, default in meant.items():
        if top.values.get(key, default) != default:
            top.problems.add(
                (key,),
                top.shown(key),
                "The program does not change an adopted workspace, or its storage, vault and registry. Allowed "
                "together with workspace.existing: only the default.",
                removing((key,)),
            )
    settings = WorkspaceSettings(existing=existing)
    group = top.values.get("resourceGroup")
    own = top.problems.public("workspace", f"'{settings.group}'", "the name of that group")
    if settings.group and group and str(group).lower() != settings.group.lower():
        top.problems.add(
            ("resourceGroup",),
            top.shown("resourceGroup"),
            f"Allowed together with workspace.existing: nothing, or {own}, the workspace's own group.",
            removing(("resourceGroup",)),
        )
    return settings
