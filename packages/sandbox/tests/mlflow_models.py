"""Saves the models of test_jobs_mlflow.py below the folder that it is given: a program, because MLflow warns a lot."""

import sys
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from mlflow.models import ModelSignature
from mlflow.pyfunc import save_model
from mlflow.pyfunc.model import PythonModel
from mlflow.sklearn import save_model as save_sklearn
from mlflow.types import ColSpec, Schema, TensorSpec
from sklearn.linear_model import LinearRegression

REQUIREMENTS = [f"{name}=={metadata.version(name)}" for name in ("mlflow-skinny", "numpy", "pandas", "scikit-learn")]


class Brightness(PythonModel):
    """Predicts an image's shape and type, and its mean."""

    def predict(self, context: Any, model_input: Any, params: dict[str, Any] | None = None) -> Any:
        del context, params
        return [f"{model_input.dtype} {model_input.shape} {model_input.mean():.0f}"]


class Pairs(PythonModel):
    """Predicts two columns."""

    def predict(self, context: Any, model_input: Any, params: dict[str, Any] | None = None) -> Any:
        del context, params
        return pd.DataFrame({"low": model_input["a"], "high": model_input["a"] + 1})


def main(folder: Path) -> None:
    frame = pd.DataFrame({"a": [0.0, 1.0, 2.0], "b": [0.0, 0.0, 1.0]})
    doubles = Schema([ColSpec("double", "a"), ColSpec("double", "b")])
    save_sklearn(
        LinearRegression().fit(frame, 2 * frame["a"] + frame["b"]),
        folder / "sum",
        signature=ModelSignature(inputs=doubles, outputs=Schema([ColSpec("double")])),
        pip_requirements=REQUIREMENTS,
        serialization_format="cloudpickle",
    )
    for name, model, inputs in (
        ("image", Brightness(), Schema([TensorSpec(np.dtype("float32"), (-1, -1, -1, 3))])),
        ("any", Brightness(), None),
        ("pairs", Pairs(), Schema([ColSpec("long", "a")])),
    ):
        signature: Any = ModelSignature(inputs=inputs) if inputs else None
        save_model(folder / name, python_model=model, signature=signature, pip_requirements=REQUIREMENTS)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
