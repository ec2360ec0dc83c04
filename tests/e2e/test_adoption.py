"""A workspace and a cluster that a team made by REST are used, and neither changed nor deleted."""

import re
from typing import Any

from components import roles
from components.roles import Role
from tests.e2e.commands import Done
from tests.e2e.hosts import BOTH_HOSTS_IN_LONG
from tests.e2e.rehearsal import Rehearsal

ML = "2025-12-01"
STORAGE = "2024-01-01"
VAULT = "2024-11-01"
INSIGHTS = "2020-02-02"
REGISTRY = "2023-01-01-preview"
IDENTITY = "2023-01-31"
GRANT = "2022-04-01"
NODES = (roles.BLOB_CONTRIBUTOR, roles.QUEUE_CONTRIBUTOR, roles.TABLE_CONTRIBUTOR)
"""What a cluster's identity needs on the storage account; on the registry it needs AcrPull."""
ADDED = re.compile(
    r"batchEndpoints/[^/]+(/deployments/[^/]+)?$|(models|codes|environments)/[^/]+/versions/[^/]+(/startPendingUpload)?$"
)
"""What releases add in a workspace."""


class Team:
    """What a team has: made by plain requests, known to no Pulumi stack."""

    def __init__(self, rehearsal: Rehearsal) -> None:
        rehearsal.start_server()
        self._rehearsal = rehearsal
        facts = rehearsal.facts()
        self.deployer = facts.accounts["deployer"].principal.object_id
        self.group = f"/subscriptions/{facts.subscription_id}/resourceGroups/team"
        self.storage = self._id("Microsoft.Storage/storageAccounts/teamstorage")
        self.registry = self._id("Microsoft.ContainerRegistry/registries/teamregistry")
        self.workspace = self._id("Microsoft.MachineLearningServices/workspaces/team-workspace")
        self.cluster = f"{self.workspace}/computes/shared"
        self._put(self.group, "2024-03-01", {})
        self._put(
            self.storage,
            STORAGE,
            {"kind": "StorageV2", "sku": {"name": "Standard_LRS"}},
            allowSharedKeyAccess=False,
        )
        self._apis = {self.storage: STORAGE, self.registry: REGISTRY, self.workspace: ML, self.cluster: ML}
        vault = self._id("Microsoft.KeyVault/vaults/team-vault")
        sku = {"family": "A", "name": "standard"}
        self._put(vault, VAULT, {}, tenantId=facts.tenant_id, sku=sku, enableRbacAuthorization=True)
        insights = self._id("Microsoft.Insights/components/team-insights")
        self._put(insights, INSIGHTS, {"kind": "web"}, Application_Type="web")
        self._put(self.registry, REGISTRY, {"sku": {"name": "Standard"}})
        identity = self._id("Microsoft.ManagedIdentity/userAssignedIdentities/team-nodes")
        self.nodes = self._put(identity, IDENTITY, {})["properties"]["principalId"]
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
        self._apis |= {vault: VAULT, insights: INSIGHTS, identity: IDENTITY}

    def _id(self, name: str) -> str:
        return f"{self.group}/providers/{name}"

    def _put(self, path: str, version: str, body: dict[str, Any], **properties: Any) -> dict[str, Any]:
        whole = {"location": "westeurope", **body, **({"properties": properties} if properties else {})}
        return self._rehearsal.arm("PUT", path, version, whole)

    def wanted_for(self, nodes: str) -> list[tuple[str, Role, str]]:
        """What a cluster's identity needs, as (principal, role, scope)."""
        return [*((nodes, role, self.storage) for role in NODES), (nodes, roles.ACR_PULL, self.registry)]

    def grant(self, wanted: list[tuple[str, Role, str]]) -> None:
        """Grant what the program names as missing; from then on these grants are the team's."""
        for each in wanted:
            self._rehearsal.grant(*each)
        self._apis |= dict.fromkeys(self._rehearsal.role_assignments(), GRANT)

    def bodies(self) -> dict[str, Any]:
        """Everything of the team that a deployment could have changed, by ARM id."""
        shown = {path: self._rehearsal.arm("GET", path, api) for path, api in self._apis.items()}
        del shown[self.cluster]["properties"]["properties"]["nodeStateCounts"]
        return shown

    def written(self, after: int) -> list[str]:
        """Return below what in the team's group was written by requests to ARM, but for what releases add."""
        below = f"management.azure.com{self.group}/".lower()
        paths = [each.partition(" ")[2] for each in self._rehearsal.writes(after)]
        return sorted({each for each in paths if each.lower().startswith(below) and not ADDED.search(each)})


