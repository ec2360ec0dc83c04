"""The machine learning service behind a router, without HTTP: a workspace with what it needs, and calls to it."""

import asyncio
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast
from urllib.parse import parse_qsl, urlsplit

from made_world import make_world
from sandbox.azure import machine_learning
from sandbox.azure.arm.errors import ArmError
from sandbox.azure.arm.latencies import Latencies
from sandbox.azure.arm.requests import ArmRequest, ArmResponse, OperationFault, Principal
from sandbox.azure.arm.routes import ARM_HOST
from sandbox.azure.authorization.bootstrap import Prerequisites
from sandbox.azure.authorization.built_in import BLOB_CONTRIBUTOR, CONTRIBUTOR
from sandbox.azure.authorization.evaluation import ASSIGNMENT
from sandbox.azure.jobs.context import JobContext
from sandbox.azure.jobs.pipelines.request import PipelineRequest
from sandbox.azure.jobs.request import JobRequest
from sandbox.azure.jobs.runner import JobRunner
from sandbox.azure.readings import Switches
from sandbox.testing import awaited

SUBSCRIPTION = "11111111-1111-1111-1111-111111111111"
TENANT = "22222222-2222-2222-2222-222222222222"
GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg"
WORKSPACE = f"{GROUP}/providers/Microsoft.MachineLearningServices/workspaces/wsp"
ACCOUNT = "stml"
API = "2025-12-01"
HOST = "https://digits-ep.westeurope.inference.ml.azure.com/jobs"
"""The scoring address of the endpoint that ``make_endpoint`` makes."""
FOLDER = "azureml://datastores/workspaceblobstore/paths/in/"
CALLER = Principal("deployer", "33333333-3333-3333-3333-333333333333", "44444444-4444-4444-4444-444444444444", TENANT)
_DEPENDENCIES = {
    "storageAccount": f"{GROUP}/providers/Microsoft.Storage/storageAccounts/{ACCOUNT}",
    "keyVault": f"{GROUP}/providers/Microsoft.KeyVault/vaults/kv",
    "applicationInsights": f"{GROUP}/providers/Microsoft.Insights/components/ai",
}
IDENTITY = f"{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id1"
FILE_CONTRIBUTOR = "69566ab7-960f-475b-8e7c-b3118f30c6bd"


def asked(**properties: Any) -> dict[str, Any]:
    """Return a scoring request for a folder."""
    folder = {"UriFolder": {"jobInputType": "UriFolder", "uri": FOLDER}}
    return {"properties": {"inputData": folder, **properties}}


class RecordingJobs(JobRunner):
    """A runner that only remembers."""

    def __init__(self, context: JobContext) -> None:
        super().__init__(context)
        self.context = context
        self.submitted: list[Any] = []
        self.canceled: list[str] = []

    def submit(self, request: JobRequest | PipelineRequest, asked_by: int = 0) -> None:
        """Remember a job."""
        del asked_by
        self.submitted.append(request)

    def cancel(self, name: str) -> None:
        """Remember a cancellation."""
        self.canceled.append(name)


