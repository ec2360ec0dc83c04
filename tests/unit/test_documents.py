"""YAML and JSON that somebody else wrote: what is too much ends in an error within a second, in every reader."""

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

import settings
from ci.stand_ins import Stack
from modelops.azureml_yaml.deployment import read_deployment
from modelops.commands.stack_file import StackFile
from modelops.commands.targets import from_file
from modelops.errors import UsageError
from modelops.plan import conda_file, mlflow_model
from modelops.plan.documents import LimitError, json_data, yaml_data, yaml_node
from prerequisites.access.setup import read as read_setup
from settings import committed, stack_file
from tests.unit.settings_world import RIGHT, make_files, problems

LAUGHS = "a0: &a0 [ha, ha]\n" + "".join(f"a{n}: &a{n} [{f'*a{n - 1}, ' * 9}]\n" for n in range(1, 20))
MERGED = "a0: &a0 {k: v}\n" + "".join(f"a{n}: &a{n} {{<<: [{f'*a{n - 1}, ' * 9}], k{n}: v}}\n" for n in range(1, 9))
HOSTILE = {
    "aliases": (LAUGHS, 5, "has more than 50000 values, with aliases counted where they are used"),
    "merged keys": (MERGED, 5, "has more than 50000 values, with aliases counted where they are used"),
    "itself": ("a: &a [*a]\n", 0, "has an alias of something that contains the alias"),
    "deep": ("a: " + "[" * 100_000, 0, "is nested more than 50 levels deep"),
    "deep blocks": ("\n".join(" " * n + "a:" for n in range(1000)), 50, "is nested more than 50 levels deep"),
    "values": ("a: [" + "1," * 200_000 + "]", 0, "has more than 50000 values"),
    "huge": ("a: " + "x" * 20_000_000, None, "is larger than 1 MiB"),
}
OTHER = {
    "null character": b"a: \x00\n",
    "UTF-16": "a: b\n".encode("utf-16"),
    "no such date": b"a: 2026-99-99\n",
    "no such number": b"a: !!int x\n",
}


@pytest.fixture(autouse=True)
def _in_a_second() -> Iterator[None]:
    """Processor time, which other tests on the machine do not change."""
    started = time.process_time()
    yield
    assert time.process_time() - started < 1.5


@pytest.mark.parametrize("read", [yaml_data, yaml_node])
@pytest.mark.parametrize("kind", HOSTILE)
def test_too_much(kind: str, read: Callable[[str], object]) -> None:
    text, line, said = HOSTILE[kind]
    with pytest.raises(LimitError) as refused:
        read(text)
    assert (refused.value.problem or "").startswith(said)
    assert (refused.value.problem_mark and refused.value.problem_mark.line) == line


def test_too_much_for_the_other_parser_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("modelops.plan.documents.FAST", yaml.SafeLoader)
    for kind in ("aliases", "itself", "deep", "huge"):
        with pytest.raises(LimitError):
            yaml_data(HOSTILE[kind][0])


def test_what_people_write_is_read() -> None:
    text = "base: &b {k: 1}\nuse: {<<: *b, l: 2}\nagain: [*b, *b]\n"
    assert yaml_data(text) == {"base": {"k": 1}, "use": {"k": 1, "l": 2}, "again": [{"k": 1}, {"k": 1}]}
    many = {f"key{n}": {"value": n} for n in range(2000)}
    assert json_data(json.dumps(many)) == many


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 100_000])
def test_json_that_is_too_deep(text: str) -> None:
    with pytest.raises(ValueError, match="nested too deeply"):
        json_data(text)


def _conda(folder: Path, content: bytes) -> str:
    (folder / "conda.yaml").write_bytes(content)
    return conda_file.problem((folder / "conda.yaml").read_bytes()) or "was taken"


def _mlmodel(folder: Path, content: bytes) -> str:
    (folder / "MLmodel").write_bytes(content)
    return "cannot be read" if mlflow_model.flavors(folder) is None else "was taken"


