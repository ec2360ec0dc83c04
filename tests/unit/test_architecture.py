"""docs/architecture.md says what the tests enforce, and names folders that exist."""

import re

import pytest

from modelops.commands.app import application
from tests.unit.test_import_rules import EMULATOR, MODELOPS
from toolchain.environment import REQUIREMENTS
from toolchain.places import REPOSITORY

PAGE = (REPOSITORY / "docs" / "architecture.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(("package", "levels"), [("modelops", MODELOPS), ("sandbox", EMULATOR)])
def test_the_order_of_imports_is_the_one_that_is_enforced(package: str, levels: list[tuple[str, ...]]) -> None:
    shown = re.search(rf"^{package}: (.+)$", PAGE, re.MULTILINE)
    assert shown
    assert shown[1] == " < ".join(", ".join(rooms) for rooms in levels)


def test_every_folder_is_there() -> None:
    named = set(re.findall(r'["`]([a-z][a-z_/-]+)/(?=<br>|`)', PAGE))
    assert len(named) > 8
    assert sorted(each for each in named if not (REPOSITORY / each).is_dir()) == []


def test_the_commands_are_those_that_exist() -> None:
    shown = re.search(r"modelops/commands/<br>([\w, ]+)", PAGE)
    assert shown
    app = application(is_styled=False)
    commands = [each.name or each.callback.__name__ for each in app.registered_commands if each.callback]
    groups = [str(each.name) for each in app.registered_groups]
    assert shown[1].split(", ") == commands + groups


def test_the_lists_are_those_of_the_toolchain() -> None:
    shown = re.findall(r"^\| (\w+) \| `(requirements.*\.txt)` \|", PAGE, re.MULTILINE)
    assert shown == [*((level, path.name) for level, path in REQUIREMENTS.items()), ("scan", "requirements-scan.txt")]
