"""One rehearsal: a copy of the program in a clean git folder, with a sandbox of its own, driven as a user drives it."""

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import urllib.error
import urllib.request
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import yaml

from components import roles
from components.roles import Role
from sandbox import lifecycle
from sandbox.client import Client
from sandbox.home import Facts, Home
from tests.e2e.commands import Done, Running, alive, command_of, until

REPOSITORY = Path(__file__).resolve().parents[2]
PROJECT = "azureml-batch-endpoint"
MARKER = "pulumi:index:Stash"
SCORED = "scored 360 of 360 images, each exactly once; 353 right (accuracy 98.1 %)"
"""What the example's committed model does with the example's images."""
WRITES = ("PUT", "PATCH", "POST", "DELETE")
ADMINISTRATOR = "administrator"
"""Who grants roles in the sandbox before a program has run."""
OUTCOME = "sandbox killed"
"""The property in which a test records what an interrupted run needed; the terminal summary counts them."""


class Rehearsal:
    """A folder with the program, a SANDBOX_HOME, and the commands that a user would type there."""

    def __init__(self, folder: Path, home: Path) -> None:
        self.folder = folder
        self.home = home
        self._runs = 0

    # Commands -------------------------------------------------------------------------------------------------------

    @property
    def environment(self) -> dict[str, str]:
        """The caller's environment without anything that names a cloud, a stack or a sandbox, and without its make."""
        foreign = ("PULUMI_", "AZURE_", "ARM_", "SANDBOX_", "MAKE", "MFLAGS", "STACK", "PYTEST")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
        # Without debug commands the engine has no --event-log.
        return kept | {
            "SANDBOX_HOME": str(self.home),
            "PULUMI_DEBUG_COMMANDS": "true",
            # The provider's retries wait 20, 60 and 120 s as the real one's do; here a thousandth of that.
            "SANDBOX_PROVIDER_TIME_SCALE": "0.001",
        }

    def start(self, *command: str, events: Path | None = None, extra: Mapping[str, str] | None = None) -> Running:
        """Start a command in the program's folder."""
        process = subprocess.Popen(
            command,
            cwd=self.folder,
            env={**self.environment, **(extra or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        return Running(command, process, events)

    def python(self, *arguments: str, extra: Mapping[str, str] | None = None) -> Done:
        """Run the program's own Python outside the sandbox's environment: ``python -m sandbox status``."""
        return self.start(".venv/bin/python", *arguments, extra=extra).wait()

    def run(self, *command: str, extra: Mapping[str, str] | None = None, principal: str = "deployer") -> Done:
        """Run a command as ``python -m sandbox run --as PRINCIPAL -- COMMAND``."""
        return self.python("-m", "sandbox", "run", "--as", principal, "--", *command, extra=extra)

    def make(self, target: str, *variables: str) -> Done:
        """Run a target of the Makefile, without its first step: the tools are those that run this test."""
        return self.start("make", target, "SET_UP=@:", *variables).wait()

    def begin(
        self, verb: str, *arguments: str, extra: Mapping[str, str] | None = None, principal: str = "deployer"
    ) -> Running:
        """Start ``pulumi VERB`` in the sandbox without waiting for it."""
        self._runs += 1
        events = self.home.parent / f"events-{self._runs}.json"
        events.unlink(missing_ok=True)
        yes = [] if verb == "preview" else ["--yes", "--skip-preview"]
        command = (
            "pulumi",
            verb,
            "--non-interactive",
            "--color",
            "never",
            "--event-log",
            str(events),
            *yes,
            *arguments,
        )
        run = (".venv/bin/python", "-m", "sandbox", "run", "--as", principal, "--")
        return self.start(*run, *command, events=events, extra=extra)

    def pulumi(
        self, verb: str, *arguments: str, extra: Mapping[str, str] | None = None, principal: str = "deployer"
    ) -> Done:
        """Run ``pulumi VERB`` (preview, up, refresh, destroy) in the sandbox; its steps are in the result."""
        return self.begin(verb, *arguments, extra=extra, principal=principal).wait()

    def up(self, *arguments: str) -> Done:
        """Run ``pulumi up`` and expect success."""
        return self.pulumi("up", *arguments).ok()

    def state(self, stack: str = "dev") -> dict[str, Any]:
        """Return a stack's deployment (``resources``, ``pending_operations``), as `pulumi stack export` shows it.

        Read from the backend's own file: a command would take a second each time.
        """
        file = self.home / "pulumi" / ".pulumi" / "stacks" / PROJECT / f"{stack}.json"
        return dict(json.loads(file.read_text(encoding="utf-8"))["checkpoint"]["latest"] or {})

    def outputs(self, stack: str = "dev") -> dict[str, Any]:
        """Return a stack's outputs."""
        found = next(each for each in self.state(stack)["resources"] if each["type"] == "pulumi:pulumi:Stack")
        return dict(found["outputs"])

    @property
    def default(self) -> str:
        """The default deployment that the stack's outputs name."""
        return str(self.outputs()["endpoints"]["digits"]["default"])

    def lost(self) -> str:
        """Return what `status` lists as made and in no stack's state."""
        return self.python("-m", "sandbox", "status", "--lost").ok().out

    def do_what_is_printed_of_the_lost(self, lost: str) -> Counter[str]:
        """Run the commands that `status` prints: import what has a fixed name, delete what has a random one."""
        done: Counter[str] = Counter()
        kept = {match[1]: match[2] for match in re.finditer(r"^  (/\S+)\n    keep it: +(.*)$", lost, re.MULTILINE)}
        for match in re.finditer(r"^  (/\S+)\n(?:    keep it: .*\n)?    delete it: +(.*)$", lost, re.MULTILINE):
            command = shlex.split(kept.get(match[1], match[2]))
            self.python(*command[1:]).ok()
            done["imported" if match[1] in kept else "deleted"] += 1
        return done

    def changed_files(self) -> str:
        """Return what ``git status`` says: empty when the checkout is clean."""
        return subprocess.run(
            ["git", "status", "--porcelain"], cwd=self.folder, check=True, capture_output=True, text=True
        ).stdout

    # The program's files --------------------------------------------------------------------------------------------

    @contextmanager
    def _stack_file(self, stack: str) -> Iterator[dict[str, Any]]:
        file = self.folder / f"Pulumi.{stack}.yaml"
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
        yield content.setdefault("config", {})
        file.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")

    def configure(self, change: Callable[[dict[str, Any]], object], stack: str = "dev") -> None:
        """Change a stack's config; keys are given without the project's namespace."""
        project = f"{PROJECT}:"
        with self._stack_file(stack) as config:
            own = {key.removeprefix(project): value for key, value in config.items() if key.startswith(project)}
            change(own)
            for key in [key for key in config if key.startswith(project)]:
                del config[key]
            config.update({project + key: value for key, value in own.items()})

    def change_one_byte_of_the_model(self) -> None:
        """Change one letter of the producer's name in the model file: other bytes, the same predictions."""
        file = self.folder / "examples" / "digits" / "model" / "model.onnx"
        before = file.read_bytes()
        at = before.index(b"onnx")
        file.write_bytes(before[:at] + bytes([before[at] + 1]) + before[at + 1 :])

    # The sandbox ----------------------------------------------------------------------------------------------------

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
        """Send one request to Azure Resource Manager, as a principal of the sandbox, and return the JSON answer."""
        home = Home(self.home)
        answer = Client(home, lifecycle.start(home), principal).request(method, f"{path}?api-version={version}", body)
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
        """Return ``METHOD host/path`` of every request that could change something; sign-ins are none."""
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
        """Plant a fault (sandbox/edge/faults.py says which there are) and return its number."""
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
        """Return the command lines of this rehearsal's processes, all but the server's."""
        mine = f"SANDBOX_HOME={self.home}".encode()
        commands = [command_of(folder, mine) for folder in Path("/proc").iterdir() if folder.name.isdigit()]
        return [each for each in commands if each and "sandbox.server" not in each]

    def kill_server(self) -> None:
        """Send SIGKILL to the sandbox's server and wait until it is gone."""
        pid = int(self.server["pid"])
        os.kill(pid, signal.SIGKILL)
        until(lambda: not alive(pid), "the server to be gone")

    def start_server(self) -> None:
        """Start the sandbox if it does not run."""
        self.python("-m", "sandbox", "start").ok()

    def stop(self) -> None:
        """Stop the sandbox; its state stays."""
        if (self.home / "server.json").exists():
            self.python("-m", "sandbox", "stop")

    # Copies ---------------------------------------------------------------------------------------------------------

    def copy_to(self, place: Path) -> "Rehearsal":
        """Copy program and sandbox, which must not be running, to a new place: a deployed stack for one test."""
        twin = Rehearsal(place / "program", place / "home")
        shutil.copytree(self.folder, twin.folder, symlinks=True)
        if self.home.exists():
            shutil.copytree(self.home, twin.home, symlinks=True)
        return twin


def _only_reads(entry: Mapping[str, Any]) -> bool:
    """Return whether a POST asks for something instead of changing it."""
    asking = re.compile(
        r"/(token|listKeys|listSharedKeys|listSecrets|listAccountSas|checkNameAvailability)$", re.IGNORECASE
    )
    return entry["method"] == "POST" and asking.search(entry["path"]) is not None
