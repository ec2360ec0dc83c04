"""A good deployment by plain REST: everything from the resource group to a job that completes.

It is what random requests start from and refer to, and, made again after them, the proof that the sandbox still works.
"""

import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sandbox.azure.arm.routes import ARM_HOST
from sandbox.azure.authorization.built_in import BLOB_CONTRIBUTOR, CONTRIBUTOR
from sandbox.home import Facts
from tools.fuzz.exchange import Request, with_query

ML = "2025-12-01"
VERSIONS = {
    "Microsoft.Authorization": "2022-04-01",
    "Microsoft.ContainerRegistry": "2023-07-01",
    "Microsoft.Insights": "2020-02-02",
    "Microsoft.KeyVault": "2024-11-01",
    "Microsoft.Logic": "2019-05-01",
    "Microsoft.MachineLearningServices": ML,
    "Microsoft.ManagedIdentity": "2023-01-31",
    "Microsoft.OperationalInsights": "2023-09-01",
    "Microsoft.Storage": "2024-01-01",
}
"""An api-version for each provider; for everything else ``GROUPS``."""
GROUPS = "2024-03-01"
SCRIPT = """\
from pathlib import Path


def init():
    pass


def run(mini_batch):
    return [f"{Path(file).name},{len(Path(file).read_text())}" for file in mini_batch]
"""
_FILES = "69566ab7-960f-475b-8e7c-b3118f30c6bd"
"""Storage File Data Privileged Contributor, which a keyless workspace's identity needs."""
_QUEUES = "974c5e8b-45b9-4653-ba55-5f855dd0fb88"
_TABLES = "0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3"
_CONDA = "dependencies:\n- pip\n- pip:\n  - azureml-core\n  - azureml-dataset-runtime[fuse]\n"


