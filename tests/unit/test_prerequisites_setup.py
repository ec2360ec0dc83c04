"""The administrator's set-up: read from a file and options, refused as a whole, and turned into names and trusts."""

import shlex
from pathlib import Path
from typing import Any

import pytest

from components import roles
from modelops.errors import UsageError
from prerequisites.access import grants, items, next_steps, setup, trusts
from prerequisites.access.changes import Known
from prerequisites.access.setup import Setup, Trust

SUBSCRIPTION = "11111111-2222-4333-8444-555555555555"
GIVEN: dict[str, Any] = {"repository": "contoso/Digit_Scoring", "location": "westeurope", "subscription": SUBSCRIPTION}


def read(tmp_path: Path, **options: Any) -> Setup:
    file = tmp_path / "given.yaml"
    file.write_text("{}", encoding="utf-8")
    return setup.read(file, options, {})


def test_names_come_from_the_repository_and_are_the_same_in_every_run(tmp_path: Path) -> None:
    found = read(tmp_path, **GIVEN)
    shared = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-digit-scoring-prerequisites"
    assert found.environments == ("dev", "staging", "prod")
    assert items.account_id(found) == f"{shared}/providers/Microsoft.Storage/storageAccounts/stdigitscoringb8249e66"
    assert items.vault_id(found) == f"{shared}/providers/Microsoft.KeyVault/vaults/kv-digit-scorin-b8249e66"
    assert items.identity_id(found, "dev") == f"{shared}/providers/{items.IDENTITIES}/id-digit-scoring-dev"
    assert found.group("dev") == f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-digit-scoring-dev"
    other = read(tmp_path, **GIVEN | {"subscription": SUBSCRIPTION.replace("1", "2")})
    assert other.account != found.account


@pytest.mark.parametrize("name", ["abc", "a" * 24, "a-b-c-d-e-f-g-h-i-j-k-lm"])
def test_names_keep_to_azures_lengths(tmp_path: Path, name: str) -> None:
    found = read(tmp_path, **GIVEN, name=name)
    assert len(found.account) <= 24
    assert found.account.isalnum()
    assert len(found.vault) <= 24
    assert "--" not in found.vault


def test_an_option_goes_before_the_file_and_the_file_before_the_environment(tmp_path: Path) -> None:
    file = tmp_path / "given.yaml"
    file.write_text(f"repository: a/b\nlocation: northeurope\nname: fromfile\nsubscription: {SUBSCRIPTION}\n", "utf-8")
    other = {"AZURE_SUBSCRIPTION_ID": SUBSCRIPTION.replace("1", "9")}
    found = setup.read(file, {"location": "westeurope", "name": None}, other)
    assert (found.repository, found.location, found.name, found.subscription) == (
        "a/b",
        "westeurope",
        "fromfile",
        SUBSCRIPTION,
    )
    assert (
        setup.read(setup.FILE, {key: GIVEN[key] for key in ("repository", "location")}, other).subscription
        != SUBSCRIPTION
    )


@pytest.mark.parametrize(
    ("more", "prefix"),
    [({}, "repo:contoso/Digit_Scoring"), ({"ownerId": 12, "repositoryId": 345}, "repo:contoso@12/Digit_Scoring@345")],
)
def test_each_identity_trusts_exactly_its_jobs(tmp_path: Path, more: dict[str, int], prefix: str) -> None:
    found = read(tmp_path, **GIVEN, **more, branch="release/2026")
    assert trusts.reader(found) == {
        "github-pull-request": Trust("https://token.actions.githubusercontent.com", f"{prefix}:pull_request"),
        "github-drift": Trust("https://token.actions.githubusercontent.com", f"{prefix}:ref:refs/heads/release/2026"),
    }
    assert trusts.deployer(found, "prod") == {
        "github-environment": Trust("https://token.actions.githubusercontent.com", f"{prefix}:environment:prod")
    }


