"""Check that every file of the parquet example has its predictions.

    python examples/parquet/grade.py predictions/      a folder that `invoke --download` filled

Prints one line and exits with 0 if there is exactly one whole parquet file for each input file, else with 1.
"""

import argparse
import sys
from pathlib import Path

ROWS = Path(__file__).resolve().parent / "data" / "rows"
MAGIC = b"PAR1"
"""What a parquet file begins and ends with."""


def grade(folder: Path, sample: Path = ROWS) -> tuple[str, bool]:
    """Return the line to print and whether every input file has its predictions."""
    wanted = {f"{file.stem}.parquet" for file in ([sample] if sample.is_file() else sample.iterdir())}
    found = [file for file in folder.rglob("*") if file.is_file()]
    whole = {file.name for file in found if (data := file.read_bytes()).startswith(MAGIC) and data.endswith(MAGIC)}
    others = sorted(file.name for file in found if file.name not in wanted & whole)
    told = f"{len(wanted & whole)} of {len(wanted)} files have predictions"
    return told + (f"; not one of them: {', '.join(others)}" if others else ""), whole == wanted and not others


def main(arguments: list[str]) -> int:
    """Look and print; see the module's docstring."""
    parser = argparse.ArgumentParser(description="Grade the predictions of the parquet example.")
    parser.add_argument("predictions", type=Path, help="a folder of downloaded predictions")
    parser.add_argument("--sample", type=Path, default=ROWS, help="the folder or file that was scored (default: all)")
    chosen = parser.parse_args(arguments)
    told, complete = grade(chosen.predictions, chosen.sample)
    print(told)
    return 0 if complete else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
