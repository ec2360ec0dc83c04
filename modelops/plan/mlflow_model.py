"""The description of an MLflow model: the file `MLmodel` that MLflow writes into the model's folder.

https://mlflow.org/docs/latest/ml/model/ says what is in it.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import yaml

from modelops.plan.documents import FAST, LARGEST_MODEL, yaml_data

DESCRIPTION: Final = "MLmodel"
"""The file's name."""

SERVED_FLAVOR: Final = "python_function"
"""The only flavor that Azure's generated driver serves:
https://learn.microsoft.com/azure/machine-learning/how-to-mlflow-batch"""


def is_model(folder: Path) -> bool:
    """Whether a folder has a description; what is in it is not read."""
    return (folder / DESCRIPTION).is_file()


def flavors(folder: Path) -> frozenset[str] | None:
    """Return the names of a model's flavors; None if its description cannot be read."""
    try:
        text = (folder / DESCRIPTION).read_text(encoding="utf-8-sig")
        described = yaml_data(text, FAST, largest=LARGEST_MODEL)
    except (OSError, ValueError, yaml.YAMLError):  # a text that is not UTF-8 is a ValueError
        return None
    found: Any = described.get("flavors") if isinstance(described, Mapping) else None
    return frozenset(str(each) for each in found) if isinstance(found, Mapping) else None
