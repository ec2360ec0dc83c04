"""Stacks of the sandbox's own backend, with the real engine and a tiny program; about 15 s.

Proves that a rehearsal leaves the project folder as it was and that leftovers of a killed process are named and fixed.
Says nothing about this repository's own program (tests/e2e does).
"""

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.azure.arm import disk
from sandbox.commands import lifecycle
from sandbox.commands.damage import repair
from sandbox.commands.stacks import Project, StackError
from sandbox.home import Home
from sandbox.testing import Sandbox, started

PROGRAM = """
import pulumi
from pulumi_azure_native import managedidentity, resources


class Team(pulumi.ComponentResource):
    def __init__(self, name: str) -> None:
        super().__init__("test:index:Team", name)
        child = pulumi.ResourceOptions(parent=self)
        group = resources.ResourceGroup(f"{name}-group", resource_group_name="fixed", opts=child)
        managedidentity.UserAssignedIdentity(f"{name}-identity", resource_group_name=group.name, opts=child)
        self.register_outputs({})


Team("team")
pulumi.export("password", pulumi.Config().get_secret("password"))
"""
STACK_FILE = """# a comment that must stay
encryptionsalt: v1:of-the-real-backend
config:
  azure-native:location: westeurope
  tiny:password:
    secure: v1:only-the-real-backend-reads-this
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    runtime = f"{{name: python, options: {{toolchain: pip, virtualenv: {sys.prefix}}}}}"
    (folder / "Pulumi.yaml").write_text(f"name: tiny\nruntime: {runtime}\n")
    (folder / "Pulumi.dev.yaml").write_text(STACK_FILE)
    (folder / "__main__.py").write_text(PROGRAM)
    return folder


@pytest.fixture
def rehearsed(tmp_path: Path) -> Iterator[Sandbox]:
    with started(tmp_path / "home") as handle:
        yield handle


def sandbox_command(*words: str) -> list[str]:
    return [sys.executable, "-m", "sandbox", *words]


def environment(handle: Sandbox) -> dict[str, str]:
    own = {"SANDBOX_HOME": str(handle.home.root), "SANDBOX_PROVIDER_TIME_SCALE": "0.001"}
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PULUMI_", "AZURE_", "ARM_"))}
    return kept | own


def call(handle: Sandbox, project: Path, *words: str, code: int = 0) -> str:
    """Run a sandbox command in the project's folder; return everything that it printed."""
    result = subprocess.run(
        sandbox_command(*words),
        cwd=project,
        env=environment(handle),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=240,
    )
    assert result.returncode == code, result.stdout
    # "using pulumi-resource-azure-native from $PATH": the engine warns of every plug-in and language host found there.
    assert "from $PATH" not in result.stdout
    return result.stdout


def up(handle: Sandbox, project: Path, *, code: int = 0) -> str:
    words = ("pulumi", "up", "--yes", "--skip-preview", "--non-interactive", "--color", "never")
    return call(handle, project, "run", "--", *words, code=code)


def stack_file(project: Path) -> str:
    return (project / "Pulumi.dev.yaml").read_text()


def test_a_rehearsal_leaves_the_project_as_it_was(rehearsed: Sandbox, project: Path) -> None:
    files = sorted(project.iterdir())
    up(rehearsed, project)
    password = call(rehearsed, project, "run", "--", "pulumi", "stack", "output", "--show-secrets", "password")
    assert password.strip() == "sandbox placeholder for tiny:password"
    call(rehearsed, project, "run", "--", "pulumi", "stack", "init", "other")
    call(rehearsed, project, "run", "--", "pulumi", "destroy", "--yes", "--skip-preview", "--non-interactive")
    refusal = call(rehearsed, project, "run", "--", "pulumi", "destroy", "--remove", "--yes", code=1)
    assert "`pulumi destroy --remove` would delete the repository's stack file" in refusal
    call(rehearsed, project, "run", "--", "pulumi", "stack", "rm", "dev", "--yes")
    assert stack_file(project) == STACK_FILE
    assert [file for file in sorted(project.iterdir()) if file.name != "__pycache__"] == files


