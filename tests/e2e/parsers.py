"""Command lines and the parsers that would take them: of our commands, of make, and of the Pulumi CLI."""

import argparse
import contextlib
import importlib.util
import io
import re
import shlex
import subprocess
from collections.abc import Sequence
from functools import cache
from typing import Any

import typer.exceptions
import typer.main
from typer.core import TyperGroup

from ci.commands import app as ci_app
from modelops.commands.app import application
from prerequisites.__main__ import app as prerequisites_app
from sandbox import __main__ as sandbox_main
from tests.pages import ROOT

_MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
TARGETS = set(re.findall(r"^\.PHONY: (.+)$", _MAKEFILE, re.MULTILINE)[0].split())
VARIABLES = {*re.findall(r"^(\w+) \?=", _MAKEFILE, re.MULTILINE), "YES", "PYTEST"}
SHELL = {"source", "export", "cd", "eval", "git", "bash", "sh", "curl", "find", "gh", "az", "pip", "pipx", "uv", "env"}
"""Programs whose words are not judged here."""


@cache
def _commands() -> dict[str, Any]:
    apps = {"modelops": application(is_styled=False), "prerequisites": prerequisites_app, "ci": ci_app}
    return {name: typer.main.get_command(each) for name, each in apps.items()}


@cache
def pulumi_options(*words: str) -> frozenset[str]:
    """Return the options of a command of the Pulumi CLI; none if there is no such command."""
    asked = subprocess.run(
        [ROOT / ".venv" / "bin" / "pulumi", *words, "--help"], check=False, capture_output=True, text=True
    )
    usage, _, flags = asked.stdout.partition("\nUsage:\n")[2].partition("\nFlags:\n")
    is_known = words[-1:] == () or words[-1] in re.findall(r"[\w-]+", usage)
    return frozenset(re.findall(r"(?<![\w-])--?[a-z][\w-]*", flags)) if is_known else frozenset()


def problem(line: str) -> str:
    """Return why a shell line would not be taken, or nothing."""
    for part in re.split(r" (?:&&|\|\||;) ", line):
        if said := _of_one(shlex.split(part)):
            return said
    return ""


def _of_one(words: Sequence[str]) -> str:
    while words and re.match(r"[A-Z_]+=", words[0]):
        words = words[1:]
    if not words:
        return ""
    program, rest = words[0].removeprefix(".venv/bin/"), list(words[1:])
    if program in {"python", "python3"}:
        return _of_module(rest[1], rest[2:]) if rest[0] == "-m" else ""
    if program == "make":
        return _of_make(rest)
    if program == "pulumi":
        return _of_pulumi(rest)
    return "" if program in SHELL or "/" in program else f"unknown program {program}"


def _of_module(module: str, rest: list[str]) -> str:
    if module == "sandbox" and rest[:1] == ["run"] and "--" in rest:
        at = rest.index("--")
        return _of_argparse(rest[:at]) or _of_one(rest[at + 1 :])
    if module == "sandbox":
        return _of_argparse(rest) if rest else ""
    if module in _commands():
        return _of_typer(_commands()[module], module, rest)
    return "" if importlib.util.find_spec(module) else f"there is no module {module}"


def _of_argparse(words: list[str]) -> str:
    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said):
            sandbox_main._parser().parse_args(words)
    except (SystemExit, argparse.ArgumentError):
        return said.getvalue().strip().splitlines()[-1]
    return ""


def _of_typer(command: Any, name: str, words: list[str], parent: Any = None) -> str:
    """Parse with the command's own parser, and run nothing."""
    if not words and isinstance(command, TyperGroup):
        return ""
    try:
        context = command.make_context(name, words, parent=parent)
        if not isinstance(command, TyperGroup):
            return ""
        found, part, rest = command.resolve_command(context, [*context._protected_args, *context.args])
    except typer.exceptions.TyperException as error:
        return str(error)
    return _of_typer(part, str(found), rest, context)


def _of_make(words: list[str]) -> str:
    for word in words:
        name, is_variable, _ = word.partition("=")
        if name not in (VARIABLES if is_variable else TARGETS):
            return f"the Makefile has no {'variable' if is_variable else 'target'} {name}"
    return ""


def _of_pulumi(words: list[str]) -> str:
    at = next((number for number, word in enumerate(words) if word.startswith("-")), len(words))
    verbs = words[: min(at, 2)]
    known = pulumi_options(*verbs) or pulumi_options(*verbs[:1])
    if not known:
        return f"pulumi has no command {' '.join(verbs)}"
    given = [word.partition("=")[0] for word in words[at:] if word.startswith("-")]
    return ", ".join(f"pulumi {verbs[0]} has no option {each}" for each in given if each not in known)
