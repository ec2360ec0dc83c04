"""`drift` as people and programs see it: what it says of a comparison, and which commands it prints.

That the engine and the provider tell such differences is proven in tests/e2e/test_drift.py.
"""

import io
import json
import logging
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from modelops.commands import app, drift, targets
from modelops.commands.targets import Target
from modelops.engine import refresh
from modelops.engine.refresh import Comparison, Drifted, Member
from modelops.errors import ReleaseError
from modelops.plan.plan import ReleasePlan
from modelops.release.live import LiveEndpoint
from modelops.release.status import Status
from tests.unit.plans import plan_json

SCHEMA = json.loads((Path(__file__).resolve().parents[2] / "docs" / "schemas" / "drift.json").read_text("utf-8"))
URN = "urn:pulumi:dev::p::azureml-batch:index:X$azure-native:"
STORE = f"{URN}storage:StorageAccount::store"
ROLE = f"{URN}authorization:RoleAssignment::role"
ENDPOINT = f"{URN}machinelearningservices:BatchEndpoint::digits"
PLAN = ReleasePlan.from_inputs(plan_json())
OWN = Drifted(ENDPOINT, "changed", PLAN.endpoint.id.upper(), ignored=("properties", "tags"))
NOT_FOUND = 'Status=404 Code="RoleAssignmentNotFound" Message="no"'
ROLES_INPUTS = {
    "roleAssignmentName": "0-1",
    "principalId": "p-1",
    "principalType": "ServicePrincipal",
    "roleDefinitionId": "/subscriptions/s/providers/Microsoft.Authorization/roleDefinitions/r-1",
    "scope": "/subscriptions/s/resourceGroups/g",
}
RESOURCES = [{"urn": ROLE, "type": "azure-native:authorization:RoleAssignment", "inputs": ROLES_INPUTS}]


@pytest.fixture(autouse=True)
def _no_rehearsal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Print commands as against Azure."""
    monkeypatch.delenv("REHEARSAL_COMMAND", raising=False)


@pytest.fixture(name="run")
def _run(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a function that runs `drift` for a comparison and an endpoint's problems; it returns code and output."""

    def run(
        drifted: list[Drifted], problems: list[str] | Exception, *arguments: str, missed: int = 0
    ) -> tuple[int, str]:
        def compared(*_: object) -> Status:
            if isinstance(problems, Exception):
                raise problems
            return Status(LiveEndpoint("digits9", "mlp-1", "", {}, {}, None, None), "mlp-1", tuple(problems))

        comparison = Comparison(tuple(drifted), 28 - sum(each.change == "unreadable" for each in drifted), missed)
        target = Target("digits", "sub", "rg", "ws", PLAN.endpoint.name, PLAN)
        monkeypatch.setattr(targets, "exported", lambda *_: {"deployment": {"resources": RESOURCES}})
        monkeypatch.setattr(targets, "from_export", lambda _: {"digits": target})
        monkeypatch.setattr(refresh, "compared", lambda *_: comparison)
        monkeypatch.setattr(drift, "status", compared)
        monkeypatch.setattr(logging, "disable", lambda _level: None)  # it would be for the whole test run
        output = io.StringIO()
        monkeypatch.setattr(sys, "stdout", output)
        return app.main(["drift", *arguments]), output.getvalue()

    return run


def test_nothing_differs(run: Any) -> None:
    assert run([], []) == (
        0,
        "28 resources match the state\ndigits matches its last release\n",
    )


def test_what_a_release_set_is_no_drift_and_the_rest_of_its_endpoint_is(run: Any) -> None:
    members = (Member("properties.defaults.deploymentName", None, "mlp-1"), Member('tags["modelops-by"]', None, "x"))
    assert run([replace(OWN, members=members)], [])[0] == 0
    code, said = run([replace(OWN, members=(*members, Member("identity", None, {"type": "SystemAssigned"})))], [])
    assert (code, said.splitlines()[1]) == (
        1,
        'DIFFERS  BatchEndpoint digits: identity is {"type": "SystemAssigned"}, in the state it is not set',
    )


