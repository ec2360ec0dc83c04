"""The scoring script that the service generates for an MLflow model without one.

``amlbi_main.py`` imports this like any scoring script. MLflow, pandas and Pillow come from the model's own environment.
What is done with which file is documented (https://learn.microsoft.com/azure/machine-learning/how-to-mlflow-batch):
``predict`` is called once for each file; ``.csv``, ``.parquet`` and ``.pqt`` give it a data frame with the types of the
signature, images an array. The output has a line ``row,prediction,file`` for each row of a table and
``prediction,file`` for each other file. How it writes predictions that are not single values is unconfirmed: here
``str()`` of a list. It runs on Python 3.8 and later.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

TABLES = (".csv", ".parquet", ".pqt")
IMAGES = (".png", ".jpg", ".jpeg", ".tiff", ".bmp", ".gif")
SKIP_VARIABLE = "SANDBOX_MLFLOW_SKIPS_BAD_FILES"
"""Set by the sandbox: a file that cannot be scored is logged and left out (else it fails the job)."""

_DTYPES = {
    "boolean": "bool",
    "integer": "int32",
    "long": "int64",
    "float": "float32",
    "double": "float64",
    "string": "str",
}
_CHANNELS = {1: "L", 3: "RGB", 4: "RGBA"}

_loaded: list[Any] = []


class BadInputFileError(ValueError):
    """A file that cannot be read or scored. The text is the one that the service documents."""

    ends_the_job = True


def init() -> None:
    """Load the model with MLflow itself."""
    # MLflow 3 tells its makers how it is used; nothing leaves a machine that rehearses.
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    import mlflow.pyfunc  # noqa: PLC0415 - the model's environment has it, the sandbox's need not

    # The model's folder is in the variable's, under the name that it was uploaded with.
    found = sorted(Path(os.environ["AZUREML_MODEL_DIR"]).glob("**/MLmodel"), key=lambda path: len(path.parts))
    _loaded[:] = [mlflow.pyfunc.load_model(str(found[0].parent))]


def run(mini_batch: list[str]) -> list[str]:
    """Return the lines of the output file for some input files.

    Raises:
        BadInputFileError: one of them cannot be scored.
        ValueError: none of them can, where such files are left out.
    """
    scored = [lines for path in mini_batch if (lines := _scored(_loaded[0], path)) is not None]
    if not scored:
        # What the service's driver raises then: it concatenates the results of the files.
        raise ValueError("No objects to concatenate")
    return [line for lines in scored for line in lines]


def _scored(model: Any, path: str) -> list[str] | None:
    """Return the output's lines of one file; None for one that is left out."""
    try:
        return _lines(model, Path(path))
    except Exception as error:
        text = f"Error processing input file: '{path}'. Exception: {error}"
        print(f"ERROR:azureml:{text}", file=sys.stderr)  # noqa: T201 - the script's own output, which is a log file
        if not os.environ.get(SKIP_VARIABLE):
            raise BadInputFileError(text) from error
        return None


def _lines(model: Any, path: Path) -> list[str]:
    """Return the output's lines of one file.

    Raises:
        Exception: whatever reader and model raise.
    """
    kind, schema = path.suffix.lower(), model.metadata.get_input_schema()
    if kind in TABLES:
        predictions = values(model.predict(read_table(path, schema)))
        return [f"{row},{prediction},{path.name}" for row, prediction in enumerate(predictions)]
    if kind in IMAGES:
        predictions = values(model.predict(read_image(path, schema)))
        return [f"{predictions[0] if len(predictions) == 1 else predictions},{path.name}"]
    raise ValueError(f"File type '{kind.lstrip('.')}' is not supported")


def values(prediction: Any) -> list[Any]:
    """Return what a model predicted as one plain Python value for each row; of several columns, a list for each."""
    if hasattr(prediction, "columns"):  # a data frame
        prediction = prediction.iloc[:, 0] if len(prediction.columns) == 1 else prediction.to_numpy()
    elif getattr(prediction, "ndim", 1) == 2 and prediction.shape[1] == 1:  # noqa: PLR2004 - rows and columns
        prediction = prediction[:, 0]
    if hasattr(prediction, "tolist"):  # an array or a series
        prediction = prediction.tolist()
    return prediction if isinstance(prediction, list) else [prediction]


def read_table(path: Path, schema: Any) -> Any:
    """Return a file as a data frame whose columns have the types of the model's signature, where it has one."""
    import pandas as pd  # noqa: PLC0415 - of the model's environment

    types = column_types(schema)
    dates = [name for name, kind in types.items() if kind == "datetime"]
    fixed: Any = {name: _DTYPES[kind] for name, kind in types.items() if kind in _DTYPES}
    if path.suffix.lower() != ".csv":
        frame = pd.read_parquet(path)
        fixed.update(dict.fromkeys(dates, "datetime64[ns]"))
        return frame.astype({name: kind for name, kind in fixed.items() if name in frame.columns})
    header = pd.read_csv(path, nrows=0).columns
    return pd.read_csv(path, dtype=fixed, parse_dates=[name for name in dates if name in header])


def column_types(schema: Any) -> dict[str, str]:
    """Return MLflow's name of each named column's type; of types that are not single values, nothing."""
    if schema is None or schema.is_tensor_spec():
        return {}
    return {
        column.name: column.type.name for column in schema.inputs if column.name and hasattr(column.type, "to_pandas")
    }


def read_image(path: Path, schema: Any) -> Any:
    """Return an image as an array with the type and shape of the signature's tensor, else as ``uint8``.

    Raises:
        ValueError: the image does not have the shape.
    """
    import numpy as np  # noqa: PLC0415 - of the model's environment
    from PIL import Image  # noqa: PLC0415

    tensors = schema.inputs if schema is not None and schema.is_tensor_spec() else []
    shape = tuple(tensors[0].shape) if tensors else ()
    with Image.open(path) as image:
        mode = _CHANNELS.get(shape[-1] if len(shape) == 4 else 0)  # noqa: PLR2004 - images, rows, columns, channels
        pixels = np.asarray(image.convert(mode) if mode else image, dtype=tensors[0].type if tensors else np.uint8)
    if not tensors:
        return pixels
    pixels = fitted(pixels, shape)
    return {tensors[0].name: pixels} if tensors[0].name else pixels


def fitted(pixels: Any, shape: tuple[int, ...]) -> Any:
    """Return one image in a tensor's shape, where -1 stands for any length.

    Raises:
        ValueError: it does not fit.
    """
    if shape.count(-1) <= 1:
        return pixels.reshape(shape)
    one = pixels[None, ...]
    if one.ndim == len(shape) and all(wanted in (-1, length) for wanted, length in zip(shape, one.shape)):
        return one
    raise ValueError(f"cannot reshape array of shape {pixels.shape} into shape {shape}")
