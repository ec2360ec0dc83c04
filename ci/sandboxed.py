"""A new sandbox for a rehearsal, and the base commit beside the checkout. Both are gone afterwards."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from ci.rehearsed_config import edited
from ci.stand_ins import Stack, words
from modelops import git
from modelops.errors import UsageError

_GIT_SECONDS: Final = 120.0
_CONFIG: Final = "PULUMI_OPTION_CONFIG_FILE"
_MODEL: Final = "Stands in for a model whose bytes are in Azure.\n"
_MLMODEL: Final = "flavors:\n  python_function:\n    loader_module: mlflow.sklearn\n    python_version: '3.11'\n"


class SandboxError(Exception):
    """A command of the sandbox failed; the text is what it printed."""


class Sandbox:
    """A new and empty sandbox; its state is in its own folder."""

    def __init__(self, place: Path, name: str) -> None:
        self._place = place
        self.home: Final = place / f"sandbox-{name}"
        """Its folder; `base_commit` has another one in the same place."""

    def start(self, folder: Path) -> None:
        """Start it, with the administrator's set-up of a program's folder.

        Raises:
            SandboxError: it does not start.
        """
        self._run(["start"], folder)

    def stop(self) -> None:
        """Stop it, if it runs."""
        if self.home.exists():
            with suppress(SandboxError):
                self._run(["stop"], self._place)

    def add_models(self, stack: Stack, have: Mapping[str, Path]) -> None:
        """Add what stands in for a stack's models in Azure, and placeholders for those without.

        Args:
            stack: the stack.
            have: the files by the model; the same for the base commit and the change, as a model has one content.

        Raises:
            SandboxError: a stand-in does not exist.
        """
        for each in stack.elsewhere():
            path = have.get(each.reference) or self._placeholder(is_mlflow=each.is_mlflow)
            if command := words(each.reference, path, is_mlflow=each.is_mlflow):
                self._run(command, stack.folder)

    def environment(self, folder: Path, stack: str, without_try_out: Mapping[str, str]) -> dict[str, str]:
        """Return the variables with which `pulumi` in a folder deploys a stack into it.

        Raises:
            SandboxError: the stack cannot be prepared.
        """
        asked = self._run(["run", "--", "env", "-0"], folder, stack)
        found = dict(each.split("=", 1) for each in asked.split("\0") if "=" in each)
        config = Path(found[_CONFIG])
        own = self._place / f"Pulumi.{stack}.yaml"
        own.write_text(edited(config.read_text(encoding="utf-8"), without_try_out), encoding="utf-8")
        return found | {_CONFIG: str(own)}

    def _placeholder(self, *, is_mlflow: bool) -> Path:
        folder = self._place / ("mlflow-model" if is_mlflow else "model")
        folder.mkdir(exist_ok=True)
        (folder / ("MLmodel" if is_mlflow else "model.txt")).write_text(
            _MLMODEL if is_mlflow else _MODEL, encoding="utf-8"
        )
        return folder

    def _run(self, command: list[str], folder: Path, stack: str = "") -> str:
        environ = {**os.environ, "SANDBOX_HOME": str(self.home), **({"PULUMI_STACK": stack} if stack else {})}
        done = subprocess.run(
            [sys.executable, "-m", "sandbox", *command],
            cwd=folder,
            env=environ,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise SandboxError(f"{done.stdout}{done.stderr}".strip())
        return done.stdout


@contextmanager
def place() -> Iterator[Path]:
    """Give a folder that is removed afterwards."""
    with tempfile.TemporaryDirectory(prefix="rehearsal-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


@contextmanager
def base_commit(program: Path, commit: str, where: Path) -> Iterator[Path]:
    """Give the program's folder as it is in another commit, with this checkout's packages.

    Raises:
        UsageError: git does not have the commit.
    """
    root = Path(_asked(program, "rev-parse", "--show-toplevel") or program)
    checkout = where / "base"
    _git(root, "worktree", "add", "--detach", "--quiet", str(checkout), commit)
    try:
        folder = checkout / program.resolve().relative_to(root.resolve())
        environment = program / ".venv"
        if folder.is_dir() and environment.exists() and not (folder / ".venv").exists():
            (folder / ".venv").symlink_to(environment.resolve(), target_is_directory=True)
        yield folder
    finally:
        _git(root, "worktree", "remove", "--force", str(checkout))


def base_of(program: Path, named: str | None) -> str:
    """Return the commit that a change is compared with.

    It is the one that is named; else the first parent of a pull request's merge, as CI checks it out; else the commit
    where this branch left origin's default branch, or `main`.

    Raises:
        UsageError: none of these exists in this clone.
    """
    if named is not None:
        return _resolved(program, named) or _missing(f"commit {named!r} is not in this clone")
    if _resolved(program, "HEAD^2"):
        return _resolved(program, "HEAD^1") or _missing("the base commit is not in this clone")
    for other in ("origin/HEAD", "main"):
        if found := _asked(program, "merge-base", "HEAD", other):
            return found
    return _missing("no base commit was found in this clone")


def has_file(program: Path, commit: str, name: str) -> bool:
    """Whether a file is in the program's folder of a commit."""
    return _asked(program, "cat-file", "-e", f"{commit}:./{name}") is not None


def _resolved(program: Path, commit: str) -> str:
    return _asked(program, "rev-parse", "--verify", "--quiet", f"{commit}^{{commit}}") or ""


def _asked(program: Path, *words: str) -> str | None:
    """Return what git says, without the line's end; None if it fails."""
    said = git.output(program, *words, seconds=_GIT_SECONDS)
    return None if said is None else said.strip()


def _missing(what: str) -> str:
    raise UsageError(
        f"{what}, so nothing was rehearsed. Allowed: a commit that git has here. In CI, check out with fetch-depth: 2; "
        "elsewhere name it: --base COMMIT"
    )


def _git(folder: Path, *arguments: str) -> None:
    done = subprocess.run(["git", "-C", str(folder), *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise UsageError(f"`git {' '.join(arguments)}` failed: {done.stderr.strip()}")
