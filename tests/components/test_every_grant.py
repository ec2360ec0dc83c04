"""Each grant of the program, taken away, makes something fail in the sandbox: none is there for nothing.

The table is the program's own, of a restricted network and with ``dataAccess``: what `MlWorkspace` declares. A job is
judged as the runner judges it before it runs anything.

Does not prove that Azure refuses the same things: docs/sandbox.md says which of it is confirmed.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from components.workspace import MlWorkspace
from learning import (
    ACCOUNT,
    CALLER,
    GROUP,
    WORKSPACE,
    Learning,
    cluster_body,
    deployment_body,
    endpoint_body,
    workspace_body,
)
from sandbox.azure.arm.errors import ArmError
from sandbox.azure.arm.types import BLOB_CONTAINER, INSIGHTS, REGISTRY, STORAGE_ACCOUNT, VAULT
from sandbox.azure.authorization.built_in import BLOB_READER
from sandbox.azure.jobs.access import check_access
from sandbox.azure.jobs.failures import JobFailed
from sandbox.azure.jobs.network import check_network
from sandbox.azure.readings import Switches
from tests.components.recorder import DEPLOYER, recorded
from tests.components.test_restricted import RESTRICTED
from tests.components.test_workspace import DATA, SCOPES

STORAGE = f"{GROUP}/providers/{STORAGE_ACCOUNT}/{ACCOUNT}"
PLACES = {
    SCOPES["storage"]: STORAGE,
    SCOPES["vault"]: f"{GROUP}/providers/{VAULT}/kv",
    SCOPES["registry"]: f"{GROUP}/providers/{REGISTRY}/acr",
    SCOPES["insights"]: f"{GROUP}/providers/{INSIGHTS}/ai",
    SCOPES["workspace"]: WORKSPACE,
    DATA: f"{GROUP}/providers/{STORAGE_ACCOUNT}/images",
}
"""Where the recorder's resources are here."""
ENDPOINT = "https://digits-ep.westeurope.inference.ml.azure.com/jobs"
OWN = f"https://{ACCOUNT}.blob.core.windows.net/azureml/in/"
FOREIGN = "https://images.blob.core.windows.net/raw/in/"

_WORKSPACE, _CLUSTER, _BUILDER = (
    "of the workspace 'wsp' is missing",
    "The identity of the cluster 'cpu'",
    "imageBuildCompute",
)
FAILS = {
    "ml-workspace-storage": ("PUT of the workspace", _WORKSPACE, "'Contributor'", SCOPES["storage"]),
    "ml-workspace-vault": ("PUT of the workspace", _WORKSPACE, "'Contributor'", SCOPES["vault"]),
    "ml-workspace-registry": ("PUT of the workspace", _WORKSPACE, "'Contributor'", SCOPES["registry"]),
    "ml-workspace-insights": ("PUT of the workspace", _WORKSPACE, "'Contributor'", SCOPES["insights"]),
    "ml-workspace-blobs": ("PUT of the workspace", _WORKSPACE, "'Storage Blob Data Contributor'", SCOPES["storage"]),
    "ml-workspace-files": (
        "PUT of the workspace",
        _WORKSPACE,
        "'Storage File Data Privileged Contributor'",
        SCOPES["storage"],
    ),
    "ml-workspace-secrets": ("PUT of the workspace", _WORKSPACE, "'Key Vault Administrator'", SCOPES["vault"]),
    "ml-workspace-metrics": ("PUT of the workspace", _WORKSPACE, "'Monitoring Metrics Publisher'", SCOPES["insights"]),
    "ml-workspace-itself": ("job", "primary identity of the workspace", "'Contributor'", SCOPES["workspace"]),
    "ml-compute-blobs": ("job", _CLUSTER, "'Storage Blob Data Reader'", SCOPES["storage"]),
    "ml-compute-queues": ("job", _CLUSTER, "'Storage Queue Data Contributor'", SCOPES["storage"]),
    "ml-compute-tables": ("job", _CLUSTER, "'Storage Table Data Contributor'", SCOPES["storage"]),
    "ml-compute-images": ("job", _CLUSTER, "'AcrPull'", SCOPES["registry"]),
    "ml-compute-reads-images": ("job on dataAccess", _CLUSTER, "'Storage Blob Data Reader'", DATA),
    "ml-builder-blobs": ("job", _BUILDER, "'Storage Blob Data Contributor'", SCOPES["storage"]),
    "ml-builder-images": ("job", _BUILDER, "'AcrPush'", SCOPES["registry"]),
    # Uploads too: tests/modelops/test_modelops_permissions.py.
    "ml-deployer-blobs": ("job", "The caller of the job", "'Storage Blob Data Reader'", SCOPES["storage"]),
}
"""For each grant: what fails without it, and what the message says: who, which role, on what."""


Grants = Mapping[str, tuple[str, str, str, str]]
"""Name of each grant to its principal, role, scope and condition, as the recorder spells them."""


@pytest.fixture(name="grants", scope="module")
def _grants() -> Grants:
    """What the program grants. Recorded once, before the router's calls put an end to the module's event loop."""
    recorder = recorded(lambda: MlWorkspace("ml", {**RESTRICTED, "data_access": [DATA]}))
    return {
        each.name: (
            each.inputs["principalId"],
            each.inputs["roleDefinitionId"].rpartition("/")[2],
            each.inputs["scope"],
            each.inputs.get("condition", ""),
        )
        for each in recorder.resources
        if each.typ == "azure-native:authorization:RoleAssignment"
    }


