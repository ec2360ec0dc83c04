"""What git does not fix is refused in the stack file, and taken with a warning from a file for Azure's own tools."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from settings.environments import read_environment
from settings.models import read_model
from settings.problems import Problems
from settings.section import Section
from tests.unit.settings_world import make_files


def _section(values: Mapping[str, Any], *, lenient: bool) -> Section:
    """The object `x.y` of a stack file, or of a file for Azure's own tools."""
    return Section(("x",), {"y": values}, Problems("dev"), lenient).section("y", of="a test")


@pytest.mark.parametrize("image", ["base:latest", "base"])
def test_an_image_without_a_fixed_tag(tmp_path: Path, image: str) -> None:
    root = make_files(tmp_path)
    section = _section({"image": image, "condaFile": "env/conda.yaml"}, lenient=True)
    assert read_environment(section, root) == {"image": image, "any_tag": True, "conda_file": "env/conda.yaml"}
    assert section.problems.found == []
    assert section.problems.warnings == [f"x.y.image is '{image}': git does not fix which image that is."]


def test_an_image_with_one_has_no_warning(tmp_path: Path) -> None:
    section = _section({"image": "base:1", "condaFile": "env/conda.yaml"}, lenient=True)
    assert read_environment(section, make_files(tmp_path)) == {"image": "base:1", "conda_file": "env/conda.yaml"}
    assert section.problems.warnings == []


@pytest.mark.parametrize("read", [read_model, read_environment])
def test_a_label(tmp_path: Path, read: Any) -> None:
    section = _section({"name": "heart", "label": "latest"}, lenient=True)
    assert read(section, tmp_path) == {"name": "heart", "label": "latest"}
    assert section.problems.found == []
    assert section.problems.warnings == []


@pytest.mark.parametrize("read", [read_model, read_environment])
def test_a_label_of_the_stack_file(tmp_path: Path, read: Any) -> None:
    section = _section({"name": "heart", "label": "latest"}, lenient=False)
    read(section, tmp_path)
    assert section.problems.found
    assert section.problems.warnings == []
