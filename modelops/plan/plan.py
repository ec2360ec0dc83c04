"""The release plan: everything that determines what an endpoint serves, as plain data.

The same plan is computed on every machine from the same stack file and the same bytes: paths are relative and POSIX,
content is identified by its digest, nothing depends on the time. The marker in the stack's state contains it, the hook
passes it to a worker, and `modelops status` compares it with Azure.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Self

from modelops.errors import PlanError

# Exported again below, so that users of a plan import only this module.
from modelops.plan.deployment_plan import Code, DeploymentPlan
from modelops.plan.environments import BuildEnvironment, CondaFile, ImageEnvironment, NamedEnvironment
from modelops.plan.models import LocalModel, RegisteredModel, UriModel
from modelops.plan.reader import UNKNOWN, Reader, plain_data
from modelops.plan.scoring_settings import ScoringSettings

__all__ = [
    "SCHEMA",
    "UNKNOWN",
    "BuildEnvironment",
    "Code",
    "CondaFile",
    "DeploymentPlan",
    "EndpointPlan",
    "ImageEnvironment",
    "LocalModel",
    "NamedEnvironment",
    "PlanError",
    "RegisteredModel",
    "ReleasePlan",
    "ScoringSettings",
    "UriModel",
]

SCHEMA: Final = 1


@dataclass(frozen=True, slots=True)
class EndpointPlan:
    """The endpoint: its identity (`id`, `created_at`, `api_version`) and its planned body."""

    name: str
    id: str
    created_at: str
    api_version: str
    location: str
    auth_mode: str
    description: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def from_json(cls, data: Mapping[str, Any], reader: Reader) -> Self:
        """Read the plan's JSON form."""
        path = "endpoint."
        return cls(
            name=reader.text(data, "name", path),
            id=reader.text(data, "id", path),
            created_at=reader.optional_text(data, "createdAt", path) or "",
            api_version=reader.optional_text(data, "azureApiVersion", path) or "",
            location=reader.text(data, "location", path),
            auth_mode=reader.text(data, "authMode", path),
            description=reader.optional_text(data, "description", path) or "",
            tags=reader.texts(data, "tags", path),
        )

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
    """The release plan of one endpoint."""

    subscription_id: str
    resource_group: str
    workspace: str
    endpoint: EndpointPlan
    default: str
    """Name (in the stack file) of the deployment that runs jobs which do not name one."""
    pin: str | None
    """Name (in Azure) of an existing revision to use as the default: then a release does nothing else."""
    keep: int
    """Revisions to keep of each logical deployment, including its own; see `modelops.release.retention`."""
    deployments: Mapping[str, DeploymentPlan]
    number: int = 0
    """Number of the release that sets the default, which the endpoint's tags have after it; 0 for a default that was
    never set with a number. The program takes the next one if the live default is not the target, so that a default
    that was moved or lost is a change of the plan."""
    archive_models: bool = False
    """Whether the model versions that no deployment uses are archived."""

    @property
    def target(self) -> str:
        """Physical name of the revision that the release makes the default."""
        return self.pin or self.deployments[self.default].revision

    @property
    def revisions(self) -> dict[str, str]:
        """Logical deployment name to physical revision name; without deployments whose content cannot be read."""
        return {logical: each.revision for logical, each in self.deployments.items() if each.is_readable}

    @property
    def made(self) -> list[DeploymentPlan]:
        """The deployments whose revisions exist after the release: all, or only the one that is pinned."""
        return [each for each in self.deployments.values() if self.pin in (None, each.revision)]

    @property
    def try_out_minutes(self) -> int:
        """The most minutes that the try-outs of all its revisions may take together; none beside a pin.

        Each is twice as long as one job: what serves may have to score the input, too. They run at the same time, and
        yet this is their sum: on one cluster, their jobs may queue.
        """
        if self.pin is not None:
            return 0
        return sum(2 * each.try_out.minutes for each in self.deployments.values() if each.try_out is not None)

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
            **({"number": self.number} if self.number else {}),
            **({"archiveModels": True} if self.archive_models else {}),
        }

    @classmethod
    def from_inputs(cls, inputs: object, is_unknown: Callable[[object], bool] = lambda _: False) -> Self:
        """Read a plan from the engine's input of a hook, or from a state file.

        Args:
            inputs: the marker's `input`. Numbers may be floats; leaves may be unknown.
            is_unknown: says whether the engine does not know a leaf yet.

        Raises:
            PlanError: a value is missing, of the wrong type, not allowed, or a secret; all problems in one text.
        """
        reader = Reader()
        data = plain_data(inputs, "", is_unknown, reader.problems)
        reader.raise_if_any()
        if not isinstance(data, Mapping):
            reader.problems.append(f"is {data!r}; allowed is an object")
        elif data.get("schema") != SCHEMA:
            found = data.get("schema")
            reader.problems.append(
                f"schema: is {found!r}; this version reads {SCHEMA}: use the version that wrote the plan"
            )
        reader.raise_if_any()
        assert isinstance(data, Mapping)  # noqa: S101 - else it was a problem
        plan = cls._from_json(data, reader)
        reader.raise_if_any()
        return plan

    @classmethod
    def _from_json(cls, data: Mapping[str, Any], reader: Reader) -> Self:
        deployments = {
            logical: DeploymentPlan.from_json(
                logical, reader.mapping(data["deployments"], logical, "deployments."), reader
            )
            for logical in reader.mapping(data, "deployments", "")
        }
        default = reader.text(data, "default", "")
        if not deployments:
            reader.problems.append("deployments: is empty; an endpoint needs at least one deployment")
        elif default and default not in deployments:
            reader.problems.append(f"default: is {default!r}; allowed are {', '.join(deployments)}")
        return cls(
            subscription_id=reader.text(data, "subscriptionId", ""),
            resource_group=reader.text(data, "resourceGroup", ""),
            workspace=reader.text(data, "workspace", ""),
            endpoint=EndpointPlan.from_json(reader.mapping(data, "endpoint", ""), reader),
            default=default,
            pin=reader.optional_text(data, "pin", ""),
            keep=reader.integer(data, "keep", "", 1),
            deployments=deployments,
            # In a preview it may be unknown: then the rest of the plan is, too.
            number=reader.integer(data, "number", "", 1) if data.get("number") not in (None, UNKNOWN) else 0,
            archive_models=data.get("archiveModels") is True,
        )
