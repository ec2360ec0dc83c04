"""The key `prices`: what an hour of a node costs, so that a preview can tell what try-outs cost at most."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from components.release_parts.deployment_args import DeploymentArgs
from settings.cluster import VM_SIZE, Clusters
from settings.problems import editing
from settings.section import Section

_NUMBER: Final = r"[0-9]*\.?[0-9]+"
CURRENCY: Final = "[A-Z]{3}"
"""Pattern of a code of ISO 4217."""


@dataclass(frozen=True)
class Prices:
    """Prices of one node for one hour by VM size, in upper case; and their currency, empty without prices."""

    node_hour: Mapping[str, float] = field(default_factory=dict)
    currency: str = ""

    def of(self, deployments: Mapping[str, DeploymentArgs], clusters: Clusters) -> dict[str, float]:
        """Return the price for each deployment, without those whose cluster's VM size or its price is not known."""
        found = {}
        for key, each in deployments.items():
            cluster = clusters.settings.get(each["compute"])
            if cluster is not None and cluster.existing is None and cluster.vm_size in self.node_hour:
                found[key] = self.node_hour[cluster.vm_size]
        return found


def read_prices(top: Section) -> Prices:
    """Read the prices; none without the key."""
    section = top.section("prices", of="what nodes cost")
    if not section.values:
        return Prices()
    section.only("currency", "nodeHour")
    sizes = section.section("nodeHour", of="prices of one node for one hour by VM size")
    found = {}
    for size, value in sizes.values.items():
        price = float(value) if isinstance(value, str) and re.fullmatch(_NUMBER, value) else value
        if not re.fullmatch(VM_SIZE, size):
            sizes.problems.add(
                sizes.at(size),
                "is an unknown VM size",
                "Allowed: Azure VM sizes, such as STANDARD_DS11_V2.",
                editing(sizes.at(size), f"rename {size}"),
            )
        elif isinstance(price, bool) or not isinstance(price, (int, float)) or price <= 0:
            sizes.wrong(size, "a number above 0, the price of one node for one hour", 0.2)
        else:
            found[size.upper()] = float(price)
    currency = section.text(
        "currency", None, pattern=CURRENCY, allowed="the three letters of a currency", example="EUR"
    )
    return Prices(found, currency)
