"""A deployer who has exactly what docs/access.md lists, on one resource group, and nothing beyond it.

The group is a team's, with something of theirs in it: both are as they were when the stack is gone.
"""

import uuid
from typing import Any

import pytest

from components import roles
from tests.e2e.hosts import BOTH_HOSTS_IN_LONG
from tests.e2e.rehearsal import REPOSITORY, Rehearsal

CONDITION = (REPOSITORY / "prerequisites" / "deployer-condition.txt").read_text(encoding="utf-8").strip()
VERSION = "2022-04-01"
GROUP = "2024-03-01"
STORAGE = "2024-01-01"
OWNER = roles.Role("Owner", "8e3af657-a8ff-443c-a75c-2fe8c4bcb635")


class Deployer:
    """``nobody``, and what an administrator grants it on a resource group."""

    def __init__(self, rehearsal: Rehearsal) -> None:
        self._rehearsal = rehearsal
        rehearsal.start_server()
        facts = rehearsal.facts()
        self.subscription = facts.subscription_id
        self.object_id = facts.accounts["nobody"].principal.object_id
        self.caller = facts.accounts["caller"].principal.object_id
        self.group = f"/subscriptions/{self.subscription}/resourceGroups/theirs"
        self._foreign = f"{self.group}/providers/Microsoft.Storage/storageAccounts/theirstorage"
        place = {"location": facts.location, "tags": {"owner": "team"}}
        rehearsal.arm("PUT", self.group, GROUP, place)
        rehearsal.arm("PUT", self._foreign, STORAGE, {**place, "kind": "StorageV2", "sku": {"name": "Standard_LRS"}})

    def theirs(self) -> list[dict[str, Any]]:
        """Return group and storage account as ARM shows them."""
        return [self._rehearsal.arm("GET", self.group, GROUP), self._rehearsal.arm("GET", self._foreign, STORAGE)]

    def grant(self, role: roles.Role, *, to: str = "", by: str = "administrator", **more: str) -> None:
        """Assign a role on the group."""
        definition = roles.definition_id(role, self.subscription)
        properties = {
            "principalId": to or self.object_id,
            "principalType": "ServicePrincipal",
            "roleDefinitionId": definition,
        }
        path = f"{self.group}/providers/Microsoft.Authorization/roleAssignments/{uuid.uuid4()}"
        self._rehearsal.arm("PUT", path, VERSION, {"properties": properties | more}, principal=by)


@pytest.fixture(name="deployer")
def _deployer(fresh: Rehearsal) -> Deployer:
    deployer = Deployer(fresh)

    def configure(config: dict[str, Any]) -> None:
        config["resourceGroup"] = "theirs"
        config["endpoints"]["digits"]["callers"] = [{"principalId": deployer.caller}]

    fresh.configure(configure)
    return deployer


@BOTH_HOSTS_IN_LONG
def test_a_stack_with_callers_lives_on_three_roles_of_its_group(fresh: Rehearsal, deployer: Deployer) -> None:
    deployer.grant(roles.CONTRIBUTOR)
    deployer.grant(roles.IDENTITY_OPERATOR)
    before, there, theirs = fresh.mark(), fresh.resources(), deployer.theirs()
    missing = fresh.pulumi("up", principal="nobody").failed()
    lacking = roles.RBAC_ADMINISTRATOR.name
    assert f"({deployer.object_id}) is missing these roles in resource group 'theirs': {lacking}." in missing.flat
    command = f'az role assignment create --assignee {deployer.object_id} --role "{lacking}" --scope {deployer.group} '
    assert missing.flat.count("az role assignment create") == missing.flat.count(command) == 1
    assert fresh.writes(before) == []
    assert fresh.resources() == there
    assert [each["type"] for each in fresh.state()["resources"] if each["type"].startswith("azure-native:")] == []

    deployer.grant(roles.RBAC_ADMINISTRATOR, condition=CONDITION, conditionVersion="2.0")
    fresh.pulumi("up", principal="nobody").ok()
    assert fresh.pulumi("up", "--expect-no-changes", principal="nobody").ok().steps == ()
    with pytest.raises(AssertionError, match="AuthorizationFailed"):
        deployer.grant(OWNER, by="nobody")
    fresh.pulumi("destroy", principal="nobody").ok()
    assert {each["type"] for each in fresh.state().get("resources", [])} == set()
    # The administrator granted one role more in the meantime.
    left = set(fresh.resources()) - set(there)
    assert [each.lower().rpartition("/providers/microsoft.authorization/roleassignments/")[0] for each in left] == [
        deployer.group.lower()
    ]
    assert deployer.theirs() == theirs


def test_a_role_that_cannot_start_a_try_out_is_refused_before_anything_is_made(
    fresh: Rehearsal, deployer: Deployer
) -> None:
    action = "Microsoft.MachineLearningServices/workspaces/batchEndpoints/deployments/jobs/write"
    subscription = f"/subscriptions/{deployer.subscription}"
    path = f"{subscription}/providers/Microsoft.Authorization/roleDefinitions/{uuid.uuid4()}"
    without = {"actions": ["*"], "notActions": [action], "dataActions": [], "notDataActions": []}
    properties = {
        "roleName": "All but try-outs",
        "type": "CustomRole",
        "permissions": [without],
        "assignableScopes": [subscription],
    }
    fresh.arm("PUT", path, VERSION, {"properties": properties}, principal="administrator")
    deployer.grant(roles.Role("All but try-outs", path.rpartition("/")[2]))
    before = fresh.mark()
    refused = fresh.pulumi("up", principal="nobody").failed()
    assert f"in resource group 'theirs': Contributor (not allowed: {action})." in refused.flat
    assert fresh.writes(before) == []


def test_a_throttled_check_is_asked_again_and_never_passes_in_silence(fresh: Rehearsal, deployer: Deployer) -> None:
    deployer.grant(roles.CONTRIBUTOR)
    deployer.grant(roles.IDENTITY_OPERATOR)
    permissions = r"/resourcegroups/theirs/providers/Microsoft\.Authorization/permissions$"
    before = fresh.mark()
    fault = fresh.fault("status", "GET", permissions, times=-1, status=429, headers={"Retry-After": "600"})
    throttled = fresh.pulumi("up", principal="nobody").failed()
    told = (
        "The roles could not be checked, so nothing was created: https://management.azure.com gave no usable answer "
        "in 1 attempt; the last: HTTP 429, with the request to wait 600 s. Azure throttles these requests: "
        "wait 600 s, then run the command again; it continues."
    )
    assert throttled.flat.count(told) == 1  # while it runs, the engine shows no more than the first line
    assert fresh.hits(fault) == 1
    fresh.mend()
    fault = fresh.fault("status", "GET", permissions, times=2, status=429)
    missing = fresh.pulumi("up", principal="nobody").failed()
    assert roles.RBAC_ADMINISTRATOR.name in missing.flat
    assert fresh.hits(fault) == 2
    assert fresh.writes(before) == []
