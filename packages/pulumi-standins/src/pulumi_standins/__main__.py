"""`python -m pulumi_standins DIR`: writes the azure-native stand-in as a plug-in into a folder of plug-ins.

The folder is laid out as the engine's own (`$PULUMI_HOME/plugins`), so that the plug-in can be copied or linked there.
What was in it before goes.
"""

import shlex
import shutil
import sys
from importlib import metadata
from pathlib import Path

from pulumi_standins.azure_native.schema import sdk_version

_WRAPPER = """#!/bin/sh
# A stand-in for Pulumi's azure-native provider, which talks to Azure or to what emulates it.
exec {python} -P -m pulumi_standins.azure_native "$@"
"""


def write(folder: Path) -> Path:
    """Write the plug-in into ``folder``, to be run by this Python, and return its executable."""
    shutil.rmtree(folder, ignore_errors=True)
    plugin = folder / f"resource-azure-native-v{version()}"
    plugin.mkdir(parents=True)
    file = plugin / "pulumi-resource-azure-native"
    file.write_text(_WRAPPER.format(python=shlex.quote(sys.executable)), encoding="utf-8")
    file.chmod(0o755)
    return file


def version() -> str:
    """Return the version that programs will ask the engine for: that of the SDK which they import."""
    try:
        return metadata.version("pulumi-azure-native")
    except metadata.PackageNotFoundError:
        return sdk_version()


if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1].startswith("-"):  # noqa: PLR2004 - the program and one argument
        sys.exit("usage: python -m pulumi_standins DIR")
    print(write(Path(sys.argv[1])))
