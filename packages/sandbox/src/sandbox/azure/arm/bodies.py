"""Members of a resource's body that services of every kind complete: defaults, location, ``systemData``."""

from typing import Any

from sandbox.azure.arm.errors import ArmError
from sandbox.azure.arm.requests import ArmRequest
from sandbox.azure.arm.store import Resource, now_iso


def fill(properties: dict[str, Any], defaults: dict[str, Any]) -> None:
    """Set missing or null members of a request to the service's defaults."""
    for member, value in defaults.items():
        if properties.get(member) is None:
            properties[member] = value


def check_location(old: Resource | None, body: dict[str, Any], name: str) -> None:
    """Write a tracked resource's location in ARM's spelling; refuse a missing or changed one.

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
    """Add ``systemData``: creator, last change, and their times."""
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
