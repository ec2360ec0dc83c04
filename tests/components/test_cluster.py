"""MlCluster: the defaults of the Learn module, locked, and replaced when the service would ignore a change."""

from typing import Any

import pytest

from components.cluster import ClusterNodesArgs, MlCluster, MlClusterArgs, iso_duration
from tests.components.recorder import Recorder, recorded

ARGS: MlClusterArgs = {
    "resource_group_name": "rg",
    "workspace_name": "ws",
    "location": "westeurope",
    "identity_id": "/identity",
    "tags": {"owner": "ml"},
}


def _recorded(nodes: ClusterNodesArgs | None = None) -> Recorder:
    args: Any = ARGS if nodes is None else {**ARGS, "nodes": nodes}
    return recorded(lambda: MlCluster("aml", args))


def test_the_exact_list() -> None:
    assert _recorded().declared() == [
        ("azure-native:machinelearningservices:Compute", "aml-cluster"),
        ("azureml-batch:index:MlCluster", "aml"),
    ]


def test_defaults_are_the_learn_module_s() -> None:
    assert _recorded().inputs("Compute") == {
        "identity": {"type": "UserAssigned", "userAssignedIdentities": ["/identity"]},
        "location": "westeurope",
        "properties": {
            "computeType": "AmlCompute",
            "disableLocalAuth": True,
            "properties": {
                "enableNodePublicIp": True,
                "osType": "Linux",
                "remoteLoginPortPublicAccess": "Disabled",
                "scaleSettings": {"maxNodeCount": 4, "minNodeCount": 0, "nodeIdleTimeBeforeScaleDown": "PT2M"},
                "vmPriority": "Dedicated",
                "vmSize": "STANDARD_DS11_V2",
            },
        },
        "resourceGroupName": "rg",
        "tags": {"owner": "ml"},
        "workspaceName": "ws",
    }


def test_nobody_can_log_in_to_a_node() -> None:
    properties = _recorded().inputs("Compute")["properties"]
    assert properties["disableLocalAuth"] is True
    assert properties["properties"]["remoteLoginPortPublicAccess"] == "Disabled"
    assert "userAccountCredentials" not in properties["properties"]


def test_what_the_service_would_ignore_replaces_and_the_old_one_goes_last() -> None:
    request = _recorded().request("Compute", "aml-cluster")
    assert list(request.replaceOnChanges) == [
        "properties.properties.vmSize",
        "properties.properties.vmPriority",
        "properties.properties.subnet",
    ]
    assert request.deleteBeforeReplace is False
    assert request.deleteBeforeReplaceDefined is True


def test_everything_set() -> None:
    nodes: ClusterNodesArgs = {
        "vm_size": "Standard_NC6s_v3",
        "low_priority": True,
        "min_nodes": 1,
        "max_nodes": 9,
        "idle_seconds": 5400,
    }
    properties = _recorded(nodes).inputs("Compute")["properties"]["properties"]
    assert properties["vmSize"] == "Standard_NC6s_v3"
    assert properties["vmPriority"] == "LowPriority"
    assert properties["scaleSettings"] == {
        "maxNodeCount": 9,
        "minNodeCount": 1,
        "nodeIdleTimeBeforeScaleDown": "PT1H30M",
    }


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0, "PT0S"),
        (1, "PT1S"),
        (120, "PT2M"),
        (121, "PT2M1S"),
        (3600, "PT1H"),
        (86400, "P1D"),
        (90061, "P1DT1H1M1S"),
    ],
)
def test_durations(seconds: int, expected: str) -> None:
    assert iso_duration(seconds) == expected