def test_only_jobs_of_the_chosen_branch_may_use_an_environment(tmp_path: Path) -> None:
    found = read(tmp_path, **GIVEN, environments=["dev"], branch="release/$(x)")
    title, made, limited, *_ = next_steps.commands(found, Known())
    path = "repos/contoso/Digit_Scoring/environments/dev"
    assert title == "GitHub (without the rule for release/$(x), everybody who may push a branch could deploy):"
    assert shlex.split(made) == [
        *("gh", "api", "--method", "PUT", path),
        *("-F", "deployment_branch_policy[protected_branches]=false"),
        *("-F", "deployment_branch_policy[custom_branch_policies]=true"),
    ]
    assert limited == f"  gh api --method POST {path}/deployment-branch-policies -f 'name=release/$(x)'"


def test_service_connections_are_trusted_as_their_page_shows_them(tmp_path: Path) -> None:
    connections = {
        each: {"issuer": f"https://issuer/{each}", "subject": f"sc://o/p/{each}"} for each in ("dev", "preview")
    }
    found = read(tmp_path, **GIVEN | {"repository": None}, name="scoring", azureDevOps=connections)
    assert trusts.deployer(found, "dev") == {"azure-devops": Trust("https://issuer/dev", "sc://o/p/dev")}
    assert trusts.deployer(found, "prod") == {}
    assert trusts.reader(found) == {"azure-devops": Trust("https://issuer/preview", "sc://o/p/preview")}


def test_everything_that_is_wrong_is_said_at_once(tmp_path: Path) -> None:
    wrong = {
        "repository": "contoso",
        "ownerId": 0,
        "repositoryId": 3,
        "branch": "my branch",
        "environments": ["dev", "Prod", "preview", "dev"],
        "subscription": "mine",
        "location": "West Europe",
        "name": "X",
        "groups": {"test": "rg"},
        "azureDevOps": {"dev": {"issuer": "x"}},
        "region": "x",
    }
    with pytest.raises(UsageError) as caught:
        read(tmp_path, **wrong)
    keys = "repository, ownerId, repositoryId, branch, environments, subscription, location, name, groups, azureDevOps"
    allowed = "2 to 32 lower-case letters, digits and hyphens, except preview."
    assert str(caught.value).splitlines() == [
        "The set-up cannot be used, and nothing was sent:",
        f"  region: unknown key. Allowed: {keys}.",
        "  repository is 'contoso'. Allowed: OWNER/NAME of a GitHub repository.",
        "  branch is 'my branch'. Allowed: the name of a branch, such as main.",
        "  ownerId and repositoryId belong together: give both, or none.",
        "  ownerId is '0'. Allowed: a number above 0.",
        "  subscription is 'mine'. Allowed: the id of a subscription, a GUID.",
        "  location is 'West Europe'. Allowed: a region in its short form, such as westeurope.",
        "  name is 'X'. Allowed: 3 to 24 lower-case letters, digits and hyphens, a letter first.",
        f"  environments has 'Prod'. Allowed: {allowed}",
        f"  environments has 'preview'. Allowed: {allowed}",
        "  environments names one twice.",
        "  groups has 'test', an unknown environment. Allowed: dev, Prod, preview, dev.",
        "  azureDevOps.dev must have issuer and subject, both as the service connection's page shows them.",
        "docs/prerequisites.md describes the file.",
    ]


