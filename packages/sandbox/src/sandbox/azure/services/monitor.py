"""Microsoft.OperationalInsights and Microsoft.Insights: declared resources only, no telemetry flows."""

from typing import Any

from sandbox.azure.arm.errors import ArmError, resource_not_found
from sandbox.azure.arm.requests import ArmRequest
from sandbox.azure.arm.store import Resource, now_iso
from sandbox.azure.arm.types import INSIGHTS
from sandbox.azure.services.declared import Declared, fill, kept
from sandbox.azure.services.resources import GROUP
from sandbox.azure.world import World


def _fill_workspace(_: World, __: ArmRequest, old: Resource | None, body: dict[str, Any]) -> None:
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


def _fill_component(world: World, _: ArmRequest, old: Resource | None, body: dict[str, Any]) -> None:
    properties = body["properties"]
    workspace = properties.get("WorkspaceResourceId")
    if workspace and world.store.get(workspace) is None:
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
        "TenantId": world.subscription_id,
        "provisioningState": "Succeeded",
    }


def _fill_setting(world: World, request: ArmRequest, _: Resource | None, body: dict[str, Any]) -> None:
    target = "/" + request.params["resource"].strip("/")
    if world.store.get(target) is None:
        raise resource_not_found(target)
    properties = body["properties"]
    sinks = ("workspaceId", "storageAccountId", "eventHubAuthorizationRuleId", "marketplacePartnerId")
    if not any(properties.get(sink) for sink in sinks):
        raise ArmError(400, "BadRequest", "A diagnostic setting needs at least one data sink.")
    workspace = properties.get("workspaceId")
    if workspace and world.store.get(workspace) is None:
        raise resource_not_found(workspace)


def register(world: World) -> None:
    """Serve Log Analytics workspaces, Application Insights components and diagnostic settings of any resource."""
    Declared(
        type="Microsoft.OperationalInsights/workspaces",
        template=GROUP + "/providers/Microsoft.OperationalInsights/workspaces/{workspace}",
        fill=_fill_workspace,
        name=(
            r"[a-zA-Z0-9][a-zA-Z0-9-]{2,61}[a-zA-Z0-9]",
            "4 to 63 letters, digits and hyphens, no hyphen at the ends",
        ),
    ).register(world)
    Declared(
        type=INSIGHTS,
        template=GROUP + "/providers/Microsoft.Insights/components/{component}",
        fill=_fill_component,
        name=(r"[^%&\\?/]{0,259}[^%&\\?/. ]", "1 to 260 characters without % & \\ ? /, no space or full stop last"),
    ).register(world)
    Declared(
        type="Microsoft.Insights/diagnosticSettings",
        template="/{resource:path}/providers/Microsoft.Insights/diagnosticSettings/{setting}",
        fill=_fill_setting,
        tracked=False,
    ).register(world)
