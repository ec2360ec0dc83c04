"""Asks a rehearsal, where there is one, how far it can rehearse deployments; and tells it what stands in for them.

A rehearsal is known by its address alone, in `REHEARSAL_URL`. Against Azure the variable is not set, and nothing is
asked.
"""

import http.client
import json
import os
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from modelops.errors import RehearsalError

VARIABLE: Final = "REHEARSAL_URL"
"""Environment variable: where to ask, `http://HOST:PORT/PATH?QUERY`."""

_SECONDS: Final = 10.0

_COMMAND: Final = "REHEARSAL_COMMAND"
"""Environment variable: words that belong before a printed command, so that it runs where this program does."""


def located(command: str) -> str:
    """Return a command to print as it must be typed to reach what this program reaches."""
    return " ".join(filter(None, [os.environ.get(_COMMAND), command]))


def up(stack: str | None, *options: str) -> str:
    """Return the command that deploys a stack (None: the selected one), to print."""
    return located(shlex.join(["pulumi", "up", *options, *(["--stack", stack] if stack else [])]))


def is_here(environ: Mapping[str, str] = os.environ) -> bool:
    """Whether this is a rehearsal, and not Azure."""
    return bool(environ.get(VARIABLE))


def place(environ: Mapping[str, str] = os.environ) -> str:
    """Return where jobs and deployments are, in the words of a sentence: `Azure`, or `the sandbox` of a rehearsal."""
    return "the sandbox" if is_here(environ) else "Azure"


def beside(folder: Path, environ: Mapping[str, str] = os.environ) -> str:
    """Return a sentence on the sandbox of a folder, for a command there that was started outside it; else ""."""
    if is_here(environ) or not (folder / ".sandbox").is_dir():
        return ""
    return " This folder has a sandbox: to reach it, put `.venv/bin/python -m sandbox run --` before the command."


def in_studio(sentence: str, environ: Mapping[str, str] = os.environ) -> str:
    """Return what is said about the studio (an address of it, too); "" in a rehearsal, which has none."""
    return "" if is_here(environ) else sentence


def ask(deployments: Sequence[Mapping[str, Any]], environ: Mapping[str, str] = os.environ) -> list[str]:
    """Return the rehearsal's sentences about deployments; none if there is no rehearsal.

    Args:
        deployments: Each has `endpoint`, `deployment`, `environment`, `rehearseWith`, `script`, `localModules` and
            `model`.
        environ: The environment variables.

    Raises:
        RehearsalError: it does not answer, or not as expected.
    """
    return _sentences({"deployments": list(deployments)}, environ) if deployments else []


def ask_about_input(uri: str, environ: Mapping[str, str] = os.environ) -> list[str]:
    """Return the rehearsal's sentences about the input of a job, if it does not have that storage; none without one.

    Args:
        uri: the address, as in the request for the job.
        environ: The environment variables.

    Raises:
        RehearsalError: it does not answer, or not as expected.
    """
    return _sentences({"inputs": [uri]}, environ)


def _sentences(question: Mapping[str, Any], environ: Mapping[str, str]) -> list[str]:
    address = environ.get(VARIABLE, "")
    if not address:
        return []
    try:
        status, answer = _post(address, question)
        if status != http.client.OK:
            raise RehearsalError(f"{status}: {answer}")
        return [str(each) for each in answer["sentences"]]
    except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError) as error:
        raise RehearsalError(str(error) or type(error).__name__) from None


def _post(address: str, body: Any) -> tuple[int, Any]:
    place = urlsplit(address)
    # Not urllib.request: a proxy of the environment must not be asked for an address of this machine.
    connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=_SECONDS)
    try:
        path = f"{place.path}?{place.query}"
        connection.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()
