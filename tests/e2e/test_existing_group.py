"""A resource group that a team has: what a deployer must be allowed in it, and what a destroy leaves of it."""

from typing import Any

from components.roles import CONTRIBUTOR
from tests.e2e.rehearsal import Rehearsal

GROUP = "2024-03-01"
STORAGE = "2024-01-01"


def test_a_group_is_filled_by_who_may_and_survives_its_stack(fresh: Rehearsal) -> None:
    fresh.start_server()
    facts = fresh.facts()
    group = f"/subscriptions/{facts.subscription_id}/resourceGroups/team"
    foreign = f"{group}/providers/Microsoft.Storage/storageAccounts/teamstorage"
    place = {"location": facts.location, "tags": {"owner": "team"}}
    fresh.arm("PUT", group, GROUP, place)
    fresh.arm("PUT", foreign, STORAGE, {**place, "kind": "StorageV2", "sku": {"name": "Standard_LRS"}})
    bodies = _bodies(fresh, group, foreign)
    fresh.configure(lambda config: config.update(resourceGroup="team"))

    # Contributor makes everything but grants.
    nobody = facts.accounts["nobody"].principal.object_id
    fresh.grant(nobody, CONTRIBUTOR, group)
    before, there = fresh.mark(), fresh.resources()
    refused = fresh.pulumi("up", principal="nobody").failed()
    lacking = "Role Based Access Control Administrator"
    assert f"Who deploys ({nobody}) lacks in resource group 'team': {lacking}." in refused.flat
    assert f'az role assignment create --assignee {nobody} --role "{lacking}" --scope {group} ' in refused.flat
    assert refused.text.count("az role assignment create") == 1
    assert fresh.writes(before) == []
    assert fresh.resources() == there
    assert [each["type"] for each in fresh.state()["resources"] if each["type"].startswith("azure-native:")] == []

    fresh.up()
    assert fresh.outputs()["resourceGroup"] == "team"
    assert fresh.of_kind("resourceGroups") == ["team"]
    assert fresh.default in fresh.of_kind("batchEndpoints/deployments")
    fresh.pulumi("destroy").ok()
    assert fresh.resources() == there
    assert _bodies(fresh, group, foreign) == bodies


def _bodies(fresh: Rehearsal, group: str, foreign: str) -> list[dict[str, Any]]:
    return [fresh.arm("GET", group, GROUP), fresh.arm("GET", foreign, STORAGE)]
