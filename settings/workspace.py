"""The workspace: which one to adopt, or how what is made for it differs between environments."""

import re
from dataclasses import dataclass, field

from components.workspace_parts.network import OPEN, NetworkArgs
from components.workspace_parts.workspace_args import WorkspaceProfileArgs
from settings.network import read_network
from settings.problems import removing, setting
from settings.section import Section

_STORAGE_SKUS = ("Standard_LRS", "Standard_ZRS", "Standard_GRS", "Standard_RAGRS", "Standard_GZRS", "Standard_RAGZRS")
_REGISTRY_SKUS = ("Standard", "Premium")
_GUID = r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
_WORKSPACE_ID = (
    rf"(?i)/subscriptions/{_GUID}/resourceGroups/(?P<group>[^/]+)"
    r"/providers/Microsoft\.MachineLearningServices/workspaces/(?P<name>[a-zA-Z0-9][a-zA-Z0-9_-]{2,32})"
)
_EXAMPLE = "/subscriptions/ID/resourceGroups/GROUP/providers/Microsoft.MachineLearningServices/workspaces/WORKSPACE"
SCALARS = ("softDeleteDays", "logRetentionDays", "protect")
"""Top-level keys that the engine hands over as texts although they are numbers or truth values."""


@dataclass(frozen=True)
class WorkspaceSettings:
    """The workspace.

    Attributes:
        existing: ARM id of the workspace to adopt; None to make one.
        network: Who reaches what is made for the workspace.
        storage_sku: How often and where the storage account keeps its copies.
        registry_sku: Container registry's SKU.
        soft_delete_days: Days for which deleted blobs and containers can be brought back.
        log_retention_days: Days for which logs are kept.
        protect: Whether Pulumi refuses to delete storage, vault and workspace.
    """

    existing: str | None = None
    network: NetworkArgs = field(default_factory=lambda: OPEN)
    storage_sku: str = "Standard_LRS"
    registry_sku: str = "Standard"
    soft_delete_days: int = 7
    log_retention_days: int = 90
    protect: bool = False

    @property
    def profile(self) -> WorkspaceProfileArgs:
        """How a workspace that is made differs between environments, as arguments of its component."""
        return {
            "network": self.network,
            "storage_sku": self.storage_sku,
            "registry_sku": self.registry_sku,
            "soft_delete_days": self.soft_delete_days,
            "log_retention_days": self.log_retention_days,
            "protect": self.protect,
        }

    @property
    def group(self) -> str | None:
        """Name of the resource group of an adopted workspace."""
        found = re.fullmatch(_WORKSPACE_ID, self.existing or "")
        return found["group"] if found else None


def read_workspace(top: Section) -> WorkspaceSettings:
    """Read everything that is the workspace's own."""
    section = top.section("workspace", of="the workspace")
    section.only("existing")
    if section.values.get("existing") is not None:
        return _read_existing(top, section)
    settings = WorkspaceSettings(
        network=read_network(top),
        storage_sku=top.choice("storageSku", "Standard_LRS", _STORAGE_SKUS),
        registry_sku=top.choice("registrySku", "Standard", _REGISTRY_SKUS),
        soft_delete_days=top.whole("softDeleteDays", 7, least=7, most=90, unit="days that deleted blobs are kept"),
        log_retention_days=top.whole("logRetentionDays", 90, least=30, most=730, unit="days that logs are kept"),
        protect=top.flag("protect", default=False),
    )
    if settings.network["restricted"] and settings.registry_sku != "Premium":
        top.problems.add(
            ("registrySku",),
            top.shown("registrySku", settings.registry_sku),
            "Allowed with network: restricted: Premium, because only that registry has network rules.",
            setting(("registrySku",), "Premium"),
        )
    return settings


def _read_existing(top: Section, section: Section) -> WorkspaceSettings:
    """Read the id of a workspace to adopt; nothing that would have to change it may be set beside it."""
    existing = section.text(
        "existing",
        None,
        pattern=_WORKSPACE_ID,
        allowed="the ARM id of a machine learning workspace (`az ml workspace show --query id`)",
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
    }
    for key, default in meant.items():
        if top.values.get(key, default) != default:
            top.problems.add(
                (key,),
                top.shown(key),
                "An adopted workspace is never changed, and neither is what it stands on. Allowed beside "
                "workspace.existing: nothing here.",
                removing((key,)),
            )
    settings = WorkspaceSettings(existing=existing)
    group = top.values.get("resourceGroup")
    own = top.problems.public("workspace", f"'{settings.group}'", "the name of that group")
    if settings.group and group and str(group).lower() != settings.group.lower():
        top.problems.add(
            ("resourceGroup",),
            top.shown("resourceGroup"),
            f"Allowed beside workspace.existing: nothing, or {own}, which is the workspace's own.",
            removing(("resourceGroup",)),
        )
    return settings