def test_plain_configuration_goes_into_the_committed_file_and_secrets_do_not(rehearsed: Sandbox, project: Path) -> None:
    call(rehearsed, project, "run", "--", "pulumi", "config", "set", "size", "3")
    assert stack_file(project) == STACK_FILE + '  tiny:size: "3"\n'
    call(rehearsed, project, "run", "--", "pulumi", "config", "set", "--secret", "key", "hidden")
    assert stack_file(project) == STACK_FILE + '  tiny:size: "3"\n'
    assert call(rehearsed, project, "run", "--", "pulumi", "config", "get", "key").strip() == "hidden"
    assert call(rehearsed, project, "run", "--", "pulumi", "config", "get", "size").strip() == "3"


def test_a_lost_answer_is_listed_and_the_printed_import_mends_it(rehearsed: Sandbox, project: Path) -> None:
    rehearsed.control.fault("kill-after", method="PUT", path="/resourcegroups/fixed$")
    up(rehearsed, project, code=1)
    assert "cannot create already existing resource" in up(rehearsed, project, code=1)
    lost = call(rehearsed, project, "status", "--lost")
    line = re.search(r"keep it: +(.*)", lost)
    assert line is not None, lost
    call(rehearsed, project, *shlex.split(line[1])[3:])
    up(rehearsed, project)
    assert call(rehearsed, project, "status", "--lost") == ""


def test_an_orphan_with_a_random_name_is_deleted_by_the_printed_command(rehearsed: Sandbox, project: Path) -> None:
    rehearsed.control.fault("kill-after", method="PUT", path="/userassignedidentities/team-identity")
    up(rehearsed, project, code=1)
    lifecycle.start(rehearsed.home)
    up(rehearsed, project)
    lost = call(rehearsed, project, "status", "--lost")
    assert "keep it" not in lost
    line = re.search(r"delete it: +(.*)", lost)
    assert line is not None, lost
    call(rehearsed, project, *shlex.split(line[1])[3:])
    assert call(rehearsed, project, "status", "--lost") == ""
    identities = [each for each in rehearsed.control.resources() if "userAssignedIdentities" in each["type"]]
    assert len(identities) == 1


