"""docs/stack-file.schema.json: it is valid, explains every key, and the committed stack files name it and fit.

Whether it takes what the settings take is tested beside every test of these (settings_schema.py).
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from tests.unit.settings_schema import SCHEMA, TEXT

ROOT = Path(__file__).resolve().parents[2]
MODELINE = "# yaml-language-server: $schema=docs/stack-file.schema.json\n"


def test_it_is_a_schema() -> None:
    jsonschema.Draft7Validator.check_schema(TEXT)


@pytest.mark.parametrize("file", sorted(ROOT.glob("Pulumi.*.yaml")), ids=lambda file: file.name)
def test_a_committed_stack_file_names_it_and_fits(file: Path) -> None:
    text = file.read_text()
    assert MODELINE in text
    assert [each.message for each in SCHEMA.iter_errors(yaml.safe_load(text))] == []


def test_it_has_the_keys_that_pulumi_is_told_of() -> None:
    declared = yaml.safe_load((ROOT / "Pulumi.yaml").read_text())["config"]
    keys = TEXT["properties"]["config"]["properties"]
    assert sorted(keys) == sorted({*declared, "azure-native:location"} - {"pulumi:autonaming"})


@pytest.mark.parametrize("key", ["network", "azureml-batch-endpoint:network", "renamed:network"])
def test_a_key_may_have_a_namespace(key: str) -> None:
    stack: dict[str, Any] = {"config": {"azure-native:location": "westeurope", key: "opn"}}
    assert [list(each.absolute_path) for each in SCHEMA.iter_errors(stack)] == [["config", key]]


def _undescribed(schema: Any, path: tuple[str, ...] = ()) -> Iterator[str]:
    if isinstance(schema, dict):
        for key, each in (schema.get("properties") or {}).items():
            if "description" not in each:
                yield ".".join((*path, key))
            yield from _undescribed(each, (*path, key))
        for key in ("additionalProperties", "items"):
            yield from _undescribed(schema.get(key), path)
        for each in schema.get("anyOf") or ():
            if "additionalProperties" in each:  # otherwise it only adds a condition
                yield from _undescribed(each, path)


def test_every_key_of_the_documentation_s_tables_is_explained() -> None:
    """Models and environments have tables of combinations, not of keys."""
    keys = TEXT["properties"]["config"]["properties"]
    lacks = {each for key, one in keys.items() for each in _undescribed({"properties": {key: one}})}
    combined = ("workspace.", "endpoints.deployments.model.", "endpoints.deployments.environment.")
    assert sorted(each for each in lacks if not each.startswith(combined)) == [
        "endpoints.deployments.tryOut.rows.atLeast",
        "endpoints.tryOut.rows.atLeast",
    ]
