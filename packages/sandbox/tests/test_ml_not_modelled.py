"""What the service has and the sandbox would only store or drop is refused by name; its "not used" values pass.

Through the router. Does not prove that clients send nothing of it by themselves: test_ml_sdk and the tests of modelops
do, because they would be refused.
"""

from typing import Any

import pytest

from learning import ACCOUNT, GROUP, WORKSPACE, Learning, cluster_body, deployment_body, endpoint_body, workspace_body

NETWORK = f"{GROUP}/providers/Microsoft.Network/virtualNetworks/net/subnets/nodes"
SKU = {"name": "Standard"}
KEYS = {"primaryKey": "a", "secondaryKey": "b"}
WORKSPACE_ITSELF = ""
ENDPOINT = "/batchEndpoints/digits-ep"
DEPLOYMENT = f"{ENDPOINT}/deployments/green"
ENVIRONMENT = "/environments/e/versions/2"
CLUSTER = "/computes/new"
SCORING = "https://digits-ep.westeurope.inference.ml.azure.com/jobs"
FOLDER = {"jobInputType": "UriFolder", "uri": "azureml://datastores/workspaceblobstore/paths/in/"}


def _cluster(**inner: Any) -> dict[str, Any]:
    body = cluster_body()
    body["properties"]["properties"] |= inner
    return body


def _environment(**properties: Any) -> dict[str, Any]:
    return {"properties": {"image": "img:1", "condaFile": "name: e", **properties}}


def _request(**properties: Any) -> dict[str, Any]:
    return {"properties": {"inputData": {"data": FOLDER}, **properties}}


Case = tuple[str, dict[str, Any], str]
REFUSED: list[Case] = [
    (
        DEPLOYMENT,
        deployment_body(resources={"instanceType": "STANDARD_F4S_V2"}),
        "'properties.resources.instanceType' of a batch deployment (it is 'STANDARD_F4S_V2')",
    ),
    (
        DEPLOYMENT,
        deployment_body(resources={"properties": {"a": 1}}),
        "'properties.resources.properties' of a batch deployment",
    ),
    (DEPLOYMENT, deployment_body() | {"sku": SKU}, "'sku' of a batch deployment"),
    (DEPLOYMENT, deployment_body() | {"kind": "k"}, "'kind' of a batch deployment (it is 'k')"),
    (ENDPOINT, endpoint_body() | {"sku": SKU}, "'sku' of a batch endpoint"),
    (ENDPOINT, endpoint_body() | {"kind": "k"}, "'kind' of a batch endpoint (it is 'k')"),
    # Without the value: a key is a secret.
    (ENDPOINT, endpoint_body(keys=KEYS), "'properties.keys' of a batch endpoint"),
    (CLUSTER, _cluster(subnet={"id": NETWORK}), "'properties.properties.subnet' of a cluster"),
    (CLUSTER, _cluster(isolatedNetwork=True), "'properties.properties.isolatedNetwork' of a cluster (it is true)"),
    (
        CLUSTER,
        _cluster(enableNodePublicIp=False),
        "'properties.properties.enableNodePublicIp' of a cluster (it is false)",
    ),
    (
        CLUSTER,
        _cluster(virtualMachineImage={"id": "image"}),
        "'properties.properties.virtualMachineImage' of a cluster",
    ),
    (CLUSTER, _cluster(propertyBag={"a": 1}), "'properties.properties.propertyBag' of a cluster"),
    (CLUSTER, cluster_body() | {"sku": SKU}, "'sku' of a cluster"),
    (
        WORKSPACE_ITSELF,
        workspace_body(publicNetworkAccess="Disabled"),
        "'properties.publicNetworkAccess' of a workspace (it is 'Disabled')",
    ),
    (
        WORKSPACE_ITSELF,
        workspace_body(managedNetwork={"isolationMode": "AllowInternetOutbound"}),
        "'properties.managedNetwork.isolationMode' of a workspace (it is 'AllowInternetOutbound')",
    ),
    (
        WORKSPACE_ITSELF,
        workspace_body(provisionNetworkNow=True),
        "'properties.provisionNetworkNow' of a workspace (it is true)",
    ),
    (
        WORKSPACE_ITSELF,
        workspace_body(sharedPrivateLinkResources=[{"name": "x"}]),
        "'properties.sharedPrivateLinkResources' of a workspace",
    ),
    (
        WORKSPACE_ITSELF,
        workspace_body(serverlessComputeSettings={"serverlessComputeCustomSubnet": NETWORK}),
        f"'properties.serverlessComputeSettings.serverlessComputeCustomSubnet' of a workspace (it is '{NETWORK}')",
    ),
    (
        WORKSPACE_ITSELF,
        workspace_body(serverlessComputeSettings={"serverlessComputeNoPublicIP": True}),
        "'properties.serverlessComputeSettings.serverlessComputeNoPublicIP' of a workspace (it is true)",
    ),
    (
        WORKSPACE_ITSELF,
        workspace_body(enableDataIsolation=True),
        "'properties.enableDataIsolation' of a workspace (it is true)",
    ),
    (ENVIRONMENT, _environment(osType="Windows"), "'properties.osType' of an environment (it is 'Windows')"),
    (
        ENVIRONMENT,
        _environment(autoRebuild="OnBaseImageUpdate"),
        "'properties.autoRebuild' of an environment (it is 'OnBaseImageUpdate')",
    ),
    (
        ENVIRONMENT,
        _environment(inferenceConfig={"livenessRoute": {"path": "/", "port": 1}}),
        "'properties.inferenceConfig' of an environment",
    ),
    (
        SCORING,
        _request(compute={"instanceType": "x"}),
        "'properties.compute.instanceType' of a scoring request (it is 'x')",
    ),
    (SCORING, _request(partitionKeys=["a"]), "'properties.partitionKeys' of a scoring request"),
    (
        SCORING,
        _request(inputData={"data": FOLDER | {"value": "x"}}),
        "'properties.inputData.data.value' of an input of type UriFolder: only its 'uri' is read",
    ),
    (
        SCORING,
        _request(
            outputDataset={"datastoreId": f"{WORKSPACE}/datastores/workspaceblobstore", "path": "out"},
            outputData={
                "o": {"jobOutputType": "UriFile", "uri": "azureml://datastores/workspaceblobstore/paths/o.csv"}
            },
        ),
        "'properties.outputData' together with 'properties.outputDataset' in a scoring request",
    ),
]


