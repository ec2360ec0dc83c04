"""What the service has and the sandbox would only store or drop is refused by name; its "not used" values pass.

Through the router. Does not prove that clients send nothing of it by themselves: test_ml_sdk and the tests of modelops
do, because they would be refused.
"""

from typing import Any

import pytest

from tests.sandbox.learning import (
    ACCOUNT,
    GROUP,
    WORKSPACE,
    Learning,
    cluster_body,
    deployment_body,
    endpoint_body,
)

NETWORK = f"{GROUP}/providers/Microsoft.Network/virtualNetworks/net/subnets/nodes"
SKU = {"name": "Standard"}
KEYS = {"primaryKey": "a", "secondaryKey": "b"}
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
    (SCORING, _request(compute={"isLocal": True}), "'properties.compute.isLocal' of a scoring request (it is true)"),
    (SCORING, _request(properties={"a": "b"}), "'properties.properties' of a scoring request"),
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
        f"The sandbox does not model {what}. See docs/sandbox.md for what it does.",
    )


PASSES: list[tuple[str, dict[str, Any]]] = [
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
            compute={"isLocal": False, "instanceCount": 1},
            properties={},
            inputData={"data": FOLDER | {"value": None}},
            outputData={},
            outputDataset=None,
        ),
    ),
]


@pytest.mark.parametrize(("url", "body"), PASSES, ids=[url.rsplit("/", 2)[-2] for url, _ in PASSES])
def test_what_says_not_used_passes(learning: Learning, url: str, body: dict[str, Any]) -> None:
    learning.make_all()
    learning.blobs.write(ACCOUNT, "azureml", "x", b"x")
    assert learning.call("POST" if url == SCORING else "PUT", url, body).status in (200, 201)