class Stage:
    """The workspace of a restricted stack with everything granted, and what fails in it."""

    def __init__(self, home: Path, grants: Grants, switches: Switches | None = None) -> None:
        self.learning = Learning(home, switches)
        self.assignments: dict[str, str] = {}
        firewall = {"defaultAction": "Deny", "bypass": "AzureServices"}
        self._seed(STORAGE, STORAGE_ACCOUNT, allowSharedKeyAccess=False, networkAcls=firewall)
        self._seed(PLACES[DATA], STORAGE_ACCOUNT)
        self._seed(f"{PLACES[DATA]}/blobServices/default/containers/raw", BLOB_CONTAINER)
        self._seed(PLACES[SCOPES["vault"]], VAULT, enableRbacAuthorization=True, networkAcls=firewall)
        self._seed(PLACES[SCOPES["insights"]], INSIGHTS, DisableLocalAuth=True)
        rules = {"networkRuleSet": {"defaultAction": "Deny"}, "networkRuleBypassOptions": "AzureServices"}
        self._seed(PLACES[SCOPES["registry"]], REGISTRY, loginServer="acr.azurecr.io", adminUserEnabled=False, **rules)
        for name, (principal, role, scope, condition) in grants.items():
            who = CALLER.object_id if principal == DEPLOYER else principal
            self.assignments[name] = self.learning.grant(who, role, PLACES[scope], condition)
        # Not the program's: who starts a job reads what is foreign to the stack by a grant of its owner.
        self.learning.grant(CALLER.object_id, BLOB_READER, PLACES[DATA])
        self.learning.done("PUT", "", self._workspace())
        for cluster, who in (("cpu", "compute"), ("image-builder", "builder")):
            self.learning.done("PUT", f"/computes/{cluster}", cluster_body() | {"identity": self._identity(who)})
        self.learning.make_assets()
        self.learning.done("PUT", "/batchEndpoints/digits-ep", endpoint_body())
        self.learning.done("PUT", "/batchEndpoints/digits-ep/deployments/blue", deployment_body())
        self.learning.make_endpoint(defaults={"deploymentName": "blue"})

    def take_away(self, name: str) -> None:
        self.learning.store.delete(self.assignments[name])

    def what_fails(self) -> list[tuple[str, str]]:
        """Return (what, message) of everything that fails."""
        failures = []
        try:
            self.learning.call("PUT", "", self._workspace())
        except ArmError as error:
            failures.append(("PUT of the workspace", error.message))
        for what, folder in (("job", OWN), ("job on dataAccess", FOREIGN)):
            body = {"properties": {"inputData": {"x": {"jobInputType": "UriFolder", "uri": folder}}}}
            self.learning.call("POST", ENDPOINT, body)
            job = self.learning.jobs.submitted[-1]
            try:
                check_network(self.learning.store, job)
                check_access(self.learning.jobs.context, job)
            except JobFailed as error:
                failures.append((what, error.message))
        return failures

    def _seed(self, resource_id: str, type_: str, **properties: Any) -> None:
        self.learning.store.put(
            resource_id, type_, {"id": resource_id, "location": "westeurope", "properties": properties}
        )

    def _identity(self, who: str) -> dict[str, Any]:
        type_ = "Microsoft.ManagedIdentity/userAssignedIdentities"
        identity = f"{GROUP}/providers/{type_}/ml-{who}-identity"
        self._seed(identity, type_, principalId=f"ml-{who}-identity-principal", clientId="c")
        return {"type": "UserAssigned", "userAssignedIdentities": {identity: {}}}

    def _workspace(self) -> dict[str, Any]:
        identity = self._identity("workspace")
        return {
            **workspace_body(
                containerRegistry=PLACES[SCOPES["registry"]],
                imageBuildCompute="image-builder",
                primaryUserAssignedIdentity=next(iter(identity["userAssignedIdentities"])),
            ),
            "identity": identity,
        }


def test_with_all_grants_nothing_fails(tmp_path: Path, grants: Grants) -> None:
    assert Stage(tmp_path, grants).what_fails() == []


def test_the_table_is_the_program_s(grants: Grants) -> None:
    assert sorted(FAILS) == sorted(grants)


@pytest.mark.parametrize("grant", FAILS)
def test_without_a_grant_something_fails(tmp_path: Path, grants: Grants, grant: str) -> None:
    stage = Stage(tmp_path, grants)
    stage.take_away(grant)
    what, who, role, scope = FAILS[grant]
    failed, message = stage.what_fails()[0]
    assert failed == what
    assert who in message
    assert role in message
    assert f"on '{PLACES[scope]}" in message


@pytest.mark.parametrize("grant", ["ml-workspace-secrets", "ml-workspace-itself", "ml-builder-images"])
def test_what_no_source_says_is_a_switch(tmp_path: Path, grants: Grants, grant: str) -> None:
    stage = Stage(tmp_path, grants, Switches(workspace_identity_needs_roles=False, builder_uses_its_identity=False))
    stage.take_away(grant)
    assert stage.what_fails() == []


def test_a_registry_with_an_admin_user_needs_no_roles(tmp_path: Path, grants: Grants) -> None:
    stage = Stage(tmp_path, grants)
    registry = stage.learning.store.get(PLACES[SCOPES["registry"]])
    assert registry is not None
    registry.body["properties"]["adminUserEnabled"] = True
    stage.learning.store.put(registry.id, registry.type, registry.body)
    for grant in ("ml-compute-images", "ml-builder-images"):
        stage.take_away(grant)
    assert stage.what_fails() == []
