"""Which Python an environment is made with: one of this machine's, one that uv downloads, or the nearest."""

import json
import os
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from packaging.specifiers import SpecifierSet
from packaging.version import Version

from sandbox.azure.environments.failures import NoIndex
from sandbox.azure.environments.installed import same_minor
from sandbox.azure.environments.uv_command import UvFailed, run_uv

_BEST: Final = ("==", "===", "~=", ">=", ">", "<=", "<", "!=")
"""Operators: first those whose version is the likeliest to be allowed."""

OLDEST: Final = Version("3.8")
"""The driver of batch jobs, which runs on the environment's Python, needs this one."""


@dataclass(frozen=True, slots=True)
class Interpreter:
    """A Python on this machine."""

    version: str
    path: Path


async def installed() -> list[Interpreter]:
    """Return the CPythons of this machine that can run jobs, newest first; pyenv's too, also those not switched on."""
    text = await run_uv("python", "list", "--only-installed", "--output-format", "json", more_path=_pyenvs(os.environ))
    found: dict[str, Interpreter] = {}
    for row in json.loads(text):
        path, version = Path(row["path"]), row["version"]
        is_plain = row["implementation"] == "cpython" and row["variant"] == "default"
        if is_plain and Version(version) >= OLDEST:
            found.setdefault(version, Interpreter(version, path))
    own = Interpreter(".".join(map(str, sys.version_info[:3])), Path(sys.executable))
    found.setdefault(own.version, own)
    return sorted(found.values(), key=lambda each: Version(each.version), reverse=True)


async def download(versions: SpecifierSet) -> Interpreter | None:
    """Let uv download a Python, as its settings allow; None if it cannot."""
    minor = _asked(versions)
    if minor is None or not (versions.contains(f"{minor}.99") or same_minor(versions, f"{minor}.0")):
        return None
    try:
        await run_uv("python", "install", "--no-bin", str(minor))
        path = await run_uv("python", "find", "--system", "--managed-python", str(minor))
    except (UvFailed, NoIndex):
        return None
    return Interpreter(str(minor), Path(path.strip()))


def matching(versions: SpecifierSet, found: Iterable[Interpreter]) -> Interpreter | None:
    """Return the newest that is allowed; else one that differs in the last number only."""
    found = list(found)
    allowed = (each for each in found if versions.contains(each.version, prereleases=True))
    close = (each for each in found if same_minor(versions, each.version))
    return next(allowed, None) or next(close, None)


def nearest(versions: SpecifierSet, found: Iterable[Interpreter]) -> Interpreter:
    """Return the one whose minor version is nearest to what is asked, of two the newer."""
    asked = _asked(versions) or Version(".".join(map(str, sys.version_info[:2])))
    return min(found, key=lambda each: (abs(Version(each.version).minor - asked.minor), -Version(each.version).minor))


def _asked(versions: SpecifierSet) -> Version | None:
    """Return the minor version that a set of versions names, such as 3.9; of two bounds the lower."""
    for each in sorted(versions, key=lambda each: (_BEST.index(each.operator), str(each))):
        named = Version(each.version.removesuffix(".*"))
        return Version(f"{named.major}.{named.minor}")
    return None


def _pyenvs(environ: Mapping[str, str]) -> list[Path]:
    root = Path(environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    folders = sorted((root / "versions").glob("3.*/bin"))
    return [each for each in folders if Version(_number(each)) >= OLDEST]


def _number(folder: Path) -> str:
    """Return the version in the name of a folder of pyenv's; 0 where it has another name."""
    name = folder.parent.name
    return name if all(part.isdigit() for part in name.split(".")) else "0"
