"""Who may import whom (docs/style.md): read from the syntax trees, so that nothing has to be imported to know it."""

import ast
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCES = (ROOT, ROOT / "packages" / "sandbox" / "src", ROOT / "packages" / "pulumi-standins" / "src")


class Rule(NamedTuple):
    """What the modules below `name` (a dotted name) may import beside the standard library, as dotted prefixes."""

    name: str
    allowed: tuple[str, ...]


def in_order(package: str, levels: list[tuple[str, ...]], libraries: Mapping[str, tuple[str, ...]]) -> Iterator[Rule]:
    """Give a rule for each room of a package: it may import itself, all rooms of lower levels, and its libraries."""
    below: list[str] = []
    for level in levels:
        for room in level:
            yield Rule(f"{package}.{room}", (*libraries.get(room, ()), *below, f"{package}.{room}"))
        below += [f"{package}.{room}" for room in level]


EMULATOR = [
    ("azure.arm",),
    ("azure.readings", "azure.firewalls", "azure.directory"),
    ("azure.circumstances",),
    ("azure.authorization", "azure.environments"),
    ("azure.blobs", "azure.named"),
    ("azure.jobs",),
    ("azure.world",),
    ("azure.identities",),
    ("azure.services", "azure.machine_learning"),
    ("home",),
    ("server_record", "server_log"),
    ("edge",),
    ("page",),
    ("server",),
]
"""The emulator's rooms from the ground up; the commands are beside the server and see none of its services."""

EMULATORS_LIBRARIES = {
    "azure.arm": ("isodate",),
    "azure.directory": ("jwt",),
    "azure.blobs": ("aiohttp",),
    "azure.environments": ("yaml", "packaging", "uv"),
    "azure.jobs": ("yaml",),
    "azure.services": ("aiohttp", "jwt"),
    "edge": ("aiohttp", "trustme"),
    "page": ("aiohttp", "jinja2"),
}

MODELOPS = [
    ("errors", "git", "network", "output"),
    ("about", "advice", "credential"),
    ("workspace",),
    ("azure", "plan", "rehearsal"),
    ("azureml_yaml", "scoring"),
    ("release",),
    ("runner", "report", "callers"),
    ("engine",),
    ("commands",),
    ("__main__",),
]
PULUMIS_END = tuple(
    f"modelops.runner.{name}" for name in ("protocol", "pool", "process", "conversation", "log", "interrupt", "channel")
)
"""The end of the release's pipe that components see; the worker's end sees the release."""

MODELOPS_LIBRARIES = {
    "credential": ("azure.core", "azure.identity"),
    "workspace": ("azure.core", "azure.ai.ml"),
    "azure": ("azure.core",),
    "plan": ("yaml",),
    "azureml_yaml": ("yaml",),
    # requests is what azure-core speaks HTTP with: its adapter is where a request can be refused.
    "release": ("azure.core", "azure.ai.ml", "azure.storage.blob", "isodate", "requests", "jwt"),
    "scoring": ("azure.core", "azure.ai.ml", "azure.storage.blob", "isodate"),
    "report": ("jinja2",),
    "callers": ("jinja2",),
    "engine": ("rich",),
    "commands": ("typer", "rich", "yaml"),
}

