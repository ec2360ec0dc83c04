"""What the sandbox reads out of a `pulumi` command line and of a stack's state: what was lost, what is protected."""

import json
import os
import shlex
import socket
from pathlib import Path

import pytest

from sandbox.__main__ import main
from sandbox.azure.arm.origin import Origin
from sandbox.azure.arm.origin import remember as remember_origin
from sandbox.azure.arm.store import Store
from sandbox.azure.arm.types import IDENTITY, REGISTRY, VAULT, WORKSPACE
from sandbox.azure.authorization.evaluation import ASSIGNMENT
from sandbox.commands import built, inventory, lifecycle, recovery
from sandbox.commands.stacks import PulumiCommand, checkpoint
from sandbox.home import Home

ACCOUNTS = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Storage/storageAccounts"
PREFIX = "urn:pulumi:dev::proj"
COMPONENT = "azureml-batch:index:MlWorkspace"
ACCOUNT = "azure-native:storage:StorageAccount"


@pytest.mark.parametrize(
    ("line", "words", "stack", "folder"),
    [
        ("pulumi up --stack prod --yes", ("up",), "prod", None),
        ("pulumi up --stack=prod", ("up",), "prod", None),
        ("pulumi -C infra up -s prod", ("up",), "prod", "infra"),
        ("/x/bin/pulumi --cwd=infra --color never stack output name", ("stack", "output", "name"), None, "infra"),
        ("pulumi config set key -- --stack", ("config", "set", "key"), None, None),
    ],
)
def test_a_pulumi_command_line(line: str, words: tuple[str, ...], stack: str | None, folder: str | None) -> None:
    command = PulumiCommand.parse(shlex.split(line))
    assert command is not None
    assert (command.words, command.stack, command.folder) == (words, stack, folder)


@pytest.mark.parametrize("line", ["", "make up", "python -m pulumi"])
def test_other_commands_are_not_pulumis(line: str) -> None:
    assert PulumiCommand.parse(shlex.split(line)) is None


