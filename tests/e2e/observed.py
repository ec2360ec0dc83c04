"""A sandbox as a test looks into it and meddles with it: its journal, its resources, its faults, its process."""

import json
import os
import re
import signal
import urllib.error
import urllib.request
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from components import roles
from components.roles import Role
from sandbox.commands import lifecycle
from sandbox.commands.client import Answer, Client
from sandbox.home import Facts, Home
from tests.e2e.commands import alive, command_of, until
from tests.e2e.hosts import LANGUAGE_HOST

WRITES = ("PUT", "PATCH", "POST", "DELETE")
ADMINISTRATOR = "administrator"
"""Who grants roles in the sandbox before a program has run."""


class Observed:
    """The sandbox of one SANDBOX_HOME."""

    def __init__(self, home: Path) -> None:
        self.home = home

    @property
    def server(self) -> dict[str, Any]:
        """What ``server.json`` says of the running server."""
        return dict(json.loads((self.home / "server.json").read_text(encoding="utf-8")))

    def control(self, method: str, path: str, body: object = None, seconds: float = 70) -> Any:
        """Call the sandbox's control API and return its JSON."""
        server = self.server
        request = urllib.request.Request(
            f"http://127.0.0.1:{server['controlPort']}{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {server['controlToken']}", "Content-Type": "application/json"},
        )
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=seconds) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as problem:
            with problem:
                raise AssertionError(f"{method} {path}: {problem.code} {problem.read().decode()}") from None

    def journal(self, after: int = 0) -> list[dict[str, Any]]:
        """Return the requests that the sandbox answered after a sequence number, oldest first."""
        return list(self.control("GET", f"/journal?after={after}"))

    def mark(self) -> int:
        """Return the sequence number of the last request, to ask for what comes after it."""
        entries = self.journal()
        return int(entries[-1]["sequence"]) if entries else 0

    def arm(
        self, method: str, path: str, version: str, body: object = None, principal: str = "deployer"
    ) -> dict[str, Any]:
        """Send a request to Azure Resource Manager, as a principal of the sandbox, and return the JSON answer.

        It is sent again while another operation on an endpoint is in progress.
        """
        home = Home(self.home)
        client = Client(home, lifecycle.start(home), principal)

        def sent() -> Answer | None:
            found = client.request(method, f"{path}?api-version={version}", body)
            return None if found.status == 409 and found.error[1] == "AnotherOperationInProgress" else found

        answer = until(sent, "the end of another operation")
        assert answer is not None
        assert answer.status < 400, f"{method} {path}: {answer.error}"
        return dict(answer.json or {})

    def facts(self) -> Facts:
        """Return what the sandbox is called, and who is in its directory."""
        return Home(self.home).prepare()

    def grant(self, principal_id: str, role: Role, scope: str) -> None:
        """Assign a role to an object id, as somebody does to whom the program printed what is missing."""
        subscription = self.facts().subscription_id
        path = f"{scope}/providers/Microsoft.Authorization/roleAssignments/{uuid.uuid4()}"
        properties = {
            "principalId": principal_id,
            "principalType": "ServicePrincipal",
            "roleDefinitionId": roles.definition_id(role, subscription),
        }
        self.arm("PUT", path, "2022-04-01", {"properties": properties}, principal=ADMINISTRATOR)

    def role_assignments(self) -> list[str]:
        """Return the ids of all role assignments."""
        return [each for each in self.resources() if "/roleassignments/" in each.lower()]

    def writes(self, after: int = 0) -> list[str]:
        """Return ``METHOD host/path`` of every request that could change something; sign-ins are not included."""
        return [
            f"{each['method']} {each['host']}{each['path']}"
            for each in self.journal(after)
            if each["method"] in WRITES and not _only_reads(each)
        ]

    def wait_for(self, method: str, path: str, *, count: int = 1, after: int = 0, finished: bool = True) -> None:
        """Wait until so many requests match; fail after a minute."""
        query = {"method": method, "path": path, "count": count, "after": after, "finished": str(finished).lower()}
        self.control("GET", f"/wait?{urlencode(query)}")

    def fault(self, action: str, method: str, path: str, **more: object) -> int:
        """Plant a fault (packages/sandbox/src/sandbox/edge/faults.py says which there are) and return its number."""
        return int(
            self.control("POST", "/faults", {"match": {"method": method, "path": path}, "action": action, **more})["id"]
        )

    def hits(self, fault: int) -> int:
        """Return how many requests met a fault."""
        return next(int(each["hits"]) for each in self.control("GET", "/faults") if each["id"] == fault)

    def mend(self) -> None:
        """Remove all faults."""
        self.control("DELETE", "/faults")

    def resources(self) -> list[str]:
        """Return the ids of what exists, without what is only soft-deleted."""
        return sorted(each["id"] for each in self.control("GET", "/resources") if each["deleted"] is None)

    def soft_deleted(self) -> list[str]:
        """Return the ids that still hold a name."""
        return sorted(each["id"] for each in self.control("GET", "/resources") if each["deleted"] is not None)

    def of_kind(self, kind: str) -> list[str]:
        """Return the names of live resources whose type ends so: ``batchEndpoints/deployments``."""
        pattern = re.compile("/".join(f"{part}/[^/]+" for part in kind.split("/")) + "$", re.IGNORECASE)
        return [each.rsplit("/", 1)[1] for each in self.resources() if pattern.search(each)]

    def processes(self) -> list[str]:
        """Return the command lines of this rehearsal's processes: engine, program, provider, release and what ran them.

        Not the server's, and not the language host's: the official one outlives a killed engine by minutes, idle.
        """
        commands = self._commands().values()
        return [each for each in commands if "sandbox.server" not in each and not LANGUAGE_HOST.search(each)]

    def wait_until_alone(self) -> None:
        """Wait until none of these processes is left."""
        until(lambda: not self.processes(), "the processes of the rehearsal to end")

    def kill(self, pattern: re.Pattern[str]) -> None:
        """Send SIGKILL to the one process of this rehearsal whose command line matches."""
        (found,) = [pid for pid, command in self._commands().items() if pattern.search(command)]
        os.kill(found, signal.SIGKILL)

    def kill_server(self) -> None:
        """Send SIGKILL to the sandbox's server and wait until it is gone."""
        pid = int(self.server["pid"])
        os.kill(pid, signal.SIGKILL)
        until(lambda: not alive(pid), "the server to be gone")

    def _commands(self) -> dict[int, str]:
        """Return the command lines of all processes of this rehearsal, by their ids."""
        mine = f"SANDBOX_HOME={self.home}".encode()
        found = {int(each.name): command_of(each, mine) for each in Path("/proc").iterdir() if each.name.isdigit()}
        return {pid: command for pid, command in found.items() if command}


def _only_reads(entry: Mapping[str, Any]) -> bool:
    """Return whether a POST asks for something instead of changing it."""
    asking = re.compile(
        r"/(token|listKeys|listSharedKeys|listSecrets|listAccountSas|checkNameAvailability)$", re.IGNORECASE
    )
    return entry["method"] == "POST" and asking.search(entry["path"]) is not None
