"""The containers of models, codes, environments and data: the common part of an asset's versions."""

import re
from typing import Any

from sandbox.azure.arm.bodies import fill, stamp
from sandbox.azure.arm.errors import ArmError, bad_request
from sandbox.azure.arm.ids import ArmId
from sandbox.azure.arm.queries import archived_wanted
from sandbox.azure.arm.requests import ArmRequest, ArmResponse
from sandbox.azure.arm.routes import Handler
from sandbox.azure.arm.store import Resource
from sandbox.azure.machine_learning.assets.kinds import AssetKind
from sandbox.azure.machine_learning.assets.parents import AssetParent
from sandbox.azure.machine_learning.bodies import checked
from sandbox.azure.machine_learning.scope import DEPLOYMENTS, existing
from sandbox.azure.world import World

_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9\-_.]{0,254}")
FILLED = {"tags": {}, "properties": {}, "isArchived": False, "description": None}
"""The service's defaults, in containers and versions."""


class Containers:
    """The handlers of one kind's containers, also for its versions."""

    def __init__(self, world: World, kind: AssetKind, parent: AssetParent) -> None:
        self._world = world
        self._kind = kind
        self.parent = parent
        self.path = f"{parent.path}/{kind.collection}/{{asset}}"

    def register(self) -> None:
        """Add the routes."""
        self.route("GET", f"{self.parent.path}/{self._kind.collection}", self.list, query=("listViewType",))
        self.route("GET", self.path, self.get)
        self.route("PUT", self.path, self.put)
        self.route("DELETE", self.path, self.delete)

    def route(self, method: str, path: str, handler: Handler, query: tuple[str, ...] = ()) -> None:
        """Add a route of the assets' parent."""
        need = self.parent.need(method)
        self._world.router.add(method, path, handler, query=query, host=self.parent.host, need=need)

    async def list(self, request: ArmRequest) -> ArmResponse:
        """Answer the containers of a workspace or registry."""
        found = self._world.store.children(self.parent.of(self._world, request).id, self._kind.type)
        return ArmResponse(200, {"value": [self._answered(each) for each in in_view(request, found)]})

    async def get(self, request: ArmRequest) -> ArmResponse:
        """Answer a container with its latest and next version."""
        return ArmResponse(200, self._answered(existing(self._world, self.id_of(request))))

    async def put(self, request: ArmRequest) -> ArmResponse:
        """Create (201) or replace (200) a container."""
        resource_id = self.id_of(request)
        self.check_name(request.params["asset"])
        body = checked(f"{self._kind.word} container", request.body)
        old = self._world.store.get(resource_id)
        stored = self.store(request, resource_id, old, body)
        return ArmResponse(200 if old else 201, self._answered(stored))

    async def delete(self, request: ArmRequest) -> ArmResponse:
        """Delete a container with all its versions."""
        return self.remove(self.id_of(request))

    def id_of(self, request: ArmRequest) -> str:
        """Return the id of the container in a request's path.

        Raises:
            ArmError: 404 if the workspace or registry does not exist.
        """
        return f"{self.parent.of(self._world, request).id}/{self._kind.collection}/{request.params['asset']}"

    def store(self, request: ArmRequest, resource_id: str, old: Resource | None, body: dict[str, Any]) -> Resource:
        """Create or replace a container, with the service's additions."""
        resource_id = old.id if old else resource_id
        body |= ArmId.parse(resource_id).named(self._kind.type) | {"id": self.parent.id_of(resource_id)}
        fill(body["properties"], FILLED)
        body["properties"] |= self._kind.answered
        stamp(request, old, body)
        return self._world.store.put(resource_id, self._kind.type, body)

    def remove(self, resource_id: str) -> ArmResponse:
        """Delete a container or a version: 200, or 204 if it does not exist.

        Raises:
            ArmError: 409 for a model that a deployment uses.
        """
        if self._world.store.get(resource_id) is None:
            return ArmResponse(204)
        self._check_unused(resource_id)
        self._world.store.delete(resource_id)
        return ArmResponse(200)

    def check_name(self, name: str) -> None:
        """Refuse an invalid name of an asset of this kind.

        Raises:
            ArmError: 400.
        """
        if not _NAME.fullmatch(name):
            raise bad_request(
                f"'{name}' is not a valid {self._kind.word} name: at most 255 letters, digits, '-', '_' and '.', the"
                " first a letter or digit.",
                "UserError",
            )

    def _answered(self, container: Resource) -> dict[str, Any]:
        versions = self._world.store.children(container.id, self._kind.version_type)
        numbers = [int(each.name) for each in versions if each.name.isdecimal()]
        added = {
            "latestVersion": versions[-1].name if versions else None,
            "nextVersion": str(max(numbers, default=0) + 1),
        }
        return container.body | {"properties": container.body["properties"] | added}

    def _check_unused(self, resource_id: str) -> None:
        """Refuse to delete a model that a deployment uses, as documented."""
        if self._kind.word != "model":
            return
        for deployment in self._world.store.below("", DEPLOYMENTS):
            model = (deployment.body["properties"].get("model") or {}).get("assetId", "")
            if ArmId.parse(model).is_within(ArmId.parse(resource_id)):
                raise ArmError(
                    409,
                    "Conflict",
                    f"'{resource_id}' is used by the deployment '{deployment.id}' and cannot be deleted.",
                )


def in_view(request: ArmRequest, found: list[Resource]) -> list[Resource]:
    """Return the containers or versions for a list's ``listViewType``."""
    wanted = archived_wanted(request)
    if wanted is None:
        return found
    return [each for each in found if bool(each.body["properties"].get("isArchived")) == wanted]
