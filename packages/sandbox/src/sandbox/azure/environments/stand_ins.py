"""Conda files that stand in for environments that only a container can run: ``rehearseWith`` of a stack file.

They are kept by the environment's content, so that a job finds its own whatever the environment is called in Azure.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from sandbox.azure.arm.store import Store
from sandbox.azure.environments.conda_file import content_of

_KIND = "environmentStandIn"


def key_of(environment: Mapping[str, Any]) -> str:
    """Return the key of an environment's content.

    Its members: ``image`` and perhaps ``conda`` (a text); ``build`` with ``dockerfilePath`` and ``files`` (SHA-256 by
    path); or ``name``, ``version`` and perhaps ``registry``.
    """
    members = ("image", "conda", "build", "registry", "name", "version")
    content = {name: environment[name] for name in members if environment.get(name)}
    if "conda" in content:  # azure-ai-ml writes the file again, with its keys in order
        content["conda"] = content_of(content["conda"])
    if "build" in content:
        content["build"] = {name: content["build"].get(name) for name in ("dockerfilePath", "files")}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


class StandIns:
    """The stand-ins that stacks have named; they survive a restart."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def keep(self, environment: Mapping[str, Any], conda_file: str | None) -> None:
        """Remember the text of an environment's ``rehearseWith``; None forgets it."""
        if conda_file is None:
            self._store.delete_document(_KIND, key_of(environment))
        else:
            self._store.put_document(_KIND, key_of(environment), conda_file)

    def find(self, *environments: Mapping[str, Any]) -> str | None:
        """Return the text for the first of these contents that has one."""
        found = (self._store.document(_KIND, key_of(each)) for each in environments)
        return next((str(each) for each in found if each is not None), None)
