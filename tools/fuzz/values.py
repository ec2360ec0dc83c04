"""Random JSON: valid bodies from a schema, and what is done to them; and odd texts for names and parameters."""

import json
import random
from collections.abc import Sequence
from typing import Any

from sandbox.azure.arm.schema import Schema

ODD_TEXTS = (
    "",
    " ",
    "a" * 300,
    "ü",
    "名前",
    "a b",
    "..",
    ".",
    "\0",
    "\ud800",
    "'",
    '"',
    "<x>&",
    "a/b",
    "a?b#c",
    "🦊",
    ";--",
    "*",
    "-",
    "%25",
    "%",
    "null",
    "true",
    "-1",
    "0",
    "१",
    "²",
    "1e400",
    "9" * 30,
    "2024-13-45T25:61:61Z",
    "P1Y2M3DT4H5M6.7S",
    "P",
    "PT999999999999S",
    "../../etc/passwd",
    "azureml://datastores/x/paths/y",
    "azureml:m:1",
    "azureml://jobs/x/outputs/y/paths/z",
    "https://fuzzstore0.blob.core.windows.net/files/in",
    "https://[::1",
    "http://a:b",
    "/subscriptions/x/resourceGroups/y/providers/z",
    "\u202eabc",
    "{0}",
    "%s%n",
    "a\r\nb: c",
)
_NUMBERS = (0, -1, 1, 2**31, 2**63, 2**64, 10**40, -(10**40), 0.5, -0.0, 1e308, 1.0, 10**300)
_DEPTH = 3
_MANY_CHANGES = 3
_USUAL = ("a", "m", "1", "cpu", "one", "West Europe", "westeurope", "PT30S", "tag", "2024-01-01T00:00:00Z")


def text(chance: random.Random, ids: Sequence[str]) -> str:
    """Return a text: mostly one that could be right, an id above all."""
    return chance.choice((chance.choice(ids), chance.choice(_USUAL), chance.choice(_USUAL), chance.choice(ODD_TEXTS)))


def anything(chance: random.Random, ids: Sequence[str], depth: int = 0) -> Any:
    """Return any JSON value."""
    kind = chance.randrange(6 if depth < _DEPTH else 4)
    if kind == 0:
        return chance.choice((None, True, False))
    if kind == 1:
        return chance.choice(_NUMBERS)
    if kind <= _DEPTH:
        return text(chance, ids)
    values = [anything(chance, ids, depth + 1) for _ in range(chance.randrange(4))]
    return values if kind == 4 else {text(chance, ids): each for each in values}  # noqa: PLR2004


def from_schema(chance: random.Random, schema: Schema, ids: Sequence[str]) -> Any:
    """Return a value that a schema allows, or nearly so: patterns are not followed."""
    kind = schema.get("type", "any")
    if kind == "union":
        name = chance.choice(list(schema["cases"]))
        return from_schema(chance, schema["cases"][name], ids) | {schema["discriminator"]: name}
    if kind == "object":
        members = schema.get("members", {})
        wanted = {*schema.get("required", ()), *(each for each in members if chance.random() < 0.4)}  # noqa: PLR2004
        return {each: from_schema(chance, members[each], ids) for each in members if each in wanted}
    if kind == "map":
        return {
            text(chance, ids): from_schema(chance, schema.get("values", {}), ids) for _ in range(chance.randrange(3))
        }
    if kind == "array":
        return [from_schema(chance, schema.get("items", {}), ids) for _ in range(chance.randrange(3))]
    if kind in ("integer", "number"):
        low, high = int(schema.get("minimum", 0)), int(schema.get("maximum", 100))
        return chance.randint(low, max(low, high))
    if kind == "boolean":
        return chance.random() < 0.5  # noqa: PLR2004
    if "enum" in schema:
        return chance.choice(schema["enum"])
    return anything(chance, ids) if kind == "any" else text(chance, ids)


def changed(chance: random.Random, value: Any, ids: Sequence[str]) -> Any:
    """Return a copy of a JSON value with up to three changes: another type, null, a lost or unknown member."""
    for _ in range(chance.randint(1, _MANY_CHANGES)):
        value = _changed_once(chance, value, ids)
    return value


def _changed_once(chance: random.Random, value: Any, ids: Sequence[str]) -> Any:
    if isinstance(value, dict) and value and chance.random() < 0.85:  # noqa: PLR2004
        name = chance.choice(list(value))
        what = chance.randrange(8)
        if what == 0:
            return {key: each for key, each in value.items() if key != name}
        if what == 1:
            return value | {text(chance, ids): anything(chance, ids)}
        if what == 2:  # noqa: PLR2004
            return {(key.swapcase() if key == name else key): each for key, each in value.items()}
        return value | {name: _changed_once(chance, value[name], ids)}
    if isinstance(value, list) and value and chance.random() < 0.85:  # noqa: PLR2004
        index = chance.randrange(len(value))
        return [*value[:index], _changed_once(chance, value[index], ids), *value[index:]]
    return anything(chance, ids)


def spoiled(chance: random.Random, body: bytes) -> bytes:
    """Return bytes that are not good JSON, or strange JSON."""
    return chance.choice(
        (
            lambda: body[: chance.randrange(len(body) + 1)],
            lambda: body + chance.choice((b"}", b"\0", b",", b"null", body)),
            lambda: body.decode(errors="replace").encode("utf-16"),
            lambda: b"\xef\xbb\xbf" + body,
            lambda: body.replace(b'"', b'"\xff', 1),
            lambda: body.replace(b":", b":NaN,", 1),
            lambda: b"[" * chance.choice((10, 1000, 100_000)),
            lambda: b'{"properties":' * 2000 + b"1" + b"}" * 2000,
            lambda: b"1" * chance.choice((10, 5000)),
            lambda: b'{"properties": {"a": -Infinity, "a": 1E+9999}}',
            lambda: b'{"location": "\\ud800", "properties": {}}',
            lambda: chance.randbytes(chance.randrange(200)),
            lambda: b'"' + b"x" * chance.choice((1000, 100_000)) + b'"',
            lambda: json.dumps({"a": "b" * 1000}).encode() * chance.choice((1, 5)),
            lambda: b"",
        )
    )()
