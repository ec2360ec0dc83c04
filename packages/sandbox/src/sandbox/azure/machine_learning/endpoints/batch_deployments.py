"""Batch deployments: a model, its code and environment, a cluster, and its scoring settings; or a pipeline."""

import re
from typing import Any

from sandbox.azure.arm.bodies import fill, stamp
from sandbox.azure.arm.errors import ArmError, bad_request, not_modelled
from sandbox.azure.arm.ids import ArmId
from sandbox.azure.arm.requests import ArmRequest, ArmResponse
from sandbox.azure.arm.store import Resource
from sandbox.azure.machine_learning.bodies import checked
from sandbox.azure.machine_learning.endpoints.batch_endpoints import (
    ENDPOINT_PATH,
    NAME,
    NAME_RULE,
    default_of,
    set_default,
)
from sandbox.azure.machine_learning.endpoints.conflicts import require_no_other_operation
from sandbox.azure.machine_learning.endpoints.references import asset_ids, compute_of, referenced_asset
from sandbox.azure.machine_learning.endpoints.settings import complete_settings
from sandbox.azure.machine_learning.handlers import Handlers
from sandbox.azure.machine_learning.pipelines.deployments import check_pipeline, is_pipeline
from sandbox.azure.machine_learning.property_maps import add_operation_uri, grown, kept_members
from sandbox.azure.machine_learning.registries.scope import need, registry_ids
from sandbox.azure.machine_learning.scope import (
    DEPLOYMENTS,
    ENDPOINTS,
    existing,
    location_of,
    reached,
    workspace_of,
)
from sandbox.azure.machine_learning.unmodelled import Members, refuse_unmodelled
from sandbox.azure.machine_learning.workspaces.limits import require_batch
from sandbox.azure.world import World

DEPLOYMENT_PATH = ENDPOINT_PATH + "/deployments/{deployment}"
# https://learn.microsoft.com/azure/machine-learning/how-to-manage-quotas
_DEPLOYMENTS_PER_ENDPOINT = 20
_DEPLOYMENTS_PER_SUBSCRIPTION = 500
# Read and create only in the REST specification 2025-12-01.
_CREATE_ONLY = (
    ("codeConfiguration", "codeId"),
    ("codeConfiguration", "scoringScript"),
    ("resources", "instanceCount"),
    ("resources", "instanceType"),
    ("resources", "properties"),
)
_NOT_MODELLED: Members = {
    "kind": (),
    "sku": (),
    "properties.resources.instanceType": (),
    "properties.resources.properties": (),
}
_SCRIPT = re.compile(r"[^/\\].*\.py")


def register(world: World) -> None:
    """Serve batch deployments."""
    _Deployments(world).register()


