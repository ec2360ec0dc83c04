"""What README says to take into another repository is enough, under another name and without the rest of this one.

The sandbox and the engine are the environment's: the copy holds neither.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.commands import KEPT
from tests.e2e.rehearsal import PROJECT, REPOSITORY, Rehearsal

README = (REPOSITORY / "README.md").read_text(encoding="utf-8")


def named() -> list[str]:
    """Return the files and folders that README's section names."""
    section = README.partition("\n## Take it with you\n")[2].partition("\n## ")[0]
    return section.partition("```text\n")[2].partition("```")[0].split()


@pytest.fixture(name="copy")
def _copy(checkout: Path, tmp_path: Path) -> Iterator[Rehearsal]:
    """Return a rehearsal of a folder that holds what is named, as the project `other`, and the environment."""
    place = tmp_path / "elsewhere"
    folder = place / "program"
    folder.mkdir(parents=True)
    for name in named():
        source, target = checkout / name, folder / name
        if name.endswith("/"):
            shutil.copytree(source, target)
        else:
            shutil.copy2(source, target)
    for file in folder.glob("Pulumi*.yaml"):
        file.write_text(file.read_text(encoding="utf-8").replace(PROJECT, "other"), encoding="utf-8")
    (folder / ".venv").symlink_to(REPOSITORY / ".venv", target_is_directory=True)
    rehearsal = Rehearsal(folder, place / "home")
    yield rehearsal
    rehearsal.stop()


def test_a_copy_of_what_is_named_previews_the_same_resources(copy: Rehearsal, fresh: Rehearsal) -> None:
    here = fresh.pulumi("preview", "--stack", "dev").ok()
    preview = copy.pulumi("preview", "--stack", "dev", "--policy-pack", "policy").ok()
    assert preview.verdict == KEPT
    assert set(preview.steps) == set(here.steps)
    assert "    + 41 to create" in preview.out.splitlines()
    assert "pulumi:pulumi:Stack other-dev create" in preview.flat
    assert copy.writes() == []
