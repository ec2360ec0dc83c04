"""A running sandbox for tests: its environment, its control API and an HTTP client for its hosts.

A pytest plug-in: `-p sandbox.testing`, or `pytest_plugins = ["sandbox.testing"]` in the top conftest.py, gives tests
the fixtures `sandbox`, `own_sandbox`, `in_sandbox` and `faults`.
"""

import contextlib
import os
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlencode

import pytest

from sandbox.commands import environment, lifecycle
from sandbox.commands.client import Answer, Client
from sandbox.commands.lifecycle import Running
from sandbox.home import Facts, Home

ARM = "management.azure.com"
ARM_AUDIENCE = "https://management.azure.com"
ML_AUDIENCE = "https://ml.azure.com"
STORAGE_AUDIENCE = "https://storage.azure.com"

_WAIT_SECONDS = 60

os.environ.setdefault("TQDM_DISABLE", "1")
# A test's result must not depend on a package index; a test that needs one sets it to 0.
os.environ.setdefault("SANDBOX_OFFLINE", "1")
# Read by azure-ai-ml when it is first imported, by whichever test: jobs.stream waits one second between reads.
os.environ.setdefault("AZUREML_RUN_POLLING_INTERVAL_MIN", "1")
os.environ.setdefault("AZUREML_RUN_POLLING_INTERVAL_MAX", "1")

_Answer = TypeVar("_Answer")


def awaited(answer: Callable[[], _Answer | None], what: str) -> _Answer:
    """Poll until there is an answer; fail after a minute, with ``what`` in the message."""
    deadline = time.monotonic() + _WAIT_SECONDS
    while (found := answer()) is None:
        assert time.monotonic() < deadline, f"waited {_WAIT_SECONDS} s for {what}"
    return found


@dataclass(frozen=True)
class Control:
    """Client of the control API."""

    server: Running

    def journal(self, after: int = 0) -> list[dict[str, Any]]:
        """Return journal entries above ``after``."""
        entries: list[dict[str, Any]] = self.server.control("GET", f"/journal?after={after}")
        return entries

    def work(self, after: int = 0) -> list[dict[str, Any]]:
        """Return what the services worked on, above the number ``after`` (latencies.md)."""
        entries: list[dict[str, Any]] = self.server.control("GET", f"/work?after={after}")
        return entries

    def sequence(self) -> int:
        """Return the number of the last request."""
        entries = self.journal()
        return int(entries[-1]["sequence"]) if entries else 0

    def resources(self) -> list[dict[str, Any]]:
        """Return every resource in the store, including soft-deleted ones (``deleted`` set)."""
        rows: list[dict[str, Any]] = self.server.control("GET", "/resources")
        return rows

    def fault(self, action: str, *, method: str = "", path: str = "", **more: Any) -> int:
        """Add a fault (see sandbox/edge/faults.py) and return its number."""
        body = {"action": action, "match": {"method": method, "path": path}, **more}
        return int(self.server.control("POST", "/faults", body)["id"])

    def hits(self, fault: int) -> int:
        """Return how many requests a fault has matched."""
        return next(int(each["hits"]) for each in self.server.control("GET", "/faults") if each["id"] == fault)

    def clear_faults(self) -> None:
        """Remove all faults; requests that a delay holds continue at once."""
        self.server.control("DELETE", "/faults")

    def wait(self, *, method: str = ".*", path: str = "", count: int = 1, after: int = 0, finished: bool = True) -> int:
        """Wait until ``count`` requests above ``after`` match (``finished=False``: have only arrived); return how many.

        Raises:
            ValueError: they did not arrive within a minute.
        """
        query = {"method": method, "path": path, "count": count, "after": after, "timeout": _WAIT_SECONDS}
        query["finished"] = "true" if finished else "false"
        return int(self.server.control("GET", f"/wait?{urlencode(query)}", seconds=_WAIT_SECONDS + 10)["found"])

    def token(self, principal: str = "deployer", audience: str = ARM_AUDIENCE, seconds: int = 3599) -> str:
        """Return an access token without signing in; with negative ``seconds``, an expired one."""
        query = urlencode({"principal": principal, "audience": audience, "seconds": seconds})
        return str(self.server.control("GET", f"/token?{query}")["token"])


