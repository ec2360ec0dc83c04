"""The reader of the CLI's YAML files: lines, files that are not YAML, and what is warned of.

The forms of the keys are in test_azureml_yaml_loaders.
"""

from pathlib import Path

import pytest

from modelops.azureml_yaml.deployment import read_deployment
from modelops.azureml_yaml.document import Unreadable, read
from modelops.azureml_yaml.reading import Reading

BOM = b"\xef\xbb\xbf"
RIGHT = """\
name: mlp
description: |
  Two
  lines
model:
  name: digits
  path: ../model
code_configuration: {code: ., scoring_script: score.py}
environment:
  image: example.com/base:1
  conda_file:
    dependencies: [python=3.11]
compute: azureml:cluster
retry_settings:
  max_retries: 2
"""


def reading(folder: Path, text: str | bytes) -> Reading:
    """Read a file in `deployments/` of a program's folder."""
    path = folder / "deployments" / "mlp.yml"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_deployment(path, folder, "mlp")


def test_the_words_of_the_stack_file_and_their_lines(tmp_path: Path) -> None:
    found = reading(tmp_path, RIGHT)
    assert found.values == {
        "description": "Two\nlines\n",
        "model": {"path": "model", "name": "digits"},
        "code": "deployments",
        "scoringScript": "score.py",
        "environment": {"image": "example.com/base:1", "conda": "dependencies:\n- python=3.11\n"},
        "compute": "cluster",
        "maxRetries": 2,
    }
    assert found.lines == {
        ("description",): 2,
        ("model",): 7,
        ("model", "path"): 7,
        ("model", "name"): 6,
        ("code",): 8,
        ("scoringScript",): 8,
        ("environment",): 10,
        ("environment", "image"): 10,
        ("environment", "conda"): 11,
        ("compute",): 13,
        ("maxRetries",): 15,
    }
    assert (found.problems, found.warnings) == ([], [])


def test_a_file_beside_the_program(tmp_path: Path) -> None:
    path = tmp_path / "mlp.yml"
    path.write_text("code_configuration: {code: ./, scoring_script: score.py}", encoding="utf-8")
    assert read_deployment(path, tmp_path, "mlp").values == {"code": ".", "scoringScript": "score.py"}


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        ("", 1, "The file is empty."),
        ("# nothing\n", 1, "The file is empty."),
        ("null", 1, "The file holds nothing, and not keys with values."),
        ("- a\n", 1, "The file holds a list, and not keys with values."),
        ("model", 1, "The file holds the value 'model', and not keys with values."),
        ("name: a\nname: b\n", 2, "The file sets name twice, in lines 1 and 2: remove one."),
        ("tags:\n  a: 1\n  a: 2\n", 3, "The file sets a twice, in lines 2 and 3: remove one."),
        (
            "name: a\nendpoint_name: {{ endpoint }}\n",
            2,
            "The file has a template's {{ }}: fill the template in first, and name the file that it became.",
        ),
        ("name: 'a\n", 2, "The file is not YAML: found unexpected end of stream."),
        ("name: a\n\tmodel: b\n", 2, "The file is not YAML: found character '\\t' that cannot start any token."),
        ("name: !x a\n", 1, "The file is not YAML: could not determine a constructor for the tag '!x'."),
        ("name: *a\n", 1, "The file is not YAML: found undefined alias 'a'."),
        ("name: a\n---\nname: b\n", 2, "The file is not YAML: but found another document."),
        ("name: !!int a\n", 1, "The file is not YAML: invalid literal for int() with base 10: 'a'."),
        ("name: a\n".encode("utf-16"), 1, "The file is not UTF-8; save it with that encoding."),
        ("name: \xe4".encode("latin-1"), 1, "The file is not UTF-8; save it with that encoding."),
        (b"name: \x00", 1, "The file is not YAML: unacceptable character #x0000: special characters are not allowed "),
        ("[" * 5000, 1, "The file is nested more than 50 levels deep."),
        (f"a: {'[' * 60}{']' * 60}", 1, "The file is nested more than 50 levels deep."),
    ],
)
def test_a_file_without_keys_to_read(tmp_path: Path, text: str | bytes, line: int, problem: str) -> None:
    found = reading(tmp_path, text)
    assert [each.line for each in found.problems] == [line]
    assert found.problems[0].text.startswith(problem)
    assert found.values == {}


