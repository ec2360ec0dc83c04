"""Scoring script: for each CSV file, write a parquet file with the rows and a column `prediction`.

The deployment's outputAction is summary_only: Azure writes no file, it only counts what `run` returns. All processes
write into the same folder at once, so each file gets the name of its input, which no other has.
"""

import json
import os
from pathlib import Path

import pandas as pd

_model: dict[str, float] = {}
_intercept = 0.0


def init() -> None:
    """Read the coefficients; Azure puts the registered folder below the variable's."""
    global _model, _intercept
    facts = json.loads((Path(os.environ["AZUREML_MODEL_DIR"]) / "model" / "model.json").read_text(encoding="utf-8"))
    _model, _intercept = facts["coefficients"], facts["intercept"]


def predict(rows: pd.DataFrame) -> pd.Series:
    """Return the prediction for each row: columns are found by name, so their order and others do not matter."""
    return rows[list(_model)].mul(pd.Series(_model)).sum(axis=1) + _intercept


def run(mini_batch: list[str]) -> list[str]:
    """Write a parquet file for each path, and return the names: one result for each file that succeeded."""
    folder = Path(os.environ["AZUREML_BI_OUTPUT_PATH"])
    written = []
    for path in map(Path, mini_batch):
        rows = pd.read_csv(path)
        name = f"{path.stem}.parquet"
        # A retry of the mini-batch writes the same file again.
        rows.assign(prediction=predict(rows)).to_parquet(folder / name, index=False)
        written.append(name)
    return written
