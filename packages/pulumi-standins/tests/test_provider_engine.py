"""The stand-in under the real engine, with a program of a few resources and its own sandbox."""

import json
import os
import re
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from sandbox.testing import Sandbox

ROOT = Path(__file__).resolve().parents[3]
SECONDS = 120
GROUP = "azure-native:resources:ResourceGroup"
IDENTITY = "azure-native:managedidentity:UserAssignedIdentity"
# Resources come from a file, without the SDK's classes: importing those takes longer than the deployment.
PROGRAM = """
import json
import pulumi

made = {}
for wanted in json.load(open("wanted.json")):
    props = {"name": None}
    for name, value in wanted["props"].items():
        props[name] = made[value[1:]].name if str(value).startswith("@") else value
    class Thing(pulumi.CustomResource):
        name: pulumi.Output[str]
    options = pulumi.ResourceOptions(**wanted.get("opts", {}))
    made[wanted["name"]] = Thing(wanted["type"], wanted["name"], props, options)
pulumi.export("names", {name: thing.name for name, thing in made.items()})
"""
PROJECT = f"""
name: tiny
runtime:
  name: python
  options: {{toolchain: pip, virtualenv: {ROOT}/.venv}}
"""
CONFIG: dict[str, Any] = {"azure-native:location": "westeurope"}