def test_no_file_and_a_folder(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match=r"^does not exist$"):
        read(tmp_path / "nothing.yml")
    with pytest.raises(Unreadable, match=r"^is a folder, and not a file$"):
        read(tmp_path)


def test_a_byte_order_mark_windows_lines_and_anchors_are_taken(tmp_path: Path) -> None:
    assert reading(tmp_path, BOM + b"compute: azureml:c\r\nmini_batch_size: 3\r\n").values == {
        "compute": "c",
        "miniBatchSize": 3,
    }
    text = "tags: &t {a: 1}\nenvironment_variables: {<<: *t, b: 2}\n"
    assert reading(tmp_path, text).values == {"tags": {"a": "1"}, "environmentVariables": {"a": "1", "b": "2"}}


def test_a_mapping_that_contains_itself_is_no_endless_loop(tmp_path: Path) -> None:
    found = reading(tmp_path, "tags: &t\n  a: *t\n")
    assert [each.text for each in found.problems] == ["The file has an alias of something that contains the alias."]


def test_dates_stay_texts(tmp_path: Path) -> None:
    assert reading(tmp_path, "tags: {made: 2026-11-30}\n").values == {"tags": {"made": "2026-11-30"}}


def test_a_key_without_a_value(tmp_path: Path) -> None:
    found = reading(tmp_path, "endpoint_name: # fill in\ncompute: ~\nsettings:\ntags: {a: ~}\n")
    assert [(each.line, each.text) for each in found.problems] == [
        (3, "settings has no value. Write one, or remove the key."),
        (1, "endpoint_name has no value. Write one, or remove the key."),
        (4, "tags.a is empty, and not a text. Write a text, in quotes."),
        (2, "compute has no value. Write one, or remove the key."),
    ]


def test_what_the_stack_file_may_replace(tmp_path: Path) -> None:
    found = reading(tmp_path, "model: m:1\ncompute: azureml:${C}\nretry_settings: {timeout: PT1S}\nname: 1\n")
    assert [each.word for each in found.problems] == ["", "model", "compute", "timeoutSeconds"]


def test_warnings_and_notes(tmp_path: Path) -> None:
    text = (
        "name: mlp\n"
        "model: azureml:digits\n"
        "environment: {name: base, version: 3, image: base:1, description: x}\n"
        "resources: {instance_type: STANDARD_DS3_V2}\n"
    )
    found = reading(tmp_path, text)
    assert [(each.line, each.text) for each in found.warnings] == [
        (
            2,
            "model has no version, and azure-ai-ml would not deploy it: the latest version of digits is used.",
        )
    ]
    assert [(each.line, each.text) for each in found.notes] == [
        (1, "name is not used: the key in the stack file is the name."),
        (3, "environment.description has no effect here."),
        (3, "environment.name is not used: an environment with this content is named after it."),
        (3, "environment.version is not used: an environment with this content is named after it."),
        (4, "resources.instance_type is not used: the cluster's own settings decide."),
    ]


def test_an_asset_of_another_workspace_is_looked_up_here(tmp_path: Path) -> None:
    workspace = "/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/w"
    found = reading(tmp_path, f"model: azureml:{workspace}/models/digits/labels/latest\n")
    assert found.values == {"model": {"name": "digits", "label": "latest"}}
    assert [each.text for each in found.warnings] == [
        "model is an ARM id: its name and version are looked up in this stack's workspace.",
        f"model is 'azureml:{workspace}/models/digits/labels/latest': git does not fix which version that is.",
    ]


def test_curated_environments_are_in_their_registry(tmp_path: Path) -> None:
    assert reading(tmp_path, "environment: azureml:AzureML-sklearn-1.0:4\n").values == {
        "environment": {"registry": "azureml", "name": "AzureML-sklearn-1.0", "version": "4"}
    }
