"""A language host that does what the official one does wherever the two that we know differ.

Started as `python host.py ENGINE_ADDRESS`. What it does by rule, and the stand-in of packages/pulumi-standins does not:

- the program runs in its own exec script, started with flags (program.py);
- it continues when the engine is killed, until its next check of the engine;
- SIGINT reaches program and policy pack as it is, and so shows a traceback;
- any exit code but 0 and 32 is a separate error, which the engine shows as "an unhandled error occurred".

Source of these rules: https://github.com/pulumi/pulumi, sdk/python/cmd/pulumi-language-python/main.go, read in version
3.259. Whatever the two hosts do alike is the stand-in's, above all how an environment is found and described.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
from pulumi.runtime.proto import language_pb2, language_pb2_grpc

from pulumi_standins.language_python import environment
from pulumi_standins.language_python.service import LanguageHost

ASKS_AFTER_ENGINE_SECONDS = 300
GRACE_SECONDS = 5
SHOWN = 32
"""Exit code of a program that has already said what is wrong."""
PROGRAM = Path(__file__).with_name("program.py")


class OfficialLike(LanguageHost):
    """Runs programs and policy packs as child processes that nothing protects."""

    def __init__(self, engine: str) -> None:
        super().__init__(engine)
        self._programs: list[subprocess.Popen[bytes]] = []

    def Run(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        """Run the program; it is interrupted when the call ends before it does, as it does when the engine dies."""
        flags = {
            "monitor": request.monitor_address,
            "engine": self._engine,
            "project": request.project,
            "root_directory": request.info.root_directory,
            "stack": request.stack,
            "pwd": request.pwd,
            "dry_run": json.dumps(request.dryRun),
            "parallel": str(request.parallel),
            "organization": request.organization,
        }
        python = str(environment.find(request.info).python)
        given = [part for name, value in flags.items() if value for part in (f"--{name}", value)]
        variables = {
            "PULUMI_CONFIG": json.dumps(dict(request.config)),
            "PULUMI_CONFIG_SECRET_KEYS": json.dumps(list(request.configSecretKeys)),
        }
        command = [python, str(PROGRAM), *given, request.info.entry_point, *request.args]
        program = subprocess.Popen(command, env={**os.environ, **variables})
        self._programs.append(program)
        if not context.add_callback(lambda: _interrupt(program)):
            _interrupt(program)
        code = program.wait()
        if code in (0, SHOWN):
            return language_pb2.RunResponse(bail=code == SHOWN)
        # A signal's number is not an exit code, and is reported as -1.
        return language_pb2.RunResponse(error=f"program exited with non-zero exit code: {max(code, -1)}")

    def RunPlugin(self, request: Any, context: grpc.ServicerContext) -> Iterator[Any]:  # noqa: N802
        """Run a policy pack and pass on what it prints, then its exit code."""
        folder = request.info.program_directory
        command = [str(environment.find(request.info).python), "-u", "-m", "pulumi.policy", *request.args, folder]
        variables = dict(line.split("=", 1) for line in request.env) or dict(os.environ)
        with subprocess.Popen(
            command, cwd=folder, env=variables, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        ) as pack:
            context.add_callback(pack.kill)
            assert pack.stdout is not None
            while data := os.read(pack.stdout.fileno(), 65536):
                yield language_pb2.RunPluginResponse(stdout=data)
            yield language_pb2.RunPluginResponse(exitcode=pack.wait())

    def stop(self) -> None:
        """Interrupt what runs: the engine asks for it on the first Ctrl-C."""
        for program in self._programs:
            _interrupt(program)


def _interrupt(program: "subprocess.Popen[bytes]") -> None:
    """Send SIGINT if it still runs, and SIGKILL if it does not go."""
    if program.poll() is None:
        program.send_signal(signal.SIGINT)
        late = threading.Timer(GRACE_SECONDS, program.kill)
        late.daemon = True
        late.start()


def _outlive(engine: str, over: threading.Event) -> None:
    """Return when a signal came, or when the engine was gone at a check, every few minutes."""
    place, _, port = engine.rpartition(":")
    while not over.wait(ASKS_AFTER_ENGINE_SECONDS):
        try:
            socket.create_connection((place, int(port)), timeout=5).close()
        except OSError:
            return


def main() -> None:
    """Print the port as the first line of stdout, and serve."""
    over = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: over.set())
    server = grpc.server(ThreadPoolExecutor(max_workers=64))
    language_pb2_grpc.add_LanguageRuntimeServicer_to_server(OfficialLike(sys.argv[-1]), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    _outlive(sys.argv[-1], over)
    os._exit(0)


if __name__ == "__main__":
    main()
