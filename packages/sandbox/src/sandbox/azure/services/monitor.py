"""Microsoft.OperationalInsights and Microsoft.Insights: declared resources only, no telemetry flows."""

from typing import Any

from sandbox.azure.arm.bodies import fill
from sandbox.azure.arm.errors import bad_request
from sandbox.azure.arm.requests import ArmRequest
from sandbox.azure.arm.store import Resource, now_iso
from sandbox.azure.arm.types import INSIGHTS
from sandbox.azure.services.declared import Declared, kept
from sandbox.azure.services.resources import GROUP
from sandbox.azure.world import World

_ALERT_NAME = (
    r"[^*#&+:<>?@%{}\\/|]{0,259}[^*#&+:<>?@%{}\\/|. ]",
    "1 to 260 characters without * # & + : < > ? @ % { } \\ / |",
)
_SHORT_NAME = 12
"""Most characters: https://learn.microsoft.com/azure/azure-monitor/alerts/action-groups"""
_ONE_RESOURCE = "Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria"
_OF_AN_ALERT = ("criteria", "enabled", "evaluationFrequency", "scopes", "severity", "windowSize")
_COUNTED = frozenset({"Average", "Count", "Maximum", "Minimum", "Total"})
_MEASURED = _COUNTED - {"Count"}
METRICS = {"Failed Runs": _COUNTED, "Not Responding Runs": _COUNTED, "Unusable Nodes": _MEASURED}
"""Metrics of a machine learning workspace that alerts are about, with their aggregations:
https://learn.microsoft.com/azure/azure-monitor/reference/supported-metrics/microsoft-machinelearningservices-workspaces-metrics"""


def register(world: World) -> None:
    """Serve Log Analytics, Application Insights, diagnostic settings, action groups and metric alerts."""
    for handlers in (_Workspaces(world), _Components(world), _Settings(world), _Groups(world), _Alerts(world)):
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
        if workspace:
            self.required(workspace)
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
        self.required("/" + request.params["resource"].strip("/"))
        properties = body["properties"]
        sinks = ("workspaceId", "storageAccountId", "eventHubAuthorizationRuleId", "marketplacePartnerId")
        if not any(properties.get(sink) for sink in sinks):
            raise bad_request("A diagnostic setting needs at least one data sink.")
        workspace = properties.get("workspaceId")
        if workspace:
            self.required(workspace)


class _Groups(Declared):
    """Action groups; nobody is told anything."""

    type = "Microsoft.Insights/actionGroups"
    template = f"{GROUP}/providers/Microsoft.Insights/actionGroups/{{receivers}}"
    name_rule = _ALERT_NAME

    def fill(self, request: ArmRequest, old: Resource | None, body: dict[str, Any]) -> None:
        del request, old
        short = body["properties"].get("groupShortName") or ""
        if not 1 <= len(short) <= _SHORT_NAME:
            raise bad_request(f"groupShortName must have 1 to {_SHORT_NAME} characters, and has {len(short)}.")
        fill(body["properties"], {"enabled": True})


class _Alerts(Declared):
    """Metric alerts on one resource, with fixed thresholds; they never fire."""

    type = "Microsoft.Insights/metricAlerts"
    template = f"{GROUP}/providers/Microsoft.Insights/metricAlerts/{{rule}}"
    name_rule = _ALERT_NAME

    def fill(self, request: ArmRequest, old: Resource | None, body: dict[str, Any]) -> None:
        del request, old
        properties = body["properties"]
        missing = [each for each in _OF_AN_ALERT if properties.get(each) is None]
        if missing:
            raise bad_request(f"A metric alert needs {', '.join(missing)}.")
        kind = properties["criteria"].get("odata.type")
        if kind != _ONE_RESOURCE:
            raise bad_request(f"The sandbox models only criteria of type {_ONE_RESOURCE}, not {kind}.", "NotModelled")
        groups = [each.get("actionGroupId", "") for each in properties.get("actions") or ()]
        for each in (*properties["scopes"], *groups):
            self.required(each)
        for each in properties["criteria"].get("allOf") or ():
            known = METRICS.get(each.get("metricName"))
            if known is None or each.get("timeAggregation") not in known:
                raise bad_request(
                    f"The workspace has no metric '{each.get('metricName')}' with aggregation "
                    f"'{each.get('timeAggregation')}'.",
                )
        fill(properties, {"autoMitigate": True})
