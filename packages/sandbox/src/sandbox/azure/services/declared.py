"""Services with plain resources: a strict PUT that replaces, GET, DELETE and list; nothing runs behind them."""

import re
import uuid
from collections.abc import Callable
from typing import Any, ClassVar

from sandbox.azure.arm.bodies import check_location, fill
from sandbox.azure.arm.errors import ArmError, resource_not_found
from sandbox.azure.arm.ids import ArmId
from sandbox.azure.arm.requests import ArmRequest, ArmResponse
from sandbox.azure.arm.schema import validate
from sandbox.azure.arm.schemas import arm_schemas
from sandbox.azure.arm.store import Resource
from sandbox.azure.world import World


class Declared:
    """The handlers of one resource type of a plain service; a subclass defines the type and completes its bodies.

    ``template`` is the path of a single resource; ``name_rule`` is (pattern, allowed values); ``taken`` is the (code,
    message) for a name that is used elsewhere, for globally unique names; ``soft`` keeps the name of a deleted resource
    taken; ``tracked`` types need a location; ``answers_deleted``: DELETE answers with what was deleted.
    """

    type: ClassVar[str]
    template: ClassVar[str]
    name_rule: ClassVar[tuple[str, str] | None] = None
    taken: ClassVar[tuple[str, str] | None] = None
    soft: ClassVar[bool] = False
    tracked: ClassVar[bool] = True
    answers_deleted: ClassVar[bool] = False
    list_query: ClassVar[tuple[str, ...]] = ()

    def __init__(self, world: World) -> None:
        self._world = world

    def fill(self, request: ArmRequest, old: Resource | None, body: dict[str, Any]) -> None:
        """Complete a validated body in place with the service's defaults and read-only members.

        Raises:
            ArmError: the service refuses the body.
        """
        raise NotImplementedError

    def register(self) -> None:
        """Serve PUT, GET, HEAD, DELETE on the template and GET on its collection."""
        router = self._world.router
        router.add("PUT", self.template, self.put)
        router.add("GET", self.template, self.get)
        router.add("HEAD", self.template, self.head)
        router.add("DELETE", self.template, self.delete)
        router.add("GET", self.template.rpartition("/")[0], self.list, query=self.list_query)

    async def put(self, request: ArmRequest) -> ArmResponse:
        """Create (201) or replace (200) a resource.

        Raises:
            ArmError: the body violates the schema, the name its rule, or the name is taken.
        """
        resource_id = self.resource_id(request)
        old = self._world.store.get(resource_id)
        name = ArmId.parse(resource_id).name
        if old is None:
            self._check_name(resource_id, name)
        body = validate(arm_schemas()[self.type], request.body or {})
        if self.tracked:
            check_location(old, body, name)
        fill(body, {"properties": {}})
        if old is not None:
            resource_id = old.id
        body |= {"id": resource_id, "name": name, "type": self.type}
        self.fill(request, old, body)
        self._world.store.put(resource_id, self.type, body)
        return ArmResponse(201 if old is None else 200, body)

    async def get(self, request: ArmRequest) -> ArmResponse:
        """Answer a resource."""
        return ArmResponse(200, self.existing(request).body)

    async def head(self, request: ArmRequest) -> ArmResponse:
        """Answer whether a resource exists: 204 or 404."""
        self.existing(request)
        return ArmResponse(204)

    async def delete(self, request: ArmRequest) -> ArmResponse:
        """Delete a resource: 200, or 204 if it did not exist."""
        resource_id = self.resource_id(request)
        found = self._world.store.get(resource_id)
        if found is None:
            return ArmResponse(204)
        if self.soft:
            self._world.store.soft_delete(resource_id)
        else:
            self._world.store.delete(resource_id)
        return ArmResponse(200, found.body if self.answers_deleted else None)

    async def list(self, request: ArmRequest) -> ArmResponse:
        """Return the resources of this type in the path's scope."""
        scope = str(ArmId.parse(self.resource_id(request)).scope)
        found = self._world.store.children(scope, self.type)
        return ArmResponse(200, {"value": [each.body for each in found]})

    def resource_id(self, request: ArmRequest) -> str:
        """Return the canonical id: the template's case, the caller's names."""
        return re.sub(r"\{(\w+)(:path)?\}", lambda match: request.params.get(match[1], "").strip("/"), self.template)

    def existing(self, request: ArmRequest) -> Resource:
        """Return a request's resource.

        Raises:
            ArmError: 404 if it does not exist or is soft-deleted.
        """
        return self.required(self.resource_id(request))

    def required(self, resource_id: str) -> Resource:
        """Return a resource that this one needs, of whatever type.

        Raises:
            ArmError: 404 if it does not exist or is soft-deleted.
        """
        found = self._world.store.get(resource_id)
        if found is None:
            raise resource_not_found(resource_id)
        return found

    def _check_name(self, resource_id: str, name: str) -> None:
        if self.name_rule is not None and not re.fullmatch(self.name_rule[0], name):
            leaf = self.type.rpartition("/")[2]
            allowed = self.name_rule[1]
            raise ArmError(400, "InvalidResourceName", f"'{name}' is not a valid name for {leaf}: {allowed}.")
        if self.taken is None:
            return
        code, message = self.taken
        for other in self._world.store.below("", self.type):
            if other.name.lower() == name.lower() and other.id.lower() != resource_id.lower():
                raise ArmError(409, code, message.format(name=name))


def kept(old: Resource | None, *path: str, make: Callable[[], Any] = lambda: str(uuid.uuid4())) -> Any:
    """Return a read-only member of the old body, or create it for a new resource (by default a random GUID)."""
    value: Any = old.body if old else None
    for member in path:
        value = value.get(member) if isinstance(value, dict) else None
    return make() if value is None else value
