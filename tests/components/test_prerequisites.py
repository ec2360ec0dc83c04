"""The deployer's required roles: reading Azure's list, and the message for missing roles.

The request itself is made by every `up` of tests/e2e.
"""

import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pulumi
import pytest
import requests

from components.preflight import arm, caller_roles, prerequisites, release_actions
from components.preflight.caller_roles import ENDPOINT_ACTIONS, WORKSPACE_ACTIONS
from components.preflight.login import Login
from components.roles import CALLER_RUNS, CONTRIBUTOR, ENDPOINT_CALLER, IDENTITY_OPERATOR, RBAC_ADMINISTRATOR, Role
from modelops import advice
from tests.components.recorder import DEPLOYER, SUBSCRIPTION, TENANT, recorded
from tests.components.resource_manager import Answer, ResourceManagerDouble, answer

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
    assert [*prerequisites.missing_roles(permissions)] == missing


@pytest.mark.parametrize("action", release_actions.ACTIONS)
def test_a_role_that_does_not_allow_one_step_of_a_release_is_found_before_anything_is_made(
    monkeypatch: pytest.MonkeyPatch, action: str
) -> None:
    own = {**AS_CONTRIBUTOR, "notActions": [*AS_CONTRIBUTOR["notActions"], action]}
    without_reads = {**AS_RBAC_ADMINISTRATOR, "actions": AS_RBAC_ADMINISTRATOR["actions"][:2]}
    with pytest.raises(pulumi.RunError) as raised:
        _checked(monkeypatch, _permissions(own, without_reads))
    assert str(raised.value) == (
        f"The deployer ({DEPLOYER}) is missing these roles in resource group 'rg': Contributor (not allowed: {action})."
        "\nSomebody who can grant roles there can run:\n"
        f'  az role assignment create --assignee {DEPLOYER} --role "Contributor" '
        f"--scope /subscriptions/{SUBSCRIPTION}/resourceGroups/rg\n"
        "Nothing was created. A new role takes some minutes to take effect; then try again."
    )


def _checked(
    monkeypatch: pytest.MonkeyPatch,
    answers: Answer,
    *,
    is_own: bool = False,
    has_callers: bool = False,
) -> tuple[list[str], list[str]]:
    """Check a group against what Azure answers; what was asked, and the name that came out."""
    names: list[str] = []
    azure = ResourceManagerDouble(monkeypatch, answers)
    group = pulumi.Output.from_input("rg")
    recorded(lambda: prerequisites.checked(group, LOGIN, is_own=is_own, has_callers=has_callers).apply(names.append))
    assert azure.tokens <= {"Bearer a-token"}
    return azure.asked, names


def _permissions(*entries: dict[str, Any]) -> Answer:
    return lambda _: answer({"value": entries})


def _refusal(status: int) -> Answer:
    return lambda _: answer({"error": {"code": "no", "message": "no"}}, status)


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
    asked, names = _checked(monkeypatch, lambda _: answer(next(pages)))
    assert (asked[1:], names) == ([following], ["rg"])


def test_a_next_page_on_another_host_is_not_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    azure = ResourceManagerDouble(
        monkeypatch, lambda _: answer({"value": [AS_READER], "nextLink": "https://management.azure.com.example.org/x"})
    )
    with pytest.raises(pulumi.RunError) as raised:
        recorded(lambda: prerequisites.checked(pulumi.Output.from_input("rg"), LOGIN, is_own=False))
    assert str(raised.value) == (
        "The roles could not be checked, so nothing was created: https://management.azure.com gave no usable answer "
        "in 1 attempt; the last: a next page on another host, https://management.azure.com.example.org/x.\n"
        "  Check the network and HTTPS_PROXY, then try again."
    )
    assert len(azure.asked) == 1


