"""The requirements files: compiled from pyproject.toml by uv, with exact pins and hashes for every platform.

Each starts with a fingerprint of its dependencies, so that a check needs no network. The
packages below packages/ keep their lists in their own pyproject.toml.
"""

import os
import re
import subprocess
import tomllib
from pathlib import Path

from toolchain.environment import REQUIREMENTS, UV, UV_PIN, Level
from toolchain.places import REPOSITORY, SetupError, fingerprint, say
from toolchain.scanner import REQUIREMENTS as SCAN

PROJECT = REPOSITORY / "pyproject.toml"
PROJECTS = sorted((REPOSITORY / "packages").glob("*/pyproject.toml"))
MARK = "# compiled from dependencies: "
OPTIONS = ["--universal", "--generate-hashes", "--no-emit-index-url", "--no-header", "--no-annotate", "--quiet"]
GROUPS: dict[Level, tuple[str, ...]] = {"program": (), "local": ("example",)}
GROUPS["dev"] = (*GROUPS["local"], "dev")


def compile_all() -> None:
    """Recompile all files; pins that still fit stay unchanged. Needs a package index."""
    print_ = dependencies_fingerprint()
    largest = REQUIREMENTS["dev"]
    # The largest set first: the others then have the same versions, and `make up` after `make test` changes none.
    # uv also installs them, and has a separate pin for that.
    _compile(largest, [*sources("dev"), "--constraints", str(UV_PIN.relative_to(REPOSITORY))], print_)
    smaller: tuple[Level, ...] = ("local", "program")
    for level in smaller:
        _compile(REQUIREMENTS[level], [*sources(level), "--constraints", largest.name], print_)
    # Separately: the scanner's pins must not affect the program's versions.
    _compile(SCAN, ["--group", "scan"], print_)
    say(f"wrote {', '.join(path.name for path in _files())}")


def check() -> None:
    """Raise SetupError when a file is not what the lists of dependencies would be compiled to."""
    print_ = dependencies_fingerprint()
    for path in _files():
        if not path.read_text(encoding="utf-8").startswith(f"{MARK}{print_}\n"):
            message = f"{path.name} was not compiled from the current dependencies in {PROJECT.name}. Run: make lock"
            raise SetupError(message)
    pairs: tuple[tuple[Level, Level], ...] = (("program", "local"), ("local", "dev"))
    for smaller, larger in pairs:
        missing = sorted(_pins(REQUIREMENTS[smaller]) - _pins(REQUIREMENTS[larger]))
        if missing:
            message = f"{REQUIREMENTS[larger].name} lacks pins of {REQUIREMENTS[smaller].name}: {', '.join(missing)}."
            raise SetupError(f"{message} Run: make lock")


def sources(level: Level) -> list[str]:
    """Return what uv is to compile for a level: project files, and groups of the root's."""
    projects = [PROJECT, *([] if level == "program" else PROJECTS)]
    groups = [word for group in GROUPS[level] for word in ("--group", group)]
    return [*(str(path.relative_to(REPOSITORY)) for path in projects), *groups]


def dependencies_fingerprint() -> str:
    """Return a digest of everything in the project files that decides what is compiled."""
    content = tomllib.loads(PROJECT.read_text(encoding="utf-8"))
    project = content["project"]
    parts = (project["dependencies"], project["requires-python"], content["dependency-groups"])
    packages = [tomllib.loads(path.read_text(encoding="utf-8"))["project"] for path in PROJECTS]
    lists = [(each["name"], each["dependencies"], each.get("requires-python")) for each in packages]
    return fingerprint(*parts, lists, OPTIONS, content.get("tool", {}).get("uv"))


def _files() -> list[Path]:
    return [*REQUIREMENTS.values(), SCAN]


def _pins(path: Path) -> set[str]:
    return set(re.findall(r"^[a-z0-9][^ ;]*==[^ ]+", path.read_text(encoding="utf-8"), re.MULTILINE))


def _compile(target: Path, arguments: list[str], print_: str) -> None:
    environment = {key: value for key, value in os.environ.items() if key != "UV_OFFLINE"}
    command = [str(UV), "pip", "compile", *OPTIONS, "--python-version", "3.11", "-o", target.name, *arguments]
    if subprocess.run(command, cwd=REPOSITORY, env=environment, check=False).returncode:
        message = f"{target.name} could not be compiled; the output of uv is above. The file is unchanged."
        raise SetupError(message)
    body = target.read_text(encoding="utf-8")
    target.write_text(f"{MARK}{print_}\n{body}", encoding="utf-8")
