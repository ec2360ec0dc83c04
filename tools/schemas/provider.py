"""Write schema.json: the stand-in provider's data about its resource types.

The source is the installed `pulumi_azure_native` package, read as text (its syntax trees; nothing is imported), so the
file is the same on every machine that has the same version. For every token of
`pulumi_standins.azure_native.resources` it holds the API version, the inputs and outputs with
their types, which inputs are required, the defaults that the SDK fills in, and every nested type that these
name.

Run it after a change of the `pulumi-azure-native` pin or of the list of tokens:

    .venv/bin/python -m tools.schemas.provider

How a type is written: `{"type": "string"|"boolean"|"integer"|"number"}`, `{"items": T}`, `{"values": T}` (a map),
`{"ref": name}`, `{"oneOf": [names]}`, `{"stringSet": true}` (a list of strings here, an object with those keys in ARM),
`{}` (anything). `const` is the only value that a discriminator may have.
"""

import ast
import json
import re
import sys
from pathlib import Path
from typing import Any

from pulumi_standins.azure_native.resources import RESOURCES
from tools.schemas.schema_file import STANDINS, run
from tools.schemas.sdk_classes import (
    class_of,
    defaults,
    getter_name,
    last_name,
    package_folder,
    required,
    snake,
    wire_names,
)

FILE = STANDINS / "schema.json"
SCALARS = {"str": "string", "bool": "boolean", "int": "integer", "float": "number"}
WRAPPERS = {"Input", "Optional", "Output"}
API_VERSION = re.compile(r"Uses Azure REST API version (\S+?)\.(?:\s|$)")
EXPECTED = re.compile(r"Expected value is '([^']+)'")

Json = dict[str, Any]


class Reader:
    """Reads one module of the package (`storage`, ...) and collects the nested types that it meets."""

    def __init__(self, folder: Path, module: str, types: dict[str, Json]) -> None:
        self.folder = folder / module
        self.module = module
        self.types = types

    def annotation(self, node: ast.expr) -> Json:
        """The schema form of one type annotation; `{}` for everything that is not a nested type."""
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            return self.named(node.value.rpartition(".")[2])
        if isinstance(node, ast.Subscript):
            return self.subscript(node)
        scalar = SCALARS.get(last_name(node))
        return {"type": scalar} if scalar else {}

    def subscript(self, node: ast.Subscript) -> Json:
        """A generic: a wrapper, a list, a map or a union."""
        outer = last_name(node.value)
        inner = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        if outer in WRAPPERS:
            return self.annotation(inner[0])
        if outer == "Sequence":
            return {"items": self.annotation(inner[0])}
        if outer == "Mapping":
            return {"values": self.annotation(inner[1])}
        return self.union([self.annotation(item) for item in inner]) if outer == "Union" else {}

    @staticmethod
    def union(members: list[Json]) -> Json:
        """Merge several types: an enum and `str` make a string, objects stay alternatives, a mixture is anything."""
        refs = [member["ref"] for member in members if "ref" in member]
        if refs and len(refs) == len(members):
            return {"oneOf": refs}
        kinds = {json.dumps(member) for member in members}
        return members[0] if len(kinds) == 1 else {}

    def named(self, name: str) -> Json:
        """A quoted name: a nested input or output type, or an enum (all of ours are strings)."""
        is_input = name.endswith("Args")
        # Small modules have no nested inputs at all.
        source = class_of(self.folder / ("_inputs.py" if is_input else "outputs.py"), name)
        if source is None:
            return {"type": "string"}
        key = f"{self.module}:{name.removesuffix('Args') if is_input else name}"
        if key not in self.types:
            self.types[key] = {}
            self.types[key] = self.object(source)
        return {"ref": key}

    def properties(self, node: ast.ClassDef) -> dict[str, Json]:
        """Name -> type of every property getter of a class, with the wire names."""
        found: dict[str, Json] = {}
        for item in node.body:
            if not isinstance(item, ast.FunctionDef) or item.returns is None:
                continue
            wire = getter_name(item)
            if wire is None:
                continue
            found[wire] = self.annotation(item.returns)
            expected = EXPECTED.search(ast.get_docstring(item) or "")
            if expected:
                found[wire] = {**found[wire], "const": expected.group(1)}
        return found

    def object(self, node: ast.ClassDef) -> Json:
        """One nested or top-level type: its properties and, by their wire names, the required ones."""
        properties = self.properties(node)
        names = wire_names(node)
        needed = sorted(names[name] for name in required(node))
        return {"properties": properties, "required": needed} if needed else {"properties": properties}


def _mark_string_sets(types: dict[str, Json], inputs: dict[str, Json], outputs: dict[str, Json]) -> None:
    """A list of strings that comes back as a map (user-assigned identities) is a set of keys in ARM."""
    pairs = [(types[name], types.get(f"{name}Response")) for name in list(types)]
    for given, answered in [*[(a["properties"], b["properties"]) for a, b in pairs if a and b], (inputs, outputs)]:
        for name, kind in given.items():
            if kind == {"items": {"type": "string"}} and "values" in answered.get(name, {}):
                given[name] = {"stringSet": True}


def resource(folder: Path, token: str, types: dict[str, Json]) -> Json:
    """Everything about one token, for example `azure-native:storage:StorageAccount`."""
    _, module, name = token.split(":")
    source = folder / module / f"{snake(name)}.py"
    if not source.exists():
        sys.exit(f"{token}: {source} does not exist; remove the token from pulumi_standins/azure_native/resources.py")
    reader = Reader(folder, module, types)
    # The SDK calls it XInitArgs if XArgs is already the name of a nested type.
    arguments = class_of(source, f"{name}Args") or class_of(source, f"{name}InitArgs")
    outputs = class_of(source, name)
    if arguments is None or outputs is None:
        sys.exit(
            f"{token}: {source} has no class {name}, or no class for its arguments; adapt this script to the new form"
        )
    described = reader.object(arguments)
    documentation = " ".join(
        ast.get_docstring(item) or "" for item in outputs.body if isinstance(item, ast.FunctionDef)
    )
    version = API_VERSION.search(documentation)
    if version is None:
        sys.exit(f"{token}: its docstring in {source} does not name an API version; adapt this script to the new form")
    result = {
        "apiVersion": version.group(1),
        "inputs": described["properties"],
        "required": described.get("required", []),
        "defaults": defaults(arguments),
        "outputs": reader.properties(outputs),
    }
    _mark_string_sets(types, result["inputs"], result["outputs"])
    return result


def generate() -> str:
    """The text of the file, for every token of `pulumi_standins.azure_native.resources`."""
    folder = package_folder()
    plugin = json.loads((folder / "pulumi-plugin.json").read_text(encoding="utf-8"))
    types: dict[str, Json] = {}
    resources = {token: resource(folder, token, types) for token in sorted(RESOURCES)}
    document = {
        "_": "Made by tools/schemas/provider.py from the installed pulumi_azure_native. Do not edit.",
        "version": plugin["version"],
        "resources": resources,
        "types": dict(sorted(types.items())),
    }
    lines = ["{"]
    for index, (section, content) in enumerate(document.items()):
        comma = "," if index < len(document) - 1 else ""
        if isinstance(content, dict):
            entries = [f"  {json.dumps(key)}: {json.dumps(value)}" for key, value in content.items()]
            lines += [f" {json.dumps(section)}: {{", ",\n".join(entries), f" }}{comma}"]
        else:
            lines.append(f" {json.dumps(section)}: {json.dumps(content)}{comma}")
    return "\n".join([*lines, "}", ""])


if __name__ == "__main__":
    raise SystemExit(run("provider", FILE, generate))
