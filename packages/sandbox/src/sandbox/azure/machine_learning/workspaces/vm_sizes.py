"""What a region offers: the VM sizes of compute clusters, and the quota of each family.

A table of November 2026, the same for every region, made from the public pages of VM sizes
(https://learn.microsoft.com/azure/virtual-machines/sizes); the service's own list differs by region and changes.
"""

from collections.abc import Iterator

from sandbox.azure.arm.requests import ArmRequest, ArmResponse
from sandbox.azure.machine_learning.scope import SUBSCRIPTION_PATH
from sandbox.azure.world import World

_FAMILIES: tuple[tuple[str, str, tuple[int, ...]], ...] = (
    ("standardDv3Family", "Standard_D{}_v3", (2, 4, 8, 16, 32, 48, 64)),
    ("standardDSv3Family", "Standard_D{}s_v3", (2, 4, 8, 16, 32, 48, 64)),
    ("standardDAv4Family", "Standard_D{}a_v4", (2, 4, 8, 16, 32, 48, 64, 96)),
    ("standardDASv4Family", "Standard_D{}as_v4", (2, 4, 8, 16, 32, 48, 64, 96)),
    ("standardDDv4Family", "Standard_D{}d_v4", (2, 4, 8, 16, 32, 48, 64)),
    ("standardDDSv4Family", "Standard_D{}ds_v4", (2, 4, 8, 16, 32, 48, 64)),
    ("standardDSv4Family", "Standard_D{}s_v4", (2, 4, 8, 16, 32, 48, 64)),
    ("standardDv4Family", "Standard_D{}_v4", (2, 4, 8, 16, 32, 48, 64)),
    ("standardDSv5Family", "Standard_D{}s_v5", (2, 4, 8, 16, 32, 48, 64, 96)),
    ("standardDDSv5Family", "Standard_D{}ds_v5", (2, 4, 8, 16, 32, 48, 64, 96)),
    ("standardDASv5Family", "Standard_D{}as_v5", (2, 4, 8, 16, 32, 48, 64, 96)),
    ("standardDADSv5Family", "Standard_D{}ads_v5", (2, 4, 8, 16, 32, 48, 64, 96)),
    ("standardDv5Family", "Standard_D{}_v5", (2, 4, 8, 16, 32, 48, 64, 96)),
    ("standardDDv5Family", "Standard_D{}d_v5", (2, 4, 8, 16, 32, 48, 64, 96)),
    ("standardDLSv5Family", "Standard_D{}ls_v5", (2, 4, 8, 16, 32, 48, 64, 96)),
    ("standardDLDSv5Family", "Standard_D{}lds_v5", (2, 4, 8, 16, 32, 48, 64, 96)),
    ("StandardDsv6Family", "Standard_D{}s_v6", (2, 4, 8, 16, 32, 48, 64, 96, 128, 192)),
    ("StandardDdsv6Family", "Standard_D{}ds_v6", (2, 4, 8, 16, 32, 48, 64, 96, 128, 192)),
    ("StandardDlsv6Family", "Standard_D{}ls_v6", (2, 4, 8, 16, 32, 48, 64, 96, 128)),
    ("StandardDldsv6Family", "Standard_D{}lds_v6", (2, 4, 8, 16, 32, 48, 64, 96, 128)),
    ("standardDav6Family", "Standard_D{}as_v6", (2, 4, 8, 16, 32, 48, 64, 96)),
    ("standardDadv6Family", "Standard_D{}ads_v6", (2, 4, 8, 16, 32, 48, 64, 96)),
    ("standardDalv6Family", "Standard_D{}als_v6", (2, 4, 8, 16, 32, 48, 64, 96)),
    ("standardDaldv6Family", "Standard_D{}alds_v6", (2, 4, 8, 16, 32, 48, 64, 96)),
    ("standardEv3Family", "Standard_E{}_v3", (2, 4, 8, 16, 20, 32, 48, 64)),
    ("standardESv3Family", "Standard_E{}s_v3", (2, 4, 8, 16, 20, 32, 48, 64)),
    ("standardEDSv4Family", "Standard_E{}ds_v4", (2, 4, 8, 16, 20, 32, 48, 64)),
    ("standardEASv4Family", "Standard_E{}as_v4", (2, 4, 8, 16, 20, 32, 48, 64, 96)),
    ("standardEv4Family", "Standard_E{}_v4", (2, 4, 8, 16, 20, 32, 48, 64)),
    ("standardESv4Family", "Standard_E{}s_v4", (2, 4, 8, 16, 20, 32, 48, 64)),
    ("standardEDv4Family", "Standard_E{}d_v4", (2, 4, 8, 16, 20, 32, 48, 64)),
    ("standardEAv4Family", "Standard_E{}a_v4", (2, 4, 8, 16, 20, 32, 48, 64, 96)),
    ("standardESv5Family", "Standard_E{}s_v5", (2, 4, 8, 16, 20, 32, 48, 64, 96)),
    ("standardEDSv5Family", "Standard_E{}ds_v5", (2, 4, 8, 16, 20, 32, 48, 64, 96)),
    ("standardEADSv5Family", "Standard_E{}ads_v5", (2, 4, 8, 16, 20, 32, 48, 64, 96)),
    ("standardEv5Family", "Standard_E{}_v5", (2, 4, 8, 16, 20, 32, 48, 64, 96)),
    ("standardEDv5Family", "Standard_E{}d_v5", (2, 4, 8, 16, 20, 32, 48, 64, 96)),
    ("standardEASv5Family", "Standard_E{}as_v5", (2, 4, 8, 16, 20, 32, 48, 64, 96)),
    ("standardEIv5Family", "Standard_E{}i_v5", (104,)),
    ("standardEISv5Family", "Standard_E{}is_v5", (104,)),
    ("standardEIDv5Family", "Standard_E{}id_v5", (104,)),
    ("standardEIDSv5Family", "Standard_E{}ids_v5", (104,)),
    ("standardEIASv5Family", "Standard_E{}ias_v5", (112,)),
    ("standardEIADSv5Family", "Standard_E{}iads_v5", (112,)),
    ("StandardEsv6Family", "Standard_E{}s_v6", (2, 4, 8, 16, 20, 32, 48, 64, 96, 128)),
    ("StandardEsv6Family", "Standard_E{}is_v6", (192,)),
    ("StandardEdsv6Family", "Standard_E{}ds_v6", (2, 4, 8, 16, 20, 32, 48, 64, 96, 128)),
    ("StandardEdsv6Family", "Standard_E{}ids_v6", (192,)),
    ("standardEav6Family", "Standard_E{}as_v6", (2, 4, 8, 16, 20, 32, 48, 64, 96)),
    ("standardEadv6Family", "Standard_E{}ads_v6", (2, 4, 8, 16, 20, 32, 48, 64, 96)),
    ("standardFSv2Family", "Standard_F{}s_v2", (2, 4, 8, 16, 32, 48, 64, 72)),
    ("standardFFamily", "Standard_F{}", (1, 2, 4, 8, 16)),
    ("standardFSFamily", "Standard_F{}s", (1, 2, 4, 8, 16)),
    ("StandardFasv6Family", "Standard_F{}as_v6", (2, 4, 8, 16, 32, 48, 64)),
    ("StandardFalsv6Family", "Standard_F{}als_v6", (2, 4, 8, 16, 32, 48, 64)),
    ("StandardFamsv6Family", "Standard_F{}ams_v6", (2, 4, 8, 16, 32, 48, 64)),
    ("standardFXMDVSFamily", "Standard_FX{}mds", (4, 12, 24, 36, 48)),
    ("StandardFXmsv2Family", "Standard_FX{}ms_v2", (2, 4, 8, 12, 16, 24, 32, 48, 64, 96)),
    ("StandardFXmdsv2Family", "Standard_FX{}mds_v2", (2, 4, 8, 12, 16, 24, 32, 48, 64, 96)),
    ("standardLSv2Family", "Standard_L{}s_v2", (8, 16, 32, 48, 64, 80)),
    ("standardLSv3Family", "Standard_L{}s_v3", (8, 16, 32, 48, 64, 80)),
    ("standardLASv3Family", "Standard_L{}as_v3", (8, 16, 32, 48, 64, 80)),
    ("standardMSFamily", "Standard_M{}s", (64, 128)),
    ("standardMSFamily", "Standard_M{}", (64, 128)),
    ("standardMSFamily", "Standard_M{}m", (64, 128)),
    ("standardMSFamily", "Standard_M{}ms", (8, 16, 32, 64, 128)),
    ("standardMSFamily", "Standard_M{}ls", (32, 64)),
    ("standardMSFamily", "Standard_M{}ts", (32,)),
    ("standardMSMediumMemoryv2Family", "Standard_M{}s_v2", (64, 128)),
    ("standardMSMediumMemoryv2Family", "Standard_M{}ms_v2", (32, 64, 128)),
    ("standardMISMediumMemoryv2Family", "Standard_M{}is_v2", (192,)),
    ("standardMISMediumMemoryv2Family", "Standard_M{}ims_v2", (192,)),
    ("standardMDSMediumMemoryv2Family", "Standard_M{}ds_v2", (64, 128)),
    ("standardMDSMediumMemoryv2Family", "Standard_M{}dms_v2", (32, 64, 128)),
    ("standardMIDSMediumMemoryv2Family", "Standard_M{}ids_v2", (192,)),
    ("standardMIDSMediumMemoryv2Family", "Standard_M{}idms_v2", (192,)),
    ("standardMSv2Family", "Standard_M{}s_v2", (208, 416)),
    ("standardMSv2Family", "Standard_M{}ms_v2", (208, 416)),
    ("standardNCFamily", "Standard_NC{}", (6, 12, 24)),
    ("standardNCFamily", "Standard_NC{}r", (24,)),
    ("standardNCSv2Family", "Standard_NC{}s_v2", (6, 12, 24)),
    ("standardNCSv2Family", "Standard_NC{}rs_v2", (24,)),
    ("standardNCSv3Family", "Standard_NC{}s_v3", (6, 12, 24)),
    ("standardNCSv3Family", "Standard_NC{}rs_v3", (24,)),
    ("Standard NCASv3_T4 Family", "Standard_NC{}as_T4_v3", (4, 8, 16, 64)),
    ("StandardNCADSA100v4Family", "Standard_NC{}ads_A100_v4", (24, 48, 96)),
    ("StandardNCadsH100v5Family", "Standard_NC{}ads_H100_v5", (40,)),
    ("StandardNCadsH100v5Family", "Standard_NC{}adis_H100_v5", (80,)),
    ("standardNDSFamily", "Standard_ND{}s", (6, 12, 24)),
    ("standardNDSv2Family", "Standard_ND{}rs_v2", (40,)),
    ("Standard NDASv4_A100 Family", "Standard_ND{}asr_v4", (96,)),
    ("standardNDAMSv4_A100Family", "Standard_ND{}amsr_A100_v4", (96,)),
    ("standardNDSH100v5Family", "Standard_ND{}isr_H100_v5", (96,)),
    ("standardNDISRH200V5Family", "Standard_ND{}isr_H200_v5", (96,)),
    ("standardNDISv5MI300XFamily", "Standard_ND{}isr_MI300X_v5", (96,)),
    ("standardNVFamily", "Standard_NV{}", (6, 12, 24)),
    ("standardNVSv3Family", "Standard_NV{}s_v3", (12, 24, 48)),
    ("StandardNVADSA10v5Family", "Standard_NV{}ads_A10_v5", (6, 12, 18, 36, 72)),
    ("StandardNVADSA10v5Family", "Standard_NV{}adms_A10_v5", (36,)),
    ("StandardNVadsV710v5Family", "Standard_NV{}ads_V710_v5", (4, 8, 12, 24)),
    ("StandardNVadsV710v5Family", "Standard_NV{}adms_V710_v5", (28,)),
    ("standardHBSFamily", "Standard_HB{}rs", (60,)),
    ("standardHBSFamily", "Standard_HB60-{}rs", (15, 30, 45)),
    ("standardHBrsv2Family", "Standard_HB{}rs_v2", (120,)),
    ("standardHBrsv2Family", "Standard_HB120-{}rs_v2", (16, 32, 64, 96)),
    ("standardHBv3Family", "Standard_HB{}rs_v3", (120,)),
    ("standardHBv3Family", "Standard_HB120-{}rs_v3", (16, 32, 64, 96)),
    ("standardHBv4Family", "Standard_HB{}rs_v4", (176,)),
    ("standardHBv4Family", "Standard_HB176-{}rs_v4", (24, 48, 96, 144)),
    ("standardHCSFamily", "Standard_HC{}rs", (44,)),
    ("standardHCSFamily", "Standard_HC44-{}rs", (16, 32)),
    ("standardHXFamily", "Standard_HX{}rs", (176,)),
    ("standardHXFamily", "Standard_HX176-{}rs", (24, 48, 96, 144)),
)
"""Sizes whose names hold the number of their vCPUs: the family, the name and the numbers."""

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
    for family, name, cores in _FAMILIES:
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
        for family in sorted({family for family, _, _ in _table()}, key=str.lower)
    ]
    return ArmResponse(200, {"value": usages})
