"""The stack's configuration as one frozen `Settings`: the only reader of `pulumi.Config`.

One module per subject: `stack` combines everything; `workspace`, `network`, `cluster`, `access`, `endpoints`,
`deployments`, `models`, `environments` and `content` know the meaning of the keys; `section` reads them by path,
`stack_file` and `namespaces` look at the file's text, and `problems` reports mistakes.
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
