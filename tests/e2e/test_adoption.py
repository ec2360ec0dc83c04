"""A workspace and a cluster that a team made by REST are used, and neither changed nor deleted."""

import json
from typing import Any

from tests.e2e.rehearsal import Rehearsal

ML = "2025-12-01"
ROLES = {
    "Storage Blob Data Contributor": "ba92f5b4-2d11-453d-a403-e96b0029c9fe",
    "Storage Queue Data Contributor": "974c5e8b-45b9-4653-ba55-5f855dd0fb88",
    "Storage Table Data Contributor": "0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3",
    "AcrPull": "7f951dda-4ed3-4680-a7ca-43fe172d538d",
    "AzureML Data Scientist": "f6c7c914-8db3-469d-8ca1-694a8f32e121",
}


class Team:
    """What a team has: made by plain requests, known to no Pulumi stack."""

    def __init__(self, rehearsal: Rehearsal) -> None:
        rehearsal.start_server()
        self._rehearsal = rehearsal
        facts = json.loads((rehearsal.home / "sandbox.json").read_text(encoding="utf-8"))
        self.subscription = facts["subscriptionId"]
        self.deployer = facts["principals"]["deployer"]["objectId"]
        self.group = f"/subscriptions/{self.subscription}/resourceGroups/team"
        self.storage = self._id("Microsoft.Storage/storageAccounts/teamstorage")
        self.registry = self._id("Microsoft.ContainerRegistry/registries/teamregistry")
        self.workspace = self._id("Microsoft.MachineLearningServices/workspaces/team-workspace")
        self.cluster = f"{self.workspace}/computes/shared"
        self._put(self.group, "2024-03-01", {})
        self._put(
            self.storage,
            "2024-01-01",
            {"kind": "StorageV2", "sku": {"name": "Standard_LRS"}},
            allowSharedKeyAccess=False,
        )
        vault = self._id("Microsoft.KeyVault/vaults/team-vault")
        sku = {"family": "A", "name": "standard"}
        self._put(vault, "2024-11-01", {}, tenantId=facts["tenantId"], sku=sku, enableRbacAuthorization=True)
        insights = self._id("Microsoft.Insights/components/team-insights")
        self._put(insights, "2020-02-02", {"kind": "web"}, Application_Type="web")
        self._put(self.registry, "2023-01-01-preview", {"sku": {"name": "Standard"}})
        identity = self._id("Microsoft.ManagedIdentity/userAssignedIdentities/team-nodes")
        self.nodes = self._put(identity, "2023-01-31", {})["properties"]["principalId"]
        uses = {"type": "UserAssigned", "userAssignedIdentities": {identity: {}}}
        self._put(
            self.workspace,
            ML,
            # Its own identity, which the service grants what it needs.
            {"identity": {"type": "SystemAssigned"}, "tags": {"owner": "team"}},
            storageAccount=self.storage,
            keyVault=vault,
            applicationInsights=insights,
            containerRegistry=self.registry,
            systemDatastoresAuthMode="identity",
        )
        scale = {"minNodeCount": 0, "maxNodeCount": 4, "nodeIdleTimeBeforeScaleDown": "PT2M"}
        nodes = {"vmSize": "STANDARD_DS11_V2", "vmPriority": "Dedicated", "scaleSettings": scale}
        self._put(self.cluster, ML, {"identity": uses}, computeType="AmlCompute", properties=nodes)

    def _id(self, name: str) -> str:
        return f"{self.group}/providers/{name}"

    def _put(self, path: str, version: str, body: dict[str, Any], **properties: Any) -> dict[str, Any]:
        whole = {"location": "westeurope", **body, **({"properties": properties} if properties else {})}
        return self._rehearsal.arm("PUT", path, version, whole)

    def grant(self) -> None:
        """Grant what the program names as missing."""
        wanted = [
            (self.deployer, "AzureML Data Scientist", self.workspace),
            (self.deployer, "Storage Blob Data Contributor", self.storage),
            *((self.nodes, f"Storage {kind} Data Contributor", self.storage) for kind in ("Blob", "Queue", "Table")),
            (self.nodes, "AcrPull", self.registry),
        ]
        for number, (principal, role, scope) in enumerate(wanted):
            name = f"00000000-0000-4000-8000-{number:012}"
            definition = (
                f"/subscriptions/{self.subscription}/providers/Microsoft.Authorization/roleDefinitions/{ROLES[role]}"
            )
            properties = {"principalId": principal, "principalType": "ServicePrincipal", "roleDefinitionId": definition}
            path = f"{scope}/providers/Microsoft.Authorization/roleAssignments/{name}"
            self._rehearsal.arm("PUT", path, "2022-04-01", {"properties": properties}, principal="administrator")

    def bodies(self) -> list[dict[str, Any]]:
        """Everything that a deployment could have changed."""
        shown = [
            self._rehearsal.arm("GET", self.workspace, ML),
            self._rehearsal.arm("GET", self.cluster, ML),
            self._rehearsal.arm("GET", self.storage, "2024-01-01"),
            self._rehearsal.arm("GET", self.registry, "2023-01-01-preview"),
        ]
        del shown[1]["properties"]["properties"]["nodeStateCounts"]
        return shown


def test_an_adopted_workspace_and_cluster_are_used_and_left_as_they_were(fresh: Rehearsal) -> None:
    team = Team(fresh)

    def adopt(config: dict[str, Any]) -> None:
        config["workspace"] = {"existing": team.workspace}
        config["cluster"] = {"existing": team.cluster}

    fresh.configure(adopt)
    before = fresh.mark()
    missing = fresh.pulumi("up").failed()
    for principal, role, scope in (
        (team.nodes, "Storage Queue Data Contributor", team.storage),
        (team.nodes, "AcrPull", team.registry),
        (team.deployer, "Storage Blob Data Contributor", team.storage),
    ):
        assert f"({principal}) lacks {role} on {scope}" in missing.flat
    assert fresh.writes(before) == []

    team.grant()
    there, bodies = fresh.resources(), team.bodies()
    fresh.up()
    fresh.up("--expect-no-changes")
    invoke = ("-m", "modelops", "invoke", "--stack", "dev", "--input", "examples/digits/data/images")
    fresh.run("python", *invoke, "--download", "predictions").ok()
    assert team.bodies() == bodies
    types = {each["type"] for each in fresh.state()["resources"] if each["type"].startswith("azure-native")}
    assert types == {"azure-native:machinelearningservices:BatchEndpoint"}

    fresh.pulumi("destroy").ok()
    assert team.bodies() == bodies
    assert set(there) <= set(fresh.resources())
    assert fresh.of_kind("batchEndpoints") == []
