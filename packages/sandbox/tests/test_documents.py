"""YAML that somebody else wrote: what is too much is refused, wherever the sandbox reads it.

How long it may take is proven for the program's reader, which reads the same files.
"""

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from sandbox import documents
from sandbox.azure.environments.conda_file import CondaFile
from sandbox.azure.environments.failures import CannotProvide
from sandbox.commands.stack_file import StackFileError, merge, named_principals
from sandbox.commands.stacks import Project, StackError

LAUGHS = "a0: &a0 [ha, ha]\n" + "".join(f"a{n}: &a{n} [{f'*a{n - 1}, ' * 9}]\n" for n in range(1, 20))
HOSTILE = {
    "aliases": (LAUGHS, "more than 50000 values, with aliases counted where they are used"),
    "itself": ("a: &a [*a]\n", "an alias of something that contains the alias"),
    "deep": ("a: " + "[" * 100_000, "nested too deeply"),
    "huge": ("a: " + "x" * 2_000_000, "larger than 1 MiB"),
    "null character": ("a: \0\n", "special characters are not allowed"),
}


@pytest.mark.parametrize("read", [documents.node, documents.data])
@pytest.mark.parametrize("kind", HOSTILE)
def test_too_much(kind: str, read: Callable[[str], object]) -> None:
    text, said = HOSTILE[kind]
    with pytest.raises(yaml.MarkedYAMLError) as refused:
        read(text)
    assert refused.value.problem == said


def test_what_people_write_is_read() -> None:
    text = "base: &b {k: 1}\nuse: {<<: *b, l: 2}\nagain: [*b, *b]\n"
    assert documents.data(text) == {"base": {"k": 1}, "use": {"k": 1, "l": 2}, "again": [{"k": 1}, {"k": 1}]}
    assert documents.data("") is None
    with pytest.raises(yaml.MarkedYAMLError, match="month must be in"):
        documents.data("a: 2026-99-99\n")


@pytest.mark.parametrize("kind", HOSTILE)
def test_every_reader_says_so(tmp_path: Path, kind: str) -> None:
    text, said = HOSTILE[kind]
    (tmp_path / "Pulumi.yaml").write_text(text)
    (tmp_path / "Pulumi.dev.yaml").write_text(text)
    with pytest.raises(StackError, match=f"Pulumi.yaml' cannot be read: {said}"):
        Project.find(tmp_path)
    for read in (named_principals, lambda file: merge(file, file, "p")):
        with pytest.raises(StackFileError, match=f"^Pulumi.dev.yaml: {said}. Nothing was changed"):
            read(tmp_path / "Pulumi.dev.yaml")
    with pytest.raises(CannotProvide, match=said):
        CondaFile.read(text)


@pytest.mark.parametrize(
    "text", ["a: !!bool maybe", "a: !!int ''", "a: !!float ''", "a: !!timestamp x", "a: 2024-99-99"]
)
def test_a_value_that_is_not_what_its_tag_says(text: str) -> None:
    with pytest.raises(yaml.YAMLError):
        documents.data(text)
