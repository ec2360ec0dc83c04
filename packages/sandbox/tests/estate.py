"""What a platform team's program leaves in Azure, made by plain REST: a keyless workspace, a cluster, two endpoints.

``ours`` is the endpoint that ``caller`` may use, ``theirs`` its neighbour. The caller has the two custom roles that the
program grants to callers, as prerequisites/caller-roles/ defines them.
"""

import json
import uuid
from dataclasses import dataclass
from typing import Any

from components import roles
from sandbox.azure.authorization.built_in import BLOB_CONTRIBUTOR, BLOB_READER, CONTRIBUTOR
from sandbox.commands.client import Answer
from sandbox.testing import ARM, ARM_AUDIENCE, ML_AUDIENCE, STORAGE_AUDIENCE, Sandbox, awaited

ML = "2025-12-01"
ROLES = "2022-04-01"
FILE_CONTRIBUTOR = "69566ab7-960f-475b-8e7c-b3118f30c6bd"
QUEUE_CONTRIBUTOR = "974c5e8b-45b9-4653-ba55-5f855dd0fb88"
TABLE_CONTRIBUTOR = "0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3"
_TYPE = "Microsoft.MachineLearningServices/workspaces"
_APIS = {"Microsoft.Storage": "2024-01-01", "Microsoft.KeyVault": "2024-11-01", "Microsoft.Insights": "2020-02-02"}
_SCRIPT = """\
from pathlib import Path


def init():
    pass


def run(mini_batch):
    return [f"{Path(file).name},{len(Path(file).read_text())}" for file in mini_batch]
"""
_CONDA = "dependencies:\n- pip\n- pip:\n  - azureml-core\n  - azureml-dataset-runtime[fuse]\n"


@dataclass
class Estate:
    """The resources by id, and requests to them by anybody."""

    sandbox: Sandbox
    group: str
    storage: str = ""
    workspace: str = ""
    container: str = ""
    cluster_identity: str = ""

    @property
    def account(self) -> str:
        """Name of the storage account."""
        return self.storage.rsplit("/", 1)[-1]

    @property
    def blob_host(self) -> str:
        """Host of the account's blobs."""
        return f"{self.account}.blob.core.windows.net"

    @property
    def containers(self) -> str:
        """ARM id below which the account's containers are."""
        return f"{self.storage}/blobServices/default/containers"

    def endpoint(self, name: str) -> str:
        """Return an endpoint's ARM id."""
        return f"{self.workspace}/batchEndpoints/{name}"

    def scoring_host(self, endpoint: str) -> str:
        """Return the host of an endpoint."""
        return f"{endpoint}.{self.sandbox.location}.inference.ml.azure.com"

    def send(
        self, who: str, method: str, path: str, body: Any = None, *, host: str = ARM, api: str = ML, **headers: str
    ) -> Answer:
        """Send a request as one of the sandbox's principals, as any HTTP client would."""
        if host == ARM:
            path += f"{'&' if '?' in path else '?'}api-version={api}"
        token = self.sandbox.control.token(who, _audience(host))
        if host == self.blob_host:
            headers |= {"x-ms-version": "2024-11-04"}
        return self.sandbox.request(method, path, body, host=host, token=token, headers=headers)

    def upload(self, blob: str, text: str) -> None:
        """Write a blob as the deployer."""
        path = f"/{self.container}/{blob}"
        kind = {"x-ms-blob-type": "BlockBlob"}
        answer = self.send("deployer", "PUT", path, text.encode(), host=self.blob_host, **kind)
        assert answer.status == 201, answer.content

    def run(self, who: str, endpoint: str, folder: str, name: str) -> tuple[dict[str, Any], str]:
        """Start a job on a folder of the container and follow it by REST; return its last answer and its output."""
        given = {"JobInputType": "UriFolder", "Uri": f"https://{self.blob_host}/{self.container}/{folder}"}
        uri = f"azureml://datastores/workspaceblobstore/paths/out/{name}.csv"
        body = {
            "properties": {
                "InputData": {"x": given},
                "OutputData": {"score": {"JobOutputType": "UriFile", "Uri": uri}},
            }
        }
        host = self.scoring_host(endpoint)
        started = self.send(who, "POST", "/jobs", body, host=host)
        assert started.status == 201, started.json

        def ended() -> dict[str, Any] | None:
            job: dict[str, Any] = self.send(who, "GET", f"/jobs/{started.json['name']}", host=host).json
            over = job["properties"]["status"] in ("Completed", "Failed", "Canceled", "NotResponding")
            return job if over else None

        return awaited(ended, f"job {name} to end"), f"/{self.container}/out/{name}.csv"

    def failure(self, job: str) -> str:
        """Return the text of a failed job, as the run history tells its deployer."""
        path = f"/history/v1.0{self.workspace}/runs/{job}/details"
        host = f"{self.sandbox.location}.api.azureml.ms"
        return str(self.send("deployer", "GET", path, host=host).json["error"]["error"]["message"])

    def put(self, path: str, body: Any, *, api: str = ML, who: str = "deployer") -> Any:
        """PUT something and read it until it has settled."""
        answer = self.send(who, "PUT", path, body, api=api)
        assert answer.status in (200, 201, 202), answer.json

        def settled() -> Any:
            found = self.send(who, "GET", path, api=api).json
            state = (found.get("properties") or {}).get("provisioningState", "Succeeded")
            return found if state == "Succeeded" else None

        return awaited(settled, f"{path} to settle")

    def custom_role(self, name: str, actions: tuple[str, ...]) -> str:
        """Let the administrator make a role of so many whole actions, and return its id."""
        path = (
            f"{self.workspace}/providers/Microsoft.Authorization/roleDefinitions/{uuid.uuid5(uuid.NAMESPACE_DNS, name)}"
        )
        permissions = [{"actions": list(actions)}]
        properties = {"roleName": name, "permissions": permissions, "assignableScopes": [self.group]}
        return str(self.put(path, {"properties": properties}, api=ROLES, who="administrator")["id"])


