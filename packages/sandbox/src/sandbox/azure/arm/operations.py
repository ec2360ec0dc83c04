"""Long-running operations that advance with each poll, or with time if they have a duration, and survive a restart.

A service answers a PUT or DELETE with the headers of ``start`` and leaves the resource in a transient state. Each read
of the operation's status, and each GET of its resource, advances one step; the last step (or the first one after its
duration, see ``latencies``) runs the operation's *action*: a function that the service registered under a name, so
that a restarted server can still run it.
"""

import math
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

from sandbox.azure.arm.errors import ArmError
from sandbox.azure.arm.ids import ArmId
from sandbox.azure.arm.requests import ArmRequest, ArmResponse, OperationFault
from sandbox.azure.arm.routes import ARM_HOST
from sandbox.azure.arm.service_time import ServiceTime, Work
from sandbox.azure.arm.store import Store, now_iso

ARM = f"https://{ARM_HOST}"
MFE_STATUS = "mfeOperationsStatus"
_KIND = "operation"
_LONGEST_WAIT_MILLISECONDS = 1000

Action = Callable[[str], None]
"""Called with the resource's id when its operation succeeds."""


def results_of(collection: str) -> str:
    """Return the last part but one of an operation's ``Location``, given that of its ``Azure-AsyncOperation``."""
    # Recorded: machine learning's word for results has one letter less than the one for states.
    return "mfeOperationResults" if collection == MFE_STATUS else collection.replace("Status", "Results")


@dataclass(frozen=True, slots=True)
class _Operation:
    """A stored operation: the next ``left`` reads say InProgress; ``fault`` is a different end.

    ``due`` is when it ends (Unix seconds), None if that is for the reads to say; ``work`` is its number in the record.
    """

    resource: str
    action: str
    left: int
    start: str
    status: str = "InProgress"
    fault: OperationFault | None = None
    end: str | None = None
    error: Mapping[str, str] | None = None
    due: float | None = None
    work: int = 0

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Self:
        """Read what ``to_json`` wrote."""
        fault = document["fault"]
        return cls(**{**document, "fault": OperationFault(*fault) if fault else None})

    def to_json(self) -> dict[str, Any]:
        """Return the document."""
        fault = self.fault
        return {
            "resource": self.resource,
            "action": self.action,
            "left": self.left,
            "start": self.start,
            "status": self.status,
            "fault": None if fault is None else [fault.kind, fault.code, fault.message],
            "end": self.end,
            "error": self.error,
            "due": self.due,
            "work": self.work,
        }


def let_hanging_go_on(store: Store) -> None:
    """Release the operations that a fault holds: from now on each read advances them again."""
    for name, document in list(store.documents(_KIND)):
        operation = _Operation.from_json(document)
        if operation.fault is not None and operation.fault.kind == "hang":
            store.put_document(_KIND, name, replace(operation, fault=None).to_json())


