"""The release plan: everything that decides what an endpoint serves, as plain data.

The same plan is computed on every machine from the same stack file and the same bytes: paths are relative and POSIX,
content is named by digest, nothing depends on the clock. It is what the marker in the stack's state holds, what the
hook hands to a worker and what `modelops status` compares with Azure.
"""

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any, Final

from modelops.errors import PlanError

__all__ = [
    "SCHEMA",
    "UNKNOWN",
    "DeploymentPlan",
    "EndpointPlan",
    "ImageEnvironment",
    "LocalModel",
    "NamedEnvironment",
    "PlanError",  # for the program, which may import only this module and modelops.fingerprint
    "RegisteredModel",
    "ReleasePlan",
    "ScoringSettings",
]

SCHEMA: Final = 1
UNKNOWN: Final = "(known after deploy)"
"""Stands in a plan for a leaf that the engine does not know yet; only previews meet it."""

MAX_LOGICAL: Final = 23
"""Longest logical deployment name: a revision adds `-` and 8 digits, and Azure allows 32 characters."""

_NAME: Final = re.compile(r"^[a-zA-Z][a-zA-Z0-9]*(-[a-zA-Z0-9]+)*$")
# The engine's own mark of a secret, an asset or an archive inside plain data (pulumi: sdk/proto property values).
_PULUMI_SIGNATURE: Final = "4dabf18193072939515e22adb298388d"


@dataclass(frozen=True, slots=True)
class LocalModel:
    """A model in the repository: registered under `name` when no version holds the same bytes yet."""

    path: str
    name: str
    type: str
    digest: str

    def identity(self) -> dict[str, Any]:
        """What of the model decides the revision: its bytes and how they are to be read, not where they lie."""
        return {"digest": self.digest, "type": self.type}

    def to_json(self) -> dict[str, Any]:
        """The plan's JSON form."""
        return {"path": self.path, "name": self.name, "type": self.type, "digest": self.digest}


@dataclass(frozen=True, slots=True)
class RegisteredModel:
    """A version that exists already, in the workspace or (`registry` set) in a registry."""

    name: str
    version: str
    registry: str | None = None

    def identity(self) -> dict[str, Any]:
        """Name and version, and the registry if there is one."""
        return self.to_json()

    def to_json(self) -> dict[str, Any]:
        """The plan's JSON form."""
        plain = {"name": self.name, "version": self.version}
        return plain if self.registry is None else {"registry": self.registry, **plain}


@dataclass(frozen=True, slots=True)
class ImageEnvironment:
    """A tagged image with a conda file from the repository."""

    image: str
    conda_file: str
    conda_digest: str

    def identity(self) -> dict[str, Any]:
        """The image and the conda file's bytes."""
        return {"image": self.image, "condaDigest": self.conda_digest}

    def to_json(self) -> dict[str, Any]:
        """The plan's JSON form."""
        return {"image": self.image, "condaFile": self.conda_file, "condaDigest": self.conda_digest}


@dataclass(frozen=True, slots=True)
class NamedEnvironment:
    """An environment that exists already in the workspace."""

    name: str
    version: str

    def identity(self) -> dict[str, Any]:
        """Name and version."""
        return self.to_json()

    def to_json(self) -> dict[str, Any]:
        """The plan's JSON form."""
        return {"name": self.name, "version": self.version}


@dataclass(frozen=True, slots=True)
class ScoringSettings:
    """How a job cuts its input and what it does with failures; the defaults are the service's own."""

    instance_count: int = 1
    max_concurrency_per_instance: int = 1
    mini_batch_size: int = 10
    """Files for each call of the scoring script."""
    max_retries: int = 3
    timeout_seconds: int = 30
    """Time of one mini-batch."""
    error_threshold: int = -1
    """Failed files that end the job; -1 ignores all."""
    logging_level: str = "info"
    output_action: str = "append_row"
    output_file_name: str = "predictions.csv"

    def to_json(self) -> dict[str, Any]:
        """The plan's JSON form."""
        return {json_name: getattr(self, attribute) for json_name, attribute in _SETTINGS.items()}


_SETTINGS: Final = {
    "instanceCount": "instance_count",
    "maxConcurrencyPerInstance": "max_concurrency_per_instance",
    "miniBatchSize": "mini_batch_size",
    "maxRetries": "max_retries",
    "timeoutSeconds": "timeout_seconds",
    "errorThreshold": "error_threshold",
    "loggingLevel": "logging_level",
    "outputAction": "output_action",
    "outputFileName": "output_file_name",
}


