"""Where a release comes from, as git and the two CI services say; what carries it is proven in tests/modelops."""

import subprocess
from pathlib import Path

import pytest

from modelops.about import About, read

GITHUB = {
    "GITHUB_SERVER_URL": "https://github.com",
    "GITHUB_REPOSITORY": "org/models",
    "GITHUB_RUN_ID": "17",
    "GITHUB_SHA": "a" * 40,
}
AZURE = {
    "SYSTEM_COLLECTIONURI": "https://dev.azure.com/org/",
    "SYSTEM_TEAMPROJECT": "Our models",
    "BUILD_BUILDID": "18",
    "BUILD_SOURCEVERSION": "b" * 40,
}
WHO = ["-c", "user.name=A", "-c", "user.email=a@example.com"]


def git(folder: Path, *arguments: str) -> str:
    """Run git, and return what it prints."""
    return subprocess.run(
        ["git", "-C", str(folder), *WHO, *arguments], check=True, capture_output=True, text=True
    ).stdout.strip()


@pytest.fixture(name="repository")
def _repository(tmp_path: Path) -> Path:
    git(tmp_path, "init", "--quiet")
    (tmp_path / "a").write_text("1", encoding="utf-8")
    (tmp_path / ".gitignore").write_text("ignored\n", encoding="utf-8")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--quiet", "--message", "First")
    return tmp_path


def test_a_commit_is_clean_while_nothing_is_beside_it(repository: Path) -> None:
    commit = git(repository, "rev-parse", "HEAD")
    (repository / "ignored").write_text("x", encoding="utf-8")
    assert read(repository, {}) == About(commit, clean=True)
    (repository / "new").write_text("x", encoding="utf-8")
    assert read(repository, {}) == About(commit, clean=False)
    (repository / "new").unlink()
    (repository / "a").write_text("2", encoding="utf-8")
    assert read(repository, {}) == About(commit, clean=False)


def test_git_knows_better_than_the_ci_service_what_is_checked_out(repository: Path) -> None:
    commit = git(repository, "rev-parse", "HEAD")
    assert read(repository, GITHUB) == About(commit, True, "https://github.com/org/models/actions/runs/17")


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, About()),
        (GITHUB, About("a" * 40, None, "https://github.com/org/models/actions/runs/17")),
        (AZURE, About("b" * 40, None, "https://dev.azure.com/org/Our%20models/_build/results?buildId=18")),
    ],
)
def test_without_git_the_ci_service_says_it(environ: dict[str, str], expected: About, tmp_path: Path) -> None:
    assert read(tmp_path, {**environ, "PATH": str(tmp_path)}) == expected


def test_a_repository_without_a_commit_has_none(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    assert read(tmp_path, {}) == About()


@pytest.mark.parametrize(
    ("about", "texts"),
    [
        (About(), {}),
        (About("c", True, "u"), {"commit": "c", "clean": "true", "runUrl": "u"}),
        (About("c", clean=False), {"commit": "c", "clean": "false"}),
    ],
)
def test_it_travels_as_plain_texts(about: About, texts: dict[str, str]) -> None:
    assert (about.texts(), About.from_texts(texts)) == (texts, about)
