"""The events of the engine's event log that we use, and those that we ignore."""

import json
from typing import Any

import pytest

from modelops.engine.event_log import Happening, Operation, Policies, Said, Summary, Violation, decode

URN = "urn:pulumi:dev::program::azureml-batch:index:ModelRelease$pulumi:index:Stash::digits-marker"
METADATA = {"op": "update", "urn": URN, "type": "pulumi:index:Stash", "diffs": ["input"]}


@pytest.mark.parametrize(
    ("event", "happening"),
    [
        (
            {"resourcePreEvent": {"metadata": METADATA, "planning": True}},
            Operation("began", "update", URN, is_planned=True, metadata=METADATA),
        ),
        ({"resOutputsEvent": {"metadata": METADATA}}, Operation("ended", "update", URN, metadata=METADATA)),
        (
            {"resOpFailedEvent": {"metadata": METADATA, "status": 0, "steps": 1}},
            Operation("failed", "update", URN, metadata=METADATA),
        ),
        (
            {
                "diagnosticEvent": {
                    "urn": URN,
                    "prefix": "<{%fg 1%}>error: <{%reset%}>",
                    "message": "<{%reset%}>two\nlines\n<{%reset%}>",
                    "severity": "error",
                }
            },
            Said("error", "two\nlines", URN),
        ),
        (
            {"diagnosticEvent": {"message": "2 of 3\n", "severity": "info", "ephemeral": True}},
            Said("info", "2 of 3", is_ephemeral=True),
        ),
        ({"diagnosticEvent": {"message": "beginning rpc\n", "severity": "debug"}}, None),
        ({"diagnosticEvent": {"message": "\n", "severity": "info"}}, None),
        (
            {
                "policyEvent": {
                    "resourceUrn": URN,
                    "message": "<{%fg 3%}>no lock\n",
                    "policyName": "authorization-lock",
                    "enforcementLevel": "mandatory",
                }
            },
            Violation("no lock", URN, "authorization-lock", "mandatory"),
        ),
        (
            {"policyAnalyzeSummaryEvent": {"policyPackName": "azureml-batch", "policyPackVersion": "0.1.0"}},
            Policies("azureml-batch@v0.1.0"),
        ),
        (
            {"summaryEvent": {"durationSeconds": 21, "resourceChanges": {"same": 40, "update": 1}}},
            Summary({"same": 40, "update": 1}, 21.0),
        ),
        ({"summaryEvent": {"durationSeconds": 1, "resourceChanges": None}}, Summary({}, 1.0)),
        ({"preludeEvent": {"config": {}}}, None),
        ({"eventOfANewerEngine": {}}, None),
    ],
)
def test_reads_an_event(event: dict[str, Any], happening: Happening | None) -> None:
    assert decode(json.dumps({"sequence": 3, "timestamp": 1796052035, **event}).encode() + b"\n") == happening


@pytest.mark.parametrize("line", [b"", b"{", b"\xff\n"])
def test_a_line_that_is_none_is_no_error(line: bytes) -> None:
    assert decode(line) is None


@pytest.mark.parametrize(
    ("urn", "token", "name"),
    [
        (URN, "pulumi:index:Stash", "digits-marker"),
        ("urn:pulumi:dev::program::pulumi:pulumi:Stack::program-dev", "pulumi:pulumi:Stack", "program-dev"),
        ("urn:pulumi:dev::program::a:b:C::with::colons", "a:b:C", "with::colons"),
        ("", "", ""),
    ],
)
def test_a_resource_has_a_type_and_a_name(urn: str, token: str, name: str) -> None:
    found = Operation("began", "same", urn)
    assert (found.type, found.name) == (token, name)