@pytest.mark.parametrize(
    ("line", "rewrites", "edits"),
    [
        ("pulumi stack init dev", True, False),
        ("pulumi stack rm dev --yes", True, False),
        ("pulumi stack output --json", False, False),
        ("pulumi stack", False, False),
        ("pulumi config set a 1", False, True),
        ("pulumi config set --secret a 1", False, False),
        ("pulumi config get a", False, False),
        ("pulumi config", False, False),
    ],
)
def test_which_commands_touch_the_stack_file(line: str, rewrites: bool, edits: bool) -> None:
    command = PulumiCommand.parse(shlex.split(line))
    assert command is not None
    assert (command.rewrites_stack_file, command.edits_plain_config) == (rewrites, edits)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A sandbox that was never started: a stack with two components and an account, a store with three accounts."""
    home = Home(tmp_path)
    states = [
        {"urn": f"{PREFIX}::{COMPONENT}::ml", "type": COMPONENT},
        {"urn": f"{PREFIX}::{COMPONENT}::ml-two", "type": COMPONENT},
        {"urn": f"{PREFIX}::{COMPONENT}${ACCOUNT}::ml-storage", "type": ACCOUNT, "id": f"{ACCOUNTS}/KNOWN"},
    ]
    checkpoint = home.backend / ".pulumi" / "stacks" / "proj" / "dev.json"
    checkpoint.parent.mkdir(parents=True)
    checkpoint.write_text(json.dumps({"version": 3, "checkpoint": {"latest": {"resources": states}}}))
    with Store(home.store) as store:
        for name in ("known", "lost", "no-programs"):
            store.put(f"{ACCOUNTS}/{name}", "Microsoft.Storage/storageAccounts", {})
        origin = Origin(f"{PREFIX}::{COMPONENT}${ACCOUNT}::ml-storage", False, "2024-01-01", 1)
        remember_origin(store, f"{ACCOUNTS}/known", origin)
    return home


def remember(home: Home, name: str, *, random: bool = False) -> inventory.Orphan:
    with Store(home.store) as store:
        urn = f"{PREFIX}::{COMPONENT}${ACCOUNT}::{name}"
        remember_origin(store, f"{ACCOUNTS}/lost", Origin(urn, random, "2024-01-01", 2))
    (orphan,) = inventory.orphans(home)
    return orphan


def test_a_state_without_gaps_has_no_orphans(home: Home) -> None:
    assert inventory.orphans(home) == []


def test_a_lost_resource_with_a_fixed_name_can_be_imported_below_its_parent(home: Home) -> None:
    orphan = remember(home, "ml-two-storage")
    assert shlex.split(orphan.import_command)[1:] == [
        *("-m", "sandbox", "run", "--", "pulumi", "import", ACCOUNT, "ml-two-storage", f"{ACCOUNTS}/lost"),
        *("--parent", f"ml-two={PREFIX}::{COMPONENT}::ml-two"),
        *("--protect=false", "--generate-code=false", "--yes", "--stack", "dev"),
    ]
    assert [line.split(":")[0].strip() for line in orphan.lines()[1:]] == ["keep it", "delete it"]


def test_a_lost_resource_with_a_random_name_can_only_be_deleted(home: Home) -> None:
    orphan = remember(home, "ml-two-storage", random=True)
    assert [line.split(":")[0].strip() for line in orphan.lines()[1:]] == ["delete it"]
    assert shlex.split(orphan.delete_command)[1:] == ["-m", "sandbox", "delete", f"{ACCOUNTS}/lost"]


def test_a_lost_resource_whose_place_in_the_state_is_taken_can_only_be_deleted(home: Home) -> None:
    assert remember(home, "ml-storage").has_random_name


PROTECTED = [
    {"urn": f"{PREFIX}::{COMPONENT}::ml", "type": COMPONENT},
    {"urn": f"{PREFIX}::{COMPONENT}${ACCOUNT}::ml-storage", "type": ACCOUNT, "protect": True},
    {"urn": f"{PREFIX}::{COMPONENT}$azure-native:keyvault:Vault::a-vault", "type": "azure-native:keyvault:Vault"}
    | {"protect": True},
    {"urn": f"{PREFIX}::{COMPONENT}${ACCOUNT}::ml-other", "type": ACCOUNT, "protect": False},
]


def test_what_is_protected_is_listed_by_name() -> None:
    assert recovery.protected({"resources": PROTECTED}) == [
        "a-vault (azure-native:keyvault:Vault)",
        f"ml-storage ({ACCOUNT})",
    ]
    assert recovery.protected({"resources": PROTECTED[:1]}) == []
    assert recovery.protected({}) == []


@pytest.mark.parametrize(
    ("kinds", "verbs"),
    [
        (["deleting"], ["cancel"]),
        (["deleting", "creating"], ["cancel", "refresh"]),
        (["updating"], ["cancel", "refresh"]),
    ],
)
def test_what_was_being_deleted_needs_no_refresh(tmp_path: Path, kinds: list[str], verbs: list[str]) -> None:
    """A refresh stops at a role assignment that a killed `destroy` has deleted and the state still has."""
    home = Home(tmp_path)
    lock = home.backend / ".pulumi" / "locks" / "organization" / "tiny" / "dev" / "lock.json"
    lock.parent.mkdir(parents=True)
    # No process has this id: Linux allows 2^22 at most.
    lock.write_text(json.dumps({"pid": 2**22 + 1, "hostname": socket.gethostname()}))
    operations = [{"type": kind, "resource": {"urn": f"{PREFIX}::{ACCOUNT}::{kind}"}} for kind in kinds]
    file = checkpoint(home, "tiny", "dev")
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps({"checkpoint": {"latest": {"pending_operations": operations}}}))
    assert [command[1] for command in recovery.recover(home, "tiny", "dev")] == verbs


def test_a_stack_that_was_never_deployed_is_removable(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SANDBOX_HOME", str(tmp_path))
    assert main(["removable", "--stack", "prod"]) == 0


def test_a_protected_stack_is_not_removable(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SANDBOX_HOME", str(tmp_path))
    checkpoint = Home(tmp_path).backend / ".pulumi" / "stacks" / "azureml-batch-endpoint" / "prod.json"
    checkpoint.parent.mkdir(parents=True)
    checkpoint.write_text(json.dumps({"version": 3, "checkpoint": {"latest": {"resources": PROTECTED}}}))
    with pytest.raises(SystemExit) as refused:
        main(["removable", "--stack", "prod"])
    assert str(refused.value) == (
        "sandbox: stack 'prod' has protected resources, so nothing was deleted and the sandbox keeps running:\n"
        "  a-vault (azure-native:keyvault:Vault)\n"
        f"  ml-storage ({ACCOUNT})\n"
        "To remove them anyway, remove the protection first; the next `up` restores it:\n"
        f"  {inventory.python()} -m sandbox run -- pulumi state unprotect --all --yes --stack prod\n"
        f"  {inventory.python()} -m sandbox run -- pulumi destroy --yes --skip-preview --stack prod"
    )
    assert main(["removable", "--stack", "dev"]) == 0


def test_status_says_whether_the_package_index_is_used_and_what_was_built(tmp_path: Path) -> None:
    home = Home(tmp_path)
    for name, python, used in (("aa", "3.8.18", 0), ("bb", "3.10.13", 86400), (".building-cc", "3.9.1", 1)):
        about = home.environments / name / "environment.json"
        about.parent.mkdir(parents=True)
        about.write_text(json.dumps({"python": python}), encoding="utf-8")
        os.utime(about, (used, used))
    assert list(built.lines(home, uses_index=True)) == [
        "Package index: uv builds conda files, through your index settings (SANDBOX_OFFLINE=1 turns this off)",
        f"Environments: 2 in '{home.environments}' (python -m sandbox reset removes them)",
        "  bb  Python 3.10.13, last used 1970-01-02",
        "  aa  Python 3.8.18, last used 1970-01-01",
    ]
    assert list(built.lines(Home(tmp_path / "none"), uses_index=False)) == [
        "Package index: not used (SANDBOX_OFFLINE is set); jobs run in the sandbox's own environment"
    ]


@pytest.mark.parametrize(("value", "used"), [(None, True), ("", True), ("0", True), ("1", False), ("true", False)])
def test_which_values_turn_the_package_index_off(value: str | None, used: bool) -> None:
    assert lifecycle.uses_index({} if value is None else {"SANDBOX_OFFLINE": value}) is used


def test_the_sandbox_keeps_running_while_a_stack_has_resources_in_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    home = Home(tmp_path)
    stopped: list[Home] = []

    def stop(each: Home) -> bool:
        stopped.append(each)
        return True

    monkeypatch.setenv("SANDBOX_HOME", str(tmp_path))
    monkeypatch.setattr(lifecycle, "stop", stop)
    folder = home.backend / ".pulumi" / "stacks" / "proj"
    folder.mkdir(parents=True)
    own = [{"type": "pulumi:pulumi:Stack"}, {"type": "pulumi:providers:azure-native"}]
    for stack, resources in {"dev": [*own, {"type": ACCOUNT}], "new": own, "gone": None}.items():
        (folder / f"{stack}.json").write_text(json.dumps({"checkpoint": {"latest": {"resources": resources}}}))
    assert inventory.deployed(home) == ["dev"]
    assert main(["stop", "--if-unused"]) == 0
    assert (stopped, capsys.readouterr().out) == ([], "sandbox: keeps running, because it holds the stacks dev\n")
    (folder / "dev.json").unlink()
    assert main(["stop", "--if-unused"]) == 0
    assert (stopped, capsys.readouterr().out) == ([home], "sandbox: stopped\n")


def fill(home: Home) -> None:
    """Make a registry that a cluster's identity may read, two versions of a model, and a vault that is soft-deleted."""
    group = "/subscriptions/s/resourceGroups/g"
    identity = f"{group}/providers/{IDENTITY}/aml-identity"
    workspace = f"{group}/providers/{WORKSPACE}/ws"
    registry = f"{group}/providers/{REGISTRY}/acr"
    using = {"type": "UserAssigned", "userAssignedIdentities": {identity: {}}}
    pull = "7f951dda-4ed3-4680-a7ca-43fe172d538d"
    with Store(home.store) as store:
        store.put(registry, REGISTRY, {})
        store.put(identity, IDENTITY, {"properties": {"principalId": "P1"}})
        store.put(workspace, WORKSPACE, {})
        store.put(f"{workspace}/computes/cpu", f"{WORKSPACE}/computes", {"identity": using})
        store.put(f"{workspace}/models/m", f"{WORKSPACE}/models", {})
        for version in ("1", "2"):
            store.put(f"{workspace}/models/m/versions/{version}", f"{WORKSPACE}/models/versions", {})
        default = {"properties": {"defaults": {"deploymentName": "blue"}}}
        store.put(f"{workspace}/batchEndpoints/e", f"{WORKSPACE}/batchEndpoints", default)
        store.put(f"{workspace}/batchEndpoints/e/deployments/blue", f"{WORKSPACE}/batchEndpoints/deployments", {})
        for who, scope, condition in (("p1", registry, None), ("nobody", group, "@Resource[...]")):
            properties = {"principalId": who, "roleDefinitionId": f"/{pull}", "scope": scope, "condition": condition}
            store.put(f"{scope}/providers/{ASSIGNMENT}/{who}", ASSIGNMENT, {"properties": properties})
        store.put(f"{group}/providers/{VAULT}/kv", VAULT, {})
        store.soft_delete(f"{group}/providers/{VAULT}/kv")


