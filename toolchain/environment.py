"""The project's Python environment: `.venv`, made with the packages of one of the requirements files.

Each level holds the one before it: `program` is what `pulumi up` against Azure needs, `local` adds the sandbox, the
stand-ins and the example (`make up`), `dev` the tests and what they check with. uv installs it, and is itself installed
by pip from a pin with hashes (uv.txt). The user's own Python stays untouched.
"""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from typing import Literal

from toolchain.lock import held
from toolchain.places import (
    PACKAGES,
    PLUGINS,
    PYTHON,
    REPOSITORY,
    VENV,
    SetupError,
    fingerprint,
    read_stamp,
    remove_stamp,
    say,
    write_stamp,
)

Level = Literal["program", "local", "dev"]

UV = VENV / "bin" / "uv"
UV_PIN = REPOSITORY / "toolchain" / "uv.txt"
REQUIREMENTS: dict[Level, Path] = {  # from the smallest level to the largest
    "program": REPOSITORY / "requirements.txt",
    "local": REPOSITORY / "requirements-local.txt",
    "dev": REPOSITORY / "requirements-dev.txt",
}
STAMP = "environment"
VENV_STAMP = "venv"
"""Marks a `.venv` that is complete and was not moved."""


def ensure(level: Level) -> None:
    """Make `.venv` hold exactly the packages of `level`, or of a larger one where that was installed before.

    Does nothing if they are installed. Raises SetupError if a step fails; the next call continues.
    """
    if _wanted(level) is None:
        return
    with held(REPOSITORY / "pyproject.toml", "setting up this checkout"):
        missing = _wanted(level)
        if missing is not None:
            _install(*missing)


def _wanted(level: Level) -> tuple[Level, str] | None:
    """Return the level to install and its fingerprint; None if exactly that is installed."""
    stamp = read_stamp(STAMP)
    levels: list[Level] = list(REQUIREMENTS)
    # The larger of the requested and the installed list.
    wanted = levels[max(levels.index(level), *(at for at, each in enumerate(levels) if each == stamp.get("level")), 0)]
    places = [str(folder) for folder in (*PACKAGES, PLUGINS)]
    print_ = fingerprint(REQUIREMENTS[wanted], UV_PIN, sys.version, str(VENV), places)
    return None if stamp.get("fingerprint") == print_ and _version() == sys.version else (wanted, print_)


def _install(wanted: Level, print_: str) -> None:
    if VENV.is_symlink():
        message = (
            f".venv is a link to {VENV.resolve()}, whose packages would be removed. Remove the link, then run make "
            "again."
        )
        raise SetupError(message)
    # Without a stamp, an interrupted install may look complete to uv.
    whole = bool(read_stamp(STAMP))
    remove_stamp(STAMP)
    if read_stamp(VENV_STAMP) != {"place": str(VENV)} or _version() != sys.version:
        _create()
        whole = True
    say(f"environment: installing the packages of {REQUIREMENTS[wanted].name} into .venv, about a minute")
    _install_uv()
    _sync(wanted, again=not whole)
    _add_packages()
    if wanted != "program":
        _add_plugins()
    write_stamp(STAMP, level=wanted, fingerprint=print_)


def _version() -> str:
    """Return `.venv`'s `sys.version`; empty if its Python does not start, for example after a system upgrade."""
    try:
        ran = subprocess.run(
            [str(PYTHON), "-ISc", "import sys; print(sys.version)"], capture_output=True, text=True, check=False
        )
    except OSError:
        return ""
    return ran.stdout.removesuffix("\n") if ran.returncode == 0 else ""


def _create() -> None:
    if importlib.util.find_spec("ensurepip") is None:
        message = (
            f"{sys.executable} cannot create virtual environments: its module ensurepip is missing. Install it "
            "(Debian and Ubuntu: apt install python3-venv), then run make again."
        )
        raise SetupError(message)
    say(f"environment: creating .venv with Python {sys.version.split()[0]}")
    # Not sys.executable: in an activated environment, that is in the folder that will be cleared.
    base = getattr(sys, "_base_executable", sys.executable)
    _run([base, "-m", "venv", "--clear", str(VENV)], "Creating .venv failed.")
    write_stamp(VENV_STAMP, place=str(VENV))


def _install_uv() -> None:
    pin = UV_PIN.read_text(encoding="utf-8").split("uv==", 1)[1].split()[0]
    try:
        ran = subprocess.run([str(UV), "--version"], capture_output=True, text=True, check=False)
        if ran.returncode == 0 and ran.stdout.split()[1] == pin:
            return
    except OSError:
        pass  # not installed yet
    command = [str(PYTHON), "-m", "pip", "install", "--quiet", "--no-deps", "--require-hashes", "--no-input"]
    environment = {**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    _run([*command, "--force-reinstall", "-r", str(UV_PIN)], "Installing uv with pip failed.", environment)


def _sync(level: Level, *, again: bool) -> None:
    environment = {key: value for key, value in os.environ.items() if key not in {"UV_OFFLINE", "VIRTUAL_ENV"}}
    command = [str(UV), "pip", "sync", "--python", str(PYTHON), "--quiet", "--require-hashes"]
    command.append("--compile-bytecode")  # importing the SDKs takes twice as long without it
    if again:
        command.append("--reinstall")
    files = [str(path.relative_to(REPOSITORY)) for path in (REQUIREMENTS[level], UV_PIN)]
    _run([*command, *files], f"Installing {files[0]} failed.", environment)


def _add_packages() -> None:
    """Let `.venv` import the packages of this checkout from their folders."""
    folder = VENV / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}" / "site-packages"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "packages.pth").write_text("".join(f"{each}\n" for each in PACKAGES), encoding="utf-8")


def _add_plugins() -> None:
    """Let the emulator find the azure-native stand-in, for Pulumi."""
    _run([str(PYTHON), "-m", "pulumi_standins", str(PLUGINS)], "Writing the stand-in for Pulumi's provider failed.")


def _run(command: list[str], failure: str, environment: dict[str, str] | None = None) -> None:
    # Their output is shown only if they fail: after Ctrl-C it would be a traceback.
    ran = subprocess.run(
        command,
        cwd=REPOSITORY,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    if ran.returncode:
        message = (
            f"{failure} Its output is above. It needs a Python package index: check the network, and the proxy or "
            "index settings of pip and uv; if a certificate is refused, name your company's by SSL_CERT_FILE. "
            "Downloaded files are kept; run make again to continue."
        )
        raise SetupError(f"{ran.stdout.rstrip()}\n\n{message}".lstrip())
