"""The handlers of a type whose PUT and DELETE are long-running, below a workspace or below another such resource."""

from typing import ClassVar

from sandbox.azure.arm.operations import MFE_STATUS
from sandbox.azure.arm.requests import ArmRequest, ArmResponse
from sandbox.azure.arm.store import Resource
from sandbox.azure.machine_learning.provisioning import Provisioning
from sandbox.azure.machine_learning.scope import existing, listed, reached, workspace_of
from sandbox.azure.world import World


class Handlers:
    """Serves GET, list and DELETE; a subclass adds PUT and PATCH.

    ``type`` is the ARM type, ``path`` the template of one resource, ``what`` the name of the type in stored operations;
    ``operations`` is the last part of the URL of an operation's status, ``creating`` the state of a new resource;
    ``delete_query`` are DELETE's own parameters.
    """

    type: ClassVar[str]
    path: ClassVar[str]
    what: ClassVar[str]
    operations: ClassVar[str] = MFE_STATUS
    creating: ClassVar[str] = "Creating"
    delete_query: ClassVar[tuple[str, ...]] = ()

    def __init__(self, world: World) -> None:
        self._world = world
        self._provisioning = Provisioning(world, self.what, collection=self.operations, creating=self.creating)

    def register(self) -> None:
        """Add the routes."""
        router = self._world.router
        router.add("GET", self.path.rpartition("/")[0], self.list)
        router.add("GET", self.path, self.get)
        router.add("PUT", self.path, self.put)
        router.add("PATCH", self.path, self.patch)
        router.add("DELETE", self.path, self.delete, query=self.delete_query)

    async def list(self, request: ArmRequest) -> ArmResponse:
        """Answer the resources of the type below the parent."""
        return listed(self._world, self._parent(request), self.type)

    async def get(self, request: ArmRequest) -> ArmResponse:
        """Answer a resource."""
        return ArmResponse(200, existing(self._world, self._id(request)).body)

    async def put(self, request: ArmRequest) -> ArmResponse:
        """Create or replace a resource."""
        raise NotImplementedError

    async def patch(self, request: ArmRequest) -> ArmResponse:
        """Change members of a resource."""
        raise NotImplementedError

    async def delete(self, request: ArmRequest) -> ArmResponse:
        """Delete a resource with what is below it: 202, or 204 if it does not exist."""
        resource_id = self._id(request)
        if reached(self._world, resource_id) is None:
            return ArmResponse(204)
        return self._provisioning.delete(request, resource_id)

    def _parent(self, request: ArmRequest) -> Resource:
        """Return the parent of a request's resource; 404 if it does not exist."""
        return workspace_of(self._world, request)

    def _id(self, request: ArmRequest) -> str:
        """Return the id of a request's resource; 404 if its parent does not exist."""
        _, collection, name = self.path.rsplit("/", 2)
        return f"{self._parent(request).id}/{collection}/{request.params[name.strip('{}')]}"
