"""What an administrator makes with one command, and what the identities that it makes may do.

Does not prove that Azure's directory is as quick as the sandbox's, which knows a new identity at once.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from azure.identity import ClientAssertionCredential
from typer.testing import CliRunner

from prerequisites.__main__ import app
from prerequisites.access.grants import KEY_USER
from prerequisites.commands import apply
from sandbox.commands import environment
from sandbox.testing import ARM, ARM_AUDIENCE, STORAGE_AUDIENCE, Sandbox, started
from tests.ci_service import assertion

ROLES = "2022-04-01"
OPTIONS = (
    "--repository",
    "contoso/scoring",
    "--location",
    "westeurope",
    "--environment",
    "dev",
    "--environment",
    "prod",
)


@pytest.fixture(scope="module", name="place")
def _place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with started(tmp_path_factory.mktemp("prerequisites")) as made:
        yield made


@pytest.fixture(name="administrator", autouse=True)
def _administrator(place: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Sign in as the administrator, in an empty folder."""
    place.enter(monkeypatch)
    for name, value in environment.variables(place.home, place.facts, place.server, "administrator").items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)


def run(*arguments: str, typed: str | None = None) -> tuple[int, str, str]:
    """Run a command in this process: exit code, output, errors."""
    done = CliRunner().invoke(app, [*arguments], input=typed, catch_exceptions=False)
    return done.exit_code, done.stdout, done.stderr


def data(*arguments: str) -> Any:
    code, output, errors = run(*arguments, "--json")
    assert code == 0, errors
    return json.loads(output)


def actions(found: Any) -> dict[str, int]:
    names = [each["action"] for each in found["changes"]]
    return {name: names.count(name) for name in sorted(set(names))}


def written(place: Sandbox, after: int) -> list[dict[str, Any]]:
    """Return what Azure Resource Manager was asked to change; a sign-in is a POST to another host."""
    sent = place.control.journal(after)
    return [each for each in sent if each["host"] == ARM and each["method"] != "GET"]


def bearer(place: Sandbox, client_id: str, subject: str, audience: str = ARM_AUDIENCE) -> str:
    """Return an identity's token for a job whose token has this subject."""
    token = assertion(300, subject=subject)
    with ClientAssertionCredential(place.tenant, client_id, func=lambda: token) as credential:
        return credential.get_token(f"{audience}/.default").token


@pytest.fixture(scope="module", name="made")
def _made(place: Sandbox) -> Any:
    """What one apply gave; the other tests of this file read it."""
    with pytest.MonkeyPatch.context() as patch:
        place.enter(patch)
        for name, value in environment.variables(place.home, place.facts, place.server, "administrator").items():
            patch.setenv(name, value)
        path = f"/subscriptions/{place.subscription}/providers/Microsoft.OperationalInsights/unregister"
        place.arm("POST", path, api_version="2021-04-01", token=place.control.token("administrator"))
        first = place.control.sequence()
        planned, again = data("plan", *OPTIONS), data("plan", *OPTIONS)
        writes = written(place, first)
        return {"plan": planned, "again": again, "writes": writes, "apply": data("apply", "--yes", *OPTIONS)}


def test_a_plan_writes_nothing_and_names_what_apply_then_does(made: Mapping[str, Any]) -> None:
    assert made["writes"] == []
    assert made["plan"] == made["again"]
    assert actions(made["plan"]) == {"create": 30, "unchanged": 9, "update": 2}
    shown = [
        [(each["action"], each["kind"], each["name"]) for each in made[key]["changes"]] for key in ("plan", "apply")
    ]
    assert shown[0] == shown[1]
    assert made["plan"]["variables"]["environments"] == {
        "dev": {"AZURE_CLIENT_ID": "known after apply"},
        "prod": {"AZURE_CLIENT_ID": "known after apply"},
    }