def build(sandbox: Sandbox, name: str = "authz") -> Estate:
    """Make everything: the deployer the resources, the administrator the grants."""
    estate = Estate(sandbox, f"/subscriptions/{sandbox.subscription}/resourceGroups/{name}")
    place = {"location": sandbox.location}
    estate.put(estate.group, place, api="2024-03-01")
    estate.storage = f"{estate.group}/providers/Microsoft.Storage/storageAccounts/{name}store"
    account = {"kind": "StorageV2", "sku": {"name": "Standard_LRS"}, "properties": {"allowSharedKeyAccess": False}}
    estate.put(estate.storage, place | account, api=_APIS["Microsoft.Storage"])
    identities = {who: _identity(estate, who) for who in ("workspace", "jobs")}
    estate.cluster_identity = identities["jobs"]["properties"]["principalId"]
    _workspace(estate, name, identities["workspace"])
    for role in (BLOB_CONTRIBUTOR, QUEUE_CONTRIBUTOR, TABLE_CONTRIBUTOR):
        sandbox.grant(estate.cluster_identity, role, estate.storage)
    sandbox.grant("deployer", BLOB_CONTRIBUTOR, estate.storage)
    scale = {"maxNodeCount": 1, "minNodeCount": 0}
    properties = {"computeType": "AmlCompute", "properties": {"vmSize": "STANDARD_DS11_V2", "scaleSettings": scale}}
    identity = {"type": "UserAssigned", "userAssignedIdentities": {identities["jobs"]["id"]: {}}}
    estate.put(f"{estate.workspace}/computes/cpu", place | {"identity": identity, "properties": properties})
    _serve(estate)
    _let_caller(estate)
    return estate


def _identity(estate: Estate, who: str) -> Any:
    path = f"{estate.group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/{who}"
    return estate.put(path, {"location": estate.sandbox.location}, api="2023-01-31")


