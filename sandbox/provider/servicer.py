"""The gRPC service that the engine talks to; every method translates and hands on.

Failures of a call go back as a gRPC status with the text that the user sees; a resource that was made but is not ready
goes back with an `ErrorResourceInitFailed` detail, so that the engine keeps it in the state.
"""

import functools
import logging
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import grpc
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.empty_pb2 import Empty
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc, status_pb2

from sandbox.provider import checks, config, diffs, schema, shapes
from sandbox.provider.engine import Engine
from sandbox.provider.errors import PartialFailure, ProviderError
from sandbox.provider.inputs import checked
from sandbox.provider.invokes import invoke
from sandbox.provider.names import Autonaming
from sandbox.provider.package import package_schema
from sandbox.provider.session import Session
from sandbox.provider.values import decode, encode

log = logging.getLogger("sandbox.provider")
Context = grpc.aio.ServicerContext[Any, Any]
Answer = TypeVar("Answer")
_Method = Callable[[Any, Any, Context], Awaitable[Answer]]
_OLD_ENGINE = "Azure Native provider requires Pulumi CLI v3.74.0 or later"
_KINDS = {"add": 0, "delete": 2, "update": 4}  # PropertyDiff.Kind; the next number is the same with a replacement
_MODES = {0: "propose", 1: "enforce", 2: "disable"}


def answering(method: _Method[Answer]) -> _Method[Answer]:
    """Turn what a method raises into a gRPC status; log everything that is not our own sentence."""

    @functools.wraps(method)
    async def wrapped(self: Any, request: Any, context: Context) -> Answer:
        where = f"{method.__name__} {getattr(request, 'urn', '') or getattr(request, 'tok', '')}".strip()
        try:
            return await method(self, request, context)
        except PartialFailure as failure:
            log.warning("%s: stored as not ready: %s", where, failure)
            await _abort_partial(context, failure, request)
        except ProviderError as failure:
            log.warning("%s: %s", where, failure)
            await context.abort(grpc.StatusCode.UNKNOWN, str(failure))
        except Exception as failure:  # anything else is a defect of ours: the engine only says "exited prematurely"
            log.exception("%s failed", where)
            text = (
                f"the azure-native stand-in failed in {where}: {type(failure).__name__}: {failure} (see provider.log)"
            )
            await context.abort(grpc.StatusCode.UNKNOWN, text)
        raise AssertionError("unreachable")  # abort always raises

    return wrapped


async def _abort_partial(context: Context, failure: PartialFailure, request: Any) -> None:
    given = request.properties if isinstance(request, provider_pb2.CreateRequest) else request.news
    detail = provider_pb2.ErrorResourceInitFailed(
        id=failure.resource_id,
        properties=encode(failure.state or {}),
        reasons=[str(failure)],
        inputs=given,
    )
    packed = AnyMessage()
    packed.Pack(detail)
    code = grpc.StatusCode.UNKNOWN
    status = status_pb2.Status(code=code.value[0], message=str(failure), details=[packed])
    await context.abort(code, str(failure), (("grpc-status-details-bin", status.SerializeToString()),))


