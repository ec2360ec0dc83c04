"""Train the parquet example's regression and write the example's model and data.

    python examples/parquet/train.py            writes model/ and data/ beside this file

The data is scikit-learn's bundled diabetes data in its original units: nothing is downloaded. The model is a text file
of coefficients, so that loading it runs no code.
"""

import argparse
import json
import sys
from pathlib import Path

import pandas as pd
from sklearn.datasets import load_diabetes
from sklearn.linear_model import LinearRegression
from sklearn.metrics import r2_score
from sklearn.model_selection import train_test_split

HERE = Path(__file__).resolve().parent
FILES = 4
HELD_OUT = 88
"""Rows kept out of training; a multiple of the number of files."""
SPLIT_SEED = 2026
DIGITS = 9
"""Digits of a coefficient that are written: other versions of the libraries differ in the last ones."""


def write_model(folder: Path, model: LinearRegression, columns: list[str]) -> None:
    """Write `model.json`: the intercept, and the coefficient of each column."""
    folder.mkdir(parents=True, exist_ok=True)
    rounded = [float(f"{each:.{DIGITS}g}") for each in (model.intercept_, *model.coef_)]
    facts = {"intercept": rounded[0], "coefficients": dict(zip(columns, rounded[1:], strict=True))}
    (folder / "model.json").write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")


def write_data(folder: Path, rows: pd.DataFrame) -> None:
    """Write the rows to `folder`/rows as files of equal length."""
    (folder / "rows").mkdir(parents=True, exist_ok=True)
    size = HELD_OUT // FILES
    for number in range(FILES):
        file = folder / "rows" / f"patients-{number}.csv"
        rows.iloc[number * size : (number + 1) * size].to_csv(file, index=False, lineterminator="\n")


def main(arguments: list[str]) -> int:
    """Train, write and report."""
    parser = argparse.ArgumentParser(description="Train the parquet example.")
    parser.add_argument("--out", type=Path, default=HERE, help="folder for model/ and data/ (default: %(default)s)")
    chosen = parser.parse_args(arguments)
    data = load_diabetes(as_frame=True, scaled=False)
    rows, held_out, target, truth = train_test_split(
        data.data, data.target, test_size=HELD_OUT, random_state=SPLIT_SEED
    )
    model = LinearRegression().fit(rows, target)
    write_model(chosen.out / "model", model, list(rows.columns))
    write_data(chosen.out / "data", held_out)
    share = r2_score(truth, model.predict(held_out))
    print(f"learned from {len(rows)} rows; explains {share:.1%} of the variance of {HELD_OUT} held-out rows")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
