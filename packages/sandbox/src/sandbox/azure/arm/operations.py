"""Long-running operations that advance by poll count, never by the clock, and survive a restart.

A service answers a PUT or DELETE with the headers of ``start`` and leaves the resource in a transient state. Each read
of the operation's status, and each GET of its resource, takes one step; at the last step the operation's *action* runs:
a function that the service registered under a name, so that a restarted server can still run it.
"""

import uuid
from collections.abc import Callable
from typing import Any

from sandbox.azure.arm.errors import ArmError
from sandbox.azure.arm.requests import ArmRequest, ArmResponse, OperationFault
from sandbox.azure.arm.routes import ARM_HOST
from sandbox.azure.arm.store import Store, now_iso

ARM = f"https://{ARM_HOST}"
_KIND = "operation"

Action = Callable[[str], None]
"""Called with the resource's id when its operation succeeds."""


def let_hanging_go_on(store: Store) -> None:
    """Free the operations that a fault keeps from ending: from now on each read takes a step again."""
    for operation, record in list(store.documents(_KIND)):
        if record["fault"] and record["fault"][0] == "hang":
            store.put_document(_KIND, operation, record | {"fault": None})


class Operations:
    """Operations of one sandbox; ``poll_milliseconds`` is what clients are told to wait between reads."""

    def __init__(self, store: Store, *, polls: int = 1, poll_milliseconds: int = 20) -> None:
        self._store = store
        self._polls = polls
        self._poll_milliseconds = poll_milliseconds
        self._actions: dict[str, Action] = {}
        self._failures: dict[str, Callable[[str, dict[str, str]], None]] = {}

    def register(
        self, name: str, action: Action, on_failure: Callable[[str, dict[str, str]], None] | None = None
    ) -> None:
        """Name what is done to a resource when an operation succeeds, and (with the error) when a fault fails it."""
        self._actions[name] = action
        if on_failure is not None:
            self._failures[name] = on_failure

    def start(
        self,
        request: ArmRequest,
        resource_id: str,
        action: str,
        *,
        location: str,
        headers: tuple[str, ...] = ("Azure-AsyncOperation",),
        namespace: str = "Microsoft.MachineLearningServices",
        collection: str = "mfeOperationsStatus",
        polls: int | None = None,
    ) -> dict[str, str]:
        """Begin an operation on a resource and return the response headers that announce it.

        ``headers`` names those that the service sends: ``Azure-AsyncOperation`` (a status document) and/or ``Location``
        (202 until done, then 200 with the resource or 204). ``polls`` reads say InProgress before the end.
        """
        fault = request.operation_fault
        operation = str(uuid.uuid4())
        steps = self._polls if polls is None else polls
        record = {
            "resource": resource_id,
            "action": action,
            "left": steps,
            "status": "InProgress",
            "start": now_iso(),
            "fault": None if fault is None else [fault.kind, fault.code, fault.message],
        }
        self._store.put_document(_KIND, operation, record)
        self._store.put_document("operation-of", resource_id, operation)
        subscription = request.params.get("subscription", "")
        base = f"{ARM}/subscriptions/{subscription}/providers/{namespace}/locations/{location}"
        version = f"api-version={request.api_version}"
        urls = {
            "Azure-AsyncOperation": f"{base}/{collection}/{operation}?{version}",
            "Location": f"{base}/{collection.replace('Status', 'Results')}/{operation}?{version}",
        }
        return {name: urls[name] for name in headers} | self.wait_headers()

    def wait_headers(self) -> dict[str, str]:
        """Tell clients how long to wait, in milliseconds."""
        # No Retry-After beside it: azure-core would obey that one, which is a second at least (get_retry_after).
        return {"retry-after-ms": str(self._poll_milliseconds)}

    def touch(self, resource_id: str) -> None:
        """Take one step of the operation on a resource, if one is under way: a GET of the resource counts as a poll."""
        operation = self._store.document("operation-of", resource_id)
        if operation is not None:
            self._step(operation)

    async def status(self, request: ArmRequest) -> ArmResponse:
        """Answer a read of an ``Azure-AsyncOperation`` URL."""
        record = self._known(request)
        body: dict[str, Any] = {
            "id": request.path,
            "name": request.params["operation"],
            "status": record["status"],
            "startTime": record["start"],
            "percentComplete": 100.0 if record["status"] != "InProgress" else 0.0,
        }
        if record["status"] == "InProgress":
            return ArmResponse(200, body, self.wait_headers())
        body["endTime"] = record["end"]
        if record["status"] == "Failed":
            body["error"] = record["error"]
        return ArmResponse(200, body)

    async def result(self, request: ArmRequest) -> ArmResponse:
        """Answer a read of a ``Location`` URL: 202 while under way, then the resource, 204 when gone, or the error."""
        record = self._known(request)
        if record["status"] == "InProgress":
            return ArmResponse(
                202, None, {"Location": f"{ARM}{request.path}?api-version={request.api_version}"} | self.wait_headers()
            )
        if record["status"] == "Failed":
            raise ArmError(409, record["error"]["code"], record["error"]["message"])
        resource = self._store.get(record["resource"])
        return ArmResponse(204) if resource is None else ArmResponse(200, resource.body)

    def _known(self, request: ArmRequest) -> dict[str, Any]:
        operation = request.params["operation"]
        if self._store.document(_KIND, operation) is None:
            raise ArmError(404, "OperationNotFound", f"There is no operation '{operation}'.")
        return self._step(operation)

    def _step(self, operation: str) -> dict[str, Any]:
        record: dict[str, Any] = self._store.document(_KIND, operation)
        if record["status"] != "InProgress":
            return record
        fault = OperationFault(*record["fault"]) if record["fault"] else None
        if fault is not None and fault.kind == "hang":
            return record
        # Together, so that a server that is killed in between does not do the action twice.
        with self._store.transaction():
            if record["left"] > 0:
                record["left"] -= 1
            else:
                self._finish(record, fault)
                self._store.delete_document("operation-of", record["resource"])
            self._store.put_document(_KIND, operation, record)
        return record

    def _finish(self, record: dict[str, Any], fault: OperationFault | None) -> None:
        record["end"] = now_iso()
        if fault is None:
            self._actions[record["action"]](record["resource"])
            record["status"] = "Succeeded"
            return
        record["status"], record["error"] = "Failed", {"code": fault.code, "message": fault.message}
        on_failure = self._failures.get(record["action"])
        if on_failure is not None:
            on_failure(record["resource"], record["error"])
