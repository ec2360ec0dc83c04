"""The engine's interface: every method translates a request, passes it on and translates the answer.

The methods are the RPCs of `pulumirpc.ResourceProvider`; `server.py` binds them to their names and turns their
exceptions into a gRPC status.
"""

import functools
from typing import Any, Literal

from google.protobuf.empty_pb2 import Empty
from pulumi.runtime.proto import plugin_pb2, provider_pb2

from pulumi_standins.azure_native import checks, config, diffs, origin, schema, shapes
from pulumi_standins.azure_native.engine import Engine
from pulumi_standins.azure_native.errors import ProviderError
from pulumi_standins.azure_native.inputs import checked
from pulumi_standins.azure_native.invokes import invoke
from pulumi_standins.azure_native.names import Autonaming
from pulumi_standins.azure_native.package import package_schema
from pulumi_standins.azure_native.session import Session
from pulumi_standins.azure_native.values import decode, encode

_OLD_ENGINE = "Azure Native provider requires Pulumi CLI v3.74.0 or later"
_MODES: dict[int, Literal["propose", "enforce", "disable"]] = {0: "propose", 1: "enforce", 2: "disable"}
# Without and with a replacement.
_KINDS = {
    "add": (provider_pb2.PropertyDiff.ADD, provider_pb2.PropertyDiff.ADD_REPLACE),
    "delete": (provider_pb2.PropertyDiff.DELETE, provider_pb2.PropertyDiff.DELETE_REPLACE),
    "update": (provider_pb2.PropertyDiff.UPDATE, provider_pb2.PropertyDiff.UPDATE_REPLACE),
}


