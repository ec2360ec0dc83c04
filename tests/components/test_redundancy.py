"""The hook that refuses a storage account's redundancy that Azure does not change in place.

Not proved here: that the engine calls it, in a preview too. tests/e2e/test_clusters.py does.
"""

from typing import Any

import pulumi
import pytest

from components.workspace_parts import redundancy


def _update(before: object, after: object) -> pulumi.ResourceHookArgs:
    names: dict[str, Any] = {"accountName": "mlstorage1a2b", "resourceGroupName": "rg"}
    return pulumi.ResourceHookArgs(
        urn="u", id="i", name="n", type="t", old_inputs={**names, "sku": before}, new_inputs={**names, "sku": after}
    )


@pytest.fixture(autouse=True)
def _stack(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulumi, "get_stack", lambda: "dev")


def _check(before: object, after: object) -> None:
    (hook,) = redundancy.in_place("ml").before_update or []
    assert isinstance(hook, pulumi.ResourceHook)
    hook.callback(_update(before, after))


def test_the_hook_is_called_in_previews_too() -> None:
    binding = redundancy.in_place("ml")
    (hook,) = binding.before_update or []
    assert isinstance(hook, pulumi.ResourceHook)
    assert hook.opts is not None
    assert (hook.name, hook.opts.on_dry_run) == ("ml-redundancy", True)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("Standard_LRS", "Standard_GRS"),
        ("Standard_RAGRS", "Standard_LRS"),
        ("Standard_ZRS", "Standard_RAGZRS"),
        ("Standard_LRS", "Standard_LRS"),
        ("Premium_LRS", "Standard_LRS"),
    ],
)
def test_what_azure_changes_in_place(before: str, after: str) -> None:
    _check({"name": before}, {"name": after})


def test_an_account_of_which_nothing_is_known() -> None:
    _check(None, {"name": "Standard_ZRS"})


@pytest.mark.parametrize(
    ("before", "after", "first", "allowed"),
    [
        ("Standard_LRS", "Standard_ZRS", "Standard_ZRS", "Standard_LRS, Standard_GRS, Standard_RAGRS"),
        ("Standard_GRS", "Standard_ZRS", "Standard_GZRS", "Standard_LRS, Standard_GRS, Standard_RAGRS"),
        ("Standard_GZRS", "Standard_LRS", "Standard_GRS", "Standard_ZRS, Standard_GZRS, Standard_RAGZRS"),
    ],
)
def test_what_takes_a_conversion(before: str, after: str, first: str, allowed: str) -> None:
    with pytest.raises(RuntimeError) as raised:
        _check({"name": before}, {"name": after})
    assert str(raised.value) == (
        f"storageSku is '{after}', and the storage account has {before}. Azure does not change zone redundancy "
        f"in place. Allowed: {allowed}. To convert the account, which takes hours or days:\n"
        "  az storage account migration start --account-name mlstorage1a2b --resource-group rg "
        f"--sku {first} --no-wait\n"
        "Then set storageSku to that, and run: pulumi up --refresh --stack dev"
    )
