"""Takes what a user gives the sandbox: the bodies of the control API's ``POST /stock``."""

import asyncio
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sandbox.azure.arm.errors import ArmError
from sandbox.azure.arm.ids import ArmId
from sandbox.azure.arm.schema import Schema, validate
from sandbox.azure.blobs.front import storage_account
from sandbox.azure.blobs.names import check_account_name, check_container_name
from sandbox.azure.machine_learning.scope import WORKSPACES
from sandbox.azure.machine_learning.stock import registry as registries
from sandbox.azure.machine_learning.stock.entry import ACCOUNT, Entry, copy_in, digest_of, keep, put_at, same_thing
from sandbox.azure.machine_learning.stock.workspaces import give
from sandbox.azure.world import World

_TEXT = {"type": "string"}
_ASKED: Schema = {
    "type": "object",
    "required": ["what", "name"],
    "members": {
        "what": {"type": "string", "enum": ["model", "output", "data", "blobs", "environment", "registry"]},
        **dict.fromkeys(("name", "path", "type", "workspace", "registry", "image", "condaFile", "dockerfile"), _TEXT),
    },
}


class Intake:
    """Adds to registries, and keeps things for workspaces."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def add(self, body: Any) -> str:
        """Take one thing, and return one line that says where it is now.

        Raises:
            ValueError: it is not allowed, cannot be read, or exists with other content; the text says what is wrong.
        """
        try:
            asked = validate(_ASKED, body)
            if asked.get("registry"):
                return await self._add_to_registry(asked)
            if asked["what"] == "blobs":
                return await self._put(asked)
            return await self._keep(asked)
        except ArmError as error:
            raise ValueError(error.message) from None
        except OSError as error:
            raise ValueError(f"'{error.filename}' cannot be read: {error.strerror}") from None

    async def _add_to_registry(self, asked: dict[str, Any]) -> str:
        registry = registries.registry(self._world, asked["registry"])
        if asked["what"] == "registry":
            return registry.id
        uri = (
            await asyncio.to_thread(registries.uploaded, self._world, registry, Path(asked["path"]))
            if asked.get("path")
            else ""
        )
        if asked["what"] == "model":
            body = registries.add_model(self._world, registry, asked["name"], uri, asked["type"])
        else:
            properties = {"image": asked.get("image"), "condaFile": asked.get("condaFile")}
            if uri:
                properties = {"build": {"contextUri": f"{uri}/", "dockerfilePath": asked.get("dockerfile")}}
            body = registries.add_environment(self._world, registry, asked["name"], properties)
        return str(body["id"])

    async def _put(self, asked: dict[str, Any]) -> str:
        """Put files where they are in Azure: ACCOUNT/CONTAINER/PATH, decoded."""
        account, container, path = asked["name"].split("/", 2)
        check_account_name(account)
        check_container_name(container)
        if storage_account(self._world.store, account) is not None:
            raise ValueError(
                f"the storage account '{account}' is in the sandbox; upload to it as to any other, or name a datastore:"
                " azureml://datastores/DATASTORE/paths/PATH"
            )
        place = await asyncio.to_thread(put_at, self._world.blobs, account, container, path, Path(asked["path"]))
        return f"https://{account}.blob.core.windows.net/{container}/{quote(place)}"

    async def _keep(self, asked: dict[str, Any]) -> str:
        source = Path(asked["path"])
        digest, is_file = await asyncio.to_thread(lambda: (digest_of(source), source.is_file()))
        workspace, type_ = asked.get("workspace") or "", asked.get("type") or ""
        entry = Entry(asked["what"], asked["name"], workspace, type_, source.name, is_file, digest)
        before = same_thing(self._world.store, entry)
        if before is not None and entry.what == "model" and before != entry:
            raise ValueError(f"the model '{entry.name}' is there with other content; add it as another version")
        if before != entry:
            self._world.blobs.delete_container(ACCOUNT, entry.key)
            await asyncio.to_thread(copy_in, self._world.blobs, ACCOUNT, entry.key, "", source)
        found = [each for each in self._world.store.of_type(WORKSPACES) if entry.is_for(each.name)]
        for each in found:
            give(self._world, each, entry)
        keep(self._world.store, entry)
        names = ", ".join(f"'{ArmId.parse(each.id).name}'" for each in found)
        which = f"the workspace '{workspace}'" if workspace else "every workspace"
        return f"{entry.uri} of {which}" + (f" (now: {names})" if names else " (there is none yet)")
