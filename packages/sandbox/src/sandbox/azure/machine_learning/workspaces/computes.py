"""Compute clusters (AmlCompute), the one kind of compute that the sandbox models."""

import re
from typing import Any

from sandbox.azure.arm.bodies import fill, stamp
from sandbox.azure.arm.errors import ArmError, bad_request
from sandbox.azure.arm.ids import ArmId
from sandbox.azure.arm.requests import ArmRequest, ArmResponse
from sandbox.azure.arm.store import Resource, now_iso
from sandbox.azure.identities import take_identity
from sandbox.azure.machine_learning.bodies import checked, refuse_other_cases, respelled
from sandbox.azure.machine_learning.handlers import Handlers
from sandbox.azure.machine_learning.scope import (
    COMPUTES,
    WORKSPACE_PATH,
    existing,
    location_of,
    reached,
    workspace_of,
)
from sandbox.azure.machine_learning.unmodelled import Members, refuse_unmodelled
from sandbox.azure.world import World

_PATH = WORKSPACE_PATH + "/computes/{compute}"
_OTHER_TYPES = (
    "AKS",
    "ComputeInstance",
    "DataFactory",
    "DataLakeAnalytics",
    "Databricks",
    "HDInsight",
    "Kubernetes",
    "SynapseSpark",
    "VirtualMachine",
)
# https://learn.microsoft.com/azure/templates/microsoft.machinelearningservices/workspaces/computes
_NAME = re.compile(r"[a-zA-Z](?![a-zA-Z0-9-]*-\d+$)[a-zA-Z0-9-]{2,23}")
_VM_SIZE = re.compile(r"(Standard|Basic)_[A-Za-z0-9]+([_-][A-Za-z0-9]+)*", re.IGNORECASE)
# https://learn.microsoft.com/azure/machine-learning/how-to-manage-quotas
_COMPUTES_PER_REGION = 500
_NODES_PER_CLUSTER = 100
_NOT_MODELLED: Members = {
    "sku": (),
    "properties.resourceId": (),
    "properties.properties.subnet": (),
    "properties.properties.isolatedNetwork": (False,),
    "properties.properties.enableNodePublicIp": (True,),
    "properties.properties.virtualMachineImage": (),
    "properties.properties.propertyBag": (),
}


def register(world: World) -> None:
    """Serve compute clusters."""
    _Computes(world).register()