class _Deployments(Handlers):
    """The handlers; a deployment's parent is its endpoint."""

    type = DEPLOYMENTS
    path = DEPLOYMENT_PATH
    what = "batch deployment"
    creating = "Updating"

    async def put(self, request: ArmRequest) -> ArmResponse:
        """Create (201) or replace (200) a deployment."""
        workspace, endpoint = workspace_of(self._world, request), self._parent(request)
        require_batch(workspace)
        resource_id = f"{endpoint.id}/deployments/{request.params['deployment']}"
        old = reached(self._world, resource_id)
        if old is None:
            self._check_new(endpoint, request.params["deployment"])
        body = checked("batch deployment", request.body)
        resource_id = old.id if old else resource_id
        body |= {**ArmId.parse(resource_id).named(DEPLOYMENTS), "location": location_of(body, workspace)}
        if body.get("identity") is not None:
            raise not_modelled("an identity on a batch deployment")
        refuse_unmodelled("a batch deployment", body, _NOT_MODELLED)
        kept_members(old, body["properties"], _CREATE_ONLY)
        if is_pipeline(body["properties"]):
            check_pipeline(self._world, workspace, body["properties"])
        else:
            self._check_parts(workspace, body["properties"])
            self._check_registries(request, body["properties"])
            compute = compute_of(self._world, workspace, body["properties"])
            complete_settings(self._world.switches, body["properties"], compute)
        body["properties"]["properties"] = grown(old, body["properties"].get("properties"), {})
        fill(body, {"tags": {}})
        stamp(request, old, body)
        require_no_other_operation(self._world, endpoint)
        is_new, headers = self._provisioning.put(request, resource_id, DEPLOYMENTS, body, None)
        add_operation_uri(request, body, headers)
        return ArmResponse(201 if is_new else 200, body, headers)

    async def patch(self, request: ArmRequest) -> ArmResponse:
        """Change description and tags, the only members of PATCH (REST specification 2025-12-01)."""
        old = existing(self._world, self._id(request))
        change = checked("batch deployment patch", request.body)
        body = dict(old.body)
        if change.get("tags") is not None:
            body["tags"] = change["tags"]
        if change["properties"].get("description") is not None:
            body["properties"] = body["properties"] | {"description": change["properties"]["description"]}
        stamp(request, old, body)
        require_no_other_operation(self._world, self._parent(request))
        self._world.store.put(old.id, DEPLOYMENTS, body)
        return ArmResponse(200, body)

    async def delete(self, request: ArmRequest) -> ArmResponse:
        """Delete a deployment: 202, or 204 if it does not exist; the default one according to ``Switches``."""
        endpoint, resource_id = self._parent(request), self._id(request)
        found = reached(self._world, resource_id)
        if found is None:
            return ArmResponse(204)
        is_default = (default_of(endpoint.body) or "").lower() == found.name.lower()
        if is_default and self._world.switches.delete_of_default_refused:
            raise ArmError(
                409,
                "Conflict",
                f"The deployment '{found.name}' is the default of the endpoint '{endpoint.name}'. Make another"
                " one the default, then delete it.",
            )
        require_no_other_operation(self._world, endpoint)
        if is_default:
            set_default(endpoint.body, None)
            self._world.store.put(endpoint.id, ENDPOINTS, endpoint.body)
        return self._provisioning.delete(request, resource_id)

    def _parent(self, request: ArmRequest) -> Resource:
        workspace = workspace_of(self._world, request)
        return existing(self._world, f"{workspace.id}/batchEndpoints/{request.params['endpoint']}")

    def _check_new(self, endpoint: Resource, name: str) -> None:
        if not NAME.fullmatch(name):
            raise bad_request(f"'{name}' is not a valid deployment name: {NAME_RULE}.", "ValidationError")
        if len(self._world.store.children(endpoint.id, DEPLOYMENTS)) >= _DEPLOYMENTS_PER_ENDPOINT:
            raise bad_request(
                f"The endpoint '{endpoint.name}' has {_DEPLOYMENTS_PER_ENDPOINT} deployments, the limit. Delete one"
                " that is not used.",
                "QuotaExceeded",
            )
        if len(self._world.store.below("", DEPLOYMENTS)) >= _DEPLOYMENTS_PER_SUBSCRIPTION:
            raise bad_request(
                f"The subscription's limit of {_DEPLOYMENTS_PER_SUBSCRIPTION} deployments is reached.", "QuotaExceeded"
            )

    def _check_parts(self, workspace: Resource, properties: dict[str, Any]) -> None:
        """Refuse a deployment whose model, code or environment do not exist or do not fit together."""
        model = properties.get("model")
        if model is None:
            raise bad_request("required member 'properties.model' is missing", "UserError")
        if model["referenceType"] != "Id":
            raise not_modelled(f"a model given as {model['referenceType']} (only registered ones: Id)")
        registered = referenced_asset(self._world, workspace, model["assetId"], "models", "properties.model.assetId")
        code, kind = properties.get("codeConfiguration"), registered.body["properties"]["modelType"]
        if kind not in ("custom_model", "mlflow_model"):
            raise not_modelled(f"a batch deployment of a model of type '{kind}'")
        if code is None and kind != "mlflow_model":
            raise bad_request(
                "A model that is not of type mlflow_model needs 'properties.codeConfiguration'.", "UserError"
            )
        if code is not None:
            self._check_code(workspace, properties, code)
        if properties.get("environmentId"):
            referenced_asset(
                self._world, workspace, properties["environmentId"], "environments", "properties.environmentId"
            )

    def _check_registries(self, request: ArmRequest, properties: dict[str, Any]) -> None:
        """Refuse if the caller may not read a registry that the deployment's assets are in."""
        if self._world.switches.registry_needs_roles:
            for each in registry_ids(self._world, asset_ids(properties)):
                self._world.authorization.require(request.principal, need("GET").action, each)

    def _check_code(self, workspace: Resource, properties: dict[str, Any], code: dict[str, Any]) -> None:
        if not code.get("codeId"):
            raise bad_request("required member 'properties.codeConfiguration.codeId' is missing", "UserError")
        found = referenced_asset(self._world, workspace, code["codeId"], "codes", "properties.codeConfiguration.codeId")
        script = code["scoringScript"]
        if not _SCRIPT.fullmatch(script):
            raise bad_request(
                f"'properties.codeConfiguration.scoringScript' is '{script}'; allowed: a path ending in .py.",
                "UserError",
            )
        if found.body["properties"].get("codeUri") and not properties.get("environmentId"):
            # Property and text as users report them: Azure/azure-sdk-for-python#30741.
            raise bad_request(
                "The Deployment request provided has the following validation errors. PropertyName:"
                " ModelConfiguration.EnvironmentId, ErrorMessage: 'Environment Id' must not be empty.",
                "ArgumentNullOrEmpty",
            )
