"""What README says to take into another repository is enough, under another name and without the rest of this one.

The engine is the environment's: the copy does not hold it.
"""

import ast
import json
import os
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from settings.namespaces import taken
from tests.e2e.commands import KEPT
from tests.e2e.rehearsal import REPOSITORY, SCORED, Rehearsal

README = (REPOSITORY / "README.md").read_text(encoding="utf-8")
SECTION = README.partition("\n## Take it with you\n")[2].partition("\n## ")[0]
NAMED, WITH_MAKE = (block.partition("```")[0].split() for block in SECTION.split("```text\n")[1:])
"""The files and folders that README's section names: the program, and what the workflows and `make` need beside it."""
REHEARSE = SECTION.partition("```sh\n")[2].partition("```")[0]
"""The commands of README's section."""
INSTALL_SECONDS = 15 * 60.0


@pytest.fixture(name="bare")
def _bare(checkout: Path, tmp_path: Path) -> Iterator[Rehearsal]:
    """Return a rehearsal of a folder that holds what is named, as the project `other`, without an environment."""
    place = tmp_path / "elsewhere"
    _take(NAMED, checkout, place / "program")
    _rename(place / "program", "other")
    rehearsal = Rehearsal(place / "program", place / "home")
    yield rehearsal
    rehearsal.stop()


@pytest.fixture(name="copy")
def _copy(bare: Rehearsal) -> Rehearsal:
    """Return the same with this repository's environment."""
    (bare.folder / ".venv").symlink_to(REPOSITORY / ".venv", target_is_directory=True)
    return bare


def _take(names: list[str], checkout: Path, folder: Path) -> None:
    for name in names:
        source, target = checkout / name, folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if name.endswith("/"):
            shutil.copytree(source, target)
        else:
            shutil.copy2(source, target)


def _rename(folder: Path, name: str) -> None:
    file = folder / "Pulumi.yaml"
    renamed, count = re.subn(r"^name: .*$", f"name: {name}", file.read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert count == 1
    file.write_text(renamed, encoding="utf-8")


def test_a_copy_of_what_is_named_previews_the_same_resources(copy: Rehearsal, fresh: Rehearsal) -> None:
    here = fresh.pulumi("preview", "--stack", "dev").ok()
    preview = copy.pulumi("preview", "--stack", "dev", "--policy-pack", "policy").ok()
    assert preview.verdict == KEPT
    assert set(preview.steps) == set(here.steps)
    assert "    + 41 to create" in preview.out.splitlines()
    assert "pulumi:pulumi:Stack other-dev create" in preview.flat
    assert copy.writes() == []


def test_a_copy_under_another_name_previews_the_same_prod(copy: Rehearsal, fresh: Rehearsal) -> None:
    here = fresh.pulumi("preview", "--stack", "prod").ok()
    there = copy.pulumi("preview", "--stack", "prod").ok()
    assert "pulumi:pulumi:Stack other-prod create" in there.flat
    assert set(there.steps) == set(here.steps)
    # Only a restricted network has it: with the defaults of a stack file that nothing reads, it would be missing.
    assert [step.name for step in there.steps if step.name == "mlbatch-image-builder"] != []


@pytest.mark.long(part="series")
@pytest.mark.parametrize(
    "name", ["Team.ML_batch-2026", '"2026"', "_", "a" * 100], ids=["mixed", "number", "short", "longest"]
)
def test_a_copy_with_make_deploys_under_any_name(name: str, copy: Rehearsal, checkout: Path) -> None:
    """From `make up` to `make down`, as a team's newcomer would."""
    _take(WITH_MAKE, checkout, copy.folder)
    _rename(copy.folder, name)
    assert SCORED in copy.make("up").ok().out.splitlines()
    copy.pulumi("up", "--stack", "dev", "--expect-no-changes").ok()
    assert "DIFFERS" not in copy.make("status").ok().out
    exported = json.loads(copy.run("pulumi", "stack", "export", "--stack", "dev").ok().out)
    tags = [
        each["inputs"]["tags"]
        for each in exported["deployment"]["resources"]
        if each["type"].endswith(":ResourceGroup")
    ]
    assert tags == [{"project": name.strip('"'), "stack": "dev"}]
    copy.make("down").ok()
    assert not copy.processes()


def test_a_copy_cannot_have_the_name_of_the_providers_namespace(copy: Rehearsal) -> None:
    _rename(copy.folder, "azure-native")
    preview = copy.pulumi("preview", "--stack", "dev").failed()
    assert f"error: {taken('azure-native')}" in preview.flat
    assert "unknown key" not in preview.flat
    assert "except `azure-native` and `pulumi`" in SECTION.replace("\n", " ")


@pytest.mark.long(part="packages")
def test_a_copy_rehearses_by_the_readmes_commands(bare: Rehearsal) -> None:
    bare.start(sys.executable, "-m", "venv", ".venv").wait().ok()
    listed = bare.start(".venv/bin/python", "-m", "pip", "install", "--quiet", "-r", "requirements.txt")
    listed.wait(INSTALL_SECONDS).ok()
    engine = {"PATH": f"{REPOSITORY / '.venv' / 'bin'}{os.pathsep}{os.environ['PATH']}"}
    commands = REHEARSE.replace("CHECKOUT", str(REPOSITORY))
    preview = bare.start("bash", "-ec", commands, extra=engine).wait(INSTALL_SECONDS).ok()
    assert "    + 41 to create" in preview.out.splitlines()
    assert "pulumi:pulumi:Stack other-dev create" in preview.flat
    assert bare.writes() == []


def test_the_pages_that_the_copy_names_are_named_too() -> None:
    """Messages and comments of stack files; docstrings are for those who work on this repository."""
    pages = {
        page
        for name in NAMED
        for file in ((REPOSITORY / name).rglob("*") if name.endswith("/") else [REPOSITORY / name])
        if file.suffix in {".py", ".yaml", ".json"}
        for text in _shown(file)
        for page in re.findall(r"(?<![\w/])docs/[\w/-]+(?:\.\w+)+", text)
    }
    assert "docs/configuration.md" in pages
    taken = tuple(each for each in NAMED if each.endswith("/"))
    assert sorted(page for page in pages if page not in NAMED and not page.startswith(taken)) == []


def _shown(file: Path) -> Iterator[str]:
    content = file.read_text(encoding="utf-8")
    if file.suffix != ".py":
        yield content
        return
    tree = ast.parse(content)
    documented = {node.value for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in documented:
            yield node.value
