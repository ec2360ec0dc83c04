"""Wheels of this repository's packages, and environments in which somebody has them who never saw the repository."""

import os
import subprocess
import sys
import sysconfig
from collections.abc import Mapping
from pathlib import Path
from zipfile import ZipFile

_SECONDS = 15 * 60
_QUIET = ("--quiet", "--disable-pip-version-check")


def environment(home: Path, **more: str) -> dict[str, str]:
    """What somebody has who never saw this repository: no variable of Python's, Azure's, Pulumi's or the sandbox's.

    But jobs do not build anything, unless ``more`` says otherwise.
    """
    foreign = ("PYTHON", "PYTEST", "AZURE_", "ARM_", "PULUMI_", "SANDBOX_", "VIRTUAL_ENV")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    return kept | {"HOME": str(home), "SANDBOX_OFFLINE": "1"} | more


def call(folder: Path, env: Mapping[str, str], *command: str | Path) -> str:
    """Run a command in a folder; return what it printed."""
    ran = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False, timeout=_SECONDS)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


def build(package: Path, folder: Path) -> Path:
    """Build a package's wheel with what is installed here, without an index; return it."""
    offline = ("--no-build-isolation", "--no-deps", "--no-index", *_QUIET)
    call(folder, environment(folder), sys.executable, "-m", "pip", "wheel", *offline, "-w", folder, package)
    (made,) = folder.glob("*.whl")
    return made


def install(wheel: Path, place: Path) -> Path:
    """Install a wheel into a new environment that sees the packages which run this test; return its Python."""
    folder, env, python = wheel.parent, environment(wheel.parent), place / "bin" / "python"
    call(folder, env, sys.executable, "-m", "venv", "--without-pip", place)
    purelib = call(folder, env, python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip()
    call(
        folder,
        env,
        sys.executable,
        "-m",
        "pip",
        "--python",
        python,
        "install",
        "--no-deps",
        "--no-index",
        *_QUIET,
        wheel,
    )
    # Beside the wheel, as pip would put them; without the .pth files, so the checkout stays out.
    for each in Path(sysconfig.get_path("purelib")).iterdir():
        if each.suffix != ".pth" and not (Path(purelib) / each.name).exists():
            (Path(purelib) / each.name).symlink_to(each)
    return python


def contents(wheel: Path) -> set[str]:
    """Return the files of a wheel without those that describe it."""
    return {name for name in ZipFile(wheel).namelist() if ".dist-info/" not in name}


def licence(wheel: Path) -> str:
    """Return the text of a wheel's licence."""
    with ZipFile(wheel) as held:
        (name,) = (each for each in held.namelist() if each.endswith(".dist-info/licenses/LICENSE"))
        return held.read(name).decode()


def sources(package: Path) -> set[str]:
    """Return the files of a package's sources as a wheel would name them."""
    folder = package / "src"
    files = (file for file in folder.rglob("*") if file.is_file() and file.suffix != ".pyc")
    return {str(file.relative_to(folder)) for file in files}
