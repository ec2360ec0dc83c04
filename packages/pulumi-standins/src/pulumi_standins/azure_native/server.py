"""The gRPC server: maps RPC names to methods, and exceptions to a gRPC status.

A failure returns the text that the user sees; a resource that was created but is not ready returns an
`ErrorResourceInitFailed` detail, so that the engine keeps it in the state and updates it next time.
"""

import logging
from collections.abc import Awaitable, Callable
from typing import Any, NoReturn

import grpc
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.empty_pb2 import Empty
from pulumi.runtime.proto import plugin_pb2, provider_pb2, status_pb2

from pulumi_standins.azure_native.errors import NotReadyError, ProviderError
from pulumi_standins.azure_native.servicer import Provider
from pulumi_standins.azure_native.values import encode

log = logging.getLogger("pulumi_standins.azure_native")
Context = grpc.aio.ServicerContext[Any, Any]
_Method = Callable[[Any], Awaitable[Any]]
_SERVICE = "pulumirpc.ResourceProvider"
_GIBIBYTE = 1024**3
# Pulumi's processes accept messages of this size: a state can be larger than gRPC's 4 MiB.
_LIMITS = [("grpc.max_receive_message_length", _GIBIBYTE), ("grpc.max_send_message_length", _GIBIBYTE)]


def make_server(provider: Provider) -> tuple[grpc.aio.Server, int]:
    """A server for this provider on a free local port, not started yet, and the port."""
    server = grpc.aio.server(options=_LIMITS)
    handlers = {name: _handler(name, method, message) for name, (method, message) in _methods(provider).items()}
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(_SERVICE, handlers),))
    return server, server.add_insecure_port("127.0.0.1:0")


def _methods(provider: Provider) -> dict[str, tuple[_Method, Any]]:
    """RPC -> method and request type; every other RPC gets `unimplemented`, which the engine understands."""
    return {
        "Handshake": (provider.handshake, provider_pb2.ProviderHandshakeRequest),
        "Attach": (provider.attach, plugin_pb2.PluginAttach),
        "GetPluginInfo": (provider.plugin_info, Empty),
        "GetSchema": (provider.get_schema, provider_pb2.GetSchemaRequest),
        "CheckConfig": (provider.check_config, provider_pb2.CheckRequest),
        "DiffConfig": (provider.diff_config, provider_pb2.DiffRequest),
        "Configure": (provider.configure, provider_pb2.ConfigureRequest),
        "Check": (provider.check, provider_pb2.CheckRequest),
        "Diff": (provider.diff, provider_pb2.DiffRequest),
        "Create": (provider.create, provider_pb2.CreateRequest),
        "Read": (provider.read, provider_pb2.ReadRequest),
        "Update": (provider.update, provider_pb2.UpdateRequest),
        "Delete": (provider.delete, provider_pb2.DeleteRequest),
        "Invoke": (provider.invoke, provider_pb2.InvokeRequest),
        "Cancel": (provider.cancel, Empty),
    }


def _handler(name: str, method: _Method, message: Any) -> Any:
    async def answer(request: Any, context: Context) -> Any:
        where = f"{name} {getattr(request, 'urn', '') or getattr(request, 'tok', '')}".strip()
        try:
            return await method(request)
        except NotReadyError as failure:
            log.warning("%s: kept as not ready: %s", where, failure)
            await _abort_not_ready(context, failure, request)
        except ProviderError as failure:
            log.warning("%s: %s", where, failure)
            await _abort(context, str(failure))
        except Exception as failure:  # our own bug; without this the engine would only say "exited prematurely"
            log.exception("%s failed", where)
            await _abort(context, f"the azure-native stand-in failed in {where}: {type(failure).__name__}: {failure}")

    return grpc.unary_unary_rpc_method_handler(
        answer, request_deserializer=message.FromString, response_serializer=_serialize
    )


def _serialize(message: Any) -> bytes:
    content: bytes = message.SerializeToString()
    return content


async def _abort(context: Context, text: str, trailers: tuple[tuple[str, bytes], ...] = ()) -> NoReturn:
    await context.abort(grpc.StatusCode.UNKNOWN, text, trailers)
    raise AssertionError("abort always raises")


async def _abort_not_ready(context: Context, failure: NotReadyError, request: Any) -> NoReturn:
    """Return the id, the known outputs, the reason, and the inputs that were sent."""
    detail = provider_pb2.ErrorResourceInitFailed(
        id=failure.resource_id,
        properties=encode(failure.state or {}),
        reasons=[str(failure)],
        inputs=request.properties if isinstance(request, provider_pb2.CreateRequest) else request.news,
    )
    packed = AnyMessage()
    packed.Pack(detail)
    code: int = grpc.StatusCode.UNKNOWN.value[0]
    status = status_pb2.Status(code=code, message=str(failure), details=[packed])
    await _abort(context, str(failure), (("grpc-status-details-bin", status.SerializeToString()),))