# The first rule whose name fits a module holds for it, so exceptions stand before their package.
RULES = [
    Rule("__main__", ("settings", "components", "pulumi")),
    Rule(
        "settings",
        (
            *("settings", "components", "pulumi", "yaml"),
            *("modelops.azureml_yaml", "modelops.plan", "modelops.rehearsal"),
        ),
    ),
    Rule(
        "components.preflight",
        (
            *("components", "pulumi", "pulumi_azure_native", "azure.core"),
            *("modelops.advice", "modelops.network", "modelops.rehearsal"),
        ),
    ),
    Rule(
        "components",
        (
            *("components", "pulumi", "pulumi_azure_native", "azure.mgmt.core.tools", "modelops.plan"),
            # The Logic App's definition, which loads no SDK.
            *("modelops.callers.called", "modelops.callers.logic_app"),
            *(
                "modelops.errors",
                "modelops.rehearsal",
                "modelops.about",
                "modelops.release.last_set",
                "modelops.release.steps",
            ),
            *PULUMIS_END,
        ),
    ),
    # It runs inside the program: it must not load the release and its SDK.
    *(Rule(name, (*PULUMIS_END, "modelops.plan", "modelops.errors")) for name in PULUMIS_END),
    # It runs in the interpreter that the user names, and finds nothing of ours there.
    Rule("modelops.release.comparison.child", ()),
    *in_order("modelops", MODELOPS, MODELOPS_LIBRARIES),
    Rule("modelops", ()),
    # What runs in a job has the deployment's environment, and nothing of ours.
    Rule("sandbox.azure.jobs.driver.mlflow_scoring", ("mlflow.pyfunc", "numpy", "pandas", "PIL")),
    Rule("sandbox.azure.jobs.driver", ()),
    *in_order("sandbox", EMULATOR, EMULATORS_LIBRARIES),
    Rule(
        "sandbox.commands",
        (
            *("sandbox.commands", "sandbox.home", "sandbox.server_record", "yaml"),
            *("sandbox.azure.arm", "sandbox.azure.readings", "sandbox.azure.directory"),
            *("sandbox.azure.authorization", "sandbox.azure.named"),
        ),
    ),
    Rule("sandbox.__main__", ("sandbox.commands", "sandbox.home", "sandbox.azure.readings")),
    Rule("sandbox.testing", ("sandbox", "pytest")),
    Rule("sandbox", ()),
    Rule(
        "pulumi_standins.azure_native",
        ("pulumi_standins", "aiohttp", "grpc", "google.protobuf", "pulumi.runtime.proto", "jwt"),
    ),
    # The host installs and runs programs: it needs the SDK's own version and entry point.
    Rule("pulumi_standins", ("pulumi_standins", "grpc", "google.protobuf", "pulumi")),
    Rule("tools.scan", ("tools.scan", "toolchain")),
    # The stack file's schema is made from the settings' own limits.
    Rule("tools.schemas.stack_keys", ("tools.schemas", "settings", "components.names", "modelops.plan")),
    Rule("tools.schemas", ("tools.schemas", "pulumi_standins", "pulumi_azure_native", "azure.ai.ml")),
    # It measures the program against the same SDK calls made by hand.
    Rule(
        "tools.bench",
        (
            *("tools.bench", "modelops", "aiohttp", "yaml"),
            *("azure.ai.ml", "azure.identity", "azure.storage.blob"),
        ),
    ),
    # It runs beside the scripts that call it, in a Python that has these.
    Rule("tools.examples.az_ml", ("azure.ai.ml", "azure.identity", "jmespath")),
    # It makes workspaces by the sandbox's own client: their users have made them before they open a notebook.
    Rule("tools.examples", ("tools.examples", "sandbox.commands", "sandbox.home")),
    # They drive what is here as the end-to-end tests do, and as any HTTP client.
    Rule(
        "tools.kill_series",
        ("tools.kill_series", "tests.e2e", "modelops.release.records", "sandbox.home", "toolchain.places"),
    ),
    Rule("tools.fuzz", ("tools.fuzz", "sandbox")),
    Rule("tools", ()),
    Rule("toolchain", ("toolchain",)),
    Rule("policy", ("policy", "pulumi_policy")),
    # Before a deployment to Azure: what the program checks at its start, and more, without the engine.
    Rule(
        "prerequisites.commands.check",
        ("prerequisites.checks", "modelops.engine.command", "modelops.rehearsal", "typer"),
    ),
    Rule(
        "prerequisites.checks",
        (
            *("prerequisites.checks", "settings", "components.preflight", "components.names"),
            *("modelops.credential", "modelops.engine.command", "modelops.errors", "modelops.plan.scoring_settings"),
            *("azure.core", "jwt"),
        ),
    ),
    # What an administrator gives: requests to Resource Manager, and no resource of Pulumi's.
    Rule(
        "prerequisites.access.resource_manager", ("azure.core", "azure.mgmt.core", "modelops.azure", "modelops.errors")
    ),
    Rule(
        "prerequisites",
        (
            *("prerequisites", "components.roles", "typer", "yaml"),
            *("modelops.commands.group", "modelops.commands.terminal", "modelops.credential", "modelops.errors"),
            "modelops.rehearsal",
        ),
    ),
    Rule("ci.publishing", ("ci", "typer")),
    # Pipelines: what `modelops` shows on a terminal, on GitHub.
    Rule("ci.commands", ("ci", "azure.core.exceptions", "modelops.errors", "typer")),
    Rule(
        "ci",
        (
            *("ci", "azure.core.exceptions", "yaml"),
            "modelops.engine",
            "modelops.about",
            "modelops.azureml_yaml.references",
            "modelops.credential",
            "modelops.errors",
            "modelops.git",
            "modelops.plan.data_address",
            "modelops.runner.protocol",
            "requests",
        ),
    ),
]
OURS = {
    *("settings", "components", "modelops", "policy", "prerequisites", "ci", "toolchain", "tools", "tests"),
    *("sandbox", "pulumi_standins"),
}


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


