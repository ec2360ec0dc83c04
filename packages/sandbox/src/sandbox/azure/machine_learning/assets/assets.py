"""Models, codes, environments and data: containers, their versions, search by hash, and pending uploads."""

import re
import uuid
from typing import Any

from sandbox.azure.arm.errors import ArmError, bad_request, not_modelled
from sandbox.azure.arm.queries import archived_wanted, take
from sandbox.azure.arm.requests import ArmRequest, ArmResponse
from sandbox.azure.arm.schema import validate
from sandbox.azure.arm.schemas import machine_learning_schemas
from sandbox.azure.arm.store import Resource
from sandbox.azure.machine_learning.assets.asset_kinds import KINDS, AssetKind
from sandbox.azure.machine_learning.bodies import checked
from sandbox.azure.machine_learning.scope import DEPLOYMENTS, WORKSPACE_PATH, existing, workspace_of
from sandbox.azure.services.declared import fill, stamp
from sandbox.azure.world import World

_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9\-_.]{0,254}")
_FILLED = {"tags": {}, "properties": {}, "isArchived": False, "description": None}


def register(world: World) -> None:
    """Serve the four kinds of assets."""
    for kind in KINDS:
        assets = _Assets(world, kind)
        containers = f"{WORKSPACE_PATH}/{kind.collection}"
        container = containers + "/{asset}"
        version = container + "/versions/{version}"
        world.router.add("GET", containers, assets.list_containers, query=("listViewType",))
        world.router.add("GET", container, assets.get_container)
        world.router.add("PUT", container, assets.put_container)
        world.router.add("DELETE", container, assets.delete)
        by_hash = ("hash", "hashVersion") if kind.word == "code" else ()
        query = ("listViewType", "$orderBy", "$top", *by_hash)
        world.router.add("GET", container + "/versions", assets.list_versions, query=query)
        world.router.add("GET", version, assets.get_version)
        world.router.add("PUT", version, assets.put_version)
        world.router.add("DELETE", version, assets.delete)
        if kind.word != "environment":
            world.router.add("POST", version + "/startPendingUpload", assets.start_upload)


