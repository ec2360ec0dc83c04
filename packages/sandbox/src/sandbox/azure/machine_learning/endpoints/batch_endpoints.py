"""Batch endpoints: names unique in a region, Entra tokens only, and the default deployment."""

import re
from typing import Any

from sandbox.azure.arm.bodies import fill, stamp
from sandbox.azure.arm.errors import ArmError, bad_request
from sandbox.azure.arm.ids import ArmId
from sandbox.azure.arm.requests import ArmRequest, ArmResponse
from sandbox.azure.arm.store import Resource, now_iso
from sandbox.azure.identities import answered_identity, take_identity
from sandbox.azure.machine_learning.bodies import checked
from sandbox.azure.machine_learning.endpoints.conflicts import require_no_other_operation
from sandbox.azure.machine_learning.handlers import Handlers
from sandbox.azure.machine_learning.property_maps import add_operation_uri, grown
from sandbox.azure.machine_learning.scope import (
    DEPLOYMENTS,
    ENDPOINTS,
    WORKSPACE_PATH,
    existing,
    location_of,
    reached,
    workspace_of,
)
from sandbox.azure.machine_learning.unmodelled import Members, refuse_unmodelled
from sandbox.azure.machine_learning.workspaces.limits import require_batch
from sandbox.azure.world import World

ENDPOINT_PATH = WORKSPACE_PATH + "/batchEndpoints/{endpoint}"
# https://learn.microsoft.com/azure/machine-learning/how-to-manage-quotas
NAME = re.compile(r"(?!.*--)[a-zA-Z][a-zA-Z0-9-]{1,30}[a-zA-Z0-9]")
NAME_RULE = "3 to 32 letters, digits and single hyphens, the first a letter, the last a letter or digit"
_ENDPOINTS_PER_REGION = 100
# Keys have no meaning if only Entra tokens are accepted; their error is unknown.
_NOT_MODELLED: Members = {"kind": (), "sku": (), "properties.keys": ()}


def register(world: World) -> None:
    """Serve batch endpoints."""
    _Endpoints(world).register()


def default_of(endpoint: dict[str, Any]) -> str | None:
    """Return the name of an endpoint's default deployment, or None."""
    return (endpoint["properties"].get("defaults") or {}).get("deploymentName")


def set_default(endpoint: dict[str, Any], name: str | None) -> None:
    """Set ``properties.defaults``; None for no default."""
    endpoint["properties"]["defaults"] = {"deploymentName": name}


