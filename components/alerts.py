"""Alerts on a workspace: jobs that failed, nodes that cannot be used; and the action group that tells people.

Owns both metric alerts and the action group. The metrics are those of the whole workspace, because none belongs to a
batch endpoint:
https://learn.microsoft.com/azure/azure-monitor/reference/supported-metrics/microsoft-machinelearningservices-workspaces-metrics
"""

from collections.abc import Sequence
from typing import Final, TypedDict

import pulumi
from pulumi_azure_native import monitor

from components import names
from components.workspace_parts.workspace_args import WorkspacePlace

_GLOBAL: Final = "global"
"""The location of every metric alert, and of an action group that no region is chosen for."""
_MINUTES: Final = "PT5M"
_SHORT_NAME: Final = 12
"""Most characters of what a mail calls the group: https://learn.microsoft.com/azure/azure-monitor/alerts/action-groups"""


class AlertsArgs(TypedDict):
    """What `alerts` of the stack file says."""

    emails: Sequence[str]
    """Addresses to tell; an action group is made for them."""

    action_groups: Sequence[str]
    """ARM ids of existing action groups to tell as well."""

    severity: int
    """From 0 (critical) to 4 (verbose)."""


class WorkspaceAlertsArgs(AlertsArgs):
    """Arguments of `WorkspaceAlerts`."""

    place: WorkspacePlace
    """Resource group and tags."""

    workspace_id: pulumi.Input[str]
    """ARM id of the workspace."""


class WorkspaceAlerts(pulumi.ComponentResource):
    """Two alerts on a workspace.

    Type token: `azureml-batch:index:WorkspaceAlerts`

    Creates: MetricAlert on failed runs and on unusable nodes and, for addresses, ActionGroup.
    """

    def __init__(self, name: str, args: WorkspaceAlertsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("azureml-batch:index:WorkspaceAlerts", name, {}, opts)
        self._name, self._args = name, args
        self._told: list[pulumi.Input[str]] = [*args["action_groups"]]
        if args["emails"]:
            self._told.insert(0, self._group().id)
        # Each failed run is told: one that Azure resolves tells no further failure before it has resolved the first.
        self._alert(
            "failed-runs",
            "A run of the workspace failed: a scoring job, or the try-out of a release.",
            metric="Failed Runs",
            aggregation=monitor.AggregationTypeEnum.TOTAL,
            is_resolved_by_itself=False,
        )
        self._alert(
            "unusable-nodes",
            "A cluster of the workspace has nodes that cannot be used.",
            metric="Unusable Nodes",
            aggregation=monitor.AggregationTypeEnum.MAXIMUM,
            is_resolved_by_itself=True,
        )
        self.register_outputs({})

    def _group(self) -> monitor.ActionGroup:
        place = self._args["place"]
        return monitor.ActionGroup(
            names.logical(names.ALERT, self._name, "told"),
            resource_group_name=place["resource_group_name"],
            location=_GLOBAL,
            group_short_name=self._name[:_SHORT_NAME],
            enabled=True,
            email_receivers=[
                monitor.MicrosoftCommonEmailReceiverArgs(name=each, email_address=each, use_common_alert_schema=True)
                for each in self._args["emails"]
            ],
            tags=place["tags"],
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _alert(
        self,
        suffix: str,
        description: str,
        *,
        metric: str,
        aggregation: monitor.AggregationTypeEnum,
        is_resolved_by_itself: bool,
    ) -> None:
        """Alert on a metric above zero, looked at every five minutes for the five minutes before."""
        place = self._args["place"]
        monitor.MetricAlert(
            names.logical(names.ALERT, self._name, suffix),
            resource_group_name=place["resource_group_name"],
            location=_GLOBAL,
            description=description,
            enabled=True,
            severity=self._args["severity"],
            scopes=[self._args["workspace_id"]],
            evaluation_frequency=_MINUTES,
            window_size=_MINUTES,
            auto_mitigate=is_resolved_by_itself,
            criteria=monitor.MetricAlertSingleResourceMultipleMetricCriteriaArgs(
                odata_type="Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria",
                all_of=[
                    monitor.MetricCriteriaArgs(
                        name=suffix,
                        criterion_type="StaticThresholdCriterion",
                        metric_name=metric,
                        metric_namespace="Microsoft.MachineLearningServices/workspaces",
                        operator=monitor.Operator.GREATER_THAN,
                        threshold=0,
                        time_aggregation=aggregation,
                    )
                ],
            ),
            actions=[monitor.MetricAlertActionArgs(action_group_id=each) for each in self._told],
            tags=place["tags"],
            opts=pulumi.ResourceOptions(parent=self),
        )


def watch(name: str, place: WorkspacePlace, workspace_id: pulumi.Input[str], told: AlertsArgs | None) -> None:
    """Create the alerts of a workspace, if the stack has any.

    Args:
        name: Logical name.
        place: The workspace's place.
        workspace_id: ARM id of the workspace.
        told: Whom to tell; None for no alerts.
    """
    if told is not None:
        WorkspaceAlerts(name, {**told, "place": place, "workspace_id": workspace_id})
