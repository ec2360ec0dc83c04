"""From an empty subscription to a deployment: the administrator's apply, then a GitHub job without a secret.

Does not prove that GitHub issues such a token, or that Entra takes it: neither is part of a rehearsal.
"""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from tests.ci_service import running
from tests.e2e.commands import Done
from tests.e2e.rehearsal import Rehearsal

pytestmark = pytest.mark.long(part="series")

SECRETS = ("ARM_CLIENT_SECRET", "AZURE_CLIENT_SECRET", "AZURE_TENANT_ID", "AZURE_TOKEN_CREDENTIALS")
UP = ("pulumi", "up", "--yes", "--skip-preview", "--non-interactive", "--color", "never")
DESTROY = ("pulumi", "destroy", *UP[2:])
CHECK = ("python", "-m", "prerequisites", "check", "--stack", "dev")
APPLY = ("python", "-m", "prerequisites", "apply", "--yes", "--json", "--location", "westeurope")


def _as_a_job(rehearsal: Rehearsal, variables: Mapping[str, str], client: str, *command: str) -> Done:
    """Run a command as a GitHub job of the environment dev, signed in as an identity."""
    own = {**variables, "ARM_CLIENT_ID": client, "AZURE_CLIENT_ID": client}
    without = (f"-u{name}" for name in SECRETS)
    return rehearsal.run("env", *without, *(f"{name}={value}" for name, value in own.items()), *command)


def _with_people_and_a_trigger(config: dict[str, Any]) -> None:
    """Let everybody in to whom a deployer grants roles: a person, a group, and a Logic App's own identity."""
    config["resourceGroup"] = "rg-scoring-dev"
    config["endpoints"]["digits"]["callers"] = [
        {"principalId": "4a61c0d7-93be-4f2b-8d15-6e0b7c29a3f1", "principalType": "User"},
        {"principalId": "b7d95e12-0c4f-4a86-9e3d-51f8a26c70be", "principalType": "Group"},
    ]
    images = "azureml://datastores/workspaceblobstore/paths/images/"
    config["triggers"] = {"nightly": {"endpoint": "digits", "input": images, "startTime": "2027-01-31T02:00:00"}}


def _writers(rehearsal: Rehearsal, before: int) -> set[str]:
    """Return who asked Resource Manager to write something since a mark."""
    asked = [each for each in rehearsal.journal(before) if each["host"] == "management.azure.com"]
    return {str(each["principal"]) for each in asked if each["method"] in {"PUT", "PATCH"}}


def test_a_deployer_that_apply_made_deploys_into_its_own_group_only(fresh: Rehearsal) -> None:
    given = json.loads(fresh.run(*APPLY, "--repository", "example/scoring", principal="administrator").ok().out)
    clients = {key: each["clientId"] for key, each in given["identities"].items()}
    own = {"principalId": given["identities"]["dev"]["principalId"], "principalType": "ServicePrincipal"}

    fresh.configure(lambda config: config.update(resourceGroup="rg-scoring-prod", deployer=own))
    with running() as ci:
        before = fresh.mark()
        elsewhere = _as_a_job(fresh, ci.github, clients["dev"], *UP).failed()
        assert f"with object id '{own['principalId']}' does not have authorization to perform action" in elsewhere.flat
        assert _writers(fresh, before) == set()

        other = _as_a_job(fresh, ci.github, clients["prod"], *UP).failed()
        assert "AADSTS700213: No matching federated identity record found for presented assertion subject" in other.flat

        fresh.configure(_with_people_and_a_trigger)
        before = fresh.mark()
        checked = _as_a_job(fresh, ci.github, clients["dev"], *CHECK).ok()
        assert checked.out.splitlines()[-1].endswith(f"as {own['principalId']}")
        _as_a_job(fresh, ci.github, clients["dev"], *UP).ok()
        assert fresh.outputs()["resourceGroup"] == "rg-scoring-dev"
        assert fresh.default
        assert _writers(fresh, before) == {"id-scoring-dev"}
        _as_a_job(fresh, ci.github, clients["dev"], *DESTROY).ok()
    assert fresh.state().get("resources", []) == []
