"""What a conda file asks for, and whether the sandbox's own environment has it; nothing is built here."""

import asyncio
import platform
from importlib import metadata
from pathlib import Path

import pytest
from packaging.specifiers import SpecifierSet

from sandbox.azure.environments import conda_file, interpreters
from sandbox.azure.environments.conda_file import CondaFile
from sandbox.azure.environments.failures import CannotProvide
from sandbox.azure.environments.installed import check
from sandbox.azure.environments.interpreters import Interpreter
from sandbox.azure.environments.match_specs import MatchSpec

HERE = platform.python_version()


def conda(*pip: str, also: str = "") -> CondaFile:
    """Read a conda file with these pip lines and more conda packages, each in quotation marks."""
    lines = "".join(f"\n  - {line!r}" for line in pip)
    return CondaFile.read(f"dependencies:\n- pip\n{also}- pip:{lines or ' []'}\n")


def refusal(text: str) -> list[str]:
    with pytest.raises(CannotProvide) as caught:
        CondaFile.read(text)
    return caught.value.problems


@pytest.mark.parametrize(
    ("text", "requirement"),
    [
        ("numpy", "numpy"),
        ("numpy=1.26", "numpy==1.26.*"),
        ("numpy==1.26.4", "numpy==1.26.4"),
        ("numpy=1.26.*", "numpy==1.26.*"),
        ("numpy 1.26.4", "numpy==1.26.4"),
        ("numpy 1.26*", "numpy==1.26.*"),
        ("numpy=1.26.4=py310h5f9d8c6_0", "numpy==1.26.4"),
        ("numpy 1.26.4 py310_0", "numpy==1.26.4"),
        ("numpy>=1.2", "numpy>=1.2"),
        ("numpy >=1.2,<2", "numpy<2,>=1.2"),
        ("numpy>=1.2.*", "numpy>=1.2"),
        ("numpy~=1.2", "numpy~=1.2"),
        ("pip=*", "pip"),
        ("conda-forge::Scikit_Learn=1.5", "scikit-learn==1.5.*"),
        ("conda-forge/linux-64::numpy", "numpy"),
        ("numpy[version='>=1.2',build=py38]", "numpy>=1.2"),
        ("pytorch=2.1", "torch==2.1.*"),
        ("py-xgboost", "xgboost"),
        ("matplotlib-base", "matplotlib"),
    ],
)
def test_a_match_specification_as_a_requirement(text: str, requirement: str) -> None:
    spec = MatchSpec.parse(text)
    assert (spec.requirement, spec.is_python_package) == (requirement, True)


@pytest.mark.parametrize("name", ["libgcc", "libgcc-ng=12", "cudatoolkit=11.3", "_openmp_mutex", "ffmpeg", "r-base"])
def test_what_is_no_python_package(name: str) -> None:
    assert MatchSpec.parse(name).is_python_package is False


@pytest.mark.parametrize("text", ["numpy>=one", "numpy=1.2|1.3"])
def test_versions_that_pip_cannot_be_told_are_any(text: str) -> None:
    spec = MatchSpec.parse(text)
    assert (spec.requirement, spec.is_loose) == ("numpy", True)


def test_what_is_no_match_specification() -> None:
    with pytest.raises(ValueError, match=r"^'-numpy' is not a conda package$"):
        MatchSpec.parse("-numpy")


def test_comments_markers_extras_options_and_addresses_are_read() -> None:
    read = conda(
        "pandas  # frames",
        "# a comment",
        "numpy==1.26.4 ; python_version >= '3.9'",
        "azureml-dataset-runtime[fuse]",
        "--extra-index-url https://example.test/simple",
        "git+https://example.test/x@main#egg=x",
        "mine @ https://example.test/mine-1.0.zip",
        "six==1.16 --hash=sha256:00",
    )
    assert [each.text for each in read.pip] == [
        "pandas",
        "numpy==1.26.4 ; python_version >= '3.9'",
        "azureml-dataset-runtime[fuse]",
        "git+https://example.test/x@main#egg=x",
        "mine @ https://example.test/mine-1.0.zip",
        "six==1.16 --hash=sha256:00",
    ]
    assert [each.name for each in read.pip] == ["pandas", "numpy", "azureml-dataset-runtime", "", "mine", "six"]
    assert read.options == ("--extra-index-url https://example.test/simple",)
    assert read.missing_for_azure == ["azureml-core"]


def test_where_conda_and_pip_name_a_package_pips_line_counts() -> None:
    read = conda("numpy==1.26.4", also="- numpy=1.20\n- scipy\n- libgcc\n")
    assert [each.text for each in read.packages] == ["pip", "scipy"]
    assert read.left_out == ["libgcc"]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("-r requirements.txt", "'-r requirements.txt' names a file: Azure gets the conda file alone, so pip does not"),
        ("-rrequirements.txt", "'-rrequirements.txt' names a file: "),
        ("--requirement=more.txt", "'--requirement=more.txt' names a file: "),
        ("-c limits.txt", "'-c limits.txt' names a file: "),
        ("-e .", "'-e .' names a file: "),
        ("./mine-1.0.whl", "'./mine-1.0.whl' is a file: Azure gets the conda file alone, so pip does not find it."),
        ("file:///tmp/mine.zip", "'file:///tmp/mine.zip' is a file: "),
        ("numpy=1.2", "'numpy=1.2' is not a requirement that pip knows."),
    ],
)
def test_what_azure_could_not_build_is_named(line: str, problem: str) -> None:
    (found,) = refusal(f"dependencies: [pip: ['{line}']]")
    assert found.startswith(problem)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "its conda file has no list 'dependencies'."),
        ("dependencies: {}", "its conda file has no list 'dependencies'."),
        ("dependencies: [{npm: [x]}]", "its conda file has '{'npm': ['x']}' among the dependencies; allowed: names,"),
        ("dependencies: [", "its conda file is not YAML (while parsing a flow node "),
    ],
)
def test_what_is_no_conda_file(text: str, problem: str) -> None:
    (found,) = refusal(text)
    assert found.startswith(problem)


