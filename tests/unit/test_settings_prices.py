"""The key `prices`: what nodes cost, by VM size; which deployments have a price."""

from pathlib import Path
from typing import Any

import pytest

from tests.unit.settings_world import RIGHT, make_files, problems, read


@pytest.fixture(name="root")
def _root(tmp_path: Path) -> Path:
    return make_files(tmp_path)


def priced(root: Path, **top: Any) -> tuple[object, object]:
    """Return the prices and the currency that the release of the endpoint gets."""
    served = read(root, {**RIGHT, **top}).endpoints["digits"].served
    return served["node_prices"], served["currency"]


def test_a_deployment_has_the_price_of_its_cluster_s_vm_size(root: Path) -> None:
    assert priced(root) == ({}, "")
    sizes = {"standard_ds11_v2": 0.19, "STANDARD_NC6": "1.5"}
    assert priced(root, prices={"currency": "EUR", "nodeHour": sizes}) == ({"mlp": 0.19}, "EUR")
    gpu = {"vmSize": "Standard_NC6"}
    assert priced(root, cluster=gpu, prices={"currency": "USD", "nodeHour": sizes}) == ({"mlp": 1.5}, "USD")
    assert priced(root, cluster={"vmSize": "Standard_F4"}, prices={"currency": "USD", "nodeHour": sizes}) == ({}, "USD")


@pytest.mark.parametrize(
    ("prices", "problem"),
    [
        (
            {"nodeHour": {"STANDARD_NC6": 1}},
            (
                "prices.currency is not set. Allowed: the three letters of a currency.\n"
                "Pulumi.dev.yaml: set prices.currency to EUR"
            ),
        ),
        (
            {"currency": "euro"},
            (
                "prices.currency is 'euro'. Allowed: the three letters of a currency.\n"
                "Pulumi.dev.yaml: set prices.currency to EUR"
            ),
        ),
        (
            {"currency": "EUR", "nodeHour": {"STANDARD_NC6": 0}},
            (
                "prices.nodeHour.STANDARD_NC6 is 0. Allowed: a number above 0, the price of one node for one hour.\n"
                "Pulumi.dev.yaml: set prices.nodeHour.STANDARD_NC6 to 0.2"
            ),
        ),
        (
            {"currency": "EUR", "nodeHour": {"STANDARD_NC6": True}},
            (
                "prices.nodeHour.STANDARD_NC6 is true. Allowed: a number above 0, the price of one node for one hour.\n"
                "Pulumi.dev.yaml: set prices.nodeHour.STANDARD_NC6 to 0.2"
            ),
        ),
        (
            {"currency": "EUR", "nodeHour": {"gpu": 1}},
            (
                "prices.nodeHour.gpu is an unknown VM size. Allowed: Azure VM sizes, such as STANDARD_DS11_V2.\n"
                "Pulumi.dev.yaml: rename gpu"
            ),
        ),
        (
            {"currency": "EUR", "hour": 1},
            (
                "prices.hour is an unknown key. Did you mean nodeHour? Allowed: currency or nodeHour.\n"
                "Pulumi.dev.yaml: rename hour to nodeHour"
            ),
        ),
    ],
)
def test_what_is_wrong(root: Path, prices: dict[str, Any], problem: str) -> None:
    assert problems(root, {**RIGHT, "prices": prices}) == [problem]
