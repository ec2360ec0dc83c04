"""Custom roles and grants: dangerous ones in all spellings are refused, the project's own and narrow ones pass.

Whether Azure accepts each spelling is not proven here; the pack refuses what it cannot read.
"""

import json
import random
import re
from pathlib import Path
from typing import Any

import pytest

from components import roles
from policy import RULES
from policy.dangerous import ACTIONS, DATA_ACTIONS, GRANT_ROLES, GRANTABLE
from policy.operations import leaves
from policy.rule import ResourceRule, StackRule
from tests.policy.world import UNKNOWN, resource, stack, urn

ROOT = Path(__file__).resolve().parents[2]
KIND = "authorization:RoleDefinition"
GRANT = "authorization:RoleAssignment"
ML = "Microsoft.MachineLearningServices/workspaces"
RULES_ON_ROLES = {rule.name: rule for rule in RULES if isinstance(rule, ResourceRule) and KIND in rule.kinds}
SMALL, SPELLED_OUT, ONE_SUBSCRIPTION = (
    f"authorization-role-{each}" for each in ("small", "spelled-out", "one-subscription")
)
KNOWN = next(
    rule for rule in RULES if isinstance(rule, StackRule) and rule.name == "authorization-assignment-known-role"
)
SUBSCRIPTION = "/subscriptions/86066fd7-da8c-45fd-a8ad-9ff37f6b55d7"
OTHER = "/subscriptions/00000000-0000-0000-0000-000000000002"


