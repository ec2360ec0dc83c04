"""Environments that are built from conda files: once, whole or not at all; uv itself only in the long tests."""

import ast
import asyncio
import json
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest

from job_bench import CONDA, JobBench
from sandbox.azure.environments import builds, interpreters, uv_command
from sandbox.azure.environments.conda_file import CondaFile
from sandbox.azure.environments.failures import CannotProvide, NoIndex
from sandbox.azure.environments.provider import Environments, remove_drafts
from sandbox.azure.environments.uv_command import UvFailed
from sandbox.azure.jobs import worker
from sandbox.azure.jobs.request import EnvironmentSpec

OLD = "dependencies: [python=3.9, libgcc, not-on-an-index, pip: [six]]"
SAY_VERSION = """
    import platform
    def init(): pass
    def run(mini_batch): return [platform.python_version() for each in mini_batch]
"""


class Uv:
    """Stands in for uv: `fails` gives its next errors, `pythons` the versions on this machine."""

    def __init__(self) -> None:
        self.fails: list[Exception] = []
        self.pythons = ["3.11.7", "3.10.13", "3.8.18"]
        self.installed: list[str] = []

    async def __call__(
        self, *arguments: str, say: Callable[[str], None] | None = None, more_path: Iterable[Path] = ()
    ) -> str:
        del more_path
        await asyncio.sleep(0)  # as others come to their turn while uv works
        match arguments:
            case ("python", "list", *_):
                plain = {"implementation": "cpython", "variant": "default"}
                return json.dumps([plain | {"version": each, "path": f"/{each}/python"} for each in self.pythons])
            case ("python", "install", *_):
                raise UvFailed("no download")
            case ("venv", *_, place):
                python = Path(place) / "bin" / "python"
                python.parent.mkdir(parents=True)
                python.touch()
            case ("pip", "install", *_, file):
                if self.fails:
                    raise self.fails.pop(0)
                self.installed.append(Path(file).read_text(encoding="utf-8"))  # noqa: ASYNC240
                if say is not None:
                    say("Installed 1 package")
        return ""


@pytest.fixture
def uv(monkeypatch: pytest.MonkeyPatch) -> Uv:
    made = Uv()
    for module in (builds, interpreters):
        monkeypatch.setattr(module, "run_uv", made)
    monkeypatch.setattr(sys, "version_info", (3, 11, 7))
    return made


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "environments"


def wanted(folder: Path, *texts: str) -> tuple[list[Path], list[str]]:
    """Ask for environments at the same time; return their interpreters and what was said."""
    said: list[str] = []

    async def ask() -> list[Path]:
        environments = Environments(folder, lambda: True)
        return list(await asyncio.gather(*(environments.python(CondaFile.read(each), said.append) for each in texts)))

    return asyncio.run(ask()), said


def test_those_who_need_the_same_environment_wait_for_one_build(uv: Uv, folder: Path) -> None:
    text = "dependencies: [python=3.10, numpy=1.26, pip: [pandas]]"
    pythons, said = wanted(folder, text, f"# another comment\n{text}")
    assert pythons[0] == pythons[1]
    assert pythons[0].is_relative_to(folder)
    assert uv.installed == ["numpy==1.26.*\npandas\n"]
    assert said == [
        "waiting for the environment that another job builds",
        "building it with Python 3.10.13 (/3.10.13/python), once for this conda file",
        "Installed 1 package",
    ]
    assert wanted(folder, text) == ([pythons[0]], [])
    assert len(uv.installed) == 1


def test_the_nearest_python_stands_in_and_what_is_not_python_is_left_out(uv: Uv, folder: Path) -> None:
    uv.fails = [UvFailed("Because not-on-an-index was not found in the package registry and you require it")]
    _, said = wanted(folder, OLD)
    remarks = [
        "'python=3.9' is not here; Python 3.10.13 stands in: results may differ",
        "conda packages left out, because they hold no Python code: libgcc, not-on-an-index",
    ]
    assert said == [
        "'python=3.9' is not on this machine: asking uv for it",
        "building it with Python 3.10.13 (/3.10.13/python), once for this conda file",
        "conda package 'not-on-an-index' was not found in a package index: left out",
        "Installed 1 package",
        *remarks,
    ]
    assert uv.installed == ["six\n"]
    assert wanted(folder, OLD)[1] == remarks
    uv.pythons.append("3.9.18")
    assert wanted(folder, OLD)[1][0] == "building it with Python 3.9.18 (/3.9.18/python), once for this conda file"


