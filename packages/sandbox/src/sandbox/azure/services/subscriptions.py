"""Microsoft.Resources: the tenant, the subscription, its regions and resource providers, the list of its resources."""

from datetime import UTC, datetime
from typing import Any

from sandbox.azure.arm.actions import Need
from sandbox.azure.arm.errors import ArmError
from sandbox.azure.arm.ids import ArmId
from sandbox.azure.arm.queries import equalities, take
from sandbox.azure.arm.requests import ArmRequest, ArmResponse
from sandbox.azure.arm.routes import ANYBODY
from sandbox.azure.arm.store import Resource
from sandbox.azure.world import World

_LOCATIONS = (
    *("australiacentral", "australiaeast", "australiasoutheast", "austriaeast", "belgiumcentral", "brazilsouth"),
    *("canadacentral", "canadaeast", "centralindia", "centralus", "chilecentral", "denmarkeast", "eastasia", "eastus"),
    *("eastus2", "francecentral", "germanywestcentral", "indonesiacentral", "israelcentral", "italynorth"),
    *("japaneast", "japanwest", "jioindiawest", "koreacentral", "koreasouth", "malaysiawest", "mexicocentral"),
    *("newzealandnorth", "northcentralus", "northeurope", "norwayeast", "polandcentral", "qatarcentral"),
    *("southafricanorth", "southcentralus", "southindia", "southeastasia", "spaincentral", "swedencentral"),
    *("switzerlandnorth", "switzerlandwest", "uaenorth", "uksouth", "ukwest", "westcentralus", "westeurope"),
    *("westindia", "westus", "westus2", "westus3"),
)
"""A table of November 2026: https://learn.microsoft.com/azure/reliability/regions-list"""
_NAMESPACES = (
    "Microsoft.Authorization",
    "Microsoft.ContainerRegistry",
    "Microsoft.Insights",
    "Microsoft.KeyVault",
    "Microsoft.Logic",
    "Microsoft.MachineLearningServices",
    "Microsoft.ManagedIdentity",
    "Microsoft.OperationalInsights",
    "Microsoft.Resources",
    "Microsoft.Storage",
)
_PROVIDER = "/subscriptions/{subscription}/providers/{namespace}"
_STATE = "registration"
"""The kind of the documents that have a namespace's state; without one it is registered."""
_MEMBERS = ("name", "resourcegroup", "resourcetype", "location")


def register(world: World) -> None:
    """Serve the only tenant, the only subscription, its regions and resource providers, and its resources."""
    _Subscriptions(world).register()


