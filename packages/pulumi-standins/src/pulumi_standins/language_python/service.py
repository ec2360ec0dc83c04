"""The gRPC service that the engine calls: `pulumirpc.LanguageRuntime`."""

import base64
import os
import queue
import subprocess
import threading
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path
from typing import IO, Any

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc, language_pb2, language_pb2_grpc, plugin_pb2

from pulumi_standins.language_python import environment as environments
from pulumi_standins.language_python.child import Child, describe
from pulumi_standins.language_python.runner import BAILED, Job

NOTICE = "the Python language host of pulumi-standins, a stand-in for the official one"


class LanguageHost(language_pb2_grpc.LanguageRuntimeServicer):
    """Run programs and policy packs for one engine."""

    def __init__(self, engine: str) -> None:
        """Serve the engine at the address `engine`."""
        self._engine = engine
        self._children: set[Child] = set()
        self._lock = threading.Lock()
        self._told = False

    def stop(self) -> None:
        """Interrupt all running children; each has five seconds to end."""
        with self._lock:
            children = list(self._children)
        for child in children:
            child.stop()

    def wait(self) -> None:
        """Return once nothing runs any more (soon after `stop`)."""
        with self._lock:
            children = list(self._children)
        for child in children:
            child.wait()

    def Handshake(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        """Keep the engine's address."""
        del context
        self._engine = request.engine_address or self._engine
        return language_pb2.LanguageHandshakeResponse()

    def GetPluginInfo(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        """Return the version of the Pulumi SDK that the host uses."""
        del request, context
        return plugin_pb2.PluginInfo(version=metadata.version("pulumi"))

    def About(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        """Answer `pulumi about`: the Python version, and that this is not the official host."""
        found = _environment(request.info, context)
        code = "import platform; print(platform.python_version())"
        ran = subprocess.run([str(found.python), "-c", code], capture_output=True, text=True, check=False)
        return language_pb2.AboutResponse(
            executable=str(found.python), version=ran.stdout.strip(), metadata={"host": NOTICE}
        )

    def GetRequiredPackages(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        """Name the provider plugins of the installed packages."""
        return language_pb2.GetRequiredPackagesResponse(
            packages=[_dependency(plugin) for plugin in _environment(request.info, context).plugins()]
        )

    def GetProgramDependencies(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        """List the installed packages, for `pulumi about`."""
        found = _environment(request.info, context).distributions(transitive=request.transitiveDependencies)
        return language_pb2.GetProgramDependenciesResponse(
            dependencies=[language_pb2.DependencyInfo(name=name, version=version) for name, version in found]
        )

    def InstallDependencies(self, request: Any, context: grpc.ServicerContext) -> Iterator[Any]:  # noqa: N802
        """Answer `pulumi install`: this host installs nothing, so say so, or fail if there is no environment."""
        found = _environment(request.info, context)
        text = f"{found.root} exists; this language host installs nothing: update its packages yourself, as with pip.\n"
        yield language_pb2.InstallDependenciesResponse(stdout=text.encode())

    def Run(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        """Run the program and return how it ended. It is stopped if the call ends first."""
        if request.attach_debugger:
            context.abort(grpc.StatusCode.UNIMPLEMENTED, _refusal("attach a debugger"))
        self._tell_once()
        found = _environment(request.info, context)
        job = Job(
            module=None,
            program=str(Path(request.info.program_directory, request.info.entry_point or ".").resolve()),
            arguments=list(request.args),
            monitor=request.monitor_address,
            engine=self._engine,
            project=request.project,
            stack=request.stack,
            organization=request.organization,
            root_directory=request.info.root_directory,
            parallel=request.parallel,
            dry_run=request.dryRun,
            config=dict(request.config),
            secret_keys=list(request.configSecretKeys),
        )
        folder = request.pwd or request.info.program_directory
        child = self._start(context, found, job, folder=folder, variables=dict(os.environ), piped=False)
        code = child.wait()
        self._forget(child)
        if code == BAILED or child.stopped:
            return language_pb2.RunResponse(bail=True)
        return language_pb2.RunResponse(error=describe(code) if code else "")

    def RunPlugin(self, request: Any, context: grpc.ServicerContext) -> Iterator[Any]:  # noqa: N802
        """Run a policy pack and pass on its output, then its exit code."""
        if request.kind != "analyzer":
            context.abort(grpc.StatusCode.UNIMPLEMENTED, _refusal(f"run plugins of kind {request.kind!r}"))
        folder = request.info.program_directory
        job = Job(
            module="pulumi.policy",
            program=folder,
            arguments=[*request.args, folder],
            monitor="",
            engine=self._engine,
            project="",
            stack="",
            organization="",
            root_directory=folder,
            parallel=0,
            dry_run=False,
            config={},
            secret_keys=[],
        )
        variables = dict(line.split("=", 1) for line in request.env) or dict(os.environ)
        found = _environment(request.info, context)
        child = self._start(context, found, job, folder=folder, variables=variables, piped=True)
        yield from _output(child)
        yield language_pb2.RunPluginResponse(exitcode=child.wait())
        self._forget(child)

    def Cancel(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        """Stop what runs: the engine calls this on the first Ctrl-C."""
        del request, context
        self.stop()
        return empty_pb2.Empty()

    def _start(self, context: grpc.ServicerContext, found: environments.Environment, job: Job, **how: Any) -> Child:
        child = Child(found, job, **how)
        with self._lock:
            self._children.add(child)
        if not context.add_callback(child.abandon):  # the call ended while the child was starting
            child.abandon()
        return child

    def _forget(self, child: Child) -> None:
        with self._lock:
            self._children.discard(child)

    def _tell_once(self) -> None:
        """Write a note to the engine's debug log, if the engine listens."""
        if self._told:
            return
        self._told = True
        with grpc.insecure_channel(self._engine) as channel:
            log = engine_pb2_grpc.EngineStub(channel)
            try:
                log.Log(engine_pb2.LogRequest(severity=engine_pb2.DEBUG, message=f"This is {NOTICE}."), timeout=1)
            except grpc.RpcError:
                return


def _environment(info: language_pb2.ProgramInfo, context: grpc.ServicerContext) -> environments.Environment:
    try:
        return environments.find(info)
    except environments.EnvironmentMissingError as error:
        context.abort(grpc.StatusCode.FAILED_PRECONDITION, str(error))
        raise AssertionError from error  # abort raises; the type checker does not know


def _dependency(plugin: environments.Plugin) -> plugin_pb2.PackageDependency:
    parameterization = None
    if plugin.parameterization:
        parameterization = plugin_pb2.PackageParameterization(
            name=plugin.parameterization["name"],
            version=plugin.parameterization["version"],
            value=base64.b64decode(plugin.parameterization["value"]),
        )
    return plugin_pb2.PackageDependency(
        name=plugin.name,
        kind="resource",
        version=plugin.version,
        server=plugin.server,
        parameterization=parameterization,
    )


def _refusal(what: str) -> str:
    return f"This language host cannot {what}: it is {NOTICE}. Install the official Pulumi CLI for that."


def _output(child: Child) -> Iterator[language_pb2.RunPluginResponse]:
    """Yield the child's output, in the order of arrival, until both streams end."""
    chunks: queue.Queue[language_pb2.RunPluginResponse | None] = queue.Queue()

    def read(stream: IO[bytes], wrap: Callable[[bytes], language_pb2.RunPluginResponse]) -> None:
        while data := os.read(stream.fileno(), 65536):
            chunks.put(wrap(data))
        chunks.put(None)

    streams = [
        (child.process.stdout, lambda data: language_pb2.RunPluginResponse(stdout=data)),
        (child.process.stderr, lambda data: language_pb2.RunPluginResponse(stderr=data)),
    ]
    for stream, wrap in streams:
        threading.Thread(target=read, args=(stream, wrap), daemon=True).start()
    open_streams = len(streams)
    while open_streams:
        chunk = chunks.get()
        if chunk is None:
            open_streams -= 1
        else:
            yield chunk
