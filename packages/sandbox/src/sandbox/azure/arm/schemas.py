"""The request schemas, read from their files, which are generated from the SDKs."""

import json
from functools import cache
from pathlib import Path

from sandbox.azure.arm.schema import Schema

_FILES = Path(__file__).parent / "schema_files"


@cache
def arm_schemas() -> dict[str, Schema]:
    """Return the schemas of the services other than machine learning, by ARM type."""
    return _read("arm.json")


@cache
def machine_learning_schemas() -> dict[str, Schema]:
    """Return the schemas of machine learning, by their generated names."""
    return _read("machine_learning.json")


def _read(name: str) -> dict[str, Schema]:
    schemas: dict[str, Schema] = json.loads((_FILES / name).read_text(encoding="utf-8"))
    return schemas
