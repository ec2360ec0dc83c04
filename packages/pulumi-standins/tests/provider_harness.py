"""What the provider tests share: a small server that stands for ARM and Entra, and the provider behind real gRPC."""

import asyncio
import base64
import contextlib
import copy
import json
import re
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import grpc
from aiohttp import web
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc, status_pb2

from pulumi_standins.azure_native.engine import Engine
from pulumi_standins.azure_native.server import make_server
from pulumi_standins.azure_native.servicer import Provider
from pulumi_standins.azure_native.values import decode, encode

T = TypeVar("T")
SUBSCRIPTION = "11111111-1111-1111-1111-111111111111"
TENANT = "22222222-2222-2222-2222-222222222222"
CLIENT = "33333333-3333-3333-3333-333333333333"
OBJECT = "44444444-4444-4444-4444-444444444444"
GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/g"
WORKSPACE = f"{GROUP}/providers/Microsoft.MachineLearningServices/workspaces/w-1"
LOGIN = {"clientId": CLIENT, "tenantId": TENANT, "subscriptionId": SUBSCRIPTION, "clientSecret": "s3cret"}

# Resources that several tests make.
ENDPOINT = "machinelearningservices:BatchEndpoint"
ENDPOINT_ID = f"{WORKSPACE}/batchEndpoints/e-1"
ENDPOINT_INPUTS: dict[str, Any] = {
    "resourceGroupName": "g",
    "workspaceName": "w-1",
    "endpointName": "e-1",
    "location": "westeurope",
    "properties": {"authMode": "AADToken"},
    "azureApiVersion": "2025-12-01",
}
COMPUTE = "machinelearningservices:Compute"
STORE = "storage:StorageAccount"
STORE_ID = f"{GROUP}/providers/Microsoft.Storage/storageAccounts/store1"
STORE_INPUTS: dict[str, Any] = {
    "resourceGroupName": "g",
    "accountName": "store1",
    "kind": "StorageV2",
    "location": "westeurope",
    "sku": {"name": "Standard_LRS"},
}
VAULT = "keyvault:Vault"
VAULT_ID = f"{GROUP}/providers/Microsoft.KeyVault/vaults/v-1"
VAULT_INPUTS: dict[str, Any] = {
    "resourceGroupName": "g",
    "vaultName": "v-1",
    "location": "westeurope",
    "properties": {"tenantId": "t", "sku": {"family": "A", "name": "standard"}},
}
ROLE = "authorization:RoleAssignment"
ROLE_ID = f"{STORE_ID}/providers/Microsoft.Authorization/roleAssignments/r-1"


@dataclass(frozen=True)
class Sent:
    """One request that the server saw."""

    method: str
    path: str
    query: Mapping[str, str]
    body: Any
    headers: Mapping[str, str] = field(repr=False, default_factory=dict)


@dataclass(frozen=True)
class Scripted:
    """One answer to give instead of the server's own; `drop` closes the connection instead."""

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    drop: bool = False
    hang: bool = False