def test_recover_after_the_engine_was_killed(rehearsed: Sandbox, project: Path) -> None:
    assert call(rehearsed, project, "recover", "--stack", "dev") == ""
    before = rehearsed.control.sequence()
    rehearsed.control.fault("delay", method="PUT", path="/resourcegroups/fixed$", seconds=600)
    words = ("run", "--", "pulumi", "up", "--yes", "--skip-preview", "--non-interactive")
    with subprocess.Popen(
        sandbox_command(*words),
        cwd=project,
        env=environment(rehearsed),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as engine:
        rehearsed.control.wait(method="PUT", path="/resourcegroups/fixed$", after=before, finished=False)
        # While the engine lives, the lock is its own.
        assert call(rehearsed, project, "recover", "--stack", "dev") == ""
        os.kill(engine.pid, signal.SIGKILL)
    rehearsed.control.clear_faults()
    rehearsed.control.wait(method="PUT", path="/resourcegroups/fixed$", after=before)
    told = call(rehearsed, project, "recover", "--stack", "dev").splitlines()
    assert [line.split("`")[1].split()[:2] for line in told] == [["pulumi", "cancel"], ["pulumi", "refresh"]]
    assert call(rehearsed, project, "recover", "--stack", "dev") == ""
    # The request in flight went through: the group exists, and only the user can say that it is this stack's.
    assert "cannot create already existing resource" in up(rehearsed, project, code=1)


CUT = "the state of stack 'dev' was cut off after 300 bytes; restored the copy of "
EMPTY = "the state of stack 'dev' was empty; restored the copy of "
DAMAGES = {
    # What a full disk has left of a stack under the engine 3.276.0, and the beginning of what is said.
    "empty state": ({"state": 0, "bak": 0}, [EMPTY, "pulumi refresh"]),
    "cut state": ({"state": 300}, [CUT, "pulumi refresh"]),
    "cut state and copies": ({"state": 300, "bak": 8, "history": 0}, [CUT, "pulumi refresh"]),
    "empty meta": ({"meta": 0}, ["meta.yaml' was damaged; wrote it again"]),
    "cut stack file": ({"stack file": 30}, ["Pulumi.dev.yaml' was damaged and is now 'Pulumi.dev.yaml.damaged'"]),
    "empty lock": ({"lock": 0}, ["pulumi cancel"]),
    "all": ({"state": 0, "meta": 3, "stack file": 9, "lock": 7}, ["meta", "Pulumi.dev", EMPTY, "cancel", "refresh"]),
}


def damage(home: Home, sizes: dict[str, int]) -> None:
    """Cut files of a stack off."""
    root = home.backend / ".pulumi"
    lock = root / "locks" / "organization" / "tiny" / "dev" / "a.json"
    state = root / "stacks" / "tiny" / "dev.json"
    files = {
        "state": [state],
        "bak": [state.with_name("dev.json.bak")],
        "history": list((root / "history" / "tiny" / "dev").glob("*.checkpoint.json")),
        "meta": [root / "meta.yaml"],
        "stack file": [home.stacks / "tiny" / "Pulumi.dev.yaml"],
        "lock": [lock],
    }
    if "lock" in sizes:
        lock.parent.mkdir(parents=True, exist_ok=True)
        lock.write_text('{"pid": 1, "username"')
    for name, size in sizes.items():
        assert files[name]
        for file in files[name]:
            file.write_bytes(file.read_bytes()[:size])


ALWAYS = ("empty state", "all")
SERIES = [pytest.param(kind, marks=pytest.mark.long(part="kills")) for kind in DAMAGES if kind not in ALWAYS]


@pytest.mark.parametrize("kind", [*ALWAYS, *SERIES])
def test_recover_brings_back_what_a_full_disk_has_emptied(rehearsed: Sandbox, project: Path, kind: str) -> None:
    up(rehearsed, project)
    sizes, expected = DAMAGES[kind]
    damage(rehearsed.home, sizes)
    if sizes.keys() & {"state"}:
        refused = call(rehearsed, project, "run", "--", "pulumi", "preview", code=1)
        assert "the state of stack 'dev' is damaged, as a full disk leaves it: '" in refused
        assert refused.endswith(" -m sandbox recover --stack dev\n")
    told = call(rehearsed, project, "recover", "--stack", "dev")
    said = [line for line in told.splitlines() if line.startswith("sandbox: ")]
    assert len(said) == len(expected) + bool(sizes.keys() & {"state"})
    assert [part for part, line in zip(expected, said, strict=False) if part not in line] == []
    assert call(rehearsed, project, "recover", "--stack", "dev") == ""
    assert call(rehearsed, project, "status", "--lost") == ""
    assert "4 unchanged" in up(rehearsed, project)


def test_a_state_without_any_copy_is_put_aside_and_what_exists_is_listed(rehearsed: Sandbox, project: Path) -> None:
    up(rehearsed, project)
    damage(rehearsed.home, {"state": 300, "bak": 0, "history": 0})
    backend = rehearsed.home.backend / ".pulumi"
    shutil.rmtree(backend / "backups")
    state = backend / "stacks" / "tiny" / "dev.json"
    told = call(rehearsed, project, "recover", "--stack", "dev")
    assert told.startswith(
        "sandbox: the state of stack 'dev' was cut off after 300 bytes, and there is no copy of it. It is in"
        f" '{state}.damaged' now, and the stack starts without resources. List those that exist,"
    )
    assert (state.exists(), state.with_name("dev.json.damaged").stat().st_size) == (False, 300)
    lost = call(rehearsed, project, "status", "--lost")
    assert lost.count("delete it: ") == 2


def test_recover_changes_nothing_while_the_disk_is_still_full(
    rehearsed: Sandbox, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    up(rehearsed, project)
    damage(rehearsed.home, {"state": 0})
    monkeypatch.setattr(disk, "LEAST_BYTES", 1 << 60)
    with pytest.raises(OSError, match="No space left"):
        repair(rehearsed.home, "tiny", "dev")
    assert (rehearsed.home.backend / ".pulumi" / "stacks" / "tiny" / "dev.json").read_bytes() == b""


@pytest.mark.parametrize("content", ["name: 2026\n", "runtime: python\n"], ids=["a number", "none"])
def test_a_project_without_a_name_that_is_a_text(content: str, tmp_path: Path) -> None:
    """Pulumi refuses both, too; a name is a text of letters, digits, hyphens, underscores and periods for it."""
    (tmp_path / "Pulumi.yaml").write_text(content)
    with pytest.raises(StackError) as caught:
        Project.find(tmp_path)
    assert str(caught.value) == (
        f"'{tmp_path / 'Pulumi.yaml'}' has no project name that is a text. Allowed: letters, digits, hyphens, "
        "underscores and periods; a number in quotes."
    )
