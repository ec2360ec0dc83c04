"""The system datastores of a workspace, and their blob containers."""

from typing import Any

from sandbox.azure.arm.bodies import stamp
from sandbox.azure.arm.ids import ArmId
from sandbox.azure.arm.requests import ArmRequest
from sandbox.azure.arm.types import BLOB_CONTAINER
from sandbox.azure.jobs.logs import ARTIFACT_CONTAINER
from sandbox.azure.machine_learning.assets.locations import ARTIFACT_DATASTORE, DEFAULT_DATASTORE
from sandbox.azure.machine_learning.scope import DATASTORES
from sandbox.azure.world import World


def create_system_datastores(world: World, request: ArmRequest, workspace: dict[str, Any]) -> None:
    """Create the four system datastores of a new workspace, with their blob containers."""
    account = ArmId.parse(workspace["properties"]["storageAccount"]).name
    guid = workspace["properties"]["workspaceId"]
    containers = {DEFAULT_DATASTORE: f"azureml-blobstore-{guid}", ARTIFACT_DATASTORE: ARTIFACT_CONTAINER}
    shares = {"workspacefilestore": f"azureml-filestore-{guid}", "workspaceworkingdirectory": f"code-{guid}"}
    for name, container in containers.items():
        world.blobs.create_container(account, container)
        _store_container(world, workspace["properties"]["storageAccount"], container)
        _store(world, request, workspace, name, {"datastoreType": "AzureBlob", "containerName": container})
    for name, share in shares.items():
        _store(world, request, workspace, name, {"datastoreType": "AzureFile", "fileShareName": share})


def _store_container(world: World, account_id: str, name: str) -> None:
    """Also create the container as a resource, so that roles can be granted on it."""
    resource_id = f"{account_id}/blobServices/default/containers/{name}"
    if world.store.get(resource_id) is None:
        properties = {"publicAccess": "None", "leaseStatus": "Unlocked", "leaseState": "Available"}
        body = {"id": resource_id, "name": name, "type": BLOB_CONTAINER, "properties": properties}
        world.store.put(resource_id, BLOB_CONTAINER, body)


def _store(world: World, request: ArmRequest, workspace: dict[str, Any], name: str, properties: dict[str, Any]) -> None:
    storage = ArmId.parse(workspace["properties"]["storageAccount"])
    keyless = workspace["properties"]["systemDatastoresAuthMode"].lower() == "identity"
    credentials: dict[str, Any] = {"credentialsType": "None"}
    if not keyless:
        credentials = {"credentialsType": "AccountKey", "secrets": {"secretsType": "AccountKey"}}
    resource_id = f"{workspace['id']}/datastores/{name}"
    body: dict[str, Any] = {
        "id": resource_id,
        "name": name,
        "type": DATASTORES,
        "properties": {
            "description": None,
            "tags": {},
            "properties": {},
            "isDefault": name == DEFAULT_DATASTORE,
            "credentials": credentials,
            "subscriptionId": storage.subscription,
            "resourceGroup": storage.group,
            "accountName": storage.name,
            "endpoint": "core.windows.net",
            "protocol": "https",
            "serviceDataAccessAuthIdentity": "WorkspaceSystemAssignedIdentity" if keyless else "None",
            **properties,
        },
    }
    stamp(request, None, body)
    world.store.put(resource_id, DATASTORES, body, {"system": True})