class _Assets:
    """The handlers of one kind."""

    def __init__(self, world: World, kind: AssetKind) -> None:
        self._world = world
        self._kind = kind

    async def list_containers(self, request: ArmRequest) -> ArmResponse:
        """Answer the containers of a workspace."""
        found = self._world.store.children(workspace_of(self._world, request).id, self._kind.type)
        return ArmResponse(200, {"value": [self._container(each) for each in _in_view(request, found)]})

    async def get_container(self, request: ArmRequest) -> ArmResponse:
        """Answer a container with its latest and next version."""
        return ArmResponse(200, self._container(existing(self._world, self._container_id(request))))

    async def put_container(self, request: ArmRequest) -> ArmResponse:
        """Create (201) or replace (200) a container."""
        resource_id = self._container_id(request)
        self._check_name(request.params["asset"])
        body = checked(f"{self._kind.word} container", request.body)
        old = self._world.store.get(resource_id)
        stored = self._store_container(request, resource_id, old, body)
        return ArmResponse(200 if old else 201, self._container(stored))

    async def list_versions(self, request: ArmRequest) -> ArmResponse:
        """Answer an asset's versions; for codes with ``hash``, those of the whole workspace that have it."""
        if "hash" in request.query:
            return ArmResponse(200, {"value": self._with_hash(request)})
        versions = self._world.store.children(self._container_id(request), self._kind.version_type)
        bodies = _ordered(request, _in_view(request, versions))
        return ArmResponse(200, {"value": take(request, bodies, "$top")})

    async def get_version(self, request: ArmRequest) -> ArmResponse:
        """Answer a version."""
        return ArmResponse(200, existing(self._world, self._version_id(request)).body)

    async def put_version(self, request: ArmRequest) -> ArmResponse:
        """Create (201) a version, or change (200) what may be changed of one: never what it consists of."""
        workspace = workspace_of(self._world, request)
        self._check_name(request.params["asset"])
        pattern, allowed = self._kind.version
        if not pattern.fullmatch(request.params["version"]):
            raise bad_request(
                f"'{request.params['version']}' is not a valid {self._kind.word} version: {allowed}.", "UserError"
            )
        body = checked(f"{self._kind.word} version", request.body)
        resource_id = self._version_id(request)
        old = self._world.store.get(resource_id)
        if old is not None:
            self._check_fixed(old, body["properties"])
            resource_id = old.id
        else:
            self._kind.check(self._world, workspace, body["properties"])
        fill(body["properties"], {**_FILLED, **self._kind.defaults, "isAnonymous": False})
        body["properties"] |= self._kind.answered
        body |= {"id": resource_id, "name": resource_id.rsplit("/", 1)[-1], "type": self._kind.version_type}
        stamp(request, old, body)
        container_id = self._container_id(request)
        container = self._world.store.get(container_id)
        shared = {member: body["properties"].get(member) for member in self._kind.shared}
        with self._world.store.transaction():
            if container is None:
                self._store_container(request, container_id, None, {"properties": shared})
            else:
                self._check_shared(container, shared)
            self._world.store.put(resource_id, self._kind.version_type, body)
        return ArmResponse(200 if old else 201, body)

    async def delete(self, request: ArmRequest) -> ArmResponse:
        """Delete a version, or a container with all of them: 200, or 204 when there is none."""
        is_version = "version" in request.params
        resource_id = self._version_id(request) if is_version else self._container_id(request)
        if self._world.store.get(resource_id) is None:
            return ArmResponse(204)
        self._check_unused(resource_id)
        self._world.store.delete(resource_id)
        return ArmResponse(200)

    async def start_upload(self, request: ArmRequest) -> ArmResponse:
        """Make a container for the files of a version to come, and answer a SAS that writes to it."""
        workspace = workspace_of(self._world, request)
        body = validate(machine_learning_schemas()["pending upload"], request.body or {})
        if (body.get("pendingUploadType") or "TemporaryBlobReference") != "TemporaryBlobReference":
            raise not_modelled(f"a pending upload of type '{body['pendingUploadType']}'")
        storage = workspace.body["properties"]["storageAccount"]
        account, container = storage.rsplit("/", 1)[-1], str(uuid.uuid4())
        self._world.blobs.create_container(account, container)
        uri = f"https://{account}.blob.core.windows.net/{container}"
        sas = self._world.blobs.sas(account, container, "racwl")
        reference = {
            "blobUri": uri,
            "storageAccountArmId": storage,
            "credential": {"credentialType": "SAS", "sasUri": f"{uri}?{sas}"},
        }
        answer = {
            "pendingUploadId": body.get("pendingUploadId") or str(uuid.uuid4()),
            "pendingUploadType": "TemporaryBlobReference",
            "blobReferenceForConsumption": reference,
        }
        return ArmResponse(200, answer)

    def _container_id(self, request: ArmRequest) -> str:
        return f"{workspace_of(self._world, request).id}/{self._kind.collection}/{request.params['asset']}"

    def _version_id(self, request: ArmRequest) -> str:
        return f"{self._container_id(request)}/versions/{request.params['version']}"

    def _store_container(
        self, request: ArmRequest, resource_id: str, old: Resource | None, body: dict[str, Any]
    ) -> Resource:
        resource_id = old.id if old else resource_id
        body |= {"id": resource_id, "name": resource_id.rsplit("/", 1)[-1], "type": self._kind.type}
        fill(body["properties"], _FILLED)
        body["properties"] |= self._kind.answered
        stamp(request, old, body)
        return self._world.store.put(resource_id, self._kind.type, body)

    def _container(self, container: Resource) -> dict[str, Any]:
        versions = self._world.store.children(container.id, self._kind.version_type)
        numbers = [int(each.name) for each in versions if each.name.isdecimal()]
        added = {
            "latestVersion": versions[-1].name if versions else None,
            "nextVersion": str(max(numbers, default=0) + 1),
        }
        return container.body | {"properties": container.body["properties"] | added}

    def _check_name(self, name: str) -> None:
        if not _NAME.fullmatch(name):
            raise bad_request(
                f"'{name}' is not a valid {self._kind.word} name: at most 255 letters, digits, '-', '_' and '.', the"
                " first a letter or digit.",
                "UserError",
            )

    def _check_fixed(self, old: Resource, properties: dict[str, Any]) -> None:
        before = old.body["properties"]
        for member in self._kind.fixed:
            wanted = properties.get(member)
            if wanted is None and member in self._kind.defaults:
                properties[member] = before.get(member)
            elif not _same(wanted, before.get(member)):
                raise bad_request(self._kind.fixed_message, "UserError")

    def _check_shared(self, container: Resource, shared: dict[str, Any]) -> None:
        for member, value in shared.items():
            common = container.body["properties"].get(member)
            if value != common:
                raise bad_request(
                    f"'properties.{member}' is '{value}', and all versions of '{container.name}' have '{common}'.",
                    "UserError",
                )

    def _check_unused(self, resource_id: str) -> None:
        """Refuse to delete a model that a deployment uses, as the service documents."""
        if self._kind.word != "model":
            return
        prefix = resource_id.lower() + "/"
        for deployment in self._world.store.below("", DEPLOYMENTS):
            model = (deployment.body["properties"].get("model") or {}).get("assetId", "")
            if (model.lower() + "/").startswith(prefix):
                raise ArmError(
                    409,
                    "Conflict",
                    f"'{resource_id}' is used by the deployment '{deployment.id}' and cannot be deleted.",
                )

    def _with_hash(self, request: ArmRequest) -> list[dict[str, Any]]:
        workspace = workspace_of(self._world, request)
        wanted, hash_version = request.query["hash"], request.query.get("hashVersion")
        found = []
        for each in self._world.store.below(workspace.id, self._kind.version_type):
            properties = each.body["properties"].get("properties") or {}
            same_version = hash_version is None or str(properties.get("hash_version", hash_version)) == hash_version
            if properties.get("hash_sha256") == wanted and same_version:
                found.append(each.body)
        return found


def _same(one: Any, other: Any) -> bool:
    """Paths and ids compare without case."""
    if isinstance(one, str) and isinstance(other, str):
        return one.rstrip("/").lower() == other.rstrip("/").lower()
    return bool(one == other)


def _in_view(request: ArmRequest, found: list[Resource]) -> list[Resource]:
    wanted = archived_wanted(request)
    if wanted is None:
        return found
    return [each for each in found if bool(each.body["properties"].get("isArchived")) == wanted]


def _ordered(request: ArmRequest, found: list[Resource]) -> list[dict[str, Any]]:
    order = request.query.get("$orderBy", "createdtime asc").lower().split()
    key, direction = order[0], order[1] if len(order) > 1 else "asc"
    if key not in ("createdtime", "modifiedtime") or direction not in ("asc", "desc"):
        raise not_modelled(f"$orderBy '{request.query['$orderBy']}' (only createdtime and modifiedtime, asc or desc)")
    ranked = sorted(found, key=lambda each: each.created if key == "createdtime" else each.modified)
    return [each.body for each in (ranked if direction == "asc" else reversed(ranked))]