def said(*entries: dict[str, Any], scopes: tuple[str, ...] = (SUBSCRIPTION,)) -> dict[str, list[str]]:
    """Return what each rule says of a role with some permissions, without those that say nothing."""
    role = resource(KIND, {"permissions": list(entries), "assignableScopes": list(scopes), "scope": SUBSCRIPTION})
    found = {name: rule.problems(role) for name, rule in RULES_ON_ROLES.items()}
    return {name: problems for name, problems in found.items() if problems}


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        ({"actions": ["*"]}, "grants roles, removes protection, acts as another identity"),
        ({"actions": ["*/write"]}, "grants roles"),
        ({"actions": ["Microsoft.Authorization/*"]}, "grants roles, removes protection"),
        ({"actions": ["Microsoft.Authorization/*/write"]}, "grants roles, removes protection"),
        ({"actions": ["Microsoft.Authorization/roleAssignments/write"]}, "grants roles"),
        ({"actions": ["Microsoft.Authorization/roleDefinitions/write"]}, "grants roles"),
        ({"actions": ["Microsoft.Authorization/elevateAccess/action"]}, "grants roles"),
        ({"actions": ["Microsoft.Authorization/locks/delete"]}, "removes protection"),
        ({"actions": ["Microsoft.Authorization/policyExemptions/write"]}, "removes protection"),
        ({"actions": ["Microsoft.ManagedIdentity/userAssignedIdentities/*/assign/action"]}, "acts as another identity"),
        ({"actions": ["Microsoft.ManagedIdentity/userAssignedIdentities/assign/action"]}, "acts as another identity"),
        (
            {"actions": ["Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials/write"]},
            "acts as another identity",
        ),
        ({"actions": ["Microsoft.Resources/deployments/write"]}, "runs what its holder writes"),
        ({"actions": ["Microsoft.Resources/deployments/*"]}, "runs what its holder writes"),
        ({"actions": ["Microsoft.Resources/deploymentScripts/write"]}, "runs what its holder writes"),
        ({"actions": ["Microsoft.Compute/virtualMachines/runCommand/action"]}, "runs what its holder writes"),
        ({"actions": ["Microsoft.Compute/virtualMachineScaleSets/virtualMachines/runCommands/write"]}, "runs what"),
        ({"actions": [f"{ML}/computes/write"]}, "runs what its holder writes"),
        ({"actions": [f"{ML}/jobs/write"]}, "runs what its holder writes"),
        ({"actions": [f"{ML}/notebooks/storage/write"]}, "runs what its holder writes"),
        ({"actions": ["*/action"]}, "reads keys"),
        ({"actions": ["Microsoft.Storage/*"]}, "reads keys"),
        ({"actions": ["Microsoft.*/storageAccounts/listKeys/action"]}, "reads keys"),
        ({"actions": ["Microsoft.Storage/storageAccounts/listKeys/*"]}, "reads keys"),
        ({"actions": ["Microsoft.Storage/storageAccounts/regenerateKey/action"]}, "reads keys"),
        ({"actions": ["Microsoft.Storage/storageAccounts/listAccountSas/action"]}, "reads keys"),
        ({"actions": ["Microsoft.ContainerRegistry/registries/listCredentials/action"]}, "reads keys"),
        ({"actions": ["Microsoft.ContainerRegistry/registries/generateCredentials/action"]}, "reads keys"),
        ({"actions": ["Microsoft.Cache/redis/listKeys/action"]}, "reads keys"),
        ({"actions": [f"{ML}/listKeys/action"]}, "reads keys"),
        ({"actions": [f"{ML}/datastores/listSecrets/action"]}, "reads keys"),
        ({"actions": [f"{ML}/batchEndpoints/write"]}, "changes what an endpoint serves"),
        ({"actions": [f"{ML}/batchEndpoints/*"]}, "changes what an endpoint serves"),
        ({"actions": [f"{ML}/batchEndpoints/deployments/delete"]}, "changes what an endpoint serves"),
        ({"actions": [f"{ML}/onlineEndpoints/deployments/write"]}, "changes what an endpoint serves"),
        ({"actions": [f"{ML}/datastores/write"]}, "changes where data comes from"),
        ({"actions": ["Microsoft.KeyVault/vaults/accessPolicies/write"]}, "removes protection"),
        ({"actions": ["Microsoft.Insights/diagnosticSettings/delete"]}, "removes protection"),
        ({"dataActions": ["*"]}, "reads secrets, changes secrets"),
        ({"dataActions": ["Microsoft.KeyVault/vaults/secrets/getSecret/action"]}, "reads secrets"),
        ({"dataActions": ["Microsoft.KeyVault/vaults/*/action"]}, "reads secrets, changes secrets"),
        (
            {"dataActions": ["Microsoft.Storage/storageAccounts/blobServices/containers/blobs/*"]},
            "is bound by no access",
        ),
        ({"dataActions": ["Microsoft.Compute/virtualMachines/loginAsAdmin/action"]}, "signs in as an administrator"),
        # Other spellings, and exclusions that exclude nothing of it.
        ({"actions": ["MICROSOFT.AUTHORIZATION/ROLEASSIGNMENTS/WRITE"]}, "grants roles"),
        ({"actions": [" Microsoft.Authorization/roleAssignments/write\t"]}, "grants roles"),
        ({"actions": ["Microsoft.Authorization/ roleAssignments/write"]}, "grants roles"),
        ({"actions": ["Microsoft.Authorization/role\u200bAssignments/write"]}, "grants roles"),
        ({"actions": ["Microsoft.Auth*/role*/wr*"]}, "grants roles"),
        ({"actions": ["**"]}, "grants roles"),
        ({"actions": ["*roleassignments*"]}, "grants roles"),
        ({"actions": ["Microsoft.Authorization/*/roleAssignments/write"]}, "grants roles"),
        ({"actions": ["*"], "notActions": ["Microsoft.Authorization/roleAssignments/write"]}, "grants roles"),
        ({"actions": ["*"], "notActions": ["Microsoft.Authorization/*", "*/write"]}, "removes protection"),
        ({"actions": ["*/write"], "notActions": ["Microsoft.Authorization/*/write/*"]}, "grants roles"),
        ({"actions": ["*/write"], "notDataActions": ["Microsoft.Authorization/*"]}, "grants roles"),
    ],
    ids=str,
)
def test_dangerous_roles(entry: dict[str, Any], reason: str) -> None:
    (found,) = said(entry)[SMALL]
    assert found.startswith("It allows ")
    assert reason in found


