"""What Azure offers in a region: the messages, and that without an answer nothing is said."""

from typing import Any

import pulumi
import pytest
import requests

from components.cluster import ClusterNodesArgs
from components.preflight import offers
from components.preflight.login import Login
from tests.components.recorder import DEPLOYER, SUBSCRIPTION, TENANT, recorded
from tests.components.resource_manager import Answer, ResourceManagerDouble, answer

LOGIN = Login(SUBSCRIPTION, TENANT, DEPLOYER)
BASE = f"https://management.azure.com/subscriptions/{SUBSCRIPTION}"
PROVIDER = f"{BASE}/providers/Microsoft.MachineLearningServices/locations/westeurope"
SIZES = [
    {"name": "Standard_DS11_v2", "family": "standardDSv2Family", "vCPUs": 2},
    {"name": "Standard_DS12_v2", "family": "standardDSv2Family", "vCPUs": 4},
]


def _nodes(**changed: Any) -> ClusterNodesArgs:
    nodes: Any = {
        "vm_size": "STANDARD_DS11_V2",
        "low_priority": False,
        "min_nodes": 0,
        "max_nodes": 4,
        "idle_seconds": 120,
    }
    return nodes | changed  # type: ignore[no-any-return]


def _azure(limit: int = 100, sizes: list[dict[str, Any]] = SIZES) -> Answer:
    def answers(url: str) -> requests.Response:
        kind = url.partition("?")[0].rpartition("/")[2]
        quota = {"name": {"value": "standardDSv2Family"}, "currentValue": 0, "limit": limit}
        found = {"locations": [{"name": "westeurope"}, {"name": "westus"}], "vmSizes": sizes, "usages": [quota]}
        return answer({"value": found[kind]})

    return answers


def _check(
    patch: pytest.MonkeyPatch, answers: Answer, location: str = "westeurope", /, **clusters: ClusterNodesArgs
) -> tuple[list[str], list[str]]:
    """Check; what was asked, and what was warned of."""
    warned: list[str] = []
    patch.setattr(pulumi.log, "warn", warned.append)
    azure = ResourceManagerDouble(patch, answers)
    recorded(lambda: offers.check(LOGIN, location, clusters, "Pulumi.dev.yaml:3"))
    return azure.asked, warned


def test_what_is_offered_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    asked, warned = _check(monkeypatch, _azure(), cluster=_nodes())
    assert asked == [
        f"{BASE}/locations?api-version=2022-12-01",
        f"{PROVIDER}/vmSizes?api-version=2025-12-01",
        f"{PROVIDER}/usages?api-version=2025-12-01",
    ]
    assert warned == []


def test_without_a_cluster_of_its_own_only_the_region_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    assert _check(monkeypatch, _azure()) == ([f"{BASE}/locations?api-version=2022-12-01"], [])


def test_a_region_that_does_not_exist(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(pulumi.RunError) as raised:
        _check(monkeypatch, _azure(), "westeurop", cluster=_nodes())
    assert str(raised.value) == (
        "azure-native:location is 'westeurop', which is not a region of this subscription. "
        "Similar: westeurope, westus. All: az account list-locations --query [].name\n"
        "  Pulumi.dev.yaml:3: change it to azure-native:location: westeurope\n"
        "Nothing was created or changed."
    )


ALL_SIZES = (
    'All: az rest --url "/subscriptions/{subscriptionId}/providers/Microsoft.MachineLearningServices/locations/'
    'westeurope/vmSizes?api-version=2025-12-01" --query "value[].name"'
)


def test_sizes_that_are_not_offered(monkeypatch: pytest.MonkeyPatch) -> None:
    clusters = {"cpu": _nodes(vm_size="Standard_DS11_v3"), "gpu": _nodes(vm_size="Giant_QQ"), "ok": _nodes()}
    with pytest.raises(pulumi.RunError) as raised:
        _check(monkeypatch, _azure(), **clusters)
    assert str(raised.value) == (
        "cpu.vmSize is 'Standard_DS11_v3', which Azure Machine Learning does not offer in westeurope. Similar: "
        f"Standard_DS11_v2, Standard_DS12_v2. {ALL_SIZES}\n"
        f"gpu.vmSize is 'Giant_QQ', which Azure Machine Learning does not offer in westeurope. {ALL_SIZES}\n"
        "Nothing was created or changed."
    )


def test_a_quota_that_the_nodes_exceed_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    clusters = {"cpu": _nodes(max_nodes=5), "small": _nodes(), "low": _nodes(max_nodes=50, low_priority=True)}
    _, warned = _check(monkeypatch, _azure(limit=9), **clusters)
    assert warned == [
        (
            "cpu: 5 nodes of STANDARD_DS11_V2 need 10 vCPUs, and the quota of standardDSv2Family is 9. Jobs will get 4 "
            "nodes at most. Ask for more under Quota in the Azure Machine Learning studio, or lower maxNodes."
        )
    ]


@pytest.mark.parametrize(
    "answers",
    [
        lambda _: answer({"error": {"code": "AuthorizationFailed"}}, 403),
        lambda _: answer({"value": [{}]}),
        lambda _: answer([]),
        lambda _: answer({"value": []}),
        _azure(sizes=[]),
    ],
)
def test_without_an_answer_nothing_is_said(monkeypatch: pytest.MonkeyPatch, answers: Answer) -> None:
    _, warned = _check(monkeypatch, answers, cluster=_nodes(vm_size="Giant_QQ", max_nodes=500))
    assert warned == []


def test_without_a_network_it_gives_up_in_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    def lost(_: str) -> requests.Response:
        raise requests.ConnectionError

    assert _check(monkeypatch, lost, "nowhere", cluster=_nodes())[1] == []
