"""`python -m prerequisites check`: what is said of a set-up in which one thing is wrong, or everything.

Does not prove that Azure answers like this: tests/e2e/test_target_azure.py asks the sandbox.
"""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from components.roles import CALLER_RUNS, ENDPOINT_CALLER
from prerequisites.checks.subscription import NAMESPACES
from tests.prerequisites.set_up import PRINCIPAL, READER, SUBSCRIPTION, SetUp, az, quota
from tests.unit.settings_world import mlp

VAULT = "mlbatch-vault1a2b3c4d"
WORKSPACE = "mlbatch-workspace1a2b3c4d"
SCOPE = f"/subscriptions/{SUBSCRIPTION}"
LOGGING_IN = [
    "      az login    (https://learn.microsoft.com/cli/azure/install-azure-cli)",
    "      in a pipeline: set the variables of docs/login.md",
]
SELECTING = ["      az account set --subscription ID", "      in a pipeline: set ARM_SUBSCRIPTION_ID"]
TRIGGER = {"input": "https://theirs.blob.core.windows.net/images/", "startTime": "2027-01-31T02:00:00"}
KEY = "azurekeyvault://VAULT.vault.azure.net/keys/KEY"


@pytest.fixture(name="setup")
def _setup(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SetUp:
    return SetUp(tmp_path, monkeypatch)


def no_provider_login(setup: SetUp) -> list[str]:
    del setup.environ["ARM_CLIENT_SECRET"]
    return [
        (
            "  login: Pulumi's Azure provider has no login: no ARM_* variables are set, and the Azure "
            "CLI (az) is not on PATH."
        ),
        *LOGGING_IN,
    ]


def disabled_subscription(setup: SetUp) -> list[str]:
    setup.subscription = {"state": "Disabled"}
    return [
        (
            f"  subscription: subscription {SUBSCRIPTION} is Disabled: nothing can be created in it. "
            "Allowed: an Enabled one."
        ),
        "      az account list --query \"[?state=='Enabled'].{name:name, id:id}\" --output table",
    ]


def unregistered(setup: SetUp) -> list[str]:
    setup.registration = {
        "Microsoft.KeyVault": "NotRegistered",
        "Microsoft.Insights": "Unregistered",
        "Microsoft.Storage": "Registering",
    }
    register = "      az provider register --namespace"
    return [
        (
            "  resource providers: Microsoft.KeyVault, Microsoft.Insights are not registered in "
            f"subscription {SUBSCRIPTION}."
        ),
        f"{register} Microsoft.KeyVault --subscription {SUBSCRIPTION}",
        f"{register} Microsoft.Insights --subscription {SUBSCRIPTION}",
    ]


def too_small_a_quota(setup: SetUp) -> list[str]:
    setup.quota = quota(2)
    mlp(setup.config)["instanceCount"] = 3
    return [
        (
            "  quota: cluster: 4 nodes of STANDARD_DS11_V2 need 8 vCPUs, and the quota of "
            "standardDSv2Family is 2. Jobs will "
            "get 1 nodes at most. Ask for more under Quota in the Azure Machine Learning studio, or lower maxNodes. "
            "A job of this stack needs 3, and would wait forever."
        ),
    ]


def soft_deleted_name(setup: SetUp) -> list[str]:
    setup.top["pulumi:autonaming"] = {"mode": "verbatim"}
    setup.deleted_vaults = [{"name": "mlbatch-vault", "properties": {"location": "westeurope"}}]
    return [
        (
            "  names: a soft-deleted key vault holds the name mlbatch-vault, which pulumi:autonaming "
            "gives this stack's vault."
        ),
        "      az keyvault purge --name mlbatch-vault --location westeurope    (not with purge protection)",
        "      or edit Pulumi.dev.yaml:3: add a random part, such as pattern: ${name}-${hex(8)}",
    ]


def no_roles(setup: SetUp) -> list[str]:
    setup.permissions = [READER]
    create = f"      az role assignment create --assignee {PRINCIPAL} --role"
    return [
        (
            f"  roles: The deployer ({PRINCIPAL}) is missing these roles in subscription {SUBSCRIPTION}: Contributor, "
            "Role Based Access Control Administrator, Managed Identity Operator."
        ),
        "    Somebody who can grant roles there can run:",
        f'{create} "Contributor" --scope {SCOPE}',
        (
            f'{create} "Role Based Access Control Administrator" --scope {SCOPE} '
            '--condition "$(cat prerequisites/deployer-condition.txt)" --condition-version 2.0'
        ),
        f'{create} "Managed Identity Operator" --scope {SCOPE}',
    ]


def no_callers_roles(setup: SetUp) -> list[str]:
    setup.custom_roles = 404
    setup.config["endpoints"]["digits"]["callers"] = [{"principalId": "5b0c6f2e-5c0a-4d6c-9a35-8c2f6a1b7d10"}]
    undefined = [f"the custom role '{each.name}' ({each.id}) is not defined" for each in (ENDPOINT_CALLER, CALLER_RUNS)]
    definitions = f"{SCOPE}/providers/Microsoft.Authorization/roleDefinitions"
    return [
        (
            f"  callers' roles: The endpoints' callers cannot get access: {'; '.join(undefined)}. "
            "This program does not define roles."
        ),
        "    An administrator of the subscription (User Access Administrator, Owner) can define them:",
        *(
            f'      az rest --method put --url "{definitions}/{each.id}?api-version=2022-04-01" '
            f'--body "$(sed s/SUBSCRIPTION/{SUBSCRIPTION}/ prerequisites/caller-roles/{each.id}.json)"'
            for each in (ENDPOINT_CALLER, CALLER_RUNS)
        ),
    ]


def no_backend(setup: SetUp) -> list[str]:
    setup.backend = False
    return [
        (
            "  state: Pulumi cannot reach a state backend: `pulumi whoami --json --non-interactive` "
            "failed: this command "
            "requires logging in."
        ),
        "      pulumi login azblob://CONTAINER?storage_account=ACCOUNT    (or: pulumi login, for Pulumi Cloud)",
        "      in a pipeline: set PULUMI_BACKEND_URL",
    ]


def no_passphrase(setup: SetUp) -> list[str]:
    del setup.environ["PULUMI_CONFIG_PASSPHRASE"]
    return [
        (
            "  state: the state is not in Pulumi Cloud, so a passphrase encrypts its secrets, and "
            "PULUMI_CONFIG_PASSPHRASE is "
            "not set."
        ),
        "      export PULUMI_CONFIG_PASSPHRASE=...    (or PULUMI_CONFIG_PASSPHRASE_FILE=FILE)",
        f"      or encrypt with a key: pulumi stack init dev --secrets-provider {KEY}",
    ]


def placeholders(setup: SetUp) -> list[str]:
    setup.config["dataAccess"] = [
        (
            "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/g/providers/Microsoft.Storage"
            "/storageAccounts/theirs"
        )
    ]
    setup.config["tags"] = {"lets-in": "203.0.113.0/24", "and": "81.2.69.142"}
    return [
        "  placeholders: the stack file still has ids and addresses that stand for your own:",
        f"    Pulumi.dev.yaml:LINE: dataAccess[0] is {setup.config['dataAccess'][0]}",
        "    Pulumi.dev.yaml:LINE: tags.lets-in is 203.0.113.0/24",
        "      edit Pulumi.dev.yaml",
        "      az ad group show --group NAME --query id --output tsv    (or: az ad sp show --id CLIENT-ID)",
    ]


TEN = [
    placeholders,
    no_backend,
    no_passphrase,
    no_provider_login,
    disabled_subscription,
    unregistered,
    too_small_a_quota,
    soft_deleted_name,
    no_roles,
    no_callers_roles,
]
"""In the order in which the list has them."""


def unnumbered(lines: list[str]) -> list[str]:
    """Return lines without the number of a placeholder's line, which depends on what else is wrong."""
    marked = "    Pulumi.dev.yaml:"
    return [f"{marked}LINE:{each.split(':', 2)[2]}" if each.startswith(marked) else each for each in lines]


@pytest.mark.parametrize("wrong", TEN, ids=lambda wrong: wrong.__name__)
def test_one_of_ten_wrong_set_ups(setup: SetUp, wrong: Callable[[SetUp], list[str]]) -> None:
    expected = wrong(setup)
    assert unnumbered(setup.problems()) == expected


def test_all_ten_at_once_are_one_list(setup: SetUp) -> None:
    expected = [line for wrong in TEN for line in wrong(setup)]
    ended = setup.check()
    first, *lines, _ = ended.stderr.splitlines()
    assert first == ("error: stack dev cannot be deployed to Azure yet: 10 problems. Nothing was created or changed.")
    assert unnumbered(lines) == expected


def test_a_right_set_up_may_be_deployed(setup: SetUp) -> None:
    ended = setup.check()
    assert (ended.exit_code, ended.stderr) == (0, "")
    assert ended.stdout == f"stack dev can be deployed to subscription {SUBSCRIPTION}, as {PRINCIPAL}\n"
    assert setup.ran == [("whoami", "--json"), ("stack", "ls", "--json")]


def test_only_a_stack_with_triggers_needs_logic_apps(setup: SetUp) -> None:
    setup.registration = {"Microsoft.Logic": "NotRegistered"}
    assert setup.check().exit_code == 0
    setup.config["triggers"] = {"nightly": TRIGGER}
    assert setup.problems() == [
        f"  resource providers: Microsoft.Logic is not registered in subscription {SUBSCRIPTION}.",
        f"      az provider register --namespace Microsoft.Logic --subscription {SUBSCRIPTION}",
    ]


def test_placeholders_are_named_with_their_lines(setup: SetUp) -> None:
    setup.config |= {
        "network": "restricted",
        "registrySku": "Premium",
        "allowedIps": ["81.2.69.142", "203.0.113.0/24"],
        "deployer": {"principalId": "9d0d0000-0000-4000-8000-000000000001", "principalType": "Group"},
    }
    assert setup.problems()[1:3] == [
        "    Pulumi.dev.yaml:21: allowedIps[1] is 203.0.113.0/24",
        "    Pulumi.dev.yaml:23: deployer.principalId is 9d0d0000-0000-4000-8000-000000000001",
    ]


NOT_ASKED = (
    "warning: resource providers, region, quota, names, roles: not checked: they need a login and a subscription."
)


def test_without_a_login_the_rest_is_said_all_the_same(setup: SetUp) -> None:
    setup.signed_in = False
    ended = setup.check()
    assert ended.stderr.splitlines() == [
        NOT_ASKED,
        "error: stack dev cannot be deployed to Azure yet: 1 problem. Nothing was created or changed.",
        "  login: no token for Azure: No credential in this chain provided a token.",
        *LOGGING_IN,
        "To check again: python -m prerequisites check --stack dev",
    ]
    assert setup.asked == []
    told = [line for wrong in (placeholders, no_backend, no_passphrase) for line in wrong(setup)]
    both = setup.check().stderr.splitlines()
    assert unnumbered(both)[2:-4] == told
    assert "4 problems" in both[1]


def test_the_azure_cli_is_a_login_and_names_the_subscription(setup: SetUp) -> None:
    del setup.environ["ARM_CLIENT_SECRET"], setup.environ["ARM_SUBSCRIPTION_ID"]
    az(setup, SUBSCRIPTION)
    assert setup.check().stdout == f"stack dev can be deployed to subscription {SUBSCRIPTION}, as {PRINCIPAL}\n"


def test_nothing_says_which_subscription(setup: SetUp) -> None:
    del setup.environ["ARM_SUBSCRIPTION_ID"]
    ended = setup.check()
    assert ended.stderr.splitlines()[:1] == [NOT_ASKED]
    assert ended.stderr.splitlines()[2:-1] == [
        "  subscription: nothing says which subscription to deploy to.",
        *SELECTING,
    ]


@pytest.mark.parametrize("is_named", [True, False])
def test_the_azure_cli_has_no_login(setup: SetUp, *, is_named: bool) -> None:
    """The release may have another one: then Azure is asked anyway if a subscription is named."""
    del setup.environ["ARM_CLIENT_SECRET"]
    if not is_named:
        del setup.environ["ARM_SUBSCRIPTION_ID"]
    az(setup, "ERROR: Please run 'az login' to setup account.", 1)
    ended = setup.check()
    first, *lines, _ = [each for each in ended.stderr.splitlines() if each != NOT_ASKED]
    assert first.endswith(": 1 problem. Nothing was created or changed.")
    assert lines == [
        (
            "  login: Pulumi's Azure provider has no login: no ARM_* variables are set, and `az account show` failed: "
            "Please run 'az login' to setup account."
        ),
        *LOGGING_IN,
    ]
    assert (NOT_ASKED in ended.stderr) is not is_named
    assert bool(setup.asked) is is_named


def test_a_subscription_that_the_login_cannot_read(setup: SetUp) -> None:
    setup.subscription = 404
    ended = setup.check()
    assert ended.stderr.splitlines()[2:-1] == [
        (
            f"  subscription: the login ({PRINCIPAL}) cannot read subscription {SUBSCRIPTION} (HTTP 404). "
            "It can read: Team (the-team-s)."
        ),
        *SELECTING,
    ]


def test_a_subscription_that_is_listed_for_a_role_in_one_of_its_groups(setup: SetUp) -> None:
    setup.subscription, setup.listed = 403, SUBSCRIPTION.upper()
    assert setup.check().exit_code == 0


def test_a_region_that_does_not_exist(setup: SetUp) -> None:
    setup.top["azure-native:location"] = "westeurop"
    assert setup.problems() == [
        (
            "  region: azure-native:location is 'westeurop', which is not a region of this "
            "subscription. Similar: westeurope, "
            "northeurope. All: az account list-locations --query [].name"
        ),
        "      Pulumi.dev.yaml:2: change it to azure-native:location: westeurope",
    ]


def test_a_vm_size_that_the_region_does_not_have(setup: SetUp) -> None:
    setup.config["cluster"] = {"vmSize": "STANDARD_DS11_V3"}
    assert setup.problems()[0].startswith(
        "  region: cluster.vmSize is 'STANDARD_DS11_V3', which Azure Machine Learning does not offer in westeurope. "
    )


def test_a_quota_that_is_enough_for_each_job_is_a_warning(setup: SetUp) -> None:
    setup.quota = quota(6)
    mlp(setup.config)["instanceCount"] = 3
    ended = setup.check()
    assert ended.exit_code == 0
    assert ended.stderr == (
        "warning: quota: cluster: 4 nodes of STANDARD_DS11_V2 need 8 vCPUs, and the quota of standardDSv2Family is 6. "
        "Jobs will get 3 nodes at most. Ask for more under Quota in the Azure Machine Learning studio, or lower "
        "maxNodes.\n"
    )


def test_a_vault_of_the_state_that_is_soft_deleted(setup: SetUp) -> None:
    setup.stacks = ["other", "dev"]
    setup.resources = [{"type": "azure-native:keyvault:Vault", "id": f"{SCOPE}/vaults/{VAULT}"}]
    setup.deleted_vaults = [{"name": "another"}, {"name": VAULT, "properties": {"location": "westeurope"}}]
    assert setup.problems() == [
        f"  names: key vault {VAULT} of this stack was deleted outside Pulumi, and is soft-deleted.",
        f"      az keyvault recover --name {VAULT} --location westeurope",
    ]
    assert setup.ran[-1] == ("stack", "export", "dev")


def test_a_workspace_of_the_state_that_is_gone(setup: SetUp) -> None:
    setup.stacks = ["dev"]
    resource = {"type": "azure-native:machinelearningservices:Workspace", "id": f"{SCOPE}/workspaces/{WORKSPACE}"}
    setup.resources = [resource]
    assert setup.problems() == [
        (
            f"  names: workspace {WORKSPACE} of this stack does not exist in Azure. It may be "
            "soft-deleted: then its name "
            "stays taken for 14 days."
        ),
        "      recover it in the Azure portal: Azure Machine Learning, Recently deleted",
        "      or give it up: pulumi up --refresh makes another",
    ]
    setup.workspace = {"name": WORKSPACE}
    assert setup.check().exit_code == 0


def test_a_resource_group_that_does_not_exist(setup: SetUp) -> None:
    setup.config["resourceGroup"] = "team"
    setup.permissions = 404
    assert setup.problems() == [
        (
            f"  resource group: Resource group 'team' does not exist in subscription {SUBSCRIPTION}, so "
            "nothing was created."
        ),
        "      Create it: az group create --name team --location LOCATION",
        "      Or let the program create one: remove resourceGroup from Pulumi.dev.yaml",
    ]


def test_roles_are_looked_for_where_the_stack_is(setup: SetUp) -> None:
    """In the group that the stack file names, else in the stack's own, else on the subscription."""

    def scopes() -> list[str]:
        assert setup.check().exit_code == 0
        found = [each.partition("/providers/Microsoft.Authorization/") for each in setup.asked]
        return [f"{scope.removeprefix('https://management.azure.com')} {what[:11]}" for scope, _, what in found if what]

    assert scopes() == [f"{SCOPE} roleAssignm"]
    setup.stacks = ["dev"]
    setup.resources = [{"type": "azure-native:resources:ResourceGroup", "id": f"{SCOPE}/resourceGroups/own1"}]
    assert scopes() == [f"{SCOPE}/resourceGroups/own1 permissions"]
    setup.config["resourceGroup"] = "team"
    assert scopes() == [f"{SCOPE}/resourceGroups/team permissions"]


def test_roles_have_to_be_assigned_elsewhere(setup: SetUp) -> None:
    """Where the stack's identities read: unless the state has a role there, from somebody else's deployment."""
    account = f"{SCOPE}/resourceGroups/theirs/providers/Microsoft.Storage/storageAccounts/images"
    registry = f"{SCOPE}/resourceGroups/theirs/providers/Microsoft.MachineLearningServices/registries/shared"
    setup.config |= {"dataAccess": [account], "registryAccess": [registry]}
    assert setup.check().exit_code == 0
    setup.elsewhere = 403
    create = f'      az role assignment create --assignee {PRINCIPAL} --role "Role Based Access Control Administrator"'
    condition = '--condition "$(cat prerequisites/deployer-condition.txt)" --condition-version 2.0'
    assert setup.problems() == [
        (
            f"  roles elsewhere: The deployer ({PRINCIPAL}) may not assign roles on {account}, {registry}, where the "
            "stack lets its identities read. An `up` that adds such a role would stop there."
        ),
        "    Somebody who can grant roles there can run:",
        f"{create} --scope {account} {condition}",
        f"{create} --scope {registry} {condition}",
    ]
    setup.stacks = ["dev"]
    kind = "azure-native:authorization:RoleAssignment"
    setup.resources = [{"type": kind, "inputs": {"scope": each.upper()}} for each in (account, registry)]
    assert setup.check().exit_code == 0
    setup.resources, setup.elsewhere = [], 400
    assert setup.check().stderr == (
        "warning: roles elsewhere: not checked: https://management.azure.com refused the request (HTTP 400).\n"
    )


def test_a_file_with_the_passphrase_must_exist(setup: SetUp) -> None:
    del setup.environ["PULUMI_CONFIG_PASSPHRASE"]
    setup.environ["PULUMI_CONFIG_PASSPHRASE_FILE"] = "phrase"
    assert setup.problems() == [
        "  state: PULUMI_CONFIG_PASSPHRASE_FILE is 'phrase', which is not a file.",
        "      export PULUMI_CONFIG_PASSPHRASE_FILE=FILE",
    ]
    (setup.folder / "phrase").touch()
    assert setup.check().exit_code == 0


def test_a_stack_that_exists_changes_its_secrets_provider(setup: SetUp) -> None:
    no_passphrase(setup)
    setup.stacks = ["dev"]
    command = f"pulumi stack change-secrets-provider {KEY} --stack dev"
    assert setup.problems()[-1] == f"      or encrypt with a key: {command}"


def test_mistakes_of_the_stack_file_are_listed_as_the_program_lists_them(setup: SetUp) -> None:
    setup.config["softDeleteDays"] = 3
    ended = setup.check()
    assert ended.stderr.splitlines()[0] == "warning: region, quota, names, roles: not checked: the stack file is wrong."
    assert ended.stderr.splitlines()[2:-1] == [
        "  stack file: The configuration of stack 'dev' has a problem, so nothing was created or changed.",
        "      1. softDeleteDays is 3. Allowed: a whole number from 7 to 90 (days to keep deleted blobs).",
        "          Pulumi.dev.yaml:17: set softDeleteDays to 7",
        "    docs/configuration.md describes every key.",
    ]


def refuse_providers(setup: SetUp) -> str:
    setup.registration = dict.fromkeys(["Microsoft.MachineLearningServices"], "403")
    return "resource providers"


def refuse_quota(setup: SetUp) -> str:
    setup.quota = 403
    return "region and quota"


def refuse_vaults(setup: SetUp) -> str:
    setup.deleted_vaults = 403
    return "names of vaults"


def refuse_roles(setup: SetUp) -> str:
    setup.permissions = 403
    return "roles"


@pytest.mark.parametrize(
    "refuse", [refuse_providers, refuse_quota, refuse_vaults, refuse_roles], ids=lambda refuse: refuse.__name__
)
def test_what_may_not_be_read_is_a_warning_and_stops_nothing(setup: SetUp, refuse: Callable[[SetUp], str]) -> None:
    subject = refuse(setup)
    ended = setup.check()
    assert ended.exit_code == 0
    assert ended.stderr == (
        f"warning: {subject}: not checked: https://management.azure.com refused the request (HTTP 403).\n"
    )


def test_advice_does_not_fail(setup: SetUp) -> None:
    expected = no_roles(setup)
    ended = setup.check("--advise", "--init")
    assert ended.exit_code == 0
    first, *lines, last = ended.stderr.splitlines()
    assert first == "warning: stack dev cannot be deployed to Azure yet: 1 problem."
    assert lines == expected
    assert last == "To check again: python -m prerequisites check --stack dev"


def test_advice_for_a_stack_that_does_not_exist_is_how_to_create_it(setup: SetUp) -> None:
    """What a preview runs: Pulumi's own text is only `no stack named 'dev' found`."""
    assert setup.check("--advise").stderr.splitlines() == [
        "warning: state: stack dev does not exist in the state backend, so Pulumi has nothing to preview.",
        "    python -m prerequisites check --stack dev --init",
    ]
    setup.stacks = ["dev"]
    assert setup.check("--advise").stderr == ""


def test_the_stack_is_created_only_if_nothing_is_wrong(setup: SetUp) -> None:
    made = setup.folder / "made"
    program = setup.folder / "bin" / "pulumi"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\necho "$@" >> {made}\n')
    program.chmod(0o755)
    setup.permissions = [READER]
    assert setup.check("--init").exit_code == 1
    assert not made.exists()
    setup.permissions = [{"actions": ["*"]}]
    ended = setup.check("--init")
    assert ended.stdout.splitlines()[0] == "created stack dev in the state backend"
    setup.stacks = ["dev"]
    assert setup.check("--init").stdout.splitlines() == [
        f"stack dev can be deployed to subscription {SUBSCRIPTION}, as {PRINCIPAL}"
    ]
    assert made.read_text(encoding="utf-8") == "stack init dev --no-select --non-interactive\n"


def test_a_stack_that_cannot_be_created(setup: SetUp) -> None:
    program = setup.folder / "bin" / "pulumi"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\necho 'error: no write access' >&2\nexit 1\n")
    program.chmod(0o755)
    ended = setup.check("--init")
    assert ended.exit_code == 1
    assert ended.stderr == "error: stack dev could not be created: no write access\n"


def test_the_page_lists_the_resource_providers() -> None:
    page = (Path(__file__).parents[2] / "docs" / "getting-started.md").read_text(encoding="utf-8")
    assert tuple(re.findall(r"`(Microsoft\.\w+)`", page)) == NAMESPACES


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (None, "Pulumi.dev.yaml cannot be read: No such file or directory."),
        ("config: [", "Pulumi.dev.yaml is not a YAML file: while parsing a flow node."),
        ("encryptionsalt: v1:x", "Pulumi.dev.yaml does not have an object `config`."),
    ],
)
def test_a_stack_file_that_cannot_be_read(setup: SetUp, text: str | None, told: str) -> None:
    setup.text = text
    assert setup.problems() == [f"  stack file: {told}"]
    assert (setup.asked, setup.ran) == ([], [])


def test_a_secret_in_the_stack_file_is_not_decrypted(setup: SetUp) -> None:
    setup.config["tags"] = {"owner": {"secure": "v1:abc"}}
    assert "      1. tags is a secret. Allowed: plain values." in setup.check().stderr


def test_a_key_of_the_stack_file_needs_no_passphrase(setup: SetUp) -> None:
    del setup.environ["PULUMI_CONFIG_PASSPHRASE"]
    setup.document = {"secretsprovider": "azurekeyvault://v.vault.azure.net/keys/k", "encryptedkey": "abc"}
    assert setup.check().exit_code == 0
