"""Compare downloaded predictions with the labels.

    python examples/tabular/grade.py predictions/      a folder that `invoke --download` filled, or one CSV file

Prints one line and exits with 0 if every row of every file was scored exactly once, else with 1. The number of *right*
predictions does not affect the exit code.
"""

import argparse
import csv
import sys
from collections import Counter
from pathlib import Path

LABELS = Path(__file__).resolve().parent / "data" / "labels.csv"
ROWS = LABELS.parent / "rows"


def read(place: Path) -> list[tuple[str, ...]]:
    """Return (row, prediction, file) of a file's lines, or of the one `predictions.csv` below a folder.

    Raises:
        ValueError: if there is no such file, or there are several.
    """
    found = [place] if place.is_file() else sorted(place.rglob("predictions.csv"))
    if len(found) != 1:
        raise ValueError(f"{place} has {len(found)} files predictions.csv; one is needed.")
    with found[0].open(encoding="utf-8", newline="") as handle:
        return [tuple(line) for line in csv.reader(handle)]


def grade(labels: dict[tuple[str, str], str], lines: list[tuple[str, ...]]) -> tuple[str, bool]:
    """Return the line to print and whether every row was scored exactly once; `labels` by file and row."""
    predictions = {(line[2], line[0]): line[1] for line in lines if len(line) == 3}  # noqa: PLR2004
    times = Counter((line[2], line[0]) for line in lines if len(line) == 3)  # noqa: PLR2004
    scored = len(labels.keys() & predictions.keys())
    right = sum(predictions.get(row) == label for row, label in labels.items())
    complete = scored == len(labels) == len(lines) and max(times.values()) == 1
    how = "each exactly once" if complete else f"from {len(lines)} lines, so not each exactly once"
    accuracy = f"{right / len(labels):.1%}".replace("%", " %")
    return f"scored {scored} of {len(labels)} rows, {how}; {right} right (accuracy {accuracy})", complete


def main(arguments: list[str]) -> int:
    """Read, grade, print; see the module's docstring."""
    parser = argparse.ArgumentParser(description="Grade the predictions of the tabular example.")
    parser.add_argument("predictions", type=Path, help="a folder of downloaded predictions, or the file itself")
    parser.add_argument(
        "--sample", type=Path, default=ROWS, help="the folder or file that was scored (default: all rows)"
    )
    chosen = parser.parse_args(arguments)
    sample: Path = chosen.sample
    files = {file.name for file in ([sample] if sample.is_file() else sample.rglob("*"))}
    with LABELS.open(encoding="utf-8", newline="") as handle:
        labels = {
            (line["file"], line["row"]): line["label"] for line in csv.DictReader(handle) if line["file"] in files
        }
    if not labels:
        print(f"not graded: no file in {sample} has labels")
        return 0
    try:
        lines = read(chosen.predictions)
    except ValueError as problem:
        print(problem, file=sys.stderr)
        return 2
    told, complete = grade(labels, lines)
    print(told)
    return 0 if complete else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