class Project:
    """A separate Pulumi project in the sandbox's environment."""

    def __init__(self, folder: Path, sandbox: Sandbox) -> None:
        self.folder = folder
        self.env = {**sandbox.env, "SANDBOX_PROVIDER_TIME_SCALE": "0.01"}
        folder.mkdir()
        (folder / "Pulumi.yaml").write_text(PROJECT)
        (folder / "__main__.py").write_text(PROGRAM)
        self.run("stack", "init", "dev")
        self.configure(CONFIG)

    def configure(self, values: Mapping[str, Any]) -> None:
        """Add values to the stack's configuration."""
        path = self.folder / "Pulumi.dev.yaml"
        salt = next(line for line in path.read_text().splitlines() if line.startswith("encryptionsalt"))
        path.write_text(f"{salt}\nconfig: {json.dumps(values)}\n")

    def want(self, *resources: dict[str, Any]) -> None:
        """Make the program declare exactly these resources; `@x` is the name of the resource `x`."""
        (self.folder / "wanted.json").write_text(json.dumps(resources))

    def start(self, *arguments: str) -> "subprocess.Popen[str]":
        """Start a command in its own process group."""
        return subprocess.Popen(
            ["pulumi", *arguments, "--non-interactive"],
            cwd=self.folder,
            env=self.env,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def run(self, *arguments: str, code: int = 0) -> str:
        """Run a command to its end; it must end with `code`."""
        with self.start(*arguments) as process:
            text, _ = process.communicate(timeout=SECONDS)
        assert (process.returncode == 0) == (code == 0), text
        return text

    def up(self, *flags: str, code: int = 0) -> str:
        return self.run("up", "--yes", "--skip-preview", *flags, code=code)

    def preview(self) -> dict[str, str]:
        """What a preview would do: name -> operation, without what stays the same."""
        text = self.run("preview", "--json")
        steps = json.loads(text[text.index("{") :])["steps"]
        return {step["urn"].split("::")[-1]: step["op"] for step in steps if step["op"] != "same"}

    def state(self) -> dict[str, Any]:
        """The resources in the state by name."""
        found = json.loads(self.run("stack", "export"))["deployment"].get("resources", [])
        return {
            each["urn"].split("::")[-1]: each for each in found if each["custom"] and "providers" not in each["type"]
        }


@pytest.fixture
def project(tmp_path: Path, own_sandbox: Sandbox) -> Project:
    return Project(tmp_path / "project", own_sandbox)


def group(**props: Any) -> dict[str, Any]:
    return {"type": GROUP, "name": "rg", "props": props}


def identity(name: str = "id", opts: Mapping[str, Any] | None = None, **props: Any) -> dict[str, Any]:
    return {"type": IDENTITY, "name": name, "props": {"resourceGroupName": "@rg", **props}, "opts": opts or {}}


def live(sandbox: Sandbox) -> list[str]:
    """The ids in the sandbox that are not soft-deleted."""
    return [each["id"] for each in sandbox.control.resources() if not each.get("deleted")]


def test_a_stack_from_the_first_up_to_nothing(project: Project, own_sandbox: Sandbox) -> None:
    project.want(group(), identity(), identity("fixed", resourceName="fixed-name"))
    assert project.preview() == {"tiny-dev": "create", "rg": "create", "id": "create", "fixed": "create"}
    assert live(own_sandbox) == []
    project.up()
    first = project.state()
    assert re.fullmatch(r"id[0-9a-f]{8}", first["id"]["inputs"]["resourceName"])
    assert first["id"]["inputs"]["__createBeforeDelete"] is True
    assert first["fixed"]["inputs"] == {
        "azureApiVersion": "2023-01-31",
        "location": "westeurope",
        "resourceGroupName": first["rg"]["inputs"]["resourceGroupName"],
        "resourceName": "fixed-name",
    }
    assert first["fixed"]["outputs"]["azureApiVersion"] == "2023-01-31"
    project.up("--expect-no-changes")
    project.run("refresh", "--yes", "--skip-preview", "--expect-no-changes")

    project.want(group(), identity(tags={"a": "1"}), identity("fixed", resourceName="fixed-name"))
    assert project.preview() == {"id": "update"}
    project.up()
    assert project.state()["id"]["id"] == first["id"]["id"]

    # A made-up name: the new one is created first. A given name: the old one is deleted first.
    project.want(group(), identity(location="northeurope"), identity("fixed", resourceName="other-name"))
    text = project.up()
    events = re.findall(r"^ ?(\+\+|--|\+-)? +\S+UserAssignedIdentity (id|fixed) (\w+ \w+|\w+)", text, re.MULTILINE)
    order = [(name, what) for _, name, what in events if what in {"created replacement", "deleted original"}]
    assert order.index(("id", "created replacement")) < order.index(("id", "deleted original"))
    assert order.index(("fixed", "deleted original")) < order.index(("fixed", "created replacement"))

    project.run("destroy", "--yes", "--skip-preview")
    assert live(own_sandbox) == []


def test_what_was_deleted_or_changed_by_hand(project: Project, own_sandbox: Sandbox) -> None:
    project.want(group(), identity(tags={"a": "1"}), identity("other"))
    project.up()
    made = project.state()
    version = "2023-01-31"
    own_sandbox.arm("DELETE", made["other"]["id"], api_version=version)
    body = {"location": "westeurope", "tags": {"a": "2", "b": "3"}}
    own_sandbox.arm("PUT", made["id"]["id"], body, api_version=version)
    project.run("refresh", "--yes", "--skip-preview")
    state = project.state()
    assert "other" not in state
    assert state["id"]["inputs"]["tags"] == {"a": "2", "b": "3"}
    assert project.preview() == {"id": "update", "other": "create"}
    project.up()
    project.up("--expect-no-changes")
    assert project.state()["id"]["outputs"]["tags"] == {"a": "1"}


def test_what_exists_already_is_named_and_can_be_imported(project: Project, own_sandbox: Sandbox) -> None:
    project.want(group(resourceGroupName="mine"))
    own_sandbox.arm("PUT", "resourcegroups/mine", {"location": "westeurope"}, api_version="2024-03-01")
    text = project.up(code=1)
    arm_id = f"/subscriptions/{own_sandbox.subscription}/resourcegroups/mine"
    assert f"error: cannot create already existing resource '{arm_id}'" in text
    project.run("import", GROUP, "rg", arm_id, "--yes", "--protect=false", "--generate-code=false", "--skip-preview")
    project.up("--expect-no-changes")
    project.run("destroy", "--yes", "--skip-preview")
    assert live(own_sandbox) == []


def store() -> dict[str, Any]:
    """A storage account: its creation takes its time, so that it can be accepted and fail later."""
    props = {"resourceGroupName": "@rg", "accountName": "fixedstore1", "kind": "StorageV2"}
    return {
        "type": "azure-native:storage:StorageAccount",
        "name": "store",
        "props": {**props, "sku": {"name": "Standard_LRS"}},
    }


def test_what_was_accepted_and_failed_is_kept_and_updated_next_time(project: Project, own_sandbox: Sandbox) -> None:
    own_sandbox.control.fault(
        "operation-fail", method="PUT", path="storageAccounts", code="Broken", message="no luck", times=1
    )
    project.want(group(), store())
    text = project.up(code=1)
    assert 'Code="Broken" Message="no luck"' in text
    kept = project.state()["store"]
    assert kept["initErrors"]
    assert kept["inputs"]["accountName"] == "fixedstore1"
    assert project.preview() == {"store": "update"}
    project.up()
    assert "initErrors" not in project.state()["store"]
    project.up("--expect-no-changes")


def test_ctrl_c_while_an_accepted_operation_runs_keeps_the_resource(project: Project, own_sandbox: Sandbox) -> None:
    own_sandbox.control.fault("operation-hang", method="PUT", path="storageAccounts", times=1)
    project.want(group(), store())
    with project.start("up", "--yes", "--skip-preview") as process:
        own_sandbox.control.wait(method="PUT", path="storageAccounts")
        own_sandbox.control.wait(method="GET", path="asyncoperations|operation", count=2)
        os.killpg(process.pid, signal.SIGINT)
        text, _ = process.communicate(timeout=SECONDS)
    assert process.returncode != 0
    assert "resource created but read failed: context canceled" in text
    assert project.state()["store"]["initErrors"]
    own_sandbox.control.clear_faults()
    project.up()
    project.up("--expect-no-changes")
    assert len([each for each in live(own_sandbox) if "storageAccounts" in each]) == 1


def test_a_throttled_request_is_sent_again(project: Project, own_sandbox: Sandbox) -> None:
    fault = own_sandbox.control.fault(
        "status", method="PUT", path="userAssigned", status=429, times=2, headers={"Retry-After": "2"}
    )
    project.want(group(), identity())
    project.up()
    assert own_sandbox.control.hits(fault) == 2
    own_sandbox.control.fault(
        "status", method="PUT", path="userAssigned", status=429, times=1, headers={"Retry-After": "300"}
    )
    project.want(group(), identity(), identity("more"))
    assert "Status=429" in project.up(code=1)
    assert "more" not in project.state()
    project.up()


def test_autonaming_patterns_name_what_would_be_copied_too(project: Project) -> None:
    project.configure({**CONFIG, "pulumi:autonaming": {"pattern": "${name}-${hex(5)}x"}})
    project.want(group(), identity())
    project.up()
    name = project.state()["id"]["inputs"]["resourceName"]
    assert re.fullmatch(r"id-[0-9a-f]{5}x", name)
    project.want(group(), identity(tags={"a": "1"}))
    project.up()
    assert project.state()["id"]["inputs"]["resourceName"] == name


def test_an_answer_lost_after_the_write_is_no_second_resource(project: Project, own_sandbox: Sandbox) -> None:
    fault = own_sandbox.control.fault("reset-after", method="PUT", path="userAssigned", times=1)
    project.want(group(), identity())
    project.up()
    assert own_sandbox.control.hits(fault) == 1
    assert len([each for each in live(own_sandbox) if "userAssigned" in each]) == 1


def test_ctrl_c_in_a_request_ends_it(project: Project, own_sandbox: Sandbox) -> None:
    own_sandbox.control.fault("delay", method="PUT", path="userAssigned", seconds=30)
    project.want(group(), identity("fixed", resourceName="fixed-name"))
    with project.start("up", "--yes", "--skip-preview") as process:
        own_sandbox.control.wait(method="PUT", path="userAssigned", finished=False)
        os.killpg(process.pid, signal.SIGINT)
        text, _ = process.communicate(timeout=SECONDS)
    assert process.returncode != 0
    assert "context canceled" in text
    assert "fixed" not in project.state()
