"""Turns the stack's configuration into one frozen `Settings`: the only reader of `pulumi.Config`.

Defaults of nested keys are in this package, because a stack's object replaces a default object of Pulumi.yaml as a
whole. All problems are reported at once, before anything is created. Pulumi itself rejects only wrong types of
top-level keys; this package finds unknown keys and nested mistakes.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pulumi
import pulumi.runtime

from components.adoption import Existing
from components.alerts import AlertsArgs
from components.callers import CallerArgs
from components.cluster import ClusterNodesArgs
from components.group import MlResourceGroupArgs
from components.trigger import TriggerArgs
from components.workspace_parts.workspace_args import ElsewhereArgs
from settings import namespaces, stack_file
from settings.access import (
    SERVICE_LOGINS,
    DeployerSettings,
    is_service_login,
    read_data_access,
    read_deployer,
    read_registry_access,
)
from settings.alerts import read_alerts
from settings.cluster import ClusterSettings, read_clusters
from settings.endpoints import EndpointSettings, read_endpoints
from settings.lower_stack import read_lower_stack
from settings.prices import read_prices
from settings.problems import Problems, SettingsError, editing
from settings.rehearsal import check_rehearsal
from settings.section import Section
from settings.stack_file import StackFile, StackFileError
from settings.tags import STORAGE_NAME, check_number, merged, read_tags
from settings.triggers import read_triggers
from settings.workspace import SCALARS, WorkspaceSettings, read_workspace

_ROOT = Path(__file__).resolve().parents[1]
MOST_MINUTES = 24 * 60
"""For one operation on a resource."""
_KEYS = (
    *("resourceGroup", "workspace", "network", "allowedIps", "storageSku", "registrySku", "softDeleteDays"),
    *(
        "logRetentionDays",
        "protect",
        "cluster",
        "clusters",
        "endpoints",
        "dataAccess",
        "jobWrites",
        "deployer",
        "tags",
        "archiveModels",
        "requireReleasedIn",
        "prices",
        "rehearsal",
        "alerts",
        "triggers",
        "registryAccess",
        "timeoutMinutes",
    ),
)


@dataclass(frozen=True)
class Settings:
    """The stack's whole configuration, checked and with defaults filled in.

    Attributes:
        location: Azure region, in its short form (westeurope).
        location_place: Where the stack file has it ("Pulumi.dev.yaml:3").
        resource_group: Name of an existing resource group; None to create one.
        workspace: The workspace, and the resources that it needs.
        clusters: The compute clusters by their logical names.
        endpoints: The batch endpoints by their logical names.
        data_access: ARM ids of storage elsewhere that jobs may read.
        registry_access: ARM ids of registries that callers and jobs may read.
        deployer: The principal that releases models.
        tags: Azure tags of every resource, including the names of the project and the stack.
        alerts: Whom to tell when jobs fail or nodes cannot be used; None for nobody.
        triggers: What starts jobs on a schedule, by logical names.
        timeout_minutes: How long one operation on a resource may take; None for the limit of its type.
        warnings: Sentences about values that are taken, but that the user should know about.
    """

    location: str
    location_place: str
    resource_group: str | None
    workspace: WorkspaceSettings
    clusters: Mapping[str, ClusterSettings]
    endpoints: Mapping[str, EndpointSettings]
    data_access: tuple[str, ...]
    registry_access: tuple[str, ...]
    deployer: DeployerSettings
    tags: Mapping[str, str]
    alerts: AlertsArgs | None = None
    triggers: Mapping[str, TriggerArgs] = field(default_factory=dict)
    timeout_minutes: int | None = None
    warnings: tuple[str, ...] = ()

    @property
    def wanted_nodes(self) -> dict[str, ClusterNodesArgs]:
        """The nodes of each cluster that the stack creates, by its path in the stack file (`clusters.gpu`)."""
        return {each.path: each.nodes for each in self.clusters.values() if each.existing is None}

    @property
    def new_clusters(self) -> dict[str, ClusterNodesArgs]:
        """The nodes of each cluster that the stack creates, by its logical name."""
        return {key: each.nodes for key, each in self.clusters.items() if each.existing is None}

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
            "clusters": {key: each.existing for key, each in self.clusters.items() if each.existing is not None},
        }

    @property
    def callers(self) -> dict[str, tuple[CallerArgs, ...]]:
        """The callers of each endpoint, as an argument of the components."""
        return {key: each.callers for key, each in self.endpoints.items() if each.callers}

    @property
    def elsewhere(self) -> ElsewhereArgs:
        """What jobs use outside of the workspace and the stack assigns roles on, as arguments of its component."""
        # In an adopted workspace, only callers get roles.
        gets = self.has_callers or self.workspace.existing is None
        return {"data_access": self.data_access, "registry_access": self.registry_access if gets else ()}

    @property
    def has_callers(self) -> bool:
        """Whether somebody gets the callers' roles."""
        return bool(self.callers or self.triggers)