class FakeArm:
    """Keeps what is PUT, answers it to GETs, and follows a script where there is one."""

    def __init__(self) -> None:
        self.resources: dict[str, Any] = {}
        self.sent: list[Sent] = []
        self.tokens: list[Mapping[str, str]] = []
        self.address = ""
        self.fill: Callable[[str, dict[str, Any]], None] = lambda _path, _body: None
        self.hung = asyncio.Event()
        self._script: list[tuple[str, re.Pattern[str], deque[Scripted]]] = []

    def script(self, method: str, pattern: str, *answers: Scripted) -> None:
        """Give these answers, one each, to requests of that method whose path has the pattern."""
        self._script.append((method, re.compile(pattern, re.IGNORECASE), deque(answers)))

    def seen(self, method: str, pattern: str = "") -> list[Sent]:
        """The requests of a method so far whose path has the pattern."""
        return [sent for sent in self.sent if sent.method == method and re.search(pattern, sent.path, re.IGNORECASE)]

    async def answer(self, request: web.Request) -> web.StreamResponse:
        if request.path.endswith("/oauth2/v2.0/token"):
            return await self._token(request)
        content = await request.read()
        body = json.loads(content) if content else None
        sent = Sent(request.method, request.path, dict(request.query), body, dict(request.headers))
        self.sent.append(sent)
        for method, pattern, answers in self._script:
            if method == request.method and pattern.search(request.path) and answers:
                return await self._scripted(request, answers.popleft())
        return self._stored(sent)

    async def _scripted(self, request: web.Request, scripted: Scripted) -> web.StreamResponse:
        if scripted.hang:
            self.hung.set()
            await asyncio.Event().wait()
        if scripted.drop:
            assert request.transport is not None
            request.transport.close()
            return web.Response()
        headers = {name: value.replace("{address}", self.address) for name, value in scripted.headers.items()}
        if isinstance(scripted.body, str):
            return web.Response(status=scripted.status, text=scripted.body, headers=headers)
        body = None if scripted.body is None else json.dumps(scripted.body).encode()
        return web.Response(status=scripted.status, body=body, headers=headers, content_type="application/json")

    def _stored(self, sent: Sent) -> web.Response:
        key = sent.path.lower()
        if sent.method in {"PUT", "PATCH"}:
            before = key in self.resources
            stored = {
                "id": sent.path,
                "name": sent.path.rpartition("/")[2],
                "type": "t/t",
                **copy.deepcopy(sent.body or {}),
            }
            self.fill(sent.path, stored)
            self.resources[key] = stored
            return web.json_response(stored, status=200 if before else 201)
        if sent.method == "DELETE":
            return web.Response(status=200 if self.resources.pop(key, None) else 204)
        if key in self.resources:
            return web.json_response(self.resources[key])
        error = {"error": {"code": "ResourceNotFound", "message": f"'{sent.path}' was not found."}}
        return web.json_response(error, status=404)

    async def _token(self, request: web.Request) -> web.Response:
        form = {name: str(value) for name, value in (await request.post()).items()}
        self.tokens.append(form)
        if "client_assertion" not in form and form["client_secret"] != LOGIN["clientSecret"]:
            text = "AADSTS7000215: Invalid client secret provided."
            return web.json_response({"error": "invalid_client", "error_description": text}, status=401)
        claims = (
            base64.urlsafe_b64encode(json.dumps({"oid": OBJECT, "aud": form["scope"]}).encode()).decode().rstrip("=")
        )
        return web.json_response({"access_token": f"e30.{claims}.", "expires_in": 3600, "token_type": "Bearer"})


class RefusedCallError(Exception):
    """A call that the provider refused: its text, and the detail of a resource that is not ready."""

    def __init__(self, error: grpc.aio.AioRpcError) -> None:
        super().__init__(error.details())
        self.text = error.details() or ""
        self.not_ready: provider_pb2.ErrorResourceInitFailed | None = None
        for key, value in error.trailing_metadata() or ():
            if key == "grpc-status-details-bin":
                status = status_pb2.Status.FromString(value)  # type: ignore[arg-type]
                self.not_ready = provider_pb2.ErrorResourceInitFailed()
                assert status.details[0].Unpack(self.not_ready)


