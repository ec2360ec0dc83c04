"""When `.venv` is made, filled, and left alone; a shell script stands in for pip and uv."""

import importlib.util
import sys
from importlib import metadata
from pathlib import Path

import pytest

from toolchain import environment, places
from toolchain.__main__ import main
from toolchain.places import SetupError


class Checkout:
    """A checkout with small requirements files, whose venv and uv only note that they were called."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.log = folder / "log"
        self.python = folder / ".venv" / "bin" / "python"
        self.uv = folder / ".venv" / "bin" / "uv"
        (folder / "requirements.txt").write_text("a==1\n")
        (folder / "requirements-local.txt").write_text("a==1\nb==2\n")
        (folder / "requirements-dev.txt").write_text("a==1\nb==2\nc==3\n")
        (folder / "toolchain").mkdir()
        (folder / "toolchain" / "uv.txt").write_text("uv==9.9.9 \\\n    --hash=sha256:0\n")

    def calls(self) -> list[str]:
        """Return what was called since the last time that this was asked."""
        found = self.log.read_text().splitlines() if self.log.exists() else []
        self.log.unlink(missing_ok=True)
        return found

    def note(self, call: str) -> None:
        """Note one call, as the scripts do."""
        with self.log.open("a") as file:
            file.write(f"{call}\n")

    def script(self, path: Path, body: str) -> None:
        """Write a program."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"#!/bin/sh\n{body}\n")
        path.chmod(0o755)


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Checkout:
    """Point the module at a separate folder."""
    made = Checkout(tmp_path)
    monkeypatch.setattr(places, "STAMPS", tmp_path / ".venv" / "stamps")
    monkeypatch.setattr(environment, "REPOSITORY", tmp_path)
    monkeypatch.setattr(environment, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(environment, "PYTHON", made.python)
    monkeypatch.setattr(environment, "UV", made.uv)
    monkeypatch.setattr(environment, "PLUGINS", tmp_path / ".venv" / "share" / "pulumi-plugins")
    monkeypatch.setattr(environment, "UV_PIN", tmp_path / "toolchain" / "uv.txt")
    requirements = {level: tmp_path / path.name for level, path in environment.REQUIREMENTS.items()}
    monkeypatch.setattr(environment, "REQUIREMENTS", requirements)
    run = environment._run

    def noted(command: list[str], failure: str, variables: dict[str, str] | None = None) -> None:
        if "venv" in command:
            made.note("venv")
            made.script(made.python, f'exec "{sys.executable}" "$@"')
        elif "pip" in command and str(made.python) == command[0]:
            made.note("pip")
            made.script(made.uv, f'test "$1" = --version && echo uv 9.9.9 || echo "uv $*" >> "{made.log}"')
        else:
            run(command, failure, variables)

    monkeypatch.setattr(environment, "_run", noted)
    return made


def sync(checkout: Checkout, file: str, *options: str) -> str:
    """Return the uv command that installs `file`."""
    words = ["uv pip sync --python", str(checkout.python), "--quiet --require-hashes --compile-bytecode", *options]
    return " ".join([*words, file, "toolchain/uv.txt"])


def test_makes_it_once(checkout: Checkout, capsys: pytest.CaptureFixture[str]) -> None:
    environment.ensure("program")
    assert checkout.calls() == ["venv", "pip", sync(checkout, "requirements.txt")]
    assert capsys.readouterr().out.splitlines() == [
        f"environment: creating .venv with Python {sys.version.split()[0]}",
        "environment: installing the packages of requirements.txt into .venv, about a minute",
    ]
    environment.ensure("program")
    assert checkout.calls() == []
    assert capsys.readouterr().out == ""


def test_writes_the_provider_where_the_emulator_looks_for_it(checkout: Checkout) -> None:
    plugins = checkout.folder / ".venv" / "share" / "pulumi-plugins"
    environment.ensure("program")
    assert not plugins.exists()
    environment.ensure("local")
    (plugin,) = plugins.iterdir()
    assert plugin.name == f"resource-azure-native-v{metadata.version('pulumi-azure-native')}"
    lines = (plugin / "pulumi-resource-azure-native").read_text().splitlines()
    assert lines[-1] == f'exec {sys.executable} -P -m pulumi_standins.azure_native "$@"'
    assert (plugin / "pulumi-resource-azure-native").stat().st_mode & 0o111 == 0o111


def test_a_larger_level_stays(checkout: Checkout) -> None:
    environment.ensure("program")
    assert checkout.calls()[-1] == sync(checkout, "requirements.txt")
    environment.ensure("local")
    assert checkout.calls() == [sync(checkout, "requirements-local.txt")]
    environment.ensure("program")
    assert checkout.calls() == []
    environment.ensure("dev")
    assert checkout.calls() == [sync(checkout, "requirements-dev.txt")]
    environment.ensure("local")
    environment.ensure("program")
    assert checkout.calls() == []


def test_follows_the_requirements(checkout: Checkout) -> None:
    environment.ensure("dev")
    checkout.calls()
    (checkout.folder / "requirements-dev.txt").write_text("a==1\nb==3\nc==3\n")
    environment.ensure("program")
    assert checkout.calls() == [sync(checkout, "requirements-dev.txt")]


def test_reinstalls_after_an_install_that_was_cut_off(checkout: Checkout) -> None:
    environment.ensure("program")
    (checkout.folder / "requirements.txt").write_text("a==2\n")
    checkout.script(checkout.uv, 'test "$1" = --version && echo uv 9.9.9 || { echo no network; exit 1; }')
    with pytest.raises(SetupError, match=r"^no network\n\nInstalling requirements\.txt failed\. Its output is above"):
        environment.ensure("program")
    checkout.uv.unlink()
    checkout.calls()
    environment.ensure("program")
    assert checkout.calls() == ["pip", sync(checkout, "requirements.txt", "--reinstall")]


@pytest.mark.parametrize("broken", ["exit 1", "echo 2.7.18"])
def test_makes_it_anew_when_its_python_is_another_or_gone(checkout: Checkout, broken: str) -> None:
    environment.ensure("program")
    checkout.calls()
    checkout.script(checkout.python, broken)
    environment.ensure("program")
    assert checkout.calls()[0] == "venv"


def test_makes_it_anew_when_its_making_was_cut_off_or_it_was_moved(checkout: Checkout) -> None:
    environment.ensure("program")
    checkout.calls()
    places.remove_stamp("environment")
    places.remove_stamp("venv")
    environment.ensure("program")
    assert checkout.calls()[0] == "venv"
    places.write_stamp("venv", place="/elsewhere/.venv")
    places.remove_stamp("environment")
    environment.ensure("program")
    assert checkout.calls()[0] == "venv"


def test_leaves_the_environment_of_another_checkout_alone(checkout: Checkout, monkeypatch: pytest.MonkeyPatch) -> None:
    environment.ensure("program")
    kept = {path: path.stat().st_mtime_ns for path in (checkout.folder / ".venv").rglob("*")}
    link = checkout.folder / "other"
    link.symlink_to(checkout.folder / ".venv")
    monkeypatch.setattr(environment, "VENV", link)
    with pytest.raises(SetupError) as caught:
        environment.ensure("dev")
    assert str(caught.value) == (
        f".venv is a link to {checkout.folder}/.venv, whose packages would be removed. Remove the link, then run "
        "make again."
    )
    assert {path: path.stat().st_mtime_ns for path in (checkout.folder / ".venv").rglob("*")} == kept


def test_says_what_is_missing_where_python_cannot_make_environments(
    checkout: Checkout, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(SetupError) as caught:
        environment.ensure("program")
    assert "apt install python3-venv" in str(caught.value)
    assert checkout.calls() == []


def test_an_unknown_step_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tools"]) == 2
    assert capsys.readouterr().err == "Unknown step 'tools'. Steps: program, local, dev, pulumi, scan, lock, check.\n"


def test_the_home_folder_may_be_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setenv("HOME", "")
    assert places.home().is_absolute()
    monkeypatch.delenv("HOME")
    assert places.cache() == places.home() / ".cache" / "azureml-batch-endpoint"
    monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere")
    assert places.cache() == Path("/somewhere/azureml-batch-endpoint")


def test_a_damaged_stamp_is_no_stamp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "STAMPS", tmp_path)
    assert places.read_stamp("step") == {}
    places.write_stamp("step", a="b")
    assert places.read_stamp("step") == {"a": "b"}
    (tmp_path / "step").write_text('{"a": ')
    assert places.read_stamp("step") == {}
    assert [path.name for path in tmp_path.iterdir()] == ["step"]
