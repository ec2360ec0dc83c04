"""Callers of a deployed endpoint, by plain REST: what their grants allow, and that they allow nothing else.

One `up` of the real engine for the whole module: two endpoints, `callers` and `triggers` on one of them, `alerts`, and
`dataAccess` to a storage account that somebody else made. The triggers are run by tests/modelops/definitions.py: the
sandbox runs no Logic App. It does not prove what real Azure requires of a caller (docs/security.md).
"""

import contextlib
import copy
import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from components import roles
from sandbox.commands.environment import variables
from sandbox.commands.lifecycle import running
from sandbox.home import Home
from tests.e2e.plain_rest import PlainRest, principal
from tests.e2e.rehearsal import Rehearsal
from tests.modelops.definitions import FailedRunError, LogicApp

ROLES = "2022-04-01"
STORAGE = "2024-01-01"
IMAGES = 12
"""How many of the example's images lie in the account elsewhere."""


SENDS_REQUESTS = """\
import json, ssl, urllib.error, urllib.request
from pathlib import Path

def init():
    pass

def run(mini_batch):
    return [row for file in mini_batch for row in send(json.loads(Path(file).read_text()))]

def send(asked):
    proxy = urllib.request.ProxyHandler({"https": asked["proxy"]})
    trust = urllib.request.HTTPSHandler(context=ssl.create_default_context(cafile=asked["trust"]))
    opener = urllib.request.build_opener(proxy, trust)
    signed = {"Authorization": "Bearer " + asked["token"], "x-ms-version": "2024-11-04"}
    for what, method, url in asked["requests"]:
        body, headers = (b"mine", signed | {"x-ms-blob-type": "BlockBlob"}) if method == "PUT" else (None, signed)
        request = urllib.request.Request(url, body, headers, method=method)
        try:
            with opener.open(request, timeout=60) as answer:
                yield f"{what}: {answer.status}"
        except urllib.error.HTTPError as refused:
            yield f"{what}: {refused.code} {refused.headers['x-ms-error-code']}"
"""
"""A scoring script that sends the requests in its input, and returns a row for each answer."""


@dataclass
class Called:
    """The deployed stack, the account elsewhere, and those who talk to them."""

    rehearsal: Rehearsal
    elsewhere: str
    administrator: PlainRest
    caller: PlainRest

    @property
    def images(self) -> str:
        """The folder with the images, in the account elsewhere."""
        return f"https://{self.elsewhere.rpartition('/')[2]}.blob.core.windows.net/images/in/"

    @property
    def workspace(self) -> str:
        """ARM id of the workspace."""
        out = self.rehearsal.outputs()
        group = f"/subscriptions/{out['subscriptionId']}/resourceGroups/{out['resourceGroup']}"
        return f"{group}/providers/Microsoft.MachineLearningServices/workspaces/{out['workspace']}"

    def scoring_uri(self, endpoint: str) -> str:
        """Where jobs of an endpoint are started."""
        return str(self.rehearsal.outputs()["endpoints"][endpoint]["scoringUri"])

    def arm_id(self, endpoint: str) -> str:
        """ARM id of an endpoint."""
        return f"{self.workspace}/batchEndpoints/{self.rehearsal.outputs()['endpoints'][endpoint]['name']}"

    def run(self, output: str) -> tuple[str, str]:
        """Let the caller score the images; return the job's name and how it ended."""
        job = self.caller.start(self.scoring_uri("digits"), self.images, output)
        return job, self.caller.follow(self.scoring_uri("digits"), job)

    def failure(self, job: str) -> str:
        """Return why a job failed, as the caller sees it."""
        return self.caller.failure(self.workspace, self.rehearsal.outputs()["location"], job)

    @contextlib.contextmanager
    def without(self, principal_id: str) -> Iterator[None]:
        """Take the only grant of a principal on the account elsewhere away, for a while."""
        ids = [each for each in self.rehearsal.role_assignments() if each.lower().startswith(self.elsewhere.lower())]
        bodies = {each: self.administrator.arm("GET", each, api=ROLES).ok().json["properties"] for each in ids}
        (grant,) = [each for each, body in bodies.items() if body["principalId"] == principal_id]
        self.administrator.arm("DELETE", grant, api=ROLES).ok()
        try:
            yield
        finally:
            kept = {name: bodies[grant][name] for name in ("principalId", "roleDefinitionId", "principalType")}
            self.administrator.arm("PUT", grant, {"properties": kept}, ROLES).ok()


