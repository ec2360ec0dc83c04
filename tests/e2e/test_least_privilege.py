"""A deployer who has exactly what docs/configuration.md lists, on one resource group, and nothing beyond it."""

import json
import uuid
from typing import Any

import pytest

from components import roles
from tests.e2e.rehearsal import REPOSITORY, Rehearsal

CONDITION = (REPOSITORY / "prerequisites" / "deployer-condition.txt").read_text(encoding="utf-8").strip()
VERSION = "2022-04-01"
OWNER = roles.Role("Owner", "8e3af657-a8ff-443c-a75c-2fe8c4bcb635")


class Deployer:
    """``nobody``, and what an administrator grants it on a resource group."""

    def __init__(self, rehearsal: Rehearsal) -> None:
        self._rehearsal = rehearsal
        rehearsal.python("-m", "sandbox", "start").ok()
        facts = json.loads((rehearsal.home / "sandbox.json").read_text(encoding="utf-8"))
        self.subscription = str(facts["subscriptionId"])
        self.object_id = str(facts["principals"]["nobody"]["objectId"])
        self.caller = str(facts["principals"]["caller"]["objectId"])
        self.group = f"/subscriptions/{self.subscription}/resourceGroups/theirs"
        rehearsal.arm("PUT", self.group, "2024-03-01", {"location": "westeurope"})

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


def test_a_stack_with_callers_lives_on_three_roles_of_its_group(fresh: Rehearsal, deployer: Deployer) -> None:
    deployer.grant(roles.CONTRIBUTOR)
    deployer.grant(roles.IDENTITY_OPERATOR)
    before = fresh.mark()
    missing = fresh.pulumi("up", principal="nobody").failed()
    assert f"({deployer.object_id}) lacks in resource group 'theirs': {roles.RBAC_ADMINISTRATOR.name}." in missing.flat
    assert fresh.writes(before) == []

    deployer.grant(roles.RBAC_ADMINISTRATOR, condition=CONDITION, conditionVersion="2.0")
    fresh.pulumi("up", principal="nobody").ok()
    assert fresh.pulumi("up", "--expect-no-changes", principal="nobody").ok().steps == ()
    with pytest.raises(AssertionError, match="HTTP Error 403: Forbidden"):
        deployer.grant(OWNER, by="nobody")
    fresh.pulumi("destroy", principal="nobody").ok()
    assert {each["type"] for each in fresh.state().get("resources", [])} == set()