def test_status_groups_by_kind_and_names_roles_by_who_and_where(
    home: Home, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(home)
    home.prepare()
    monkeypatch.setenv("SANDBOX_HOME", str(home.root))
    assert main(["status"]) == 0
    assert capsys.readouterr().out.partition("Resources: 15\n")[2].splitlines() == [
        "In g:",
        "  workspace               ws",
        "  endpoint                e (default blue)",
        "  deployment              blue",
        "  cluster                 cpu",
        "  model                   m:1, m:2",
        "  storage account         known, lost, no-programs",
        "  registry                acr",
        "  identity                aml-identity",
        "  soft-deleted            vault kv",
        "Roles:",
        "  AcrPull: compute identity -> registry",
        "  AcrPull: nobody -> g (with a condition)",
    ]


def test_status_for_programs_has_ids_roles_and_what_was_lost(
    home: Home, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(home)
    remember(home, "ml-two-storage")
    home.prepare()
    monkeypatch.setenv("SANDBOX_HOME", str(home.root))
    assert main(["status", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["home"], told["process"], len(told["resources"])) == (str(home.root), None, 15)
    assert [each["name"] for each in told["resources"] if each["softDeleted"]] == ["kv"]
    pull = {"role": "AcrPull", "principal": "compute identity", "scopes": ["registry"], "hasCondition": False}
    assert told["roles"][0] == pull
    assert told["lost"] == [{"id": f"{ACCOUNTS}/lost", "urn": f"{PREFIX}::{COMPONENT}${ACCOUNT}::ml-two-storage"}]


def test_status_all_has_a_line_for_each_resource(
    home: Home, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(home)
    home.prepare()
    monkeypatch.setenv("SANDBOX_HOME", str(home.root))
    assert main(["status", "--all"]) == 0
    rows = capsys.readouterr().out.partition("Resources: 15\n")[2].splitlines()
    assert len(rows) == 15
    assert rows[-1].split() == [VAULT, "kv", "g", "(soft-deleted)"]
