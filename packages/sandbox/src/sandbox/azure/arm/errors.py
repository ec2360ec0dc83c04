"""ARM's error envelope, and the refusals that several services share."""

from collections.abc import Mapping, Sequence
from typing import Any


class ArmError(Exception):
    """A refusal, answered as ``{"error": {"code", "message", "details"}}`` with the HTTP ``status``.

    The envelope is the one of the ARM RPC contract
    (https://github.com/cloud-and-ai-microsoft/resource-provider-contract).
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        details: Sequence[Mapping[str, Any]] = (),
        additional: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(f"({code}) {message}")
        self.status = status
        self.code = code
        self.message = message
        self.details = list(details)
        self.additional = dict(additional or {})
        self.headers = dict(headers or {})

    def body(self) -> dict[str, Any]:
        """Return the JSON answer; ``additionalInfo`` has ``additional`` as a list of type and info."""
        error: dict[str, Any] = {"code": self.code, "message": self.message, "details": self.details}
        if self.additional:
            error["additionalInfo"] = [
                {"type": name, "info": {"value": value}} for name, value in self.additional.items()
            ]
        return {"error": error}


def resource_not_found(resource_id: str) -> ArmError:
    """404 for a resource that does not exist; the text has its id."""
    return ArmError(404, "ResourceNotFound", f"The Resource '{resource_id}' was not found.")


def not_modelled(what: str) -> ArmError:
    """501 for something that Azure has but the sandbox does not: never a guess."""
    message = f"The sandbox does not model {what}. See behaviour.md of the sandbox for what it does."
    return ArmError(501, "NotModelledInSandbox", message)


def bad_request(message: str, code: str = "BadRequest") -> ArmError:
    """400 with ``message``."""
    return ArmError(400, code, message)