def _workspace(estate: Estate, name: str, own: Any) -> None:
    identity, principal = own["id"], own["properties"]["principalId"]
    sandbox, place = estate.sandbox, {"location": estate.sandbox.location}
    vault = f"{estate.group}/providers/Microsoft.KeyVault/vaults/{name}-vault"
    sku = {"family": "A", "name": "standard"}
    estate.put(vault, place | {"properties": {"tenantId": sandbox.tenant, "sku": sku}}, api=_APIS["Microsoft.KeyVault"])
    logs = f"{estate.group}/providers/Microsoft.OperationalInsights/workspaces/{name}-logs"
    estate.put(logs, place | {"properties": {"sku": {"name": "PerGB2018"}}}, api="2023-09-01")
    insights = f"{estate.group}/providers/Microsoft.Insights/components/{name}-insights"
    properties: dict[str, Any] = {"Application_Type": "web", "WorkspaceResourceId": logs}
    estate.put(insights, place | {"kind": "web", "properties": properties}, api=_APIS["Microsoft.Insights"])
    estate.workspace = f"{estate.group}/providers/{_TYPE}/{name}-workspace"
    properties = {
        "storageAccount": estate.storage,
        "keyVault": vault,
        "applicationInsights": insights,
        "systemDatastoresAuthMode": "Identity",
        "primaryUserAssignedIdentity": identity,
    }
    for scope in (estate.storage, vault, insights):
        sandbox.grant(principal, CONTRIBUTOR, scope)
    for role in (BLOB_CONTRIBUTOR, FILE_CONTRIBUTOR):
        sandbox.grant(principal, role, estate.storage)
    given = {"type": "UserAssigned", "userAssignedIdentities": {identity: {}}}
    estate.put(estate.workspace, place | {"identity": given, "properties": properties})
    sandbox.grant(principal, CONTRIBUTOR, estate.workspace)
    datastore = estate.send("deployer", "GET", f"{estate.workspace}/datastores/workspaceblobstore").json
    estate.container = datastore["properties"]["containerName"]


def _serve(estate: Estate) -> None:
    """Register model, code and environment, and make two endpoints that serve them."""
    estate.upload("models/m/weights.txt", "weights")
    estate.upload("code/score.py", _SCRIPT)
    for number in range(3):
        estate.upload(f"in/f{number}.txt", "x" * number)
    paths = "azureml://datastores/workspaceblobstore/paths"
    model = {"modelUri": f"{paths}/models/m", "modelType": "custom_model"}
    estate.put(f"{estate.workspace}/models/m/versions/1", {"properties": model})
    code = {"codeUri": f"https://{estate.blob_host}/{estate.container}/code"}
    estate.put(f"{estate.workspace}/codes/c/versions/1", {"properties": code})
    environment = {"image": "image:1", "condaFile": _CONDA}
    estate.put(f"{estate.workspace}/environments/e/versions/1", {"properties": environment})
    deployment = {
        "model": {"referenceType": "Id", "assetId": f"{estate.workspace}/models/m/versions/1"},
        "codeConfiguration": {"codeId": f"{estate.workspace}/codes/c/versions/1", "scoringScript": "score.py"},
        "environmentId": f"{estate.workspace}/environments/e/versions/1",
        "compute": f"{estate.workspace}/computes/cpu",
    }
    for name in ("ours", "theirs"):
        body: dict[str, Any] = {"location": estate.sandbox.location, "properties": {"authMode": "AADToken"}}
        estate.put(estate.endpoint(name), body)
        made = {"location": estate.sandbox.location, "properties": deployment}
        estate.put(f"{estate.endpoint(name)}/deployments/one", made)
        body["properties"]["defaults"] = {"deploymentName": "one"}
        estate.put(estate.endpoint(name), body)


def _let_caller(estate: Estate) -> None:
    """Give ``caller`` its endpoint, what a call needs of the workspace, and the results."""
    grant = estate.sandbox.grant
    grant("caller", roles.ENDPOINT_CALLER.id, estate.endpoint("ours"))
    grant("caller", roles.CALLER_RUNS.id, estate.workspace)
    grant("caller", BLOB_READER, f"{estate.containers}/{estate.container}")


def _audience(host: str) -> str:
    if host.endswith("inference.ml.azure.com"):
        return ML_AUDIENCE
    return STORAGE_AUDIENCE if host.endswith("blob.core.windows.net") else ARM_AUDIENCE


def error_of(answer: Answer) -> tuple[int, str, str]:
    """Return (status, code, message) of an answer in ARM's envelope."""
    error = json.loads(answer.content)["error"]
    return answer.status, error["code"], error["message"]