class _Subscriptions:
    """The handlers."""

    def __init__(self, world: World) -> None:
        self._world = world

    def register(self) -> None:
        """Add the routes."""
        router = self._world.router
        router.add("GET", "/tenants", self.tenants, need=ANYBODY)
        router.add("GET", "/subscriptions", self.list, need=ANYBODY)
        router.add("GET", "/subscriptions/{subscription}", self.get)
        router.add("GET", "/subscriptions/{subscription}/locations", self.locations)
        scope = "/subscriptions/{subscription}"
        router.add(
            "GET", _PROVIDER, self.provider, need=Need("Microsoft.Resources/subscriptions/providers/read", scope)
        )
        # https://learn.microsoft.com/azure/azure-resource-manager/management/resource-providers-and-types
        router.add("POST", f"{_PROVIDER}/register", self.set_registration, need=ANYBODY)
        router.add("POST", f"{_PROVIDER}/unregister", self.set_registration, need=ANYBODY)
        query = ("$filter", "$top", "$expand")
        router.add("GET", "/subscriptions/{subscription}/resources", self.resources, query=query, need=ANYBODY)

    async def tenants(self, request: ArmRequest) -> ArmResponse:
        """Answer the only tenant."""
        del request
        tenant = self._world.tenant_id
        body = {"id": f"/tenants/{tenant}", "tenantId": tenant, "displayName": "sandbox", "tenantCategory": "Home"}
        return ArmResponse(200, {"value": [body]})

    async def list(self, request: ArmRequest) -> ArmResponse:
        """Answer the only subscription, whatever roles the caller has in it."""
        del request
        return ArmResponse(200, {"value": [self._subscription(self._world.subscription_id)]})

    async def get(self, request: ArmRequest) -> ArmResponse:
        """Answer the subscription."""
        return ArmResponse(200, self._subscription(request.params["subscription"]))

    async def locations(self, request: ArmRequest) -> ArmResponse:
        """Return the regions, by their short names."""
        base = f"/subscriptions/{request.params['subscription']}/locations"
        return ArmResponse(200, {"value": [{"id": f"{base}/{name}", "name": name} for name in _LOCATIONS]})

    async def provider(self, request: ArmRequest) -> ArmResponse:
        """Return a resource provider; those of the sandbox's services exist."""
        return ArmResponse(200, self._shown_provider(request))

    async def set_registration(self, request: ArmRequest) -> ArmResponse:
        """Register the subscription with a resource provider, or end that; in Azure, either takes minutes."""
        name = self._shown_provider(request)["namespace"]
        verb = request.path.rstrip("/").rpartition("/")[2].lower()
        scope = f"/subscriptions/{request.params['subscription']}"
        self._world.authorization.require(request.principal, f"{name}/{verb}/action", scope)
        self._world.store.put_document(_STATE, name, "Registered" if verb == "register" else "NotRegistered")
        return ArmResponse(200, self._shown_provider(request))

    def _shown_provider(self, request: ArmRequest) -> dict[str, Any]:
        asked = request.params["namespace"]
        name = next((each for each in _NAMESPACES if each.lower() == asked.lower()), None)
        if name is None:
            raise ArmError(404, "InvalidResourceNamespace", f"The resource namespace '{asked}' is invalid.")
        state = self._world.store.document(_STATE, name) or "Registered"
        provider_id = f"/subscriptions/{request.params['subscription']}/providers/{name}"
        return {"id": provider_id, "namespace": name, "registrationState": state, "resourceTypes": []}

    async def resources(self, request: ArmRequest) -> ArmResponse:
        """Return the resources that the caller may read: the list is filtered, not refused."""
        caller = request.principal.object_id if request.principal else ""
        conditions = equalities(request.query.get("$filter", ""), _MEMBERS, "a list of resources")
        found = [
            _shown(each)
            for each in self._world.store.below(f"/subscriptions/{request.params['subscription']}/resourceGroups")
            if each.type.count("/") == 1
            and "location" in each.body
            and each.type.lower() != "microsoft.resources/resourcegroups"
            and all(_is(each, member, value) for member, value in conditions)
            and self._world.authorization.allowed(caller, f"{each.type}/read", each.id)
        ]
        return ArmResponse(200, {"value": take(request, found, "$top")})

    def _subscription(self, name: str) -> dict[str, Any]:
        return {
            "id": f"/subscriptions/{name}",
            "subscriptionId": name,
            "tenantId": self._world.tenant_id,
            "displayName": "sandbox",
            "state": "Enabled",
        }


def _is(resource: Resource, member: str, value: str) -> bool:
    its = {
        "name": resource.name,
        "resourcegroup": ArmId.parse(resource.id).group or "",
        "resourcetype": resource.type,
        "location": resource.body.get("location") or "",
    }
    return its[member].lower() == value


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()


def _shown(resource: Resource) -> dict[str, Any]:
    """Return what a list has of a resource; times and state are there whether or not ``$expand`` asks for them."""
    members = ("id", "name", "type", "location", "tags", "kind", "sku", "identity")
    times = {"createdTime": _time(resource.created), "changedTime": _time(resource.modified)}
    state = (resource.body.get("properties") or {}).get("provisioningState")
    return {key: resource.body[key] for key in members if key in resource.body} | times | {"provisioningState": state}
