"""azure-ai-ml, unmodified and over real HTTP, as the client of a workspace in a sandbox, with what tests deploy."""

import contextlib
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from azure.identity import DefaultAzureCredential

from sandbox.azure.authorization.built_in import BLOB_CONTRIBUTOR
from sandbox.testing import Sandbox, awaited

with warnings.catch_warnings():
    # The SDK's own modules use what the libraries below it have deprecated; we cannot fix that.
    warnings.simplefilter("ignore")
    from azure.ai.ml import MLClient
    from azure.ai.ml.constants._endpoint import EndpointInvokeFields
    from azure.ai.ml.entities import (
        AmlCompute,
        CodeConfiguration,
        Environment,
        IdentityConfiguration,
        ManagedIdentityConfiguration,
        ModelBatchDeployment,
        ModelBatchDeploymentSettings,
    )

GROUP = "ml-sdk"
CONDA = {"name": "e", "dependencies": ["pip", {"pip": ["azureml-core", "azureml-dataset-runtime[fuse]"]}]}
SCRIPT = """\
from pathlib import Path


def init():
    pass


def run(mini_batch):
    return [f"{Path(file).name},{Path(file).read_text()}" for file in mini_batch]
"""


@dataclass
class Client:
    """The SDK's client of one workspace (Any: its type hints do not fit what it returns), and the sandbox behind it."""

    ml: Any
    sandbox: Sandbox
    files: Path

    def model(self, content: str) -> str:
        """Return a folder ``model`` that holds one file."""
        folder = self.files / content / "model"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "weights.txt").write_text(content)
        return str(folder)

    def code(self) -> str:
        """Return a folder with the scoring script."""
        folder = self.files / "code"
        folder.mkdir(exist_ok=True)
        (folder / "score.py").write_text(SCRIPT)
        return str(folder)

    def writes(self, after: int) -> list[str]:
        """Return what was written since a journal entry: hosts of PUT requests with the last part of their paths."""
        entries = [entry for entry in self.sandbox.control.journal(after) if entry["method"] == "PUT"]
        return [f"{entry['host'].partition('.')[2]} {entry['path'].rsplit('/', 1)[-1]}" for entry in entries]


def arm_ids(sandbox: Sandbox) -> dict[str, str]:
    """Make what a workspace depends on (again and again); return the members that name it."""
    group = f"/subscriptions/{sandbox.subscription}/resourceGroups/{GROUP}"
    place = {"location": sandbox.location}
    sandbox.arm("PUT", group, place, api_version="2024-03-01")
    wanted: dict[str, tuple[str, str, dict[str, Any]]] = {
        "storageAccount": (
            "Microsoft.Storage/storageAccounts/stmlsdk",
            "2024-01-01",
            {"kind": "StorageV2", "sku": {"name": "Standard_LRS"}},
        ),
        "keyVault": (
            "Microsoft.KeyVault/vaults/kv-ml-sdk",
            "2024-11-01",
            {"properties": {"tenantId": sandbox.tenant, "sku": {"family": "A", "name": "standard"}}},
        ),
        "applicationInsights": (
            "Microsoft.Insights/components/ai-ml-sdk",
            "2020-02-02",
            {"kind": "web", "properties": {"Application_Type": "web"}},
        ),
    }
    workspace = f"{group}/providers/Microsoft.OperationalInsights/workspaces/law-ml-sdk"
    sandbox.arm("PUT", workspace, place | {"properties": {"sku": {"name": "PerGB2018"}}}, api_version="2023-09-01")
    wanted["applicationInsights"][2]["properties"]["WorkspaceResourceId"] = workspace
    ids = {}
    for member, (path, api, body) in wanted.items():
        ids[member] = f"{group}/providers/{path}"
        answer = sandbox.arm("PUT", ids[member], place | body, api_version=api)
        assert answer.status in (200, 201, 202), answer.json
    return ids


def make_workspace(sandbox: Sandbox, name: str) -> str:
    """Make a workspace by ARM, keyless; return its path."""
    path = (
        f"/subscriptions/{sandbox.subscription}/resourceGroups/{GROUP}/providers"
        f"/Microsoft.MachineLearningServices/workspaces/{name}"
    )
    properties = arm_ids(sandbox) | {"systemDatastoresAuthMode": "Identity"}
    body = {"location": sandbox.location, "identity": {"type": "SystemAssigned"}, "properties": properties}
    assert sandbox.arm("PUT", path, body, api_version="2025-12-01").status in (200, 202)

    def is_made() -> bool | None:
        found = sandbox.arm("GET", path, api_version="2025-12-01").json
        return found["properties"]["provisioningState"] == "Succeeded" or None

    awaited(is_made, f"workspace {name} to be made")
    return path


@contextlib.contextmanager
def connected(in_sandbox: Sandbox, files: Path) -> Iterator[Client]:
    """Return a client of the workspace ``mlsdk``, which has the cluster ``aml-cluster``."""
    make_workspace(in_sandbox, "mlsdk")
    group = f"/subscriptions/{in_sandbox.subscription}/resourceGroups/{GROUP}"
    identity = f"{group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/aml-cluster"
    jobs = in_sandbox.arm("PUT", identity, {"location": in_sandbox.location}, api_version="2023-01-31").json
    for principal in ("deployer", jobs["properties"]["principalId"]):
        storage = f"{group}/providers/Microsoft.Storage/storageAccounts/stmlsdk"
        in_sandbox.grant(principal, BLOB_CONTRIBUTOR, storage)
    with DefaultAzureCredential() as credential:
        made = Client(MLClient(credential, in_sandbox.subscription, GROUP, "mlsdk"), in_sandbox, files)
        cluster = AmlCompute(name="aml-cluster", size="STANDARD_DS11_V2", min_instances=0, max_instances=4)
        cluster.identity = IdentityConfiguration(
            type="UserAssigned", user_assigned_identities=[ManagedIdentityConfiguration(resource_id=identity)]
        )
        made.ml.compute.begin_create_or_update(cluster).result()
        yield made
        # invoke(deployment_name=...) leaves it there for every later invoke of the process.
        EndpointInvokeFields.DEFAULT_HEADER.pop(EndpointInvokeFields.MODEL_DEPLOYMENT, None)


def deploy(client: Client, endpoint: str, name: str, model: Any, code: str | None = None, **settings: Any) -> Any:
    """Make a deployment with the usual environment and, unless another folder is given, the usual code."""
    wanted = ModelBatchDeployment(
        name=name,
        endpoint_name=endpoint,
        model=model,
        environment=Environment(name="env", version="1", image="img:1", conda_file=CONDA),
        code_configuration=CodeConfiguration(code=code or client.code(), scoring_script="score.py"),
        compute="aml-cluster",
        settings=ModelBatchDeploymentSettings(**{"mini_batch_size": 2, **settings}),
    )
    return client.ml.batch_deployments.begin_create_or_update(wanted).result()
