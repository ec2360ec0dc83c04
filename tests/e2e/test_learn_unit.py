"""The code of the Learn unit works against the sandbox as it is printed, with nothing but environment variables.

Its deployment runs on the cluster that the unit itself makes. That cluster has no identity, which is right where the
unit is read: in a workspace as the portal makes one, whose datastores hold the storage account's key. So this is tested
in such a workspace, made by REST, with nothing added to the unit's code. A stack of this program has no keys; there its
reader gives the same cluster an identity first, and that is tested too.
"""

import json

from tests.e2e.commands import Done
from tests.e2e.plain_rest import ML_API, principal
from tests.e2e.rehearsal import SCORED, Rehearsal

MADE = {
    "endpoint": ["endpoint-example", "A batch endpoint", "Succeeded"],
    "cluster": ["aml-cluster", "amlcompute", "STANDARD_DS11_V2", "dedicated", "Succeeded"],
    "scale": [0, 4, 120],
    "identity": False,
}
"""What the unit's two blocks ask for, as azure-ai-ml tells it: nodes at least and at most, and idle seconds."""


def _workspace_with_keys(rehearsal: Rehearsal) -> tuple[str, str]:
    """Make a workspace whose datastores hold the account's key; return its resource group's name and its own."""
    rehearsal.start_server()
    rest = principal(rehearsal, "deployer")
    facts = json.loads((rehearsal.home / "sandbox.json").read_text(encoding="utf-8"))
    group = f"/subscriptions/{facts['subscriptionId']}/resourceGroups/learn"
    place = {"location": "westeurope"}
    rest.arm("PUT", group, place, "2024-03-01").ok()
    storage = f"{group}/providers/Microsoft.Storage/storageAccounts/learnstorage"
    rest.arm("PUT", storage, {**place, "kind": "StorageV2", "sku": {"name": "Standard_LRS"}}, "2024-01-01").ok()
    vault = f"{group}/providers/Microsoft.KeyVault/vaults/learn-vault"
    sku = {"tenantId": facts["tenantId"], "sku": {"family": "A", "name": "standard"}}
    rest.arm("PUT", vault, {**place, "properties": sku}, "2024-11-01").ok()
    insights = f"{group}/providers/Microsoft.Insights/components/learn-insights"
    web = {"kind": "web", "properties": {"Application_Type": "web"}}
    rest.arm("PUT", insights, {**place, **web}, "2020-02-02").ok()
    properties = {"storageAccount": storage, "keyVault": vault, "applicationInsights": insights}
    workspace = f"{group}/providers/Microsoft.MachineLearningServices/workspaces/learn"
    body = {**place, "identity": {"type": "SystemAssigned"}, "properties": properties}
    rest.arm("PUT", workspace, body, ML_API).ok()
    return "learn", "learn"


def _run(rehearsal: Rehearsal, *arguments: str) -> Done:
    """Run the unit's code; return its run after its predictions were graded."""
    done = rehearsal.run("python", "tests/e2e/learn_unit.py", *arguments).ok()
    graded = rehearsal.run("python", "examples/digits/grade.py", "predictions/learn").ok()
    assert graded.out == f"{SCORED}\n"
    return done


def test_the_learn_units_code_scores_the_example_on_the_units_own_cluster(fresh: Rehearsal) -> None:
    done = _run(fresh, *_workspace_with_keys(fresh), "predictions/learn")
    assert json.loads(done.out.splitlines()[-1]) == MADE
    (cluster,) = [each for each in fresh.resources() if each.endswith("/computes/aml-cluster")]
    nodes = principal(fresh, "deployer").arm("GET", cluster).ok().json["properties"]["properties"]
    assert (nodes["vmSize"], nodes["vmPriority"]) == ("STANDARD_DS11_V2", "Dedicated")
    assert nodes["scaleSettings"] == {"minNodeCount": 0, "maxNodeCount": 4, "nodeIdleTimeBeforeScaleDown": "PT2M"}


def test_in_a_stack_without_keys_the_units_cluster_is_given_an_identity_first(deployed: Rehearsal) -> None:
    outputs = deployed.outputs()
    (own,) = [each for each in deployed.resources() if each.endswith(f"/computes/{outputs['cluster']}")]
    (identity,) = principal(deployed, "deployer").arm("GET", own).ok().json["identity"]["userAssignedIdentities"]
    done = _run(deployed, outputs["resourceGroup"], outputs["workspace"], "predictions/learn", identity)
    assert json.loads(done.out.splitlines()[-1]) == MADE
    assert sorted(deployed.of_kind("computes")) == sorted(["aml-cluster", outputs["cluster"]])
