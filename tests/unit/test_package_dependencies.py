"""The packages' own lists of dependencies are exactly what their modules import, and their build backend is here."""

import ast
import re
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = {"sandbox": "sandbox", "pulumi-standins": "pulumi_standins"}
"""Folder below packages/ and import name."""

DISTRIBUTIONS = {"google": "protobuf", "grpc": "grpcio", "jwt": "pyjwt", "yaml": "pyyaml"}
"""What is not called as it is imported."""

FROM_A_JOB = "azureml_user"
"""What a job imports of the environment that the service makes for it."""


def project(folder: str) -> dict[str, Any]:
    return tomllib.loads((ROOT / "packages" / folder / "pyproject.toml").read_text(encoding="utf-8"))


def imported(folder: str, name: str) -> set[str]:
    """Return the distributions that a package's modules import, those of tests left out."""
    found: set[str] = set()
    for path in (ROOT / "packages" / folder / "src").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found.add(node.module.split(".")[0])
    return {DISTRIBUTIONS.get(each, each) for each in found - sys.stdlib_module_names - {name, FROM_A_JOB, "pytest"}}


@pytest.mark.parametrize("folder", PACKAGES)
def test_a_package_asks_for_what_it_imports(folder: str) -> None:
    listed = [re.split(r"[<>=~!\[ ]", each)[0] for each in project(folder)["project"]["dependencies"]]
    assert listed == sorted(imported(folder, PACKAGES[folder]))


@pytest.mark.parametrize("folder", PACKAGES)
def test_the_build_backend_is_pinned_as_it_is_installed_here(folder: str) -> None:
    (backend,) = project(folder)["build-system"]["requires"]
    development = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["dependency-groups"]["dev"]
    assert backend in development
    assert re.fullmatch(r"hatchling==[\d.]+", backend)


@pytest.mark.parametrize("folder", PACKAGES)
def test_a_package_has_the_licence(folder: str) -> None:
    assert project(folder)["project"]["license-files"] == ["LICENSE"]
    assert (ROOT / "packages" / folder / "LICENSE").read_bytes() == (ROOT / "LICENSE").read_bytes()


@pytest.mark.parametrize("folder", PACKAGES)
def test_the_readme_of_a_package_links_to_nothing_outside(folder: str) -> None:
    readme = ROOT / "packages" / folder / "README.md"
    links = re.findall(r"\]\(([^)]+)\)", readme.read_text(encoding="utf-8"))
    assert [link for link in links if link.startswith("..")] == []


@pytest.mark.parametrize("folder", PACKAGES)
def test_a_package_says_its_version_once(folder: str) -> None:
    source = ROOT / "packages" / folder / "src" / PACKAGES[folder] / "__init__.py"
    assert project(folder)["project"]["dynamic"] == ["version"]
    assert project(folder)["tool"]["hatch"]["version"]["path"] == f"src/{PACKAGES[folder]}/__init__.py"
    assert len(re.findall(r'^__version__ = "[\d.]+"$', source.read_text(encoding="utf-8"), re.MULTILINE)) == 1
