"""What is certain to be wrong with a conda file."""

import pytest

from modelops.plan.conda_file import missing_for_azure, problem


@pytest.mark.parametrize(
    "text",
    [
        "dependencies: [python=3.10]",
        "\ufeffname: a\nchannels: [conda-forge]\ndependencies:\n- python=3.10\n- pip\n- pip:\n  - pandas==2.2.3\n",
        "dependencies: [conda-forge::numpy>=1.2]\nvariables: {A: 1}\n",
        "dependencies: [pip: [-r requirements.txt, git+https://example.com/a]]",
    ],
)
def test_nothing_is_certain_to_be_wrong(text: str) -> None:
    assert problem(text.encode()) is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is not a conda file: allowed is a mapping with name, channels and dependencies"),
        ("pandas==2.2.3\nnumpy\n", "is not a conda file: allowed is a mapping with name, channels and dependencies"),
        (
            "name: x\n",
            "has no dependencies: allowed is a list such as [python=3.10, pip, {pip: [pandas==2.2.3]}]",
        ),
        ("dependencies:", "has no dependencies: allowed is a list such as [python=3.10, pip, {pip: [pandas==2.2.3]}]"),
        (
            "dependencies: {python: 3}",
            "has no dependencies: allowed is a list such as [python=3.10, pip, {pip: [pandas==2.2.3]}]",
        ),
        (
            "dependencies: [3.10]",
            "has the dependency 3.1: allowed are a package (a text) and one mapping with the key pip",
        ),
        (
            "dependencies: [{pip3: [a]}]",
            "has the dependency {'pip3': ['a']}: allowed are a package (a text) and one mapping with the key pip",
        ),
        ("dependencies: [{pip: }]", "has None for pip: allowed is a list of requirements"),
        ("dependencies: [{pip: pandas}]", "has 'pandas' for pip: allowed is a list of requirements"),
        (
            "dependencies: [{pip: [{pandas: 2}]}]",
            "has the pip requirement {'pandas': 2}: allowed is a text, such as pandas==2.2.3",
        ),
        ("dependencies: [python\n", "is not YAML: line 2: expected ',' or ']', but got '<stream end>'"),
        ("a: !python/x 1", "is not YAML: line 1: could not determine a constructor for the tag '!python/x'"),
    ],
)
def test_what_is_certain_to_be_wrong(text: str, said: str) -> None:
    assert problem(text.encode()) == said


def test_another_encoding() -> None:
    assert problem("name: a\n# ä\n".encode("latin-1")) == "is not UTF-8 (line 2); save it as UTF-8"


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("dependencies: [pip]", ["azureml-core", "azureml-dataset-runtime"]),
        ("dependencies: [conda-forge::azureml-core=1.61, pip: ['azureml_dataset_runtime[fuse]==1.62 ; a']]", []),
        ("dependencies: [pip: [git+https://example.com/a, 'azureml-core>=1']]", ["azureml-dataset-runtime"]),
        ("name: x", []),
    ],
)
def test_what_azures_driver_needs_beside_a_script(text: str, missing: list[str]) -> None:
    assert missing_for_azure(text.encode()) == missing
