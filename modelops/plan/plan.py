"""The release plan: everything that decides what an endpoint serves, as plain data.

The same plan is computed on every machine from the same stack file and the same bytes: paths are relative and POSIX,
content is named by digest, nothing depends on the clock. It is what the marker in the stack's state holds, what the
hook hands to a worker and what `modelops status` compares with Azure.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any, Final

from modelops.errors import PlanError

# Named again below for the program, which may import only this module and modelops.fingerprint.
from modelops.plan.deployment_plan import (
    UNKNOWN,
    DeploymentPlan,
    ImageEnvironment,
    LocalModel,
    NamedEnvironment,
    RegisteredModel,
    ScoringSettings,
)

__all__ = [
    "SCHEMA",
    "UNKNOWN",
    "DeploymentPlan",
    "EndpointPlan",
    "ImageEnvironment",
    "LocalModel",
    "NamedEnvironment",
    "PlanError",
    "RegisteredModel",
    "ReleasePlan",
    "ScoringSettings",
]

SCHEMA: Final = 1
MAX_LOGICAL: Final = 23
"""Longest logical deployment name: a revision adds `-` and 8 digits, and Azure allows 32 characters."""

_NAME: Final = re.compile(r"^[a-zA-Z][a-zA-Z0-9]*(-[a-zA-Z0-9]+)*$")
# The engine's own mark of a secret, an asset or an archive inside plain data (pulumi: sdk/proto property values).
_PULUMI_SIGNATURE: Final = "4dabf18193072939515e22adb298388d"


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
        from modelops.plan.reader import read_plan  # noqa: PLC0415

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


def check_image(image: str) -> str | None:
    """Why `image` cannot be part of a revision, or None: it needs a tag other than `latest`, or a digest.

    Without one the same plan would run different software from one day to the next.
    """
    if "@sha256:" in image:
        return None
    _, colon, tag = image.rpartition(":")
    if not colon or not tag or "/" in tag or tag == "latest":
        return (
            f"image {image!r}: allowed is an image with a fixed tag (not `latest`) or an `@sha256:` digest, "
            "so that the same plan runs the same software"
        )
    return None


def require_fixed_image(image: str) -> None:
    """Refuse an image that `check_image` finds fault with.

    Raises:
        PlanError: with that text.
    """
    if problem := check_image(image):
        raise PlanError(f"{problem}. Nothing was changed; correct the stack file.")


def is_secret_mark(value: object) -> bool:
    """Whether `value` is the engine's wrapping of a secret (or asset) rather than plain data."""
    return isinstance(value, Mapping) and _PULUMI_SIGNATURE in value


def plain_plan_error(problems: list[str]) -> PlanError:
    """One error for all problems of a plan."""
    return PlanError("The release plan is not valid:\n" + "\n".join(f"  - {problem}" for problem in problems))
