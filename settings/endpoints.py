"""The `endpoints` part of the configuration: endpoints and their deployments."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypedDict

from components import names
from components.callers import CallerArgs
from components.release_parts.deployment_args import DeploymentArgs
from modelops.plan.data_address import Kind
from modelops.plan.rules import DEPLOYMENTS_PER_ENDPOINT, revision_prefix
from modelops.rehearsal import located
from settings import azureml_file, try_out
from settings.access import read_callers
from settings.cluster import Clusters
from settings.deployments import read_deployment
from settings.naming import check_names
from settings.problems import renaming, setting
from settings.scored_data import read_data, spelled
from settings.section import Section
from settings.tags import check_number, merged, read_tags

_REVISION = r"[a-zA-Z]([a-zA-Z0-9]|-(?!-))*-[0-9a-f]{8}"


class ServedArgs(TypedDict):
    """The deployments of an endpoint: see `EndpointSettings`."""

    default: str
    pin: str | None
    keep: int
    deployments: Mapping[str, DeploymentArgs]
    most_nodes: Mapping[str, int]
    archive_models: bool
    require_released_in: str | None
    node_prices: Mapping[str, float]
    currency: str


class DescribedArgs(TypedDict):
    """What describes an endpoint: see `EndpointSettings`."""

    description: str
    tags: Mapping[str, str]


@dataclass(frozen=True)
class EndpointSettings:
    """One batch endpoint.

    Attributes:
        description: What it is for.
        default: Name (in the stack file) of the deployment that runs jobs which do not name one.
        pin: Name (in Azure) of an existing revision to use as the default instead; None for the newest.
        keep: Revisions of each deployment to keep, including the newest; a release deletes older ones.
        deployments: The deployments by their logical names.
        most_nodes: Most nodes of each deployment's cluster, without those that the stack adopts.
        tags: Its Azure tags, including the stack's.
        callers: Principals that may start jobs and read their results, besides those that may do so in the whole
            workspace.
        sample: What `modelops score` scores: a path in this repository, or the address of data; by default the input
            of the try-out; None for nothing. No part of the plan.
        sample_type: What it is, for an address that does not tell.
        archive_models: Whether a release archives the model versions that no deployment uses.
        require_released_in: Stack that has to release a model of this repository first; None for no such stack.
        prices: What one node costs in one hour, by deployment, without those of which that is not known.
        currency: Of the prices; empty without any.
    """

    description: str
    default: str
    pin: str | None
    keep: int
    deployments: Mapping[str, DeploymentArgs]
    most_nodes: Mapping[str, int] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    callers: tuple[CallerArgs, ...] = ()
    sample: str | None = None
    sample_type: Kind | None = None
    archive_models: bool = False
    require_released_in: str | None = None
    prices: Mapping[str, float] = field(default_factory=dict)
    currency: str = ""

    @property
    def described(self) -> DescribedArgs:
        """What describes the endpoint, as arguments of its component."""
        return {"description": self.description, "tags": self.tags}

    @property
    def sampled(self) -> dict[str, str]:
        """What `modelops score` scores on this endpoint, as a part of the stack's outputs; empty for nothing."""
        found = {"sample": self.sample, "sampleType": self.sample_type}
        return {key: each for key, each in found.items() if each is not None}

    @property
    def served(self) -> ServedArgs:
        """The deployments, as arguments of the release's component."""
        return {
            "default": self.default,
            "pin": self.pin,
            "keep": self.keep,
            "deployments": self.deployments,
            "most_nodes": self.most_nodes,
            "archive_models": self.archive_models,
            "require_released_in": self.require_released_in,
            "node_prices": self.prices,
            "currency": self.currency,
        }


