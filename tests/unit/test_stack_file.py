"""A stack's file gets a deployment's model in one line, and nothing else of it changes."""

from pathlib import Path

import pytest

from modelops.commands.stack_file import StackFile, line
from modelops.errors import UsageError
from modelops.plan.registered import Registered

REPOSITORY = Path(__file__).resolve().parents[2]
SHARED = Registered("net", "3", "ours")
LINE = "model: {registry: ours, name: net, version: 3}"


def _file(folder: Path, text: str) -> StackFile:
    (folder / "Pulumi.prod.yaml").write_bytes(text.encode())
    return StackFile("prod", folder)


def _text(file: StackFile) -> str:
    return file.path.read_bytes().decode()


def _in(model: str, *, key: str = "endpoints") -> str:
    return (
        f"# First\nconfig:\n  {key}:\n    digits:\n      deployments:\n        mlp: # the net\n{model}"
        "          code: src # ours\n  tags:\n    a: b\n"
    )


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("          model:\n            path: m\n            name: net\n", f"          {LINE}\n"),
        (
            "          model:\n            path: m # bytes\n\n          # How it runs\n",
            f"          {LINE} # bytes\n\n          # How it runs\n",
        ),
        ("          model: azureml:net:2 # registered\n", f"          {LINE} # registered\n"),
        ("          model: {path: m, name: net}\n", f"          {LINE}\n"),
        ("          model:\n", f"          {LINE}\n"),
        ("          from: a.yaml\n", f"          {LINE}\n          from: a.yaml\n"),
        ('          "model": {path: m}\n', f"          {LINE}\n"),
    ],
)
@pytest.mark.parametrize("key", ["endpoints", "azureml-batch-endpoint:endpoints"])
def test_only_the_model_is_replaced(tmp_path: Path, before: str, after: str, key: str) -> None:
    file = _file(tmp_path, _in(before, key=key))
    assert file.set_model("digits", "mlp", SHARED) is True
    assert _text(file) == _in(after, key=key)
    assert file.models() == {"digits": {"mlp": {"registry": "ours", "name": "net", "version": 3}}}
    assert file.set_model("digits", "mlp", SHARED) is False
    assert list(tmp_path.iterdir()) == [file.path]


def test_windows_line_ends_and_the_mode_stay(tmp_path: Path) -> None:
    file = _file(tmp_path, _in("").replace("\n", "\r\n"))
    file.path.chmod(0o640)
    file.set_model("digits", "mlp", SHARED)
    assert _text(file) == _in(f"          {LINE}\n").replace("\n", "\r\n")
    assert file.path.stat().st_mode & 0o777 == 0o640


def test_objects_in_one_line(tmp_path: Path) -> None:
    file = _file(tmp_path, "config: {endpoints: {digits: {deployments: {mlp: {code: src}}}}}\n")
    file.set_model("digits", "mlp", SHARED)
    assert _text(file) == f"config: {{endpoints: {{digits: {{deployments: {{mlp: {{{LINE}, code: src}}}}}}}}}}\n"


@pytest.mark.parametrize("stack", ["dev", "staging", "prod", "tabular", "parquet"])
def test_the_committed_files(tmp_path: Path, stack: str) -> None:
    text = (REPOSITORY / f"Pulumi.{stack}.yaml").read_text(encoding="utf-8")
    (tmp_path / f"Pulumi.{stack}.yaml").write_text(text, encoding="utf-8")
    file = StackFile(f"organization/project/{stack}", tmp_path)
    ((endpoint, models),) = file.models().items()
    for deployment in models:
        file.set_model(endpoint, deployment, SHARED)
    assert {each for found in file.models().values() for each in map(str, found.values())} == {
        "{'registry': 'ours', 'name': 'net', 'version': 3}"
    }
    kept, before = _text(file).splitlines(), text.splitlines()
    assert [each for each in kept if each not in before] == [f"          {LINE}"]


@pytest.mark.parametrize(
    "text",
    [
        "config:\n  a: &m {path: m}\n  endpoints: {digits: {deployments: {mlp: {model: *m}}}}\n",
        "config:\n  endpoints: {digits: {deployments: {mlp: [a]}}}\n",
        "config:\n  endpoints:\n    digits:\n      deployments:\n        mlp:\n",
        "config:\n  endpoints: {digits: {deployments: {mlp: {model: &m {path: m}}}}}\n  a: *m\n",
    ],
)
def test_what_cannot_be_replaced_safely_stays(tmp_path: Path, text: str) -> None:
    file = _file(tmp_path, text)
    with pytest.raises(UsageError) as caught:
        file.set_model("digits", "mlp", SHARED)
    assert str(caught.value) == (
        f"{file.path}: the model of endpoints.digits.deployments.mlp is written in a way that cannot be replaced "
        f"safely. Write it yourself:\n  {LINE}"
    )
    assert _text(file) == text


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (None, "cannot be read: No such file or directory. Name a stack that has a file in this folder."),
        (b"a: [", "is not a YAML file: while parsing a flow node."),
        (b"\xff", "is not a YAML file: 'utf-8' codec can't decode byte 0xff in position 0: invalid start byte."),
    ],
)
def test_a_file_that_cannot_be_read(tmp_path: Path, content: bytes | None, why: str) -> None:
    if content is not None:
        (tmp_path / "Pulumi.prod.yaml").write_bytes(content)
    with pytest.raises(UsageError) as caught:
        StackFile("prod", tmp_path)
    assert str(caught.value) == f"{tmp_path}/Pulumi.prod.yaml {why}"


@pytest.mark.parametrize("text", ["", "config:\n", "[]\n", "config:\n  endpoints: x\n", "config: {endpoints: {d: }}\n"])
def test_a_file_without_deployments(tmp_path: Path, text: str) -> None:
    assert not any(_file(tmp_path, text).models().values())


@pytest.mark.parametrize(
    ("version", "written"), [("3", "3"), ("03", "'03'"), ("1.0", "'1.0'"), ("v1", "v1"), ("1e3", "1e3")]
)
def test_versions_are_read_back_as_they_are(version: str, written: str) -> None:
    assert line(Registered("net", version, "ours")) == f"model: {{registry: ours, name: net, version: {written}}}"
