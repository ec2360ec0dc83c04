"""The sandbox's routes, as its services register them, and the schema of the body that each takes."""

from dataclasses import dataclass
from functools import cache
from typing import Any
from unittest.mock import MagicMock

from sandbox.azure.arm.routes import ARM_HOST
from sandbox.azure.arm.schema import Schema
from sandbox.azure.arm.schemas import arm_schemas, machine_learning_schemas
from sandbox.server import SERVICES

_ML = "Microsoft.MachineLearningServices/"
_ML_SCHEMAS = {
    "workspaces": "workspace",
    "computes": "compute",
    "datastores": "datastore",
    "datasets": "data container",
    "datasets/versions": "data version",
    "models": "model container",
    "models/versions": "model version",
    "codes": "code container",
    "codes/versions": "code version",
    "environments": "environment container",
    "environments/versions": "environment version",
    "data": "data container",
    "data/versions": "data version",
    "components": "component container",
    "components/versions": "component version",
    "batchEndpoints": "batch endpoint",
    "batchEndpoints/deployments": "batch deployment",
    "jobs": "job",
    "startPendingUpload": "pending upload",
    "listSecrets": "datastore secrets",
}


@dataclass(frozen=True, slots=True)
class Route:
    """A route: placeholders are in braces; ``schema`` None: it takes no body, or nothing describes it."""

    method: str
    host: str
    template: str
    query: tuple[str, ...]
    schema: Schema | None

    def __str__(self) -> str:
        return f"{self.method} {self.host}{self.template}"


@cache
def routes() -> tuple[Route, ...]:
    """Return all routes, in matching order."""
    world: Any = MagicMock()  # registering only stores it
    for service in SERVICES:
        service.register(world)
    return tuple(_route(*call.args[:2], **call.kwargs) for call in world.router.add.call_args_list)


def _route(method: str, template: str, *, host: str = ARM_HOST, query: tuple[str, ...] = (), **_: object) -> Route:
    return Route(method, host, template, query, _schema(method, template) if method in _WITH_BODY else None)


_WITH_BODY = frozenset({"PUT", "PATCH", "POST"})


def _schema(method: str, template: str) -> Schema | None:
    namespace, *rest = template.rpartition("/providers/")[2].split("/")
    literal = [each for each in rest if not each.startswith("{")]
    if f"{namespace}/" != _ML:
        kind = "/".join(each for each in literal if each != "default")
        return arm_schemas().get(f"{namespace}/{kind}")
    # The last one or two parts say what it is: those before it are the workspace or the registry.
    for count in (2, 1):
        name = _ML_SCHEMAS.get("/".join(literal[-count:]))
        if name:
            patch = machine_learning_schemas().get(f"{name} patch") if method == "PATCH" else None
            return patch or machine_learning_schemas()[name]
    return None