def read_endpoints(
    section: Section, root: Path, clusters: Clusters, tags: Mapping[str, str]
) -> dict[str, EndpointSettings]:
    """Read all endpoints.

    Args:
        section: The `endpoints` object.
        root: Folder that paths are relative to: the program's.
        clusters: The clusters that deployments run on.
        tags: The stack's tags.
    """
    if not section.values:
        section.problems.add(
            section.path,
            "is not set",
            "Allowed: an object with at least one endpoint; docs/configuration.md has an example.",
            setting((*section.path, "ENDPOINT", "default"), "DEPLOYMENT"),
        )
    check_names(section, names.ENDPOINT)
    return {key: _read_endpoint(section.section(key, of="an endpoint"), root, clusters, tags) for key in section.values}


def _read_endpoint(section: Section, root: Path, clusters: Clusters, tags: Mapping[str, str]) -> EndpointSettings:
    if section.values.get("pin") is not None:
        section.problems.rolled_back.add(section.path)
    section = azureml_file.endpoint(section, root)
    section.only("from", "description", "tags", "default", "pin", "keep", "callers", "sample", "tryOut", "deployments")
    deployments = section.section("deployments", of="the endpoint's deployments")
    if not check_names(deployments, names.DEPLOYMENT):
        section.problems.silenced.add(section.at("default"))  # it will name one by its new name
    _check_revisions(deployments)
    own_tags = read_tags(section)
    all_tags = merged(tags, own_tags)
    if own_tags:
        check_number(section, all_tags)
    keep = section.whole("keep", 3, least=1, unit="revisions of each deployment, including the newest")
    count = len(deployments.values)
    # A release creates the new revisions before it deletes old ones.
    if count * (keep + 1) > DEPLOYMENTS_PER_ENDPOINT:
        section.wrong(
            "keep",
            f"at most {DEPLOYMENTS_PER_ENDPOINT} in one endpoint, which is the service's limit",
            max(1, DEPLOYMENTS_PER_ENDPOINT // max(1, count) - 1),
            because=f"with which {count} deployments would reach {count * (keep + 1)} revisions during a release",
            default=keep,
        )
    pin = section.values.get("pin")
    if pin is not None:
        pin = section.text(
            "pin",
            None,
            pattern=_REVISION,
            allowed=f"the name of an existing revision (`{_revisions(section)}` lists them)",
            example="DEPLOYMENT-01234567",
        )
    tried = try_out.read_endpoint(section, root)
    own_sample = _read_sample(section, root)
    sample, sample_type = (own_sample, None) if own_sample else tried.sample
    read = {
        key: read_deployment(deployments.section(key, of="a deployment"), root, clusters, tried)
        for key in deployments.values
    }
    return EndpointSettings(
        description=section.text("description", "A batch endpoint", allowed="a text", example="What it is for"),
        tags=all_tags,
        default=_read_default(section, deployments),
        pin=pin,
        keep=keep,
        deployments=read,
        most_nodes=clusters.most_nodes_of(read),
        callers=read_callers(section),
        sample=sample,
        sample_type=sample_type,
    )


def _revisions(section: Section) -> str:
    return located(f"python -m modelops revisions --endpoint {section.path[-1]} --stack {section.problems.stack}")


def _check_revisions(deployments: Section) -> None:
    """Record names that are shortened to the same beginning of their revisions' names."""
    seen: dict[str, str] = {}
    for key in deployments.values:
        other = seen.setdefault(revision_prefix(key).lower(), key)
        if other.lower() != key.lower():
            deployments.problems.add(
                deployments.at(key),
                f"would have revisions with the same names as {other}",
                f"Allowed: names that differ where they are shortened: both would be {revision_prefix(key)}.",
                renaming(deployments.at(key), "ANOTHER-NAME"),
            )


def _read_sample(section: Section, root: Path) -> str | None:
    return spelled(read_data(section, "sample", root)[0]) if section.values.get("sample") is not None else None


def _read_default(section: Section, deployments: Section) -> str:
    if not section.values.get("deployments"):
        deployments.problems.add(
            deployments.path,
            "is not set",
            "Allowed: an object with at least one deployment.",
            setting((*deployments.path, "DEPLOYMENT", "scoringScript"), "score.py"),
        )
    if not deployments.values:
        return section.text("default", None, allowed="the name of a deployment", example="DEPLOYMENT")
    return section.choice("default", None, tuple(deployments.values))
