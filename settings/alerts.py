"""The key `alerts`: whom to tell when jobs fail or nodes cannot be used."""

from typing import Final

from components.alerts import AlertsArgs
from settings.access import UUID
from settings.problems import setting
from settings.section import Section

EMAIL: Final = r"[^@\s]+@[^@\s]+\.[^@\s]+"
ACTION_GROUP: Final = (
    rf"/subscriptions/{UUID}/resourceGroups/[^/]+/providers/"
    r"[Mm]icrosoft\.[Ii]nsights/actionGroups/[^/]+"
)
SEVERITY: Final = 3
"""The default: https://github.com/Azure/azure-monitor-baseline-alerts"""
_ID: Final = "/subscriptions/ID/resourceGroups/GROUP/providers/Microsoft.Insights/actionGroups/NAME"


def read_alerts(top: Section) -> AlertsArgs | None:
    """Read whom to tell; None without the key."""
    section = top.section("alerts", of="whom to tell")
    if not section.values:
        return None
    section.only("emails", "actionGroups", "severity")
    found: AlertsArgs = {
        "emails": _texts(section, "emails", EMAIL, "a mail address", "ops@example.com"),
        "action_groups": _texts(section, "actionGroups", ACTION_GROUP, "the ARM id of an action group", _ID),
        "severity": section.whole("severity", SEVERITY, least=0, most=4, unit="0 is critical, 4 is verbose"),
    }
    if not section.values.get("emails") and not section.values.get("actionGroups"):
        section.problems.add(
            section.at("emails"),
            section.shown("emails"),
            "Nobody would be told. Allowed: at least one entry in emails or in actionGroups.",
            setting((*section.at("emails"), "[0]"), "ops@example.com"),
        )
    return found


def _texts(section: Section, key: str, pattern: str, allowed: str, example: str) -> tuple[str, ...]:
    """Read an array of texts, each once."""
    entries = section.array(key, of=allowed, example=example)
    found = [entries.text(each, None, pattern=pattern, allowed=allowed, example=example) for each in entries.values]
    return tuple(dict.fromkeys(found))