def test_a_second_apply_changes_nothing(made: Mapping[str, Any], place: Sandbox) -> None:
    before = place.control.sequence()
    again = data("apply", "--yes", *OPTIONS)
    assert actions(again) == {"unchanged": 41}
    assert written(place, before) == []
    assert again["variables"] == made["apply"]["variables"]
    assert again["identities"] == made["apply"]["identities"]


def test_what_somebody_changed_is_found_and_changed_back(made: Mapping[str, Any], place: Sandbox) -> None:
    ids = {each["kind"]: each["id"] for each in made["apply"]["changes"]}
    token = place.control.token("administrator")
    loose = {"properties": {"allowSharedKeyAccess": True}}
    place.arm("PATCH", ids["storage account"], loose, api_version="2024-01-01", token=token)
    found = data("plan", *OPTIONS)
    changed = [each for each in found["changes"] if each["action"] != "unchanged"]
    assert [(each["action"], each["kind"], each["differs"]) for each in changed] == [
        ("update", "storage account", ["properties.allowSharedKeyAccess"])
    ]
    assert actions(data("apply", "--yes", *OPTIONS)) == {"unchanged": 40, "update": 1}
    assert actions(data("plan", *OPTIONS)) == {"unchanged": 41}


def test_a_resource_provider_that_is_not_registered_is(made: Mapping[str, Any], place: Sandbox) -> None:
    del made
    storage = f"/subscriptions/{place.subscription}/providers/Microsoft.Storage"
    token = place.control.token("administrator")
    place.arm("POST", f"{storage}/unregister", api_version="2021-04-01", token=token)
    changed = [each for each in data("apply", "--yes", *OPTIONS)["changes"] if each["action"] != "unchanged"]
    assert [(each["action"], each["name"], each["differs"]) for each in changed] == [
        ("update", "Microsoft.Storage", ["registrationState"])
    ]
    assert place.arm("GET", storage, api_version="2021-04-01").json["registrationState"] == "Registered"


def test_a_renamed_repository_changes_the_trusts_and_names_no_other(made: Mapping[str, Any]) -> None:
    del made
    renamed = ("--repository", "contoso/renamed", "--name", "scoring", *OPTIONS[2:])
    found = data("plan", *renamed)
    changed = [(each["action"], each["name"]) for each in found["changes"] if each["action"] != "unchanged"]
    assert changed == [
        ("update", "repo:contoso/renamed:pull_request"),
        ("update", "repo:contoso/renamed:ref:refs/heads/main"),
        ("update", "repo:contoso/renamed:environment:dev"),
        ("update", "repo:contoso/renamed:environment:prod"),
    ]


def test_a_trust_that_the_set_up_does_not_name_is_shown_and_stays(made: Mapping[str, Any], place: Sandbox) -> None:
    identity = next(each["id"] for each in made["apply"]["changes"] if each["name"] == "id-scoring-dev")
    path = f"{identity}/federatedIdentityCredentials/by-hand"
    properties = {"issuer": "https://ci.example", "subject": "anybody", "audiences": ["api://AzureADTokenExchange"]}
    token = place.control.token("administrator")
    place.arm("PUT", path, {"properties": properties}, api_version="2023-01-31", token=token)
    code, output, errors = run("plan", *OPTIONS)
    place.arm("DELETE", path, api_version="2023-01-31", token=token)
    assert code == 0
    assert output.splitlines()[-1] == "0 to create, 0 to update, 41 unchanged"
    assert errors == (
        f"warning: {path} trusts anybody, which the set-up does not name. If nobody needs it: "
        f"az identity federated-credential delete --ids {path}\n"
    )


