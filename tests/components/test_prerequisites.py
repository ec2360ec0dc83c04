"""What the deployer must be allowed: how Azure's list is read, and what is told when a role is missing.

The request itself is made by every `up` of tests/e2e.
"""

import io
import json
import urllib.error
import urllib.request
from collections.abc import Callable
from email.message import Message
from pathlib import Path
from typing import Any

import pulumi
import pytest

from components.preflight import caller_roles, prerequisites
from components.preflight.caller_roles import ENDPOINT_ACTIONS, WORKSPACE_ACTIONS
from components.preflight.login import Login
from components.roles import CALLER_RUNS, CONTRIBUTOR, ENDPOINT_CALLER, IDENTITY_OPERATOR, RBAC_ADMINISTRATOR, Role
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
    monkeypatch: pytest.MonkeyPatch,
    answer: Callable[[], object],
    *,
    is_own: bool = False,
    has_callers: bool = False,
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
    group = pulumi.Output.from_input("rg")
    recorded(lambda: prerequisites.checked(group, LOGIN, is_own=is_own, has_callers=has_callers).apply(names.append))
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


def test_a_role_on_the_next_page_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    following = "https://management.azure.com/subscriptions/s/providers/x?api-version=2022-04-01&$skiptoken=2"
    pages = iter(({"value": [AS_CONTRIBUTOR], "nextLink": following}, {"value": [AS_RBAC_ADMINISTRATOR]}))
    asked, names = _checked(monkeypatch, lambda: io.BytesIO(json.dumps(next(pages)).encode()))
    assert (asked[1:], names) == ([following], ["rg"])


def test_a_next_page_on_another_host_is_not_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    page = {"value": [AS_READER], "nextLink": "https://management.azure.com.example.org/more"}
    asked, names = _checked(monkeypatch, lambda: io.BytesIO(json.dumps(page).encode()))
    assert (len(asked), names) == (1, ["rg"])


def test_missing_roles_are_named_with_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(pulumi.RunError) as raised:
        _checked(monkeypatch, _permissions(AS_READER))
    assert str(raised.value) == (
        f"Who deploys ({DEPLOYER}) lacks in resource group 'rg': Contributor, Role Based Access Control Administrator, "
        "Managed Identity Operator.\n"
        "Somebody who may grant roles there can run:\n"
        f'  az role assignment create --assignee {DEPLOYER} --role "Contributor" '
        f"--scope /subscriptions/{SUBSCRIPTION}/resourceGroups/rg\n"
        f'  az role assignment create --assignee {DEPLOYER} --role "Role Based Access Control Administrator" '
        f"--scope /subscriptions/{SUBSCRIPTION}/resourceGroups/rg"
        ' --condition "$(cat prerequisites/deployer-condition.txt)" --condition-version 2.0\n'
        f'  az role assignment create --assignee {DEPLOYER} --role "Managed Identity Operator" '
        f"--scope /subscriptions/{SUBSCRIPTION}/resourceGroups/rg\n"
        "Nothing was created. A new role takes some minutes to work everywhere; then run pulumi up again."
    )


def _definition(*actions: str) -> Callable[[], object]:
    body = {"properties": {"permissions": [{"actions": [*actions], "notActions": []}]}}
    return lambda: io.BytesIO(json.dumps(body).encode())


def _one_by_one(*answers: Callable[[], object]) -> Callable[[], object]:
    waiting = iter(answers)

    def answer() -> object:
        following = next(waiting)
        return following()

    return answer


def test_callers_need_their_custom_roles(monkeypatch: pytest.MonkeyPatch) -> None:
    """The one is not there, and the other is older than the program."""
    permitted = _permissions(AS_CONTRIBUTOR, AS_RBAC_ADMINISTRATOR)
    answers = (permitted, _refusal(404), _definition(*WORKSPACE_ACTIONS[1:]))
    with pytest.raises(pulumi.RunError) as raised:
        _checked(monkeypatch, _one_by_one(*answers), has_callers=True)
    assert str(raised.value) == (
        "The endpoints' callers cannot be let in: the custom role 'Batch endpoint caller'"
        " (f61f24a0-8c6c-5e12-adc7-5ea2b3056604) is not defined; the custom role 'Batch endpoint caller runs'"
        " (ffe26e8a-fbf0-5192-a7b0-1300a1023a32) does not allow Microsoft.MachineLearningServices/workspaces/read."
        " This program does not define roles.\n"
        "Somebody who may define them in the subscription (User Access Administrator, Owner) can run:\n"
        f"  az deployment sub create --subscription {SUBSCRIPTION} --name batch-caller-roles --location LOCATION"
        " --template-file prerequisites/caller-roles.json\n"
        "Nothing was created. A new role takes some minutes to work everywhere; then run pulumi up again."
    )


def test_callers_roles_that_are_there_are_read_where_the_deployer_may_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """At the resource group: who has roles on one group only may not read at the subscription."""
    permitted = _permissions(AS_CONTRIBUTOR, AS_RBAC_ADMINISTRATOR)
    both = _definition(*ENDPOINT_ACTIONS, *WORKSPACE_ACTIONS)
    answers = (permitted, both, both)
    asked, names = _checked(monkeypatch, _one_by_one(*answers), has_callers=True)
    assert names == ["rg"]
    scope = f"https://management.azure.com/subscriptions/{SUBSCRIPTION}/resourcegroups/rg"
    definitions = f"{scope}/providers/Microsoft.Authorization/roleDefinitions"
    assert asked[1:] == [f"{definitions}/{role.id}?api-version=2022-04-01" for role in (ENDPOINT_CALLER, CALLER_RUNS)]


def test_roles_that_azure_does_not_show_do_not_stop_the_deployment(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = (_permissions(AS_CONTRIBUTOR, AS_RBAC_ADMINISTRATOR), _refusal(403))
    assert _checked(monkeypatch, _one_by_one(*answers), has_callers=True)[1] == ["rg"]


def test_the_documented_commands_are_the_ones_that_the_program_tells() -> None:
    page = (Path(__file__).parents[2] / "docs" / "configuration.md").read_text().replace("\\\n  ", "")
    for role in (CONTRIBUTOR, IDENTITY_OPERATOR):
        assert f'--scope "$SCOPE" --role "{role.name}"\n' in page
    condition = '--condition "$(cat prerequisites/deployer-condition.txt)" --condition-version 2.0'
    assert f'--scope "$SCOPE" --role "{RBAC_ADMINISTRATOR.name}" {condition}\n' in page
    (command,) = [each for each in caller_roles.text([], "SUBSCRIPTION").splitlines() if each.startswith("  az")]
    assert command.strip() in page


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
