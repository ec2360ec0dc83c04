"""The requirements files, and the versions that several files name."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from toolchain import cli, gobuild, requirements
from toolchain.environment import REQUIREMENTS, UV, UV_PIN, Level
from toolchain.places import OLDEST_PULUMI, PULUMI_VERSION, PYTHON, REPOSITORY, SetupError
from toolchain.scanner import REQUIREMENTS as SCAN
from toolchain.versions import satisfies

ALL = [*REQUIREMENTS.values(), SCAN, UV_PIN]
# In parts, so that this file does not contain them either.
REGISTRIES = [
    "py" + "pi.org",
    "python" + "hosted.org",
    "proxy." + "golang.org",
    "npm" + "js.org",
    "crates" + ".io",
    "repo.maven." + "apache.org",
    "debian" + ".org",
]


def test_they_are_current() -> None:
    requirements.check()


def test_a_new_dependency_is_noticed_without_a_network(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    changed = tmp_path / "pyproject.toml"
    content = requirements.PROJECT.read_text(encoding="utf-8")
    changed.write_text(content.replace("dependencies = [", 'dependencies = [\n  "left-pad",', 1), encoding="utf-8")
    monkeypatch.setattr(requirements, "PROJECT", changed)
    with pytest.raises(SetupError) as caught:
        requirements.check()
    assert str(caught.value) == (
        "requirements.txt was not compiled from the current dependencies in pyproject.toml. Run: make lock"
    )


def test_other_parts_of_the_project_file_do_not_matter(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    changed = tmp_path / "pyproject.toml"
    content = requirements.PROJECT.read_text(encoding="utf-8")
    changed.write_text(content.replace("line-length = 120", "line-length = 100"), encoding="utf-8")
    monkeypatch.setattr(requirements, "PROJECT", changed)
    requirements.check()


def test_what_a_package_needs_counts_too(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    project = tmp_path / "pyproject.toml"
    project.write_text('[project]\nname = "emulator"\ndependencies = ["left-pad"]\n', encoding="utf-8")
    monkeypatch.setattr(requirements, "PROJECTS", [project])
    with pytest.raises(SetupError, match="was not compiled from the current dependencies"):
        requirements.check()


@pytest.mark.parametrize(("smaller", "larger"), [("program", "local"), ("local", "dev")])
def test_a_larger_file_has_the_pins_of_the_smaller(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, smaller: Level, larger: Level
) -> None:
    changed = tmp_path / REQUIREMENTS[smaller].name
    content = REQUIREMENTS[smaller].read_text(encoding="utf-8")
    changed.write_text(re.sub(r"^pulumi==.+? ", "pulumi==1.0.0 ", content, flags=re.MULTILINE), encoding="utf-8")
    monkeypatch.setitem(REQUIREMENTS, smaller, changed)
    if smaller == "local":  # as it is in the file below, so that only this pair differs
        monkeypatch.setitem(REQUIREMENTS, "program", changed)
    with pytest.raises(SetupError) as caught:
        requirements.check()
    assert str(caught.value) == (
        f"{REQUIREMENTS[larger].name} lacks pins of {changed.name}: pulumi==1.0.0. Run: make lock"
    )


def test_azure_alone_needs_neither_sandbox_nor_example() -> None:
    text = REQUIREMENTS["program"].read_text(encoding="utf-8")
    pinned = set(re.findall(r"^([a-z0-9-]+)==", text, re.MULTILINE))
    assert pinned & {"aiohttp", "trustme", "numpy", "onnxruntime", "pillow", "pytest"} == set()
    assert pinned >= {"pulumi", "pulumi-azure-native", "pulumi-policy", "azure-ai-ml"}


@pytest.mark.parametrize("path", ALL, ids=lambda path: path.name)
def test_every_pin_is_exact_and_has_hashes(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    entries = re.split(r"\n(?=[a-z])", re.sub(r"^#.*\n", "", text, flags=re.MULTILINE).strip())
    wrong = [
        entry.splitlines()[0]
        for entry in entries
        if not re.match(
            r"^[a-z0-9._-]+(\[[a-z,]+\])?==\S+( ; [^\\]+)? \\\n(    --hash=sha256:[0-9a-f]{64}( \\\n|$))+$", entry
        )
    ]
    assert wrong == []


@pytest.mark.parametrize("path", ALL, ids=lambda path: path.name)
def test_they_hold_no_addresses(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert "://" not in text
    assert "index-url" not in text
    assert "find-links" not in text


def test_the_pins_fit_each_other() -> None:
    """A pin that was raised by itself can be one that another package refuses, and uv installs it anyway."""
    ran = subprocess.run([UV, "pip", "check", "--python", PYTHON], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr


def test_no_file_names_a_package_registry() -> None:
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    wrong = []
    for name in tracked.stdout.split("\0"):
        path = REPOSITORY / name
        if name and path.is_file() and not path.is_symlink():
            text = path.read_bytes().decode("utf-8", errors="ignore")
            wrong += [f"{name} names {host}" for host in REGISTRIES if host in text]
    assert wrong == []


@pytest.mark.parametrize("version", [PULUMI_VERSION, OLDEST_PULUMI])
def test_a_module_builds_the_version_it_is_for(version: str) -> None:
    module = (gobuild.MODULES[version] / "go.mod").read_text(encoding="utf-8")
    assert f"github.com/pulumi/pulumi/pkg/v3 v{version}" in module
    assert f"github.com/pulumi/pulumi/sdk/v3 v{version}" in module


def test_the_oldest_engine_that_is_allowed_is_the_oldest_that_is_tested() -> None:
    assert cli.required() == f">={OLDEST_PULUMI}"


def test_the_engine_is_at_least_as_new_as_the_sdk() -> None:
    """An engine runs the SDKs that came before it."""
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    (sdk,) = [each.removeprefix("pulumi==") for each in project["dependencies"] if each.startswith("pulumi==")]
    assert satisfies(PULUMI_VERSION, f">={sdk}")
    assert f"\npulumi=={sdk} " in REQUIREMENTS["program"].read_text(encoding="utf-8")


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md"])
def test_a_page_that_names_gos_version_names_the_one_that_is_needed(page: str) -> None:
    shown = re.findall(r"Go (\d+\.\d+\.\d+)", (REPOSITORY / page).read_text(encoding="utf-8"))
    assert shown == [gobuild.go_version()]
