"""What versioned assets belong to: a workspace, in ARM, or a registry, on the host of its region."""

from collections.abc import Callable
from dataclasses import dataclass

from sandbox.azure.arm.actions import Need
from sandbox.azure.arm.requests import ArmRequest
from sandbox.azure.arm.routes import ARM_HOST
from sandbox.azure.arm.store import Resource
from sandbox.azure.machine_learning.scope import WORKSPACE_PATH, WORKSPACES, workspace_of
from sandbox.azure.world import World


@dataclass(frozen=True, slots=True)
class AssetParent:
    """The parent of assets.

    ``type`` is its ARM type, ``host`` and ``path`` are those of its routes, ``of`` returns the one of a request (404 if
    it does not exist); ``need`` is what a method requires of the caller, None for ARM's own rule; ``id_of`` turns the
    stored id of an asset into the answered one. ``null_members`` of a version's properties are only allowed as null.
    """

    type: str
    host: str
    path: str
    of: Callable[[World, ArmRequest], Resource]
    need: Callable[[str], Need | None] = lambda _: None
    id_of: Callable[[str], str] = str
    null_members: tuple[str, ...] = ()


WORKSPACE_ASSETS = AssetParent(WORKSPACES, ARM_HOST, WORKSPACE_PATH, workspace_of)
