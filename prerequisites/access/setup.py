"""The administrator's choices: a small YAML file, whose keys an option of the command line can replace."""

import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml

from modelops.errors import UsageError
from modelops.plan import documents
from prerequisites.access import environment_groups, github_names

FILE: Final = Path("prerequisites.yaml")
"""The file that is read if no other one is named; it need not exist."""

READER: Final = "preview"
"""Key of the reader, the identity of pull requests and of the drift check; in `azureDevOps` its service connection."""

_KEYS: Final = (
    *("repository", "ownerId", "repositoryId", "branch", "environments"),
    *("subscription", "location", "name", "groups", "azureDevOps"),
)
_NAME: Final = re.compile(r"[a-z][a-z0-9-]{1,22}[a-z0-9]")
_ENVIRONMENTS: Final = ("dev", "staging", "prod")
"""The default."""
_ENVIRONMENT: Final = re.compile(r"[a-z][a-z0-9-]{0,30}[a-z0-9]")
_LOCATION: Final = re.compile(r"[a-z0-9]+")


@dataclass(frozen=True)
class Trust:
    """A token that an identity signs in with: exactly this issuer and this subject."""

    issuer: str
    subject: str


@dataclass(frozen=True)
class Setup:
    """The choices.

    Attributes:
        repository: `OWNER/NAME` on GitHub, "" for none.
        owner_id, repository_id: GitHub's numbers of both, 0 for a repository whose tokens do not have them.
        branch: the default branch, whose jobs check for drift.
        environments: a GitHub environment and a stack of this name each.
        subscription: where everything is made.
        location: the region.
        name: begins the names of what is made.
        groups: the resource group of an environment, if it has another name than `rg-NAME-ENVIRONMENT`.
        connections: the service connections of Azure DevOps by environment; `READER` is that of pull requests.
    """

    subscription: str
    location: str
    name: str
    environments: Sequence[str]
    repository: str = ""
    owner_id: int = 0
    repository_id: int = 0
    branch: str = "main"
    groups: Mapping[str, str] = field(default_factory=dict)
    connections: Mapping[str, Trust] = field(default_factory=dict)

    @property
    def scope(self) -> str:
        """The subscription's ARM id."""
        return f"/subscriptions/{self.subscription}"

    @property
    def shared_group(self) -> str:
        """ARM id of the group of state, key and identities, in which no deployer has a role."""
        return f"{self.scope}/resourceGroups/{environment_groups.shared_group(self.name)}"

    def group(self, environment: str) -> str:
        """Return the ARM id of the group that an environment's deployer deploys to."""
        return f"{self.scope}/resourceGroups/{environment_groups.group(self.name, environment, self.groups)}"

    @property
    def account(self) -> str:
        """Name of the state's storage account: the same in every run, and unlikely to be taken by somebody else."""
        return f"st{self.name.replace('-', '')[:14]}{self._digest}"

    @property
    def vault(self) -> str:
        """Name of the key vault, likewise."""
        return f"kv-{self.name[:12].rstrip('-')}-{self._digest}"

    @property
    def _digest(self) -> str:
        return uuid.uuid5(uuid.NAMESPACE_URL, f"{self.shared_group}".lower()).hex[:8]


def read(file: Path, options: Mapping[str, Any], environ: Mapping[str, str]) -> Setup:
    """Return the choices of a file, an option before the file.

    Args:
        file: the file; it may be missing if it is `FILE`.
        options: keys of the file, None for an option that was not given.
        environ: `AZURE_SUBSCRIPTION_ID` or `ARM_SUBSCRIPTION_ID` is the subscription if nothing else names it.

    Raises:
        UsageError: everything that is wrong, at once.
    """
    named = environ.get("AZURE_SUBSCRIPTION_ID") or environ.get("ARM_SUBSCRIPTION_ID")
    given: dict[str, Any] = {"subscription": named} if named else {}
    given |= _content(file) | {key: value for key, value in options.items() if value is not None}
    wrong = list(_problems(given))
    if wrong:
        lines = "\n".join(f"  {each}" for each in wrong)
        raise UsageError(
            f"The set-up cannot be used, and nothing was sent:\n{lines}\ndocs/prerequisites.md describes the file."
        )
    repository = str(given.get("repository") or "")
    return Setup(
        subscription=given["subscription"].lower(),
        location=given["location"],
        name=_name(given),
        environments=tuple(given.get("environments") or _ENVIRONMENTS),
        repository=repository,
        owner_id=given.get("ownerId") or 0,
        repository_id=given.get("repositoryId") or 0,
        branch=given.get("branch") or "main",
        groups=given.get("groups") or {},
        connections={key: Trust(**each) for key, each in (given.get("azureDevOps") or {}).items()},
    )


