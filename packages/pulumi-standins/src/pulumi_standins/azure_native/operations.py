"""Create, read, update and delete, as azure-native does them: full PUTs from inputs, a read after every write.

No read-modify-write: the body only has the inputs, so a PUT removes what others have set. The exceptions are
`kept_lists` and `restored` of the resource type.
"""

import asyncio
import os
from collections.abc import Awaitable, Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from pulumi_standins.azure_native import shapes
from pulumi_standins.azure_native.config import Settings
from pulumi_standins.azure_native.errors import ArmError, NotReadyError, ProviderError, StoppedError
from pulumi_standins.azure_native.members import has, refreshed, remove, set_if_absent
from pulumi_standins.azure_native.polling import follow
from pulumi_standins.azure_native.schema import Resource
from pulumi_standins.azure_native.transport import Reply, Transport

_OK = 200
_CREATED = 201
_ACCEPTED = 202
_NO_CONTENT = 204
_NOT_FOUND = 404
_GROUPS_VERSION = "2020-10-01"
# The result of a refresh if a role assignment was deleted. azure-native's read returns an error in the versions whose
# source is public; whether 3.29 still does is unknown, so `error`, the stricter reading, is the default.
_MISSING_ROLE_VARIABLE = "SANDBOX_PROVIDER_MISSING_ROLE_ASSIGNMENT"
_ROLE_ASSIGNMENT = "azure-native:authorization:RoleAssignment"

Warn = Callable[[str], Awaitable[None]]


@dataclass(frozen=True)
class Found:
    """The result of a read: the id, the outputs and the inputs for the state."""

    arm_id: str
    outputs: dict[str, Any]
    inputs: dict[str, Any]