@pytest.fixture(name="called", scope="module")
def _called(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Called]:
    place = tmp_path_factory.mktemp("called")
    rehearsal = Rehearsal(checkout, place / "unused").copy_to(place)
    rehearsal.start_server()
    try:
        yield _deployed(rehearsal)
    finally:
        rehearsal.stop()


def _deployed(rehearsal: Rehearsal) -> Called:
    """Put images into an account elsewhere, and deploy two endpoints that may read them, one of them with a caller."""
    facts = json.loads((rehearsal.home / "sandbox.json").read_text(encoding="utf-8"))
    deployer, who = principal(rehearsal, "deployer"), facts["principals"]
    elsewhere = _storage_elsewhere(deployer, facts["subscriptionId"])
    called = Called(rehearsal, elsewhere, principal(rehearsal, "administrator"), principal(rehearsal, "caller"))
    # The caller's own grant there is its team's affair: `dataAccess` lets the cluster read, and nobody else.
    grants = {"deployer": roles.BLOB_CONTRIBUTOR, "caller": roles.BLOB_READER}
    for name, role in grants.items():
        object_id = who[name]["objectId"]
        definition = roles.definition_id(role, facts["subscriptionId"])
        properties = {"principalId": object_id, "principalType": "ServicePrincipal", "roleDefinitionId": definition}
        path = f"{elsewhere}/providers/Microsoft.Authorization/roleAssignments/{uuid.uuid4()}"
        called.administrator.arm("PUT", path, {"properties": properties}, ROLES).ok()
    blob = {"x-ms-blob-type": "BlockBlob"}
    for image in _images(rehearsal):
        deployer.send("PUT", called.images + image.name, image.read_bytes(), **blob).ok()

    rehearsal.python("-m", "sandbox", "registry", "create", "shared").ok()
    (registry,) = [each for each in rehearsal.resources() if each.endswith("/registries/shared")]

    requests = rehearsal.folder / "requests"
    requests.mkdir()
    (requests / "score.py").write_text(SENDS_REQUESTS, encoding="utf-8")

    def two_endpoints(config: dict[str, Any]) -> None:
        config["dataAccess"] = [elsewhere]
        config["endpoints"]["letters"] = copy.deepcopy(config["endpoints"]["digits"])
        config["endpoints"]["letters"]["tryOut"] = "none"
        config["endpoints"]["letters"]["deployments"]["mlp"]["code"] = "requests"
        config["endpoints"]["digits"]["callers"] = [{"principalId": who["caller"]["objectId"]}]
        nightly = {"endpoint": "digits", "input": called.images, "startTime": "2027-01-31T02:00:00"}
        weekly = {**nightly, "frequency": "Week", "identity": "userAssigned", "enabled": False}
        config["triggers"] = {"nightly": nightly, "weekly": weekly}
        config["registryAccess"] = [registry]
        config["alerts"] = {"emails": ["ops@example.com"]}

    rehearsal.configure(two_endpoints)
    rehearsal.up()
    return called


def _images(rehearsal: Rehearsal) -> list[Path]:
    return sorted((rehearsal.folder / "examples/digits/data/images").iterdir())[:IMAGES]


def _storage_elsewhere(deployer: PlainRest, subscription: str) -> str:
    """Create a storage account in its own resource group, with a container; return the account's id."""
    group = f"/subscriptions/{subscription}/resourceGroups/data"
    account = f"{group}/providers/Microsoft.Storage/storageAccounts/imageselsewhere"
    deployer.arm("PUT", group, {"location": "westeurope"}, "2024-03-01").ok()
    body = {"location": "westeurope", "kind": "StorageV2", "sku": {"name": "Standard_LRS"}}
    deployer.arm("PUT", account, {**body, "properties": {"allowSharedKeyAccess": False}}, STORAGE).ok()
    deployer.arm("PUT", f"{account}/blobServices/default/containers/images", {}, STORAGE).ok()
    return account


