"""Train the tabular example's classifier and write the example's model and data.

    python examples/tabular/train.py            writes model/ and data/ beside this file

The data is scikit-learn's bundled copy of the Wisconsin breast cancer data: nothing is downloaded. MLflow saves the
model, with the types of its columns and the conda file of its environment, so that it needs no scoring script.
"""

import argparse
import csv
import logging
import shutil
import sys
from importlib import metadata
from pathlib import Path

import mlflow.sklearn
import numpy as np
import pandas as pd
from mlflow.models import infer_signature
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

HERE = Path(__file__).resolve().parent
FILES = 4
HELD_OUT = 116
"""Rows kept out of training, the same share of each class; a multiple of the number of files."""
SPLIT_SEED = 2026
PACKAGES = ("mlflow-skinny", "numpy", "pandas", "scikit-learn")
"""What the model needs where it is scored, in the versions that trained it."""


def split() -> tuple[pd.DataFrame, pd.Series, pd.DataFrame, pd.Series]:
    """Return rows and labels (0 malignant, 1 benign) to learn from, then those to hold out."""
    data = load_breast_cancer(as_frame=True)
    learn, held_out = train_test_split(
        np.arange(len(data.target)), test_size=HELD_OUT, random_state=SPLIT_SEED, stratify=data.target
    )
    return data.data.iloc[learn], data.target.iloc[learn], data.data.iloc[held_out], data.target.iloc[held_out]


def environment() -> dict[str, object]:
    """Return the conda environment that is saved with the model. Azure's own driver adds what it needs to it."""
    pins = [f"{name}=={metadata.version(name)}" for name in PACKAGES]
    return {"name": "tabular", "channels": ["conda-forge"], "dependencies": ["python=3.11", "pip", {"pip": pins}]}


def write_model(folder: Path, model: Pipeline, rows: pd.DataFrame) -> None:
    """Replace `folder` by the model in MLflow's format."""
    shutil.rmtree(folder, ignore_errors=True)
    logging.getLogger("mlflow").setLevel(logging.ERROR)  # it warns of pickles; README.md says it too
    mlflow.sklearn.save_model(
        model,
        folder,
        conda_env=environment(),
        signature=infer_signature(rows, model.predict(rows)),
        serialization_format="cloudpickle",
    )


def write_data(folder: Path, rows: pd.DataFrame, labels: pd.Series) -> None:
    """Write the rows to `folder`/rows as files of equal length, and `folder`/labels.csv."""
    (folder / "rows").mkdir(parents=True, exist_ok=True)
    with (folder / "labels.csv").open("w", encoding="utf-8", newline="") as handle:
        table = csv.writer(handle, lineterminator="\n")
        table.writerow(["file", "row", "label"])
        for number in range(FILES):
            name = f"patients-{number}.csv"
            part = slice(number * HELD_OUT // FILES, (number + 1) * HELD_OUT // FILES)
            rows.iloc[part].to_csv(folder / "rows" / name, index=False, lineterminator="\n")
            table.writerows([name, row, label] for row, label in enumerate(labels.iloc[part]))


def main(arguments: list[str]) -> int:
    """Train, write and report."""
    parser = argparse.ArgumentParser(description="Train the tabular example.")
    parser.add_argument("--out", type=Path, default=HERE, help="folder for model/ and data/ (default: %(default)s)")
    chosen = parser.parse_args(arguments)
    rows, labels, held_out, truth = split()
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(rows, labels)
    write_model(chosen.out / "model", model, rows)
    write_data(chosen.out / "data", held_out, truth)
    print(f"learned from {len(rows)} rows; accuracy on {HELD_OUT} held-out rows {model.score(held_out, truth):.2%}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