def test_all_lines_are_named_at_once() -> None:
    assert len(refusal("dependencies: [-numpy, pip: [-r a.txt, b c]]")) == 3


def test_the_examples_environment_is_the_one_that_jobs_run_in_without_an_index() -> None:
    text = Path("examples/digits/environment/conda.yaml").read_text(encoding="utf-8")
    assert check(CondaFile.read(text), interpreter="3.11.9") == []


@pytest.mark.parametrize(
    "line",
    [
        "aiohttp",
        "aiohttp>=1,<100",
        f"aiohttp=={metadata.version('aiohttp')}",
        "aiohttp[speedups]",
        "not-there==1.0 ; python_version < '3'",
        "azureml-core",
        "setuptools==1.0",
    ],
)
def test_what_is_installed_satisfies(line: str) -> None:
    assert check(conda(line)) == []


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("not-there", "'not-there' is not installed."),
        ("aiohttp<1", f"'aiohttp<1' is required, but aiohttp {metadata.version('aiohttp')} is installed."),
        (
            "x @ git+https://e.test/x",
            "'x @ git+https://e.test/x' names an address, and without a package index nothing",
        ),
    ],
)
def test_what_is_not_installed_is_named(line: str, problem: str) -> None:
    with pytest.raises(CannotProvide) as caught:
        check(conda(line))
    (found,) = caught.value.problems
    assert found.startswith(problem)


def test_mlflow_is_satisfied_by_its_code_without_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    def version(name: str) -> str:
        if name != "mlflow-skinny":
            raise metadata.PackageNotFoundError(name)
        return "2.22.2"

    monkeypatch.setattr(metadata, "version", version)
    assert check(conda("mlflow==2.22.2")) == []
    with pytest.raises(CannotProvide, match=r"'mlflow==2\.7' is required, but mlflow 2\.22\.2 is installed\."):
        check(conda("mlflow==2.7"))


@pytest.mark.parametrize(
    ("python", "interpreter", "differs"),
    [
        ("python=3.11", "3.12.1", True),
        ("conda-forge::python=3.11.4", "3.13.0", True),
        ("python==3.1", "3.11.7", True),
        ("python=3.11", "3.11.7", False),
        ("python=3.11.4", "3.11.7", False),
        ("python>=3.9", "3.12.1", False),
        ("python", "3.12.1", False),
    ],
)
def test_another_python_is_remarked_on_and_fails_nothing(python: str, interpreter: str, *, differs: bool) -> None:
    remark = f"'{python}' is required, but jobs here run on Python {interpreter}: results may differ"
    assert check(conda(also=f"- {python}\n"), interpreter=interpreter) == ([remark] if differs else [])


def test_conda_packages_that_are_not_here_are_remarked_on() -> None:
    assert check(conda(also="- conda-forge::libgomp=13.2\n- not-there\n")) == [
        "conda package 'not-there' is not installed here: not checked",
        "conda package 'libgomp' is not a Python package: left out",
    ]


def pythons(*versions: str) -> list[Interpreter]:
    return [Interpreter(each, Path(each)) for each in versions]


@pytest.mark.parametrize(
    ("asked", "chosen"),
    [
        ("==3.10.*", "3.10.13"),
        ("==3.8.5", "3.8.18"),
        ("==3.8.5.*", "3.8.18"),
        (">=3.9", "3.13.0"),
        (">=3.9,<3.12", "3.10.13"),
        ("", "3.13.0"),
        ("==3.11.*", None),
    ],
)
def test_the_python_that_fits(asked: str, chosen: str | None) -> None:
    found = interpreters.matching(SpecifierSet(asked), pythons("3.13.0", "3.10.13", "3.8.18"))
    assert (found and found.version) == chosen


@pytest.mark.parametrize(
    ("asked", "chosen"),
    [
        ("==3.9.*", "3.10.13"),
        ("==3.7.*", "3.8.18"),
        ("<3", "3.8.18"),
        ("<3.12,>=3.11", "3.10.13"),
        ("<3.10,!=3.8.18,>=3.8", "3.8.18"),
    ],
)
def test_the_nearest_python_stands_in(asked: str, chosen: str) -> None:
    assert interpreters.nearest(SpecifierSet(asked), pythons("3.13.0", "3.10.13", "3.8.18")).version == chosen


def test_a_python_that_is_not_allowed_is_not_downloaded(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    async def run_uv(*arguments: str) -> str:
        asked.append(arguments[-1])
        return "/python"

    monkeypatch.setattr(interpreters, "run_uv", run_uv)
    assert asyncio.run(interpreters.download(SpecifierSet("<3.9"))) is None
    assert asyncio.run(interpreters.download(SpecifierSet("<3.12,>=3.9"))) == Interpreter("3.9", Path("/python"))
    assert asked == ["3.9", "3.9"]


def test_azures_packages_are_the_documented_ones() -> None:
    assert conda_file.AZURES_OWN == ("azureml-core", "azureml-dataset-runtime")
