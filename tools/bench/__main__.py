"""`make bench`: every benchmark in one run, as a table of ratios with their spread."""

import argparse
import json
import os
import platform
import sys
from collections.abc import Callable

from tools.bench import deploy, memory, releases, scoring, stacks, upload
from tools.bench.checkout import Checkout, checkout
from tools.bench.measure import Row, table


def main() -> int:
    """Deploy a throw-away copy into its own sandbox, measure, and print the report."""
    parser = argparse.ArgumentParser(prog="python -m tools.bench", description=main.__doc__)
    parser.add_argument("--runs", type=int, default=5, help="counted pairs of each row (default 5)")
    parts_of_one = ["deploy", "release", "try-out", "upload", "scoring", "arm", "memory"]
    shapes = {str(shape): shape for shape in stacks.SHAPES}
    parser.add_argument("--only", choices=[*parts_of_one, *shapes], help="one part alone")
    parser.add_argument("--scale", type=float, default=60, help="Azure's seconds in one second, for releases (60)")
    options = parser.parse_args()
    parts: dict[str, Callable[[Checkout], list[str]]] = {
        "deploy": lambda copy: _rows(deploy.no_change(copy, options.runs)),
        "release": lambda copy: _rows([deploy.release(copy, options.runs)]),
        "try-out": lambda copy: _rows([deploy.try_out(copy, options.runs)]),
        "upload": lambda copy: _rows([_upload(copy, max(2, options.runs - 2))]),
        "scoring": lambda copy: _scoring(copy, options.runs),
        "arm": _arm,
        "memory": _memory,
    }
    print(f"{platform.python_implementation()} {platform.python_version()}, {os.cpu_count()} processors")
    for name, shape in shapes.items():
        if options.only in (None, name):
            print("", *releases.lines(shape, options.scale), sep="\n", flush=True)
    if options.only in shapes:
        return 0
    with checkout() as copy:
        print("deploying a copy of the program, and the flat one", flush=True)
        deploy.prepare(copy)
        for name, part in parts.items():
            if options.only in (None, name):
                print("", *part(copy), sep="\n", flush=True)
    return 0


def _rows(rows: list[Row]) -> list[str]:
    return [table(rows)]


def _upload(copy: Checkout, runs: int) -> Row:
    outputs = json.loads(copy.run("pulumi", "stack", "output", "--json").stdout)
    return upload.row(copy, outputs["resourceGroup"], outputs["workspace"], runs)


def _scoring(copy: Checkout, runs: int) -> list[str]:
    group, workspace, cluster, _ = deploy.flat_names(copy)
    scoring.prepare(copy, group, workspace, cluster)
    figures = scoring.figures(copy, group, workspace)
    return [*_rows(scoring.rows(copy, group, workspace, runs)), "", *figures]


def _arm(copy: Checkout) -> list[str]:
    figures = json.loads(copy.run("python", "-m", "tools.bench.arm").stdout)
    return [f"sandbox ARM {name}: {value:.1f}" for name, value in figures.items()]


def _memory(copy: Checkout) -> list[str]:
    (copy.root / "examples" / "digits" / "model" / "note.txt").write_text("memory\n")
    found = memory.peaks(copy, "pulumi", "up", "--yes", "--skip-preview")
    return [f"peak memory of the {role} during a release: {mebibytes:.0f} MiB" for role, mebibytes in found.items()]


if __name__ == "__main__":
    sys.exit(main())
