"""What the deployer must be allowed: how Azure's list is read, and what is told when a role is missing.

The request itself is made by every `up` of tests/e2e.
"""

import io
import json
import urllib.error
import urllib.request
from collections.abc import Callable
from email.message import Message
from typing import Any

import pulumi
import pytest

from components import prerequisites
from components.login import Login
from components.roles import CONTRIBUTOR, IDENTITY_OPERATOR, RBAC_ADMINISTRATOR, Role
from tests.components.recorder import DEPLOYER, SUBSCRIPTION, TENANT, recorded

LOGIN = Login(SUBSCRIPTION, TENANT, DEPLOYER)
# What Azure answers for the built-in roles of these names.
OWNER = {"actions": ["*"], "notActions": []}
AS_CONTRIBUTOR = {
    "actions": ["*"],
    "notActions": [
        "Microsoft.Authorization/*/Delete",
        "Microsoft.Authorization/*/Write",
        "Microsoft.Authorization/elevateAccess/Action",
    ],
}
AS_RBAC_ADMINISTRATOR = {
    "actions": [
        "Microsoft.Authorization/roleAssignments/write",
        "Microsoft.Authorization/roleAssignments/delete",
        "*/read",
    ],
    "notActions": [],
}
AS_READER = {"actions": ["*/read"], "notActions": []}


@pytest.mark.parametrize(
    ("permissions", "missing"),
    [
        ([OWNER], []),
        ([AS_CONTRIBUTOR, AS_RBAC_ADMINISTRATOR], []),
        ([AS_CONTRIBUTOR], [RBAC_ADMINISTRATOR]),
        ([AS_RBAC_ADMINISTRATOR], [CONTRIBUTOR, IDENTITY_OPERATOR]),
        ([AS_READER], [CONTRIBUTOR, RBAC_ADMINISTRATOR, IDENTITY_OPERATOR]),
        ([], [CONTRIBUTOR, RBAC_ADMINISTRATOR, IDENTITY_OPERATOR]),
        ([{"actions": None}], [CONTRIBUTOR, RBAC_ADMINISTRATOR, IDENTITY_OPERATOR]),
    ],
)
def test_which_roles_are_missing(permissions: list[dict[str, Any]], missing: list[Role]) -> None:
    assert prerequisites.missing_roles(permissions) == missing


def _checked(
    monkeypatch: pytest.MonkeyPatch, answer: Callable[[], object], *, is_own: bool = False
) -> tuple[list[str], list[str]]:
    """Check a group against what Azure answers; what was asked, and the name that came out."""
    asked: list[str] = []
    names: list[str] = []

    def urlopen(request: urllib.request.Request, timeout: float) -> object:
        assert timeout == 10.0
        assert request.get_header("Authorization") == "Bearer a-token"
        asked.append(request.full_url)
        return answer()

    monkeypatch.setattr(urllib.request, "urlopen", urlopen)
    recorded(lambda: prerequisites.checked(pulumi.Output.from_input("rg"), LOGIN, is_own=is_own).apply(names.append))
    return asked, names


def _permissions(*entries: dict[str, Any]) -> Callable[[], object]:
    return lambda: io.BytesIO(json.dumps({"value": entries}).encode())


def _refusal(status: int) -> Callable[[], object]:
    def refuse() -> object:
        raise urllib.error.HTTPError("https://management.azure.com", status, "no", Message(), io.BytesIO())

    return refuse


def test_a_deployer_with_the_roles_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    asked, names = _checked(monkeypatch, _permissions(AS_CONTRIBUTOR, AS_RBAC_ADMINISTRATOR))
    assert names == ["rg"]
    assert asked == [
        (
            f"https://management.azure.com/subscriptions/{SUBSCRIPTION}/resourcegroups/rg"
            "/providers/Microsoft.Authorization/permissions?api-version=2022-04-01"
        )
    ]


def test_missing_roles_are_named_with_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(pulumi.RunError) as raised:
        _checked(monkeypatch, _permissions(AS_READER))
    assert str(raised.value) == (
        f"Who deploys ({DEPLOYER}) lacks in resource group 'rg': Contributor, Role Based Access Control Administrator, "
        "Managed Identity Operator. Nothing was created in it.\n"
        "Somebody who may grant roles there can run:\n"
        f'  az role assignment create --assignee {DEPLOYER} --role "Contributor" '
        f"--scope /subscriptions/{SUBSCRIPTION}/resourceGroups/rg\n"
        f'  az role assignment create --assignee {DEPLOYER} --role "Role Based Access Control Administrator" '
        f"--scope /subscriptions/{SUBSCRIPTION}/resourceGroups/rg\n"
        f'  az role assignment create --assignee {DEPLOYER} --role "Managed Identity Operator" '
        f"--scope /subscriptions/{SUBSCRIPTION}/resourceGroups/rg\n"
        "A new role takes some minutes to work everywhere; then run pulumi up again."
    )


def test_a_missing_group_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(pulumi.RunError) as raised:
        _checked(monkeypatch, _refusal(404))
    assert str(raised.value) == (
        f"There is no resource group 'rg' in subscription {SUBSCRIPTION}, so nothing was created.\n"
        "  Make it: az group create --name rg --location LOCATION\n"
        "  Or let the program make one: pulumi config rm resourceGroup"
    )


def test_a_group_of_the_stack_s_own_that_is_gone_was_deleted_by_somebody(monkeypatch: pytest.MonkeyPatch) -> None:
    """To make it by hand, or to change the configuration, would only hide that what was in it is gone too."""
    with pytest.raises(pulumi.RunError) as raised:
        _checked(monkeypatch, _refusal(404), is_own=True)
    assert str(raised.value) == (
        f"The stack's own resource group 'rg' in subscription {SUBSCRIPTION} was deleted outside Pulumi, with all that "
        "was in it, so nothing was created.\n"
        "  Make it all again: pulumi up --refresh"
    )


def _unreachable() -> object:
    raise urllib.error.URLError("no route to host")


@pytest.mark.parametrize(
    "answer",
    [_refusal(403), _refusal(503), _unreachable, lambda: io.BytesIO(b"<html>")],
    ids=["403", "503", "net", "html"],
)
def test_without_an_answer_the_deployment_goes_on(
    monkeypatch: pytest.MonkeyPatch, answer: Callable[[], object]
) -> None:
    assert _checked(monkeypatch, answer)[1] == ["rg"]


def test_a_preview_asks_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulumi.runtime, "is_dry_run", lambda: True)
    assert _checked(monkeypatch, _permissions(AS_READER)) == ([], ["rg"])