@pytest.mark.parametrize(("url", "body", "what"), REFUSED, ids=[what.partition(" (")[0] for _, _, what in REFUSED])
def test_what_would_be_ignored_is_refused(learning: Learning, url: str, body: dict[str, Any], what: str) -> None:
    learning.make_all()
    assert learning.refused("POST" if url == SCORING else "PUT", url, body) == (
        501,
        "NotModelledInSandbox",
        f"The sandbox does not model {what}. See behaviour.md of the sandbox for what it does.",
    )


PASSES: list[tuple[str, dict[str, Any]]] = [
    (
        WORKSPACE_ITSELF,
        workspace_body(
            publicNetworkAccess="enabled",
            managedNetwork={"isolationMode": "Disabled", "outboundRules": {}, "managedNetworkKind": "V1"},
            provisionNetworkNow=False,
            sharedPrivateLinkResources=[],
            serverlessComputeSettings={"serverlessComputeNoPublicIP": False, "serverlessComputeCustomSubnet": None},
            enableDataIsolation=False,
            v1LegacyMode=False,
        ),
    ),
    (
        DEPLOYMENT,
        deployment_body(resources={"instanceCount": 1, "instanceType": None, "properties": {}})
        | {"sku": None, "kind": None},
    ),
    (ENDPOINT, endpoint_body(keys={"primaryKey": None}) | {"sku": None, "kind": None}),
    (
        CLUSTER,
        _cluster(
            subnet=None,
            isolatedNetwork=False,
            enableNodePublicIp=True,
            virtualMachineImage=None,
            propertyBag={},
            osType="linux",
        ),
    ),
    (ENVIRONMENT, _environment(osType="linux", autoRebuild="Disabled", inferenceConfig=None)),
    (
        SCORING,
        _request(
            compute={"isLocal": True, "instanceCount": 1},
            properties={"experimentName": "mine"},
            inputData={"data": FOLDER | {"value": None}},
            outputData={},
            outputDataset=None,
        ),
    ),
]


@pytest.mark.parametrize(("url", "body"), PASSES, ids=[url or "workspace" for url, _ in PASSES])
def test_what_says_not_used_passes(learning: Learning, url: str, body: dict[str, Any]) -> None:
    learning.make_all()
    learning.blobs.write(ACCOUNT, "azureml", "x", b"x")
    assert learning.call("POST" if url == SCORING else "PUT", url, body).status in (200, 201)


def test_a_workspace_cannot_become_private_by_patch(learning: Learning) -> None:
    learning.make_workspace()
    refusal = learning.refused("PATCH", "", {"properties": {"publicNetworkAccess": "Disabled"}})
    assert refusal[:2] == (501, "NotModelledInSandbox")
    assert learning.call("GET", "").body["properties"]["publicNetworkAccess"] == "Enabled"


KEY = {
    "keyVaultArmId": f"{GROUP}/providers/Microsoft.KeyVault/vaults/kv",
    "keyIdentifier": "https://kv.vault.azure.net/k",
}
LIMITS: dict[str, tuple[dict[str, Any], str, str]] = {
    "v1": (
        {"v1LegacyMode": True},
        "V1LegacyModeEnabled",
        "The workspace 'wsp' has v1LegacyMode: true, which disables this API. Set it to false.",
    ),
    "own key": (
        {"encryption": {"status": "Enabled", "keyVaultProperties": KEY}},
        "CustomerManagedKeyNotSupported",
        (
            "Batch deployments are not supported in workspaces with customer-managed keys, as 'wsp' is. Such keys "
            "can only be chosen at creation: use another workspace."
        ),
    ),
}


@pytest.mark.parametrize("limit", LIMITS)
def test_such_workspaces_have_no_batch_deployments(learning: Learning, limit: str) -> None:
    properties, code, message = LIMITS[limit]
    learning.make_all()
    learning.done("PUT", "", workspace_body(**properties))
    for url, body in ((DEPLOYMENT, deployment_body()), (ENDPOINT, endpoint_body())):
        assert learning.refused("PUT", url, body) == (400, code, message)


def test_a_key_that_is_off_is_no_limit(learning: Learning) -> None:
    learning.make_all()
    learning.done("PUT", "", workspace_body(encryption={"status": "Disabled", "keyVaultProperties": KEY}))
    assert learning.call("PUT", DEPLOYMENT, deployment_body()).status == 201
