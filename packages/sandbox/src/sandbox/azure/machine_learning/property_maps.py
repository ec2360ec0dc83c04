"""The free-form ``properties.properties`` of endpoints and deployments, which only grows; create-only members."""

from collections.abc import Mapping
from typing import Any

from sandbox.azure.arm.errors import bad_request
from sandbox.azure.arm.requests import ArmRequest
from sandbox.azure.arm.store import Resource

_WITHOUT_OPERATION_URI = "2023"


def grown(old: Resource | None, given: dict[str, str] | None, added: dict[str, str]) -> dict[str, str]:
    """Return the map after a PUT: old plus new entries; a new resource also gets the service's entries.

    Raises:
        ArmError: 400 if the request changes an entry. Missing entries stay: nothing can be removed.
    """
    if old is None:
        return added | (given or {})
    before: dict[str, str] = dict(old.body["properties"].get("properties") or {})
    for name, value in (given or {}).items():
        if name in before and before[name] != value:
            raise bad_request(
                f"'properties.properties.{name}' is '{before[name]}' and cannot be altered: entries can only be added.",
                "UserError",
            )
    return before | (given or {})


def add_operation_uri(request: ArmRequest, answer: dict[str, Any], headers: Mapping[str, str]) -> None:
    """Add the address of a PUT's operation to the map, in the answer to an older client only.

    It was recorded until March 2023, and no longer in April 2023; samples of the older versions read it.
    """
    if request.api_version < _WITHOUT_OPERATION_URI:
        properties = answer["properties"]
        uri = {"AzureAsyncOperationUri": headers["Azure-AsyncOperation"]}
        properties["properties"] = (properties.get("properties") or {}) | uri


def kept_members(old: Resource | None, properties: dict[str, Any], paths: tuple[tuple[str, ...], ...]) -> None:
    """Refuse a PUT that changes create-only members; missing ones are restored in ``properties``.

    Raises:
        ArmError: 400 naming the member.
    """
    if old is None:
        return
    for path in paths:
        before: Any = old.body["properties"]
        now: Any = properties
        for name in path:
            before = before.get(name) if isinstance(before, dict) else None
            now = now.get(name) if isinstance(now, dict) else None
        if now is None:
            _put_back(properties, path, before)
        elif str(now).lower() != str(before).lower():
            raise bad_request(
                f"'properties.{'.'.join(path)}' of a deployment cannot be changed: it is '{before}'. Make another"
                " deployment.",
                "UserError",
            )


def _put_back(properties: dict[str, Any], path: tuple[str, ...], before: Any) -> None:
    if before is None:
        return
    *containers, member = path
    for name in containers:
        properties[name] = properties.get(name) or {}
        properties = properties[name]
    properties[member] = before
