"""The real engine, the real SDKs and a separate sandbox for every test.

A first `pulumi up` takes tens of seconds. It runs once; every test that starts from a deployed stack gets a copy of
the program's folder and of the sandbox's, and so depends on no other test. When a test fails, both stay where pytest
keeps its folders, and the report ends with the command that looks into them.
"""

from collections import Counter
from collections.abc import Callable, Generator, Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.e2e.hosts import INSTALLED, environment
from tests.e2e.profiles import HARSH
from tests.e2e.rehearsal import OUTCOME, UPGRADED, Rehearsal, check_out


@pytest.fixture(name="language_host", scope="session")
def _language_host(request: pytest.FixtureRequest) -> str:
    """Return the language host that a test runs with; hosts.py has the decorators for tests that try both."""
    return str(getattr(request, "param", INSTALLED))


@pytest.fixture(name="checkouts", scope="session")
def _checkouts(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Return a factory for checkouts with a language host, created on first use."""

    @cache
    def made(language_host: str) -> Path:
        place = tmp_path_factory.mktemp("checkout")
        check_out(place / "program", environment(language_host, place / "environment"))
        return place / "program"

    return made


@pytest.fixture(name="checkout", scope="session")
def _checkout(checkouts: Callable[[str], Path], language_host: str) -> Path:
    """Return a git-clean folder with this repository's files as they are now, sharing its environment."""
    return checkouts(language_host)


@pytest.fixture(name="deployments", scope="session")
def _deployments(
    checkouts: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], Rehearsal]:
    """Return what deploys with a language host, the first time that it is asked to."""

    @cache
    def made(language_host: str) -> Rehearsal:
        place = tmp_path_factory.mktemp("deployed")
        rehearsal = Rehearsal(checkouts(language_host), place / "unused").copy_to(place)
        try:
            rehearsal.up()
        finally:
            rehearsal.stop()
        return rehearsal

    return made


@pytest.fixture(name="deployed_once", scope="session")
def _deployed_once(deployments: Callable[[str], Rehearsal], language_host: str) -> Rehearsal:
    """Return a rehearsal after one `pulumi up`, stopped: to be copied, never to be used."""
    return deployments(language_host)


@pytest.fixture(name="profile")
def _profile(request: pytest.FixtureRequest) -> str:
    """Return the sandbox's profile; profiles.py has the decorator for tests that try both."""
    return str(getattr(request, "param", HARSH))


@pytest.fixture(name="fresh")
def _fresh(checkout: Path, tmp_path: Path, profile: str) -> Iterator[Rehearsal]:
    """Return a rehearsal in which nothing was deployed."""
    rehearsal = Rehearsal(checkout, tmp_path / "unused").copy_to(tmp_path)
    if profile != HARSH:
        rehearsal.start_server(profile)
    yield rehearsal
    rehearsal.stop()


@pytest.fixture(name="deployed")
def _deployed(deployed_once: Rehearsal, tmp_path: Path, profile: str) -> Iterator[Rehearsal]:
    """Return a rehearsal of the deployed dev stack, with its server running."""
    rehearsal = deployed_once.copy_to(tmp_path)
    rehearsal.start_server(profile)
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
    """Say what the killed sandboxes led to, and what an upgrade started from.

    Reports bring it here, also from the processes that tests may run in.
    """
    counts: Counter[str] = Counter()
    for report in terminalreporter.getreports("passed"):
        properties = dict(report.user_properties)
        counts.update(properties.get(OUTCOME, {}))
        if UPGRADED in properties:
            terminalreporter.write_line(f"{UPGRADED}: {properties[UPGRADED]}")
    if counts:
        told = ", ".join(f"{count} {what}" for what, count in sorted(counts.items()))
        terminalreporter.write_line(f"{OUTCOME}: {told}")
