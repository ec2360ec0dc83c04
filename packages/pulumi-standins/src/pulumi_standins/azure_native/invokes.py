"""Functions for programs: the login, a token, `get*` (a GET) and `list*` (a POST).

Every `get<Type>` of a supported resource type works, and the `list*` functions in `_LISTS`.
"""

from collections.abc import Mapping
from typing import Any

from pulumi_standins.azure_native import schema, shapes
from pulumi_standins.azure_native.config import Settings
from pulumi_standins.azure_native.errors import ArmError, ProviderError, RefusedError
from pulumi_standins.azure_native.login import Login
from pulumi_standins.azure_native.resources import PREFIX, RESOURCES
from pulumi_standins.azure_native.transport import ENDPOINT, Transport

_CLIENT_CONFIG = "azure-native:authorization:getClientConfig"
_CLIENT_TOKEN = "azure-native:authorization:getClientToken"  # noqa: S105 - a function's name
# function -> (the resource type with the path, the action after it)
_LISTS: Mapping[str, tuple[str, str]] = {
    "azure-native:storage:listStorageAccountKeys": ("azure-native:storage:StorageAccount", "listKeys"),
    "azure-native:containerregistry:listRegistryCredentials": (
        "azure-native:containerregistry:Registry",
        "listCredentials",
    ),
    "azure-native:machinelearningservices:listWorkspaceKeys": (
        "azure-native:machinelearningservices:Workspace",
        "listKeys",
    ),
    "azure-native:machinelearningservices:listDatastoreSecrets": (
        "azure-native:machinelearningservices:Datastore",
        "listSecrets",
    ),
}


async def invoke(
    token: str, arguments: Mapping[str, Any], *, transport: Transport, login: Login, settings: Settings
) -> dict[str, Any]:
    """Call one function; return its result.

    Args:
        token: the function, for example `azure-native:authorization:getClientConfig`.
        arguments: its arguments, including the names in the ARM path.
        transport: sends the requests.
        login: the provider's login.
        settings: the provider's settings.

    Raises:
        RefusedError: the stand-in does not support the function.
        ProviderError: a name is missing, or ARM refused.
    """
    if token == _CLIENT_CONFIG:
        claims = await login.claims()
        return {
            "clientId": settings.client_id,
            "objectId": str(claims.get("oid", "")),
            "subscriptionId": settings.subscription,
            "tenantId": settings.tenant,
        }
    if token == _CLIENT_TOKEN:
        endpoint = str(arguments.get("endpoint") or ENDPOINT)
        return {"token": await login.token(f"{endpoint.rstrip('/')}/.default")}
    if token in _LISTS:
        return await _list(token, arguments, transport, settings)
    module, _, function = token.removeprefix(PREFIX).partition(":")
    wanted = f"{PREFIX}{module}:{function.removeprefix('get')}"
    if not function.startswith("get") or wanted not in RESOURCES:
        raise _unknown(token)
    resource = schema.resource(wanted)
    arm_id = _id(resource, settings, arguments)
    reply = await transport.send("GET", arm_id, version=resource.api_version)
    answer = _answer(reply.status, reply.content, arm_id, reply.json)
    return {**shapes.to_outputs(resource, answer), "id": str(answer.get("id") or arm_id)}


async def _list(token: str, arguments: Mapping[str, Any], transport: Transport, settings: Settings) -> dict[str, Any]:
    base, action = _LISTS[token]
    resource = schema.resource(base)
    target = f"{_id(resource, settings, arguments)}/{action}"
    body = {name: value for name, value in arguments.items() if name not in resource.rules.parameters}
    reply = await transport.send("POST", target, version=resource.api_version, body=body)
    return _answer(reply.status, reply.content, target, reply.json)


def _id(resource: schema.Resource, settings: Settings, arguments: Mapping[str, Any]) -> str:
    return shapes.resource_id(resource, settings.subscription, arguments)


def _answer(status: int, content: bytes, arm_id: str, read: Any) -> dict[str, Any]:
    if status not in {200, 201}:
        raise ProviderError(f"request failed {arm_id}: {ArmError(status, content)}")
    answer: dict[str, Any] = read()
    return answer


def _unknown(token: str) -> RefusedError:
    names = sorted(
        [_CLIENT_CONFIG, _CLIENT_TOKEN, *_LISTS]
        + [f"{PREFIX}{module}:get{name}" for _, module, name in (found.split(":") for found in RESOURCES)]
    )
    return RefusedError(
        f"the azure-native stand-in does not support the function {token}. It supports: "
        f"{', '.join(name.removeprefix(PREFIX) for name in names)}. Remove the call from the program, or deploy this "
        "stack to Azure with the real provider."
    )