def test_a_grant_that_exists_by_another_name_is_the_same_grant(made: Mapping[str, Any], place: Sandbox) -> None:
    change = next(each for each in made["apply"]["changes"] if each["name"] == "Contributor of the deployer of dev")
    principal = made["apply"]["identities"]["dev"]["principalId"]
    token = place.control.token("administrator")
    assignments = f"{change['id']}/providers/Microsoft.Authorization/roleAssignments"
    listed = place.arm(
        "GET", f"{assignments}?$filter=principalId%20eq%20'{principal}'", api_version=ROLES, token=token
    ).json["value"]
    (ours,) = [
        each
        for each in listed
        if each["properties"]["roleDefinitionId"].endswith("b24988ac-6180-42a0-ab88-20f7382dd24c")
    ]
    place.arm("DELETE", ours["id"], api_version=ROLES, token=token)
    by_hand = f"{assignments}/11111111-2222-4333-8444-555555555555"
    body = {key: ours["properties"][key] for key in ("principalId", "principalType", "roleDefinitionId")}
    place.arm("PUT", by_hand, {"properties": body}, api_version=ROLES, token=token)
    assert actions(data("plan", *OPTIONS)) == {"unchanged": 41}


def test_a_deployer_works_in_its_own_group_and_nowhere_else(made: Mapping[str, Any], place: Sandbox) -> None:
    client = made["apply"]["variables"]["environments"]["dev"]["AZURE_CLIENT_ID"]
    token = bearer(place, client, "repo:contoso/scoring:environment:dev")
    groups = f"/subscriptions/{place.subscription}/resourceGroups"
    vault = "providers/Microsoft.ManagedIdentity/userAssignedIdentities/mine"

    def status(group: str) -> int:
        path = f"{groups}/{group}/{vault}"
        return place.arm("PUT", path, {"location": "westeurope"}, api_version="2023-01-31", token=token).status

    assert {group: status(group) for group in ("rg-scoring-dev", "rg-scoring-prod", "rg-scoring-prerequisites")} == {
        "rg-scoring-dev": 201,
        "rg-scoring-prod": 403,
        "rg-scoring-prerequisites": 403,
    }


def test_the_reader_reads_the_groups_and_the_state_and_writes_neither(made: Mapping[str, Any], place: Sandbox) -> None:
    shared = made["apply"]["variables"]["repository"]
    account = shared["PULUMI_BACKEND_URL"].rpartition("=")[2]
    subject = "repo:contoso/scoring:pull_request"
    token = bearer(place, shared["AZURE_CLIENT_ID"], subject)
    group = f"/subscriptions/{place.subscription}/resourceGroups/rg-scoring-prod"
    assert place.arm("GET", group, api_version="2021-04-01", token=token).status == 200
    assert place.arm("DELETE", group, api_version="2021-04-01", token=token).status == 403
    reader = bearer(place, shared["AZURE_CLIENT_ID"], subject, STORAGE_AUDIENCE)
    deployer = bearer(
        place,
        made["apply"]["variables"]["environments"]["prod"]["AZURE_CLIENT_ID"],
        "repo:contoso/scoring:environment:prod",
        STORAGE_AUDIENCE,
    )

    def blob(method: str, token: str) -> int:
        headers = {"x-ms-version": "2023-11-03"} | ({"x-ms-blob-type": "BlockBlob"} if method == "PUT" else {})
        body = b"{}" if method == "PUT" else None
        host = f"{account}.blob.core.windows.net"
        return place.request(method, "/state/prod.json", body, host=host, token=token, headers=headers).status

    assert [blob("PUT", reader), blob("PUT", deployer), blob("GET", reader)] == [403, 201, 200]