def load() -> Settings:
    """Read and check the configuration of the stack that is being deployed.

    Raises: pulumi.RunError: The configuration is wrong, and the text lists all problems; or the project has the name
        of another namespace. Pulumi shows it without a traceback.
    """
    project = pulumi.get_project()
    if (taken := namespaces.taken(project)) is not None:
        raise pulumi.RunError(taken)
    everything = pulumi.runtime.get_config_env()
    raw: dict[str, Any] = {
        key.removeprefix(f"{project}:"): value for key, value in everything.items() if key.startswith(f"{project}:")
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
            foreign=namespaces.foreign(everything, project),
            file=stack_file.read(_ROOT, pulumi.get_stack(), project),
        )
    except (SettingsError, StackFileError) as error:
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
    foreign: Collection[str] = (),
    file: StackFile | None = None,
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
        foreign: Keys with a namespace that this program does not read.
        file: The stack file, for the lines of its keys; None if its text is not known.
        root: Folder that paths are relative to.

    Raises:
        SettingsError: The configuration is wrong; the text lists all problems.
    """
    problems = Problems(stack, hidden=frozenset(secrets), file=file or StackFile(f"Pulumi.{stack}.yaml"))
    namespaces.check(problems, foreign, project, _KEYS)
    top = Section((), {key: _decode(key, value) for key, value in raw.items()}, problems)
    top.only(*_KEYS)
    for key in sorted(secrets):
        # The state stores the release plan as readable text, so a secret in it would not be secret.
        problems.add(
            (key,),
            "is a secret",
            "Allowed: plain values. If a job needs a secret, it reads it from a key vault: "
            "docs/security.md#secrets-of-a-scoring-script.",
            editing(problems.file.secret(key), "put a plain value in place of the secret, or remove it"),
        )
    tags = merged({"project": project, "stack": stack}, read_tags(top, longest=STORAGE_NAME))
    check_number(top, tags)
    workspace = read_workspace(top)
    clusters = read_clusters(top, workspace.existing)
    endpoints = read_endpoints(top.section("endpoints", of="the endpoints"), root, clusters, tags)
    archives = top.flag("archiveModels", default=False)
    lower = read_lower_stack(top, stack)
    prices = read_prices(top)
    check_rehearsal(top, root)
    data_access = read_data_access(top)
    settings = Settings(
        location=_read_location(location, problems),
        location_place=problems.file.place(("azure-native:location",)),
        resource_group=_read_resource_group(top) or workspace.group,
        workspace=workspace,
        clusters=clusters.settings,
        endpoints={
            key: replace(
                each,
                archive_models=archives,
                require_released_in=lower,
                prices=prices.of(each.deployments, clusters),
                currency=prices.currency,
            )
            for key, each in endpoints.items()
        },
        data_access=data_access,
        registry_access=read_registry_access(top),
        deployer=read_deployer(
            top.section("deployer", of="the deployer"),
            service_login=service_login,
            required=workspace.network["restricted"],
        ),
        tags=tags,
        alerts=read_alerts(top),
        triggers=read_triggers(top, endpoints, data_access),
        timeout_minutes=_read_timeout(top),
    )
    problems.raise_if_any()
    return replace(settings, warnings=tuple(problems.warnings))


def _decode(key: str, value: Any) -> Any:
    """Read the values that the engine passes as JSON text: objects, arrays and `SCALARS`; leave the rest."""
    is_scalar = key in (*SCALARS, "archiveModels", "timeoutMinutes")
    if not isinstance(value, str) or not (is_scalar or value.lstrip().startswith(("{", "["))):
        return value
    try:
        return stack_file.decoded(value)
    except ValueError:
        return value


def _read_location(location: str | None, problems: Problems) -> str:
    section = Section((), {"azure-native:location": location}, problems)
    written = section.text(
        "azure-native:location",
        None,
        pattern=r"[A-Za-z]+[A-Za-z0-9 ]*",
        allowed="an Azure region, such as westeurope (`az account list-locations` lists them)",
        example="westeurope",
    )
    # Azure reads "West Europe" as westeurope, and so does the provider when it compares resources.
    return written.replace(" ", "").lower()


def _read_timeout(top: Section) -> int | None:
    return top.whole("timeoutMinutes", 0, least=0, most=MOST_MINUTES, unit="minutes; 0 for each type's own") or None


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