def test_a_caller_scores_images_of_an_account_elsewhere_and_reads_its_predictions(called: Called) -> None:
    """It needs the three grants of `callers`; the cluster reads the images by `dataAccess`, the caller by its own."""
    job, status = called.run("by-rest/first.csv")
    assert status == "Completed"
    lines = called.caller.predictions(called.workspace, "by-rest/first.csv")
    assert [line.partition(",")[0] for line in lines] == [each.name for each in _images(called.rehearsal)]
    told = called.caller.send("GET", f"{called.scoring_uri('digits')}/{job}").ok().json
    assert told["id"] == f"{called.arm_id('digits')}/deployments/{called.rehearsal.default}/jobs/{job}"


DENIED: dict[str, tuple[str, str, dict[str, Any] | None]] = {
    "start a job at the neighbour": ("POST", "{neighbour}", {}),
    "read a job of the neighbour": ("GET", "{neighbour}/some-job", None),
    "read the neighbour": ("GET", "{letters}", None),
    "change the endpoint": ("PUT", "{digits}", {"location": "westeurope", "properties": {"authMode": "AADToken"}}),
    "change the endpoint's tags": ("PATCH", "{digits}", {"tags": {}}),
    "delete the endpoint": ("DELETE", "{digits}", None),
    "make a deployment": ("PUT", "{digits}/deployments/mine", {"location": "westeurope", "properties": {}}),
    "delete a deployment": ("DELETE", "{digits}/deployments/mine", None),
    "list the endpoints": ("GET", "{workspace}/batchEndpoints", None),
    "register a model": ("PUT", "{workspace}/models/mine/versions/1", {"properties": {}}),
    "read a datastore's secrets": ("POST", "{workspace}/datastores/workspaceblobstore/listSecrets", {}),
    "list the keys of the workspace's storage": ("POST", "{storage}/listKeys", {}),
    "list the keys of the account elsewhere": ("POST", "{elsewhere}/listKeys", {}),
    "grant itself more": (
        "PUT",
        "{digits}/providers/Microsoft.Authorization/roleAssignments/00000000-0000-4000-8000-000000000009",
        {"properties": {}},
    ),
}


@pytest.mark.parametrize("what", DENIED)
def test_and_is_refused_everything_else(called: Called, what: str) -> None:
    method, path, body = DENIED[what]
    storage = next(each for each in called.rehearsal.resources() if _is_account(each) and each != called.elsewhere)
    filled = path.format(
        neighbour=called.scoring_uri("letters"),
        digits=called.arm_id("digits"),
        letters=called.arm_id("letters"),
        workspace=called.workspace,
        storage=storage,
        elsewhere=called.elsewhere,
    )
    before = called.rehearsal.resources()
    if filled.startswith("https://"):
        refused = called.caller.send(method, filled, body)
    else:
        api = STORAGE if "storageAccounts" in filled else ROLES if "roleAssignments" in filled else "2025-12-01"
        refused = called.caller.arm(method, filled, body, api)
    assert refused.status == 403, refused.content.decode()
    assert refused.error == (403, "AuthorizationFailed")
    assert called.rehearsal.resources() == before


def _workflow(called: Called, key: str) -> dict[str, Any]:
    (found,) = [each for each in called.rehearsal.resources() if f"/workflows/{key}-trigger" in each]
    body: dict[str, Any] = called.administrator.arm("GET", found, api="2019-05-01").ok().json
    return body


def _run_as(called: Called, workflow: dict[str, Any], definition: dict[str, Any]) -> None:
    """Run a definition with the tokens of the workflow's identity, which only Azure itself has."""
    home = Home(called.rehearsal.home)
    server = running(home)
    assert server is not None
    users = workflow["identity"].get("userAssignedIdentities", {})
    who = next((each["principalId"] for each in users.values()), workflow["identity"].get("principalId"))
    asked = urlencode({"principal": who, "audience": "https://ml.azure.com"})
    robot = PlainRest(variables(home, home.facts(), server, "caller"))
    robot.tokens["https://ml.azure.com"] = server.control("GET", f"/token?{asked}")["token"]

    def send(method: str, url: str, headers: dict[str, str], body: Any) -> tuple[int, Any]:
        answer = robot.send(method, url, body, **headers)
        return answer.status, answer.json

    LogicApp({"definition": definition}, send, next(iter(users), None), workflow["name"]).run()


