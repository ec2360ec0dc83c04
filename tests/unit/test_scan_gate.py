"""The gate's judgement of checkov's results; these results are invented, tests/e2e/test_scan.py has real ones."""

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tools.scan import __main__ as command
from tools.scan import checks, gate, scanner
from tools.scan.checks import Check
from tools.scan.scanner import Result, ScanError

VAULT = Check("V_1", "vault: safe", "A/vaults", "properties.safe", good=True, bad=False)
WAIVED = dataclasses.replace(VAULT, id="V_2", optional=True, member="properties.dear", waived={"dev": "too dear"})
CHECKS = {each.id: each for each in (VAULT, WAIVED)}
TEMPLATE: Mapping[str, Any] = {"resources": [{"type": "A/vaults", "name": "kv", "properties": {"safe": True}}]}
AS_EXPECTED = [Result("V_1", "A/vaults.kv", passed=True), Result("V_2", "A/vaults.kv", passed=False)]

STORAGE, VAULTS = (3, 34, 35, 36, 43, 44, 59, 206), (42, 109, 110, 111, 189)
REGISTRY, WORKSPACE = (137, 138, 139, 163, 166, 233), (243,)
THE_21 = [f"CKV_AZURE_{n}" for n in (*STORAGE, *VAULTS, *REGISTRY, *WORKSPACE)] + ["CKV2_AZURE_49"]


def problems(results: list[Result], template: Mapping[str, Any] = TEMPLATE, stack: str = "dev") -> list[str]:
    return gate.problems(template, results, CHECKS, stack)


def test_as_expected() -> None:
    assert problems(AS_EXPECTED) == []


def test_a_failure_without_a_waiver() -> None:
    template = {"resources": [{"type": "A/vaults", "name": "kv", "properties": {"safe": False}}]}
    assert problems([Result("V_1", "A/vaults.kv", passed=False), AS_EXPECTED[1]], template) == [
        "V_1 (vault: safe) failed: properties.safe is False in A/vaults.kv"
    ]


def test_a_waiver_holds_for_its_stack_only() -> None:
    assert problems(AS_EXPECTED, stack="prod") == ["V_2 (vault: safe) failed: properties.dear is None in A/vaults.kv"]


def test_a_waiver_that_nothing_needs() -> None:
    assert problems([AS_EXPECTED[0], Result("V_2", "A/vaults.kv", passed=True)]) == [
        "V_2 passes, so remove its waiver for dev from tools/scan/checks.toml"
    ]


def test_a_check_that_did_not_run() -> None:
    assert problems(AS_EXPECTED[1:]) == ["V_1 did not evaluate A/vaults.kv"]


def test_a_check_that_did_not_run_on_one_of_two_resources() -> None:
    """A set of ids alone would not show it."""
    second = {"type": "a/VAULTS", "name": "kv2", "properties": {"safe": True}}
    template = {"resources": [*TEMPLATE["resources"], second]}
    assert problems(AS_EXPECTED, template) == [
        "V_1 did not evaluate A/vaults.kv2",
        "V_2 did not evaluate A/vaults.kv2",
    ]


def test_a_check_that_nobody_expects() -> None:
    assert problems([*AS_EXPECTED, Result("V_3", "A/vaults.kv", passed=True)]) == [
        "V_3 evaluated A/vaults.kv, which tools/scan/checks.toml does not expect: add the check there"
    ]


def test_an_absent_member() -> None:
    assert problems(AS_EXPECTED, {"resources": [{"type": "A/vaults", "name": "kv"}]}) == [
        "V_1 does not apply to kv: its properties.safe is absent"
    ]


def test_nothing_to_evaluate() -> None:
    assert problems([], {"resources": []}) == [
        "V_1 (vault: safe) had nothing to check: the template has no A/vaults",
        "V_2 (vault: safe) had nothing to check: the template has no A/vaults",
        "V_2 passes, so remove its waiver for dev from tools/scan/checks.toml",
    ]


def test_what_need_not_be_there() -> None:
    role = dataclasses.replace(VAULT, id="R_1", type="A/roles", conditional=True)
    assert gate.problems(TEMPLATE, AS_EXPECTED, {**CHECKS, "R_1": role}, "dev") == []


def test_setting_a_member_makes_the_way_to_it() -> None:
    resource: dict[str, Any] = {"name": "kv"}
    VAULT.set(resource, value=False)
    assert resource == {"name": "kv", "properties": {"safe": False}}
    assert VAULT.value(resource) is False


def test_the_expected_checks_are_these() -> None:
    known = checks.expected()
    # The 21 that work on what the program always makes, and one on what it makes for callers.
    assert sorted(known) == sorted([*THE_21, "CKV_AZURE_39"])
    assert [each.id for each in known.values() if each.conditional] == ["CKV_AZURE_39"]
    assert all(each.good != each.bad for each in known.values())
    # Optional would let a check pass on a member that nobody wrote.
    assert [each.id for each in known.values() if each.optional] == ["CKV_AZURE_166", "CKV_AZURE_243"]


def test_every_waiver_has_a_reason_and_every_stack_its_waivers() -> None:
    known = checks.expected().values()
    root = Path(__file__).resolve().parents[2]
    environments = {file.name.split(".")[1] for file in root.glob("Pulumi.*.yaml")}
    assert environments - {folder.name for folder in (root / "examples").iterdir()} <= set(checks.stacks(known))
    assert [reason for each in known for reason in each.waived.values() if len(reason.split()) < 5] == []


@pytest.fixture(name="template")
def _template(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a template that the made-up checks are about."""
    monkeypatch.setattr(checks, "expected", lambda: CHECKS)
    file = tmp_path / "exported.json"
    file.write_text(json.dumps(TEMPLATE), encoding="utf-8")
    return file


@pytest.mark.parametrize(("results", "code"), [(AS_EXPECTED, 0), (AS_EXPECTED[1:], 1)])
def test_the_command(
    results: list[Result],
    code: int,
    template: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(scanner, "scan", lambda _: {"template.json": results})
    assert command.main(["--stack", "dev", str(template)]) == code
    out, err = capsys.readouterr()
    assert out.splitlines() == [
        f"  V_1            {'-     ' if code else 'passed'}  vault: safe",
        "  V_2            waived  vault: safe",
        "                         -> too dear",
        f"{2 - code} checks evaluated, 1 of them waived, {code} not as expected",
    ]
    assert err == ("scan: V_1 did not evaluate A/vaults.kv\n" if code else "")


def test_an_unknown_stack(template: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["--stack", "mine", str(template)]) == 2
    assert capsys.readouterr().err == (
        "scan: tools/scan/checks.toml has no waivers for the stack 'mine', only for dev. Add them with their reasons: "
        'mine = "..." under [CHECK.waived].\n'
    )


def test_what_cannot_be_graded_is_no_pass(
    template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(_: Path) -> dict[str, list[Result]]:
        raise ScanError("checkov ended with 2:\nno")

    monkeypatch.setattr(scanner, "scan", broken)
    assert command.main(["--stack", "dev", str(template)]) == 2
    assert capsys.readouterr().err == f"scan: '{template}' was not scanned: checkov ended with 2:\nno\n"
    assert command.main(["--stack", "dev", str(tmp_path / "none.json")]) == 2
    assert "No such file" in capsys.readouterr().err
