"""What Renovate is told to update is what this repository pins. Not tested: what Renovate makes of it.

Its own rules for the names of files are copied here, where the configuration relies on them; its expressions are RE2's
and JavaScript's, of which only what Python's have too is used.
"""

import json
import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest

from toolchain.environment import REQUIREMENTS, UV_PIN
from toolchain.places import OLDEST_PULUMI, PULUMI_VERSION, REPOSITORY
from toolchain.requirements import PROJECTS
from toolchain.scanner import REQUIREMENTS as SCAN

CONFIGURATION: dict[str, Any] = json.loads((REPOSITORY / ".github" / "renovate.json").read_text(encoding="utf-8"))
DEFAULTS = {
    "pep621": r"(^|/)pyproject\.toml$",
    "pip_requirements": r"(^|/)[\w-]*requirements([-._]\w+)?\.(txt|pip)$",
    "github-actions": r"(^|/)(workflow-templates|\.(?:github|gitea|forgejo)/(?:workflows|actions))/.+\.ya?ml$",
    "gomod": r"(^|/)go\.mod$",
}
"""The files that Renovate's managers look for by themselves (the pages of the managers, version 44)."""

WORKFLOWS = sorted((REPOSITORY / ".github" / "workflows").glob("*.yml"))


def tracked() -> list[str]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    return [name for name in listed.stdout.split("\0") if name and not _ignored(name)]


def _ignored(name: str) -> bool:
    folders = [pattern.removesuffix("**") for pattern in CONFIGURATION["ignorePaths"]]
    assert all(folder.endswith("/") for folder in folders)
    return name.startswith(tuple(folders))


def expressions(patterns: list[str]) -> list[re.Pattern[str]]:
    """Return patterns between slashes as expressions of Python, which spells named groups in another way."""
    assert all(pattern.startswith("/") and pattern.endswith("/") for pattern in patterns)
    return [re.compile(pattern[1:-1]) for pattern in patterns]


def read_by(manager: str) -> set[str]:
    own = expressions(CONFIGURATION.get(manager, {}).get("managerFilePatterns", []))
    return {name for name in tracked() if any(each.search(name) for each in [re.compile(DEFAULTS[manager]), *own])}


def relative(paths: list[Path]) -> set[str]:
    return {str(path.relative_to(REPOSITORY)) for path in paths}


@pytest.mark.parametrize(
    ("manager", "expected"),
    [
        ("pip_requirements", relative([*REQUIREMENTS.values(), SCAN, UV_PIN])),
        ("pep621", relative([REPOSITORY / "pyproject.toml", *PROJECTS])),
        ("gomod", {"toolchain/go.mod"}),
        ("github-actions", relative(WORKFLOWS)),
    ],
)
def test_each_manager_reads_the_files_with_pins_and_no_others(manager: str, expected: set[str]) -> None:
    assert read_by(manager) == expected


def test_no_other_manager_runs() -> None:
    assert set(CONFIGURATION["enabledManagers"]) == {*DEFAULTS, "custom.regex"}


def test_the_pulumi_cli_is_found_once_and_the_oldest_never() -> None:
    (manager,) = CONFIGURATION["customManagers"]
    files = expressions(manager["managerFilePatterns"])
    (pattern,) = manager["matchStrings"]
    found = [
        (name, match["currentValue"])
        for name in tracked()
        if any(each.search(name) for each in files)
        for match in re.finditer(
            pattern.replace("(?<", "(?P<"), (REPOSITORY / name).read_text(encoding="utf-8"), flags=re.ASCII
        )
    ]
    assert found == [("toolchain/places.py", PULUMI_VERSION)]
    assert PULUMI_VERSION != OLDEST_PULUMI
    tag = re.fullmatch(manager["extractVersionTemplate"].replace("(?<", "(?P<"), f"v{PULUMI_VERSION}")
    assert tag is not None
    assert tag["version"] == PULUMI_VERSION


def test_every_update_waits() -> None:
    """Also those of a rule: none shortens the time, and a release without a date is not taken."""
    days = re.fullmatch(r"(\d+) days", CONFIGURATION["minimumReleaseAge"])
    assert days is not None
    assert int(days[1]) == 14
    assert "14 days" in (REPOSITORY / "SECURITY.md").read_text(encoding="utf-8")
    assert CONFIGURATION["minimumReleaseAgeBehaviour"] == "timestamp-required"
    assert CONFIGURATION["internalChecksFilter"] == "strict"
    assert [rule for rule in CONFIGURATION["packageRules"] if "minimumReleaseAge" in rule] == []


def test_every_package_that_a_rule_names_is_pinned() -> None:
    names = {
        name for rule in CONFIGURATION["packageRules"] for name in rule.get("matchPackageNames", []) if "/" not in name
    }
    pinned = {
        name
        for path in (*REQUIREMENTS.values(), SCAN)
        for name in re.findall(r"^([a-z0-9-]+)==", path.read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert names == {"pulumi", "pulumi-policy", "pulumi-azure-native", "checkov"}
    assert names - pinned == set()


def test_the_modules_of_the_cli_are_the_only_ones_that_are_updated() -> None:
    module = (REPOSITORY / "toolchain" / "go.mod").read_text(encoding="utf-8")
    named = re.findall(r"^\t(github\.com/pulumi/pulumi/\S+) v(\S+)", module, re.MULTILINE)
    assert named == [
        ("github.com/pulumi/pulumi/pkg/v3", PULUMI_VERSION),
        ("github.com/pulumi/pulumi/sdk/v3", PULUMI_VERSION),
    ]
    on, off = (
        [
            rule
            for rule in CONFIGURATION["packageRules"]
            if rule.get("matchManagers") == ["gomod"] and rule["enabled"] is is_on
        ]
        for is_on in (True, False)
    )
    assert [rule.get("matchPackageNames") for rule in on] == [["github.com/pulumi/pulumi/**"]]
    assert [rule.get("matchPackageNames") for rule in off] == [None]


def test_every_pin_of_a_direct_dependency_is_one_that_a_pull_request_can_raise() -> None:
    """An exact one in a project file is in the requirements files too, under the same name: one branch has both."""
    exact = set()
    for path in (REPOSITORY / "pyproject.toml", *PROJECTS):
        content = tomllib.loads(path.read_text(encoding="utf-8"))
        lists = [content["project"].get("dependencies", []), *content.get("dependency-groups", {}).values()]
        exact |= {each for listed in [*lists, content.get("build-system", {}).get("requires", [])] for each in listed}
    exact = {each for each in exact if "==" in each}
    text = "\n".join(path.read_text(encoding="utf-8") for path in (*REQUIREMENTS.values(), SCAN))
    assert len(exact) > 5
    assert [each for each in sorted(exact) if f"\n{each} " not in text] == []


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_actions_are_pinned_by_commit_with_the_version_that_renovate_raises(path: Path) -> None:
    used = re.findall(r"uses: *(.+)", path.read_text(encoding="utf-8"))
    assert used != []
    assert [each for each in used if not re.search(r"^[\w./-]+@[0-9a-f]{40}\b.*# v\d+\.\d+\.\d+", each)] == []
