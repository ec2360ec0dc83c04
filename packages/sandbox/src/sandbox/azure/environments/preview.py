"""What a preview is told about its deployments: how far the sandbox can rehearse them."""

import ast
import asyncio
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sandbox.azure.arm.store import Store
from sandbox.azure.environments import OFFLINE, installed, interpreters
from sandbox.azure.environments.builds import Built
from sandbox.azure.environments.conda_file import CondaFile
from sandbox.azure.environments.failures import CannotProvide
from sandbox.azure.environments.interpreters import Interpreter
from sandbox.azure.environments.provider import Environments, remarks
from sandbox.azure.environments.registered import registered
from sandbox.azure.environments.stand_ins import StandIns
from sandbox.azure.environments.uv_command import UvFailed

NOT_REHEARSED = "cannot be rehearsed, because nothing here runs containers: name a conda file as `rehearseWith`"
"""Said of an environment without a conda file."""

_DRIVERS = frozenset({"azureml_user"})
"""What the driver of a job brings along."""
_CALLED = frozenset({"init", "run"})
_FIND = """
import importlib.util, json, sys
print(json.dumps([name for name in sys.argv[1:] if importlib.util.find_spec(name) is None]))
"""


class _Pythons:
    """The Pythons of this machine, for which uv is asked once, when they are needed."""

    def __init__(self) -> None:
        self._found: list[Interpreter] | None = None

    async def installed(self) -> list[Interpreter]:
        if self._found is None:
            try:
                self._found = await interpreters.installed()
            except UvFailed:
                self._found = []
        return self._found


class Rehearsal:
    """Answers previews, and keeps what they name as ``rehearseWith``."""

    def __init__(self, environments: Environments, store: Store) -> None:
        self._environments = environments
        self._store = store
        self._stand_ins = StandIns(store)

    async def answer(self, deployments: Sequence[Mapping[str, Any]]) -> list[str]:
        """Return sentences about deployments; what is true of several is one sentence that names them all.

        A deployment's members: ``endpoint``, ``deployment``; ``environment`` (see ``stand_ins.key_of``; null: Azure
        makes it from an MLflow model, whose conda file is ``model.conda``); ``rehearseWith`` (a text or null);
        ``script`` (a text or null) and ``localModules`` (the names beside it).
        """
        # Those that name one come last: another deployment may use the same environment without saying so.
        for each in sorted(deployments, key=lambda each: each.get("rehearseWith") is not None):
            if each.get("environment"):
                self._stand_ins.keep(each["environment"], each.get("rehearseWith"))
        said: dict[str, list[str]] = {}
        pythons = _Pythons()
        for each in deployments:
            for text in await self._sentences(each, pythons):
                said.setdefault(text, []).append(f"{each['endpoint']}.{each['deployment']}")
        return [f"{', '.join(names)}: {text}" for text, names in said.items()]

    async def _sentences(self, deployment: Mapping[str, Any], pythons: _Pythons) -> list[str]:
        conda_file = self._conda_file(deployment)
        if conda_file is None:
            return []
        if not conda_file:
            return [f"the environment {NOT_REHEARSED}"]
        try:
            wanted = CondaFile.read(conda_file)
            if not self._environments.uses_index:
                return installed.check(wanted)
        except CannotProvide as error:
            return [f"its jobs fail in the sandbox: {problem}" for problem in error.problems]
        built = self._environments.built(wanted)
        if built is None:
            return await _before(wanted, pythons)
        script = deployment.get("script")
        missing = await _missing(built, script, deployment.get("localModules") or ()) if script else []
        return [
            *remarks(wanted, built),
            *(f"the script imports '{name}', which its environment does not have" for name in missing),
        ]

    def _conda_file(self, deployment: Mapping[str, Any]) -> str | None:
        """Return the text that a deployment's jobs need; "" if there is none, None if nothing is known of it."""
        environment = deployment.get("environment")
        if not environment:
            return (deployment.get("model") or {}).get("conda")
        if (stand_in := self._stand_ins.find(environment)) is not None:
            return stand_in
        if "name" in environment:
            found = registered(self._store, environment)
            return None if found is None else found.get("condaFile") or ""
        return environment.get("conda") or ""


async def _before(wanted: CondaFile, pythons: _Pythons) -> list[str]:
    """Say what can be known of an environment before it is built."""
    said = [f"uv will build the environment, through your package index settings ({OFFLINE}=1 turns this off)"]
    if wanted.python:
        available = await pythons.installed()
        if available and interpreters.matching(wanted.python_versions, available) is None:
            nearest = interpreters.nearest(wanted.python_versions, available).version
            said.append(f"'{wanted.python.text}' is not here; if uv cannot download it, Python {nearest} stands in")
    if wanted.left_out:
        said.append(f"conda packages without Python code are left out: {', '.join(wanted.left_out)}")
    return said


async def _missing(built: Built, script: str, local: Sequence[str]) -> list[str]:
    """Return what a script imports for certain, and a built environment does not have."""
    try:
        tree = ast.parse(script)
    except (SyntaxError, ValueError):  # the program says so itself
        return []
    names = {name.split(".")[0] for name in _imports(tree.body)} - {*local, *_DRIVERS}
    if not names:
        return []
    process = await asyncio.create_subprocess_exec(
        *(str(built.python), "-I", "-c", _FIND, *sorted(names)),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    output, _ = await process.communicate()
    return list(json.loads(output)) if process.returncode == 0 else []


def _imports(body: Sequence[ast.stmt]) -> Iterator[str]:
    """Yield what is imported whatever happens: not in a ``try``, an ``if`` or a function that may not be called."""
    for node in body:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module
        elif isinstance(node, ast.FunctionDef) and node.name in _CALLED:
            yield from _imports(node.body)
