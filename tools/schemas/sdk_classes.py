"""The classes of the installed `pulumi_azure_native`, read as text: their getters, constructors and defaults.

Nothing is imported, and only the classes that are asked for are parsed.
"""

import ast
import importlib.util
import re
import sys
from functools import cache
from pathlib import Path
from typing import Any

CLASS = re.compile(r"^class (?P<name>\w+).*\n(?:(?:[ \t].*)?\n)*", re.MULTILINE)


def package_folder() -> Path:
    """The folder of the installed `pulumi_azure_native`, found without importing it."""
    spec = importlib.util.find_spec("pulumi_azure_native")
    if spec is None or spec.origin is None:
        sys.exit("pulumi_azure_native is not installed here: run `make tools`, then this script with .venv/bin/python")
    return Path(spec.origin).parent


@cache
def sources(path: Path) -> dict[str, str]:
    """The text of every class of one source file by name; none when there is no such file."""
    if not path.exists():
        return {}
    return {found["name"]: found[0] for found in CLASS.finditer(path.read_text(encoding="utf-8"))}


@cache
def class_of(path: Path, name: str) -> ast.ClassDef | None:
    """One class of a source file. Only this class is parsed: the files have tens of thousands of lines."""
    text = sources(path).get(name)
    node = ast.parse(text).body[0] if text is not None else None
    return node if isinstance(node, ast.ClassDef) else None


def snake(name: str) -> str:
    """`BatchEndpoint` -> `batch_endpoint`, the SDK's file names."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


def last_name(node: ast.expr) -> str:
    """The name of a type without its modules; "" for any other expression."""
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def getter_name(function: ast.FunctionDef) -> str | None:
    """The wire name in a `@pulumi.getter` decorator; None if the function is not a getter."""
    for decorator in function.decorator_list:
        call = decorator if isinstance(decorator, ast.Call) else None
        if last_name(call.func if call else decorator) != "getter":
            continue
        names = [kw.value.value for kw in call.keywords if isinstance(kw.value, ast.Constant)] if call else []
        return str(names[0]) if names else function.name
    return None


def wire_names(node: ast.ClassDef) -> dict[str, str]:
    """Python name -> wire name of every property; setters have the same Python name and are skipped."""
    named = [(item.name, getter_name(item)) for item in node.body if isinstance(item, ast.FunctionDef)]
    return {name: wire for name, wire in named if wire is not None}


def _constructor(node: ast.ClassDef) -> ast.FunctionDef | None:
    found = [item for item in node.body if isinstance(item, ast.FunctionDef) and item.name == "__init__"]
    return found[0] if found else None


def required(node: ast.ClassDef) -> list[str]:
    """Python names of the constructor's arguments that have no default."""
    init = _constructor(node)
    if init is None:
        return []
    pairs = zip(init.args.kwonlyargs, init.args.kw_defaults, strict=True)
    return [argument.arg for argument, default in pairs if default is None]


def defaults(node: ast.ClassDef) -> dict[str, Any]:
    """The constructor's defaults: statements of the form `if x is None: x = <constant>`."""
    init, names = _constructor(node), wire_names(node)
    found: dict[str, Any] = {}
    for statement in init.body if init else []:
        if not isinstance(statement, ast.If) or not isinstance(statement.body[0], ast.Assign):
            continue
        assign = statement.body[0]
        if isinstance(assign.targets[0], ast.Name) and isinstance(assign.value, ast.Constant):
            found[names[assign.targets[0].id]] = assign.value.value
    return found