@dataclass(frozen=True)
class Sandbox:
    """A running sandbox."""

    home: Home
    facts: Facts
    server: Running
    env: dict[str, str] = field(repr=False)

    @property
    def control(self) -> Control:
        """The control API."""
        return Control(self.server)

    @property
    def subscription(self) -> str:
        """The only subscription's id."""
        return self.facts.subscription_id

    @property
    def tenant(self) -> str:
        """The tenant's id."""
        return self.facts.tenant_id

    @property
    def location(self) -> str:
        """The region that the sandbox's own examples use."""
        return self.facts.location

    def request(self, method: str, path: str, body: Any = None, **more: Any) -> Answer:
        """Send one request through the proxy, as the deployer by default; ``more``: see ``Client.request``."""
        return Client(self.home, self.server).request(method, path, body, **more)

    def arm(self, method: str, path: str, body: Any = None, *, api_version: str, **more: Any) -> Answer:
        """Send an ARM request; ``path`` that does not begin with ``/`` is below the subscription."""
        full = path if path.startswith("/") else f"/subscriptions/{self.subscription}/{path}"
        separator = "&" if "?" in full else "?"
        return self.request(method, f"{full}{separator}api-version={api_version}", body, **more)

    def grant(self, principal: str, role: str, scope: str, condition: str = "") -> str:
        """Let the administrator assign a role (its GUID, or a custom one's id) and return the assignment's id.

        ``principal`` is the name of one of the sandbox's, or an object id. Granting twice is allowed.
        """
        account = self.facts.accounts.get(principal)
        object_id = account.principal.object_id if account else principal
        name = uuid.uuid5(uuid.NAMESPACE_URL, f"{scope}|{object_id}|{role}".lower())
        path = f"{scope}/providers/Microsoft.Authorization/roleAssignments/{name}"
        definitions = f"/subscriptions/{self.subscription}/providers/Microsoft.Authorization/roleDefinitions"
        role_id = role if "/" in role else f"{definitions}/{role}"
        properties = {"principalId": object_id, "roleDefinitionId": role_id, "principalType": "ServicePrincipal"}
        if condition:
            properties |= {"condition": condition, "conditionVersion": "2.0"}
        token = self.control.token("administrator")
        answer = self.arm("PUT", path, {"properties": properties}, api_version="2022-04-01", token=token)
        assert answer.status in (200, 201), answer.json
        return path

    def take_away(self, assignment: str) -> None:
        """Let the administrator remove an assignment that ``grant`` returned."""
        answer = self.arm("DELETE", assignment, api_version="2022-04-01", token=self.control.token("administrator"))
        assert answer.status == 200, answer.content

    def enter(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Use the sandbox's environment in this process until the test ends."""
        for name in [name for name in os.environ if name not in self.env]:
            if not name.startswith("PYTEST"):
                monkeypatch.delenv(name)
        for name, value in self.env.items():
            monkeypatch.setenv(name, value)

    def switch(self, **values: Any) -> dict[str, Any]:
        """Set switches of the running sandbox (sandbox/azure/circumstances.py) and return all."""
        now: dict[str, Any] = self.server.control("POST", "/switches", values)
        return now


@contextlib.contextmanager
def started(
    folder: Path, profile: str | None = None, prerequisites: Path | None = None, latency: str | None = None
) -> Iterator[Sandbox]:
    """Start a sandbox in ``folder`` and stop it at the end. The rest: see ``sandbox.commands.lifecycle.start``."""
    home = Home(folder)
    server = lifecycle.start(home, profile, prerequisites, latency)
    try:
        facts = home.facts()
        yield Sandbox(home, facts, server, environment.complete(home, facts, server))
    finally:
        lifecycle.stop(home)


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """A sandbox that all tests of this run share: they must not rely on each other, or leave faults behind."""
    with started(tmp_path_factory.mktemp("sandbox")) as handle:
        yield handle


@pytest.fixture
def own_sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    """A sandbox for a single test: to stop, kill, reset or fill it."""
    with started(tmp_path / "sandbox") as handle:
        yield handle


@pytest.fixture
def in_sandbox(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Sandbox:
    """Use the shared sandbox's environment in this process, so that Azure SDKs in the test use it."""
    sandbox.enter(monkeypatch)
    return sandbox


@pytest.fixture
def faults(sandbox: Sandbox) -> Iterator[Sandbox]:
    """The shared sandbox; the test's faults are removed at its end."""
    yield sandbox
    sandbox.control.clear_faults()