class Learning:
    """One sandbox's machine learning service; ``wsp`` is a workspace whose storage account is ``stml``."""

    def __init__(self, home: Path, switches: Switches | None = None, latencies: Latencies | None = None) -> None:
        deployer = Prerequisites().assignments(SUBSCRIPTION, {"deployer": CALLER.object_id})
        self.world = make_world(
            home, SUBSCRIPTION, TENANT, deployer, switches=switches, latencies=latencies, jobs=RecordingJobs
        )
        self.store, self.blobs = self.world.store, self.world.blobs
        self.jobs = cast("RecordingJobs", self.world.jobs)
        machine_learning.register(self.world)
        self._seed(GROUP, "Microsoft.Resources/resourceGroups")
        self._seed(_DEPENDENCIES["storageAccount"], "Microsoft.Storage/storageAccounts")
        self._seed(_DEPENDENCIES["keyVault"], "Microsoft.KeyVault/vaults")
        self._seed(_DEPENDENCIES["applicationInsights"], "Microsoft.Insights/components")
        self._seed(IDENTITY, "Microsoft.ManagedIdentity/userAssignedIdentities", principalId="p1", clientId="c1")

    def grant(self, principal: str, role: str, scope: str, condition: str = "") -> str:
        """Assign a role, past the service; return the assignment's id."""
        name = uuid.uuid5(uuid.NAMESPACE_URL, f"{principal} {role} {scope}")
        resource_id = f"{scope}/providers/{ASSIGNMENT}/{name}"
        properties = {"scope": scope, "principalId": principal, "roleDefinitionId": f"/{role}", "condition": condition}
        self.store.put(resource_id, ASSIGNMENT, {"id": resource_id, "name": str(name), "properties": properties})
        return resource_id

    def grant_workspace_identity(self, principal: str) -> None:
        """Assign what the service documents for a workspace's identity, on what the workspace ``wsp`` stands on."""
        for scope in _DEPENDENCIES.values():
            self.grant(principal, CONTRIBUTOR, scope)
        for role in (BLOB_CONTRIBUTOR, FILE_CONTRIBUTOR):
            self.grant(principal, role, _DEPENDENCIES["storageAccount"])

    def _seed(self, resource_id: str, type_: str, **properties: str) -> None:
        self.store.put(resource_id, type_, {"id": resource_id, "location": "westeurope", "properties": properties})

    def call(
        self,
        method: str,
        url: str,
        body: Any = None,
        *,
        headers: Mapping[str, str] | None = None,
        fault: OperationFault | None = None,
    ) -> ArmResponse:
        """Send a request: ``url`` is below the workspace ("" or "/..."), an ARM path, or a whole https URL."""
        parts = urlsplit(url)
        host = parts.netloc or ARM_HOST
        path = parts.path if host != ARM_HOST or parts.path.startswith("/subscriptions") else WORKSPACE + parts.path
        query = dict(parse_qsl(parts.query))
        request = ArmRequest(
            method=method,
            host=host,
            path=path,
            query={"api-version": API} | query,
            headers=headers or {},
            body=body,
            principal=CALLER,
            sequence=1,
            operation_fault=fault,
        )
        return asyncio.run(self.world.router.dispatch(request))

    def refused(self, method: str, url: str, body: Any = None, **more: Any) -> tuple[int, str, str]:
        """Send a request that must be refused; return status, code and message."""
        try:
            answer = self.call(method, url, body, **more)
        except ArmError as error:
            return error.status, error.code, error.message
        raise AssertionError(f"not refused: {answer}")

    def done(self, method: str, url: str, body: Any = None, **more: Any) -> Any:
        """Send a request, follow its operation to the end, and return the resource as a GET answers it (or None)."""
        answer = self.call(method, url, body, **more)
        operation, location = (answer.headers.get(name, "") for name in ("Azure-AsyncOperation", "Location"))
        if operation:
            awaited(lambda: "endTime" in self.call("GET", operation).body or None, f"{method} {url} to end")
        elif location:
            awaited(lambda: self.call("GET", location).status != 202 or None, f"{method} {url} to end")
        return None if method == "DELETE" else self.call("GET", url.partition("?")[0]).body

    def make_workspace(self, **properties: Any) -> dict[str, Any]:
        """Make the workspace ``wsp``."""
        body: dict[str, Any] = self.done("PUT", "", workspace_body(**properties))
        return body

    def make_cluster(self, name: str = "cpu", most: int = 2) -> dict[str, Any]:
        """Make a cluster."""
        body: dict[str, Any] = self.done("PUT", f"/computes/{name}", cluster_body(most))
        return body

    def make_assets(self) -> None:
        """Register model ``m`` version 1 (a folder), code ``c`` version 1 and environment ``e`` version 1."""
        container = self.call("GET", "/datastores/workspaceblobstore").body["properties"]["containerName"]
        self.blobs.write(ACCOUNT, container, "models/one/model/weights.bin", b"weights")
        self.blobs.write(ACCOUNT, container, "code/src/score.py", b"def init(): ...")
        model = "azureml://datastores/workspaceblobstore/paths/models/one/model"
        code = f"https://{ACCOUNT}.blob.core.windows.net/{container}/code/src"
        self.call("PUT", "/models/m/versions/1", {"properties": {"modelUri": model, "modelType": "custom_model"}})
        self.call("PUT", "/codes/c/versions/1", {"properties": {"codeUri": code}})
        self.call("PUT", "/environments/e/versions/1", {"properties": {"image": "img:1", "condaFile": "name: e"}})

    def make_endpoint(self, name: str = "digits-ep", **properties: Any) -> dict[str, Any]:
        """Make an endpoint."""
        body: dict[str, Any] = self.done("PUT", f"/batchEndpoints/{name}", endpoint_body(**properties))
        return body

    def make_all(self, deployment: str = "blue") -> dict[str, Any]:
        """Make workspace, cluster, assets, endpoint, and a deployment that is its default; return the deployment."""
        self.make_workspace()
        self.make_cluster()
        self.make_assets()
        self.make_endpoint()
        made: dict[str, Any] = self.done(
            "PUT", f"/batchEndpoints/digits-ep/deployments/{deployment}", deployment_body()
        )
        self.make_endpoint(defaults={"deploymentName": deployment})
        return made


def workspace_body(**properties: Any) -> dict[str, Any]:
    """Return the request that makes a workspace."""
    return {
        "location": "westeurope",
        "identity": {"type": "SystemAssigned"},
        "tags": {},
        "properties": {**_DEPENDENCIES, "systemDatastoresAuthMode": "Identity", **properties},
    }


def cluster_body(most: int = 2, *, least: int = 0, size: str = "STANDARD_DS11_V2") -> dict[str, Any]:
    """Return the request that makes a cluster."""
    scale = {"minNodeCount": least, "maxNodeCount": most, "nodeIdleTimeBeforeScaleDown": "PT120S"}
    inner = {"vmSize": size, "vmPriority": "Dedicated", "scaleSettings": scale}
    return {"location": "westeurope", "properties": {"computeType": "AmlCompute", "properties": inner}}


def endpoint_body(**properties: Any) -> dict[str, Any]:
    """Return the request that makes an endpoint."""
    return {"location": "westeurope", "tags": {}, "properties": {"authMode": "aadToken", **properties}}


def deployment_body(**properties: Any) -> dict[str, Any]:
    """Return the request that makes a deployment of the assets of ``make_assets``."""
    return {
        "location": "westeurope",
        "tags": {},
        "properties": {
            "model": {"referenceType": "Id", "assetId": f"{WORKSPACE}/models/m/versions/1"},
            "codeConfiguration": {"codeId": f"{WORKSPACE}/codes/c/versions/1", "scoringScript": "score.py"},
            "environmentId": f"{WORKSPACE}/environments/e/versions/1",
            "compute": f"{WORKSPACE}/computes/cpu",
            **properties,
        },
    }
