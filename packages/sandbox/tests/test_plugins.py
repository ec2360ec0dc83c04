"""Where Pulumi's plug-ins come from, and that the engine's folder follows it; with the real engine: test_stacks.py."""

import sys
from pathlib import Path

import pytest

from sandbox.commands import plugins
from sandbox.home import Home


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


def plugin(folder: Path, version: str) -> Path:
    file = folder / f"resource-x-v{version}" / "pulumi-resource-x"
    file.parent.mkdir(parents=True)
    file.write_text(version)
    return file


def linked(home: Home) -> dict[str, str]:
    return {file.parent.name: file.read_text() for file in sorted(home.plugins.glob("*/pulumi-resource-x"))}


def test_the_option_wins_over_the_variable_and_that_over_the_environments_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    assert plugins.folder(None, {}) is None
    usual = tmp_path / "share" / "pulumi-plugins"
    usual.mkdir(parents=True)
    named, given = tmp_path / "named", tmp_path / "given"
    named.mkdir()
    given.mkdir()
    assert plugins.folder(None, {}) == usual
    assert plugins.folder(None, {"SANDBOX_PLUGIN_PATH": ""}) == usual
    assert plugins.folder(None, {"SANDBOX_PLUGIN_PATH": str(named)}) == named
    assert plugins.folder(given, {"SANDBOX_PLUGIN_PATH": str(named)}) == given


@pytest.mark.parametrize(
    ("given", "variable", "message"),
    [
        (Path("none"), "", "--plugin-path: folder 'none' does not exist"),
        (None, "none", "SANDBOX_PLUGIN_PATH: folder 'none' does not exist"),
    ],
)
def test_a_folder_that_is_not_there_is_named(given: Path | None, variable: str, message: str) -> None:
    with pytest.raises(plugins.PluginError) as refused:
        plugins.folder(given, {"SANDBOX_PLUGIN_PATH": variable})
    assert str(refused.value) == message


def test_links_files_into_a_folder_that_is_no_link(home: Home, tmp_path: Path) -> None:
    """The engine passes over links to folders."""
    file = plugin(tmp_path / "one", "1.0.0")
    plugins.link(home, tmp_path / "one")
    plugins.link(home, tmp_path / "one")
    place = home.plugins / "resource-x-v1.0.0"
    assert not place.is_symlink()
    assert [(each.name, each.readlink()) for each in place.iterdir()] == [("pulumi-resource-x", file)]


def test_follows_another_source(home: Home, tmp_path: Path) -> None:
    plugin(tmp_path / "one", "1.0.0")
    plugin(tmp_path / "two", "1.0.0").write_text("another")
    plugins.link(home, tmp_path / "one")
    plugins.link(home, tmp_path / "two")
    assert linked(home) == {"resource-x-v1.0.0": "another"}


def test_a_version_that_states_name_goes_on_being_served(home: Home, tmp_path: Path) -> None:
    plugin(tmp_path / "one", "1.0.0")
    plugins.link(home, tmp_path / "one")
    # What the engine writes beside it.
    (home.plugins / "resource-x-v1.0.0.lastused").touch()
    plugin(tmp_path / "two", "2.0.0")
    plugins.link(home, tmp_path / "two")
    assert linked(home) == {"resource-x-v1.0.0": "2.0.0", "resource-x-v2.0.0": "2.0.0"}
    plugin(tmp_path / "two", "1.0.0")
    plugins.link(home, tmp_path / "two")
    assert linked(home) == {"resource-x-v1.0.0": "1.0.0", "resource-x-v2.0.0": "2.0.0"}