def test_what_is_missing_is_said_with_where_it_comes_from(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        read(tmp_path)
    assert str(caught.value).splitlines()[1:-1] == [
        "  repository is missing: `--repository OWNER/NAME`, or service connections under `azureDevOps:`.",
        "  subscription is missing: `--subscription ID`. `az account show --query id` prints the current one.",
        "  location is missing: `--location REGION`, such as westeurope.",
    ]


@pytest.mark.parametrize(
    ("key", "text", "allowed"),
    [
        ("repository", "https://github.com/acme/scoring", "Write acme/scoring."),
        ("repository", "https://github.com/acme/scoring.git/", "Write acme/scoring."),
        ("repository", "git@github.com:acme/scoring.git", "Write acme/scoring."),
        ("repository", "acme/scoring.git", "Write acme/scoring."),
        ("repository", "https://git.acme.com/acme/scoring", "Allowed: OWNER/NAME of a GitHub repository."),
        ("repository", "acme/", "Allowed: OWNER/NAME of a GitHub repository."),
        ("branch", "refs/heads/main", "Write main."),
        ("branch", "refs/heads/release/2026", "Write release/2026."),
        ("branch", "refs/remotes/origin/main", "Write main."),
        ("branch", "origin/main", "Write main."),
        ("branch", "refs/tags/v1", "Allowed: the name of a branch, such as main."),
        ("branch", "refs/heads/", "Allowed: the name of a branch, such as main."),
    ],
)
def test_a_repository_and_a_branch_are_names_alone(tmp_path: Path, key: str, text: str, allowed: str) -> None:
    with pytest.raises(UsageError) as caught:
        read(tmp_path, **GIVEN | {key: text})
    assert str(caught.value).splitlines()[1:-1] == [f"  {key} is '{text}'. {allowed}"]


def test_without_a_repository_a_name_is_needed(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        read(tmp_path, **GIVEN | {"repository": None}, azureDevOps={"dev": {"issuer": "x", "subject": "y"}})
    (line,) = str(caught.value).splitlines()[1:-1]
    assert line == "  name is missing: `--name NAME`, since there is no repository whose name it could be."


def test_a_repository_whose_name_cannot_begin_the_names_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        read(tmp_path, **GIVEN | {"repository": "acme/7"})
    (line,) = str(caught.value).splitlines()[1:-1]
    assert line == "  name is '7'. Allowed: 3 to 24 lower-case letters, digits and hyphens, a letter first."


def test_all_commands_for_the_stacks_come_before_what_their_files_get(tmp_path: Path) -> None:
    found = read(tmp_path, **GIVEN, environments=["dev", "prod"])
    said = [*next_steps.commands(found, Known())]
    key = next_steps.secrets_provider(found)
    assert said[-8:] == [
        f"  pulumi stack init dev --secrets-provider {key}",
        f"  pulumi stack init prod --secrets-provider {key}",
        "In Pulumi.dev.yaml, below config:",
        "  resourceGroup: rg-digit-scoring-dev",
        "  deployer: {principalId: known after apply, principalType: ServicePrincipal}",
        "In Pulumi.prod.yaml, below config:",
        "  resourceGroup: rg-digit-scoring-prod",
        "  deployer: {principalId: known after apply, principalType: ServicePrincipal}",
    ]


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("- a", " must have keys, such as `repository: OWNER/NAME`."),
        ("a: [", " is not YAML: "),
        (None, ": No such file"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, text: str | None, error: str) -> None:
    file = tmp_path / "given.yaml"
    if text is not None:
        file.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError) as caught:
        setup.read(file, {}, {})
    assert str(caught.value).startswith(f"--file '{file}'{error}")


def test_every_grant_is_as_small_as_the_page_says(tmp_path: Path) -> None:
    found = read(tmp_path, **GIVEN, environments=["dev", "prod"])
    where = {
        found.group("dev"): "dev",
        found.group("prod"): "prod",
        items.container_id(found): "state",
        items.key_id(found): "key",
    }
    told = [
        (each.identity, each.role.name, where[each.scope], bool(each.condition)) for each in grants.all_grants(found)
    ]
    deployer = [
        (roles.CONTRIBUTOR.name, "", False),
        (roles.IDENTITY_OPERATOR.name, "", False),
        (roles.RBAC_ADMINISTRATOR.name, "", True),
        (roles.BLOB_CONTRIBUTOR.name, "state", False),
        ("Batch endpoint state key user", "key", False),
    ]
    assert told == [
        *((each, role, place or each, limited) for each in ("dev", "prod") for role, place, limited in deployer),
        ("preview", "Reader", "dev", False),
        ("preview", "Reader", "prod", False),
        ("preview", roles.BLOB_READER.name, "state", False),
        ("preview", "Batch endpoint state key reader", "key", False),
    ]


def test_the_roles_on_the_key_can_neither_change_nor_copy_it(tmp_path: Path) -> None:
    found = read(tmp_path, **GIVEN)
    made = {item.name: item.create["properties"] for item in items.custom_roles(found)}
    keys = "Microsoft.KeyVault/vaults/keys"
    for role, allowed in (
        (grants.KEY_READER, [f"{keys}/read", f"{keys}/decrypt/action"]),
        (grants.KEY_USER, [f"{keys}/read", f"{keys}/encrypt/action", f"{keys}/decrypt/action"]),
    ):
        properties = made.pop(role.id)
        assert (properties["roleName"], properties["assignableScopes"]) == (role.name, [found.scope])
        assert properties["permissions"] == [
            {"actions": [], "notActions": [], "dataActions": allowed, "notDataActions": []}
        ]
    assert {*made} == {roles.ENDPOINT_CALLER.id, roles.CALLER_RUNS.id}


@pytest.mark.parametrize("value", [None, "", ["a"], 7, "rg.", "a/b", "a" * 91])
def test_a_group_must_have_a_name_that_azure_takes(tmp_path: Path, value: object) -> None:
    with pytest.raises(UsageError) as caught:
        read(tmp_path, **GIVEN, groups={"dev": value})
    (line,) = str(caught.value).splitlines()[1:-1]
    assert line == (
        f"  groups.dev is '{'' if value is None else value}'. Allowed: the name of a resource group, 1 to 90 letters, "
        "digits, hyphens, underscores, parentheses and dots, without a dot at the end."
    )


@pytest.mark.parametrize(
    ("environments", "groups", "which", "whose"),
    [
        (
            ["prerequisites"],
            {},
            "prerequisites would have resource group rg-abc-prerequisites",
            "state, key and identities",
        ),
        (
            ["dev"],
            {"dev": "RG-abc-Prerequisites"},
            "dev would have resource group RG-abc-Prerequisites",
            "state, key and identities",
        ),
        (["dev", "prod"], {"dev": "RG-Abc-prod"}, "prod would have resource group rg-abc-prod", "environment dev"),
        (["dev", "prod"], {"dev": "one", "prod": "One"}, "prod would have resource group One", "environment dev"),
    ],
)
def test_a_group_belongs_to_one_environment(
    tmp_path: Path, environments: list[str], groups: dict[str, str], which: str, whose: str
) -> None:
    with pytest.raises(UsageError) as caught:
        read(tmp_path, **GIVEN, name="abc", environments=environments, groups=groups)
    assert str(caught.value).splitlines()[1:-1] == [
        f"  environment {which}, which is that of {whose}. Allowed: a separate group for each environment (`groups`)."
    ]


def test_a_group_may_have_every_name_that_azure_takes(tmp_path: Path) -> None:
    found = read(tmp_path, **GIVEN, groups={"dev": "Team_(A).1"})
    assert found.group("dev") == f"{found.scope}/resourceGroups/Team_(A).1"


@pytest.mark.parametrize(
    ("keep", "live", "is_exact", "expected"),
    [
        ({"a": 1}, {"a": 1, "b": 2}, False, []),
        ({"a": {"b": True}}, {"a": {"b": False}}, False, ["a.b"]),
        ({"a": "X"}, {"a": "x"}, False, []),
        ({"a": "X"}, {"a": "x"}, True, ["a"]),
        ({"a": ["x", "y"]}, {"a": ["Y", "X"]}, False, []),
        ({"a": ["x"]}, {"a": ["x", "y"]}, False, ["a"]),
        ({"a": [{"b": "c"}]}, {"a": [{"b": "C", "d": []}]}, False, []),
        ({"a": {"b": 1}}, None, False, ["a.b"]),
    ],
)
def test_only_what_has_to_be_so_is_compared(keep: Any, live: Any, *, is_exact: bool, expected: list[str]) -> None:
    assert [*items.differences(keep, live, is_exact=is_exact)] == expected


def test_what_was_set_besides_stays() -> None:
    live = {"properties": {"a": 1, "b": {"c": 2, "d": 3}}, "tags": {"x": "y"}}
    assert items.overlaid({"properties": {"b": {"c": 9}}}, live) == {
        "properties": {"a": 1, "b": {"c": 9, "d": 3}},
        "tags": {"x": "y"},
    }
