"""Builds a Python environment from a conda file with uv: into a separate folder, complete or not at all."""

import asyncio
import hashlib
import json
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from sandbox.azure.environments.conda_file import CondaFile
from sandbox.azure.environments.failures import CannotProvide
from sandbox.azure.environments.interpreters import Interpreter
from sandbox.azure.environments.uv_command import UvFailed, run_uv

DRAFT = ".building-"
"""What the name of an unfinished environment begins with."""
ABOUT = "environment.json"
"""The file in an environment that says what it is; its time is that of the last use."""
_UNKNOWN = re.compile(r"(\S+) was not found in the package registry")
_ON_THE_COMMAND_LINE = {"--pre": ("--prerelease", "allow"), "--prefer-binary": ()}
"""Options that pip reads in a requirements file, and uv does not."""
_TRUSTED = "--trusted-host"


@dataclass(frozen=True, slots=True)
class Built:
    """A built environment in ``folder``; ``left_out`` are conda packages, ``stands_in``: Python is another version."""

    folder: Path
    version: str
    stands_in: bool
    left_out: tuple[str, ...]

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.folder / "bin" / "python"

    @classmethod
    def read(cls, folder: Path) -> Self | None:
        """Return the environment in a folder; None if it does not work, as after its Python was removed."""
        try:
            data: dict[str, Any] = json.loads((folder / ABOUT).read_text(encoding="utf-8"))
            found = cls(folder, data["python"], data["standsIn"], tuple(data["leftOut"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return found if found.python.exists() else None


def digest(wanted: CondaFile) -> str:
    """Return the name of a conda file's environment: the same for the same packages, whatever its comments are."""
    parts = [
        wanted.python.text if wanted.python else "",
        [each.text for each in wanted.conda],
        [each.text for each in wanted.pip],
        wanted.options,
    ]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]


async def build(
    wanted: CondaFile, interpreter: Interpreter, folder: Path, *, stands_in: bool, say: Callable[[str], None]
) -> Built:
    """Build an environment in ``folder``, which appears when it is complete; ``say`` gets uv's progress.

    Raises:
        CannotProvide: uv cannot resolve or install it; the text is uv's.
        NoIndex: no package index answers.
    """
    draft = folder.with_name(f"{DRAFT}{folder.name}")
    await asyncio.to_thread(shutil.rmtree, draft, ignore_errors=True)
    try:
        # Relocatable, because the folder gets its name when it is complete. Like conda's, it has pip and setuptools.
        await run_uv("venv", "--quiet", "--seed", "--relocatable", "--python", str(interpreter.path), str(draft))
        left_out = await _install(wanted, draft, say)
        about = {"python": interpreter.version, "standsIn": stands_in, "leftOut": left_out}
        (draft / ABOUT).write_text(json.dumps(about), encoding="utf-8")
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
        draft.rename(folder)
    except UvFailed as error:
        raise CannotProvide([f"uv cannot build it: {error}"]) from None
    finally:
        await asyncio.to_thread(shutil.rmtree, draft, ignore_errors=True)
    return Built(folder, interpreter.version, stands_in, tuple(left_out))


async def _install(wanted: CondaFile, place: Path, say: Callable[[str], None]) -> list[str]:
    """Install everything; return the conda packages that were left out, as no index has them."""
    left_out = wanted.left_out
    conda = {each.name: each.requirement for each in wanted.packages}
    arguments, lines = options(wanted.options)
    file = place / "requirements.txt"
    while True:
        file.write_text("\n".join([*lines, *conda.values(), *(each.text for each in wanted.pip), ""]), encoding="utf-8")
        if not conda and not wanted.pip:
            return left_out
        try:
            command = ("pip", "install", "--python", str(place / "bin" / "python"), *arguments, "-r", str(file))
            await run_uv(*command, say=say)
        except UvFailed as error:
            unknown = conda.keys() & set(_UNKNOWN.findall(str(error)))
            if not unknown:
                raise
            for name in sorted(unknown):
                say(f"conda package '{name}' was not found in a package index: left out")
                left_out.append(name)
                del conda[name]
        else:
            return left_out


def options(given: tuple[str, ...]) -> tuple[list[str], list[str]]:
    """Return uv's arguments for pip's options, and those lines that it reads in a requirements file itself."""
    arguments, lines = [], []
    for line in given:
        name, *values = re.split(r"[\s=]+", line)
        if name == _TRUSTED:
            arguments += ["--allow-insecure-host", *values]
        elif name in _ON_THE_COMMAND_LINE:
            arguments += _ON_THE_COMMAND_LINE[name]
        else:
            lines.append(line)
    if lines:  # like pip, which the service uses: the best version of all indexes, not the first index that has any
        arguments += ["--index-strategy", "unsafe-best-match"]
    return arguments, lines
