"""Compute clusters: rules, defaults and refusals, through the router.

Does not prove that the SDK can talk to them: test_ml_sdk does.
"""

from typing import Any

import pytest

from learning import Learning, cluster_body


def test_a_cluster_answers_what_the_service_adds(learning: Learning) -> None:
    learning.make_workspace()
    answer = learning.call("PUT", "/computes/cpu", cluster_body())
    assert answer.status == 201
    assert "/computeOperationsStatus/" in answer.headers["Azure-AsyncOperation"]
    properties = learning.make_cluster()["properties"]
    assert properties["provisioningState"] == "Succeeded"
    assert properties["computeLocation"] == "westeurope"
    inner = properties["properties"]
    assert inner["scaleSettings"] == {"maxNodeCount": 2, "minNodeCount": 0, "nodeIdleTimeBeforeScaleDown": "PT2M"}
    assert (inner["allocationState"], inner["osType"]) == ("Steady", "Linux")
    assert inner["nodeStateCounts"]["idleNodeCount"] == 0


def test_a_put_changes_scale_settings_and_silently_nothing_else(learning: Learning) -> None:
    learning.make_workspace()
    learning.make_cluster()
    changed = learning.done("PUT", "/computes/cpu", cluster_body(5, size="Standard_F4s_v2"))["properties"]["properties"]
    assert changed["scaleSettings"]["maxNodeCount"] == 5
    assert changed["vmSize"] == "STANDARD_DS11_V2"


def test_patch_of_scale_settings_answers_200_with_both_headers(learning: Learning) -> None:
    learning.make_workspace()
    learning.make_cluster()
    scale = {"maxNodeCount": 7, "nodeIdleTimeBeforeScaleDown": "PT10M"}
    answer = learning.call("PATCH", "/computes/cpu", {"properties": {"properties": {"scaleSettings": scale}}})
    assert answer.status == 200
    assert {"Azure-AsyncOperation", "Location"} <= set(answer.headers)
    assert answer.body["properties"]["provisioningState"] == "Updating"
    assert answer.body["properties"]["properties"]["scaleSettings"] == {
        "maxNodeCount": 7,
        "minNodeCount": 0,
        "nodeIdleTimeBeforeScaleDown": "PT10M",
    }


@pytest.mark.parametrize(
    ("name", "body", "message"),
    [
        ("cpu-1", cluster_body(), "'cpu-1' is not a valid compute name"),
        ("c", cluster_body(), "'c' is not a valid compute name"),
        ("cpu", cluster_body(size="D2"), "'properties.properties.vmSize' is 'D2'; a size looks like STANDARD_DS11_V2."),
        (
            "cpu",
            cluster_body(2, least=3),
            "'properties.properties.scaleSettings': minNodeCount is 3 and maxNodeCount is 2",
        ),
        ("cpu", cluster_body(101), "'properties.properties.scaleSettings': maxNodeCount is 101; a cluster's default"),
        (
            "cpu",
            {"location": "northeurope", "properties": cluster_body()["properties"]},
            "The location 'northeurope'",
        ),
        (
            "cpu",
            {"properties": {"computeType": "Kubernetes"}},
            "The sandbox does not model a compute of type 'Kubernetes'",
        ),
        (
            "cpu",
            {"properties": {"computeType": "Nonsense"}},
            "The request content was invalid: 'properties.computeType' is 'Nonsense'; allowed: AmlCompute.",
        ),
    ],
)
def test_wrong_clusters_are_refused(learning: Learning, name: str, body: dict[str, Any], message: str) -> None:
    learning.make_workspace()
    assert learning.refused("PUT", f"/computes/{name}", body)[2].startswith(message)


def test_a_wrong_duration_is_refused(learning: Learning) -> None:
    learning.make_workspace()
    body = cluster_body()
    body["properties"]["properties"]["scaleSettings"]["nodeIdleTimeBeforeScaleDown"] = "120"
    assert learning.refused("PUT", "/computes/cpu", body)[2] == (
        "The request content was invalid: 'properties.properties.scaleSettings.nodeIdleTimeBeforeScaleDown': '120' is"
        " not an ISO 8601 duration of days, hours, minutes and seconds, such as PT2M30S."
    )


def test_a_deleted_cluster_is_gone(learning: Learning) -> None:
    learning.make_workspace()
    learning.make_cluster()
    answer = learning.call("DELETE", "/computes/cpu?underlyingResourceAction=Delete")
    assert answer.status == 202
    assert {"Azure-AsyncOperation", "Location"} <= set(answer.headers)
    learning.done("DELETE", "/computes/cpu")
    assert learning.call("DELETE", "/computes/cpu").status == 204


def test_a_cluster_can_only_be_deleted(learning: Learning) -> None:
    learning.make_workspace()
    learning.make_cluster()
    assert learning.refused("DELETE", "/computes/cpu?underlyingResourceAction=Detach")[2] == (
        "'underlyingResourceAction' is 'Detach'; a cluster can only be deleted: Delete."
    )


def test_a_size_comes_back_in_upper_case(learning: Learning) -> None:
    learning.make_workspace()
    made = learning.done("PUT", "/computes/cpu", cluster_body(2, size="Standard_D4s_v3"))["properties"]["properties"]
    assert made["vmSize"] == "STANDARD_D4S_V3"
