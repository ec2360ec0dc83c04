"""The limits of operations: every resource in Azure that the components declare has one.

Not proved here: what an operation that takes longer leads to; tests/e2e/test_faults.py does that.
"""

import ast
import re
from pathlib import Path

import pulumi
import pytest
from pulumi_azure_native import resources

from components import timeouts
from modelops.runner.channel import VARIABLE
from modelops.runner.protocol import Limit, decode_told
from tests.components.recorder import recorded

ROOT = Path(__file__).resolve().parents[2]
GROUP = "azure-native:resources:ResourceGroup"


def _made() -> set[str]:
    """The types of azure-native that the source of components/ makes: `ml.Compute(names.logical(...), ...)`."""
    found = set()
    for file in (ROOT / "components").rglob("*.py"):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        modules = {
            alias.asname or alias.name: alias.name
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom) and node.module == "pulumi_azure_native"
            for alias in node.names
        }
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
                continue
            place = node.func.value
            is_resource = any(keyword.arg == "opts" for keyword in node.keywords)
            if isinstance(place, ast.Name) and place.id in modules and is_resource and node.func.attr[0].isupper():
                found.add(f"azure-native:{modules[place.id]}:{node.func.attr}")
    return found


def test_every_type_that_components_make_has_a_limit() -> None:
    made = _made()
    assert GROUP in made
    assert made == set(timeouts._MINUTES)


def _limits(*, own: pulumi.CustomTimeouts | None = None, minutes: int | None = None) -> tuple[str, str, str]:
    def declare() -> None:
        root = pulumi.runtime.get_root_resource()
        assert root is not None
        root._transformations = []  # mocks keep the stack of the test before
        timeouts.limit(minutes)
        shared = pulumi.ResourceOptions(custom_timeouts=own)
        resources.ResourceGroup("a", opts=shared)
        assert shared.custom_timeouts is own  # components share their options between children

    given = recorded(declare).request("ResourceGroup", "a").customTimeouts
    return given.create, given.update, given.delete


@pytest.mark.parametrize(
    ("minutes", "own", "expected"),
    [
        (None, None, ("90m", "90m", "90m")),
        (7, None, ("7m", "7m", "7m")),
        (7, pulumi.CustomTimeouts(create="2h"), ("2h", "", "")),
    ],
    ids=["the type's", "the stack's", "the resource's own"],
)
def test_whose_limit_counts(
    minutes: int | None, own: pulumi.CustomTimeouts | None, expected: tuple[str, str, str]
) -> None:
    assert _limits(own=own, minutes=minutes) == expected


def test_the_limits_are_told_to_the_command_that_shows_the_update(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "events"
    monkeypatch.setenv(VARIABLE, str(file))
    _limits(minutes=7)
    told = [decode_told(line) for line in file.read_bytes().splitlines(keepends=True)]
    assert Limit(GROUP, 7) in told


def test_the_documentation_has_the_numbers() -> None:
    text = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    (said,) = re.findall(r"`components/timeouts\.py`: (.*?)\. What", text)
    assert said == "90 for a resource group, 60 for a storage account, 30 for all others"
    assert sorted(set(timeouts._MINUTES.values())) == [30, 60, 90]