@pytest.mark.parametrize("key", ["nightly", "weekly"])
def test_a_trigger_scores_at_its_endpoint_and_is_refused_at_the_neighbour(called: Called, key: str) -> None:
    """As the workflow's own identity, and as one that was made for it."""
    workflow = _workflow(called, key)
    definition = workflow["properties"]["definition"]
    assert workflow["properties"]["state"] == ("Enabled" if key == "nightly" else "Disabled")
    _run_as(called, workflow, definition)
    elsewhere = json.dumps(definition).replace(called.scoring_uri("digits"), called.scoring_uri("letters"))
    with pytest.raises(FailedRunError, match=r"^Start: 403 .*AuthorizationFailed"):
        _run_as(called, workflow, json.loads(elsewhere))


def test_callers_triggers_and_the_cluster_may_read_the_registry(called: Called) -> None:
    grants = [each for each in called.rehearsal.role_assignments() if "/registries/shared/" in each]
    bodies = [called.administrator.arm("GET", each, api=ROLES).ok().json["properties"] for each in grants]
    assert {each["roleDefinitionId"].rpartition("/")[2] for each in bodies} == {roles.READER.id}
    assert len({each["principalId"] for each in bodies}) == 4


def test_the_next_preview_changes_nothing(called: Called) -> None:
    assert called.rehearsal.of_kind("metricAlerts") != []
    called.rehearsal.pulumi("preview", "--expect-no-changes").ok()


def _is_account(resource: str) -> bool:
    return resource.rsplit("/", 2)[1].lower() == "storageaccounts"


def test_and_does_not_write_where_it_reads(called: Called) -> None:
    store = called.caller.arm("GET", f"{called.workspace}/datastores/workspaceblobstore").ok().json["properties"]
    place = f"https://{store['accountName']}.blob.core.windows.net/{store['containerName']}"
    assert called.caller.send("PUT", f"{place}/mine.txt", b"x", **{"x-ms-blob-type": "BlockBlob"}).status == 403
    logs = f"https://{store['accountName']}.blob.core.windows.net/azureml?restype=container&comp=list"
    assert called.caller.send("GET", logs).status == 403


def test_without_the_clusters_grant_the_job_fails_and_names_role_and_scope(called: Called) -> None:
    """Only `dataAccess` lets the cluster read there: without its role assignment nothing else does."""
    out = called.rehearsal.outputs()
    cluster = called.administrator.arm("GET", f"{called.workspace}/computes/{out['cluster']}").ok().json
    (identity,) = cluster["identity"]["userAssignedIdentities"].values()
    with called.without(identity["principalId"]):
        job, status = called.run("by-rest/blind.csv")
    assert status == "Failed"
    assert (
        f"The identity of the cluster '{out['cluster']}' ({identity['principalId']}) is missing a role such as "
        f"'Storage Blob Data Reader' on '{called.elsewhere}/blobServices/default/containers/images'."
    ) in called.failure(job)


def _as_cluster(called: Called) -> dict[str, str]:
    """Return what a program needs to send requests to storage with the identity of the cluster's nodes."""
    home = Home(called.rehearsal.home)
    server = running(home)
    assert server is not None
    computes = f"{called.workspace}/computes/{called.rehearsal.outputs()['cluster']}"
    (identity,) = called.administrator.arm("GET", computes).ok().json["identity"]["userAssignedIdentities"].values()
    asked = urlencode({"principal": identity["principalId"], "audience": "https://storage.azure.com"})
    reach = variables(home, home.facts(), server, "caller")
    return {
        "token": server.control("GET", f"/token?{asked}")["token"],
        "proxy": reach["HTTPS_PROXY"],
        "trust": reach["SSL_CERT_FILE"],
    }


