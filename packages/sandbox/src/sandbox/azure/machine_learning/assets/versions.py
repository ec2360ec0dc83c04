"""Versions of models, codes, environments and data: their content never changes; search, and pending uploads."""

import uuid
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sandbox.azure.arm.bodies import fill, stamp
from sandbox.azure.arm.errors import ArmError, bad_request, not_modelled
from sandbox.azure.arm.ids import ArmId
from sandbox.azure.arm.queries import take
from sandbox.azure.arm.requests import ArmRequest, ArmResponse
from sandbox.azure.arm.schema import validate
from sandbox.azure.arm.schemas import machine_learning_schemas
from sandbox.azure.arm.store import Resource
from sandbox.azure.environments.conda_file import content_of
from sandbox.azure.machine_learning.assets.containers import FILLED, Containers, in_view
from sandbox.azure.machine_learning.assets.kinds import KINDS, AssetKind
from sandbox.azure.machine_learning.assets.locations import place_of
from sandbox.azure.machine_learning.assets.parents import WORKSPACE_ASSETS, AssetParent
from sandbox.azure.machine_learning.bodies import checked
from sandbox.azure.machine_learning.scope import existing
from sandbox.azure.world import World


def register(world: World) -> None:
    """Serve the four kinds of assets of workspaces: their containers and their versions."""
    for kind in KINDS:
        Versions(world, kind, WORKSPACE_ASSETS).register()


class Versions:
    """The handlers of one kind's versions, and of their containers."""

    def __init__(self, world: World, kind: AssetKind, parent: AssetParent) -> None:
        kind = replace(kind, parent=parent.type)
        self._world = world
        self._kind = kind
        self._parent = parent
        self._containers = Containers(world, kind, parent)

    def register(self) -> None:
        """Add the routes."""
        self._containers.register()
        add = self._containers.route
        versions = self._containers.path + "/versions"
        version = versions + "/{version}"
        by_hash = ("hash", "hashVersion") if self._kind.word == "code" else ()
        add("GET", versions, self.list, query=("listViewType", "$orderBy", "$top", *by_hash))
        add("GET", version, self.get)
        add("PUT", version, self.put)
        add("DELETE", version, self.delete)
        if self._kind.word != "environment":
            add("POST", version + "/startPendingUpload", self.start_upload)

    async def list(self, request: ArmRequest) -> ArmResponse:
        """Answer an asset's versions; for codes with ``hash``, those of the whole parent that have it."""
        if "hash" in request.query:
            return ArmResponse(200, {"value": self._with_hash(request)})
        versions = self._world.store.children(self._containers.id_of(request), self._kind.version_type)
        bodies = _ordered(request, in_view(request, versions))
        return ArmResponse(200, {"value": take(request, bodies, "$top")})

    async def get(self, request: ArmRequest) -> ArmResponse:
        """Answer a version."""
        if request.params["version"] == self._kind.latest:
            versions = self._world.store.children(self._containers.id_of(request), self._kind.version_type)
            if versions:
                return ArmResponse(200, versions[-1].body)
        return ArmResponse(200, existing(self._world, self._id(request)).body)

    async def put(self, request: ArmRequest) -> ArmResponse:
        """Create (201) a version, or change (200; see ``created_again``) its changeable members: never its content."""
        return self.store(request)

    def store(self, request: ArmRequest) -> ArmResponse:
        """Do what ``put`` does.

        Raises:
            ArmError: the name, the version or the content is not allowed, or the content would change.
        """
        parent = self._parent.of(self._world, request)
        self._containers.check_name(request.params["asset"])
        pattern, allowed = self._kind.version
        if not pattern.fullmatch(request.params["version"]):
            raise bad_request(
                f"'{request.params['version']}' is not a valid {self._kind.word} version: {allowed}.", "UserError"
            )
        body = checked(f"{self._kind.word} version", self._without_nulls(request.body))
        self._kind.complete(body["properties"])
        version = self._kind.stored_as(request.params["asset"], request.params["version"], body["properties"])
        resource_id = f"{self._containers.id_of(request)}/versions/{version}"
        old = self._world.store.get(resource_id)
        if old is not None:
            self._check_fixed(parent, old, body["properties"])
            resource_id = old.id
        else:
            self._kind.check(self._world, parent, body["properties"])
        fill(body["properties"], {**FILLED, **self._kind.defaults, "isAnonymous": False})
        body["properties"] |= self._kind.answered
        body |= ArmId.parse(resource_id).named(self._kind.version_type) | {"id": self._parent.id_of(resource_id)}
        if self._kind.created_again and old is not None and body | {"systemData": old.body["systemData"]} == old.body:
            return ArmResponse(201, old.body)
        stamp(request, old, body)
        container_id = self._containers.id_of(request)
        container = self._world.store.get(container_id)
        shared = {member: body["properties"].get(member) for member in self._kind.shared}
        with self._world.store.transaction():
            if container is None:
                self._containers.store(request, container_id, None, {"properties": shared})
            else:
                self._check_shared(container, shared)
            self._world.store.put(resource_id, self._kind.version_type, body)
        return ArmResponse(201 if old is None or self._kind.created_again else 200, body)

    async def delete(self, request: ArmRequest) -> ArmResponse:
        """Delete a version."""
        return self._containers.remove(self._id(request))

    async def start_upload(self, request: ArmRequest) -> ArmResponse:
        """Create a container for the files of a future version, and return a SAS that writes to it."""
        parent = self._parent.of(self._world, request)
        body = validate(machine_learning_schemas()["pending upload"], request.body or {})
        if (body.get("pendingUploadType") or "TemporaryBlobReference") != "TemporaryBlobReference":
            raise not_modelled(f"a pending upload of type '{body['pendingUploadType']}'")
        answer = {
            "pendingUploadId": body.get("pendingUploadId") or str(uuid.uuid4()),
            "pendingUploadType": "TemporaryBlobReference",
            "blobReferenceForConsumption": new_place(self._world, parent.body["properties"]["storageAccount"]),
        }
        return ArmResponse(200, answer)

    def _id(self, request: ArmRequest) -> str:
        return f"{self._containers.id_of(request)}/versions/{request.params['version']}"

    def _without_nulls(self, body: Any) -> Any:
        """Return a request's body without the members that this parent only knows as null."""
        properties = body.get("properties") if isinstance(body, dict) else None
        if not isinstance(properties, dict):
            return body
        nulls = {name for name in self._parent.null_members if properties.get(name, "") is None}
        return body | {"properties": {name: value for name, value in properties.items() if name not in nulls}}

    def _check_fixed(self, parent: Resource, old: Resource, properties: dict[str, Any]) -> None:
        before = old.body["properties"]
        for member in self._kind.fixed:
            wanted, given = properties.get(member), before.get(member)
            is_left_out = wanted is None and member in self._kind.defaults
            if is_left_out or (member.endswith("Uri") and self._same_place(parent, wanted, given)):
                properties[member] = given
            elif not _same(member, wanted, given):
                raise ArmError(self._kind.fixed_status, "UserError", self._kind.fixed_message)

    def _same_place(self, parent: Resource, one: str | None, other: str | None) -> bool:
        """Whether two URIs name the same blobs: a path in a datastore can be written in several ways."""
        if not one or not other or _same("", one, other):
            return False
        places = [place_of(self._world, parent, uri) for uri in (one, other)]
        return len({(each.account, each.container, each.path.rstrip("/")) for each in places}) == 1

    def _check_shared(self, container: Resource, shared: dict[str, Any]) -> None:
        for member, value in shared.items():
            common = container.body["properties"].get(member)
            if value != common:
                raise bad_request(
                    f"'properties.{member}' is '{value}', and all versions of '{container.name}' have '{common}'.",
                    "UserError",
                )

    def _with_hash(self, request: ArmRequest) -> Sequence[dict[str, Any]]:
        parent = self._parent.of(self._world, request)
        wanted, hash_version = request.query["hash"], request.query.get("hashVersion")
        found = []
        for each in self._world.store.below(parent.id, self._kind.version_type):
            properties = each.body["properties"].get("properties") or {}
            same_version = hash_version is None or str(properties.get("hash_version", hash_version)) == hash_version
            if properties.get("hash_sha256") == wanted and same_version:
                found.append(each.body)
        return found


