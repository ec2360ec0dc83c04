"""Roles, what a route asks for, and the decision: pure rules, without a server."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.azure.arm.actions import Need, derived
from sandbox.azure.arm.store import Store
from sandbox.azure.authorization.bootstrap import Prerequisites
from sandbox.azure.authorization.built_in import BLOB_READER, BUILT_IN, CONTRIBUTOR, READER
from sandbox.azure.authorization.evaluation import DEFINITION, Assignment, Authorization
from sandbox.home import PRINCIPALS, Home

GROUP = "/subscriptions/{subscription}/resourceGroups/{group}"
WORKSPACE = GROUP + "/providers/Microsoft.MachineLearningServices/workspaces/{workspace}"
ML = "Microsoft.MachineLearningServices/workspaces"
SCOPE = "/subscriptions/s/resourceGroups/rg"
DATA_SCIENTIST = "f6c7c914-8db3-469d-8ca1-694a8f32e121"


@pytest.mark.parametrize(
    ("method", "template", "need"),
    [
        ("GET", "/subscriptions/{s}", Need("Microsoft.Resources/subscriptions/read", "/subscriptions/{s}")),
        ("HEAD", GROUP, Need("Microsoft.Resources/subscriptions/resourceGroups/read", GROUP)),
        ("GET", GROUP + "/resources", Need("Microsoft.Resources/subscriptions/resourceGroups/resources/read", GROUP)),
        ("PUT", WORKSPACE, Need(f"{ML}/write", WORKSPACE)),
        ("PATCH", WORKSPACE, Need(f"{ML}/write", WORKSPACE)),
        ("DELETE", WORKSPACE + "/computes/{c}", Need(f"{ML}/computes/delete", WORKSPACE + "/computes/{c}")),
        ("GET", WORKSPACE.rpartition("/")[0], Need(f"{ML}/read", GROUP)),
        ("GET", WORKSPACE + "/batchEndpoints", Need(f"{ML}/batchEndpoints/read", WORKSPACE)),
        ("POST", WORKSPACE + "/jobs/{job}/cancel", Need(f"{ML}/jobs/cancel/action", WORKSPACE + "/jobs/{job}")),
        (
            "POST",
            GROUP + "/providers/Microsoft.Storage/storageAccounts/{a}/listKeys",
            Need(
                "Microsoft.Storage/storageAccounts/listKeys/action",
                GROUP + "/providers/Microsoft.Storage/storageAccounts/{a}",
            ),
        ),
        (
            "PUT",
            "/{scope:path}/providers/Microsoft.Authorization/roleAssignments/{name}",
            Need(
                "Microsoft.Authorization/roleAssignments/write",
                "/{scope:path}/providers/Microsoft.Authorization/roleAssignments/{name}",
            ),
        ),
        (
            "GET",
            "/{scope:path}/providers/Microsoft.Authorization/roleAssignments",
            Need("Microsoft.Authorization/roleAssignments/read", "/{scope:path}"),
        ),
    ],
)
def test_what_a_route_asks_for(method: str, template: str, need: Need) -> None:
    assert derived(method, template) == need


def test_a_need_names_its_scope_in_the_callers_case() -> None:
    need = Need("a", "/{scope:path}/providers/N/t/{name}")
    assert need.scope_for({"scope": "/subscriptions/S/resourceGroups/RG", "name": "X"}) == (
        "/subscriptions/S/resourceGroups/RG/providers/N/t/X"
    )


@pytest.mark.parametrize(
    ("role", "action", "data", "allowed"),
    [
        ("Reader", f"{ML}/read", False, True),
        ("Reader", f"{ML}/write", False, False),
        ("Contributor", "microsoft.machinelearningservices/WORKSPACES/write", False, True),
        ("Contributor", "Microsoft.Authorization/roleAssignments/write", False, False),
        ("Contributor", "Microsoft.Authorization/roleAssignments/read", False, True),
        ("Contributor", "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read", True, False),
        ("Role Based Access Control Administrator", "Microsoft.Authorization/roleAssignments/write", False, True),
        ("Role Based Access Control Administrator", "Microsoft.Authorization/roleDefinitions/write", False, False),
        ("User Access Administrator", "Microsoft.Authorization/roleDefinitions/write", False, True),
        (
            "Managed Identity Operator",
            "Microsoft.ManagedIdentity/userAssignedIdentities/assign/action",
            False,
            True,
        ),
        ("AzureML Data Scientist", f"{ML}/batchEndpoints/jobs/write", False, True),
        ("AzureML Data Scientist", f"{ML}/read", False, True),
        ("AzureML Data Scientist", f"{ML}/write", False, False),
        ("AzureML Data Scientist", f"{ML}/computes/write", False, False),
        ("Storage Blob Data Reader", "Microsoft.Storage/storageAccounts/listKeys/action", False, False),
    ],
)
def test_what_a_built_in_role_allows(role: str, action: str, data: bool, allowed: bool) -> None:
    (found,) = [each for each in BUILT_IN.values() if each.name == role]
    assert found.allows(action, data=data) is allowed


def _lists(role: str) -> dict[str, list[str]]:
    (found,) = [each for each in BUILT_IN.values() if each.name == role]
    (entry,) = found.permissions
    return {member: actions for member, actions in entry.to_body().items() if actions}


def test_the_exact_lists_of_what_a_deployer_has() -> None:
    """As Microsoft publishes them: built-in-roles/privileged and built-in-roles/identity."""
    assert _lists("Contributor") == {
        "actions": ["*"],
        "notActions": [
            "Microsoft.Authorization/*/Delete",
            "Microsoft.Authorization/*/Write",
            "Microsoft.Authorization/elevateAccess/Action",
            "Microsoft.Blueprint/blueprintAssignments/write",
            "Microsoft.Blueprint/blueprintAssignments/delete",
            "Microsoft.Compute/galleries/share/action",
            "Microsoft.Purview/consents/write",
            "Microsoft.Purview/consents/delete",
            "Microsoft.Resources/deploymentStacks/manageDenySetting/action",
            "Microsoft.Subscription/cancel/action",
            "Microsoft.Subscription/enable/action",
        ],
    }
    assert _lists("Role Based Access Control Administrator") == {
        "actions": [
            "Microsoft.Authorization/roleAssignments/write",
            "Microsoft.Authorization/roleAssignments/delete",
            "*/read",
            "Microsoft.Support/*",
        ]
    }
    assert _lists("Managed Identity Operator") == {
        "actions": [
            "Microsoft.ManagedIdentity/userAssignedIdentities/*/read",
            "Microsoft.ManagedIdentity/userAssignedIdentities/*/assign/action",
            "Microsoft.Authorization/*/read",
            "Microsoft.Insights/alertRules/*",
            "Microsoft.Resources/subscriptions/resourceGroups/read",
            "Microsoft.Resources/deployments/*",
            "Microsoft.Support/*",
        ]
    }


def test_a_reader_of_key_vaults_may_not_deploy_templates() -> None:
    assert "Microsoft.Resources/deployments/*" not in _lists("Key Vault Reader")["actions"]
    assert "Microsoft.Resources/deployments/*" in _lists("Key Vault Administrator")["actions"]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Return an empty store."""
    with Store(tmp_path / "store.sqlite") as made:
        yield made