def lies_under(name: str, prefix: str) -> bool:
    """Say whether a dotted name is another, or below it."""
    return name == prefix or name.startswith(f"{prefix}.")


def is_allowed(name: str, allowed: tuple[str, ...]) -> bool:
    """Say whether a dotted name belongs to the standard library or lies under one of the prefixes."""
    return name.split(".", maxsplit=1)[0] in sys.stdlib_module_names or any(lies_under(name, each) for each in allowed)


@cache
def modules() -> Mapping[str, Path]:
    """Return our modules by dotted name; a package by its own name."""
    found = {}
    for source in SOURCES:
        for path in sorted(source.glob("**/*.py")):
            parts = path.relative_to(source).with_suffix("").parts
            if parts[0] in OURS | {"__main__"} and parts[0] != "tests":
                found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


@cache
def imported_by(module: str) -> tuple[Import, ...]:
    """Return what a module imports."""
    path = modules()[module]
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    return tuple(imports(ast.parse(path.read_text(encoding="utf-8"), filename=str(path)), package))


def rule_of(module: str) -> Rule | None:
    """Return the first rule that speaks of a module."""
    return next((rule for rule in RULES if lies_under(module, rule.name)), None)


def target_of(name: str) -> str | None:
    """Return our module of an imported name; None for foreign ones."""
    while name and name not in modules():
        name = name.rpartition(".")[0]
    return name or None


@pytest.mark.parametrize("module", [each for each in modules() if rule_of(each)])
def test_imports_only_what_its_layer_may(module: str) -> None:
    rule = rule_of(module)
    assert rule is not None
    wrong = [
        f"{module}:{found.line}: imports {found.name}; allowed are {', '.join(rule.allowed)}"
        for found in imported_by(module)
        if not is_allowed(found.name, rule.allowed)
    ]
    assert wrong == []


def test_every_rule_holds_for_a_module_and_every_module_has_one() -> None:
    found = [rule_of(module) for module in modules()]
    assert [rule.name for rule in RULES if rule not in found] == []
    assert [module for module, rule in zip(modules(), found, strict=True) if rule is None] == []


def test_no_library_is_allowed_in_vain() -> None:
    needless = [
        (rule.name, library)
        for rule in RULES
        for library in rule.allowed
        if library.split(".")[0] not in OURS
        if not any(
            lies_under(each.name, library)
            for module in modules()
            if rule_of(module) == rule
            for each in imported_by(module)
        )
    ]
    assert needless == []


def test_no_circle() -> None:
    """No module imports itself by way of others: what cannot be read alone is not two modules."""
    arrows = {
        module: {target for each in imported_by(module) if (target := target_of(each.name)) not in (None, module)}
        for module in modules()
    }
    # What imports nothing more, or is imported by nothing more, is taken away, again and again; circles stay.
    while loose := {
        each for each in arrows if not arrows[each] or not any(each in targets for targets in arrows.values())
    }:
        arrows = {module: targets - loose for module, targets in arrows.items() if module not in loose}
    assert sorted(arrows) == []


def test_only_the_release_the_limits_and_the_trigger_know_both_worlds() -> None:
    both = [
        module
        for module in modules()
        if {"pulumi", "modelops"} <= {found.name.split(".")[0] for found in imported_by(module)}
    ]
    assert both == ["components.release", "components.timeouts", "components.trigger"]


def test_components_keep_their_annotations() -> None:
    """Pulumi's component analyzer reads annotations as objects: strings make it fail."""
    wrong = [
        module
        for module in modules()
        if lies_under(module, "components")
        if any(found.name == "__future__.annotations" for found in imported_by(module))
    ]
    assert wrong == []


def test_only_settings_reads_the_configuration() -> None:
    wrong = [
        f"{module}:{node.lineno}"
        for module, path in modules().items()
        if not lies_under(module, "settings") and not lies_under(module, "tools")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and node.attr == "Config" and isinstance(node.value, ast.Name)
        if node.value.id == "pulumi"
    ]
    assert wrong == []


def test_the_example_stands_alone() -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{found.line}: imports {found.name}"
        for path in ROOT.glob("examples/**/*.py")
        for found in imports(ast.parse(path.read_text(encoding="utf-8")), "")
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