def test_an_endpoint_without_a_release_has_no_members_to_leave_out(run: Any) -> None:
    other = replace(OWN, id="/other", members=(Member("properties.description", "a", "b"),))
    code, said = run([other], [])
    assert (code, said.splitlines()[1]) == (
        1,
        'DIFFERS  BatchEndpoint digits: properties.description is "b", in the state it is "a"',
    )


def test_each_kind_of_difference_has_its_command(run: Any) -> None:
    found = [
        Drifted(STORE, "changed", "/store", (Member("minimumTlsVersion", "TLS1_2", "TLS1_0"), Member("key", 1, 1))),
        Drifted(f"{STORE}2", "deleted", "/store2"),
        Drifted(ROLE, "unreadable", reason=NOT_FOUND),
    ]
    assert run(found, ["the default is (none), released was mlp-1"], "--stack", "dev") == (
        1,
        (
            "25 resources match the state\n"
            'DIFFERS  StorageAccount store: minimumTlsVersion is "TLS1_0", in the state it is "TLS1_2"\n'
            "DIFFERS  StorageAccount store: key differs\n"
            "DIFFERS  StorageAccount store2 does not exist in Azure\n"
            "DIFFERS  RoleAssignment role does not exist in Azure, and a refresh fails on it\n"
            "digits differs from its last release\n"
            "DIFFERS  the default is (none), released was mlp-1\n"
            "To fix it:\n"
            "  az role assignment create --name 0-1 --assignee-object-id p-1 --assignee-principal-type ServicePrincipal"
            " --role r-1 --scope /subscriptions/s/resourceGroups/g\n"
            "  pulumi up --refresh --stack dev\n"
            "  python -m modelops release --stack dev\n"
            "Then compare again: python -m modelops drift --stack dev\n"
        ),
    )


def test_what_cannot_be_read_is_told_with_the_reason(run: Any) -> None:
    code, said = run([Drifted(STORE, "unreadable", reason='Status=403 Code="F" Message="no"')], [], missed=3)
    assert (code, said) == (
        1,
        (
            "27 resources match the state\n"
            'DIFFERS  StorageAccount store cannot be read: Status=403 Code="F" Message="no"\n'
            "DIFFERS  3 more were not compared, because of those that cannot be read\n"
            "digits matches its last release\n"
            "Then compare again: python -m modelops drift\n"
        ),
    )


def test_an_endpoint_that_is_gone_is_told_once(run: Any) -> None:
    code, said = run([replace(OWN, change="deleted")], ReleaseError("is not asked"))
    assert (code, said) == (
        1,
        (
            "27 resources match the state\n"
            "DIFFERS  BatchEndpoint digits does not exist in Azure\n"
            "To fix it:\n  pulumi up --refresh\n"
        ),
    )


def test_an_endpoint_that_cannot_be_asked_differs(run: Any) -> None:
    code, said = run([], ReleaseError("reading endpoint digits9 failed: no"))
    assert (code, said.splitlines()[1:3]) == (
        1,
        ["digits differs from its last release", "DIFFERS  reading endpoint digits9 failed: no"],
    )


def test_json_has_the_schema_s_form(run: Any) -> None:
    found = [
        Drifted(STORE, "changed", "/store", (Member("tls", "1.2", "1.0"),)),
        Drifted(ROLE, "unreadable", reason="no"),
    ]
    code, said = run(found, ["the default is gone"], "--json", missed=1)
    printed = json.loads(said)
    jsonschema.validate(printed, SCHEMA)
    assert (code, printed) == (
        1,
        {
            "schemaVersion": 1,
            "differs": True,
            "compared": 27,
            "missed": 1,
            "resources": [
                {
                    "urn": STORE,
                    "id": "/store",
                    "change": "changed",
                    "reason": None,
                    "members": [{"path": "tls", "state": "1.2", "live": "1.0"}],
                },
                {"urn": ROLE, "id": None, "change": "unreadable", "reason": "no", "members": []},
            ],
            "endpoints": {"digits": {"problems": ["the default is gone"]}},
        },
    )