def _named(refused: Done) -> list[tuple[str, str, str]]:
    """Return (principal, role, scope) of every command that a refused `up` prints, each of which it also says."""
    commands = re.findall(r'--assignee-object-id (\S+) --role "([^"]+)" --scope (\S+)', refused.flat)
    for principal, role, scope in commands:
        assert f"({principal}) is missing {role} on {scope}" in refused.flat
    return sorted(commands)


def _score(fresh: Rehearsal, folder: str) -> None:
    images = "examples/digits/data/images"
    fresh.run("python", "-m", "modelops", "invoke", "--stack", "dev", "--input", images, "--download", folder).ok()


def _drift(fresh: Rehearsal) -> list[str]:
    """Return what `drift` says when nothing differs."""
    said = fresh.run("python", "-m", "modelops", "drift", "--stack", "dev").ok().out
    return said.splitlines()


def _declared(fresh: Rehearsal) -> list[str]:
    """Return the types of what the stack holds in Azure."""
    types = [each["type"] for each in fresh.state()["resources"]]
    return sorted(each.rpartition(":")[2] for each in types if each.startswith("azure-native:"))


@BOTH_HOSTS_IN_LONG
def test_an_adopted_workspace_and_cluster_are_used_and_left_as_they_were(fresh: Rehearsal) -> None:
    team = Team(fresh)
    adopted = {"workspace": {"existing": team.workspace}, "cluster": {"existing": team.cluster}}
    fresh.configure(lambda config: config.update(adopted))
    begun = fresh.mark()
    wanted = [(team.deployer, roles.BLOB_CONTRIBUTOR, team.storage), *team.wanted_for(team.nodes)]
    assert _named(fresh.pulumi("up").failed()) == _spelled(wanted)
    assert fresh.writes(begun) == []

    team.grant(wanted)
    there, bodies, begun = fresh.resources(), team.bodies(), fresh.mark()
    fresh.up()
    assert _declared(fresh) == ["BatchEndpoint"]
    assert _drift(fresh) == ["1 resource matches the state", "digits matches its last release"]
    fresh.up("--expect-no-changes")
    _score(fresh, "predictions/theirs")
    assert team.bodies() == bodies
    assert team.written(begun) == []

    # A cluster of the program's own, in the workspace that stays adopted. Its identity is new, so nobody granted it
    # anything: the first `up` makes it and names the roles, the second finishes.
    fresh.configure(lambda config: config.update(cluster={"maxNodes": 2}))
    begun, old = fresh.mark(), fresh.default
    named = _named(fresh.pulumi("up").failed())
    (identity,) = {principal for principal, _, _ in named}
    wanted = team.wanted_for(identity)
    assert named == _spelled(wanted)
    assert _declared(fresh) == ["BatchEndpoint", "UserAssignedIdentity"]
    assert (fresh.default, fresh.of_kind("computes")) == (old, ["shared"])
    (made,) = team.written(begun)
    assert "/Microsoft.ManagedIdentity/userAssignedIdentities/mlbatch-compute-identity" in made

    team.grant(wanted)
    bodies, begun = team.bodies(), fresh.mark()
    fresh.up()
    assert _declared(fresh) == ["BatchEndpoint", "Compute", "UserAssignedIdentity"]
    assert fresh.default != old
    (cluster,) = set(fresh.of_kind("computes")) - {"shared"}
    assert [each.rpartition("/")[2] for each in team.written(begun)] == [cluster]
    _score(fresh, "predictions/ours")
    assert _drift(fresh) == ["3 resources match the state", "digits matches its last release"]
    fresh.up("--expect-no-changes")
    assert team.bodies() == bodies

    fresh.pulumi("destroy").ok()
    assert team.bodies() == bodies
    assert set(there) <= set(fresh.resources())
    assert fresh.of_kind("batchEndpoints") == []
    assert fresh.of_kind("computes") == ["shared"]
    assert fresh.of_kind("userAssignedIdentities") == ["team-nodes"]
    gone = [each for each in team.written(begun) if not re.search(rf"/({cluster}|mlbatch-compute-[^/]+)$", each)]
    assert gone == []


def _spelled(wanted: list[tuple[str, Role, str]]) -> list[tuple[str, str, str]]:
    return sorted((principal, role.name, scope) for principal, role, scope in wanted)
