"""Which Pulumi CLI is taken, and what `.venv/bin` then holds."""

import os
from pathlib import Path

import pytest

from toolchain import cli, gobuild, official, places
from toolchain.places import PULUMI_VERSION, SetupError, UnavailableError


class Machine:
    """A checkout, a cache and a PATH, all empty."""

    def __init__(self, folder: Path) -> None:
        self.bin = folder / "checkout" / ".venv" / "bin"
        self.path = folder / "path"
        self.cache = folder / "cache" / "azureml-batch-endpoint" / "pulumi" / PULUMI_VERSION
        self.calls: list[str] = []
        self.bin.mkdir(parents=True)
        self.path.mkdir()

    def command(self, path: Path, prints: str) -> Path:
        """Make a program that prints something."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"#!/bin/sh\necho {prints}\n")
        path.chmod(0o755)
        return path


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """Neither a CLI nor internet nor Go, unless the test adds them."""
    made = Machine(tmp_path)
    for module in (places, cli):
        monkeypatch.setattr(module, "VENV", made.bin.parent)
    monkeypatch.setattr(places, "STAMPS", made.bin.parent / "stamps")
    monkeypatch.setattr(cli, "PULUMI", made.bin / "pulumi")
    monkeypatch.setattr(cli, "HOST", made.bin / "pulumi-language-python")
    monkeypatch.setenv("PATH", f"{made.bin}{os.pathsep}{made.path}{os.pathsep}/usr/bin:/bin")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))

    def no_internet(root: Path, version: str) -> None:
        assert version == PULUMI_VERSION
        made.calls.append(f"official {root.name}")
        raise UnavailableError("no internet")

    def no_go(target: Path, version: str) -> None:
        assert version == PULUMI_VERSION
        made.calls.append(f"build {target.name}")
        raise UnavailableError("no Go")

    monkeypatch.setattr(official, "install", no_internet)
    monkeypatch.setattr(gobuild, "build", no_go)
    return made


def test_takes_the_users_own(machine: Machine) -> None:
    own = machine.command(machine.path / "pulumi", "v3.300.0")
    machine.command(machine.path / "pulumi-language-python", "")
    cli.ensure()
    assert cli.PULUMI.readlink() == own
    assert not cli.HOST.exists()
    assert machine.calls == []


@pytest.mark.parametrize(
    ("version", "host", "reason"),
    [
        (None, False, "not found"),
        ("v3.100.0", True, "{path}/pulumi is version 3.100.0, but Pulumi.yaml requires {required}"),
        ("v3.300.0", False, "{path}/pulumi has no pulumi-language-python beside it"),
    ],
)
def test_names_all_three_ways_when_none_works(
    machine: Machine, version: str | None, reason: str, *, host: bool
) -> None:
    if version:
        machine.command(machine.path / "pulumi", version)
    if host:
        machine.command(machine.path / "pulumi-language-python", "")
    with pytest.raises(SetupError) as caught:
        cli.ensure()
    lines = str(caught.value).splitlines()
    assert lines[:4] == [
        "The Pulumi CLI is missing, and none of the three ways to get it worked:",
        f"  - on PATH: {reason.format(path=machine.path, required=cli.required())}",
        "  - official release: no internet",
        "  - build with Go: no Go",
    ]
    assert f"Go >= {gobuild.go_version()}" in str(caught.value)
    assert machine.calls == ["official official", "build pulumi"]


def test_takes_what_is_in_the_cache_without_asking_anybody(machine: Machine) -> None:
    built = machine.command(machine.cache / "pulumi", f"v{PULUMI_VERSION}")
    cli.ensure()
    assert machine.calls == []
    assert cli.PULUMI.samefile(built)
    assert not cli.PULUMI.is_symlink()
    assert f"'{machine.bin}/python'".replace("'", "") in cli.HOST.read_text()
    assert os.access(cli.HOST, os.X_OK)


def test_prefers_the_official_one_of_the_cache(machine: Machine) -> None:
    machine.command(machine.cache / "pulumi", f"v{PULUMI_VERSION}")
    downloaded = machine.command(machine.cache / "official" / "bin" / "pulumi", f"v{PULUMI_VERSION}")
    machine.command(downloaded.parent / "pulumi-language-python", "")
    cli.ensure()
    assert cli.PULUMI.readlink() == downloaded
    assert not cli.HOST.exists()


def test_builds_where_the_installer_cannot_download(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gobuild, "build", lambda target, version: machine.command(target, f"v{version}"))
    cli.ensure()
    assert machine.calls == ["official official"]
    assert cli.PULUMI.samefile(machine.cache / "pulumi")
    assert cli.HOST.exists()


def test_copies_where_it_cannot_link(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    def cross_device(self: Path, target: Path) -> None:
        raise OSError(18, "Invalid cross-device link", str(self), None, str(target))

    built = machine.command(machine.cache / "pulumi", f"v{PULUMI_VERSION}")
    monkeypatch.setattr(Path, "hardlink_to", cross_device)
    cli.ensure()
    assert not cli.PULUMI.samefile(built)
    assert cli.PULUMI.read_bytes() == built.read_bytes()
    assert os.access(cli.PULUMI, os.X_OK)


def test_does_nothing_twice(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    machine.command(machine.cache / "pulumi", f"v{PULUMI_VERSION}")
    cli.ensure()
    assert capsys.readouterr().out.startswith(f"pulumi: {PULUMI_VERSION}, built from source")
    monkeypatch.setattr(cli, "on_path", None)
    cli.ensure()
    assert capsys.readouterr().out == ""


def test_starts_again_when_the_file_is_gone_or_another(machine: Machine) -> None:
    own = machine.command(machine.path / "pulumi", "v3.300.0")
    machine.command(machine.path / "pulumi-language-python", "")
    cli.ensure()
    machine.command(own, "v3.100.0 # downgraded")
    with pytest.raises(SetupError, match=r"is version 3\.100\.0"):
        cli.ensure()
    own.unlink()
    machine.command(machine.cache / "pulumi", f"v{PULUMI_VERSION}")
    cli.ensure()
    assert cli.PULUMI.samefile(machine.cache / "pulumi")
