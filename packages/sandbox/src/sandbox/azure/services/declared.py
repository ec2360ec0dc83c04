"""Services whose resources are plain: a strict PUT that replaces, GET, DELETE and list, nothing running behind them."""

import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sandbox.azure.arm.errors import ArmError, resource_not_found
from sandbox.azure.arm.queries import modelled_query
from sandbox.azure.arm.requests import ArmRequest, ArmResponse
from sandbox.azure.arm.schema import validate
from sandbox.azure.arm.schemas import arm_schemas
from sandbox.azure.arm.store import Resource, now_iso
from sandbox.azure.world import World

Fill = Callable[[World, ArmRequest, Resource | None, dict[str, Any]], None]
"""Complete a validated body in place with the service's defaults and read-only members; raise ArmError to refuse it."""


@dataclass(frozen=True, slots=True)
class Declared:
    """One resource type of a plain service.

    ``template`` is the path of a single resource; ``fill`` completes bodies; ``name`` is (pattern, what is allowed);
    ``taken`` is the (code, message) that refuses a name used anywhere else in the cloud, for globally unique names;
    ``soft`` keeps the name of a deleted resource taken; ``tracked`` types need a location.
    """

    type: str
    template: str
    fill: Fill
    name: tuple[str, str] | None = None
    taken: tuple[str, str] | None = None
    soft: bool = False
    tracked: bool = True

    def register(self, world: World) -> None:
        """Serve PUT, GET, HEAD, DELETE on the template and GET on its collection."""

        async def put(request: ArmRequest) -> ArmResponse:
            return self.put(world, request)

        async def get(request: ArmRequest) -> ArmResponse:
            modelled_query(request)
            return ArmResponse(200, self.existing(world, request).body)

        async def head(request: ArmRequest) -> ArmResponse:
            self.existing(world, request)
            return ArmResponse(204)

        async def delete(request: ArmRequest) -> ArmResponse:
            return self.delete(world, request)

        async def list_(request: ArmRequest) -> ArmResponse:
            modelled_query(request)
            scope = self.resource_id(request).rsplit("/providers/", 1)[0]
            parent = scope if self.type.count("/") == 1 else self.resource_id(request).rsplit("/", 2)[0]
            return ArmResponse(200, {"value": [child.body for child in world.store.children(parent, self.type)]})

        world.router.add("PUT", self.template, put)
        world.router.add("GET", self.template, get)
        world.router.add("HEAD", self.template, head)
        world.router.add("DELETE", self.template, delete)
        if self.template.endswith("}"):
            world.router.add("GET", self.template.rsplit("/", 1)[0], list_)

    def resource_id(self, request: ArmRequest) -> str:
        """Return the canonical id: the template's own case, the caller's names."""
        return re.sub(r"\{(\w+)(:path)?\}", lambda match: request.params.get(match[1], "").strip("/"), self.template)

    def existing(self, world: World, request: ArmRequest) -> Resource:
        """Return the resource that a request names.

        Raises:
            ArmError: 404 when it does not exist, or is soft-deleted.
        """
        resource_id = self.resource_id(request)
        found = world.store.get(resource_id)
        if found is None:
            raise resource_not_found(resource_id)
        return found

    def put(self, world: World, request: ArmRequest) -> ArmResponse:
        """Create (201) or replace (200) a resource.

        Raises:
            ArmError: the body breaks the schema, the name its rule, or the name is taken.
        """
        modelled_query(request)
        resource_id = self.resource_id(request)
        old = world.store.get(resource_id)
        name = resource_id.rsplit("/", 1)[-1]
        if old is None:
            self._check_name(world, resource_id, name)
        body = validate(arm_schemas()[self.type], request.body or {})
        if self.tracked:
            check_location(old, body, name)
        fill(body, {"properties": {}})
        if old is not None:
            resource_id = old.id
        body |= {"id": resource_id, "name": name, "type": self.type}
        self.fill(world, request, old, body)
        world.store.put(resource_id, self.type, body)
        return ArmResponse(201 if old is None else 200, body)

    def delete(self, world: World, request: ArmRequest) -> ArmResponse:
        """Delete a resource: 200, or 204 when there was none."""
        modelled_query(request)
        resource_id = self.resource_id(request)
        if world.store.get(resource_id) is None:
            return ArmResponse(204)
        if self.soft:
            world.store.soft_delete(resource_id)
        else:
            world.store.delete(resource_id)
        return ArmResponse(200)

    def _check_name(self, world: World, resource_id: str, name: str) -> None:
        if self.name is not None and not re.fullmatch(self.name[0], name):
            leaf = self.type.rsplit("/", 1)[-1]
            raise ArmError(400, "InvalidResourceName", f"'{name}' is not a valid name for {leaf}: {self.name[1]}.")
        if self.taken is None:
            return
        code, message = self.taken
        for other in world.store.below("", self.type):
            if other.name.lower() == name.lower() and other.id.lower() != resource_id.lower():
                raise ArmError(409, code, message.format(name=name))


def fill(properties: dict[str, Any], defaults: dict[str, Any]) -> None:
    """Set the members that a request left out, or sent as null, to the service's defaults."""
    for member, value in defaults.items():
        if properties.get(member) is None:
            properties[member] = value


def check_location(old: Resource | None, body: dict[str, Any], name: str) -> None:
    """Write a tracked resource's location in ARM's spelling; refuse none, or another than it has.

    Raises:
        ArmError: 400, or 409.
    """
    location = body.get("location")
    if not location:
        raise ArmError(400, "LocationRequired", f"The location property is required for '{name}'.")
    body["location"] = location.replace(" ", "").lower()
    if old is not None and old.body["location"] != body["location"]:
        raise ArmError(
            409,
            "InvalidResourceLocation",
            f"The resource '{name}' already exists in location '{old.body['location']}'; it cannot be created in"
            f" location '{body['location']}'.",
        )


def stamp(request: ArmRequest, old: Resource | None, body: dict[str, Any]) -> None:
    """Add ``systemData``: who made the resource and changed it last, and when."""
    caller = request.principal.object_id if request.principal else ""
    created = (old.body.get("systemData") if old else None) or {"createdBy": caller, "createdAt": now_iso()}
    body["systemData"] = {
        "createdBy": created["createdBy"],
        "createdByType": "Application",
        "createdAt": created["createdAt"],
        "lastModifiedBy": caller,
        "lastModifiedByType": "Application",
        "lastModifiedAt": now_iso(),
    }


def kept(old: Resource | None, *path: str, make: Callable[[], Any] = lambda: str(uuid.uuid4())) -> Any:
    """Return a read-only member of the old body, or make it for a new resource (by default a random GUID)."""
    value: Any = old.body if old else None
    for member in path:
        value = value.get(member) if isinstance(value, dict) else None
    return make() if value is None else value
