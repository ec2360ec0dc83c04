"""CONTRIBUTING.md: what its table of changes names is there, and what only a deployment would notice is noticed here.

Seven of its ten changes were made once on a branch, and the others were traced; this keeps the names from going stale.
"""

import re

import pytest
import yaml

from settings import stack
from toolchain.places import REPOSITORY

PAGE = (REPOSITORY / "CONTRIBUTING.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| (an? [^|]+) \| (.+) \|$", PAGE, re.MULTILINE)
ABBREVIATED = {
    "sandbox/": "packages/sandbox/src/sandbox/",
    "azure_native/": "packages/pulumi-standins/src/pulumi_standins/azure_native/",
}
HOME = {"app.py": "modelops/commands/", "context.py": "modelops/release/", "reconcile.py": "modelops/release/"}


def test_ten_changes() -> None:
    assert len(ROWS) == 10


@pytest.mark.parametrize(("change", "where"), ROWS, ids=[change for change, _ in ROWS])
def test_what_a_row_names_is_there(change: str, where: str) -> None:
    del change
    missing = []
    for name in re.findall(r"`?([\w./-]+(?:\.(?:py|md|yaml|toml|txt)|/))(?=[`,;:. )]|$)", where):
        begin = next((each for each in ABBREVIATED if name.startswith(each)), "")
        path = HOME.get(name, "") + ABBREVIATED.get(begin, "") + name.removeprefix(begin)
        if not (REPOSITORY / path).exists():
            missing.append(path)
    assert missing == []


def test_every_declared_key_is_read() -> None:
    """A key that only `Pulumi.yaml` knows has a default, so every preview would fail on an unknown key."""
    declared = yaml.safe_load((REPOSITORY / "Pulumi.yaml").read_text(encoding="utf-8"))["config"]
    assert sorted(stack._KEYS) == sorted(key for key in declared if ":" not in key)
