"""Mistakes that only the text of a stack file shows, and the lines that messages name.

Not proved here: what Pulumi itself says to such a file. It refuses one key twice, and takes two spellings of it.
"""

from pathlib import Path

import pytest

from settings import stack_file
from settings.namespaces import taken
from settings.stack_file import StackFile, Twice
from tests.unit.settings_world import RIGHT, Config, changed, make_files, mlp, problems

TEXT = """\
# A stack.
config:
  azure-native:location: westeurope
  cluster: {maxNodes: 2}
  other:tags:
    owner: ml
  endpoints:
    digits:
      callers:
        - principalId: somebody
          kind: User
      deployments:
        mlp:
          miniBatchSzie: 10
"""
PLACES = [
    (("azure-native:location",), "Pulumi.dev.yaml:3"),
    (("cluster", "maxNodes"), "Pulumi.dev.yaml:4"),
    (("tags", "owner"), "Pulumi.dev.yaml:6"),
    (("endpoints", "digits", "callers", "[0]", "kind"), "Pulumi.dev.yaml:11"),
    (("endpoints", "digits", "deployments", "mlp", "miniBatchSzie"), "Pulumi.dev.yaml:14"),
    (("endpoints", "letters"), "Pulumi.dev.yaml"),
]


def _read(folder: Path, text: str) -> StackFile:
    (folder / "Pulumi.yaml").write_text("name: other\n")
    (folder / "Pulumi.dev.yaml").write_text(text)
    return stack_file.read(folder, "dev", "other")


@pytest.mark.parametrize(("path", "place"), PLACES)
def test_where_a_key_stands(tmp_path: Path, path: tuple[str, ...], place: str) -> None:
    assert _read(tmp_path, TEXT).place(path) == place


def test_a_folder_of_the_stack_files_own(tmp_path: Path) -> None:
    (tmp_path / "stacks").mkdir()
    (tmp_path / "Pulumi.yaml").write_text("name: other\nstackConfigDir: stacks\n")
    (tmp_path / "stacks" / "Pulumi.dev.yaml").write_text("config:\n  cluster: {}\n")
    assert stack_file.read(tmp_path, "dev", "other").place(("cluster",)) == "Pulumi.dev.yaml:2"


@pytest.mark.parametrize("text", ["config: [", "", "config:\n", "- a\n"])
def test_a_file_without_configuration_has_no_lines(tmp_path: Path, text: str) -> None:
    assert _read(tmp_path, text) == StackFile("Pulumi.dev.yaml")


def test_no_file_at_all(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: other\n")
    assert stack_file.read(tmp_path, "dev", "other") == StackFile("Pulumi.dev.yaml")


def test_keys_that_are_set_twice(tmp_path: Path) -> None:
    text = (
        "config:\n  other:cluster:\n    maxNodes: 1\n    maxNodes: 2\n  cluster: {maxNodes: 3}\n  tags: {a: b, a: c}\n"
    )
    assert _read(tmp_path, text).twice == (
        Twice(("cluster", "maxNodes"), 3, 4),
        Twice(("cluster",), 2, 5),
        Twice(("tags", "a"), 6, 6),
    )


def test_a_key_that_is_set_twice_is_refused(tmp_path: Path) -> None:
    root = make_files(tmp_path)
    file = _read(tmp_path, "config:\n  other:tags: {a: b}\n  tags: {a: c}\n")
    assert problems(root, RIGHT, file=file, project="other") == [
        (
            "tags is set twice, in lines 2 and 3. Allowed: once, as tags or other:tags.\n"
            "Pulumi.dev.yaml:2: remove this one, or the one in line 3"
        )
    ]


def test_a_key_of_another_project_is_refused_and_renamed(tmp_path: Path) -> None:
    """A copy of the repository under another name would otherwise have an open network, in silence."""
    root = make_files(tmp_path)
    file = _read(tmp_path, "config:\n  azureml-batch-endpoint:network: restricted\n  aws:region: us-east-1\n")
    told = problems(root, RIGHT, file=file, project="other", foreign=["azureml-batch-endpoint:network", "aws:region"])
    assert told == [
        (
            "aws:region belongs to another project or provider, so nothing reads it. Allowed: keys without a "
            "namespace, keys of this project (other:), azure-native: and pulumi:.\n"
            "Pulumi.dev.yaml:3: remove aws:region"
        ),
        (
            "azureml-batch-endpoint:network belongs to another project or provider, so nothing reads it. Allowed: keys "
            "without a namespace, keys of this project (other:), azure-native: and pulumi:.\n"
            "Pulumi.dev.yaml:2: rename azureml-batch-endpoint:network to network"
        ),
    ]


def test_a_misspelt_key_is_renamed_in_its_line(tmp_path: Path) -> None:
    def change(config: Config) -> None:
        mlp(config)["mini_batch_size"] = 10

    root = make_files(tmp_path)
    text = "config:\n  endpoints:\n    digits:\n      deployments:\n        mlp:\n          mini_batch_size: 10\n"
    (told,) = problems(root, changed(change), file=_read(tmp_path, text))
    assert told.endswith("\nPulumi.dev.yaml:6: rename mini_batch_size to miniBatchSize")


def test_a_secret_is_named_by_its_line(tmp_path: Path) -> None:
    root = make_files(tmp_path)
    file = _read(tmp_path, "config:\n  tags:\n    owner:\n      secure: v1:xyz\n")
    (told,) = problems(root, {**RIGHT, "tags": {"owner": "hunter2"}}, secrets=["tags"], file=file)
    assert told.endswith("\nPulumi.dev.yaml:3: put a plain value in place of the secret, or remove it")


@pytest.mark.parametrize(
    ("project", "key"), [("azure-native", "azure-native:location"), ("pulumi", "pulumi:autonaming")]
)
def test_a_project_cannot_have_the_name_of_another_namespace(project: str, key: str) -> None:
    assert taken(project) == (
        f"The project's name is {project!r}, which is the namespace of keys that are not this program's, such as "
        f"{key}. Nothing was created or changed. Allowed: any other name. Change `name:` in Pulumi.yaml."
    )


@pytest.mark.parametrize("project", ["azureml-batch-endpoint", "Azure-Native", "azure-native2", "a.b_c-d", "2026"])
def test_any_other_name_is_fine(project: str) -> None:
    assert taken(project) is None