class Operations:
    """The four operations on one subscription.

    Args:
        transport: sends the requests.
        settings: the provider's settings.
    """

    def __init__(self, transport: Transport, settings: Settings) -> None:
        self._transport = transport
        self._settings = settings
        self._locations: dict[str, str] = {}

    async def create(self, resource: Resource, inputs: Mapping[str, Any], warn: Warn) -> tuple[str, dict[str, Any]]:
        """Create a resource that must not exist yet; return its id and outputs.

        Raises:
            ProviderError: it exists, or ARM refused; nothing was created.
            NotReadyError: ARM accepted it and it failed later.
        """
        arm_id = shapes.resource_id(resource, self._settings.subscription, inputs)
        body = shapes.to_body(resource, inputs)
        await self._must_be_free(resource, arm_id)
        for path in resource.rules.kept_lists:
            set_if_absent(body, path, [])
        answer = await self._write("PUT", resource, arm_id, inputs, body)
        arm_id = str(answer.get("id") or arm_id)
        return arm_id, await self._after_write(resource, arm_id, answer, "Create", warn)

    async def update(
        self,
        resource: Resource,
        inputs: Mapping[str, Any],
        old_inputs: Mapping[str, Any],
        state: Mapping[str, Any],
        warn: Warn,
    ) -> dict[str, Any]:
        """Send the whole resource again; return its outputs.

        Raises:
            ProviderError: ARM refused; nothing was changed.
            NotReadyError: ARM accepted it and it failed later.
        """
        given = {
            **{name: value for name, value in resource.rules.restored.items() if name not in inputs and name in state},
            **inputs,
        }
        arm_id = shapes.resource_id(resource, self._settings.subscription, given)
        body = shapes.to_body(resource, given)
        await self._keep_lists(resource, arm_id, body)
        cleared = _clear_removed(body, shapes.to_body(resource, old_inputs), resource)
        answer = await self._write("PATCH" if cleared else "PUT", resource, arm_id, given, body)
        return await self._after_write(resource, arm_id, answer, "Update", warn)

    async def read(
        self, resource: Resource, arm_id: str, state: Mapping[str, Any], inputs: Mapping[str, Any] | None
    ) -> Found | None:
        """Read a resource for a refresh, or for an import if `inputs` is None; None if it does not exist.

        Raises:
            ProviderError: ARM refused, or an import's id does not belong to the type.
        """
        reply = await self._transport.send("GET", arm_id, version=resource.api_version)
        if reply.status == _NOT_FOUND and not (
            resource.token == _ROLE_ASSIGNMENT and os.environ.get(_MISSING_ROLE_VARIABLE, "error") != "gone"
        ):
            return None
        if reply.status != _OK:
            raise ArmError(reply.status, reply.content)
        answer = reply.json()
        outputs = shapes.to_outputs(resource, answer)
        if inputs is None:
            return Found(arm_id, outputs, shapes.imported_inputs(resource, arm_id, answer))
        visible = deepcopy(outputs)
        for path in resource.rules.kept_lists:
            if not has(inputs, path):
                remove(visible, path)
        new = shapes.to_inputs(resource, visible)
        return Found(arm_id, outputs, refreshed(inputs, shapes.to_inputs(resource, state), new))

    async def delete(self, resource: Resource, arm_id: str) -> None:
        """Delete a resource; it may be deleted already. A singleton gets its default body instead.

        Raises:
            ProviderError: ARM refused.
        """
        version = resource.api_version
        if resource.rules.singleton:
            reply = await self._transport.expect("PUT", arm_id, _OK, _CREATED, _ACCEPTED, version=version, body={})
            if resource.rules.put_polls or reply.status == _ACCEPTED:
                await follow(self._transport, reply, version)
            return
        try:
            reply = await self._transport.expect("DELETE", arm_id, _OK, _ACCEPTED, _NO_CONTENT, version=version)
            if resource.rules.delete_polls:
                await follow(self._transport, reply, version)
        except ArmError as error:
            if error.status != _NOT_FOUND:
                raise

    async def group_location(self, group: str) -> str | None:
        """Return the cached location of a resource group; None if it cannot be read, without a warning."""
        if group not in self._locations:
            target = f"/subscriptions/{self._settings.subscription}/resourceGroups/{group}"
            try:
                reply = await self._transport.expect("GET", target, _OK, version=_GROUPS_VERSION)
                location = reply.json().get("location")
            except ProviderError:
                return None
            if not isinstance(location, str):
                return None
            self._locations[group] = location
        return self._locations[group]

    async def _must_be_free(self, resource: Resource, arm_id: str) -> None:
        reply = await self._transport.send("GET", arm_id, version=resource.api_version)
        if reply.status in {_NOT_FOUND, _NO_CONTENT} or (reply.status == _OK and resource.rules.singleton):
            return
        if reply.status != _OK:
            text = reply.content.decode("utf-8", "replace")
            raise ProviderError(f"cannot check existence of resource '{arm_id}': status code {reply.status}, {text}")
        try:
            exists = bool(reply.json())
        except ProviderError:  # some services answer 200 without JSON for a resource that does not exist
            exists = False
        if exists:
            raise ProviderError(f"cannot create already existing resource '{arm_id}'")

    async def _write(
        self, method: str, resource: Resource, arm_id: str, inputs: Mapping[str, Any], body: Mapping[str, Any]
    ) -> dict[str, Any]:
        query = {name: inputs[name] for name in resource.rules.query if name in inputs}
        reply = await self._transport.expect(
            method, arm_id, _OK, _CREATED, _ACCEPTED, version=resource.api_version, query=query, body=body
        )
        if not resource.rules.put_polls and reply.status != _ACCEPTED:
            return reply.json()
        try:
            return await follow(self._transport, reply, resource.api_version)
        except asyncio.CancelledError:
            raise StoppedError(arm_id) from None
        except ProviderError as error:
            raise await self._partial(resource, arm_id, reply, str(error)) from error

    async def _partial(self, resource: Resource, arm_id: str, reply: Reply, text: str) -> NotReadyError:
        """Return the state of a resource that was accepted and then failed: the result of a read, or nothing."""
        try:
            answer = (await self._transport.expect("GET", arm_id, _OK, version=resource.api_version)).json()
        except ArmError as error:
            if error.status == _NOT_FOUND and reply.method == "PUT":
                raise ProviderError(text) from error  # it was removed again: nothing to store, the first error counts
            return NotReadyError(f"resource created but read failed {error}: {text}", arm_id, None)
        except ProviderError as error:
            return NotReadyError(f"resource created but read failed {error}: {text}", arm_id, None)
        return NotReadyError(text, str(answer.get("id") or arm_id), shapes.to_outputs(resource, answer))

    async def _after_write(
        self, resource: Resource, arm_id: str, answer: Mapping[str, Any], what: str, warn: Warn
    ) -> dict[str, Any]:
        """Return the outputs of a read, because later refreshes compare with reads; a failure is only a warning."""
        if not self._settings.skip_read:
            try:
                reply = await self._transport.expect("GET", arm_id, _OK, version=resource.api_version)
                return shapes.to_outputs(resource, reply.json())
            except ProviderError as error:
                await warn(f"Failed to read resource after {what}: {error}. Its outputs are those of the write itself.")
        return shapes.to_outputs(resource, answer)

    async def _keep_lists(self, resource: Resource, arm_id: str, body: dict[str, Any]) -> None:
        """Copy the sub-resource lists that the inputs leave out from the live resource, so that the PUT keeps them."""
        missing = [path for path in resource.rules.kept_lists if not has(body, path)]
        if not missing:
            return
        try:
            live = (await self._transport.expect("GET", arm_id, _OK, version=resource.api_version)).json()
        except ProviderError as error:
            raise ProviderError(
                f"failed maintaining unset sub-resource properties: reading cloud state: {error}"
            ) from error
        for path in missing:
            value: Any = live
            for name in path:
                value = value.get(name) if isinstance(value, Mapping) else None
            if value is not None:
                set_if_absent(body, path, value)


def _clear_removed(body: dict[str, Any], before: Mapping[str, Any], resource: Resource) -> bool:
    """Set every removed user-assigned identity to null; return whether there was one.

    Those identities are a set of keys, and ARM merges keys: a missing key stays. With a null in the body
    azure-native sends a PATCH, with the whole body, instead of a PUT.
    """
    kind = resource.inputs.get("identity", {})
    now, then = body.get("identity"), before.get("identity")
    if "ref" not in kind or not isinstance(now, dict) or not isinstance(then, Mapping):
        return False
    kept = now.get("userAssignedIdentities") or {}
    gone = [name for name in then.get("userAssignedIdentities") or {} if name not in kept]
    if gone:
        now["userAssignedIdentities"] = {**kept, **dict.fromkeys(gone)}
    return bool(gone)