@dataclass(frozen=True, slots=True)
class DeploymentPlan:
    """One deployment of the plan; its revision's name follows from everything but description and tags."""

    logical: str
    model: LocalModel | RegisteredModel
    code_path: str
    code_digest: str
    scoring_script: str
    environment: ImageEnvironment | NamedEnvironment
    compute: str
    settings: ScoringSettings = field(default_factory=ScoringSettings)
    environment_variables: Mapping[str, str] = field(default_factory=dict)
    description: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)

    def identity(self) -> str | None:
        """SHA-256 over the canonical JSON of what the revision is, or None while a part of it is unknown."""
        parts = {
            "model": self.model.identity(),
            "code": self.code_digest,
            "scoringScript": self.scoring_script,
            "environment": self.environment.identity(),
            "compute": self.compute if self.compute == UNKNOWN else self.compute.lower(),  # ids compare without case
            "settings": self.settings.to_json(),
            "environmentVariables": dict(self.environment_variables),
        }
        text = json.dumps(parts, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return None if UNKNOWN in text else hashlib.sha256(text.encode()).hexdigest()

    @property
    def revision(self) -> str:
        """Physical name `<logical>-<8 hex>`; the digits are question marks while the identity is unknown."""
        identity = self.identity()
        return f"{self.logical}-{identity[:8] if identity else '????????'}"

    def to_json(self) -> dict[str, Any]:
        """The plan's JSON form."""
        return {
            "model": self.model.to_json(),
            "code": {"path": self.code_path, "digest": self.code_digest},
            "scoringScript": self.scoring_script,
            "environment": self.environment.to_json(),
            "compute": self.compute,
            "settings": self.settings.to_json(),
            "environmentVariables": dict(self.environment_variables),
            "description": self.description,
            "tags": dict(self.tags),
        }


@dataclass(frozen=True, slots=True)
class EndpointPlan:
    """The endpoint: which one it is (`id`, `created_at`, `api_version`) and what its body must say."""

    name: str
    id: str
    created_at: str
    api_version: str
    location: str
    auth_mode: str
    description: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """The plan's JSON form."""
        return {
            "name": self.name,
            "id": self.id,
            "createdAt": self.created_at,
            "azureApiVersion": self.api_version,
            "location": self.location,
            "authMode": self.auth_mode,
            "description": self.description,
            "tags": dict(self.tags),
        }


@dataclass(frozen=True, slots=True)
class ReleasePlan:
    """What one endpoint must serve."""

    subscription_id: str
    resource_group: str
    workspace: str
    endpoint: EndpointPlan
    default: str
    """Logical name of the deployment that answers calls without a deployment name."""
    pin: str | None
    """Physical name of a kept revision that is to be the default instead: a rollback."""
    keep: int
    """Revisions kept for each logical deployment."""
    deployments: Mapping[str, DeploymentPlan]

    @property
    def target(self) -> str:
        """Physical name of the revision that the release makes the default."""
        return self.pin or self.deployments[self.default].revision

    @property
    def revisions(self) -> dict[str, str]:
        """Logical deployment name to physical revision name."""
        return {logical: deployment.revision for logical, deployment in self.deployments.items()}

    @property
    def is_complete(self) -> bool:
        """Whether every value is known; false only in previews."""
        return UNKNOWN not in json.dumps(self.to_json(), ensure_ascii=False)

    def to_json(self) -> dict[str, Any]:
        """The plan as plain data, the same that `from_inputs` reads."""
        return {
            "schema": SCHEMA,
            "subscriptionId": self.subscription_id,
            "resourceGroup": self.resource_group,
            "workspace": self.workspace,
            "endpoint": self.endpoint.to_json(),
            "default": self.default,
            "pin": self.pin,
            "keep": self.keep,
            "deployments": {logical: each.to_json() for logical, each in self.deployments.items()},
        }

    @classmethod
    def from_inputs(cls, inputs: object, is_unknown: Callable[[object], bool] = lambda _: False) -> "ReleasePlan":
        """Read a plan as the engine hands it to a hook, or as it stands in a state file.

        Args:
            inputs: the marker's `input`. Numbers may be floats; leaves may be unknown.
            is_unknown: says whether a leaf is one that the engine does not know yet.

        Raises:
            PlanError: a value is missing, of the wrong type, not allowed, or a secret; all problems in one text.
        """
        # Imported here: the reader needs the classes above.
        from modelops.plan_reader import read_plan  # noqa: PLC0415

        return read_plan(inputs, is_unknown)


def check_logical_name(name: str) -> str | None:
    """Why `name` cannot be a logical deployment name, or None.

    Letters, digits and single hyphens, a letter first, at most 23 characters: Azure's rule for deployment names
    (3 to 32 characters) less the 9 that the revision adds.
    """
    if len(name) > MAX_LOGICAL or not _NAME.match(name):
        return (
            f"deployment name {name!r}: allowed are 1 to {MAX_LOGICAL} letters, digits and single hyphens, "
            "a letter first and no hyphen last"
        )
    return None


def check_relative_path(path: str) -> str | None:
    """Why `path` cannot stand in a plan, or None: relative, `/` separators, not out of the program's folder."""
    pure = PurePosixPath(path)
    if not path or "\\" in path or pure.is_absolute() or PureWindowsPath(path).drive or ".." in pure.parts:
        return f"path {path!r}: allowed is a path below the program's folder, with / between its parts"
    return None


def is_secret_mark(value: object) -> bool:
    """Whether `value` is the engine's wrapping of a secret (or asset) rather than plain data."""
    return isinstance(value, Mapping) and _PULUMI_SIGNATURE in value


def plain_plan_error(problems: list[str]) -> PlanError:
    """One error for all problems of a plan."""
    return PlanError("The release plan is not valid:\n" + "\n".join(f"  - {problem}" for problem in problems))