class Provider:
    """The stand-in provider. Every method raises `ProviderError` with the text for the user.

    Args:
        engine: shows warnings to the user.
        addresses: `endpoint` and `authority` instead of Azure's own, for tests.
    """

    def __init__(self, engine: Engine, **addresses: str) -> None:
        self._engine = engine
        self._addresses = addresses
        # An engine that attaches to a running provider configures it once per provider in the program.
        self._sessions: list[Session] = []

    @property
    def session(self) -> Session:
        """The session of the last `configure`."""
        if not self._sessions:
            raise ProviderError("the azure-native stand-in was called before Configure")
        return self._sessions[-1]

    async def close(self) -> None:
        """Close what `configure` opened."""
        for session in self._sessions:
            await session.close()

    async def handshake(self, request: provider_pb2.ProviderHandshakeRequest) -> Any:
        """Return the provider's features; the engine reads autonaming support here, not in Configure's answer."""
        self._engine.connect(request.engine_address)
        return provider_pb2.ProviderHandshakeResponse(supports_autonaming_configuration=True)

    async def attach(self, request: plugin_pb2.PluginAttach) -> Any:
        """Set the engine's address, if it found a running provider."""
        self._engine.connect(request.address)
        return Empty()

    async def plugin_info(self, _: Empty) -> Any:
        """Return the version of the SDK that the schema was generated from."""
        return plugin_pb2.PluginInfo(version=schema.sdk_version())

    async def get_schema(self, _: provider_pb2.GetSchemaRequest) -> Any:
        """Return the package schema of the supported types."""
        return provider_pb2.GetSchemaResponse(schema=package_schema())

    async def check_config(self, request: provider_pb2.CheckRequest) -> Any:
        """Accept the provider's inputs unchanged."""
        return provider_pb2.CheckResponse(inputs=request.news)

    async def diff_config(self, _: provider_pb2.DiffRequest) -> Any:
        """Never replace anything because the provider's settings changed."""
        return provider_pb2.DiffResponse()

    async def configure(self, request: provider_pb2.ConfigureRequest) -> Any:
        """Read the settings and open the connections; no request is sent yet."""
        if not (request.sends_old_inputs and request.sends_old_inputs_to_delete):
            raise ProviderError(_OLD_ENGINE)
        given = {name.rpartition(":")[2]: value for name, value in request.variables.items()}
        given |= {name: value for name, value in decode(request.args).items() if isinstance(value, str)}
        self._sessions.append(Session(config.read(given), **self._addresses))
        return provider_pb2.ConfigureResponse(supportsPreview=True, supports_autonaming_configuration=True)

    async def check(self, request: provider_pb2.CheckRequest) -> Any:
        """Fill in names, locations and versions; validate."""
        resource = schema.resource(schema.token_of(request.urn))
        asked = request.autonaming if request.HasField("autonaming") else None
        session = self.session
        news = await session.run(
            checked(
                resource,
                decode(request.news),
                decode(request.olds),
                logical=schema.name_of(request.urn),
                seed=request.randomSeed,
                autonaming=Autonaming(_MODES[asked.mode], asked.proposed_name) if asked else None,
                settings=session.settings,
                group_location=session.operations.group_location,
            )
        )
        failures = [provider_pb2.CheckFailure(reason=reason) for reason in checks.failures(resource, news)]
        return provider_pb2.CheckResponse(inputs=encode(news), failures=failures)

    async def diff(self, request: provider_pb2.DiffRequest) -> Any:
        """Compare old inputs with new inputs."""
        resource = schema.resource(schema.token_of(request.urn))
        state, olds = decode(request.olds), decode(request.old_inputs)
        if "azureApiVersion" not in olds and "azureApiVersion" in state:
            olds["azureApiVersion"] = state["azureApiVersion"]  # a state from before version 3
        found = diffs.difference(resource, olds, decode(request.news), state)
        detailed = {
            path: provider_pb2.PropertyDiff(kind=_KINDS[change][path in found.replaces])
            for path, change in found.changes.items()
        }
        some = bool(found.changes)
        return provider_pb2.DiffResponse(
            changes=provider_pb2.DiffResponse.DIFF_SOME if some else provider_pb2.DiffResponse.DIFF_NONE,
            diffs=list(found.changes),
            replaces=found.replaces,
            deleteBeforeReplace=found.delete_first,
            hasDetailedDiff=some,
            detailedDiff=detailed,
        )

    async def create(self, request: provider_pb2.CreateRequest) -> Any:
        """Create a resource; in a preview, return the known outputs."""
        resource = schema.resource(schema.token_of(request.urn))
        inputs = decode(request.properties)
        if request.preview:
            return provider_pb2.CreateResponse(properties=encode(shapes.preview(resource, inputs)))
        origin.announce(request.urn, inputs)
        warn = functools.partial(self._engine.warn, urn=request.urn)
        session = self.session
        arm_id, outputs = await session.run(session.operations.create(resource, inputs, warn), request.timeout)
        return provider_pb2.CreateResponse(id=arm_id, properties=encode(outputs))

    async def read(self, request: provider_pb2.ReadRequest) -> Any:
        """Read a resource for a refresh, or for an import if the engine has no inputs yet."""
        resource = schema.resource(schema.token_of(request.urn))
        state, inputs = decode(request.properties), decode(request.inputs)
        known = inputs if inputs or state else None
        session = self.session
        found = await session.run(session.operations.read(resource, request.id, state, known), request.timeout)
        if found is None:
            return provider_pb2.ReadResponse(id="")
        return provider_pb2.ReadResponse(id=found.arm_id, properties=encode(found.outputs), inputs=encode(found.inputs))

    async def update(self, request: provider_pb2.UpdateRequest) -> Any:
        """Send a resource again; in a preview only its inputs, name and location are known."""
        resource = schema.resource(schema.token_of(request.urn))
        inputs, state = decode(request.news), decode(request.olds)
        if request.preview:
            stable = {name: value for name, value in state.items() if name in {"name", "location"}}
            return provider_pb2.UpdateResponse(properties=encode(shapes.preview(resource, inputs) | stable))
        warn = functools.partial(self._engine.warn, urn=request.urn)
        session = self.session
        work = session.operations.update(resource, inputs, decode(request.old_inputs), state, warn)
        return provider_pb2.UpdateResponse(properties=encode(await session.run(work, request.timeout)))

    async def delete(self, request: provider_pb2.DeleteRequest) -> Any:
        """Delete a resource."""
        resource = schema.resource(schema.token_of(request.urn))
        session = self.session
        await session.run(session.operations.delete(resource, request.id), request.timeout)
        return Empty()

    async def invoke(self, request: provider_pb2.InvokeRequest) -> Any:
        """Call a function."""
        session = self.session
        work = invoke(
            request.tok,
            decode(request.args),
            transport=session.transport,
            login=session.login,
            settings=session.settings,
        )
        answer = provider_pb2.InvokeResponse()
        getattr(answer, "return").CopyFrom(encode(await session.run(work)))  # the field's name is a keyword
        return answer

    async def cancel(self, _: Empty) -> Any:
        """Cancel every running call: the user pressed Ctrl-C."""
        for session in self._sessions:
            session.stop()
        return Empty()
