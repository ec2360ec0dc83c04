"""Pulumi plug-ins that come from outside, linked to where the engine of a rehearsal looks for them.

The engine finds a plug-in without a warning only in the ``plugins`` folder of its ``PULUMI_HOME``, which is the
sandbox's own. Without plug-ins only Pulumi lacks its provider; SDKs need none.
"""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from sandbox.home import Home

VARIABLE = "SANDBOX_PLUGIN_PATH"


class PluginError(Exception):
    """The folder that should hold plug-ins is not there; the text names it and who asked for it."""


def folder(given: Path | None, environ: Mapping[str, str]) -> Path | None:
    """Return the folder that holds the plug-ins: the given one, else that of ``SANDBOX_PLUGIN_PATH``.

    Without either: ``share/pulumi-plugins`` of the Python environment that this runs in, None where it has none. In the
    folder each plug-in lies as in the engine's own: ``resource-NAME-vVERSION/pulumi-resource-NAME``.

    Raises:
        PluginError: the folder that was asked for is not there.
    """
    named = environ.get(VARIABLE, "")
    asked, by = (given, "--plugin-path") if given is not None else (Path(named) if named else None, VARIABLE)
    if asked is not None:
        if not asked.is_dir():
            raise PluginError(f"{by}: there is no folder '{asked}'")
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
    target.mkdir(parents=True, exist_ok=True)
    for file in plugin.iterdir():
        place = target / file.name
        if not (place.is_symlink() and place.readlink() == file):
            draft = target / f".{file.name}.{os.getpid()}"
            draft.unlink(missing_ok=True)
            draft.symlink_to(file)
            draft.replace(place)