class Operations:
    """Operations of one sandbox; ``poll_milliseconds`` is the pause that clients are told to make between reads."""

    def __init__(
        self, store: Store, *, polls: int = 1, poll_milliseconds: int = 20, service_time: ServiceTime | None = None
    ) -> None:
        self._store = store
        self._service_time = service_time or ServiceTime(store)
        self._polls = polls
        self._poll_milliseconds = poll_milliseconds
        self._actions: dict[str, Action] = {}
        self._failures: dict[str, Callable[[str, dict[str, str]], None]] = {}

    def register(
        self, name: str, action: Action, on_failure: Callable[[str, dict[str, str]], None] | None = None
    ) -> None:
        """Register the actions for a resource if an operation succeeds, and (with the error) if a fault fails it."""
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
        collection: str = MFE_STATUS,
        is_new: bool = True,
        polls: int | None = None,
    ) -> dict[str, str]:
        """Start an operation on a resource, ``is_new`` or not, and return its response headers.

        ``headers`` names those of the service: ``Azure-AsyncOperation`` (a status document) and/or ``Location``
        (202 until done, then 200 with the resource or 204). ``polls`` reads say InProgress before the end.
        """
        name = str(uuid.uuid4())
        steps = self._polls if polls is None else polls
        fault = request.operation_fault
        verb = "delete" if request.method == "DELETE" else "create" if is_new else "update"
        ends = fault is None or fault.kind != "hang"
        work = self._service_time.begin(f"{verb} {_type(resource_id)}", resource_id, request.sequence, ends=ends)
        operation = _Operation(resource_id, action, steps, now_iso(), fault=fault, due=work.due, work=work.number)
        self._store.put_document(_KIND, name, operation.to_json())
        self._store.put_document("operation-of", resource_id, name)
        subscription = request.params.get("subscription", "")
        base = f"{ARM}/subscriptions/{subscription}/providers/{namespace}/locations/{location}"
        version = f"api-version={request.api_version}"
        urls = {
            "Azure-AsyncOperation": f"{base}/{collection}/{name}?{version}",
            "Location": f"{base}/{results_of(collection)}/{name}?{version}",
        }
        return {name: urls[name] for name in headers} | self.wait_headers(operation.due)

    def wait_headers(self, due: float | None = None) -> dict[str, str]:
        """Tell clients how long to wait, in milliseconds: until the end if that is known, but a second at most."""
        left = 0 if due is None else math.ceil((due - time.time()) * 1000)
        wait = max(self._poll_milliseconds, min(left, _LONGEST_WAIT_MILLISECONDS))
        # Without Retry-After: azure-core would use that one, which is at least a second (get_retry_after).
        return {"retry-after-ms": str(wait)}

    def due(self, resource_id: str) -> float | None:
        """Return when the operation on a resource ends (Unix seconds); None if there is none, or it is not known."""
        name = self._store.document("operation-of", resource_id)
        return None if name is None else _Operation.from_json(self._store.document(_KIND, name)).due

    def touch(self, resource_id: str) -> None:
        """Advance the operation on a resource by one step, if any: a GET of the resource counts as a poll."""
        name = self._store.document("operation-of", resource_id)
        if name is not None:
            self._step(name)

    async def status(self, request: ArmRequest, running: str = "InProgress") -> ArmResponse:
        """Answer a read of an ``Azure-AsyncOperation`` URL; ``running`` is the service's word for one that runs."""
        operation = self._known(request)
        is_over = operation.status != "InProgress"
        body: dict[str, Any] = {
            "id": request.path,
            "name": request.params["operation"],
            "status": operation.status if is_over else running,
            "startTime": operation.start,
            "percentComplete": 100.0 if is_over else 0.0,
        }
        if not is_over:
            return ArmResponse(200, body, self.wait_headers(operation.due))
        body["endTime"] = operation.end
        if operation.error is not None:
            body["error"] = operation.error
        return ArmResponse(200, body)

    async def result(self, request: ArmRequest) -> ArmResponse:
        """Answer a read of a ``Location`` URL: 202 while it runs, then the resource, 204 if deleted, or the error."""
        operation = self._known(request)
        if operation.status == "InProgress":
            its = {"Location": f"{ARM}{request.path}?api-version={request.api_version}"}
            return ArmResponse(202, None, its | self.wait_headers(operation.due))
        if operation.error is not None:
            raise ArmError(409, operation.error["code"], operation.error["message"])
        resource = self._store.get(operation.resource)
        return ArmResponse(204) if resource is None else ArmResponse(200, resource.body)

    def _known(self, request: ArmRequest) -> _Operation:
        name = request.params["operation"]
        if self._store.document(_KIND, name) is None:
            raise ArmError(404, "OperationNotFound", f"There is no operation '{name}'.")
        return self._step(name)

    def _step(self, name: str) -> _Operation:
        operation = _Operation.from_json(self._store.document(_KIND, name))
        fault = operation.fault
        if operation.status != "InProgress" or (fault is not None and fault.kind == "hang"):
            return operation
        if operation.due is not None and time.time() < operation.due:
            return operation
        # In one transaction, so that a server that is killed in between does not run the action twice.
        with self._store.transaction():
            if operation.due is None and operation.left > 0:
                operation = replace(operation, left=operation.left - 1)
            else:
                operation = self._finished(operation)
                if operation.due is None:
                    self._service_time.end(Work(operation.work, None))
                self._store.delete_document("operation-of", operation.resource)
            self._store.put_document(_KIND, name, operation.to_json())
        return operation

    def _finished(self, operation: _Operation) -> _Operation:
        fault = operation.fault
        if fault is None:
            self._actions[operation.action](operation.resource)
            return replace(operation, status="Succeeded", end=now_iso())
        error = {"code": fault.code, "message": fault.message}
        on_failure = self._failures.get(operation.action)
        if on_failure is not None:
            on_failure(operation.resource, error)
        return replace(operation, status="Failed", end=now_iso(), error=error)


def _type(resource_id: str) -> str:
    """Return the ARM type that names an operation, and a resource group's, which is not in its id."""
    its = ArmId.parse(resource_id)
    return its.type or "Microsoft.Resources/resourceGroups"