def new_place(world: World, account_id: str) -> dict[str, Any]:
    """Create a container in a storage account; return it as a blob reference with a SAS that writes to it."""
    account, container = ArmId.parse(account_id).name, str(uuid.uuid4())
    world.blobs.create_container(account, container)
    uri = f"https://{account}.blob.core.windows.net/{container}"
    credential = {"credentialType": "SAS", "sasUri": f"{uri}?{world.blobs.sas(account, container, 'racwl')}"}
    return {"blobUri": uri, "storageAccountArmId": account_id, "credential": credential}


def _same(member: str, one: Any, other: Any) -> bool:
    """Paths and ids are case-insensitive; a conda file's spelling does not count."""
    if member == "condaFile":
        return bool(content_of(one or "") == content_of(other or ""))
    if isinstance(one, str) and isinstance(other, str):
        return one.rstrip("/").lower() == other.rstrip("/").lower()
    return bool(one == other)


def _ordered(request: ArmRequest, found: list[Resource]) -> list[dict[str, Any]]:
    order = request.query.get("$orderBy", "createdtime asc").lower().split()
    key, direction = (*order, "asc")[:2] if order else ("", "")
    if key not in ("createdtime", "modifiedtime") or direction not in ("asc", "desc"):
        raise not_modelled(f"$orderBy '{request.query['$orderBy']}' (only createdtime and modifiedtime, asc or desc)")
    ranked = sorted(found, key=lambda each: each.created if key == "createdtime" else each.modified)
    return [each.body for each in (ranked if direction == "asc" else reversed(ranked))]