def test_exclusions_of_another_entry_exclude_nothing() -> None:
    """A permission of the role is the sum of its entries."""
    entries = ({"actions": ["*/write"]}, {"actions": ["*/read"], "notActions": ["*/write"]})
    assert list(said(*entries)) == [SMALL, SPELLED_OUT]


def test_what_a_user_reads() -> None:
    assert said({"actions": ["*/write"], "notActions": ["Microsoft.Authorization/*"]})[SMALL] == [
        (
            "It allows '*/write', which grants roles, removes protection, acts as another identity, runs what its "
            "holder writes, reads keys, changes what an endpoint serves, changes where data comes from in spite "
            "of its notActions."
        )
    ]
    assert said({"actions": ["Microsoft.Network/*/join"]}) == {
        SPELLED_OUT: ["actions has 'Microsoft.Network/*/join'; only reading may have a wildcard, in actions: '*/read'."]
    }
    assert said({"actions": ["Microsoft.Network /*/read"]})[SPELLED_OUT] == [
        "actions has 'Microsoft.Network /*/read', which is not the name of an operation."
    ]


@pytest.mark.parametrize(
    "entry",
    [
        {"actions": ["*/read"]},
        {"actions": ["Microsoft.MachineLearningServices/workspaces/*/read", f"{ML}/batchEndpoints/jobs/write"]},
        {"actions": ["Microsoft.Storage/storageAccounts/read"], "dataActions": []},
        {"actions": ["Microsoft.Authorization/*/read"]},
        {"actions": [f"{ML}/computes/start/action"], "notActions": ["*"]},
        {"actions": [f"{ML}/jobs/write"], "notActions": [f"{ML}/JOBS/*"]},
        {"dataActions": ["Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read"]},
        {"actions": UNKNOWN},
        {"actions": [UNKNOWN, "*/read"]},
        {"actions": [f"{ML}/jobs/write"], "notActions": UNKNOWN},
        {"actions": [f"{ML}/jobs/write"], "notActions": [UNKNOWN]},
        UNKNOWN,
    ],
    ids=str,
)
def test_roles_that_pass(entry: dict[str, Any]) -> None:
    assert said(entry) == {}


@pytest.mark.parametrize(
    "file",
    [*ROOT.glob("prerequisites/caller-roles/*.json"), *ROOT.glob("prerequisites/key-roles/*.json")],
    ids=lambda path: path.stem,
)
def test_the_projects_own_roles_pass(file: Path) -> None:
    role = json.loads(file.read_text(encoding="utf-8"))["properties"]
    own = resource(KIND, {**role, "scope": "/subscriptions/SUBSCRIPTION"})
    assert [rule.problems(own) for rule in RULES_ON_ROLES.values()] == [[], [], []]


@pytest.mark.parametrize(
    ("entry", "rules"),
    [
        # Data Scientist Custom: https://learn.microsoft.com/azure/machine-learning/how-to-assign-roles
        (
            {
                "actions": [f"{ML}/*/{verb}" for verb in ("read", "action", "delete", "write")],
                "notActions": [
                    f"{ML}/delete",
                    f"{ML}/write",
                    f"{ML}/computes/*/write",
                    f"{ML}/computes/*/delete",
                    "Microsoft.Authorization/*",
                    f"{ML}/computes/listKeys/action",
                    f"{ML}/listKeys/action",
                ],
            },
            [SMALL, SPELLED_OUT],
        ),
        # Application owners: https://learn.microsoft.com/azure/cloud-adoption-framework/ready/landing-zone/
        (
            {
                "actions": ["*"],
                "notActions": [
                    "Microsoft.Authorization/*/write",
                    "Microsoft.Network/publicIPAddresses/write",
                    "Microsoft.Network/virtualNetworks/write",
                    "Microsoft.KeyVault/locations/deletedVaults/purge/action",
                ],
            },
            [SMALL, SPELLED_OUT],
        ),
        # Network management, there.
        (
            {"actions": ["*/read", "Microsoft.Network/*", "Microsoft.Resources/deployments/*", "Microsoft.Support/*"]},
            [SMALL, SPELLED_OUT],
        ),
        ({"actions": ["*/read", "Microsoft.Network/*/join"]}, [SPELLED_OUT]),
        # The reader of metadata of the machine learning page.
        ({"actions": [f"{ML}/read", f"{ML}/*/read"]}, []),
    ],
    ids=["data scientist", "application owners", "network management", "network only", "reader"],
)
def test_roles_that_microsoft_publishes(entry: dict[str, Any], rules: list[str]) -> None:
    assert list(said(entry)) == rules


