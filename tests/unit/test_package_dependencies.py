"""The program's and the packages' lists of dependencies are exactly what their modules import."""

import ast
import re
import sys
import tomllib
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = {"sandbox": "sandbox", "pulumi-standins": "pulumi_standins"}
"""Folder below packages/ and import name."""

PROGRAM = ("settings", "components", "modelops", "policy", "prerequisites")
"""The program's folders with code."""

DISTRIBUTIONS = {"google": "protobuf", "grpc": "grpcio", "jwt": "pyjwt", "yaml": "pyyaml"}
"""What is not called as it is imported."""

FROM_A_JOB = {"azureml_user", "mlflow", "numpy", "pandas", "PIL"}
"""What a job imports of the environment that the service makes for it."""


def project(folder: str) -> dict[str, Any]:
    return tomllib.loads((ROOT / "packages" / folder / "pyproject.toml").read_text(encoding="utf-8"))


def imports(files: Iterable[Path]) -> set[str]:
    """Return the dotted names that modules import from outside the standard library."""
    found: set[str] = set()
    for path in files:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found.add(node.module)
    return {each for each in found if each.split(".")[0] not in sys.stdlib_module_names}


def imported(folder: str, name: str) -> set[str]:
    """Return the distributions that a package's modules import, those of tests left out."""
    found = {each.split(".")[0] for each in imports((ROOT / "packages" / folder / "src").rglob("*.py"))}
    return {DISTRIBUTIONS.get(each, each) for each in found - {name, *FROM_A_JOB, "pytest"}}


def distribution(module: str) -> str:
    """Return what has to be installed for a module; Azure's distributions share one package, `azure`."""
    first, *rest = module.split(".")
    if first != "azure":
        return DISTRIBUTIONS.get(first, first.replace("_", "-"))
    names = ["-".join([first, *rest[:length]]) for length in range(1, len(rest) + 1)]
    installed = {each.name.lower() for each in metadata.distributions()}
    return next(name for name in names if name in installed)


def test_the_program_asks_for_what_it_imports() -> None:
    files = [ROOT / "__main__.py", *(file for folder in PROGRAM for file in (ROOT / folder).rglob("*.py"))]
    found = {distribution(each) for each in imports(files) if each.split(".")[0] not in PROGRAM}
    listed = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["dependencies"]
    assert sorted(re.split(r"[<>=~!\[ ]", each)[0] for each in listed) == sorted(found)


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