def test_an_identitys_role_on_the_key_is_the_one_without_update(made: Mapping[str, Any], place: Sandbox) -> None:
    """The sandbox has no data plane for keys, so this reads the permissions that it would be decided by."""
    key = next(each["id"] for each in made["apply"]["changes"] if each["kind"] == "key")
    token = place.control.token("administrator")
    allowed: dict[str, list[str]] = {}
    for name in ("preview", "dev"):
        principal = made["apply"]["identities"][name]["principalId"]
        asked = f"{key}/providers/Microsoft.Authorization/roleAssignments?$filter=principalId%20eq%20'{principal}'"
        (grant,) = place.arm("GET", asked, api_version=ROLES, token=token).json["value"]
        role = place.arm("GET", grant["properties"]["roleDefinitionId"], api_version=ROLES, token=token).json
        (permission,) = role["properties"]["permissions"]
        assert permission["actions"] == []
        allowed[name] = [each.rpartition("/keys/")[2] for each in permission["dataActions"]]
    assert allowed == {"preview": ["read", "decrypt/action"], "dev": ["read", "encrypt/action", "decrypt/action"]}
    reader = made["apply"]["variables"]["repository"]["AZURE_CLIENT_ID"]
    body = {"properties": {"attributes": {"enabled": False}}}
    own = bearer(place, reader, "repo:contoso/scoring:pull_request")
    assert place.arm("PUT", key, body, api_version="2024-11-01", token=own).status == 403


def test_apply_prints_the_variables_and_the_stacks_as_commands(made: Mapping[str, Any], place: Sandbox) -> None:
    code, output, _ = run("apply", "--yes", *OPTIONS)
    shared, own = made["apply"]["variables"]["repository"], made["apply"]["variables"]["environments"]
    identity = made["apply"]["identities"]
    key, state = made["apply"]["secretsProvider"], shared["PULUMI_BACKEND_URL"]
    policy = (
        "-F 'deployment_branch_policy[protected_branches]=false' "
        "-F 'deployment_branch_policy[custom_branch_policies]=true'"
    )
    assert code == 0
    assert output.splitlines() == [
        "0 created, 0 updated, 41 unchanged",
        "GitHub (without the rule for main, everybody who may push a branch could deploy):",
        f"  gh api --method PUT repos/contoso/scoring/environments/dev {policy}",
        "  gh api --method POST repos/contoso/scoring/environments/dev/deployment-branch-policies -f name=main",
        f"  gh api --method PUT repos/contoso/scoring/environments/prod {policy}",
        "  gh api --method POST repos/contoso/scoring/environments/prod/deployment-branch-policies -f name=main",
        f"  gh variable set AZURE_TENANT_ID --repo contoso/scoring --body {place.tenant}",
        f"  gh variable set AZURE_SUBSCRIPTION_ID --repo contoso/scoring --body {place.subscription}",
        f"  gh variable set AZURE_CLIENT_ID --repo contoso/scoring --body {shared['AZURE_CLIENT_ID']}",
        f"  gh variable set PULUMI_BACKEND_URL --repo contoso/scoring --body '{state}'",
        f"  gh variable set AZURE_CLIENT_ID --repo contoso/scoring --env dev --body {own['dev']['AZURE_CLIENT_ID']}",
        f"  gh variable set AZURE_CLIENT_ID --repo contoso/scoring --env prod --body {own['prod']['AZURE_CLIENT_ID']}",
        "Then ask for an approval of deployments to prod: Settings, Environments, prod, Required reviewers.",
        f"Stacks (once for each, by somebody with Storage Blob Data Contributor and {KEY_USER.name} there):",
        f"  pulumi login '{state}'",
        f"  pulumi stack init dev --secrets-provider {key}",
        f"  pulumi stack init prod --secrets-provider {key}",
        "In Pulumi.dev.yaml, below config:",
        "  resourceGroup: rg-scoring-dev",
        f"  deployer: {{principalId: {identity['dev']['principalId']}, principalType: ServicePrincipal}}",
        "In Pulumi.prod.yaml, below config:",
        "  resourceGroup: rg-scoring-prod",
        f"  deployer: {{principalId: {identity['prod']['principalId']}, principalType: ServicePrincipal}}",
    ]


