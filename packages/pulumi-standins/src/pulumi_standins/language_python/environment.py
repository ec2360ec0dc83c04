"""The Python environment of a program, and its packages."""

import json
import os
import sys
from importlib import metadata
from pathlib import Path
from typing import Any, NamedTuple

from google.protobuf import json_format
from pulumi.runtime.proto import language_pb2


class EnvironmentMissingError(Exception):
    """The virtual environment that a Pulumi.yaml or PulumiPolicy.yaml names does not exist."""


class Plugin(NamedTuple):
    """A provider plugin that an installed package needs; `server` and `parameterization` may be empty."""

    name: str
    version: str
    server: str
    parameterization: dict[str, str]


class Environment(NamedTuple):
    """A virtual environment (or, by default, the host's own Python)."""

    root: Path
    python: Path

    @property
    def packages(self) -> list[Path]:
        """The site-packages folders on Linux and macOS."""
        return sorted(self.root.glob("lib/python3*/site-packages"))

    def variables(self, base: dict[str, str]) -> dict[str, str]:
        """Return `base` with this environment activated, so that commands are found there."""
        path = base.get("PATH", os.defpath)
        changed = {"VIRTUAL_ENV": str(self.root), "PATH": f"{self.python.parent}{os.pathsep}{path}"}
        return {key: value for key, value in {**base, **changed}.items() if key != "PYTHONHOME"}

    def plugins(self) -> list[Plugin]:
        """List the provider plugins of the installed packages, from their `pulumi-plugin.json`."""
        found = []
        for folder in self.packages:
            for path in sorted(folder.glob("*/pulumi-plugin.json")):
                content = json.loads(path.read_text(encoding="utf-8"))
                if content.get("resource"):
                    name = content.get("name") or path.parent.name.removeprefix("pulumi_").replace("_", "-")
                    version = content.get("version") or _version_of(f"pulumi-{name}", folder)
                    parameters = content.get("parameterization") or {}
                    found.append(Plugin(name, version, content.get("server", ""), parameters))
        return found

    def distributions(self, *, transitive: bool) -> list[tuple[str, str]]:
        """List (name, version) of installed packages; without `transitive`, only those that no other one requires."""
        installed = {
            _normal(dist.name): (dist.name, dist.version, dist.requires or [])
            for dist in metadata.distributions(path=[str(folder) for folder in self.packages])
        }
        required = {_normal(_requirement_name(line)) for _, _, lines in installed.values() for line in lines}
        return sorted(
            (name, version) for key, (name, version, _) in installed.items() if transitive or key not in required
        )


def find(info: language_pb2.ProgramInfo) -> Environment:
    """Return the environment that `info` names.

    The option `virtualenv` is relative to the folder of Pulumi.yaml (or PulumiPolicy.yaml); by default it is the host's
    own environment. Raises EnvironmentMissingError if the folder has no Python.
    """
    options = _options(info)
    name = options.get("virtualenv")
    if not name:
        return Environment(Path(sys.prefix), Path(sys.executable))
    root = Path(info.root_directory or info.program_directory, str(name))
    python = root / "bin" / "python"
    if not os.access(python, os.X_OK):
        message = (
            f"The virtual environment {root} has no Python; the runtime option 'virtualenv: {name}' in "
            f"{info.root_directory} names it. Create it, install the program's packages in it, then try again."
        )
        raise EnvironmentMissingError(message)
    return Environment(root, python)


def _options(info: language_pb2.ProgramInfo) -> dict[str, Any]:
    return json_format.MessageToDict(info.options)


def _version_of(distribution: str, folder: Path) -> str:
    for dist in metadata.distributions(name=distribution, path=[str(folder)]):
        return dist.version
    return ""


def _normal(name: str) -> str:
    return name.lower().replace("_", "-").replace(".", "-")


def _requirement_name(line: str) -> str:
    """Return the package's name at the start of a requirement line, up to the first character of anything else."""
    return next((line[:at] for at, char in enumerate(line) if not (char.isalnum() or char in "-_.")), line)
