"""What the program declares, recorded instead of deployed.

Pulumi's mocks stay installed for the whole process, do no autonaming and run no hooks. So one recorder is installed
and emptied before each test, and it makes up names and ids the way Azure does.
"""

import asyncio
import contextlib
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import grpc
import pulumi
from pulumi.runtime.mocks import MockCallArgs, MockMonitor, MockResourceArgs, Mocks

SUBSCRIPTION = "00000000-0000-0000-0000-000000000001"
TENANT = "00000000-0000-0000-0000-000000000002"
DEPLOYER = "00000000-0000-0000-0000-000000000003"

_OUTPUTS: dict[str, dict[str, Any]] = {
    "azure-native:machinelearningservices:BatchEndpoint": {
        "azureApiVersion": "2025-12-01",
        "systemData": {"createdAt": "2026-01-02T03:04:05Z"},
    },
    "azure-native:machinelearningservices:Workspace": {"workspaceId": "0123-guid"},
    "azure-native:applicationinsights:Component": {"instrumentationKey": "key", "connectionString": "key=key"},
}


class Refusal(grpc.RpcError):
    """How the engine answers a function that fails."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._text = text

    def code(self) -> grpc.StatusCode:
        """Return the status that the engine uses for it."""
        return grpc.StatusCode.UNKNOWN

    def details(self) -> str:
        """Return the text."""
        return self._text


class Recorder(Mocks):
    """Answers every registration, and keeps it."""

    def __init__(self) -> None:
        self.resources: list[MockResourceArgs] = []
        self.requests: dict[str, Any] = {}
        self.answers: dict[str, dict[str, Any] | Refusal] = {}

    def new_resource(self, args: MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        """Record a resource and answer with made-up outputs."""
        self.resources.append(args)
        outputs = {**args.inputs, **_OUTPUTS.get(args.typ, {}), "name": f"{args.name}-physical"}
        if args.typ.endswith(":UserAssignedIdentity"):
            outputs["principalId"] = f"{args.name}-principal"
        if args.typ.endswith(":BatchEndpoint") and args.typ.startswith("azure-native"):
            read = {"scoringUri": "https://scoring/jobs", "defaults": {"deploymentName": "mlp-refreshed"}}
            outputs["properties"] = {**args.inputs["properties"], **read}
        if "identity" in args.inputs:  # goes in as a list, comes back as a map
            ids = args.inputs["identity"].get("userAssignedIdentities", [])
            outputs["identity"] = {**args.inputs["identity"], "userAssignedIdentities": {each: {} for each in ids}}
            outputs["identity"]["principalId"] = f"{args.name}-principal"
        return f"/{args.typ.rpartition(':')[2]}/{args.name}", outputs

    def call(self, args: MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]] | None]:
        """Answer the two invokes that every program makes, and those that a test has put into `answers`."""
        if args.token in self.answers:
            answer = self.answers[args.token]
            if isinstance(answer, Refusal):
                raise answer
            return answer, []
        if args.token == "azure-native:authorization:getClientToken":
            return {"token": "a-token"}, []
        assert args.token == "azure-native:authorization:getClientConfig"
        client = {"clientId": "", "objectId": DEPLOYER, "subscriptionId": SUBSCRIPTION, "tenantId": TENANT}
        return client, []

    def declared(self) -> list[tuple[str, str]]:
        """Type and logical name of everything declared, sorted."""
        return sorted((each.typ, each.name) for each in self.resources)

    def inputs(self, kind: str, name: str | None = None) -> dict[str, Any]:
        """Inputs of the one resource whose type ends in `kind` (and that is called `name`)."""
        found = [
            dict(each.inputs)
            for each in self.resources
            if each.typ.endswith(f":{kind}") and each.typ.startswith("azure-native") and name in {None, each.name}
        ]
        assert len(found) == 1, f"{len(found)} resources are a {kind} called {name}"
        return found[0]

    def request(self, kind: str, name: str) -> Any:
        """The whole registration of an Azure resource, its options included; see `RegisterResourceRequest`."""
        (found,) = [
            each
            for each in self.requests.values()
            if each.type.startswith("azure-native") and each.type.endswith(f":{kind}") and each.name == name
        ]
        return found

    def grants(self) -> set[tuple[str, str, str, str]]:
        """Every role assignment: principal, its type, role id, scope."""
        return {
            (
                each.inputs["principalId"],
                each.inputs["principalType"],
                each.inputs["roleDefinitionId"].rpartition("/")[2],
                each.inputs["scope"],
            )
            for each in self.resources
            if each.typ == "azure-native:authorization:RoleAssignment"
        }


class NamedHook(pulumi.ResourceHook):
    """A hook that is registered nowhere: Pulumi's mocks have no place for hooks."""

    def __init__(self, name: str, func: Any, opts: pulumi.ResourceHookOptions | None = None) -> None:
        self.name, self.callback, self.opts = name, func, opts
        self._registered = asyncio.get_event_loop().create_future()
        self._registered.set_result(None)


class RecordingMonitor(MockMonitor):
    """Keeps the whole of each registration: what the mocks themselves are shown has no resource options."""

    def __init__(self, recorder: Recorder) -> None:
        super().__init__(recorder)
        self.recorder = recorder

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802 - the base class's name
        """Keep the request, then do what the base class does."""
        self.recorder.requests[f"{request.type}::{request.name}"] = request
        with _own_loop_closed():
            return super().RegisterResource(request)  # type: ignore[no-untyped-call]

    def Invoke(self, request: Any) -> Any:  # noqa: N802 - the base class's name
        """Do what the base class does."""
        with _own_loop_closed():
            return super().Invoke(request)  # type: ignore[no-untyped-call]


@contextlib.contextmanager
def _own_loop_closed() -> Iterator[None]:
    """Close the event loop that the mocks make for a thread of the executor and leave open."""
    try:
        yield
    finally:
        if threading.current_thread() is not threading.main_thread():
            with contextlib.suppress(RuntimeError):  # it needed none
                asyncio.get_event_loop().close()
            asyncio.set_event_loop(None)


_RECORDER = Recorder()


def recorded(
    declare: Callable[[], object], stack: str = "dev", answers: Mapping[str, dict[str, Any] | Refusal] | None = None
) -> Recorder:
    """Run a piece of a program, wait until everything in it is registered, and return what was.

    `answers` are results of functions by their tokens, or what they raise.
    """
    _RECORDER.resources.clear()
    _RECORDER.requests.clear()
    _RECORDER.answers = dict(answers or {})
    pulumi.runtime.set_mocks(
        _RECORDER,
        project="azureml-batch-endpoint",
        stack=stack,
        organization="organization",
        preview=False,
        monitor=RecordingMonitor(_RECORDER),
    )

    @pulumi.runtime.test  # type: ignore[untyped-decorator]
    def run() -> None:
        declare()

    run()
    return _RECORDER
