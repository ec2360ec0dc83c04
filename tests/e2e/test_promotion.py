"""The bytes that dev serves go to staging and on to prod through a registry, with the registry's role and no other.

The deployer has the documented roles on one resource group. What is uploaded is read from the journal.
"""

import re
import shutil
from typing import Any

import pytest

from components import roles
from tests.e2e.profiles import IN_BOTH_PROFILES
from tests.e2e.rehearsal import Rehearsal
from tests.e2e.test_least_privilege import CONDITION, Deployer

REGISTRY_USER = roles.Role("AzureML Registry User", "1823dd4f-9b8c-4ab6-ab4e-7397a3684615")
LINE = "model: {registry: ours, name: digits-mlp, version: 1}"
IN_SANDBOX = ".venv/bin/python -m sandbox run --as nobody -- "


@pytest.fixture(name="deployer")
def _deployer(fresh: Rehearsal) -> Deployer:
    """Two stacks of one group, dev and staging, whose try-outs are those of the repository."""
    deployer = Deployer(fresh)
    fresh.restore_try_outs()
    for role in (roles.CONTRIBUTOR, roles.IDENTITY_OPERATOR):
        deployer.grant(role)
    deployer.grant(roles.RBAC_ADMINISTRATOR, condition=CONDITION, conditionVersion="2.0")

    def configure(config: dict[str, Any]) -> None:
        config["resourceGroup"] = "theirs"

    fresh.configure(configure)
    shutil.copy(fresh.folder / "Pulumi.dev.yaml", fresh.folder / "Pulumi.staging.yaml")
    return deployer


def _uploads(rehearsal: Rehearsal, after: int) -> list[str]:
    return [each for each in rehearsal.writes(after) if "model.onnx" in each or each.endswith("/import")]


@IN_BOTH_PROFILES
def test_what_was_tried_in_dev_serves_in_staging_and_goes_to_prod(
    fresh: Rehearsal, deployer: Deployer, profile: str
) -> None:
    fresh.stop()
    fresh.start_server(profile)
    fresh.python("-m", "sandbox", "registry", "create", "ours").ok()
    (registry,) = (each for each in fresh.resources() if each.endswith("/registries/ours"))
    fresh.pulumi("up", "--stack", "dev", principal="nobody").ok()

    promote = ("python", "-m", "modelops", "promote", "--from", "dev", "--to", "staging")
    before, file = fresh.mark(), fresh.folder / "Pulumi.staging.yaml"
    text = file.read_text(encoding="utf-8")
    missing = fresh.run(*promote, "--registry", "ours", "--write", principal="nobody").failed()
    assert (
        f'az role assignment create --assignee {deployer.object_id} --role "AzureML Registry User" --scope {registry}'
        in missing.flat
    )
    assert fresh.writes(before) == []
    assert file.read_text(encoding="utf-8") == text
    fresh.grant(deployer.object_id, REGISTRY_USER, registry)
    written = fresh.run(*promote, "--registry", "ours", "--write", principal="nobody").ok()
    assert f"Pulumi.staging.yaml: endpoints.digits.deployments.mlp: {LINE}\n" in written.out
    assert f"Run `{IN_SANDBOX}pulumi preview --stack staging` to see what it changes.\n" in written.out
    assert "was not tried out" not in written.text
    assert [each.rpartition("/")[2] for each in _uploads(fresh, before)] == ["import"]

    before = fresh.mark()
    blind = fresh.pulumi("up", "--stack", "staging", principal="nobody")
    if profile == "harsh":
        assert "User/tenant/subscription is not allowed to access registry ours." in blind.failed().flat
        lacking = re.search(r"The identity of the cluster '\S+' \((\S+)\) is missing a role", blind.flat)
        assert lacking is not None
        assert not [each for each in fresh.writes(before) if re.search(r"PUT \S+/batchEndpoints/[^/]+$", each)][1:]
        fresh.grant(lacking[1], REGISTRY_USER, registry)
        fresh.pulumi("up", "--stack", "staging", principal="nobody").ok()
    else:
        blind.ok()
    assert _uploads(fresh, before) == []
    assert fresh.pulumi("up", "--stack", "staging", "--expect-no-changes", principal="nobody").ok().steps == ()

    before = fresh.mark()
    on = ("python", "-m", "modelops", "promote", "--from", "staging", "--to", "prod")
    printed = fresh.run(*on, principal="nobody").ok()
    assert f"Pulumi.prod.yaml, below endpoints.digits.deployments.mlp:\n  {LINE}\n" in printed.out
    assert fresh.writes(before) == []
