"""What a region offers, as the SDK reads it, and the table itself."""

import pytest

from learning import SUBSCRIPTION, Learning
from sandbox.azure.machine_learning.workspaces import vm_sizes


def test_each_name_is_there_once() -> None:
    names = [name.lower() for _, name, _ in vm_sizes._table()]
    assert len(names) == len(set(names)) == 574


@pytest.mark.parametrize(
    ("name", "cores"),
    [
        ("Standard_D2_v4", 2),
        ("Standard_D192ds_v6", 192),
        ("Standard_D96ads_v6", 96),
        ("Standard_E20as_v5", 20),
        ("Standard_E192is_v6", 192),
        ("Standard_F64as_v6", 64),
        ("Standard_FX48mds", 48),
        ("Standard_L80as_v3", 80),
        ("Standard_M8ms", 8),
        ("Standard_M416ms_v2", 416),
        ("Standard_M192idms_v2", 192),
        ("Standard_NC64as_T4_v3", 64),
        ("Standard_NC96ads_A100_v4", 96),
        ("Standard_NC80adis_H100_v5", 80),
        ("Standard_ND96isr_H200_v5", 96),
        ("Standard_NV36adms_A10_v5", 36),
        ("Standard_NV28adms_V710_v5", 28),
        ("Standard_HB176rs_v4", 176),
        ("Standard_HX176-24rs", 24),
    ],
)
def test_sizes_of_the_public_pages(name: str, cores: int) -> None:
    assert [each for _, size, each in vm_sizes._table() if size == name] == [cores]


def test_sizes_and_quota_fit_together(learning: Learning) -> None:
    path = "/providers/Microsoft.MachineLearningServices/locations/westeurope"
    sizes = learning.call("GET", f"/subscriptions/{SUBSCRIPTION}" + f"{path}/vmSizes").body["value"]
    usages = learning.call("GET", f"/subscriptions/{SUBSCRIPTION}" + f"{path}/usages").body["value"]
    assert {each["family"] for each in sizes} == {each["name"]["value"] for each in usages}
    (size,) = [each for each in sizes if each["name"] == "Standard_DS11_v2"]
    assert (size["vCPUs"], size["family"]) == (2, "standardDSv2Family")
    assert {each["limit"] for each in usages} == {100}