@pytest.mark.parametrize(
    ("scope", "where"),
    [
        ("/", "not in a subscription"),
        ("", "not in a subscription"),
        ("/providers/Microsoft.Management/managementGroups/root", "not in a subscription"),
        ("/PROVIDERS/microsoft.management/managementgroups/root", "not in a subscription"),
        (OTHER, "in another subscription"),
        (f"{OTHER}/resourceGroups/scoring", "in another subscription"),
    ],
)
def test_where_a_role_can_be_assigned(scope: str, where: str) -> None:
    found = said({"actions": ["*/read"]}, scopes=(SUBSCRIPTION, scope))
    assert found == {ONE_SUBSCRIPTION: [f"It can be assigned at {scope!r}, which is {where}."]}
    assert said({"actions": ["*/read"]}, scopes=(f"{SUBSCRIPTION.upper()}/resourceGroups/scoring",)) == {}


LETTERS = "abcdefghijklmnopqrstuvwxyz"


def an_operation(chosen: random.Random, pattern: str) -> str:
    """Return some operation that a pattern names."""
    return re.sub(r"\*", lambda _: "".join(chosen.choices(LETTERS, k=chosen.randint(1, 4))), pattern)


def a_wider_pattern(chosen: random.Random, operation: str) -> str:
    """Return a pattern that allows the operation, with up to two wildcards and in some letters."""
    for _ in range(chosen.randint(0, 2)):
        start, end = sorted(chosen.choices(range(len(operation) + 1), k=2))
        operation = f"{operation[:start]}*{operation[end:]}"
    return "".join(chosen.choice((letter.lower(), letter.upper())) for letter in operation)


def allows(pattern: str, operation: str) -> bool:
    """Say whether a pattern names an operation, without the module that is tested."""
    return re.fullmatch(re.escape(pattern.lower()).replace(r"\*", ".*"), operation.lower()) is not None


@pytest.mark.parametrize("plane", [("actions", "notActions", ACTIONS), ("dataActions", "notDataActions", DATA_ACTIONS)])
def test_whatever_still_allows_a_dangerous_operation_is_refused(
    plane: tuple[str, str, dict[str, tuple[str, ...]]],
) -> None:
    """However an action is written and whatever is excluded: what is left of it decides."""
    allowed, excluded, dangers = plane
    chosen = random.Random(15)  # noqa: S311 - no secret
    every = [(why, each) for why, operations in dangers.items() for each in operations]
    for why, danger in [chosen.choice(every) for _ in range(100)]:
        operation = an_operation(chosen, danger)
        action = a_wider_pattern(chosen, operation)
        others = [a_wider_pattern(chosen, an_operation(chosen, chosen.choice(every)[1])) for _ in range(4)]
        without = [each for each in others if not allows(each, operation)]
        entry = {allowed: ["Microsoft.Support/*/read", action], excluded: without}
        assert any(why in each for each in said(entry).get(SMALL, ())), (operation, entry)


def test_patterns_meet_where_an_enumeration_finds_a_text() -> None:
    chosen = random.Random(16)  # noqa: S311 - no secret
    texts = [""]
    for length in range(6):
        texts += [text + letter for text in texts if len(text) == length for letter in "abc"]
    for _ in range(200):
        one, other, excluded = ("".join(chosen.choices("ab**", k=chosen.randint(1, 3))) for _ in range(3))
        both = [text for text in texts if allows(one, text) and allows(other, text)]
        assert leaves(one, other) == bool(both), (one, other)
        if any(not allows(excluded, text) for text in both):
            assert leaves(one, other, [excluded]), (one, other, excluded)