def test_somebody_without_the_role_is_told_which_one(place: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in environment.variables(place.home, place.facts, place.server, "reader").items():
        monkeypatch.setenv(name, value)
    code, _, errors = run("apply", "--yes", *OPTIONS, "--name", "another")
    assert code == 1
    first, *rest = errors.splitlines()
    assert first.startswith(
        f"error: writing /subscriptions/{place.subscription}/resourceGroups/rg-another-prerequisites failed: "
        "AuthorizationFailed: "
    )
    owner = f"The administrator needs the role Owner on subscription {place.subscription}"
    assert rest == [
        f"{owner}, or Contributor and User Access Administrator.",
        "Made before that: 0, which stay. Run apply again: it makes only what is missing.",
    ]


def test_an_apply_that_stopped_goes_on_where_it_was(made: Mapping[str, Any], place: Sandbox) -> None:
    del made
    options = (*OPTIONS, "--name", "stopped")
    place.control.fault("status", method="PUT", path="/vaults/kv-stopped", status=400, code="Odd", message="Not now.")
    code, output, errors = run("apply", "--yes", *options)
    place.control.clear_faults()
    assert (code, output.splitlines()[-1]) == (1, "created container state")
    assert errors.splitlines()[-1] == "Made before that: 6, which stay. Run apply again: it makes only what is missing."
    assert actions(data("apply", "--yes", *options)) == {"create": 23, "unchanged": 18}


@pytest.mark.parametrize("arguments", [("apply",), ("apply", "--json")])
def test_without_a_terminal_nothing_is_made_without_yes(place: Sandbox, arguments: tuple[str, ...]) -> None:
    before = place.control.sequence()
    assert run(*arguments, *OPTIONS) == (2, "", "error: there is no terminal to ask on; pass --yes\n")
    assert place.control.journal(before) == []


def test_apply_shows_the_plan_and_asks(
    made: Mapping[str, Any], place: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    del made
    monkeypatch.setattr(apply, "_can_ask", lambda: True)
    options = ("--repository", "contoso/asked", "--location", "westeurope", "--environment", "dev")
    before = place.control.sequence()
    code, output, _ = run("apply", *options, typed="n\n")
    assert code == 1
    assert output.splitlines()[-2:] == [
        "19 to create, 1 to update, 12 unchanged",
        f"Make this in subscription {place.subscription}? [y/N]: n",
    ]
    assert written(place, before) == []
    code, output, _ = run("apply", *options, typed="y\n")
    assert code == 0
    assert "19 created, 1 updated, 12 unchanged" in output.splitlines()


def test_a_condition_that_somebody_took_away_comes_back(made: Mapping[str, Any], place: Sandbox) -> None:
    role = "Role Based Access Control Administrator"
    change = next(each for each in made["apply"]["changes"] if each["name"] == f"{role} of the deployer of dev")
    principal, token = made["apply"]["identities"]["dev"]["principalId"], place.control.token("administrator")
    assignments = f"{change['id']}/providers/Microsoft.Authorization/roleAssignments"
    asked = f"{assignments}?$filter=principalId%20eq%20'{principal}'"
    listed = place.arm("GET", asked, api_version=ROLES, token=token).json["value"]
    (limited,) = [each for each in listed if each["properties"].get("condition")]
    loose = {key: limited["properties"][key] for key in ("principalId", "principalType", "roleDefinitionId")}
    assert place.arm("PUT", limited["id"], {"properties": loose}, api_version=ROLES, token=token).status == 200
    changed = [each for each in data("apply", "--yes", *OPTIONS)["changes"] if each["action"] != "unchanged"]
    assert [(each["action"], each["name"], each["differs"]) for each in changed] == [
        ("update", f"{role} of the deployer of dev", ["properties.condition", "properties.conditionVersion"])
    ]
    again = place.arm("GET", limited["id"], api_version=ROLES, token=token).json["properties"]
    assert again["condition"] == limited["properties"]["condition"]


def test_a_subscription_that_does_not_exist_is_named() -> None:
    other = "99999999-9999-4999-8999-999999999999"
    code, _, errors = run("plan", *OPTIONS, "--subscription", other)
    assert code == 2
    assert errors == (
        f"error: subscription {other} does not exist, or this login may not see it: nothing was made. "
        "`az account list --query [].id` prints those that it sees.\n"
    )
