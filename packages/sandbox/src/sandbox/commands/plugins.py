"""Links external Pulumi plug-ins to the folder where a rehearsal's engine looks for them.

The engine finds a plug-in without a warning only in the ``plugins`` folder of its ``PULUMI_HOME``, which belongs to the
sandbox. Only Pulumi needs plug-ins, for its provider; SDKs do not.
"""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from sandbox.home import Home

VARIABLE = "SANDBOX_PLUGIN_PATH"


class PluginError(Exception):
    """The folder for plug-ins does not exist; the text names it and the option."""


def folder(given: Path | None, environ: Mapping[str, str]) -> Path | None:
    """Return the folder with the plug-ins, or None.

    That is the given one, else ``SANDBOX_PLUGIN_PATH``, else ``share/pulumi-plugins`` of this Python environment. Its
    layout is that of the engine's folder: ``resource-NAME-vVERSION/pulumi-resource-NAME``.

    Raises:
        PluginError: the given folder does not exist.
    """
    named = environ.get(VARIABLE, "")
    asked, by = (given, "--plugin-path") if given is not None else (Path(named) if named else None, VARIABLE)
    if asked is not None:
        if not asked.is_dir():
            raise PluginError(f"{by}: folder '{asked}' does not exist")
        return asked.absolute()
    usual = Path(sys.prefix) / "share" / "pulumi-plugins"
    return usual if usual.is_dir() else None


def link(home: Home, source: Path) -> None:
    """Let the engine find the plug-ins of ``source``, each under its own version.

    A state names the version that it was made with: one that an earlier ``source`` held, and this one does not, is from
    now on served by this one's plug-in of that name.
    """
    held = {each.name: each for each in sorted(source.glob("*-v*")) if each.is_dir()}
    for name, plugin in held.items():
        family = name.rpartition("-v")[0]
        before = {each.name for each in home.plugins.glob(f"{family}-v*") if each.is_dir()}
        for version in {name, *(before - held.keys())}:
            _fill(home.plugins / version, plugin)


def _fill(target: Path, plugin: Path) -> None:
    """Fill a folder with links to a plug-in's files: the engine passes over a folder that is a link itself."""
    for folder in (target.parent, target):  # `mode` is for the last folder alone
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for file in plugin.iterdir():
        place = target / file.name
        if not (place.is_symlink() and place.readlink() == file):
            draft = target / f".{file.name}.{os.getpid()}"
            draft.unlink(missing_ok=True)
            draft.symlink_to(file)
            draft.replace(place)
