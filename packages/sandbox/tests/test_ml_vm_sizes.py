"""What a region offers, as the SDK reads it, and the table itself."""

from learning import SUBSCRIPTION, Learning
from sandbox.azure.machine_learning.workspaces import vm_sizes


def test_each_name_is_there_once() -> None:
    names = [name.lower() for _, name, _ in vm_sizes._table()]
    assert len(names) == len(set(names)) == 240


def test_sizes_and_quota_fit_together(learning: Learning) -> None:
    path = "/providers/Microsoft.MachineLearningServices/locations/westeurope"
    sizes = learning.call("GET", f"/subscriptions/{SUBSCRIPTION}" + f"{path}/vmSizes").body["value"]
    usages = learning.call("GET", f"/subscriptions/{SUBSCRIPTION}" + f"{path}/usages").body["value"]
    assert {each["family"] for each in sizes} == {each["name"]["value"] for each in usages}
    (size,) = [each for each in sizes if each["name"] == "Standard_DS11_v2"]
    assert (size["vCPUs"], size["family"]) == (2, "standardDSv2Family")
    assert {each["limit"] for each in usages} == {100}