def test_a_job_cannot_replace_the_model_or_the_code_of_another_endpoint(called: Called) -> None:
    """With the identity that all jobs have, it reads both and changes neither; its own output and log are there."""
    deployer = principal(called.rehearsal, "deployer")
    served = deployer.arm("GET", f"{called.arm_id('digits')}/deployments/{called.rehearsal.default}").ok().json
    own = served["properties"]
    script = own["codeConfiguration"]
    code = deployer.arm("GET", script["codeId"]).ok().json["properties"]["codeUri"]
    model = deployer.arm("GET", own["model"]["assetId"]).ok().json["properties"]["modelUri"]
    store = deployer.arm("GET", f"{called.workspace}/datastores/workspaceblobstore").ok().json["properties"]
    account = f"https://{store['accountName']}.blob.core.windows.net"
    place = f"{account}/{store['containerName']}"
    weights, scoring = f"{place}/{model.partition('/paths/')[2]}/model.json", f"{code}/{script['scoringScript']}"
    before = [deployer.send("GET", url).ok().content for url in (weights, scoring)]
    requests = [
        ("read the model", "GET", weights),
        ("read the code", "GET", scoring),
        ("write the model", "PUT", weights),
        ("write the code", "PUT", scoring),
        ("delete the model", "DELETE", weights),
        ("delete the code", "DELETE", scoring),
        ("add to the uploads", "PUT", f"{place}/LocalUpload/mine.txt"),
        ("add to the code", "PUT", f"{code}/mine.py"),
        ("write in any other container", "PUT", f"{account}/mine/mine.txt"),
        ("write an output", "PUT", f"{place}/azureml/mine/score/mine.txt"),
        ("write somewhere else", "PUT", f"{place}/by-rest/mine.txt"),
        ("write a log", "PUT", f"{account}/azureml/ExperimentRun/dcid.mine/mine.txt"),
    ]
    asked = _as_cluster(called) | {"requests": requests}
    folder = called.images.replace("/in/", "/requests/")
    block = {"x-ms-blob-type": "BlockBlob"}
    deployer.send("PUT", f"{folder}all.json", json.dumps(asked).encode(), **block).ok()
    job = deployer.start(called.scoring_uri("letters"), folder, "by-rest/answers.csv")
    assert deployer.follow(called.scoring_uri("letters"), job) == "Completed"
    refused = "403 AuthorizationPermissionMismatch"
    assert deployer.predictions(called.workspace, "by-rest/answers.csv") == sorted(
        f"{what}: {answer}"
        for (what, _, _), answer in zip(requests, [*["200"] * 2, *[refused] * 7, *["201"] * 3], strict=True)
    )
    assert [deployer.send("GET", url).ok().content for url in (weights, scoring)] == before


def test_a_job_is_not_given_an_output_among_the_uploads(called: Called) -> None:
    job, status = called.run("LocalUpload/mine.csv")
    assert status == "Failed"
    assert called.failure(job).endswith(
        " is missing a role such as 'Storage Blob Data Contributor' on"
        f" '{_results(called)}', without a condition that excludes 'LocalUpload/mine.csv'."
    )


def _results(called: Called) -> str:
    """Return the ARM id of the container of the default datastore."""
    store = called.administrator.arm("GET", f"{called.workspace}/datastores/workspaceblobstore").ok().json["properties"]
    account = next(each for each in called.rehearsal.resources() if each.endswith(f"/{store['accountName']}"))
    return f"{account}/blobServices/default/containers/{store['containerName']}"


def test_whether_who_starts_a_job_must_read_its_input_is_a_switch(called: Called) -> None:
    """The harsh reading asks for the caller's own role on the input; the lenient one is content with the cluster's."""
    facts = json.loads((called.rehearsal.home / "sandbox.json").read_text(encoding="utf-8"))
    object_id = facts["principals"]["caller"]["objectId"]
    with called.without(object_id):
        job, status = called.run("by-rest/harsh.csv")
        assert status == "Failed"
        assert f"The caller of the job ({object_id}) is missing a role such as 'Storage Blob Data Reader' on" in (
            called.failure(job)
        )
        called.rehearsal.stop()
        called.rehearsal.python("-m", "sandbox", "start", "--profile", "lenient").ok()
        try:
            assert called.run("by-rest/lenient.csv")[1] == "Completed"
        finally:
            called.rehearsal.stop()
            called.rehearsal.start_server()