class _Computes(Handlers):
    """The handlers."""

    type = COMPUTES
    path = _PATH
    what = "compute"
    operations = "computeOperationsStatus"
    delete_query = ("underlyingResourceAction",)

    def register(self) -> None:
        """Add the routes."""
        super().register()
        self._world.router.add("POST", _PATH + "/listNodes", self.list_nodes)

    async def put(self, request: ArmRequest) -> ArmResponse:
        """Create (201) a cluster, or change (200) its scale settings, tags, identity or description.

        Other changes are accepted and ignored, as users report (bicep-types-az#2543).
        """
        workspace = workspace_of(self._world, request)
        name = request.params["compute"]
        old = reached(self._world, f"{workspace.id}/computes/{name}")
        if old is None:
            self._check_new(name)
        refuse_other_cases(request.body, "properties", "computeType", _OTHER_TYPES, "a compute")
        body = checked("compute", request.body)
        refuse_unmodelled("a cluster", body, _NOT_MODELLED)
        resource_id = old.id if old else f"{workspace.id}/computes/{name}"
        body |= ArmId.parse(resource_id).named(COMPUTES)
        body["location"] = location_of(body, workspace)
        take_identity(self._world, request, body, old)
        self._complete(body, old)
        stamp(request, old, body)
        is_new, headers = self._provisioning.put(request, resource_id, COMPUTES, body, None)
        return ArmResponse(201 if is_new else 200, body, headers)

    async def patch(self, request: ArmRequest) -> ArmResponse:
        """Change a cluster's scale settings: 200, though it is long-running (REST specification 2025-12-01)."""
        old = existing(self._world, self._id(request))
        change = checked("compute patch", request.body)
        settings = (change["properties"].get("properties") or {}).get("scaleSettings")
        if settings is not None:
            old.body["properties"]["properties"]["scaleSettings"] = self._scale_settings(settings)
        old.body["properties"]["modifiedOn"] = now_iso()
        stamp(request, old, old.body)
        self._world.store.put(old.id, COMPUTES, old.body)
        headers = self._provisioning.update(request, old.id)
        changed = self._world.store.get(old.id)
        return ArmResponse(200, changed.body if changed else None, headers)

    async def delete(self, request: ArmRequest) -> ArmResponse:
        """Delete a cluster; azure-native sends no ``underlyingResourceAction``, so it is not required."""
        action = request.query.get("underlyingResourceAction", "Delete")
        if action.lower() != "delete":
            raise bad_request(f"'underlyingResourceAction' is '{action}'; a cluster can only be deleted: Delete.")
        return await super().delete(request)

    async def list_nodes(self, request: ArmRequest) -> ArmResponse:
        """Return no nodes: the sandbox runs jobs in processes on this machine."""
        existing(self._world, self._id(request))
        return ArmResponse(200, {"nodes": []})

    def _check_new(self, name: str) -> None:
        if not _NAME.fullmatch(name):
            raise ArmError(
                400,
                "ComputeNameInvalid",
                f"'{name}' is not a valid compute name: 3 to 24 letters, digits and hyphens, the first a letter, not"
                " ending in a hyphen and digits.",
            )
        if len(self._world.store.below("", COMPUTES)) >= _COMPUTES_PER_REGION:
            raise ArmError(
                400, "ComputeQuotaExceeded", f"The region's limit of {_COMPUTES_PER_REGION} computes is reached."
            )

    def _complete(self, body: dict[str, Any], old: Resource | None) -> None:
        properties = body["properties"]
        inner = properties.get("properties") or {}
        settings = self._scale_settings(inner.get("scaleSettings"))
        if not _VM_SIZE.fullmatch(inner.get("vmSize") or ""):
            raise ArmError(
                400,
                "InvalidVmSize",
                f"'properties.properties.vmSize' is {inner.get('vmSize')!r}; a size looks like STANDARD_DS11_V2.",
            )
        if (inner.get("osType") or "Linux") != "Linux":
            raise bad_request("'properties.properties.osType' is 'Windows'; batch jobs need Linux.")
        now = now_iso()
        if old is not None:
            # Create-only members stay unchanged, whatever the request says.
            kept = old.body["properties"]
            description = properties.get("description")
            properties = kept | {"description": description, "modifiedOn": now}
            inner = kept["properties"] | {"scaleSettings": settings}
        else:
            fill(inner, _INNER_DEFAULTS)
            fill(properties, {"disableLocalAuth": False, "computeLocation": body["location"]})
            # Recorded: sizes come back in upper case, whatever was sent.
            inner |= {"vmSize": inner["vmSize"].upper(), "scaleSettings": settings, **_steady(now)}
            properties |= {"createdOn": now, "modifiedOn": now, "provisioningErrors": None, "isAttachedCompute": False}
        # The password or key of the nodes' administrator is never returned.
        account = inner.get("userAccountCredentials")
        if account:
            inner["userAccountCredentials"] = {"adminUserName": account["adminUserName"]}
        body["properties"] = properties | {"properties": inner}
        fill(body, {"tags": {}})

    def _scale_settings(self, given: dict[str, Any] | None) -> dict[str, Any]:
        where = "'properties.properties.scaleSettings'"
        if given is None:
            raise bad_request(f"{where} is required.", "InvalidScaleSettings")
        most, least = given["maxNodeCount"], given.get("minNodeCount") or 0
        if not 0 <= least <= most or most < 1:
            raise bad_request(
                f"{where}: minNodeCount is {least} and maxNodeCount is {most}; 0 <= minNodeCount <= maxNodeCount must"
                " hold, and maxNodeCount must be at least 1.",
                "InvalidScaleSettings",
            )
        if most > _NODES_PER_CLUSTER:
            raise bad_request(
                f"{where}: maxNodeCount is {most}; a cluster's default limit is {_NODES_PER_CLUSTER} nodes.",
                "QuotaExceeded",
            )
        idle = given.get("nodeIdleTimeBeforeScaleDown") or "PT2M"
        return {
            "maxNodeCount": most,
            "minNodeCount": least,
            "nodeIdleTimeBeforeScaleDown": respelled(self._world.switches, idle),
        }


_INNER_DEFAULTS = {
    "vmPriority": "Dedicated",
    "osType": "Linux",
    "enableNodePublicIp": True,
    "isolatedNetwork": False,
    "remoteLoginPortPublicAccess": "NotSpecified",
}


def _steady(now: str) -> dict[str, Any]:
    counts = ("idle", "leaving", "preempted", "preparing", "running", "unusable")
    return {
        "allocationState": "Steady",
        "allocationStateTransitionTime": now,
        "currentNodeCount": 0,
        "targetNodeCount": 0,
        "nodeStateCounts": {f"{count}NodeCount": 0 for count in counts},
        "errors": None,
    }