def test_missing_roles_are_named_with_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(pulumi.RunError) as raised:
        _checked(monkeypatch, _permissions(AS_READER))
    assert str(raised.value) == (
        f"The deployer ({DEPLOYER}) is missing these roles in resource group 'rg': Contributor, "
        "Role Based Access Control Administrator, Managed Identity Operator.\n"
        "Somebody who can grant roles there can run:\n"
        f'  az role assignment create --assignee {DEPLOYER} --role "Contributor" '
        f"--scope /subscriptions/{SUBSCRIPTION}/resourceGroups/rg\n"
        f'  az role assignment create --assignee {DEPLOYER} --role "Role Based Access Control Administrator" '
        f"--scope /subscriptions/{SUBSCRIPTION}/resourceGroups/rg"
        ' --condition "$(cat prerequisites/deployer-condition.txt)" --condition-version 2.0\n'
        f'  az role assignment create --assignee {DEPLOYER} --role "Managed Identity Operator" '
        f"--scope /subscriptions/{SUBSCRIPTION}/resourceGroups/rg\n"
        "Nothing was created. A new role takes some minutes to take effect; then try again."
    )


def _definition(*actions: str) -> Answer:
    return lambda _: answer({"properties": {"permissions": [{"actions": [*actions], "notActions": []}]}})


def _one_by_one(*answers: Answer) -> Answer:
    waiting = iter(answers)

    def following(url: str) -> requests.Response:
        each = next(waiting)
        return each(url)

    return following