class _Endpoints(Handlers):
    """The handlers."""

    type = ENDPOINTS
    path = ENDPOINT_PATH
    what = "batch endpoint"

    async def put(self, request: ArmRequest) -> ArmResponse:
        """Create (201) or replace (200) an endpoint."""
        workspace = workspace_of(self._world, request)
        resource_id = self._id(request)
        require_batch(workspace)
        old = reached(self._world, resource_id)
        if old is None:
            self._check_new(request.params["endpoint"], str(workspace.body["location"]))
        body = checked("batch endpoint", request.body)
        resource_id = old.id if old else resource_id
        body |= {**ArmId.parse(resource_id).named(ENDPOINTS), "location": location_of(body, workspace)}
        _check_access(body)
        _check_tags(body.get("tags"))
        refuse_unmodelled("a batch endpoint", body, _NOT_MODELLED)
        take_identity(self._world, request, body, old)
        self._complete_defaults(body, old)
        self._complete(body, old, request)
        require_no_other_operation(self._world, old)
        is_new, headers = self._provisioning.put(request, resource_id, ENDPOINTS, body, _default_moved(old, body))
        add_operation_uri(request, body, headers)
        return ArmResponse(201 if is_new else 200, body, headers)

    async def patch(self, request: ArmRequest) -> ArmResponse:
        """Change tags and identity, the only members of PATCH (REST specification 2025-12-01)."""
        old = existing(self._world, self._id(request))
        change = checked("batch endpoint patch", request.body)
        _check_access({"properties": old.body["properties"], "identity": change.get("identity")})
        _check_tags(change.get("tags"))
        body = dict(old.body)
        if change.get("tags") is not None:
            body["tags"] = change["tags"]
        if change.get("identity") is not None:
            body["identity"] = answered_identity(self._world, request, change["identity"], old)
        stamp(request, old, body)
        require_no_other_operation(self._world, old)
        self._world.store.put(old.id, ENDPOINTS, body)
        return ArmResponse(200, body)

    async def delete(self, request: ArmRequest) -> ArmResponse:
        """Delete an endpoint with its deployments: 202, or 204 if it does not exist."""
        require_no_other_operation(self._world, reached(self._world, self._id(request)))
        return await super().delete(request)

    def _check_new(self, name: str, region: str) -> None:
        if not NAME.fullmatch(name):
            raise bad_request(f"'{name}' is not a valid endpoint name: {NAME_RULE}.", "ValidationError")
        others = [each for each in self._world.store.below("", ENDPOINTS) if each.body["location"] == region]
        if any(each.name.lower() == name.lower() for each in others):
            raise ArmError(
                409, "Conflict", f"The endpoint name '{name}' is taken: names are unique within an Azure region."
            )
        if len(others) >= _ENDPOINTS_PER_REGION:
            raise ArmError(400, "QuotaExceeded", f"The region's limit of {_ENDPOINTS_PER_REGION} endpoints is reached.")

    def _complete_defaults(self, body: dict[str, Any], old: Resource | None) -> None:
        given = body["properties"].get("defaults")
        name = (given or {}).get("deploymentName") or None
        if given is None and old is not None and not self._world.switches.put_without_defaults_clears:
            name = default_of(old.body)
        if name is not None and self._world.switches.missing_default_refused:
            deployments = self._world.store.children(body["id"], DEPLOYMENTS)
            if not any(each.name.lower() == name.lower() for each in deployments):
                raise bad_request(
                    f"'properties.defaults.deploymentName' is '{name}', and the endpoint has no such deployment; it"
                    f" has: {', '.join(each.name for each in deployments) or 'none'}.",
                    "UserError",
                )
        set_default(body, name)

    def _complete(self, body: dict[str, Any], old: Resource | None, request: ArmRequest) -> None:
        properties = body["properties"]
        # Write-only in the REST specification.
        properties.pop("keys", None)
        added = {"BatchEndpointCreationApiVersion": request.api_version, "azureml.onlineendpointid": body["id"]}
        properties["properties"] = grown(old, properties.get("properties"), added)
        fill(body, {"tags": {}})
        fill(properties, {"description": None})
        scoring = f"https://{body['name']}.{body['location']}.inference.ml.azure.com/jobs"
        properties |= {"scoringUri": scoring, "swaggerUri": None}
        stamp(request, old, body)


def _default_moved(old: Resource | None, body: dict[str, Any]) -> dict[str, Any] | None:
    """Return which default there was before, and until when, for the sandbox's page; None if it stays as it is."""
    before = default_of(old.body) if old else None
    if old is None or not default_of(body) or (before or "").lower() == (default_of(body) or "").lower():
        return None
    return {"defaultBefore": before or old.private.get("defaultBefore"), "defaultSince": now_iso()}


def _check_tags(tags: dict[str, Any] | None) -> None:
    """Refuse a tag without a value: recorded (azure-sdk-for-python#41586, #44114)."""
    if not all((tags or {}).values()):
        raise bad_request("Tag values must not be null or empty.", "UserError")


def _check_access(body: dict[str, Any]) -> None:
    mode = body["properties"]["authMode"]
    if mode != "AADToken":
        # https://learn.microsoft.com/azure/machine-learning/reference-yaml-endpoint-batch
        raise bad_request(
            f"'properties.authMode' is '{mode}'; batch endpoints allow only AADToken (Microsoft Entra).", "UserError"
        )
    kind = (body.get("identity") or {}).get("type", "SystemAssigned")
    if kind not in ("SystemAssigned", "None"):
        # Code as users report it: Azure/azure-rest-api-specs#40149.
        raise bad_request(
            f"'identity.type' is '{kind}'; a batch endpoint allows only SystemAssigned.", "CannotSetResourceIdentity"
        )