def test_a_failed_build_leaves_nothing_and_is_tried_again(uv: Uv, folder: Path) -> None:
    uv.fails = [UvFailed("No solution found")]
    with pytest.raises(CannotProvide, match=r"^uv cannot build it: No solution found$"):
        wanted(folder, OLD)
    assert list(folder.iterdir()) == []
    assert len(wanted(folder, OLD)[0]) == 1


def test_a_killed_build_leaves_nothing_to_the_next_server(folder: Path) -> None:
    (folder / f"{builds.DRAFT}x" / "bin").mkdir(parents=True)
    remove_drafts(folder)
    assert list(folder.iterdir()) == []


def test_without_an_index_jobs_run_on_the_sandboxs_own_python(uv: Uv, folder: Path) -> None:
    uv.fails = [NoIndex("error: Request failed\n  client error (Connect)")] * 2
    pythons, said = wanted(folder, "dependencies: [pip: [aiohttp]]")
    assert pythons == [Path(sys.executable)]
    assert said[-2:] == [
        "no package index answers, so nothing is built (error: Request failed client error (Connect))",
        "set SANDBOX_OFFLINE=1 to save the attempt",
    ]
    with pytest.raises(CannotProvide, match=r"^'not-there' is not installed\. \(Without a package index, jobs run in "):
        wanted(folder, "dependencies: [pip: [not-there]]")


def test_an_environment_whose_python_is_gone_is_built_again(uv: Uv, folder: Path) -> None:
    (python,), _ = wanted(folder, "dependencies: [pip: [six]]")
    python.unlink()
    assert wanted(folder, "dependencies: [pip: [six]]")[0] == [python]
    assert len(uv.installed) == 2


def test_pips_options_reach_uv(uv: Uv, folder: Path) -> None:
    options = ["--extra-index-url https://e.test/simple", "--pre", "--trusted-host e.test", "--prefer-binary"]
    wanted(folder, f"dependencies: [pip: [six, {', '.join(options)}]]")
    assert uv.installed == ["--extra-index-url https://e.test/simple\nsix\n"]
    assert builds.options(('--find-links "here',)) == (
        ["--index-strategy", "unsafe-best-match"],
        ['--find-links "here'],
    )
    assert builds.options(tuple(options))[0] == [
        *("--prerelease", "allow", "--allow-insecure-host", "e.test", "--index-strategy", "unsafe-best-match")
    ]


def test_uv_has_the_users_settings_and_not_the_sandboxs_proxy() -> None:
    users = {"HTTPS_PROXY": "http://proxy.test", "SSL_CERT_FILE": "/mine.pem", "UV_INDEX_URL": "https://i.test"}
    assert uv_command.variables(users | {"VIRTUAL_ENV": "/venv", "SANDBOX_HOME": "/home"}) == {
        **users,
        "SANDBOX_HOME": "/home",
    }
    inside = users | {"SANDBOX_HOME": "/home", "SSL_CERT_FILE": "/home/ca.pem"}
    assert uv_command.variables(inside) == {"UV_INDEX_URL": "https://i.test", "SANDBOX_HOME": "/home"}


@pytest.mark.parametrize("file", sorted(worker.DRIVER.parent.rglob("*.py")), ids=lambda file: file.name)
def test_the_driver_is_python_3_8(file: Path) -> None:
    """Its syntax, and what a reader overlooks: dictionaries and texts learnt these in 3.9."""
    tree = ast.parse(file.read_text(encoding="utf-8"), feature_version=(3, 8))
    merges = [each for each in ast.walk(tree) if isinstance(each, ast.AugAssign) and isinstance(each.op, ast.BitOr)]
    called = {each.attr for each in ast.walk(tree) if isinstance(each, ast.Attribute)}
    assert merges == []
    assert not called & {"removeprefix", "removesuffix"}


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[JobBench]:
    bench = JobBench(tmp_path / "home", uses_index=True)
    yield bench
    bench.close()


