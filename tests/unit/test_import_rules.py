"""Who may import whom (docs/style.md): read from the syntax trees, so that nothing has to be imported to know it."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[2]


class Rule(NamedTuple):
    """What the files that match `files` may import beside the standard library, as prefixes of dotted names."""

    files: str
    allowed: tuple[str, ...]


# The first rule whose pattern matches a file holds for it, so exceptions stand before their package.
RULES = [
    Rule("__main__.py", ("settings", "components", "pulumi")),
    Rule("settings/**/*.py", ("settings", "components", "pulumi")),
    Rule(
        "components/release.py",
        ("components", "pulumi", "pulumi_azure_native", "modelops.plan"),
    ),
    Rule("components/release_plan.py", ("components", "modelops.plan", "modelops.fingerprint")),
    Rule("components/**/*.py", ("components", "pulumi", "pulumi_azure_native")),
    # requests is what azure-core speaks HTTP with: its adapters are how deadlines reach the socket.
    Rule("modelops/**/*.py", ("modelops", "azure", "requests")),
    Rule("sandbox/provider/**/*.py", ("sandbox", "aiohttp", "grpc", "google.protobuf", "pulumi.runtime.proto")),
    # What runs in a job has the deployment's environment, where the service puts a package of this name.
    Rule("sandbox/jobs/**/*.py", ("sandbox", "aiohttp", "yaml", "azureml_user")),
    Rule("sandbox/**/*.py", ("sandbox", "aiohttp", "trustme", "yaml")),
    Rule("scan/**/*.py", ("scan", "toolchain")),
    Rule("toolchain/host/**/*.py", ("toolchain", "grpc", "google.protobuf", "pulumi")),
    Rule("toolchain/**/*.py", ("toolchain",)),
    Rule("policy/**/*.py", ("policy", "pulumi_policy")),
]
OURS = {"settings", "components", "modelops", "sandbox", "scan", "toolchain", "policy", "bench", "scripts", "tests"}


class Import(NamedTuple):
    """One imported name and where it stands."""

    name: str
    line: int


def imports(tree: ast.AST, package: str) -> Iterator[Import]:
    """Yield every import, also those inside functions; relative ones as the absolute name that they mean."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (Import(alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parents = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*parents, base]).strip(".")
            # `from modelops import plan` names a module, `from modelops.plan import Plan` something in one.
            yield from (Import(f"{base}.{alias.name}", node.lineno) for alias in node.names)


def is_allowed(name: str, allowed: tuple[str, ...]) -> bool:
    """Say whether a dotted name lies under one of the prefixes."""
    top = name.split(".", maxsplit=1)[0]
    if top in sys.stdlib_module_names:
        return True
    return any(name == prefix or name.startswith(f"{prefix}.") for prefix in allowed)


def files() -> list[tuple[Path, Rule]]:
    """Return every file that a rule speaks about, with the first rule that does."""
    found: dict[Path, Rule] = {}
    for rule in RULES:
        for path in sorted(ROOT.glob(rule.files)):
            found.setdefault(path, rule)
    return list(found.items())


def tree_of(path: Path) -> ast.Module:
    """Parse one file."""
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def package_of(path: Path) -> str:
    """Return the dotted name of the package that a file belongs to."""
    return ".".join(path.relative_to(ROOT).parent.parts)


@pytest.mark.parametrize(
    ("path", "rule"), files(), ids=lambda value: str(value.relative_to(ROOT)) if isinstance(value, Path) else ""
)
def test_imports_only_what_its_layer_may(path: Path, rule: Rule) -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{found.line}: imports {found.name}; allowed are {', '.join(rule.allowed)}"
        for found in imports(tree_of(path), package_of(path))
        if not is_allowed(found.name, rule.allowed)
    ]
    assert wrong == []


def test_only_the_release_component_knows_both_worlds() -> None:
    both = []
    for path, _ in files():
        names = {found.name.split(".")[0] for found in imports(tree_of(path), package_of(path))}
        if {"pulumi", "modelops"} <= names:
            both.append(str(path.relative_to(ROOT)))
    assert both in ([], ["components/release.py"])


def test_components_keep_their_annotations() -> None:
    """Pulumi's component analyzer reads annotations as objects: strings make it fail."""
    wrong = [
        str(path.relative_to(ROOT))
        for path in ROOT.glob("components/**/*.py")
        if any(found.name == "__future__.annotations" for found in imports(tree_of(path), package_of(path)))
    ]
    assert wrong == []


def test_only_settings_reads_the_configuration() -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path, _ in files()
        if path.relative_to(ROOT).parts[0] != "settings"
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Attribute) and node.attr == "Config" and isinstance(node.value, ast.Name)
        if node.value.id == "pulumi"
    ]
    assert wrong == []


def test_the_example_stands_alone() -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{found.line}: imports {found.name}"
        for path in ROOT.glob("examples/**/*.py")
        for found in imports(tree_of(path), package_of(path))
        if found.name.split(".")[0] in OURS
    ]
    assert wrong == []


@pytest.mark.parametrize(
    ("source", "package", "expected"),
    [
        ("import a.b, c", "p", ["a.b", "c"]),
        ("from a import b", "p", ["a.b"]),
        ("from . import b", "p.q", ["p.q.b"]),
        ("from ..x import b", "p.q", ["p.x.b"]),
        ("def f():\n    import late", "p", ["late"]),
    ],
)
def test_reads_every_form_of_import(source: str, package: str, expected: list[str]) -> None:
    assert [found.name for found in imports(ast.parse(source), package)] == expected


@pytest.mark.parametrize(
    ("name", "allowed", "expected"),
    [
        ("json", (), True),
        ("azure.ai.ml", ("azure",), True),
        ("azurelike", ("azure",), False),
        ("modelops.deploy.x", ("modelops.plan",), False),
        ("modelops.plan.ReleasePlan", ("modelops.plan",), True),
        ("pulumi", ("modelops",), False),
    ],
)
def test_matches_whole_names(name: str, allowed: tuple[str, ...], *, expected: bool) -> None:
    assert is_allowed(name, allowed) is expected
