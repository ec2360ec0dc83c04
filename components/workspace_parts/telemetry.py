"""The workspace's logs and metrics: Log Analytics, and Application Insights on top of it.

Owns both, and sends a resource's logs there (`send_logs`). Both accept telemetry only from Entra identities;
Application Insights still returns keys, which are marked as secrets, so that the state never contains them as readable
text.
"""

from collections.abc import Mapping
from typing import NotRequired, TypedDict

import pulumi
from pulumi_azure_native import applicationinsights, monitor, operationalinsights

from components import names


class TelemetryArgs(TypedDict):
    """Arguments of `Telemetry`."""

    resource_group_name: pulumi.Input[str]
    """Resource group of both resources."""

    location: str
    """Azure region, in its short form (westeurope)."""

    log_retention_days: NotRequired[int]
    """Days to keep logs. Default: 90."""

    tags: NotRequired[Mapping[str, str]]
    """Azure tags. Default: none."""


class Telemetry(pulumi.ComponentResource):
    """Log Analytics and Application Insights without local authentication.

    Type token: `azureml-batch:index:Telemetry`

    Creates: Log Analytics Workspace, Application Insights Component.
    """

    logs_id: pulumi.Output[str]
    """ARM id of the Log Analytics workspace."""

    insights_id: pulumi.Output[str]
    """ARM id of the Application Insights component."""

    def __init__(self, name: str, args: TelemetryArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("azureml-batch:index:Telemetry", name, {}, opts)
        logs = operationalinsights.Workspace(
            names.logical(names.LOG_WORKSPACE, name, "logs"),
            resource_group_name=args["resource_group_name"],
            location=args["location"],
            sku=operationalinsights.WorkspaceSkuArgs(name=operationalinsights.WorkspaceSkuNameEnum.PER_GB2018),
            retention_in_days=args.get("log_retention_days", 90),
            features=operationalinsights.WorkspaceFeaturesArgs(disable_local_auth=True),
            tags=args.get("tags", {}),
            opts=pulumi.ResourceOptions(parent=self),
        )
        insights = applicationinsights.Component(
            names.logical(names.APP_INSIGHTS, name, "insights"),
            resource_group_name=args["resource_group_name"],
            location=args["location"],
            kind="web",
            application_type=applicationinsights.ApplicationType.WEB,
            ingestion_mode=applicationinsights.IngestionMode.LOG_ANALYTICS,
            workspace_resource_id=logs.id,
            disable_local_auth=True,
            tags=args.get("tags", {}),
            opts=pulumi.ResourceOptions(
                parent=self, additional_secret_outputs=["instrumentation_key", "connection_string"]
            ),
        )
        self.logs_id = logs.id
        self.insights_id = insights.id
        self.register_outputs({"logs_id": self.logs_id, "insights_id": self.insights_id})


def send_logs(
    name: str,
    *,
    resource_id: pulumi.Input[str],
    logs_id: pulumi.Input[str],
    category_group: str,
    opts: pulumi.ResourceOptions,
) -> monitor.DiagnosticSetting:
    """Send a resource's own logs to Log Analytics.

    Args:
        name: Logical name of the setting.
        resource_id: ARM id of the resource that writes the logs.
        logs_id: ARM id of the Log Analytics workspace.
        category_group: `audit`, or `allLogs` if the service has no audit group.
        opts: Options of the resource; the caller's component as parent.
    """
    return monitor.DiagnosticSetting(
        names.logical(names.DIAGNOSTICS, name),
        resource_uri=resource_id,
        workspace_id=logs_id,
        logs=[monitor.DiagnosticsLogSettingsArgs(category_group=category_group, enabled=True)],
        opts=opts,
    )
