"""MlResourceGroup: made, or given and left alone."""

from typing import Any

from components.group import MlResourceGroup
from tests.components.recorder import Recorder, recorded


def _recorded(names: list[str], **changes: Any) -> Recorder:
    args: Any = {"location": "westeurope", "tags": {"owner": "ml"}, **changes}
    return recorded(lambda: MlResourceGroup("ml", args).group_name.apply(names.append))


def test_a_group_is_made() -> None:
    names: list[str] = []
    recorder = _recorded(names)
    assert recorder.declared() == [
        ("azure-native:resources:ResourceGroup", "ml-group"),
        ("azureml-batch:index:MlResourceGroup", "ml"),
    ]
    assert recorder.inputs("ResourceGroup") == {"location": "westeurope", "tags": {"owner": "ml"}}
    assert names == ["ml-group-physical"]


def test_a_given_group_is_left_alone() -> None:
    names: list[str] = []
    assert _recorded(names, existing="rg-given").declared() == [("azureml-batch:index:MlResourceGroup", "ml")]
    assert names == ["rg-given"]
