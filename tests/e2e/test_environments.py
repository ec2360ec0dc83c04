"""Every committed environment through its life: up, up again, a reader, a second deployer, refresh, destroy."""

import re
from pathlib import Path

import pytest
import yaml

from tests.e2e.rehearsal import REPOSITORY, Rehearsal

IMAGES = "examples/digits/data/images"
PROTECTED = ["azure-native:keyvault:Vault", "azure-native:machinelearningservices:Workspace"]


@pytest.mark.parametrize("stack", ["dev", "staging", "prod"])
def test_the_life_of_an_environment(fresh: Rehearsal, stack: str) -> None:
    one = ("--stack", stack)
    assert fresh.pulumi("preview", *one).ok().steps != ()
    fresh.up(*one)
    grants = fresh.role_assignments()
    fresh.up(*one, "--expect-no-changes")

    before = fresh.mark()
    for principal, verb in (("reader", "preview"), ("second", "preview"), ("second", "up")):
        assert fresh.pulumi(verb, *one, "--expect-no-changes", principal=principal).ok().steps == ()
    assert fresh.writes(before) == []
    assert fresh.role_assignments() == grants

    fresh.pulumi("refresh", *one).ok()
    fresh.up(*one, "--expect-no-changes")
    invoke = ("-m", "modelops", "invoke", *one, "--input", IMAGES, "--download", "predictions")
    fresh.run("python", *invoke).ok()
    fresh.run("python", "examples/digits/grade.py", "predictions").ok()

    if stack == "prod":
        fresh.run("pulumi", "state", "unprotect", "--all", "--yes", *one).ok()
    fresh.pulumi("destroy", *one).ok()
    left = [each for each in fresh.resources() if each in grants or "/roleAssignments/" not in each]
    assert left == []
    assert fresh.changed_files() == ""


def test_a_protected_stack_is_not_removed_by_accident(fresh: Rehearsal) -> None:
    """The preview that comes before a destroy finds what is protected, so nothing is deleted at all."""
    fresh.up("--stack", "prod")
    before, there = fresh.mark(), fresh.resources()
    refused = fresh.run("pulumi", "destroy", "--stack", "prod", "--yes", "--non-interactive").failed()
    assert "it is protected" in refused.flat
    assert fresh.writes(before) == []
    assert fresh.resources() == there
    protected = sorted(each["type"] for each in fresh.state("prod")["resources"] if each.get("protect"))
    assert protected == [*PROTECTED, "azure-native:storage:StorageAccount"]


def test_the_environments_differ_in_more_than_their_names() -> None:
    def read(stack: str) -> dict[str, object]:
        text = Path(REPOSITORY / f"Pulumi.{stack}.yaml").read_text(encoding="utf-8")
        assert re.search(r"^encryptionsalt", text, re.MULTILINE) is None
        return {key.partition(":")[2]: value for key, value in yaml.safe_load(text)["config"].items()}

    dev, staging, prod = read("dev"), read("staging"), read("prod")
    differing = ("storageSku", "softDeleteDays", "logRetentionDays", "cluster", "tags", "deployer", "allowedIps")
    assert [key for key in differing if staging[key] == prod[key]] == []
    assert [key for key in ("network", "deployer", "protect") if key in dev] == []
    assert (staging["network"], prod["network"]) == ("restricted", "restricted")
    assert prod["protect"] is True