class Provider(provider_pb2_grpc.ResourceProviderServicer):
    """The stand-in provider.

    Args:
        engine: where warnings for the user go.
        addresses: `endpoint` and `authority` instead of Azure's own, for tests.
    """

    def __init__(self, engine: Engine, **addresses: str) -> None:
        self._engine = engine
        self._addresses = addresses
        self._session: Session | None = None
        self._location = ""

    @property
    def session(self) -> Session:
        """What Configure made."""
        if self._session is None:
            raise ProviderError("the azure-native stand-in was called before Configure")
        return self._session

    async def close(self) -> None:
        """Close what Configure opened."""
        if self._session is not None:
            await self._session.close()

    @answering
    async def Handshake(self, request: Any, _context: Context) -> Any:
        self._engine.connect(request.engine_address)
        return provider_pb2.ProviderHandshakeResponse(supports_autonaming_configuration=True)

    @answering
    async def Attach(self, request: Any, _context: Context) -> Any:
        self._engine.connect(request.address)
        return Empty()

    @answering
    async def GetPluginInfo(self, _request: Any, _context: Context) -> Any:
        return plugin_pb2.PluginInfo(version=schema.sdk_version())

    @answering
    async def GetSchema(self, _request: Any, _context: Context) -> Any:
        return provider_pb2.GetSchemaResponse(schema=package_schema())

    @answering
    async def CheckConfig(self, request: Any, _context: Context) -> Any:
        return provider_pb2.CheckResponse(inputs=request.news)

    @answering
    async def DiffConfig(self, _request: Any, _context: Context) -> Any:
        return provider_pb2.DiffResponse()

    @answering
    async def Configure(self, request: Any, _context: Context) -> Any:
        if not (request.sends_old_inputs and request.sends_old_inputs_to_delete):
            raise ProviderError(_OLD_ENGINE)
        given = {name.rpartition(":")[2]: value for name, value in request.variables.items()}
        given |= {name: value for name, value in decode(request.args).items() if isinstance(value, str)}
        settings = config.read(given)
        await self.close()
        self._session = Session(settings, **self._addresses)
        return provider_pb2.ConfigureResponse(supportsPreview=True, supports_autonaming_configuration=True)

    @answering
    async def Check(self, request: Any, _context: Context) -> Any:
        resource = schema.resource(schema.token_of(request.urn))
        autonaming = None
        if request.HasField("autonaming"):
            autonaming = Autonaming(_MODES[request.autonaming.mode], request.autonaming.proposed_name)  # type: ignore[arg-type]
        session = self.session
        news = await session.run(
            checked(
                resource,
                decode(request.news),
                decode(request.olds),
                logical=schema.name_of(request.urn),
                seed=request.randomSeed,
                autonaming=autonaming,
                settings=session.settings,
                group_location=session.operations.group_location,
            )
        )
        failures = [provider_pb2.CheckFailure(reason=reason) for reason in checks.failures(resource, news)]
        return provider_pb2.CheckResponse(inputs=encode(news), failures=failures)

    @answering
    async def Diff(self, request: Any, _context: Context) -> Any:
        resource = schema.resource(schema.token_of(request.urn))
        state, olds = decode(request.olds), decode(request.old_inputs)
        if "azureApiVersion" not in olds and "azureApiVersion" in state:
            olds["azureApiVersion"] = state["azureApiVersion"]  # a state from before version 3
        found = diffs.difference(resource, olds, decode(request.news), state)
        replaces = set(found.replaces)
        return provider_pb2.DiffResponse(
            changes=provider_pb2.DiffResponse.DIFF_SOME if found.changes else provider_pb2.DiffResponse.DIFF_NONE,
            diffs=list(found.changes),
            replaces=found.replaces,
            deleteBeforeReplace=found.delete_first,
            hasDetailedDiff=bool(found.changes),
            detailedDiff={
                path: provider_pb2.PropertyDiff(kind=_KINDS[change] + (path in replaces))  # type: ignore[arg-type]
                for path, change in found.changes.items()
            },
        )

    @answering
    async def Create(self, request: Any, _context: Context) -> Any:
        resource = schema.resource(schema.token_of(request.urn))
        inputs = decode(request.properties)
        if request.preview:
            return provider_pb2.CreateResponse(properties=encode(shapes.preview(resource, inputs)))
        warn = functools.partial(self._engine.warn, urn=request.urn)
        session = self.session
        arm_id, outputs = await session.run(session.operations.create(resource, inputs, warn), request.timeout)
        return provider_pb2.CreateResponse(id=arm_id, properties=encode(outputs))

    @answering
    async def Read(self, request: Any, _context: Context) -> Any:
        resource = schema.resource(schema.token_of(request.urn))
        state = decode(request.properties)
        inputs = decode(request.inputs) if request.HasField("inputs") else None
        session = self.session
        found = await session.run(
            session.operations.read(resource, request.id, state, inputs if inputs or state else None)
        )
        if found is None:
            return provider_pb2.ReadResponse(id="")
        return provider_pb2.ReadResponse(id=found.arm_id, properties=encode(found.outputs), inputs=encode(found.inputs))

    @answering
    async def Update(self, request: Any, _context: Context) -> Any:
        resource = schema.resource(schema.token_of(request.urn))
        inputs, state = decode(request.news), decode(request.olds)
        if request.preview:
            stable = {name: state[name] for name in ("name", "location") if name in state}
            return provider_pb2.UpdateResponse(properties=encode({**shapes.preview(resource, inputs), **stable}))
        warn = functools.partial(self._engine.warn, urn=request.urn)
        session = self.session
        work = session.operations.update(resource, inputs, decode(request.old_inputs), state, warn)
        return provider_pb2.UpdateResponse(properties=encode(await session.run(work, request.timeout)))

    @answering
    async def Delete(self, request: Any, _context: Context) -> Any:
        resource = schema.resource(schema.token_of(request.urn))
        session = self.session
        await session.run(session.operations.delete(resource, request.id), request.timeout)
        return Empty()

    @answering
    async def Invoke(self, request: Any, _context: Context) -> Any:
        session = self.session
        work = invoke(
            request.tok,
            decode(request.args),
            transport=session.transport,
            login=session.login,
            settings=session.settings,
        )
        return provider_pb2.InvokeResponse(**{"return": encode(await session.run(work))})

    @answering
    async def Cancel(self, _request: Any, _context: Context) -> Any:
        if self._session is not None:
            self._session.stop()
        return Empty()
