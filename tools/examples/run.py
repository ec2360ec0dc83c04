"""Runs one example of a checkout: a copy of it, a workspace for it, its cells; and what came of it."""

import json
import os
import shlex
import shutil
import textwrap
from dataclasses import dataclass
from pathlib import Path

from tools.examples.example import Example
from tools.examples.lent import lend
from tools.examples.place import Place

_CELLS = Path(__file__).with_name("cells.py")
AZ_ML = Path(__file__).with_name("az_ml.py")
_SIGNED_IN = """\
az login --service-principal --tenant "$AZURE_TENANT_ID" -o none \\
  --username "$AZURE_CLIENT_ID" --password="$AZURE_CLIENT_SECRET" &&
az configure --defaults group="$EXAMPLE_GROUP" workspace="$EXAMPLE_WORKSPACE" && exec bash "$0"
"""
"""Runs a script for somebody who has signed in to the Azure CLI and has chosen a workspace."""

_ERROR = 400
"""Letters of an exception that are shown; the whole is in the log."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How far an example came."""

    example: Example
    done: int = 0
    """Cells that ran to their end, without those that were skipped."""

    failed: int | None = None
    """The cell that failed, or the exit code of a script; None: it came to its end."""

    error: str = ""
    """The exception of the cell; of a script, nothing."""

    @property
    def result(self) -> str:
        """The result in words."""
        if self.failed is None:
            return f"to the end ({self.done} cells)" if self.example.is_notebook else "to the end"
        return f"cell {self.failed}: {self.error}" if self.example.is_notebook else f"exit code {self.failed}"

    @property
    def row(self) -> str:
        """The result as a row of a table in Markdown: example, result, what stands in."""
        why = [f"cell {number}: not run, {reason}" for number, reason in self.example.skipped.items()]
        why += [f"before cell {number}: {step.why}" for number, step in self.example.before.items()]
        why += [each.why for each in self.example.stand_ins]
        why += [each.why for each in self.example.public]
        why += [f"cluster `{name}` of {nodes} nodes" for name, nodes in self.example.clusters.items()]
        why += [f"environment `{name}`" for name in self.example.curated]
        result = f"{self.result}; {self.example.note}" if self.example.note else self.result
        return f"| {self.example.group} | `{self.example.name}` | {result} | {'; '.join(why) or 'nothing'} |"


def run(example: Example, checkout: Path, work: Path, place: Place, python: str) -> Outcome:
    """Run an example; ``python`` runs its notebook. What it wrote and printed is in ``work`` (``log.txt``) afterwards.

    The folder ``work`` is emptied first.
    """
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    copy, source = work / "checkout", Path(example.path)
    lend(checkout, copy, source.parent.as_posix(), [each.path for each in example.stand_ins])
    for stand_in in example.stand_ins:
        stand_in.make(copy / stand_in.path)
    for name, conda_file in example.curated.items():
        place.add_curated(name, conda_file)
    for number, public in enumerate(example.public):
        public.make(work / f"public-{number}")
        place.add_public(public.address, work / f"public-{number}")
    workspace = place.workspace(example.name, example.clusters)
    folder, results = copy / source.parent, work / "cells.jsonl"
    workspace.write_config(folder)
    names = {"EXAMPLE_GROUP": workspace.group, "EXAMPLE_WORKSPACE": workspace.name}
    command = ["bash", source.name]
    if not example.is_notebook and (az := shutil.which("az")):
        command = ["bash", "-c", _SIGNED_IN, source.name]
        names["PATH"] = f"{with_az_ml(work / 'bin', az, python)}{os.pathsep}{os.environ['PATH']}"
    if example.is_notebook:
        plan = work / "plan.json"
        before = {number: step.code for number, step in example.before.items()}
        plan.write_text(json.dumps({"before": before, "skipped": dict(example.skipped)}), encoding="utf-8")
        command = [python, str(_CELLS), source.name, str(plan), str(results)]
    with (work / "log.txt").open("w", encoding="utf-8") as output:
        code = place.run(*command, folder=folder, output=output, more=names)
    return _of_cells(example, results, code) if example.is_notebook else Outcome(example, failed=code or None)


def with_az_ml(folder: Path, az: str, python: str) -> Path:
    """Return a folder with an ``az`` that is the user's own, except for ``az ml``."""
    folder.mkdir()
    words = shlex.join([python, str(AZ_ML)])
    text = f'#!/bin/sh\n[ "$1" = ml ] || exec {shlex.quote(az)} "$@"\nshift\nexec {words} "$@"\n'
    (folder / "az").write_text(text, encoding="utf-8")
    (folder / "az").chmod(0o755)
    return folder


def _of_cells(example: Example, results: Path, code: int) -> Outcome:
    lines = [json.loads(line) for line in results.read_text(encoding="utf-8").splitlines()] if results.exists() else []
    done = sum(line["state"] == "ok" for line in lines)
    if code == 0:
        return Outcome(example, done)
    if not lines or lines[-1]["state"] != "failed":
        return Outcome(example, done, failed=done + 1, error=f"its Python ended with exit code {code}")
    return Outcome(example, done, lines[-1]["cell"], textwrap.shorten(lines[-1]["error"], _ERROR))
