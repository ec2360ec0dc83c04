"""The stack's configuration as one frozen `Settings`: the only reader of `pulumi.Config`.

One module for each subject: `stack` puts the whole together; `workspace`, `network`, `cluster`, `access`, `endpoints`
and `content` know what the keys mean; `section` reads them by path, and `problems` tells what is wrong with them.
"""

from settings.access import DeployerSettings
from settings.cluster import ClusterSettings
from settings.endpoints import EndpointSettings
from settings.problems import SettingsError
from settings.stack import Settings, load, parse
from settings.workspace import WorkspaceSettings

__all__ = [
    "ClusterSettings",
    "DeployerSettings",
    "EndpointSettings",
    "Settings",
    "SettingsError",
    "WorkspaceSettings",
    "load",
    "parse",
]
