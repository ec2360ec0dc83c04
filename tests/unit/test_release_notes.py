"""The text of a release: CHANGELOG.md's section of the version in pyproject.toml. Not tested: GitHub's own command."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

from tools import release_notes
from tools.release_notes import ReleaseNotesError

ROOT = Path(__file__).resolve().parents[2]
CHANGELOG = """# Changelog

## Unreleased

- Not yet.

## 0.10.0 (2027-01-02)

### Releases

- The newest, which takes
  two lines.
- Another.

## 0.9.0 (2026-12-01)

## 0.1.0 (2026-11-30)

- The first.
"""


@pytest.fixture(name="repository")
def _repository(tmp_path: Path) -> Path:
    (tmp_path / "CHANGELOG.md").write_text(CHANGELOG, encoding="utf-8")
    return tmp_path


def at(repository: Path, version: str) -> Path:
    (repository / "pyproject.toml").write_text(f'[project]\nversion = "{version}"\n', encoding="utf-8")
    return repository


@pytest.mark.parametrize(
    ("tag", "expected"),
    [("v0.10.0", "### Releases\n\n- The newest, which takes two lines.\n- Another."), ("0.1.0", "- The first.")],
)
def test_prints_one_version_and_no_more(repository: Path, tag: str, expected: str) -> None:
    assert release_notes.notes(tag, at(repository, tag.removeprefix("v"))) == expected


def test_a_tag_on_another_version_is_refused(repository: Path) -> None:
    with pytest.raises(ReleaseNotesError) as caught:
        release_notes.notes("v0.1.0", at(repository, "0.10.0"))
    assert str(caught.value) == (
        "The tag v0.1.0 is not this commit's version: pyproject.toml says 0.10.0. Nothing was published. Remove the "
        "tag (git push --delete origin v0.1.0), and tag a commit with that version, or change it."
    )


@pytest.mark.parametrize("version", ["0.9.0", "0.2.0"], ids=["empty", "missing"])
def test_a_version_without_notes_is_refused(repository: Path, version: str) -> None:
    with pytest.raises(ReleaseNotesError) as caught:
        release_notes.notes(f"v{version}", at(repository, version))
    assert str(caught.value) == (
        f"CHANGELOG.md has nothing about {version}. Allowed: a heading `## {version} (YYYY-MM-DD)` with text below it. "
        "Nothing was published. Rename the heading `## Unreleased`, and tag that commit."
    )


def test_the_command_needs_nothing_but_python() -> None:
    """The workflow runs it before anything is installed."""
    command = [sys.executable, "-I", "-S", "-c", f"import sys; sys.path.insert(0, {str(ROOT)!r}); import runpy; "]
    command[-1] += "sys.argv[1:] = ['v' + sys.argv[1]]; runpy.run_module('tools.release_notes', run_name='__main__')"
    ran = subprocess.run([*command, release_notes.version()], capture_output=True, text=True, check=False, cwd=ROOT)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.strip() == release_notes.notes(release_notes.version())


def test_a_wrong_tag_ends_the_command_with_1(capsys: pytest.CaptureFixture[str]) -> None:
    assert release_notes.main(["v99.0.0"]) == 1
    assert capsys.readouterr().err.startswith("The tag v99.0.0 is not this commit's version: ")
    assert release_notes.main(["v1.0.0", "v2.0.0"]) == 2


def test_every_heading_of_the_changelog_is_a_version() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    headings = re.findall(r"^## .*$", text, re.MULTILINE)
    assert [
        each for each in headings if not re.fullmatch(r"## (Unreleased|\d+\.\d+\.\d+ \(\d{4}-\d\d-\d\d\))", each)
    ] == []
    assert len(release_notes.sections(text)) == len(headings)
    assert all(release_notes.sections(text).values())


def test_everything_here_has_the_version_of_the_project_file() -> None:
    """pyproject.toml decides; the policy pack and the packages are also used without it."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    pack = yaml.safe_load((ROOT / "policy" / "PulumiPolicy.yaml").read_text(encoding="utf-8"))["version"]
    packages = [
        re.findall(r'^__version__ = "(.+)"$', file.read_text(encoding="utf-8"), re.MULTILINE)
        for file in sorted(ROOT.glob("packages/*/src/*/__init__.py"))
    ]
    assert (pack, packages) == (version, [[version], [version]])


def test_the_workflow_prints_what_this_prints() -> None:
    jobs = yaml.safe_load((ROOT / ".github" / "workflows" / "release.yml").read_text(encoding="utf-8"))["jobs"]
    commands = [step["run"] for step in jobs["release"]["steps"] if "run" in step]
    assert commands[0] == 'python3 -m tools.release_notes "$GITHUB_REF_NAME" >"$RUNNER_TEMP/notes.md"'
