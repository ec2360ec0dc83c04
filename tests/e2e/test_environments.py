"""Every committed environment through its life: preview, up, reader, second deployer, a change, refresh, down.

Preview, first `up` and removal go through the Makefile, so with the policy pack and the stack's own levels of it.
"""

import re
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from tests.e2e.commands import KEPT, Step, until
from tests.e2e.rehearsal import MARKER, REPOSITORY, SCORED, Rehearsal

RELEASE = (Step("update", MARKER, "digits-marker"),)
PROTECTED = [
    "azure-native:keyvault:Vault",
    "azure-native:machinelearningservices:Workspace",
    "azure-native:storage:StorageAccount",
]


Check = Callable[[Rehearsal, str], None]


def _checked(stack: str) -> tuple[str, ...]:
    """Return the options with which `make` has a stack checked by the policy pack."""
    levels = REPOSITORY / "policy" / f"{stack}.json"
    return ("--policy-pack", "policy", *(("--policy-pack-config", f"policy/{stack}.json") if levels.exists() else ()))


def _a_readers_preview_of_a_changed_model(fresh: Rehearsal, stack: str) -> None:
    """It shows what the release would do, and nothing is written."""
    old = fresh.outputs(stack)["endpoints"]["digits"]["default"]
    fresh.change_one_byte_of_the_model()
    before = fresh.mark()
    preview = fresh.pulumi("preview", "--stack", stack, principal="reader").ok()
    assert preview.steps == RELEASE
    assert re.search(rf"default {old} -> mlp-[0-9a-f]{{8}} .*register model digits-mlp ", preview.flat), preview.flat
    assert fresh.writes(before) == []


def _the_second_deployer_releases_too(fresh: Rehearsal, stack: str) -> None:
    """The stack file names a group, and both are in it."""
    assert fresh.pulumi("up", "--stack", stack, principal="second").ok().steps == RELEASE


def _only_the_first_deployer_releases(fresh: Rehearsal, stack: str) -> None:
    """The stack file has no deployer, so the first one keeps the role; the other waits and gets a message."""
    running = fresh.begin("up", "--stack", stack, principal="second")
    events = running.events
    assert events is not None
    until(lambda: events.exists() and "waiting for role" in events.read_text(encoding="utf-8"), "it to be told")
    running.interrupt()
    stopped = running.wait().failed()
    (storage,) = fresh.of_kind("storageAccounts")
    assert f"waiting for role Storage Blob Data Contributor on storage account {storage}" in stopped.flat
    assert "the default is unchanged" in stopped.flat
    assert fresh.up("--stack", stack).steps == RELEASE


def _is_removed(fresh: Rehearsal, stack: str) -> None:
    fresh.make("down", f"STACK={stack}").ok()
    fresh.start_server()


def _is_protected(fresh: Rehearsal, stack: str) -> None:
    """Neither `make down` nor a destroy that begins with a preview deletes anything before that."""
    before, there, state = fresh.mark(), fresh.resources(), fresh.state(stack)
    refused = fresh.make("down", f"STACK={stack}").failed()
    by_pulumi = fresh.run("pulumi", "destroy", "--stack", stack, "--yes", "--non-interactive").failed()
    assert "it is protected" in by_pulumi.flat
    assert fresh.writes(before) == []
    assert (fresh.resources(), fresh.state(stack)) == (there, state)
    assert sorted(each["type"] for each in state["resources"] if each.get("protect")) == PROTECTED

    assert refused.out == ""
    *told, unprotect, down, made = refused.err.splitlines()
    assert told[0] == (
        f"sandbox: stack '{stack}' has protected resources, so nothing was deleted and the sandbox keeps running:"
    )
    assert sorted(re.findall(r"\((azure-native:[^)]+)\)$", "\n".join(told), re.MULTILINE)) == PROTECTED
    assert made.startswith("make: *** ")
    fresh.start(*shlex.split(unprotect)).wait().ok()
    destroy = ["-m", "sandbox", "run", "--", "pulumi", "destroy", "--yes", "--skip-preview", "--stack", stack]
    assert shlex.split(down)[1:] == destroy
    _is_removed(fresh, stack)


@pytest.mark.parametrize(
    ("stack", "release", "end"),
    [
        pytest.param("dev", _only_the_first_deployer_releases, _is_removed, marks=pytest.mark.long(part="series")),
        pytest.param("staging", _the_second_deployer_releases_too, _is_removed, marks=pytest.mark.long(part="series")),
        ("prod", _the_second_deployer_releases_too, _is_protected),
    ],
    ids=["dev", "staging", "prod"],
)
def test_the_life_of_an_environment(fresh: Rehearsal, stack: str, release: Check, end: Check) -> None:
    one, own = ("--stack", stack), f"STACK={stack}"
    if stack == "prod":  # its policy refuses deployments without a try-out
        fresh.restore_try_outs()
    preview = fresh.make("preview", own).ok()
    assert preview.verdict == KEPT
    assert "can't run policy" not in preview.text
    assert re.search(r"\+ \d+ to create", preview.out)
    assert fresh.writes() == []
    up = fresh.make("up", own).ok()
    assert "policies: azureml-batch@v0.1.0, all kept" in up.out.splitlines()
    assert SCORED in up.out.splitlines()
    grants = fresh.role_assignments()
    assert fresh.up(*one, *_checked(stack), "--expect-no-changes").verdict == KEPT

    before = fresh.mark()
    assert fresh.pulumi("up", *one, "--expect-no-changes", principal="second").ok().steps == ()
    assert fresh.writes(before) == []

    _a_readers_preview_of_a_changed_model(fresh, stack)
    release(fresh, stack)
    assert fresh.role_assignments() == grants
    assert sorted(fresh.of_kind("models/versions")) == ["1", "2"]

    fresh.pulumi("refresh", *one).ok()
    fresh.up(*one, "--expect-no-changes")
    end(fresh, stack)
    left = [each for each in fresh.resources() if each in grants or "/roleAssignments/" not in each]
    assert left == []
    assert fresh.changed_files() == " M examples/digits/model/model.onnx\n"


def test_the_environments_differ_in_more_than_their_names() -> None:
    assert sorted(file.name for file in REPOSITORY.glob("Pulumi.*.yaml")) == [
        "Pulumi.dev.yaml",
        "Pulumi.parquet.yaml",
        "Pulumi.prod.yaml",
        "Pulumi.staging.yaml",
        "Pulumi.tabular.yaml",
    ]

    def read(stack: str) -> dict[str, object]:
        text = Path(REPOSITORY / f"Pulumi.{stack}.yaml").read_text(encoding="utf-8")
        assert re.search(r"^encryptionsalt", text, re.MULTILINE) is None
        return dict(yaml.safe_load(text)["config"])

    dev, staging, prod = read("dev"), read("staging"), read("prod")
    differing = ("storageSku", "softDeleteDays", "logRetentionDays", "cluster", "tags", "deployer", "allowedIps")
    assert [key for key in differing if staging[key] == prod[key]] == []
    assert [key for key in ("network", "deployer", "protect") if key in dev] == []
    assert (staging["network"], prod["network"]) == ("restricted", "restricted")
    assert prod["protect"] is True