@dataclass(frozen=True)
class Estate:
    """One deployment; ``number`` is in all of its names, because some stay taken."""

    facts: Facts
    number: int

    @cached_property
    def names(self) -> dict[str, str]:
        """The names by the placeholder that a route has for them."""
        tail = str(self.number)
        return {
            "subscription": self.facts.subscription_id,
            "group": f"fuzz{tail}",
            "location": self.facts.location,
            "region": self.facts.location,
            "account": f"fuzzstore{tail}",
            "container": "files",
            "vault": f"fuzz-vault-{tail}",
            "key": "key",
            "component": f"insights{tail}",
            "identity": f"identity{tail}",
            "workspace": f"fuzz-workspace-{tail}",
            "compute": "cpu",
            "endpoint": f"fuzz-endpoint-{tail}",
            "deployment": "one",
            "asset": "m",
            "name": "m",
            "version": "1",
            "datastore": "workspaceblobstore",
            "registry": "fuzzregistry",
        }

    @property
    def group(self) -> str:
        """The resource group's id."""
        return f"/subscriptions/{self.facts.subscription_id}/resourceGroups/{self.names['group']}"

    def id(self, provider: str, kind: str, name: str) -> str:
        """Return the id of something in the group."""
        return f"{self.group}/providers/{provider}/{kind}/{self.names[name]}"

    @cached_property
    def storage(self) -> str:
        """The storage account's id."""
        return self.id("Microsoft.Storage", "storageAccounts", "account")

    @cached_property
    def workspace(self) -> str:
        """The workspace's id."""
        return self.id("Microsoft.MachineLearningServices", "workspaces", "workspace")

    @cached_property
    def identity(self) -> str:
        """The user-assigned identity's id."""
        return self.id("Microsoft.ManagedIdentity", "userAssignedIdentities", "identity")

    @property
    def endpoint(self) -> str:
        """The endpoint's id."""
        return f"{self.workspace}/batchEndpoints/{self.names['endpoint']}"

    @property
    def blob_host(self) -> str:
        """The host of the account's blobs."""
        return f"{self.names['account']}.blob.core.windows.net"

    @property
    def scoring_host(self) -> str:
        """The endpoint's own host."""
        return f"{self.names['endpoint']}.{self.facts.location}.inference.ml.azure.com"

    @cached_property
    def ids(self) -> tuple[str, ...]:
        """Ids that bodies refer to."""
        parts = ("", "/models/m/versions/1", "/codes/c/versions/1", "/environments/e/versions/1", "/computes/cpu")
        below = tuple(f"{self.workspace}{part}" for part in (*parts, "/datastores/workspaceblobstore"))
        vault = self.id("Microsoft.KeyVault", "vaults", "vault")
        return (
            self.group,
            self.storage,
            vault,
            self.identity,
            self.endpoint,
            f"{self.endpoint}/deployments/one",
            *below,
        )

    def steps(self, principal_id: str | None = None) -> Iterator[Request]:
        """Yield the requests that make it, in their order; those after the identity need its ``principal_id``."""
        place = {"location": self.facts.location}
        yield self.put(self.group, place)
        if principal_id is None:
            account = {"kind": "StorageV2", "sku": {"name": "Standard_LRS"}, "properties": {}}
            yield self.put(self.storage, place | account)
            yield self.put(self.identity, place)
            return
        yield from self._grants(principal_id)
        yield from self._workspace(place)
        yield from self._assets()
        yield from self._serving(place)

    def _grants(self, principal_id: str) -> Iterator[Request]:
        deployer = self.facts.accounts["deployer"].principal.object_id
        for who, role, scope in (
            (principal_id, CONTRIBUTOR, self.group),
            (principal_id, BLOB_CONTRIBUTOR, self.storage),
            (principal_id, _FILES, self.storage),
            (principal_id, _QUEUES, self.storage),
            (principal_id, _TABLES, self.storage),
            (deployer, BLOB_CONTRIBUTOR, self.storage),
        ):
            name = uuid.uuid5(uuid.NAMESPACE_URL, f"{scope}|{who}|{role}".lower())
            roles = f"/subscriptions/{self.facts.subscription_id}/providers/Microsoft.Authorization/roleDefinitions"
            properties = {
                "principalId": who,
                "roleDefinitionId": f"{roles}/{role}",
                "principalType": "ServicePrincipal",
            }
            path = f"{scope}/providers/Microsoft.Authorization/roleAssignments/{name}"
            yield self.put(path, {"properties": properties}, principal="administrator")

    def _workspace(self, place: dict[str, str]) -> Iterator[Request]:
        vault = self.id("Microsoft.KeyVault", "vaults", "vault")
        sku = {"family": "A", "name": "standard"}
        yield self.put(vault, place | {"properties": {"tenantId": self.facts.tenant_id, "sku": sku}})
        logs = f"{self.group}/providers/Microsoft.OperationalInsights/workspaces/logs"
        yield self.put(logs, place | {"properties": {"sku": {"name": "PerGB2018"}}})
        insights = self.id("Microsoft.Insights", "components", "component")
        web = {"kind": "web", "properties": {"Application_Type": "web", "WorkspaceResourceId": logs}}
        yield self.put(insights, place | web)
        given = {"type": "UserAssigned", "userAssignedIdentities": {self.identity: {}}}
        properties = {
            "storageAccount": self.storage,
            "keyVault": vault,
            "applicationInsights": insights,
            "systemDatastoresAuthMode": "Identity",
            "primaryUserAssignedIdentity": self.identity,
        }
        yield self.put(self.workspace, place | {"identity": given, "properties": properties})
        scale = {"maxNodeCount": 1, "minNodeCount": 0}
        inner = {"vmSize": "STANDARD_DS11_V2", "scaleSettings": scale}
        cluster = {"identity": given, "properties": {"computeType": "AmlCompute", "properties": inner}}
        yield self.put(f"{self.workspace}/computes/cpu", place | cluster)

    def _assets(self) -> Iterator[Request]:
        yield self.container()
        for name, text in {
            "m/weights.txt": "weights",
            "code/score.py": SCRIPT,
            "in/a.txt": "a",
            "in/b.txt": "bb",
        }.items():
            yield self.blob(f"/files/{name}", text.encode())
        account = f"https://{self.blob_host}/files"
        yield self.put(f"{self.workspace}/codes/c/versions/1", {"properties": {"codeUri": f"{account}/code"}})
        model = {"modelUri": f"{account}/m", "modelType": "custom_model"}
        yield self.put(f"{self.workspace}/models/m/versions/1", {"properties": model})
        environment = {"image": "image:1", "condaFile": _CONDA}
        yield self.put(f"{self.workspace}/environments/e/versions/1", {"properties": environment})

    def _serving(self, place: dict[str, str]) -> Iterator[Request]:
        endpoint: dict[str, Any] = place | {"properties": {"authMode": "AADToken"}}
        yield self.put(self.endpoint, endpoint)
        properties = {
            "model": {"referenceType": "Id", "assetId": f"{self.workspace}/models/m/versions/1"},
            "codeConfiguration": {"codeId": f"{self.workspace}/codes/c/versions/1", "scoringScript": "score.py"},
            "environmentId": f"{self.workspace}/environments/e/versions/1",
            "compute": f"{self.workspace}/computes/cpu",
        }
        yield self.put(f"{self.endpoint}/deployments/one", place | {"properties": properties})
        endpoint["properties"]["defaults"] = {"deploymentName": "one"}
        yield self.put(self.endpoint, endpoint)

    def put(self, path: str, body: Any, *, principal: str = "deployer") -> Request:
        """Return a PUT of a resource."""
        target = with_query(path, [("api-version", version_for(path))])
        headers = (("Content-Type", "application/json"),)
        return Request("PUT", ARM_HOST, target, headers, json.dumps(body).encode(), principal=principal, about="estate")

    def container(self) -> Request:
        """Return the request for the container that the files go into."""
        headers = (("x-ms-version", "2024-11-04"),)
        return Request("PUT", self.blob_host, "/files?restype=container", headers, about="estate")

    def blob(self, path: str, content: bytes) -> Request:
        """Return a Put Blob."""
        headers = (("x-ms-version", "2024-11-04"), ("x-ms-blob-type", "BlockBlob"))
        return Request("PUT", self.blob_host, path, headers, content, about="estate")

    def job(self) -> Request:
        """Return the request that starts a job on the two files."""
        data = {"JobInputType": "UriFolder", "Uri": f"https://{self.blob_host}/files/in"}
        body = {"properties": {"InputData": {"x": data}}}
        headers = (("Content-Type", "application/json"),)
        return Request("POST", self.scoring_host, "/jobs", headers, json.dumps(body).encode(), about="estate")


def version_for(path: str) -> str:
    """Return a good api-version for an ARM path."""
    provider = path.rpartition("/providers/")[2].partition("/")[0]
    return VERSIONS.get(provider, GROUPS) if "/providers/" in path else GROUPS
