"""One deployment of a release plan: model, code, environment, compute and settings, and its identity.

A change of the identity makes a new revision. The files' paths, a model's name in the workspace, description, tags and
the try-out are not part of it. What a deployment does not have (code, environment) is in neither the plan nor the
identity, so that the names of revisions stay the same when the plan learns of something new.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from modelops.plan.environments import Environment, read_environment
from modelops.plan.models import Model, read_model
from modelops.plan.reader import UNKNOWN, UNREAD, Reader
from modelops.plan.rules import check_logical_name, revision_prefix
from modelops.plan.scoring_settings import ScoringSettings
from modelops.plan.try_out import TryOut


@dataclass(frozen=True, slots=True)
class Code:
    """The folder with the scoring script, and the script's path in it."""

    path: str
    digest: str
    scoring_script: str

    def identity(self) -> dict[str, Any]:
        """The code's part of the identity: its bytes and the script, not the folder's path."""
        return {"code": self.digest, "scoringScript": self.scoring_script}

    @classmethod
    def from_json(cls, data: Mapping[str, Any], path: str, reader: Reader) -> Self:
        """Read the deployment's members `code` and `scoringScript`."""
        code = reader.mapping(data, "code", path)
        return cls(
            path=reader.relative_path(code, "path", f"{path}code."),
            digest=reader.text(code, "digest", f"{path}code."),
            scoring_script=reader.relative_path(data, "scoringScript", path),
        )

    def to_json(self) -> dict[str, Any]:
        """The deployment's members `code` and `scoringScript`."""
        return {"code": {"path": self.path, "digest": self.digest}, "scoringScript": self.scoring_script}


@dataclass(frozen=True, slots=True)
class DeploymentPlan:
    """One deployment of the plan; its revision's name depends on everything except description, tags and try-out."""

    logical: str
    model: Model
    code: Code | None
    """None for an MLflow model that Azure serves with its generated driver."""
    environment: Environment | None
    """None for an MLflow model whose environment Azure makes."""
    compute: str
    settings: ScoringSettings = field(default_factory=ScoringSettings)
    environment_variables: Mapping[str, str] = field(default_factory=dict)
    description: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    try_out: TryOut | None = None
    """What the revision has to score before it may serve; None: nothing. No part of the identity."""

    def identity(self) -> str | None:
        """SHA-256 over the canonical JSON of the revision's content, or None while a part of it is unknown."""
        text = self._content()
        is_unknown = UNKNOWN in text or UNREAD in text
        return None if is_unknown else hashlib.sha256(text.encode()).hexdigest()

    @property
    def is_readable(self) -> bool:
        """Whether its content could be read; false only beside a pin: see `UNREAD`."""
        return UNREAD not in self._content()

    def _content(self) -> str:
        parts = {
            "model": self.model.identity(),
            **(self.code.identity() if self.code else {}),
            **({"environment": self.environment.identity()} if self.environment else {}),
            "compute": self.compute if self.compute == UNKNOWN else self.compute.lower(),  # ids are case-insensitive
            "settings": self.settings.to_json(),
            "environmentVariables": dict(self.environment_variables),
        }
        return json.dumps(parts, sort_keys=True, separators=(",", ":"), ensure_ascii=False)

    @property
    def revision(self) -> str:
        """Physical name: the logical one (shortened if it is long), a hyphen and 8 hex digits of the identity.

        The digits are question marks while the identity is unknown.
        """
        identity = self.identity()
        return f"{revision_prefix(self.logical)}-{identity[:8] if identity else '????????'}"

    @classmethod
    def from_json(cls, logical: str, data: Mapping[str, Any], reader: Reader) -> Self:
        """Read the plan's JSON form."""
        path = f"deployments.{logical}."
        if problem := check_logical_name(logical):
            reader.problems.append(problem)
        has_code = "code" in data or "scoringScript" in data
        has_environment = has_code or "environment" in data
        environment = reader.mapping(data, "environment", path) if has_environment else {}
        return cls(
            logical=logical,
            model=read_model(reader.mapping(data, "model", path), f"{path}model.", reader),
            code=Code.from_json(data, path, reader) if has_code else None,
            environment=read_environment(environment, f"{path}environment.", reader) if has_environment else None,
            compute=reader.text(data, "compute", path),
            settings=ScoringSettings.from_json(reader.mapping(data, "settings", path), f"{path}settings.", reader),
            environment_variables=reader.texts(data, "environmentVariables", path),
            description=reader.optional_text(data, "description", path) or "",
            tags=reader.texts(data, "tags", path),
            try_out=TryOut.from_json(reader.mapping(data, "tryOut", path), f"{path}tryOut.", reader)
            if "tryOut" in data
            else None,
        )

    def to_json(self) -> dict[str, Any]:
        """The plan's JSON form."""
        return {
            "model": self.model.to_json(),
            **(self.code.to_json() if self.code else {}),
            **({"environment": self.environment.to_json()} if self.environment else {}),
            "compute": self.compute,
            "settings": self.settings.to_json(),
            "environmentVariables": dict(self.environment_variables),
            "description": self.description,
            "tags": dict(self.tags),
            **({"tryOut": self.try_out.to_json()} if self.try_out else {}),
        }
