"""WorkspaceAlerts: two alerts on a workspace, an action group for addresses, and nothing without the key.

Not proven here: when Azure raises them.
"""

from typing import Any

from components import alerts
from components.alerts import AlertsArgs
from components.workspace_parts.workspace_args import WorkspacePlace
from tests.components.recorder import Recorder, recorded

PLACE: WorkspacePlace = {
    "resource_group_name": "rg",
    "workspace_name": "ml",
    "location": "westeurope",
    "tags": {"stack": "dev"},
}
THEIRS = "/theirs"


def _recorded(told: AlertsArgs | None) -> Recorder:
    return recorded(lambda: alerts.watch("mlbatch", PLACE, "/ws", told))


def _told(recorder: Recorder, name: str) -> list[str]:
    return [each["actionGroupId"] for each in recorder.inputs("MetricAlert", name)["actions"]]


def test_nothing_is_made_for_nobody() -> None:
    assert _recorded(None).declared() == []


def test_addresses_get_an_action_group() -> None:
    recorder = _recorded({"emails": ["a@example.com", "b@example.com"], "action_groups": [THEIRS], "severity": 2})
    assert recorder.declared() == [
        ("azure-native:monitor:ActionGroup", "mlbatch-told"),
        ("azure-native:monitor:MetricAlert", "mlbatch-failed-runs"),
        ("azure-native:monitor:MetricAlert", "mlbatch-unusable-nodes"),
        ("azureml-batch:index:WorkspaceAlerts", "mlbatch"),
    ]
    group = recorder.inputs("ActionGroup")
    assert (group["location"], group["groupShortName"], group["tags"]) == ("global", "mlbatch", {"stack": "dev"})
    assert group["emailReceivers"] == [
        {"name": each, "emailAddress": each, "useCommonAlertSchema": True}
        for each in ("a@example.com", "b@example.com")
    ]
    for name in ("mlbatch-failed-runs", "mlbatch-unusable-nodes"):
        assert _told(recorder, name) == ["/ActionGroup/mlbatch-told", THEIRS]


def test_the_alerts_are_on_metrics_of_the_workspace() -> None:
    recorder = _recorded({"emails": [], "action_groups": [THEIRS], "severity": 2})
    assert [kind for kind, _ in recorder.declared() if kind.endswith("ActionGroup")] == []
    for name, metric, aggregation, is_resolved in (
        ("failed-runs", "Failed Runs", "Total", False),
        ("unusable-nodes", "Unusable Nodes", "Maximum", True),
    ):
        found: dict[str, Any] = recorder.inputs("MetricAlert", f"mlbatch-{name}")
        (criterion,) = found["criteria"]["allOf"]
        assert found["criteria"]["odataType"] == "Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria"
        assert (criterion["metricName"], criterion["timeAggregation"], criterion["operator"]) == (
            *(metric, aggregation),
            "GreaterThan",
        )
        assert (criterion["threshold"], found["scopes"], found["location"]) == (0, ["/ws"], "global")
        assert (found["windowSize"], found["evaluationFrequency"], found["severity"]) == ("PT5M", "PT5M", 2)
        assert (found["autoMitigate"], found["enabled"]) == (is_resolved, True)