def test_an_asterisk_between_slashes_may_stand_for_nothing_only_where_it_allows() -> None:
    assert leaves("a/*/write", "a/write")
    assert leaves("a/write", "a/write", ["a/*/write"])
    assert not leaves("a/b/write", "a/*/write", ["a/*/write"])


@pytest.mark.parametrize(
    ("role", "name"),
    [
        ("8e3af657-a8ff-443c-a75c-2fe8c4bcb635", "Owner"),
        ("8E3AF657A8FF443CA75C2FE8C4BCB635", "Owner"),
        ("18d7d88d-d35e-4fb5-a5c3-7773c20a72d9/", "User Access Administrator"),
        (" f58310d9-a9f6-439a-9e8d-f62e7b41a168 ", "Role Based Access Control Administrator"),
        ("{8b54135c-b56d-4d72-a534-26097cfdc8d8}", "Key Vault Data Access Administrator"),
    ],
)
def test_roles_that_grant_roles_in_any_spelling(role: str, name: str) -> None:
    rule = next(each for each in RULES if each.name == "authorization-assignment-gives-no-roles")
    assert isinstance(rule, ResourceRule)
    grant = resource(GRANT, {"roleDefinitionId": f"/providers/Microsoft.Authorization/roleDefinitions/{role}"})
    assert rule.problems(grant) == [f"roleDefinitionId is {name}, which lets its holder grant roles."]


@pytest.mark.parametrize("role", ["Contributor", "Key Vault Administrator", "Storage Blob Data Contributor"])
@pytest.mark.parametrize(
    "scope",
    [
        "/",
        "",
        SUBSCRIPTION,
        f"{SUBSCRIPTION}/",
        f"{SUBSCRIPTION}/resourceGroups/scoring",
        f"{SUBSCRIPTION}/RESOURCEGROUPS/scoring/",
        "/providers/Microsoft.Management/managementGroups/root",
        f"{SUBSCRIPTION}/resourceGroups/scoring/providers/Microsoft.Storage",
        f"{SUBSCRIPTION}/resourceGroups/scoring/providers/Microsoft.Storage/storageAccounts/..",
        f"{SUBSCRIPTION}/resourceGroups/scoring/providers/a/b/../../../../",
    ],
)
def test_no_role_on_more_than_a_resource(role: str, scope: str) -> None:
    rule = next(each for each in RULES if each.name == "authorization-assignment-one-resource")
    assert isinstance(rule, ResourceRule)
    guid = next(key for key, name in GRANTABLE.items() if name == role)
    assert len(rule.problems(resource(GRANT, {"roleDefinitionId": guid, "scope": scope}))) == 1


def test_the_roles_that_may_be_granted_are_those_that_the_program_grants() -> None:
    assert {each.id: each.name for each in roles.GRANTED} == GRANTABLE
    assert not GRANTABLE.keys() & GRANT_ROLES.keys()


def test_a_role_that_the_pack_does_not_know() -> None:
    operator = "81a9662b-bebf-436f-a333-f67b29880f12"  # Storage Account Key Operator Service Role
    grant = resource(GRANT, {"roleDefinitionId": f"{SUBSCRIPTION}/providers/x/{operator.upper()}"})
    assert [each.text for each in KNOWN.problems([grant])] == [
        f"roleDefinitionId is '{SUBSCRIPTION}/providers/x/{operator.upper()}'."
    ]
    assert KNOWN.problems([grant], {"allowedRoles": [operator.upper()]}) == []
    assert KNOWN.problems([resource(GRANT, {"roleDefinitionId": UNKNOWN})]) == []
    assert len(KNOWN.problems([resource(GRANT, {"roleDefinitionId": None})])) == 1


def test_a_role_of_the_same_stack_was_judged_there() -> None:
    grant, role = (each for each in stack(RoleAssignment={"roleDefinitionId": "x"}) if each.kind in (GRANT, KIND))
    made = type(grant)(**{**grant.__dict__, "depends_on": {"roleDefinitionId": [urn(KIND)]}})
    assert KNOWN.problems([made, role]) == []
    assert len(KNOWN.problems([grant, role])) == 1
