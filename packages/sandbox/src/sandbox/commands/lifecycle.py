"""Start, find and stop the server process of a sandbox; safe if several commands do so at once."""

import contextlib
import fcntl
import http.client
import json
import os
import select
import shutil
import signal
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sandbox.azure.arm import disk
from sandbox.commands import startup
from sandbox.commands.processes import wait_until_ended
from sandbox.home import OFFLINE, Home
from sandbox.server_record import Options, ServerRecord

_START_SECONDS = 60
_STOP_SECONDS = 15
_ANSWER_SECONDS = 10
_LOG_LINES = 15
_STATE = frozenset({"blobs", "jobs", "pulumi", "stacks", "log", "environments"})
"""What ``reset`` removes in addition to the store."""


@dataclass(frozen=True, slots=True)
class Running(ServerRecord):
    """A running server, from its record."""

    @property
    def is_outdated(self) -> bool:
        """Whether a source file of the sandbox is newer than the running server."""
        sources = Path(__file__).parents[1].rglob("*.py")
        return any(source.stat().st_mtime > self.started for source in sources)

    def control(self, method: str, path: str, body: Any = None, *, seconds: float = _ANSWER_SECONDS) -> Any:
        """Send a request to the control API and return the JSON answer.

        Raises:
            OSError: the server does not answer.
            ValueError: it refuses; the text gives the reason.
        """
        connection = http.client.HTTPConnection("127.0.0.1", self.control_port, timeout=seconds)
        try:
            headers = {"Authorization": f"Bearer {self.control_token}", "Content-Type": "application/json"}
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            response = connection.getresponse()
            answer = json.loads(response.read())
        except http.client.HTTPException as error:
            raise OSError(
                f"the sandbox's control port {self.control_port} gave an invalid answer: {error!r}"
            ) from error
        finally:
            connection.close()
        if response.status >= http.client.BAD_REQUEST:
            raise ValueError(answer.get("error", str(answer)))
        return answer


def running(home: Home) -> Running | None:
    """Return the server of this sandbox if one runs and answers."""
    server = Running.read(home.server_file)
    try:
        return server if server and server.control("GET", "/health")["pid"] == server.pid else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


@contextlib.contextmanager
def locked(home: Home, name: str) -> Iterator[None]:
    """Hold one of the sandbox's locks between processes; the kernel releases it if this process dies."""
    descriptor = os.open(home.root / f"{name}.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def start(
    home: Home, profile: str | None = None, prerequisites: Path | None = None, latency: str | None = None
) -> Running:
    """Return the running server, starting it if needed; only one of several callers starts it.

    ``profile`` (or ``SANDBOX_PROFILE``) selects the switches, ``latency`` (or ``SANDBOX_LATENCY``) the durations, which
    ``SANDBOX_TIME_SCALE`` divides, ``prerequisites`` the folder with an administrator's set-up. By default, a server
    that died restarts with its old ones, and any other with ``harsh``, ``none``, 1 and the ``prerequisites`` folder
    beside the nearest ``Pulumi.yaml``, if it exists. ``SANDBOX_OFFLINE`` counts each time.

    Raises:
        SystemExit: an option is unknown, or not the running server's; or the server did not come up.
        OSError: the disk is full.
    """
    given = startup.given(profile, prerequisites, latency)
    home.prepare()
    disk.require(home.root, left=disk.LEAST_BYTES)
    with locked(home, "start"):
        server = running(home)
        if server is None:
            # A server that died without being stopped has left its record.
            before = ServerRecord.read(home.server_file)
            server = _spawn(home, replace(startup.usual(before), **given))
    startup.refuse_others(server, given)
    with contextlib.suppress(ValueError):  # a server that is older than this code does not know it
        server.control("POST", "/switches", {"packageIndex": uses_index()})
    return server


def uses_index(environ: Mapping[str, str] = os.environ) -> bool:
    """Whether the user lets the sandbox build conda files through their package index."""
    return environ.get(OFFLINE, "") in ("", "0")


def stop(home: Home) -> bool:
    """Stop the server and wait until its process has ended; return whether one ran."""
    if not home.root.exists():
        return False
    with locked(home, "start"):
        server = running(home)
        if server is None:
            home.server_file.unlink(missing_ok=True)
            return False
        with contextlib.suppress(OSError):
            server.control("POST", "/stop")
        if not wait_until_ended(server.pid, _STOP_SECONDS):
            # It just answered with this pid, so the number still belongs to the server.
            os.kill(server.pid, signal.SIGKILL)
            wait_until_ended(server.pid, _STOP_SECONDS)
        home.server_file.unlink(missing_ok=True)
        return True


def reset(home: Home) -> None:
    """Stop the server and remove all state: resources, blobs, jobs, stacks, built environments, logs.

    Names, secrets, certificates and ports stay, so that shells with the sandbox's environment keep working.

    Raises:
        SystemExit: the folder does not belong to a sandbox.
    """
    home.facts()
    stop(home)
    with locked(home, "start"):
        for entry in home.root.iterdir():
            if entry.name in _STATE or entry.name.startswith("store.sqlite"):
                shutil.rmtree(entry) if entry.is_dir() else entry.unlink()


def _spawn(home: Home, chosen: Options) -> Running:
    """Start the server in its own session, without a parent, and wait until it is ready."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        _become_server(home, chosen, writing)
    os.close(writing)
    os.waitpid(child, 0)
    try:
        arrived, _, _ = select.select([reading], [], [], _START_SECONDS)
        is_ready = bool(arrived) and os.read(reading, 16) == b"ready"
    finally:
        os.close(reading)
    server = running(home) if is_ready else None
    if server is None:
        raise SystemExit(
            f"sandbox: the server did not start. The end of {home.logs / 'server.log'}:\n{_end_of_log(home)}"
        )
    return server


def _become_server(home: Home, chosen: Options, ready: int) -> None:
    """In the forked child: detach twice and exec the server; never returns.

    The second fork makes the server a child of init: the command of `run` must not find a child that it never started,
    and the new session keeps the terminal's Ctrl-C away from the server.
    """
    try:
        os.setsid()
        if os.fork() != 0:
            os._exit(0)
        nothing = os.open(os.devnull, os.O_RDONLY)
        log = os.open(home.logs / "server.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(nothing, 0)
        os.dup2(log, 1)
        os.dup2(log, 2)
        os.set_inheritable(ready, True)
        command = [sys.executable, "-m", "sandbox.server", "--home", str(home.root.absolute())]
        command += ["--profile", chosen.profile, "--latency", chosen.latency]
        command += ["--time-scale", str(chosen.time_scale)]
        command += ["--prerequisites", str(chosen.prerequisites)] if chosen.prerequisites else []
        os.execv(sys.executable, [*command, "--ready", str(ready)])  # noqa: S606 - no shell is wanted
    finally:
        os._exit(1)


def _end_of_log(home: Home) -> str:
    try:
        lines = (home.logs / "server.log").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return "(no log)"
    return "\n".join(lines[-_LOG_LINES:])
