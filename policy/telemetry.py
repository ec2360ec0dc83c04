"""Rules on Log Analytics, Application Insights, and whose logs go there."""

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from pulumi_policy import Severity

from policy.conditions import made_from, must_be, must_be_at_least, must_be_set, of_kind
from policy.properties import UNKNOWN, Properties
from policy.rule import Finding, Option, ResourceRule, Rule, Seen, StackRule
from policy.sources import ML, control, psrule
from policy.vault import VAULT
from policy.workspace import WORKSPACE

INSIGHTS: Final = "applicationinsights:Component"
LOGS: Final = "operationalinsights:Workspace"
DIAGNOSTICS: Final = "monitor:DiagnosticSetting"


def _logged(kind: str, groups: Sequence[str]) -> Callable[[Sequence[Seen], object], Iterator[Finding]]:
    """Return a check that every resource of a kind has a diagnostic setting that sends one of the log groups."""

    def check(stack: Sequence[Seen], _options: object) -> Iterator[Finding]:
        sending = [each for each in of_kind(stack, DIAGNOSTICS) if _sends(each, groups)]
        for resource in of_kind(stack, kind):
            if not made_from(sending, "resourceUri", resource):
                yield Finding(resource, f"No diagnostic setting of this stack sends its {' or '.join(groups)} logs.")

    return check


def _sends(setting: Seen, groups: Sequence[str]) -> bool:
    """Say whether a diagnostic setting sends one of the groups, as far as is known."""
    logs = setting.properties.elements("logs")
    if logs is UNKNOWN:
        return True
    return any(
        each is UNKNOWN
        or (
            isinstance(each, Properties)
            and each.at("enabled") in (True, UNKNOWN)
            and each.at("categoryGroup") in (*groups, UNKNOWN)
        )
        for each in logs
    )


RULES: Final[list[Rule]] = [
    ResourceRule(
        name="insights-component-workspace-based",
        description="Application Insights keeps its data in a Log Analytics workspace.",
        kinds=(INSIGHTS,),
        check=must_be_set("workspaceResourceId"),
        remedy="Set workspace_resource_id in components/workspace_parts/telemetry.py.",
        url=psrule("Azure.AppInsights.Workspace"),
        framework=control(31),
    ),
    ResourceRule(
        name="insights-component-entra-only",
        description="Application Insights accepts telemetry only from Entra identities.",
        kinds=(INSIGHTS,),
        check=must_be("disableLocalAuth", True),
        remedy="Set disable_local_auth=True in components/workspace_parts/telemetry.py.",
        url=psrule("Azure.AppInsights.LocalAuth"),
        framework=control(31),
    ),
    ResourceRule(
        name="operationalinsights-workspace-entra-only",
        description="A Log Analytics workspace accepts logs only from Entra identities.",
        kinds=(LOGS,),
        check=must_be("features.disableLocalAuth", True),
        remedy="Set disable_local_auth=True in components/workspace_parts/telemetry.py.",
        url="https://learn.microsoft.com/azure/azure-monitor/logs/manage-access",
        framework=control(32),
    ),
    ResourceRule(
        name="operationalinsights-workspace-retention",
        description="Logs are kept long enough.",
        kinds=(LOGS,),
        check=must_be_at_least("retentionInDays", "days"),
        remedy="Set logRetentionDays to 90 in the stack file, or as many days as the message says.",
        url="https://learn.microsoft.com/azure/azure-monitor/logs/data-retention-configure",
        framework=control(32),
        options={"days": Option(90, "Least number of days for which logs are kept.")},
    ),
    StackRule(
        name="keyvault-vault-audit-log",
        description="Every use of a key vault is logged.",
        check=_logged(VAULT, ("audit", "allLogs")),
        remedy="Give the vault a DiagnosticSetting with category group audit, as "
        "components/workspace_parts/vault.py does.",
        url=psrule("Azure.KeyVault.Logs"),
        framework=control(23, "LT-4"),
        severity=Severity.HIGH,
    ),
    StackRule(
        name="machinelearning-workspace-logs",
        description="Everything that happens in a machine learning workspace is logged.",
        check=_logged(WORKSPACE, ("allLogs",)),
        remedy="Give the workspace a DiagnosticSetting with category group allLogs, as components/workspace.py does.",
        url=f"{ML}monitor-azure-machine-learning",
        framework=control(33, "LT-4"),
    ),
]