@pytest.mark.long(part="environments")
@pytest.mark.parametrize(
    ("python", "pins", "imported"),
    [
        # The pins of Azure/azureml-examples, sdk/python/endpoints/batch/deploy-models/heart-classifier-mlflow.
        ("3.8", ["mlflow", "cloudpickle==1.6.0", "scikit-learn==1.1.2", "xgboost==1.3.3"], "sklearn xgboost mlflow"),
        # Those of MicrosoftLearning/mslearn-azure-ml, Labs/11, that decide how its model is read.
        ("3.10", ["cloudpickle==2.2.1", "numpy==1.26.4", "pandas==1.5.3", "scikit-learn==1.5.2"], "pandas sklearn"),
    ],
)
def test_a_job_runs_on_the_python_and_the_packages_of_its_conda_file(
    bench: JobBench, python: str, pins: list[str], imported: str
) -> None:
    script = f"""
        import platform, {", ".join(imported.split())}
        def init(): pass
        def run(mini_batch): return [f"{{platform.python_version()}} {{sklearn.__version__}}"]
    """
    text = f"dependencies: [python={python}, pip, pip: [{', '.join(pins)}, azureml-core]]"
    done = bench.run(bench.request(script, 1, environment=EnvironmentSpec("env", "1", "image:1", text)))
    assert (done.parent.status, done.parent.error) == ("Completed", None)
    version, sklearn = done.lines[0].split()
    assert version.rpartition(".")[0] == python
    assert f"scikit-learn=={sklearn}" in pins
    assert "Environment: Installed " in done.logs["logs/azureml/executionlogs.txt"]


@pytest.mark.long(part="environments")
def test_uvs_own_words_say_why_an_environment_cannot_be_built(bench: JobBench) -> None:
    text = CONDA + "  - numpy==1.0\n"
    done = bench.run(bench.request(SAY_VERSION, 1, environment=EnvironmentSpec("env", "1", "image:1", text)))
    assert done.error.startswith("Image build failed for environment 'env:1': uv cannot build it: ")
    assert "there is no version of numpy==1.0" in done.error
    assert done.error_code == "ImageBuildFailure"


@pytest.mark.long(part="environments")
def test_a_conda_package_that_no_index_has_is_left_out(bench: JobBench) -> None:
    text = "dependencies: [python=3.11, xorg-libxau-of-conda, six]"
    done = bench.run(bench.request(SAY_VERSION, 1, environment=EnvironmentSpec("env", "1", "image:1", text)))
    assert done.parent.status == "Completed"
    log = done.logs["logs/azureml/executionlogs.txt"]
    assert "conda package 'xorg-libxau-of-conda' was not found in a package index: left out" in log


def test_a_line_of_uvs_may_be_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("uv.find_uv_bin", lambda: sys.executable)
    said: list[str] = []
    program = "import sys; sys.stderr.write('x' * 200000)"
    asyncio.run(uv_command.run_uv("-c", program, say=said.append))
    assert said == ["x" * 200000]


@pytest.mark.parametrize("turns", range(12))
def test_a_cancelled_uv_ends(monkeypatch: pytest.MonkeyPatch, turns: int) -> None:
    """At whatever turn of the event loop it is cancelled; uv's place is taken by a program that never ends."""
    monkeypatch.setattr("uv.find_uv_bin", lambda: sys.executable)

    async def go() -> None:
        running = asyncio.ensure_future(uv_command.run_uv("-c", "import threading; threading.Event().wait()"))
        for _ in range(turns):
            await asyncio.sleep(0)
        running.cancel()
        async with asyncio.timeout(30):
            await asyncio.wait([running])
        assert running.cancelled()

    asyncio.run(go())
