"""The common part of the generators: write the file, or check that it is current."""

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

_PACKAGES = Path(__file__).resolve().parents[2] / "packages"
SANDBOX = _PACKAGES / "sandbox" / "src" / "sandbox" / "azure" / "arm" / "schema_files"
STANDINS = _PACKAGES / "pulumi-standins" / "src" / "pulumi_standins" / "azure_native"

PRIMITIVES: dict[Any, dict[str, Any]] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    float: {"type": "number"},
    bool: {"type": "boolean"},
    Any: {"type": "any"},
}
"""The request schema of each plain type hint (the language: sandbox/azure/arm/schema.py)."""


def text_of(schemas: dict[str, Any]) -> str:
    """Return request schemas as the text of their file: sorted, so that diffs show only changes."""
    return json.dumps(schemas, indent=1, sort_keys=True) + "\n"


def documented(choices: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the relevant schema of a union: of ``str | Enum`` the enum, which the service documents."""
    return next((schema for schema in choices if "enum" in schema), choices[0])


def run(script: str, file: Path, generate: Callable[[], str]) -> int:
    """Write ``file`` with the text of ``generate``; with ``--check``, write nothing and compare.

    Returns the exit code: 1 when the file is not current, and then says what to run.
    """
    parser = argparse.ArgumentParser(prog=f"python -m tools.schemas.{script}", description=f"Write {file.name}.")
    parser.add_argument("--check", action="store_true", help="write nothing; exit code 1 if the file is not current")
    check, text = parser.parse_args().check, generate()
    if not check:
        file.write_text(text, encoding="utf-8")
        return 0
    if file.exists() and file.read_text(encoding="utf-8") == text:
        return 0
    print(f"{file} is not current. Run: .venv/bin/python -m tools.schemas.{script}", file=sys.stderr)
    return 1