@dataclass
class Engine2Provider:
    """The engine's side: calls with plain dicts, and the server that stands for Azure."""

    stub: Any
    arm: FakeArm

    async def call(self, name: str, request: Any) -> Any:
        try:
            return await getattr(self.stub, name)(request)
        except grpc.aio.AioRpcError as error:
            raise RefusedCallError(error) from None

    async def configure(self, config: Mapping[str, str] | None = None, **request: Any) -> Any:
        flags = {"sends_old_inputs": True, "sends_old_inputs_to_delete": True, **request}
        args = encode(LOGIN if config is None else config)
        return await self.call("Configure", provider_pb2.ConfigureRequest(args=args, **flags))

    async def check(
        self, token: str, news: Mapping[str, Any], olds: Mapping[str, Any] | None = None, **request: Any
    ) -> tuple[dict[str, Any], list[str]]:
        made = provider_pb2.CheckRequest(urn=urn(token), news=encode(news), olds=encode(olds or {}), **request)
        answer = await self.call("Check", made)
        return decode(answer.inputs), [failure.reason for failure in answer.failures]

    async def create(
        self, token: str, inputs: Mapping[str, Any], *, preview: bool = False, seconds: float = 0
    ) -> tuple[str, dict[str, Any]]:
        properties = encode(inputs)
        request = provider_pb2.CreateRequest(urn=urn(token), properties=properties, preview=preview, timeout=seconds)
        answer = await self.call("Create", request)
        return answer.id, decode(answer.properties)

    async def update(
        self,
        token: str,
        arm_id: str,
        old: Mapping[str, Any],
        new: Mapping[str, Any],
        state: Mapping[str, Any] | None = None,
        *,
        preview: bool = False,
    ) -> dict[str, Any]:
        request = provider_pb2.UpdateRequest(
            urn=urn(token),
            id=arm_id,
            olds=encode(state or {}),
            news=encode(new),
            old_inputs=encode(old),
            preview=preview,
        )
        return decode((await self.call("Update", request)).properties)

    async def read(
        self, token: str, arm_id: str, state: Mapping[str, Any] | None = None, inputs: Mapping[str, Any] | None = None
    ) -> tuple[str, dict[str, Any], dict[str, Any]]:
        request = provider_pb2.ReadRequest(urn=urn(token), id=arm_id, properties=encode(state or {}))
        if inputs is not None:
            request.inputs.CopyFrom(encode(inputs))
        answer = await self.call("Read", request)
        return answer.id, decode(answer.properties), decode(answer.inputs)

    async def delete(self, token: str, arm_id: str) -> None:
        await self.call("Delete", provider_pb2.DeleteRequest(urn=urn(token), id=arm_id))

    async def invoke(self, token: str, args: Mapping[str, Any] | None = None) -> dict[str, Any]:
        request = provider_pb2.InvokeRequest(tok=f"azure-native:{token}", args=encode(args or {}))
        return decode(getattr(await self.call("Invoke", request), "return"))


def urn(token: str, name: str = "thing") -> str:
    """The URN of a resource called `thing` below a component."""
    return f"urn:pulumi:dev::project::comp:index:Comp$azure-native:{token}::{name}"


@contextlib.asynccontextmanager
async def running(*, configured: bool = True) -> AsyncIterator[Engine2Provider]:
    """The provider behind a real gRPC server, in front of a fake Azure."""
    arm = FakeArm()
    application = web.Application()
    application.router.add_route("*", "/{tail:.*}", arm.answer)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    arm.address = f"http://{host}:{port}"
    provider = Provider(Engine(), endpoint=arm.address, authority=arm.address)
    server, grpc_port = make_server(provider)
    await server.start()
    try:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{grpc_port}") as channel:
            engine = Engine2Provider(provider_pb2_grpc.ResourceProviderStub(channel), arm)
            if configured:
                await engine.configure()
            yield engine
    finally:
        await server.stop(grace=0)
        await provider.close()
        await runner.cleanup()


def play(scenario: Callable[[Engine2Provider], Coroutine[Any, Any, T]], *, configured: bool = True) -> T:
    """Run one scenario against its own provider."""

    async def whole() -> T:
        async with running(configured=configured) as engine:
            return await scenario(engine)

    return asyncio.run(asyncio.wait_for(whole(), 60))


async def refused(work: Awaitable[Any]) -> RefusedCallError:
    """The refusal of a call that must be refused."""
    try:
        await work
    except RefusedCallError as failure:
        return failure
    raise AssertionError("the call was not refused")