def test_an_assignment_counts_at_its_scope_and_below_only(store: Store) -> None:
    permitted = Authorization(store, [Assignment("/a", f"{SCOPE}/providers/N/t/one", "Me", READER)])
    read = "N/t/read"
    assert permitted.allowed("me", read, f"{SCOPE}/providers/n/T/ONE")
    assert permitted.allowed("me", read, f"{SCOPE}/providers/N/t/one/u/two")
    assert not permitted.allowed("me", read, f"{SCOPE}/providers/N/t/one-more")
    assert not permitted.allowed("me", read, SCOPE)
    assert not permitted.allowed("somebody-else", read, f"{SCOPE}/providers/N/t/one")


def test_what_one_role_takes_out_another_may_give(store: Store) -> None:
    data_scientist = Assignment("/a", SCOPE, "me", DATA_SCIENTIST)
    assert not Authorization(store, [data_scientist]).allowed("me", f"{ML}/write", SCOPE)
    both = [data_scientist, Assignment("/b", SCOPE, "me", CONTRIBUTOR)]
    assert Authorization(store, both).allowed("me", f"{ML}/write", SCOPE)


def test_a_custom_role_is_found_by_its_guid(store: Store) -> None:
    guid = "12345678-0000-0000-0000-000000000000"
    body = {"properties": {"roleName": "mine", "permissions": [{"actions": ["N/t/*"], "notActions": ["N/t/delete"]}]}}
    store.put(f"{SCOPE}/providers/{DEFINITION}/{guid}", DEFINITION, body)
    role_id = f"/subscriptions/s/providers/{DEFINITION}/{guid.upper()}"
    permitted = Authorization(store, [Assignment("/a", SCOPE, "me", role_id)])
    assert permitted.allowed("me", "N/t/write", SCOPE)
    assert not permitted.allowed("me", "N/t/delete", SCOPE)
    assert [each.to_body()["notActions"] for each in permitted.permissions("me", SCOPE)] == [["N/t/delete"]]