def _content(file: Path) -> dict[str, Any]:
    if file == FILE and not file.exists():
        return {}
    try:
        found = documents.yaml_data(file.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"--file '{file}': {getattr(error, 'strerror', None) or error}.") from None
    except documents.LimitError as error:
        raise UsageError(f"--file '{file}' {error.problem}.") from None
    except yaml.YAMLError as error:
        raise UsageError(f"--file '{file}' is not YAML: {' '.join(str(error).split())}") from None
    if not isinstance(found, dict):
        raise UsageError(f"--file '{file}' must have keys, such as `repository: OWNER/NAME`.")
    return found


def _name(given: Mapping[str, Any]) -> str:
    """Return the name, by default the repository's."""
    last = str(given.get("repository") or "").rpartition("/")[2].lower()
    return str(given.get("name") or re.sub(r"[^a-z0-9]+", "-", last).strip("-")[:24].rstrip("-"))


def _problems(given: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with the choices, a sentence each."""
    found = [f"{key}: unknown key. Allowed: {', '.join(_KEYS)}." for key in given if key not in _KEYS]
    repository, connections = given.get("repository"), given.get("azureDevOps")
    if repository is None and not connections:
        found.append("repository is missing: `--repository OWNER/NAME`, or service connections under `azureDevOps:`.")
    found += github_names.problems(repository, given.get("branch"))
    if bool(given.get("ownerId")) != bool(given.get("repositoryId")):
        found.append("ownerId and repositoryId belong together: give both, or none.")
    found += [
        f"{key} is '{given[key]}'. Allowed: a number above 0."
        for key in ("ownerId", "repositoryId")
        if given.get(key) is not None and not (type(given[key]) is int and given[key] > 0)
    ]
    found += _problems_of_places(given)
    found += _problems_of_environments(given)
    return found


def _problems_of_places(given: Mapping[str, Any]) -> list[str]:
    found: list[str] = []
    subscription, location = given.get("subscription"), given.get("location")
    if not subscription:
        found.append(
            "subscription is missing: `--subscription ID`. `az account show --query id` prints the current one."
        )
    elif not _is_guid(subscription):
        found.append(f"subscription is '{subscription}'. Allowed: the id of a subscription, a GUID.")
    if not location:
        found.append("location is missing: `--location REGION`, such as westeurope.")
    elif not _LOCATION.fullmatch(str(location)):
        found.append(f"location is '{location}'. Allowed: a region in its short form, such as westeurope.")
    return [*found, *_problems_of_name(given)]


def _problems_of_name(given: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with the name, unless that only follows from a wrong or missing repository."""
    name, repository = _name(given), given.get("repository")
    if not given.get("name") and repository is None:
        needed = "name is missing: `--name NAME`, since there is no repository whose name it could be."
        return [needed] if given.get("azureDevOps") else []
    if _NAME.fullmatch(name) or not (given.get("name") or github_names.is_repository(str(repository))):
        return []
    return [f"name is '{name}'. Allowed: 3 to 24 lower-case letters, digits and hyphens, a letter first."]


def _problems_of_environments(given: Mapping[str, Any]) -> list[str]:
    environments = given.get("environments") or _ENVIRONMENTS
    if not isinstance(environments, (list, tuple)):
        return [f"environments is '{environments}'. Allowed: a list of names, such as [dev, prod]."]
    found = [
        f"environments has '{each}'. Allowed: 2 to 32 lower-case letters, digits and hyphens, except {READER}."
        for each in environments
        if not _ENVIRONMENT.fullmatch(str(each)) or each == READER
    ]
    if len({str(each) for each in environments}) < len(environments):
        found.append("environments names one twice.")
    groups, connections = given.get("groups") or {}, given.get("azureDevOps") or {}
    for key, known, value in (
        ("groups", [*environments], groups),
        ("azureDevOps", [*environments, READER], connections),
    ):
        if not isinstance(value, dict):
            found.append(f"{key} is '{value}'. Allowed: an entry for each of {', '.join(map(str, known))}.")
            continue
        found += [
            f"{key} has '{each}', an unknown environment. Allowed: {', '.join(map(str, known))}."
            for each in value
            if each not in known
        ]
    if isinstance(groups, dict):
        texts = [each for each in environments if isinstance(each, str)]
        found += environment_groups.problems(_name(given), texts, groups)
    if isinstance(connections, dict):
        found += [
            f"azureDevOps.{key} must have issuer and subject, both as the service connection's page shows them."
            for key, each in connections.items()
            if not isinstance(each, dict) or set(each) != {"issuer", "subject"} or not all(each.values())
        ]
    return found


def _is_guid(text: object) -> bool:
    try:
        return str(uuid.UUID(str(text))) == str(text).lower()
    except ValueError:
        return False
