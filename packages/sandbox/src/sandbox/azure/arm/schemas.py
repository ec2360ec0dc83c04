"""The request schemas, read from their files, which are generated from the SDKs."""

import json
from functools import cache
from pathlib import Path
from typing import Any

from sandbox.azure.arm.schema import Schema

_FILES = Path(__file__).parent / "schema_files"


@cache
def arm_schemas() -> dict[str, Schema]:
    """Return the schemas of the services other than machine learning, by ARM type."""
    return _read("arm.json")


@cache
def machine_learning_schemas() -> dict[str, Schema]:
    """Return the schemas of machine learning, by their generated names.

    The service also takes integers as text: https://github.com/Azure/azureml-examples, cli/batch-score-rest.sh.
    """
    schemas: dict[str, Schema] = _as_text(_read("machine_learning.json"))
    return schemas


def _as_text(part: Any) -> Any:
    """Return a part of a schema in which every integer may also be a text."""
    if isinstance(part, list):
        return [_as_text(each) for each in part]
    if not isinstance(part, dict):
        return part
    more = {"asText": True} if part.get("type") == "integer" else {}
    return {name: _as_text(value) for name, value in part.items()} | more


def _read(name: str) -> dict[str, Schema]:
    schemas: dict[str, Schema] = json.loads((_FILES / name).read_text(encoding="utf-8"))
    return schemas
