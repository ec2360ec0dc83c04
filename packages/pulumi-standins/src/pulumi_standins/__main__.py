"""`python -m pulumi_standins DIR`: writes the azure-native stand-in as a plug-in into a folder of plug-ins.

The folder has the layout of the engine's own (`$PULUMI_HOME/plugins`), so the plug-in can be copied or linked there.
Stand-ins of other versions are removed; everything else in the folder stays.
"""

import errno
import os
import shlex
import shutil
import sys
from importlib import metadata
from pathlib import Path

from pulumi_standins.azure_native.schema import sdk_version

_NAME = "pulumi-resource-azure-native"
_MARK = "# A stand-in for Pulumi's azure-native provider, which talks to Azure or to what emulates it."
_WRAPPER = """#!/bin/sh
{mark}
exec {python} -P -m pulumi_standins.azure_native "$@"
"""


def write(folder: Path) -> Path:
    """Write the plug-in into ``folder``, to be run by this Python, and return its executable.

    Raises:
        FileExistsError: the folder has a plug-in of this version that is not a stand-in, such as the official one.
    """
    for each in folder.glob("resource-azure-native-v*"):
        if _is_ours(each / _NAME):
            each.unlink() if each.is_symlink() else shutil.rmtree(each)
    plugin = folder / f"resource-azure-native-v{version()}"
    file = plugin / _NAME
    if file.exists():
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(file))
    plugin.mkdir(parents=True, exist_ok=True)
    file.write_text(_WRAPPER.format(mark=_MARK, python=shlex.quote(sys.executable)), encoding="utf-8")
    file.chmod(0o755)
    return file


def _is_ours(executable: Path) -> bool:
    """Say whether ``write`` has written an executable."""
    if not executable.is_file():
        return False
    with executable.open("rb") as file:
        return _MARK.encode() in file.read(256)


def version() -> str:
    """Return the version that programs will ask the engine for: that of the SDK which they import."""
    try:
        return metadata.version("pulumi-azure-native")
    except metadata.PackageNotFoundError:
        return sdk_version()


if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1].startswith("-"):  # noqa: PLR2004 - the program and one argument
        sys.exit("usage: python -m pulumi_standins DIR")
    try:
        print(write(Path(sys.argv[1])))
    except FileExistsError as error:
        sys.exit(f"pulumi_standins: '{error.filename}' is not a stand-in, so it stays. Choose another folder.")
