"""The redundancy of a storage account, which Azure changes in place only in part.

A deployment can add or remove copies in another region and the access to read them. Copies in several zones come and go
with a conversion that somebody starts, and that takes hours or days. Source:
https://learn.microsoft.com/azure/storage/common/redundancy-migration
"""

from typing import Any, Final

import pulumi

from components.preflight import rerun

_ZONES: Final = {
    "Standard_LRS": "Standard_ZRS",
    "Standard_GRS": "Standard_GZRS",
    "Standard_RAGRS": "Standard_RAGZRS",
}
"""A SKU without copies in several zones -> the same with them."""


def in_place(name: str) -> pulumi.ResourceHookBinding:
    """Return the hook that refuses, also in a preview, a change which Azure does not make in place.

    A hook, because it sees what the account has: the program does not.

    Args:
        name: Logical name of the account's component.
    """
    hook = pulumi.ResourceHook(f"{name}-redundancy", _check, pulumi.ResourceHookOptions(on_dry_run=True))
    return pulumi.ResourceHookBinding(before_update=[hook])


def _check(hook: pulumi.ResourceHookArgs) -> None:
    before, after = _sku(hook.old_inputs), _sku(hook.new_inputs)
    converted = _ZONES | {zones: plain for plain, zones in _ZONES.items()}
    if before not in converted or after not in converted or (before in _ZONES) == (after in _ZONES):
        return
    allowed = [sku for sku in converted if (sku in _ZONES) == (before in _ZONES)]
    inputs: Any = hook.old_inputs
    raise RuntimeError(
        f"storageSku is '{after}', and the storage account has {before}. Azure does not change zone redundancy "
        f"in place. Allowed: {', '.join(allowed)}. To convert the account, which takes hours or days:\n"
        f"  az storage account migration start --account-name {inputs.get('accountName', 'ACCOUNT')} --resource-group "
        f"{inputs.get('resourceGroupName', 'GROUP')} --sku {converted[before]} --no-wait\n"
        f"Then set storageSku to that, and run: {rerun.up(pulumi.get_stack(), '--refresh')}"
    )


def _sku(inputs: Any) -> str | None:
    found = (inputs or {}).get("sku")
    return found.get("name") if isinstance(found, dict) else None
