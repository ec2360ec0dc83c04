"""Compare downloaded predictions with the labels.

    python examples/digits/grade.py predictions/            a folder that `invoke --download` filled, or one CSV file

Prints one line and exits with 0 if every image was scored exactly once; otherwise lists missing, repeated, unknown and
malformed lines, and exits with 1. The number of *right* predictions does not affect the exit code. `--sample` names the
folder or file that was scored, if it was not all images.
"""

import argparse
import csv
import sys
from collections import Counter
from pathlib import Path

LABELS = Path(__file__).resolve().parent / "data" / "labels.csv"
SHOWN = 3
"""Number of names of a long list to print."""


def predictions_file(place: Path, name: str) -> Path:
    """Find the predictions: `place` itself, or the one file called `name` below it.

    Raises:
        ValueError: if the file does not exist, or there are several.
    """
    if place.is_file():
        return place
    if not place.is_dir():
        raise ValueError(f"{place} does not exist. Give the folder of `python -m modelops invoke --download`.")
    found = sorted(place.rglob(name))
    if not found:
        raise ValueError(f"There is no {name} below {place}. If it has another name, give --name.")
    if len(found) > 1:
        raise ValueError(f"{place} contains several {name}: {', '.join(map(str, found))}. Choose one of them.")
    return found[0]


def read(path: Path) -> tuple[list[tuple[str, str]], list[str]]:
    """Return (file, label) of each well-formed line `file,label,confidence`, and the lines that are not."""
    pairs: list[tuple[str, str]] = []
    malformed: list[str] = []
    with path.open(encoding="utf-8", newline="") as handle:
        for fields in csv.reader(handle):
            match fields:
                case [file, label, _confidence]:
                    pairs.append((file, label))
                case _:
                    malformed.append(",".join(fields))
    return pairs, malformed


def grade(labels: dict[str, str], pairs: list[tuple[str, str]], malformed: list[str]) -> tuple[str, bool]:
    """Return the line to print and whether every image was scored exactly once; an unknown label is ""."""
    times = Counter(file for file, _ in pairs)
    problems = {
        "not scored": [file for file in labels if file not in times],
        "scored more than once": [file for file in labels if times[file] > 1],
        "without a label": [file for file in times if file not in labels],
        "malformed lines": malformed,
    }
    right = sum(labels.get(file) == label for file, label in dict(pairs).items())
    known = sum(bool(label) for label in labels.values())
    accuracy = f"{right} right (accuracy {right / known:.1%})".replace("%", " %") if known else "no label to compare"
    scored = len(labels.keys() & times.keys())
    if any(problems.values()):
        told = "; ".join(f"{what}: {_shortened(names)}" for what, names in problems.items() if names)
        return f"scored {scored} of {len(labels)} images, not each exactly once ({told}); {accuracy}", False
    return f"scored {scored} of {len(labels)} images, each exactly once; {accuracy}", True


def _shortened(names: list[str]) -> str:
    rest = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return f"{len(names)}, {', '.join(names[:SHOWN])}{rest}"


def _wanted(labels: dict[str, str], sample: Path | None) -> dict[str, str]:
    """Return the labels of the files below `sample`, by default all."""
    if sample is None:
        return labels
    files = [sample] if sample.is_file() else sorted(sample.rglob("*"))
    return {file.name: labels.get(file.name, "") for file in files if file.is_file() and not file.name.startswith(".")}


def main(arguments: list[str]) -> int:
    """Read, grade, print; see the module's docstring."""
    parser = argparse.ArgumentParser(description="Grade the predictions of the digits example.")
    parser.add_argument("predictions", type=Path, help="a folder of downloaded predictions, or the file itself")
    parser.add_argument("--name", default="predictions.csv", help="the predictions' file name (default: %(default)s)")
    parser.add_argument("--sample", type=Path, help="the folder or file that was scored (default: all images)")
    chosen = parser.parse_args(arguments)
    with LABELS.open(encoding="utf-8", newline="") as handle:
        labels = {row["file"]: row["label"] for row in csv.DictReader(handle)}
    try:
        pairs, malformed = read(predictions_file(chosen.predictions, chosen.name))
    except ValueError as problem:
        print(problem, file=sys.stderr)
        return 2
    told, complete = grade(_wanted(labels, chosen.sample), pairs, malformed)
    print(told)
    return 0 if complete else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
