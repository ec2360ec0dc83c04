"""ARM ids: their parts, what holds them, and that case does not count."""

import pytest

from sandbox.azure.arm.ids import ArmId

GROUP = "/subscriptions/S/resourceGroups/G"
WORKSPACE = f"{GROUP}/providers/Microsoft.MachineLearningServices/workspaces/W"
VERSION = f"{WORKSPACE}/models/m/versions/1"
ASSIGNMENT = f"{WORKSPACE}/providers/Microsoft.Authorization/roleAssignments/R"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ("", (), "", "", "")),
        ("/", ("", (), "", "", "")),
        ("/subscriptions/S", ("", (), "S", "/subscriptions/S", "")),
        (GROUP, ("", (), "G", GROUP, "/subscriptions/S")),
        (WORKSPACE, ("Microsoft.MachineLearningServices/workspaces", ("W",), "W", GROUP, GROUP)),
        (
            VERSION,
            (
                "Microsoft.MachineLearningServices/workspaces/models/versions",
                ("W", "m", "1"),
                "1",
                GROUP,
                f"{WORKSPACE}/models/m",
            ),
        ),
        (ASSIGNMENT, ("Microsoft.Authorization/roleAssignments", ("R",), "R", WORKSPACE, WORKSPACE)),
        ("a-guid", ("", (), "a-guid", "/a-guid", "")),
    ],
)
def test_its_type_names_scope_and_parent(text: str, expected: tuple[object, ...]) -> None:
    found = ArmId.parse(text)
    assert (found.type, found.names, found.name, str(found.scope), str(found.parent)) == expected


@pytest.mark.parametrize(
    ("text", "subscription", "group"),
    [
        (VERSION, "S", "G"),
        ("/SUBSCRIPTIONS/S/RESOURCEGROUPS/G/", "S", "G"),
        ("/subscriptions/S", "S", ""),
        ("/subscriptions/S/providers/Microsoft.KeyVault/deletedVaults/v", "S", ""),
        ("/providers/Microsoft.Authorization/roleDefinitions/d", "", ""),
        ("subscriptions", "", ""),
    ],
)
def test_where_it_is(text: str, subscription: str, group: str) -> None:
    assert (ArmId.parse(text).subscription, ArmId.parse(text).group) == (subscription, group)


def test_case_and_outer_slashes_do_not_count_but_stay() -> None:
    assert ArmId.parse(GROUP) == ArmId.parse(f"{GROUP.upper()}/")
    assert len({ArmId.parse(GROUP), ArmId.parse(GROUP.lower())}) == 1
    assert str(ArmId.parse(f"{WORKSPACE}/")) == WORKSPACE
    assert ArmId.parse(GROUP) != GROUP


@pytest.mark.parametrize(
    ("text", "scope", "expected"),
    [
        (GROUP, GROUP.lower(), True),
        (VERSION, WORKSPACE, True),
        (GROUP, WORKSPACE, False),
        (f"{GROUP}2", GROUP, False),
        (GROUP, "/", True),
    ],
)
def test_what_lies_within_a_scope(text: str, scope: str, *, expected: bool) -> None:
    assert ArmId.parse(text).is_within(ArmId.parse(scope)) is expected


def test_the_members_that_name_a_resource() -> None:
    assert ArmId.parse(WORKSPACE).named("N/t") == {"id": WORKSPACE, "name": "W", "type": "N/t"}