def test_a_delay_is_counted_by_evaluations_that_hang_on_it(store: Store) -> None:
    permitted = Authorization(store, [Assignment("/late", SCOPE, "me", BLOB_READER)])
    permitted.delay("/late", 2)
    blob = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read"
    assert not permitted.allowed("me", "N/t/read", SCOPE)
    assert [permitted.allowed("me", blob, SCOPE, data=True) for _ in range(3)] == [False, False, True]


def test_who_acts_for_others_has_what_they_have(store: Store) -> None:
    assignments = [Assignment("/a", SCOPE, "A-Group", READER)]
    members = {"me": frozenset({"a-group"})}
    permitted = Authorization(store, assignments, lambda object_id: members.get(object_id, frozenset()))
    assert permitted.allowed("me", "N/t/read", SCOPE)
    assert not permitted.allowed("you", "N/t/read", SCOPE)


def test_without_prerequisites_deployers_assign_any_role_and_no_custom_role_exists(tmp_path: Path) -> None:
    for folder in (None, tmp_path):
        asked = Prerequisites.read(folder)
        assert {each.condition for each in asked.assignments("s", {"deployer": "oid"})} == {""}
        assert asked.definitions("s") == {}


def test_the_deployers_have_no_blobs_and_the_caller_has_nothing(store: Store) -> None:
    permitted = Authorization(store, Prerequisites().assignments("s", {name: f"oid-{name}" for name in PRINCIPALS}))
    blob = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read"
    scope = "/subscriptions/s"
    assert [name for name in PRINCIPALS if permitted.allowed(f"oid-{name}", "N/t/read", scope)] == [
        "deployer",
        "second",
        "reader",
        "administrator",
    ]
    assert not [name for name in PRINCIPALS if permitted.allowed(f"oid-{name}", blob, scope, data=True)]


def test_a_deployer_defines_no_role_and_assigns_under_a_condition_only(store: Store) -> None:
    asked = Prerequisites.read(Path(__file__).resolve().parents[3] / "prerequisites")
    assigned = asked.assignments("s", {name: f"oid-{name}" for name in PRINCIPALS})
    permitted = Authorization(store, assigned)
    scope = "/subscriptions/s"
    able = {
        action: [
            name for name in PRINCIPALS if permitted.allowed(f"oid-{name}", f"Microsoft.Authorization/{action}", scope)
        ]
        for action in ("roleAssignments/write", "roleDefinitions/write", "roleDefinitions/delete", "locks/write")
    }
    # Without a request's body there is nothing that a condition could let through.
    assert able == {action: ["administrator"] for action in able}
    conditioned = {each.principal_id for each in assigned if each.condition}
    assert conditioned == {"oid-deployer", "oid-second"}


def test_an_older_sandbox_gets_the_principals_that_came_later(tmp_path: Path) -> None:
    home = Home(tmp_path / "sandbox")
    home.prepare()
    old = json.loads(home.facts_file.read_text(encoding="utf-8"))
    del old["principals"]["second"]
    home.facts_file.write_text(json.dumps(old), encoding="utf-8")
    facts = home.prepare()
    assert set(facts.accounts) == set(PRINCIPALS)
    now = json.loads(home.facts_file.read_text(encoding="utf-8"))
    assert {name: now["principals"][name] for name in old["principals"]} == old["principals"]
    assert home.prepare() == facts
    assert home.facts_file.stat().st_mode & 0o777 == 0o600


def test_without_prerequisites_nothing_is_defined_and_no_condition_holds(store: Store) -> None:
    assigned = Prerequisites().assignments("s", {"deployer": "oid"})
    assert Prerequisites().definitions("s") == {}
    assert {each.condition for each in assigned} == {""}
    assert Authorization(store, assigned).allowed(
        "oid", "Microsoft.Authorization/roleAssignments/write", "/subscriptions/s"
    )


def test_prerequisites_are_read_from_a_folder(tmp_path: Path) -> None:
    (tmp_path / "deployer-condition.txt").write_text(" a condition\n", encoding="utf-8")
    role = {"properties": {"roleName": "r", "assignableScopes": ["elsewhere"]}}
    (tmp_path / "caller-roles").mkdir()
    (tmp_path / "caller-roles" / "guid.json").write_text(json.dumps(role), encoding="utf-8")
    asked = Prerequisites.read(tmp_path)
    assert asked.condition == "a condition"
    assert asked.definitions("s") == {
        "guid": {
            "id": f"/subscriptions/s/providers/{DEFINITION}/guid",
            "name": "guid",
            "type": DEFINITION,
            "properties": {"roleName": "r", "assignableScopes": ["/subscriptions/s"]},
        }
    }
