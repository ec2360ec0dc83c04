"""Which files of a folder changed since the commit of a release."""

import subprocess
from pathlib import Path

import pytest

from modelops.release.changed_files import since


def git(folder: Path, *words: str) -> str:
    """Run git as somebody, and return what it prints."""
    who = ("-c", "user.name=A", "-c", "user.email=a@example.com")
    return subprocess.run(["git", *who, *words], cwd=folder, capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture(name="released")
def _released(tmp_path: Path) -> dict[str, str]:
    """Return the properties of a deployment that was released from a commit of this folder."""
    for name in ("code/score.py", "code/deep/más.py", "code/same.py", "other.py", ".gitignore"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("*.log\n" if name == ".gitignore" else "pass\n", encoding="utf-8")
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--quiet", "--message", "one")
    return {"gitCommit": git(tmp_path, "rev-parse", "HEAD"), "gitClean": "true"}


def test_says_what_was_changed_added_and_removed(tmp_path: Path, released: dict[str, str]) -> None:
    assert since(released, tmp_path, "code") == []
    (tmp_path / "code" / "score.py").write_text("print()\n", encoding="utf-8")
    (tmp_path / "other.py").write_text("print()\n", encoding="utf-8")
    (tmp_path / "code" / "new.py").touch()
    (tmp_path / "code" / "new.log").touch()
    (tmp_path / "code" / "deep" / "más.py").unlink()
    told = ["deep/más.py", "new.py", "score.py"]
    assert since(released, tmp_path, "code") == told
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--quiet", "--message", "two")
    assert since(released, tmp_path, "code") == told


def test_what_is_not_known(tmp_path: Path, released: dict[str, str]) -> None:
    (tmp_path / "code" / "score.py").write_text("print()\n", encoding="utf-8")
    assert since({}, tmp_path, "code") == []
    assert since({**released, "gitClean": "false"}, tmp_path, "code") == []
    assert since({**released, "gitCommit": "0" * 40}, tmp_path, "code") == []
    assert since({**released, "gitCommit": "--output=x"}, tmp_path, "code") == []
    assert since(released, tmp_path, "nowhere") == []
