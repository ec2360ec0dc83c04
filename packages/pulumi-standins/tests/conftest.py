"""What the tests of the stand-ins share."""

import os
from pathlib import Path

import pytest

from host_project import Project
from toolchain import cli


@pytest.fixture
def quick_provider(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the stand-in provider's waits away, and the login and proxy that this machine may have."""
    monkeypatch.setenv("SANDBOX_PROVIDER_TIME_SCALE", "0")
    for name in [name for name in os.environ if name.startswith("ARM_") or name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `pulumi` and our language host, as a CLI built from source is installed.

    Fails, never skips, where `make` has not run.
    """
    assert cli.PULUMI.exists(), "there is no .venv/bin/pulumi; run: make tools-dev"
    folder = tmp_path_factory.mktemp("engine")
    cli.adopt(cli.PULUMI.resolve(), folder)
    return folder


@pytest.fixture(scope="session")
def pulumi_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One PULUMI_HOME for all tests: nothing of a project is in it."""
    return tmp_path_factory.mktemp("pulumi-home")


@pytest.fixture
def project(engine: Path, pulumi_home: Path, tmp_path: Path) -> Project:
    """A project with an empty stack `dev`."""
    made = Project(tmp_path / "project", engine, pulumi_home)
    ran = made.run("stack", "init", "dev")
    assert ran.returncode == 0, ran.stdout
    return made
