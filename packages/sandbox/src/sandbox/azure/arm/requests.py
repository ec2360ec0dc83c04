"""One request to an emulated service, and its answer, independent of any HTTP library."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Principal:
    """The caller: one of the identities in sandbox.json, or a managed identity of a resource."""

    name: str
    object_id: str
    client_id: str
    tenant_id: str


@dataclass(frozen=True, slots=True)
class OperationFault:
    """The end of the request's long-running operation: ``fail`` with code and message, or ``hang``."""

    kind: str
    code: str = "InternalServerError"
    message: str = "injected by the sandbox's control API"


@dataclass(frozen=True, slots=True)
class ArmRequest:
    """A request whose token was already checked.

    ``path`` is percent-decoded, in the caller's case, without a trailing slash; ``body`` is parsed JSON or None;
    ``params`` are the values of the route's ``{placeholders}``, in the caller's case.
    """

    method: str
    host: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: Any
    principal: Principal | None
    sequence: int
    params: Mapping[str, str] = field(default_factory=dict)
    operation_fault: OperationFault | None = None

    @property
    def api_version(self) -> str:
        """The ``api-version`` of the query; "" on hosts that do not need it."""
        return self.query.get("api-version", "")


@dataclass(slots=True)
class ArmResponse:
    """An answer: ``body`` is sent as JSON, None as an empty body, or with ``has_null`` as JSON's null."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    has_null: bool = False
