"""How long Azure takes for what: fixed durations, by name, with the factor that shortens them.

latencies.md says for each where it comes from and how far it spreads. They do not vary from run to run, so that
two measurements can be compared.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

NODE_START: Final = "start nodes"
IMAGE_BUILD: Final = "build image"
JOB_RUN: Final = "run job"

_ML = "Microsoft.MachineLearningServices"
_WORKSPACE = f"{_ML}/workspaces"
_ENDPOINT = f"{_WORKSPACE}/batchEndpoints"

_OPERATIONS: Mapping[str, float] = {
    "delete Microsoft.Resources/resourceGroups": 120,
    "create Microsoft.Storage/storageAccounts": 40,
    f"create {_WORKSPACE}": 60,
    f"update {_WORKSPACE}": 20,
    f"delete {_WORKSPACE}": 30,
    f"create {_WORKSPACE}/computes": 60,
    f"update {_WORKSPACE}/computes": 15,
    f"delete {_WORKSPACE}/computes": 60,
    f"create {_ENDPOINT}": 15,
    f"update {_ENDPOINT}": 10,
    f"delete {_ENDPOINT}": 30,
    f"create {_ENDPOINT}/deployments": 60,
    f"update {_ENDPOINT}/deployments": 30,
    f"delete {_ENDPOINT}/deployments": 30,
    f"create {_ML}/registries/imports": 60,
}
"""Long-running operations: the answer to the request comes at once."""

_REQUESTS: Mapping[str, float] = {
    "create Microsoft.KeyVault/vaults": 60,
    "delete Microsoft.KeyVault/vaults": 5,
    "create Microsoft.ContainerRegistry/registries": 15,
    "delete Microsoft.ContainerRegistry/registries": 5,
    "create Microsoft.OperationalInsights/workspaces": 20,
    "delete Microsoft.OperationalInsights/workspaces": 5,
    "create Microsoft.Insights/components": 17,
    "update Microsoft.Storage/storageAccounts": 3,
    "delete Microsoft.Storage/storageAccounts": 3,
    "create Microsoft.ManagedIdentity/userAssignedIdentities": 3,
    "create Microsoft.Authorization/roleAssignments": 2,
    f"create {_WORKSPACE}/models/versions": 2,
    f"create {_WORKSPACE}/codes/versions": 1,
    f"create {_WORKSPACE}/environments/versions": 2,
    f"create {_WORKSPACE}/data/versions": 1,
    f"create {_WORKSPACE}/datastores": 2,
}
"""Requests that are answered when the work is done."""

_JOBS: Mapping[str, float] = {IMAGE_BUILD: 720, NODE_START: 300, JOB_RUN: 120}
"""What a job waits for, in this order; ``JOB_RUN`` is what it takes beyond the scoring itself."""

PROFILES: Mapping[str, Mapping[str, float]] = {"none": {}, "azure": {**_OPERATIONS, **_REQUESTS, **_JOBS}}
"""The durations of each value of ``--latency``, in seconds."""
_HOLD_ANSWER = frozenset(name.lower() for name in _REQUESTS)


@dataclass(frozen=True, slots=True)
class Latencies:
    """Durations in Azure's seconds by name, and how many of those pass in one second here.

    Names are compared case-insensitively, as ARM's types are.
    """

    seconds: Mapping[str, float] = field(default_factory=dict)
    scale: float = 1.0

    def __post_init__(self) -> None:
        """Keep the names in lower case."""
        object.__setattr__(self, "seconds", {name.lower(): each for name, each in self.seconds.items()})

    def azure_seconds(self, what: str) -> float | None:
        """Return how long something takes in Azure; None if it is not among the durations."""
        return self.seconds.get(what.lower())

    def holds_answer(self, what: str) -> bool:
        """Whether the answer to a request comes when that much time has passed."""
        return what.lower() in _HOLD_ANSWER and what.lower() in self.seconds

    def here(self, azure_seconds: float) -> float:
        """Return the seconds that stand for Azure's here."""
        return azure_seconds / self.scale
