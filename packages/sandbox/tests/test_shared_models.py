"""Models that azure-ai-ml shares with a registry: `models.share`, what the copy has, and who may.

Does not prove what the service's copy has of its source besides the files and the type: no public source tells.
"""

import asyncio
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError
from azure.identity import DefaultAzureCredential

from job_bench import JobBench
from learning import GROUP, SUBSCRIPTION, TENANT, Learning, deployment_body
from sandbox.__main__ import main
from sandbox.azure.arm.requests import Principal
from sandbox.azure.authorization.built_in import CONTRIBUTOR
from sandbox.azure.authorization.evaluation import ASSIGNMENT
from sandbox.azure.machine_learning.stock.intake import Intake
from sandbox.azure.readings import Switches
from sdk_client import Client

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from azure.ai.ml import MLClient
    from azure.ai.ml.entities import Model
    from azure.ai.ml.exceptions import ValidationException

SHARED = "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/registry-shared"
IMPORT = (
    f"https://westeurope.api.azureml.ms/mferp/managementfrontend{SHARED}/providers/Microsoft.MachineLearningServices"
    "/registries/shared/import"
)
REGISTRY_USER = "1823dd4f-9b8c-4ab6-ab4e-7397a3684615"
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@pytest.fixture
def registry(client: Client, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The SDK's client of a registry."""
    monkeypatch.setenv("SANDBOX_HOME", str(client.sandbox.home.root))
    assert main(["registry", "create", "shares"]) == 0
    return MLClient(DefaultAzureCredential(), registry_name="shares")


def test_a_shared_model_is_a_copy(client: Client, registry: Any, tmp_path: Path) -> None:
    wanted = Model(name="net", version="1", path=client.model("net"), properties={"contentDigest": "d"})
    client.ml.models.create_or_update(wanted)
    copy = {"share_with_name": "net", "share_with_version": "4", "registry_name": "shares"}
    made = client.ml.models.share("net", "1", **copy)
    assert (made.id, made.type, made.properties) == (
        "azureml://registries/shares/models/net/versions/4",
        "custom_model",
        {},
    )
    client.ml.models.archive("net", "1")
    registry.models.download("net", "4", tmp_path / "down")
    got = tmp_path / "down" / "net" / "model"
    assert {each.name: each.read_text() for each in got.rglob("*")} == {"weights.txt": "net"}
    with pytest.raises(ValidationException, match="A model with this name and version already exists in registry"):
        client.ml.models.share("net", "1", **copy)


def test_a_property_may_be_added_to_a_shared_model(client: Client, registry: Any) -> None:
    client.ml.models.create_or_update(Model(name="noted", version="1", path=client.model("noted")))
    made = client.ml.models.share("noted", "1", share_with_name="noted", share_with_version="1", registry_name="shares")
    made.properties = {**made.properties, "contentDigest": "d"}
    registry.models.create_or_update(made)
    again = registry.models.get("noted", "1")
    assert (again.properties, again.path) == ({"contentDigest": "d"}, made.path)


@pytest.fixture(params=[False, True])
def seeded(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Learning]:
    """A workspace with its assets, and the registry ``shared``; imports keep properties, or do not."""
    learning = Learning(tmp_path, Switches(import_keeps_properties=request.param))
    learning.make_workspace()
    learning.make_assets()
    asyncio.run(Intake(learning.world).add({"what": "registry", "registry": "shared", "name": ""}))
    yield learning
    learning.store.close()


def imported(learning: Learning, **changed: str) -> dict[str, Any]:
    """Return the request for a copy of the model ``m`` 1 as ``copy`` 2."""
    workspace = learning.call("GET", "").body["properties"]["workspaceId"]
    source = f"azureml://locations/westeurope/workspaces/{workspace}/models/m/versions/1"
    names = {"destinationName": "copy", "destinationVersion": "2"}
    return {"properties": {"referenceType": "Id", "sourceAssetId": source, **names, **changed}}


def test_an_import_ends_without_content_and_overwrites(seeded: Learning) -> None:
    noted = {"modelUri": "azureml://datastores/workspaceblobstore/paths/models/one/model", "tags": {"a": "1"}}
    seeded.call("PUT", "/models/m/versions/1", {"properties": {**noted, "modelType": "custom_model"}})
    places = set()
    for _ in range(2):
        started = seeded.call("POST", IMPORT, imported(seeded))
        assert (started.status, started.body, "Azure-AsyncOperation" in started.headers) == (202, None, False)
        where = started.headers["Location"]
        assert [seeded.call("GET", where).status for _ in range(2)] == [202, 204]
        made = seeded.call("GET", IMPORT.removesuffix("import") + "models/copy/versions/2").body
        kept = seeded.world.switches.import_keeps_properties
        assert (made["properties"]["modelType"], made["properties"]["tags"]) == (
            "custom_model",
            {"a": "1"} if kept else {},
        )
        places.add(made["properties"]["modelUri"])
    assert len(places) == 2


@pytest.mark.parametrize(
    ("changed", "refused"),
    [
        ({"sourceAssetId": "m:1"}, (400, "BadRequest", "is 'm:1', which does not name an asset of a workspace.")),
        (
            {"sourceAssetId": "azureml://locations/westeurope/workspaces/other/models/m/versions/1"},
            (400, "UserError", "/models/m/versions/1', and there is no such model."),
        ),
        (
            {"sourceAssetId": "azureml://locations/westeurope/workspaces/x/data/d/versions/1"},
            (
                501,
                "NotModelledInSandbox",
                "The sandbox does not model sharing of 'data' with a registry (only of models).",
            ),
        ),
    ],
)
def test_what_is_not_shared(seeded: Learning, changed: dict[str, str], refused: tuple[int, str, str]) -> None:
    status, code, message = seeded.refused("POST", IMPORT, imported(seeded, **changed))
    assert (status, code) == refused[:2]
    assert refused[2] in message


def test_sharing_needs_a_role_on_the_registry_and_on_the_model(
    client: Client, registry: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.ml.models.create_or_update(Model(name="kept", version="1", path=client.model("kept")))
    reader = client.sandbox.facts.accounts["reader"]
    monkeypatch.setenv("AZURE_CLIENT_ID", reader.principal.client_id)
    monkeypatch.setenv("AZURE_CLIENT_SECRET", reader.secret)
    own = MLClient(
        DefaultAzureCredential(), client.sandbox.subscription, client.ml.resource_group_name, client.ml.workspace_name
    )
    assert registry.models.list("kept") is not None
    with pytest.raises(HttpResponseError, match="registries/assets/write' over scope '/subscriptions/"):
        own.models.share("kept", "1", share_with_name="kept", share_with_version="1", registry_name="shares")


@pytest.mark.parametrize(
    ("needs_roles", "granted", "lacking"),
    [
        (True, (), "The caller of the job (who)"),
        (True, ("who",), "The identity of the cluster 'cpu' (node)"),
        (True, ("who", "node"), None),
        (False, (), "The caller of the job (who)"),
        (False, ("who",), None),
    ],
)
def test_a_job_with_assets_of_a_registry_needs_roles_on_it(
    bench: JobBench, *, needs_roles: bool, granted: tuple[str, ...], lacking: str | None
) -> None:
    bench.switches = Switches(registry_needs_roles=needs_roles)
    registry = f"{SHARED}/providers/Microsoft.MachineLearningServices/registries/shared"
    for each in granted:
        properties = {"scope": registry, "principalId": each, "roleDefinitionId": f"/{REGISTRY_USER}"}
        where = f"{registry}/providers/{ASSIGNMENT}/{each}"
        bench.store.put(where, ASSIGNMENT, {"id": where, "name": each, "properties": properties})
    script = "def init(): ...\ndef run(batch): return batch\n"
    done = bench.run(bench.request(script, caller="who", cluster_identity="node", registries=(registry,)))
    if lacking is None:
        assert done.parent.status == "Completed"
        return
    assert done.error == (
        f"User/tenant/subscription is not allowed to access registry shared. {lacking} is missing a role such as "
        f"'AzureML Registry User' on '{registry}'."
    )


@pytest.mark.parametrize("needs_roles", [True, False])
def test_the_author_of_a_deployment_needs_a_role_on_its_registry(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, needs_roles: bool
) -> None:
    learning = Learning(tmp_path, Switches(registry_needs_roles=needs_roles))
    learning.make_all()
    environment = {"what": "environment", "registry": "shared", "name": "e:1", "image": "img:1"}
    asyncio.run(Intake(learning.world).add(environment))
    body = deployment_body(environmentId="azureml://registries/shared/environments/e/versions/1")
    url = "/batchEndpoints/digits-ep/deployments/green"
    learning.grant("author", CONTRIBUTOR, GROUP)
    monkeypatch.setattr("learning.CALLER", Principal("author", "author", "client", TENANT))
    if needs_roles:
        status, code, message = learning.refused("PUT", url, body)
        assert (status, code) == (403, "AuthorizationFailed")
        assert "perform action 'Microsoft.MachineLearningServices/registries/assets/read' over scope" in message
        learning.grant("author", REGISTRY_USER, f"/subscriptions/{SUBSCRIPTION}/resourceGroups/registry-shared")
    assert learning.call("PUT", url, body).status == 201
    learning.store.close()
