"""What a region offers: the VM sizes of compute clusters, and the quota of each family.

A table of November 2026, the same for every region, made from the public pages of VM sizes
(https://learn.microsoft.com/azure/virtual-machines/sizes); the service's own list differs by region and changes.
"""

from collections.abc import Iterator

from sandbox.azure.arm.requests import ArmRequest, ArmResponse
from sandbox.azure.machine_learning.scope import SUBSCRIPTION_PATH
from sandbox.azure.world import World

_FAMILIES: dict[str, tuple[str, tuple[int, ...]]] = {
    "standardDv3Family": ("Standard_D{}_v3", (2, 4, 8, 16, 32, 48, 64)),
    "standardDSv3Family": ("Standard_D{}s_v3", (2, 4, 8, 16, 32, 48, 64)),
    "standardDAv4Family": ("Standard_D{}a_v4", (2, 4, 8, 16, 32, 48, 64, 96)),
    "standardDASv4Family": ("Standard_D{}as_v4", (2, 4, 8, 16, 32, 48, 64, 96)),
    "standardDDv4Family": ("Standard_D{}d_v4", (2, 4, 8, 16, 32, 48, 64)),
    "standardDDSv4Family": ("Standard_D{}ds_v4", (2, 4, 8, 16, 32, 48, 64)),
    "standardDSv4Family": ("Standard_D{}s_v4", (2, 4, 8, 16, 32, 48, 64)),
    "standardDSv5Family": ("Standard_D{}s_v5", (2, 4, 8, 16, 32, 48, 64, 96)),
    "standardDDSv5Family": ("Standard_D{}ds_v5", (2, 4, 8, 16, 32, 48, 64, 96)),
    "standardDASv5Family": ("Standard_D{}as_v5", (2, 4, 8, 16, 32, 48, 64, 96)),
    "standardDADSv5Family": ("Standard_D{}ads_v5", (2, 4, 8, 16, 32, 48, 64, 96)),
    "standardEv3Family": ("Standard_E{}_v3", (2, 4, 8, 16, 20, 32, 48, 64)),
    "standardESv3Family": ("Standard_E{}s_v3", (2, 4, 8, 16, 20, 32, 48, 64)),
    "standardEDSv4Family": ("Standard_E{}ds_v4", (2, 4, 8, 16, 20, 32, 48, 64)),
    "standardEASv4Family": ("Standard_E{}as_v4", (2, 4, 8, 16, 20, 32, 48, 64, 96)),
    "standardESv5Family": ("Standard_E{}s_v5", (2, 4, 8, 16, 20, 32, 48, 64, 96)),
    "standardEDSv5Family": ("Standard_E{}ds_v5", (2, 4, 8, 16, 20, 32, 48, 64, 96)),
    "standardEADSv5Family": ("Standard_E{}ads_v5", (2, 4, 8, 16, 20, 32, 48, 64, 96)),
    "standardFSv2Family": ("Standard_F{}s_v2", (2, 4, 8, 16, 32, 48, 64, 72)),
    "standardFFamily": ("Standard_F{}", (1, 2, 4, 8, 16)),
    "standardFSFamily": ("Standard_F{}s", (1, 2, 4, 8, 16)),
    "standardLSv2Family": ("Standard_L{}s_v2", (8, 16, 32, 48, 64, 80)),
    "standardMSFamily": ("Standard_M{}s", (8, 16, 32, 64, 128)),
    "standardNCFamily": ("Standard_NC{}", (6, 12, 24)),
    "standardNCSv2Family": ("Standard_NC{}s_v2", (6, 12, 24)),
    "standardNCSv3Family": ("Standard_NC{}s_v3", (6, 12, 24)),
    "Standard NCASv3_T4 Family": ("Standard_NC{}as_T4_v3", (4, 8, 16, 64)),
    "StandardNCADSA100v4Family": ("Standard_NC{}ads_A100_v4", (24, 48, 96)),
    "StandardNCadsH100v5Family": ("Standard_NC{}ads_H100_v5", (40, 80)),
    "standardNDSFamily": ("Standard_ND{}s", (6, 12, 24)),
    "standardNDSv2Family": ("Standard_ND{}rs_v2", (40,)),
    "Standard NDASv4_A100 Family": ("Standard_ND{}asr_v4", (96,)),
    "standardNDAMSv4_A100Family": ("Standard_ND{}amsr_A100_v4", (96,)),
    "standardNDSH100v5Family": ("Standard_ND{}isr_H100_v5", (96,)),
    "standardNVFamily": ("Standard_NV{}", (6, 12, 24)),
    "standardNVSv3Family": ("Standard_NV{}s_v3", (12, 24, 48)),
    "StandardNVADSA10v5Family": ("Standard_NV{}ads_A10_v5", (6, 12, 18, 36, 72)),
    "standardHBSFamily": ("Standard_HB{}rs", (60,)),
    "standardHBrsv2Family": ("Standard_HB{}rs_v2", (120,)),
    "standardHBv3Family": ("Standard_HB{}rs_v3", (120,)),
    "standardHCSFamily": ("Standard_HC{}rs", (44,)),
}
"""Sizes whose names hold the number of their vCPUs: by family, the name and the numbers."""

_OLDER = {1: 1, 2: 2, 3: 4, 4: 8, 11: 2, 12: 4, 13: 8, 14: 16}
"""The first D series number their sizes instead: size to vCPUs. The second generation adds the next ones."""

_NUMBERED = {
    "standardDFamily": ("Standard_D{}", _OLDER),
    "standardDv2Family": ("Standard_D{}_v2", {**_OLDER, 5: 16, 15: 20}),
    "standardDSv2Family": ("Standard_DS{}_v2", {**_OLDER, 5: 16, 15: 20}),
}

_QUOTA = 100
"""vCPUs of each family. Azure's default is 24 to 300, by the kind of subscription:
https://learn.microsoft.com/azure/machine-learning/how-to-manage-quotas#azure-machine-learning-compute"""


def register(world: World) -> None:
    """Serve both lists."""
    location = f"{SUBSCRIPTION_PATH}/locations/{{location}}"
    world.router.add("GET", f"{location}/vmSizes", _sizes)
    world.router.add("GET", f"{location}/usages", _usages)


def _table() -> Iterator[tuple[str, str, int]]:
    """Yield family, name and vCPUs of each size."""
    for family, (name, cores) in _FAMILIES.items():
        yield from ((family, name.format(each), each) for each in cores)
    for family, (name, sizes) in _NUMBERED.items():
        yield from ((family, name.format(size), cores) for size, cores in sizes.items())


async def _sizes(_request: ArmRequest) -> ArmResponse:
    types = ["AmlCompute", "ComputeInstance"]
    sizes = [
        {"name": name, "family": family, "vCPUs": cores, "lowPriorityCapable": True, "supportedComputeTypes": types}
        for family, name, cores in sorted(_table(), key=lambda each: each[1].lower())
    ]
    return ArmResponse(200, {"value": sizes})


async def _usages(request: ArmRequest) -> ArmResponse:
    base = f"{request.path.rstrip('/')}/"
    usages = [
        {
            "id": f"{base}{family}",
            "type": "Microsoft.MachineLearningServices/usages",
            "name": {"value": family, "localizedValue": f"{family} Cluster Dedicated vCPUs"},
            "unit": "Count",
            "currentValue": 0,
            "limit": _QUOTA,
        }
        for family in sorted({*_FAMILIES, *_NUMBERED}, key=str.lower)
    ]
    return ArmResponse(200, {"value": usages})
