"""The environments of one sandbox: conda file in, interpreter out."""

import asyncio
import platform
import shutil
import sys
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

from sandbox.azure.environments import OFFLINE, builds, installed, interpreters
from sandbox.azure.environments.builds import Built
from sandbox.azure.environments.conda_file import CondaFile
from sandbox.azure.environments.failures import CannotProvide, NoIndex


class Environments:
    """Finds or builds the Python that a job runs on.

    Built environments are in ``folder``, by the content of their conda file; jobs that need the same one wait for one
    build. ``uses_index`` is asked each time: it may change while the server runs.
    """

    def __init__(self, folder: Path, uses_index: Callable[[], bool]) -> None:
        self._folder = folder
        self._uses_index = uses_index
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    @property
    def uses_index(self) -> bool:
        """Whether it may build, now."""
        return self._uses_index()

    async def python(self, wanted: CondaFile, say: Callable[[str], None]) -> Path:
        """Return the interpreter for a conda file; ``say`` gets remarks and the progress of a build.

        Without a package index it is the sandbox's own, if that has what the file asks for.

        Raises:
            CannotProvide: there is none; the problems name the lines of the file.
        """
        if not self.uses_index:
            return _own(wanted, say)
        folder = self._place(wanted)
        lock = self._locks[folder.name]
        if lock.locked():
            say("waiting for the environment that another job builds")
        async with lock:
            found = Built.read(folder)
            try:
                if found is None or (found.stands_in and await _has_come(wanted)):
                    found = await _build(wanted, folder, say)
            except NoIndex as error:
                say(f"no package index answers, so nothing is built ({' '.join(str(error).split())})")
                say(f"set {OFFLINE}=1 to save the attempt")
                return _own(wanted, say)
        (found.folder / builds.ABOUT).touch()
        for remark in remarks(wanted, found):
            say(remark)
        return found.python

    def built(self, wanted: CondaFile) -> Built | None:
        """Return the environment of a conda file if it was built before."""
        return Built.read(self._place(wanted))

    def _place(self, wanted: CondaFile) -> Path:
        return self._folder / builds.digest(wanted)


async def _build(wanted: CondaFile, folder: Path, say: Callable[[str], None]) -> Built:
    folder.parent.mkdir(parents=True, exist_ok=True)
    available = await interpreters.installed()
    interpreter = interpreters.matching(wanted.python_versions, available)
    stands_in = False
    if interpreter is None:
        say(f"'{wanted.python.text if wanted.python else 'python'}' is not on this machine: asking uv for it")
        interpreter = await interpreters.download(wanted.python_versions)
    if interpreter is None:
        interpreter, stands_in = interpreters.nearest(wanted.python_versions, available), True
    say(f"building it with Python {interpreter.version} ({interpreter.path}), once for this conda file")
    return await builds.build(wanted, interpreter, folder, stands_in=stands_in, say=say)


def remarks(wanted: CondaFile, found: Built) -> list[str]:
    """Return what differs between a conda file and the environment that was built from it."""
    said = []
    if found.stands_in and wanted.python is not None:
        said.append(f"'{wanted.python.text}' is not here; Python {found.version} stands in: results may differ")
    if found.left_out:
        said.append(f"conda packages left out, because they hold no Python code: {', '.join(found.left_out)}")
    if wanted.loose:
        said.append(f"taken in any version, because pip cannot be told which: {', '.join(wanted.loose)}")
    return said


async def _has_come(wanted: CondaFile) -> bool:
    """Say whether the machine has a Python now that it did not have when another stood in for it."""
    return interpreters.matching(wanted.python_versions, await interpreters.installed()) is not None


def _own(wanted: CondaFile, say: Callable[[str], None]) -> Path:
    """Return the sandbox's own interpreter if its environment has what is asked for."""
    try:
        for remark in installed.check(wanted):
            say(remark)
    except CannotProvide as error:
        here = (
            f"(Without a package index, jobs run in the sandbox's own environment, Python {platform.python_version()}:"
        )
        advice = f"{here} install these there, or run with a package index and without {OFFLINE}.)"
        raise CannotProvide([*error.problems, advice]) from None
    return Path(sys.executable)


def remove_drafts(folder: Path) -> None:
    """Remove what a build left that a killed server could not end."""
    for draft in folder.glob(f"{builds.DRAFT}*"):
        shutil.rmtree(draft, ignore_errors=True)
