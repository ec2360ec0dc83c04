"""The emulator without its checkout: copied alone, as a wheel, installed from an index; with the README's own examples.

Says nothing about what else the services answer.
"""

import os
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from wheels import build, call, contents, environment, install, licence, sources

PACKAGE = Path(__file__).resolve().parents[1]
README = (PACKAGE / "README.md").read_text(encoding="utf-8")
INSTALL = re.findall(r"```sh\n(.*?)```", README, re.DOTALL)[0].splitlines()
SCRIPT, CONFTEST, TEST = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
JOB = """
from pathlib import Path
from job_bench import JobBench
script = '''
import pandas
try:
    import sandbox
except ModuleNotFoundError as error:
    refusal = error
def init(): pass
def run(mini_batch): return [f"{pandas.DataFrame({'n': [6, 7]})['n'].prod()} {refusal}"]
'''
bench = JobBench(Path("bench"))
done = bench.run(bench.request(script, 1))
bench.close()
print(done.parent.status, done.parent.error, done.output)
"""
PRINTED = re.findall(r"It prints `(.*?)`", README)[0]


@pytest.fixture
def empty(tmp_path: Path) -> Path:
    """An empty folder with the README's script, outside any checkout, and an empty home folder beside it."""
    folder = tmp_path / "empty"
    folder.mkdir()
    (tmp_path / "home").mkdir()
    (folder / "my_sdk_script.py").write_text(SCRIPT, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(PACKAGE, tmp_path_factory.mktemp("wheel"))


@pytest.fixture
def installed(wheel: Path, empty: Path) -> Iterator[Path]:
    """The Python of a new environment that holds the wheel and sees the packages that run this test."""
    python = install(wheel, empty.parent / "venv")
    yield python
    call(empty, environment(empty.parent / "home"), python, "-m", "sandbox", "stop")


def test_the_wheel_holds_the_data_files_and_nothing_of_the_repository(wheel: Path) -> None:
    held = contents(wheel)
    assert licence(wheel) == (PACKAGE / "LICENSE").read_text(encoding="utf-8")
    assert held == sources(PACKAGE) | {"sandbox/behaviour.md"}
    assert {Path(name).suffix for name in held} == {".py", ".json", ".md", ".html", ".css", ".js"}


def test_copied_alone_it_answers_azure_ai_ml(empty: Path) -> None:
    copy = empty.parent / "copy"
    shutil.copytree(PACKAGE / "src", copy, ignore=shutil.ignore_patterns("__pycache__"))
    env = environment(empty.parent / "home", PYTHONPATH=str(copy))
    assert call(empty, env, sys.executable, "-c", "import sandbox; print(sandbox.__path__[0])").strip() == str(
        copy / "sandbox"
    )
    try:
        printed = call(empty, env, sys.executable, "-m", "sandbox", "run", "--", "python", "my_sdk_script.py")
    finally:
        call(empty, env, sys.executable, "-m", "sandbox", "stop")
    assert printed.strip() == PRINTED
    assert sorted(each.name for each in empty.iterdir()) == [".sandbox", "my_sdk_script.py"]
    assert '"prerequisites": null' in (empty / ".sandbox" / "ports.json").read_text(encoding="utf-8")


def test_installed_from_its_wheel_it_answers_azure_ai_ml(installed: Path, empty: Path) -> None:
    env = environment(empty.parent / "home")
    place = call(empty, env, installed, "-c", "import sandbox; print(sandbox.__path__[0])").strip()
    assert Path(place).is_relative_to(empty.parent / "venv")
    printed = call(empty, env, installed, "-m", "sandbox", "run", "--", "python", "my_sdk_script.py")
    assert printed.strip() == PRINTED


def test_installed_from_its_wheel_its_jobs_have_the_packages_beside_it_and_not_it(installed: Path, empty: Path) -> None:
    env = environment(empty.parent / "home", PYTHONPATH=str(Path(__file__).parent))
    printed = call(empty, env, installed, "-c", JOB)
    assert printed == "Completed None {'predictions.csv': b\"42 No module named 'sandbox'\\n\"}\n"


def test_the_readmes_example_of_a_test_passes(installed: Path, empty: Path) -> None:
    (empty / "conftest.py").write_text(CONFTEST, encoding="utf-8")
    (empty / "test_mine.py").write_text(TEST, encoding="utf-8")
    env = environment(empty.parent / "home")
    assert "1 passed" in call(empty, env, installed, "-m", "pytest", "-q", "-p", "no:cacheprovider")


@pytest.mark.long(part="packages")
def test_installed_from_an_index_by_the_readmes_commands(empty: Path) -> None:
    home = empty.parent / "home"
    call(empty, environment(home), sys.executable, "-m", "venv", empty.parent / "venv")
    shutil.copytree(
        PACKAGE, empty / "packages" / "sandbox", ignore=shutil.ignore_patterns("__pycache__", "tests", ".*")
    )
    env = environment(home, PATH=f"{empty.parent / 'venv' / 'bin'}{os.pathsep}{os.environ['PATH']}")
    try:
        printed = call(empty, env, "sh", "-ec", "\n".join(INSTALL))
    finally:
        call(empty, env, "python", "-m", "sandbox", "stop")
    assert printed.splitlines()[-1] == PRINTED
