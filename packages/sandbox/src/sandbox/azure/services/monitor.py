"""Microsoft.OperationalInsights and Microsoft.Insights: declared resources only, no telemetry flows."""

from typing import Any

from sandbox.azure.arm.bodies import fill
from sandbox.azure.arm.errors import ArmError, resource_not_found
from sandbox.azure.arm.requests import ArmRequest
from sandbox.azure.arm.store import Resource, now_iso
from sandbox.azure.arm.types import INSIGHTS
from sandbox.azure.services.declared import Declared, kept
from sandbox.azure.services.resources import GROUP
from sandbox.azure.world import World


def register(world: World) -> None:
    """Serve Log Analytics workspaces, Application Insights components and diagnostic settings of any resource."""
    for handlers in (_Workspaces(world), _Components(world), _Settings(world)):
        handlers.register()


class _Workspaces(Declared):
    """Log Analytics workspaces."""

    type = "Microsoft.OperationalInsights/workspaces"
    template = f"{GROUP}/providers/Microsoft.OperationalInsights/workspaces/{{workspace}}"
    name_rule = (
        r"[a-zA-Z0-9][a-zA-Z0-9-]{2,61}[a-zA-Z0-9]",
        "4 to 63 letters, digits and hyphens, no hyphen at the ends",
    )

    def fill(self, request: ArmRequest, old: Resource | None, body: dict[str, Any]) -> None:
        del request
        properties = body["properties"]
        defaults: dict[str, Any] = {
            "sku": {"name": "PerGB2018"},
            "retentionInDays": 30,
            "publicNetworkAccessForIngestion": "Enabled",
            "publicNetworkAccessForQuery": "Enabled",
        }
        fill(properties, defaults)
        properties |= {
            "customerId": kept(old, "properties", "customerId"),
            "provisioningState": "Succeeded",
            "createdDate": kept(old, "properties", "createdDate", make=now_iso),
        }


class _Components(Declared):
    """Application Insights components."""

    type = INSIGHTS
    template = f"{GROUP}/providers/{INSIGHTS}/{{component}}"
    name_rule = (r"[^%&\\?/]{0,259}[^%&\\?/. ]", "1 to 260 characters without % & \\ ? /, no space or full stop last")

    def fill(self, request: ArmRequest, old: Resource | None, body: dict[str, Any]) -> None:
        del request
        properties = body["properties"]
        workspace = properties.get("WorkspaceResourceId")
        if workspace and self._world.store.get(workspace) is None:
            raise resource_not_found(workspace)
        key = kept(old, "properties", "InstrumentationKey")
        app = kept(old, "properties", "AppId")
        region = body["location"]
        ingestion = f"https://{region}-0.in.applicationinsights.azure.com/"
        properties |= {
            "ApplicationId": body["name"],
            "AppId": app,
            "Name": body["name"],
            "InstrumentationKey": key,
            "ConnectionString": f"InstrumentationKey={key};IngestionEndpoint={ingestion};ApplicationId={app}",
            "CreationDate": kept(old, "properties", "CreationDate", make=now_iso),
            "TenantId": self._world.subscription_id,
            "provisioningState": "Succeeded",
        }


class _Settings(Declared):
    """Diagnostic settings, of a resource that exists."""

    type = "Microsoft.Insights/diagnosticSettings"
    template = "/{resource:path}/providers/Microsoft.Insights/diagnosticSettings/{setting}"
    tracked = False

    def fill(self, request: ArmRequest, old: Resource | None, body: dict[str, Any]) -> None:
        del old
        target = "/" + request.params["resource"].strip("/")
        if self._world.store.get(target) is None:
            raise resource_not_found(target)
        properties = body["properties"]
        sinks = ("workspaceId", "storageAccountId", "eventHubAuthorizationRuleId", "marketplacePartnerId")
        if not any(properties.get(sink) for sink in sinks):
            raise ArmError(400, "BadRequest", "A diagnostic setting needs at least one data sink.")
        workspace = properties.get("workspaceId")
        if workspace and self._world.store.get(workspace) is None:
            raise resource_not_found(workspace)
