"""What a new revision has to do with its try-out's input: write one whole parquet file for each CSV file.

The release calls `check` after the job, and a revision for which it raises an exception does not serve. It looks at the
files' first and last bytes, so it needs no package. To look at the rows, see README.md.
"""

from pathlib import Path

MAGIC = b"PAR1"
"""What a parquet file begins and ends with."""


def check(predictions: Path, rows: Path) -> None:
    """Refuse predictions without a whole file for each file of the input.

    Args:
        predictions: folder with what the job wrote.
        rows: folder with the input.
    """
    found = {file.name: file.read_bytes() for file in predictions.rglob("*.parquet")}
    for name in sorted(f"{file.stem}.parquet" for file in rows.iterdir()):
        if name not in found:
            raise ValueError(f"there is no {name}")
        if not (found[name].startswith(MAGIC) and found[name].endswith(MAGIC)):
            raise ValueError(f"{name} is cut off")
