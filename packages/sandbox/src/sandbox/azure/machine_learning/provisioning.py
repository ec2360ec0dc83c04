"""Resources whose PUT and DELETE are long-running: their states and operations."""

from typing import Any
from urllib.parse import urlencode

from sandbox.azure.arm.errors import ArmError
from sandbox.azure.arm.operations import ARM, MFE_STATUS
from sandbox.azure.arm.requests import ArmRequest, ArmResponse
from sandbox.azure.world import World

ASYNC = "Azure-AsyncOperation"
LOCATION = "Location"


class Provisioning:
    """One resource type's long-running operations.

    ``what`` names the type in stored operations; ``collection`` is the last part of the status URL, ``creating`` the
    state of a new resource.
    ``put_headers`` and ``delete_headers`` are the headers that the service announces an operation with.
    """

    def __init__(
        self,
        world: World,
        what: str,
        *,
        collection: str,
        creating: str = "Creating",
        put_headers: tuple[str, ...] = (ASYNC,),
        delete_headers: tuple[str, ...] = (ASYNC, LOCATION),
    ) -> None:
        self._world = world
        self._what = what
        self._collection = collection
        self._creating = creating
        self._put_headers = put_headers
        self._delete_headers = delete_headers
        world.operations.register(f"provision {what}", self._succeeded, self._failed)
        world.operations.register(f"delete {what}", world.store.delete, self._failed)
        world.operations.register(f"hide {what}", world.store.soft_delete, self._failed)

    def put(
        self, request: ArmRequest, resource_id: str, type_: str, body: dict[str, Any], private: dict[str, Any] | None
    ) -> tuple[bool, dict[str, str]]:
        """Store a resource in its transient state and start its operation; return (is it new?, headers).

        Raises:
            ArmError: 409 if the resource is being deleted.
        """
        store = self._world.store
        old = store.get(resource_id)
        if old is not None and old.body["properties"].get("provisioningState") == "Deleting":
            raise ArmError(409, "Conflict", f"'{resource_id}' is being deleted; try again when that is done.")
        body["properties"]["provisioningState"] = self._creating if old is None else "Updating"
        # In one transaction: a resource in a transient state without an operation would stay in it forever.
        with store.transaction():
            store.put(resource_id, type_, body, private)
            headers = self._start(
                request, resource_id, "provision", self._put_headers, body["location"], is_new=old is None
            )
        if old is None and self._collection == MFE_STATUS:
            headers["Location"] = f"{ARM}{resource_id}?{urlencode(request.query)}"
        return old is None, headers | self._timeout()

    def delete(self, request: ArmRequest, resource_id: str, *, soft: bool = False) -> ArmResponse:
        """Start to delete an existing resource: 202 with the operation's headers."""
        with self._world.store.transaction():
            location = str(self._set_state(resource_id, "Deleting")["location"])
            headers = self._start(request, resource_id, "hide" if soft else "delete", self._delete_headers, location)
        return ArmResponse(202, None, headers | self._timeout(), has_null=self._collection == MFE_STATUS)

    def update(self, request: ArmRequest, resource_id: str) -> dict[str, str]:
        """Start an operation on a changed resource; return the response headers."""
        with self._world.store.transaction():
            location = str(self._set_state(resource_id, "Updating")["location"])
            return self._start(request, resource_id, "provision", self._delete_headers, location, is_new=False)

    def _timeout(self) -> dict[str, str]:
        """Return the header that an operation on endpoints and deployments has (recorded); the others have none."""
        return {"x-ms-async-operation-timeout": "PT30M"} if self._collection == MFE_STATUS else {}

    def _start(
        self,
        request: ArmRequest,
        resource_id: str,
        verb: str,
        headers: tuple[str, ...],
        location: str,
        *,
        is_new: bool = False,
    ) -> dict[str, str]:
        return self._world.operations.start(
            request,
            resource_id,
            f"{verb} {self._what}",
            location=location,
            headers=headers,
            collection=self._collection,
            is_new=is_new,
        )

    def _succeeded(self, resource_id: str) -> None:
        self._set_state(resource_id, "Succeeded")

    def _failed(self, resource_id: str, _: dict[str, str]) -> None:
        self._set_state(resource_id, "Failed")

    def _set_state(self, resource_id: str, state: str) -> dict[str, Any]:
        """Store a state; an empty mapping if the resource was deleted together with its parent."""
        found = self._world.store.get(resource_id)
        if found is None:
            return {}
        found.body["properties"]["provisioningState"] = state
        self._world.store.put(found.id, found.type, found.body)
        return found.body