def _project_file(folder: Path, content: bytes) -> str:
    (folder / "Pulumi.yaml").write_bytes(content)
    return _told(lambda: committed.read(folder, "dev"))


def _stack_file(folder: Path, content: bytes) -> str:
    (folder / "Pulumi.yaml").write_text("name: p\n")
    (folder / "Pulumi.dev.yaml").write_bytes(content)
    return _told(lambda: committed.read(folder, "dev"))


def _stack_file_to_edit(folder: Path, content: bytes) -> str:
    (folder / "Pulumi.dev.yaml").write_bytes(content)
    return _told(lambda: StackFile("dev", folder))


def _stack_file_of_a_pipeline(folder: Path, content: bytes) -> str:
    (folder / "Pulumi.dev.yaml").write_bytes(content)
    return _told(lambda: Stack.read(folder, "dev"))


def _azure_cli_file(folder: Path, content: bytes) -> str:
    (folder / "mlp.yml").write_bytes(content)
    return "; ".join(each.text for each in read_deployment(folder / "mlp.yml", folder, "mlp").problems)


def _administrators_file(folder: Path, content: bytes) -> str:
    (folder / "setup.yaml").write_bytes(content)
    return _told(lambda: read_setup(folder / "setup.yaml", {}, {}))


def _told(read: Callable[[], object]) -> str:
    try:
        read()
    except (settings.SettingsError, UsageError) as error:
        return str(error)
    return "was taken"


READERS = (
    *(_conda, _mlmodel, _project_file, _stack_file, _stack_file_to_edit, _stack_file_of_a_pipeline),
    *(_azure_cli_file, _administrators_file),
)


@pytest.mark.parametrize("read", READERS)
@pytest.mark.parametrize("kind", [*HOSTILE, *OTHER])
def test_every_reader_says_so(tmp_path: Path, read: Callable[[Path, bytes], str], kind: str) -> None:
    told = read(tmp_path, OTHER[kind] if kind in OTHER else HOSTILE[kind][0].encode())
    if read is _azure_cli_file and kind == "no such date":
        assert "is not YAML" not in told  # dates stay texts there
    elif kind in HOSTILE and read is not _mlmodel:
        assert HOSTILE[kind][2] in told
    else:
        assert "was taken" not in told


def test_a_stack_file_that_the_engine_took(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: p\n")
    (tmp_path / "Pulumi.dev.yaml").write_text(LAUGHS)
    with pytest.raises(stack_file.StackFileError) as refused:
        stack_file.read(tmp_path, "dev", "p")
    assert str(refused.value) == f"Pulumi.dev.yaml {HOSTILE['aliases'][2]}, so nothing was created or changed."


def test_a_value_that_the_engine_passes(tmp_path: Path) -> None:
    told = problems(make_files(tmp_path), {**RIGHT, "tags": "{" * 100_000})
    assert len(told) == 1
    assert told[0].startswith("tags is '{{{")


def test_saved_outputs(tmp_path: Path) -> None:
    (tmp_path / "outputs.json").write_text("[" * 100_000)
    told = _told(lambda: from_file(tmp_path / "outputs.json"))
    assert told.startswith(f"--outputs '{tmp_path}/outputs.json' is not JSON (it is nested too deeply)")


@pytest.mark.parametrize(
    "text", ["a: !!bool maybe", "a: !!int ''", "a: !!float ''", "a: !!timestamp x", "a: 2024-99-99"]
)
def test_a_value_that_is_not_what_its_tag_says(text: str) -> None:
    with pytest.raises(yaml.YAMLError):
        yaml_data(text)


def test_the_description_of_a_model_with_many_columns(tmp_path: Path) -> None:
    columns = [{"type": "double", "name": f"a_long_name_of_column_{each}"} for each in range(20_000)]
    described = {"flavors": {"python_function": {}}, "signature": {"inputs": json.dumps(columns)}}
    (tmp_path / "MLmodel").write_text(yaml.safe_dump(described), encoding="utf-8")
    assert (tmp_path / "MLmodel").stat().st_size > 1 << 20
    assert mlflow_model.flavors(tmp_path) == frozenset({"python_function"})
