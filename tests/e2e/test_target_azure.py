"""`make ... TARGET=azure` in the environment of a sandbox, which stands in for Azure: no step of it knows the sandbox.

What the checks say of each wrong set-up is in tests/prerequisites/test_check.py.
"""

import re

import pytest

from tests.e2e.commands import Done
from tests.e2e.rehearsal import SCORED, Rehearsal

PROVIDERS = "2021-04-01"
NEW = {"batchEndpoints", "batchEndpoints/deployments", "computes", "models/versions"}


def make(rehearsal: Rehearsal, target: str, *variables: str, principal: str = "deployer") -> Done:
    """Run a target of the Makefile with TARGET=azure, and without its first step, as a principal of the sandbox."""
    return rehearsal.run("make", target, "SET_UP=@:", "TARGET=azure", *variables, principal=principal)


@pytest.mark.long(part="series")
def test_a_stack_lives_in_azure_as_in_the_sandbox(fresh: Rehearsal) -> None:
    preview = make(fresh, "preview").ok()
    facts = fresh.facts()
    principal = facts.accounts["deployer"].principal.object_id
    ready = f"stack dev can be deployed to subscription {facts.subscription_id}, as {principal}"
    assert preview.out.splitlines()[0] == ready
    assert "    + 41 to create" in preview.out.splitlines()
    assert fresh.writes() == []

    asked = make(fresh, "up").failed()
    assert (
        asked.err.splitlines()[0] == "make up TARGET=azure asks first, and there is no terminal to ask on. Add YES=1."
    )
    assert fresh.writes() == []
    up = make(fresh, "up", "YES=1").ok()
    assert up.out.splitlines()[0] == ready
    assert "policies: azureml-batch@v0.1.0, all kept" in up.out.splitlines()
    assert SCORED in up.out
    assert "  make down TARGET=azure       remove this stack. `make up TARGET=azure` creates it again" in up.out
    for kind in NEW:
        assert len(fresh.of_kind(kind)) == 1, kind
    assert fresh.default in make(fresh, "status").ok().out
    assert SCORED in make(fresh, "score").ok().out
    before = fresh.mark()
    make(fresh, "up", "YES=1").ok()
    assert [each for each in fresh.writes(before) if "management.azure.com" in each] == []

    asked = make(fresh, "down").failed()
    assert asked.err.splitlines()[0].startswith("make down TARGET=azure asks first, and there is no terminal to ask on")
    assert fresh.of_kind("batchEndpoints") != []
    make(fresh, "down", "YES=1").ok()
    assert fresh.resources() == []
    assert fresh.state().get("resources", []) == []


def test_a_wrong_set_up_is_one_list_and_nothing_is_created(fresh: Rehearsal) -> None:
    fresh.start_server()
    subscription = fresh.facts().subscription_id
    vaults = f"/subscriptions/{subscription}/providers/Microsoft.KeyVault"
    fresh.arm("POST", f"{vaults}/unregister", PROVIDERS)
    before = fresh.mark()
    refused = make(fresh, "up", "YES=1", "STACK=staging", principal="reader").failed()
    found = re.findall(r"^  (\w[\w ]+): ", refused.err, re.MULTILINE)
    assert found == ["placeholders", "resource providers", "roles"]
    first = refused.err.splitlines()[0]
    assert first == "error: stack staging cannot be deployed to Azure yet: 3 problems. Nothing was created or changed."
    assert f"      az provider register --namespace Microsoft.KeyVault --subscription {subscription}" in refused.err
    again = "python -m sandbox run --as reader -- python -m prerequisites check --stack staging"
    assert f"To check again: .venv/bin/{again}" in refused.err
    assert fresh.writes(before) == []
    assert fresh.resources() == []
