"""The real engine, the real SDKs and a sandbox of their own for every test.

A first `pulumi up` takes tens of seconds. It runs once; every test that starts from a deployed stack gets a copy of
the program's folder and of the sandbox's, and so depends on no other test. When a test fails, both stay where pytest
keeps its folders, and the report ends with the command that looks into them.
"""

import shutil
import subprocess
from collections import Counter
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

from tests.e2e.rehearsal import OUTCOME, REPOSITORY, Rehearsal


@pytest.fixture(name="checkout", scope="session")
def _checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a git-clean folder with this repository's files as they are now, sharing its environment."""
    folder = tmp_path_factory.mktemp("checkout") / "program"
    folder.mkdir()
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=REPOSITORY,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    for name in listed.split("\0"):
        if (REPOSITORY / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(REPOSITORY / name, folder / name)
    (folder / ".venv").symlink_to(REPOSITORY / ".venv", target_is_directory=True)
    _git(folder, "init", "--quiet")
    # .gitignore names a folder, and here .venv is a link.
    (folder / ".git" / "info" / "exclude").write_text(".venv\n", encoding="utf-8")
    _git(folder, "add", "--all")
    _git(folder, "-c", "user.name=test", "-c", "user.email=test@example.com", "commit", "--quiet", "-m", "As it is")
    return folder


def _git(folder: Path, *arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=folder, check=True)


@pytest.fixture(name="deployed_once", scope="session")
def _deployed_once(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Rehearsal:
    """Return a rehearsal after one `pulumi up`, stopped: to be copied, never to be used."""
    place = tmp_path_factory.mktemp("deployed")
    rehearsal = Rehearsal(checkout, place / "unused").copy_to(place)
    try:
        rehearsal.up()
    finally:
        rehearsal.stop()
    return rehearsal


@pytest.fixture(name="fresh")
def _fresh(checkout: Path, tmp_path: Path) -> Iterator[Rehearsal]:
    """Return a rehearsal in which nothing was deployed."""
    rehearsal = Rehearsal(checkout, tmp_path / "unused").copy_to(tmp_path)
    yield rehearsal
    rehearsal.stop()


@pytest.fixture(name="deployed")
def _deployed(deployed_once: Rehearsal, tmp_path: Path) -> Iterator[Rehearsal]:
    """Return a rehearsal of the deployed dev stack, with its server running."""
    rehearsal = deployed_once.copy_to(tmp_path)
    rehearsal.start_server()
    yield rehearsal
    rehearsal.stop()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Say, below a failed test, how to look at what it left behind."""
    report = yield
    place = getattr(item, "funcargs", {}).get("tmp_path")
    if report.failed and place is not None:
        look = f"cd {place}/program && SANDBOX_HOME={place}/home .venv/bin/python -m sandbox run -- pulumi stack export"
        report.sections.append(("to look into it", look))
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what the killed sandboxes led to. Reports bring it here, also from the processes that tests may run in."""
    counts: Counter[str] = Counter()
    for report in terminalreporter.getreports("passed"):
        counts.update(dict(report.user_properties).get(OUTCOME, {}))
    if counts:
        told = ", ".join(f"{count} {what}" for what, count in sorted(counts.items()))
        terminalreporter.write_line(f"{OUTCOME}: {told}")
