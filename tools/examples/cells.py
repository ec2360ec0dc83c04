"""Runs the cells of a notebook one after the other, in the Python and the folder that it is started in.

``python cells.py NOTEBOOK PLAN RESULTS``. It runs in the notebook's Python (3.8 or newer) and not in ours, so it needs
nothing but the standard library. PLAN is a JSON file: ``before`` (code of ours that runs before a cell) and
``skipped``, by a cell's number. RESULTS gets a line of JSON for each cell: its number, how it ended (``ok``,
``skipped`` or ``failed``), and the exception.

A cell's number counts the cells with code from 1, as ``In [1]`` does in a notebook that is run from its top.
"""

from __future__ import annotations

import ast
import json
import shlex
import subprocess
import sys
import traceback
from pathlib import Path
from typing import Any

_WRITE_FILE = "%%writefile "
_PIP = ("%pip ", "pip ")
"""IPython takes a line that begins with ``pip`` for its ``%pip``."""


def code_cells(notebook: Path) -> list[str]:
    """Return the text of each cell with code."""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    return ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]


def as_python(source: str) -> str:
    """Return a cell as Python: IPython's ``%%writefile``, ``%pip`` and ``!`` become calls.

    Raises:
        SyntaxError: it has another command of IPython.
    """
    if source.startswith(_WRITE_FILE):
        name, _, text = source[len(_WRITE_FILE) :].partition("\n")
        return f"__import__('pathlib').Path({name.strip()!r}).write_text({text!r}, encoding='utf-8')"
    return "\n".join(_line(line) for line in source.split("\n"))


def _line(line: str) -> str:
    if line.startswith("!"):
        return f"_shell({line[1:]!r})"
    if line.startswith(_PIP):
        return f"_shell({shlex.quote(sys.executable) + ' -m ' + line.lstrip('%')!r})"
    if line.startswith("%"):
        raise SyntaxError(f"the runner does not know '{line.split(maxsplit=1)[0]}'")
    return line


def _shell(line: str) -> None:
    """Run a line of a shell; IPython goes on if it fails, but its reader would not."""
    subprocess.run(line, shell=True, check=True)  # noqa: S602 - that is what a `!` in a notebook is


def execute(source: str, names: dict[str, Any]) -> None:
    """Run a cell, and show the value of its last line as a notebook does."""
    tree = ast.parse(as_python(source))
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    # Not with this file's own `annotations`: pipelines read those of their functions as objects.
    exec(compile(tree, "<cell>", "exec", dont_inherit=True), names)  # noqa: S102 - this is its purpose
    if isinstance(last, ast.Expr):
        value = eval(compile(ast.Expression(last.value), "<cell>", "eval", dont_inherit=True), names)  # noqa: S307 - the same
        if value is not None:
            print(repr(value))


def run(notebook: Path, plan: dict[str, Any], results: Path) -> int:
    """Run a notebook's cells up to the first that fails; return the exit code."""
    names: dict[str, Any] = {"__name__": "__main__", "_shell": _shell}
    with results.open("w", encoding="utf-8") as stream:
        for number, source in enumerate(code_cells(notebook), 1):
            skipped = str(number) in plan["skipped"]
            print(f"\nIn [{number}]{' (skipped)' if skipped else ''}:\n{source}\n", flush=True)
            error = None
            try:
                execute(plan["before"].get(str(number), ""), names)
                execute("" if skipped else source, names)
            except BaseException as raised:  # noqa: BLE001 - whatever a cell raises, SystemExit too, is its result
                traceback.print_exc()
                error = f"{type(raised).__name__}: {raised}"
            state = "failed" if error else "skipped" if skipped else "ok"
            print(json.dumps({"cell": number, "state": state, "error": error}), file=stream, flush=True)
            if error:
                return 1
    return 0


if __name__ == "__main__":
    sys.path[0] = ""  # a notebook finds what is beside it, not what is beside this file
    sys.exit(run(Path(sys.argv[1]), json.loads(Path(sys.argv[2]).read_text(encoding="utf-8")), Path(sys.argv[3])))
