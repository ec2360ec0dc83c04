"""docs/scan.md says what tools/scan/checks.toml says."""

from pathlib import Path

import pytest

from tools.scan import checks
from tools.scan.checks import Check

PAGE = (Path(__file__).parents[2] / "docs" / "scan.md").read_text(encoding="utf-8").splitlines()
CHECKS = checks.expected().values()
STACKS = ("dev", "staging", "prod")


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_every_check_has_its_row(check: Check) -> None:
    states = " | ".join("waived" if stack in check.waived else "pass" for stack in STACKS)
    assert f"| {check.id} | {check.asks} | `{check.member}` | {states} |" in PAGE


@pytest.mark.parametrize("check", [each for each in CHECKS if each.waived], ids=lambda check: check.id)
def test_every_waiver_has_its_reason(check: Check) -> None:
    for reason in dict.fromkeys(check.waived.values()):
        stacks = ", ".join(stack for stack in check.waived if check.waived[stack] == reason)
        assert f"| {check.id} | {stacks} | {reason} |" in PAGE


def test_the_page_has_no_other_checks() -> None:
    rows = {line.split("|")[1].strip() for line in PAGE if line.startswith("| CKV")}
    assert rows == {each.id for each in CHECKS}
