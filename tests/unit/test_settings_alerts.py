"""The key `alerts`: whom to tell when jobs fail or nodes cannot be used."""

from pathlib import Path
from typing import Any

import pytest

from tests.unit.settings_world import RIGHT, make_files, problems, read

GROUP = (
    "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/ops/providers/Microsoft.Insights/actionGroups/a"
)


@pytest.fixture(name="root")
def _root(tmp_path: Path) -> Path:
    return make_files(tmp_path)


@pytest.mark.parametrize(
    ("alerts", "told"),
    [
        ({}, None),
        ({"emails": ["ops@example.com", "ops@example.com"]}, (("ops@example.com",), (), 3)),
        ({"actionGroups": [GROUP], "severity": 0}, ((), (GROUP,), 0)),
        ({"emails": ["a@b.example"], "actionGroups": [GROUP]}, (("a@b.example",), (GROUP,), 3)),
    ],
)
def test_who_is_told(root: Path, alerts: dict[str, Any], told: tuple[object, ...] | None) -> None:
    found = read(root, {**RIGHT, "alerts": alerts}).alerts
    assert (found and (found["emails"], found["action_groups"], found["severity"])) == told


@pytest.mark.parametrize(
    ("alerts", "problem"),
    [
        (
            {"severity": 1},
            (
                "alerts.emails is not set. Nobody would be told. Allowed: at least one entry in emails or in "
                "actionGroups.\nPulumi.dev.yaml: set alerts.emails[0] to ops@example.com"
            ),
        ),
        (
            {"emails": ["ops"]},
            (
                "alerts.emails[0] is 'ops'. Allowed: a mail address.\n"
                "Pulumi.dev.yaml: set alerts.emails[0] to ops@example.com"
            ),
        ),
        (
            {"emails": "ops@example.com"},
            (
                "alerts.emails is 'ops@example.com'. Allowed: an array of texts, each a mail address.\n"
                "Pulumi.dev.yaml: set alerts.emails[0] to ops@example.com"
            ),
        ),
        (
            {"actionGroups": ["ops"]},
            (
                "alerts.actionGroups[0] is 'ops'. Allowed: the ARM id of an action group.\n"
                "Pulumi.dev.yaml: set alerts.actionGroups[0] to /subscriptions/ID/resourceGroups/GROUP/providers/"
                "Microsoft.Insights/actionGroups/NAME"
            ),
        ),
        (
            {"emails": ["ops@example.com"], "severity": 5},
            (
                "alerts.severity is 5. Allowed: a whole number from 0 to 4 (0 is critical, 4 is verbose).\n"
                "Pulumi.dev.yaml: set alerts.severity to 3"
            ),
        ),
    ],
)
def test_what_is_refused(root: Path, alerts: dict[str, Any], problem: str) -> None:
    assert problems(root, {**RIGHT, "alerts": alerts}) == [problem]
