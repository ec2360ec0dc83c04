"""The requirements files: compiled from pyproject.toml by uv, with exact pins and hashes for every platform.

Each starts with a fingerprint of its dependencies, so that a check needs no network.
"""

import os
import re
import subprocess
import tomllib
from pathlib import Path

from toolchain.environment import REQUIREMENTS, UV
from toolchain.places import REPOSITORY, SetupError, fingerprint, say
from toolchain.scanner import REQUIREMENTS as SCAN

PROJECT = REPOSITORY / "pyproject.toml"
MARK = "# compiled from dependencies: "
OPTIONS = ["--universal", "--generate-hashes", "--no-emit-index-url", "--no-header", "--no-annotate", "--quiet"]


def compile_all() -> None:
    """Recompile all files; pins that still fit stay unchanged. Needs a package index."""
    print_ = dependencies_fingerprint()
    runtime, dev = REQUIREMENTS["runtime"], REQUIREMENTS["dev"]
    project = PROJECT.name
    # The larger set first: the smaller one then has the same versions, and `make up` after `make test` changes nothing.
    _compile(dev, [project, "--group", "dev"], print_)
    _compile(runtime, [project, "--constraints", dev.name], print_)
    # Separately: the scanner's pins must not affect the program's versions.
    _compile(SCAN, ["--group", "scan"], print_)
    say(f"wrote {runtime.name}, {dev.name} and {SCAN.name}")


def check() -> None:
    """Raise SetupError if a file was not compiled from the current dependencies in pyproject.toml."""
    print_ = dependencies_fingerprint()
    for path in [*REQUIREMENTS.values(), SCAN]:
        if not path.read_text(encoding="utf-8").startswith(f"{MARK}{print_}\n"):
            message = f"{path.name} was not compiled from the current dependencies in {PROJECT.name}. Run: make lock"
            raise SetupError(message)
    runtime, dev = _pins(REQUIREMENTS["runtime"]), _pins(REQUIREMENTS["dev"])
    differing = sorted(runtime - dev)
    if differing:
        message = (
            f"requirements-dev.txt is missing these pins of requirements.txt: {', '.join(differing)}. Run: make lock"
        )
        raise SetupError(message)


def dependencies_fingerprint() -> str:
    """Return a digest of everything in pyproject.toml that affects the requirements files."""
    content = tomllib.loads(PROJECT.read_text(encoding="utf-8"))
    project = content["project"]
    parts = (project["dependencies"], project["requires-python"], content["dependency-groups"])
    return fingerprint(*parts, OPTIONS, content.get("tool", {}).get("uv"))


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
