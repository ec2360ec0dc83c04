"""What is read from the document of a previewed refresh.

That the engine writes it so is proven in tests/e2e/test_drift.py.
"""

from typing import Any

import pytest

from modelops.engine.refresh import Comparison, Drifted, Member, read
from modelops.errors import ReleaseError

STORE = "urn:pulumi:dev::p::azureml-batch:index:S$azure-native:storage:StorageAccount::store"
ROLE = "urn:pulumi:dev::p::azure-native:authorization:RoleAssignment::role"
GROUP = "urn:pulumi:dev::p::azure-native:resources:ResourceGroup::group"
MARKER = "urn:pulumi:dev::p::pulumi:index:Stash::digits-marker"
RESOURCES = [
    {"urn": urn, "type": urn.split("::")[2].rpartition("$")[2], "inputs": {}} for urn in (STORE, ROLE, GROUP, MARKER)
]


def step(urn: str, op: str = "refresh", old: Any = None, new: Any = None, **more: Any) -> dict[str, Any]:
    return {
        "urn": urn,
        "op": op,
        "oldState": {"id": "/store", "inputs": old or {}, "ignoreChanges": ["tags"]},
        "newState": {"inputs": new or {}},
        **more,
    }


def of_store(old: Any, new: Any, **more: Any) -> list[Member]:
    """Return the members of a storage account that differ."""
    found = read({"steps": [step(STORE, "update", old, new, **more)]}, RESOURCES)
    return list(found.drifted[0].members)


def test_what_is_as_in_the_state_is_only_counted() -> None:
    steps = [step(STORE), step(ROLE), step(GROUP), step(MARKER)]
    assert read({"steps": steps}, RESOURCES) == Comparison((), 3, 0)


def test_what_changed_is_told_with_both_values_and_what_the_program_ignores() -> None:
    found = read({"steps": [step(STORE, "update", {"tls": "1.2"}, {"tls": "1.0"}), step(ROLE), step(GROUP)]}, RESOURCES)
    (drifted,) = found.drifted
    assert drifted == Drifted(STORE, "changed", "/store", (Member("tls", "1.2", "1.0"),), ("tags",))
    assert (drifted.type, drifted.name) == ("azure-native:storage:StorageAccount", "store")
    assert (found.compared, found.missed) == (3, 0)


def test_the_smallest_parts_are_told_by_their_paths() -> None:
    old = {"a": {"b": 1, "c": 2}, "tags": {"x y": "1"}, "rules": [{"v": "1"}, {"v": "2"}], "list": [1]}
    new = {"a": {"b": 1, "c": 3.0}, "tags": {"z": "2"}, "rules": [{"v": "1"}, {"v": "3"}], "list": [1, 2]}
    assert of_store(old, new) == [
        Member("a.c", 2, 3.0),
        Member("list", [1], [1, 2]),
        Member("rules[1].v", "2", "3"),
        Member('tags["x y"]', "1", None),
        Member("tags.z", None, "2"),
    ]


@pytest.mark.parametrize(("path", "top"), [("tags", "tags"), ('tags["a.b"]', "tags"), ("a.b[0]", "a"), ("a[0].b", "a")])
def test_a_member_belongs_to_an_input(path: str, top: str) -> None:
    assert Member(path, None, None).top == top


def test_the_provider_s_own_inputs_and_equal_numbers_are_left_out() -> None:
    assert of_store({"__hidden": 1, "n": 1, "a": 1}, {"__hidden": 2, "n": 1.0, "a": 2}) == [Member("a", 1, 2)]


def test_what_only_the_provider_sees_is_named() -> None:
    same = {"password": "[secret]"}
    assert of_store(same, same, diffReasons=["password"]) == [Member("password", None, None)]


def test_what_is_gone_has_no_members() -> None:
    found = read({"steps": [{**step(ROLE, "delete", {"a": 1}), "newState": None}]}, RESOURCES)
    assert found == Comparison((Drifted(ROLE, "deleted", "/store", (), ("tags",)),), 1, 2)


def test_what_cannot_be_read_is_told_and_the_others_are_compared() -> None:
    diagnostics = [
        {"urn": ROLE, "severity": "error", "message": 'error: Preview failed: Status=404 Code="X"\n Message="y"\n'},
        {"urn": STORE, "severity": "warning", "message": "warning: slow\n"},
        {"severity": "error", "message": "error: preview failed\n"},
    ]
    found = read({"steps": [step(STORE), step(MARKER)], "diagnostics": diagnostics}, RESOURCES)
    assert found == Comparison((Drifted(ROLE, "unreadable", reason='Status=404 Code="X" Message="y"'),), 1, 1)


def test_a_refresh_that_compared_nothing_fails() -> None:
    diagnostics = [{"severity": "error", "message": "error: no provider\n"}]
    with pytest.raises(ReleaseError, match=r"^Azure cannot be compared with the stack's state: no provider$"):
        read({"diagnostics": diagnostics}, RESOURCES)


def test_a_resource_that_waits_to_be_deleted_is_not_asked_about() -> None:
    assert read({"steps": []}, [{**RESOURCES[0], "delete": True}]) == Comparison((), 0, 0)
