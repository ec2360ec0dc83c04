"""One deployment of a release plan: model, code, environment, compute and settings, and the identity they make.

Anything that changes the identity is a new revision. Where the files lie, what a model is called in the workspace,
description and tags are not part of it.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

UNKNOWN: Final = "(known after deploy)"
"""Stands in a plan for a leaf that the engine does not know yet; only previews meet it."""


@dataclass(frozen=True, slots=True)
class LocalModel:
    """A model in the repository: registered under `name` when no version holds the same bytes yet."""

    path: str
    name: str
    type: str
    digest: str

    def identity(self) -> dict[str, Any]:
        """What of the model decides the revision: its bytes and how they are to be read, not their path."""
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
