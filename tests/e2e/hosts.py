"""Which Python language host a test runs with: the one that is installed here, or one like Pulumi's official one.

Users have Pulumi with its official host; a machine that built its engine has the stand-in of packages/pulumi-standins.
No package registry has the official one, so other_host/ does the same where the two differ.
"""

import re
import shlex
from pathlib import Path

import pytest

from toolchain.cli import HOST, PULUMI, adopt, cached
from toolchain.places import OLDEST_PULUMI, VENV

INSTALLED = "installed host"
OFFICIAL_LIKE = "official-like host"
OLDEST_ENGINE = "oldest engine"
"""The installed host, with the oldest engine that Pulumi.yaml allows."""
BOTH_HOSTS = pytest.mark.parametrize("language_host", [INSTALLED, OFFICIAL_LIKE], indirect=True)
"""For tests of what differs between hosts: how a program ends, and what is left when the engine dies."""
BOTH_HOSTS_IN_LONG = pytest.mark.parametrize(
    "language_host",
    [INSTALLED, pytest.param(OFFICIAL_LIKE, marks=pytest.mark.long(part="engines"))],
    indirect=True,
)
"""For tests of everything else that goes through a language host."""

PROGRAM = re.compile(r"pulumi-language-python-exec|language_python/runner\.py|other_host/program\.py")
"""In the command line of a process that runs a Pulumi program, or (the stand-in's) a policy pack."""
LANGUAGE_HOST = re.compile(r"pulumi-language-python(?!-exec)|-m pulumi_standins\.language_python|other_host/host\.py")
"""In the command line of a language host."""


def environment(language_host: str, folder: Path) -> Path:
    """Return the environment to test with, made in `folder` (which must not exist) unless it is the installed one.

    Pulumi's engine uses the language host beside it, so another host needs its own `bin`; all else is .venv's.
    """
    if language_host == INSTALLED:
        return VENV
    programs = folder / "bin"
    programs.mkdir(parents=True)
    for each in (*VENV.iterdir(), *(VENV / "bin").iterdir()):
        if each.name not in ("bin", PULUMI.name, HOST.name):
            (folder / each.relative_to(VENV)).symlink_to(each)
    if language_host == OLDEST_ENGINE:
        adopt(cached(OLDEST_PULUMI, "on PATH: the test asks for this version alone"), programs)
        return folder
    adopt(PULUMI.resolve(), programs)
    command = shlex.join(
        [str(VENV / "bin" / "python"), "-P", "-u", str(Path(__file__).parent / "other_host" / "host.py")]
    )
    (programs / HOST.name).write_text(f'#!/bin/sh\nexec {command} "$@"\n', encoding="utf-8")
    return folder