def test_callers_need_their_custom_roles(monkeypatch: pytest.MonkeyPatch) -> None:
    """One is missing, and the other is older than the program."""
    permitted = _permissions(AS_CONTRIBUTOR, AS_RBAC_ADMINISTRATOR)
    answers = (permitted, _refusal(404), _definition(*WORKSPACE_ACTIONS[1:]))
    with pytest.raises(pulumi.RunError) as raised:
        _checked(monkeypatch, _one_by_one(*answers), has_callers=True)
    assert str(raised.value) == (
        "The endpoints' callers cannot get access: the custom role 'Batch endpoint caller' "
        "(f61f24a0-8c6c-5e12-adc7-5ea2b3056604) is not defined; the custom role 'Batch endpoint caller runs' "
        "(ffe26e8a-fbf0-5192-a7b0-1300a1023a32) does not allow Microsoft.MachineLearningServices/workspaces/read. "
        "This program does not define roles.\n"
        "An administrator of the subscription (User Access Administrator, Owner) can define them:\n"
        f'  az rest --method put --url "/subscriptions/{SUBSCRIPTION}/providers/'
        "Microsoft.Authorization/roleDefinitions/"
        f'{ENDPOINT_CALLER.id}?api-version=2022-04-01" --body "$(sed s/SUBSCRIPTION/{SUBSCRIPTION}/ '
        f'prerequisites/caller-roles/{ENDPOINT_CALLER.id}.json)"\n'
        f'  az rest --method put --url "/subscriptions/{SUBSCRIPTION}/providers/'
        "Microsoft.Authorization/roleDefinitions/"
        f'{CALLER_RUNS.id}?api-version=2022-04-01" --body "$(sed s/SUBSCRIPTION/{SUBSCRIPTION}/ '
        f'prerequisites/caller-roles/{CALLER_RUNS.id}.json)"\n'
        "Nothing was created. A new role takes some minutes to take effect; then try again."
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


@pytest.fixture(name="warnings")
def _warnings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the program's warnings."""
    told: list[str] = []
    monkeypatch.setattr(pulumi.log, "warn", told.append)
    return told


NOT_CHECKED = (
    "The roles in resource group 'rg' were not checked: https://management.azure.com refused the request (HTTP 403)."
)


def test_roles_that_azure_does_not_show_do_not_stop_the_deployment(
    monkeypatch: pytest.MonkeyPatch, warnings: list[str]
) -> None:
    answers = (_permissions(AS_CONTRIBUTOR, AS_RBAC_ADMINISTRATOR), _refusal(403))
    assert _checked(monkeypatch, _one_by_one(*answers), has_callers=True)[1] == ["rg"]
    assert warnings == [NOT_CHECKED]


def test_the_documented_commands_are_the_ones_that_the_program_tells() -> None:
    page = (Path(__file__).parents[2] / "docs" / "access.md").read_text().replace("\\\n  ", "")
    for role in (CONTRIBUTOR, IDENTITY_OPERATOR):
        assert f'--scope "$SCOPE" --role "{role.name}"\n' in page
    condition = '--condition "$(cat prerequisites/deployer-condition.txt)" --condition-version 2.0'
    assert f'--scope "$SCOPE" --role "{RBAC_ADMINISTRATOR.name}" {condition}\n' in page
    commands = [each.strip() for each in caller_roles.text([], "SUB").splitlines() if each.startswith("  az")]
    assert [each in page for each in commands] == [True, True]


ELSEWHERE = (
    f"/subscriptions/{SUBSCRIPTION}/resourceGroups/theirs/providers/Microsoft.Storage/storageAccounts/images",
    f"/subscriptions/{SUBSCRIPTION}/resourceGroups/theirs/providers/Microsoft.MachineLearningServices/registries/shared",
)
CANNOT_ASSIGN = (
    f"The deployer ({DEPLOYER}) may not assign roles on {', '.join(ELSEWHERE)}, where the stack lets its identities "
    "read. An `up` that adds such a role would stop there.\nSomebody who can grant roles there can run:\n"
    + "\n".join(
        f'  az role assignment create --assignee {DEPLOYER} --role "Role Based Access Control Administrator" '
        f'--scope {each} --condition "$(cat prerequisites/deployer-condition.txt)" --condition-version 2.0'
        for each in ELSEWHERE
    )
)


@pytest.mark.parametrize(
    ("answers", "told"),
    [
        ([_permissions(AS_RBAC_ADMINISTRATOR)] * 2, []),
        ([_permissions(AS_CONTRIBUTOR), _permissions()], [CANNOT_ASSIGN]),
        ([_refusal(403), _refusal(404)], [CANNOT_ASSIGN]),
        (
            [_refusal(400)],
            [
                (
                    f"The deployer's roles on {', '.join(ELSEWHERE)} were not checked: "
                    "https://management.azure.com refused the request (HTTP 400)"
                )
            ],
        ),
    ],
    ids=["may", "may not", "sees nothing", "unknown"],
)
def test_where_the_deployer_has_to_assign_roles_elsewhere_is_a_warning(
    monkeypatch: pytest.MonkeyPatch, warnings: list[str], answers: list[Answer], told: list[str]
) -> None:
    azure = ResourceManagerDouble(monkeypatch, _one_by_one(*answers))
    recorded(lambda: prerequisites.warn_elsewhere(ELSEWHERE, LOGIN))
    assert warnings == told
    address = "https://management.azure.com{}/providers/Microsoft.Authorization/permissions?api-version=2022-04-01"
    assert azure.asked == [address.format(each) for each in ELSEWHERE[: len(answers)]]


def test_a_missing_group_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(pulumi.RunError) as raised:
        _checked(monkeypatch, _refusal(404))
    assert str(raised.value) == (
        f"Resource group 'rg' does not exist in subscription {SUBSCRIPTION}, so nothing was created.\n"
        "  Create it: az group create --name rg --location LOCATION\n"
        "  Or let the program create one: remove resourceGroup from Pulumi.dev.yaml"
    )


def test_a_group_of_the_stack_s_own_that_is_gone_was_deleted_by_somebody(monkeypatch: pytest.MonkeyPatch) -> None:
    """To make it by hand, or to change the configuration, would only hide that what was in it is gone too."""
    with pytest.raises(pulumi.RunError) as raised:
        _checked(monkeypatch, _refusal(404), is_own=True)
    assert str(raised.value) == (
        f"The stack's own resource group 'rg' in subscription {SUBSCRIPTION} was deleted outside Pulumi, with "
        "everything in it, so nothing was created.\n"
        "  Create everything again: pulumi up --refresh --stack dev"
    )


def test_permissions_that_azure_does_not_show_do_not_stop_it_either(
    monkeypatch: pytest.MonkeyPatch, warnings: list[str]
) -> None:
    asked, names = _checked(monkeypatch, _refusal(403))
    assert (len(asked), names, warnings) == (1, ["rg"], [NOT_CHECKED])


@pytest.mark.parametrize(
    ("first", "pauses"),
    [
        ((lambda _: answer("", 429),), []),
        ((lambda _: answer("", 429, Retry_After="7"),), [7.0]),
        ((lambda _: answer("", 503), lambda _: answer("", 503)), [1.6]),
    ],
    ids=["throttled", "throttled with a pause", "twice out of order"],
)
def test_a_passing_fault_is_asked_again(
    monkeypatch: pytest.MonkeyPatch, first: tuple[Answer, ...], pauses: list[float]
) -> None:
    """azure-core makes no pause before the first new attempt, unless Azure asks for one."""
    azure = ResourceManagerDouble(monkeypatch, _one_by_one(*first, _permissions(AS_READER)))
    with pytest.raises(
        pulumi.RunError, match=r"^The deployer .* is missing these roles in resource group 'rg': Contributor"
    ):
        recorded(lambda: prerequisites.checked(pulumi.Output.from_input("rg"), LOGIN, is_own=False))
    assert (len(azure.asked), azure.pauses) == (len(first) + 1, pauses)


def _unreachable(_url: str) -> requests.Response:
    raise requests.ConnectionError("no route to host")


def _lost(_url: str) -> requests.Response:
    raise requests.ReadTimeout("read timed out")


LATER = "Wait some minutes, then try again; https://azure.status.microsoft names outages."
NETWORK = "Check the network and HTTPS_PROXY, then try again."


@pytest.mark.parametrize(
    ("answers", "told"),
    [
        (_refusal(429), f"in 6 attempts; the last: HTTP 429.\n  {LATER}"),
        (
            lambda _: answer("", 429, Retry_After="60"),
            f"in 1 attempt; the last: HTTP 429, with the request to wait 60 s.\n  {advice.throttled(60)}",
        ),
        (_refusal(503), f"in 6 attempts; the last: HTTP 503.\n  {LATER}"),
        (_unreachable, f"in 6 attempts; the last: no route to host.\n  {NETWORK}"),
        (_lost, f"in 6 attempts; the last: read timed out.\n  {NETWORK}"),
        (
            lambda _: answer("<html>"),
            f"in 1 attempt; the last: HTTP 200 without JSON; a proxy may have sent it.\n  {NETWORK}",
        ),
    ],
    ids=["429", "429 with a long pause", "503", "net", "lost", "html"],
)
def test_without_an_answer_nothing_is_created(monkeypatch: pytest.MonkeyPatch, answers: Answer, told: str) -> None:
    """A check that passes because nobody could be asked would let the deployment stop halfway."""
    with pytest.raises(pulumi.RunError) as raised:
        _checked(monkeypatch, answers)
    assert str(raised.value) == (
        "The roles could not be checked, so nothing was created: https://management.azure.com gave no usable answer "
        f"{told}"
    )


def test_the_check_ends_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """However slow the answers are: no attempt begins after 20 s, and none waits longer than 10 s."""
    now = [100.0]

    def slow(_url: str) -> requests.Response:
        now[0] += 10.0
        raise requests.ReadTimeout("read timed out")

    azure = ResourceManagerDouble(monkeypatch, slow)
    monkeypatch.setattr(time, "time", lambda: now[0])
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    with pytest.raises(arm.Unanswered, match=r"no usable answer in 2 attempts; the last: Response timeout\."):
        arm.ResourceManager("a-token").read("/subscriptions")
    assert azure.waits == [(10.0, 10.0), (10.0, 10.0)]


def test_a_preview_asks_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulumi.runtime, "is_dry_run", lambda: True)
    assert _checked(monkeypatch, _permissions(AS_READER)) == ([], ["rg"])


def test_a_preview_does_not_load_what_only_a_deployment_asks_with() -> None:
    """azure-core costs every preview a tenth of a second where nothing is asked."""
    script = "import sys, settings, components; print(sorted(each for each in sys.modules if each.startswith('azure')))"
    root = Path(__file__).parents[2]
    ran = subprocess.run([sys.executable, "-c", script], cwd=root, capture_output=True, text=True, check=True)
    assert ran.stdout == "[]\n"
