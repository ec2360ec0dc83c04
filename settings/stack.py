"""Turns the stack's configuration into one frozen `Settings`: the only reader of `pulumi.Config`.

Defaults of nested keys are in this package, because a stack's object replaces a default object of Pulumi.yaml as a
whole. All problems are reported at once, before anything is created. Pulumi itself rejects only wrong types of
top-level keys; this package finds unknown keys and nested mistakes.
"""

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pulumi
import pulumi.runtime

from components.adoption import Existing
from components.callers import CallerArgs
from components.group import MlResourceGroupArgs
from settings.access import SERVICE_LOGINS, DeployerSettings, is_service_login, read_data_access, read_deployer
from settings.cluster import ClusterSettings, read_cluster
from settings.endpoints import EndpointSettings, read_endpoints
from settings.problems import Problems, SettingsError, removing
from settings.section import Section
from settings.workspace import SCALARS, WorkspaceSettings, read_workspace

_ROOT = Path(__file__).resolve().parents[1]
_KEYS = (
    *("resourceGroup", "workspace", "network", "allowedIps", "storageSku", "registrySku", "softDeleteDays"),
    *("logRetentionDays", "protect", "cluster", "endpoints", "dataAccess", "deployer", "tags"),
)


@dataclass(frozen=True)
class Settings:
    """The stack's whole configuration, checked and with defaults filled in.

    Attributes:
        location: Azure region, in its short form.
        resource_group: Name of an existing resource group; None to create one.
        workspace: The workspace, and the resources that it needs.
        cluster: The compute cluster.
        endpoints: The batch endpoints by their logical names.
        data_access: ARM ids of storage elsewhere that jobs may read.
        deployer: The principal that releases models.
        tags: Azure tags of every resource, including the names of the project and the stack.
        warnings: Sentences about values that are taken, but that the user should know about.
    """

    location: str
    resource_group: str | None
    workspace: WorkspaceSettings
    cluster: ClusterSettings
    endpoints: Mapping[str, EndpointSettings]
    data_access: tuple[str, ...]
    deployer: DeployerSettings
    tags: Mapping[str, str]
    warnings: tuple[str, ...] = ()

    @property
    def group(self) -> MlResourceGroupArgs:
        """The resource group, as arguments of its component."""
        return {"existing": self.resource_group, "location": self.location, "tags": self.tags}

    @property
    def existing(self) -> Existing:
        """The adopted resources, as an argument of the components."""
        return {
            "resource_group": self.resource_group,
            "workspace": self.workspace.existing,
            "cluster": self.cluster.existing,
        }

    @property
    def callers(self) -> dict[str, tuple[CallerArgs, ...]]:
        """The callers of each endpoint, as an argument of the components."""
        return {key: each.callers for key, each in self.endpoints.items() if each.callers}


def load() -> Settings:
    """Read and check the configuration of the stack that is being deployed.

    Raises: pulumi.RunError: The configuration is wrong; the text lists all problems. Pulumi shows it without a
        traceback.
    """
    project = pulumi.get_project()
    raw: dict[str, Any] = {
        key.removeprefix(f"{project}:"): value
        for key, value in pulumi.runtime.get_config_env().items()
        if key.startswith(f"{project}:")
    }
    secrets = frozenset(key for key in raw if pulumi.runtime.is_config_secret(f"{project}:{key}"))
    provider = pulumi.Config("azure-native")
    try:
        settings = parse(
            raw,
            secrets=secrets,
            location=provider.get("location"),
            service_login=is_service_login({key: provider.get(key) for key in SERVICE_LOGINS}),
            project=project,
            stack=pulumi.get_stack(),
        )
    except SettingsError as error:
        raise pulumi.RunError(str(error)) from None
    for warning in settings.warnings:
        pulumi.log.warn(warning)
    return settings


def parse(
    raw: Mapping[str, Any],
    *,
    location: str | None,
    project: str,
    stack: str,
    secrets: Collection[str] = (),
    service_login: bool = False,
    root: Path = _ROOT,
) -> Settings:
    """Check a configuration and fill in its defaults.

    Args:
        raw: The project's keys without their namespace; objects and arrays as JSON texts.
        location: `azure-native:location`.
        project: Name of the project.
        stack: Name of the stack.
        secrets: Keys that hold a secret.
        service_login: Whether the provider signs in as a service principal rather than as a person.
        root: Folder that paths are relative to.

    Raises:
        SettingsError: The configuration is wrong; the text lists all problems.
    """
    problems = Problems(stack, hidden=frozenset(secrets))
    top = Section((), {key: _decode(key, value) for key, value in raw.items()}, problems)
    top.only(*_KEYS)
    for key in sorted(secrets):
        # The state stores the release plan as readable text, so a secret in it would not be secret.
        problems.add(
            (key,),
            "is a secret",
            "Allowed: plain values. If a job needs a secret, give the cluster's identity a role on the resource "
            "instead.",
            removing((key,)),
        )
    workspace = read_workspace(top)
    cluster = read_cluster(top.section("cluster", of="the cluster"), workspace.existing)
    settings = Settings(
        location=_read_location(location, problems),
        resource_group=_read_resource_group(top) or workspace.group,
        workspace=workspace,
        cluster=cluster,
        endpoints=read_endpoints(top.section("endpoints", of="the endpoints"), root, cluster.most_nodes),
        data_access=read_data_access(top),
        deployer=read_deployer(
            top.section("deployer", of="the deployer"),
            service_login=service_login,
            required=workspace.network["restricted"],
        ),
        tags={"project": project, "stack": stack, **_read_tags(top)},
    )
    problems.raise_if_any()
    return replace(settings, warnings=tuple(problems.warnings))


def _decode(key: str, value: Any) -> Any:
    """Read the values that the engine passes as JSON text: objects, arrays and `SCALARS`; leave the rest."""
    if not isinstance(value, str) or not (key in SCALARS or value.lstrip().startswith(("{", "["))):
        return value
    try:
        return json.loads(value)
    except json.JSONDecodeError:
        return value


def _read_location(location: str | None, problems: Problems) -> str:
    section = Section((), {"azure-native:location": location}, problems)
    return section.text(
        "azure-native:location",
        None,
        pattern=r"[a-z]+[a-z0-9]*",
        allowed="an Azure region in its short form, such as westeurope (`az account list-locations` lists them)",
        example="westeurope",
    )


def _read_resource_group(top: Section) -> str | None:
    # Pulumi.yaml declares an empty default, because every stack would have to set a key without one.
    return (
        top.text(
            "resourceGroup",
            "",
            pattern=r"[-\w.()]{0,89}[-\w()]|",
            allowed="the name of an existing resource group, or empty to create one",
            example="NAME",
        )
        or None
    )


def _read_tags(top: Section) -> dict[str, str]:
    tags = top.flat("tags", of="Azure tags", example="VALUE")
    section = Section(("tags",), tags, top.problems)
    for name, value in tags.items():
        # Of all tagged resources, the storage account has the shortest limit:
        # https://learn.microsoft.com/azure/azure-resource-manager/management/tag-resources#limitations
        if not name or len(name) > 128 or len(value) > 256 or re.search(r"[<>%&\\?/]", name):  # noqa: PLR2004
            section.problems.add(
                section.at(name),
                section.shown(name),
                "Allowed: a name of 1 to 128 characters without < > % & \\ ? /, and a value of at most 256.",
                removing(section.at(name)),
            )
    return tags
