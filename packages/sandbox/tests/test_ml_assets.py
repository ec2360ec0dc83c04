"""Models, codes, environments and data: versions, immutability, search and uploads, through the router."""

from typing import Any

import pytest

from learning import ACCOUNT, WORKSPACE, Learning

MODEL = "azureml://datastores/workspaceblobstore/paths/models/one/model"


@pytest.fixture
def assets(learning: Learning) -> Learning:
    """A workspace with model ``m``, code ``c`` and environment ``e``, each of version 1."""
    learning.make_workspace()
    learning.make_assets()
    return learning


def test_a_new_version_answers_201_and_what_clients_need(assets: Learning) -> None:
    answer = assets.call("PUT", "/models/m/versions/2", {"properties": {"modelUri": MODEL}})
    assert answer.status == 201
    assert answer.body["id"] == f"{WORKSPACE}/models/m/versions/2"
    assert answer.body["name"] == "2"
    properties = answer.body["properties"]
    assert (properties["flavors"], properties["modelType"], properties["provisioningState"]) == (
        {},
        "custom_model",
        "Succeeded",
    )


def test_the_container_names_latest_and_next(assets: Learning) -> None:
    assets.call("PUT", "/models/m/versions/7", {"properties": {"modelUri": MODEL}})
    properties = assets.call("GET", "/models/m").body["properties"]
    assert (properties["latestVersion"], properties["nextVersion"]) == ("7", "8")


@pytest.mark.parametrize("version", ["0", "01", "1.0.0", "abc", "-1"])
def test_model_versions_are_positive_integers(assets: Learning, version: str) -> None:
    assert assets.refused("PUT", f"/models/m/versions/{version}", {"properties": {"modelUri": MODEL}}) == (
        400,
        "UserError",
        f"'{version}' is not a valid model version: a positive integer.",
    )


def test_paths_of_a_version_are_immutable_and_tags_are_not(assets: Learning) -> None:
    properties = {"modelUri": MODEL.upper().replace("AZUREML", "azureml"), "tags": {"a": "b"}}
    assert assets.call("PUT", "/models/m/versions/1", {"properties": properties}).body["properties"]["tags"] == {
        "a": "b"
    }
    other = {"modelUri": "azureml://datastores/workspaceblobstore/paths/code/src"}
    assert assets.refused("PUT", "/models/m/versions/1", {"properties": other}) == (
        400,
        "UserError",
        "Asset paths cannot be updated.",
    )


def test_an_environment_version_keeps_its_content(assets: Learning) -> None:
    before = assets.call("GET", "/environments/e/versions/1").body
    same = {"properties": {"image": "img:1", "condaFile": "name: e"}}
    again = assets.call("PUT", "/environments/e/versions/1", same)
    assert (again.status, again.body) == (201, before)
    for spelling in ('{"name": "e"}', "# ours\nname:   'e'"):
        spelled = {"properties": {"image": "img:1", "condaFile": spelling, "tags": {"a": "b"}}}
        changed = assets.call("PUT", "/environments/e/versions/1", spelled)
        assert (changed.status, changed.body["properties"]["tags"]) == (201, {"a": "b"})
    assert assets.refused("PUT", "/environments/e/versions/1", {"properties": {"image": "img:1"}}) == (
        409,
        "UserError",
        "The content of an environment version cannot be updated: register another version.",
    )


def test_a_conda_file_is_answered_as_json(assets: Learning) -> None:
    sent = "name: e\ndependencies:\n- pip  # first\n- pip: [numpy==2.0]\n"
    made = assets.call("PUT", "/environments/f/versions/1", {"properties": {"image": "img:1", "condaFile": sent}})
    answered = (
        '{\n  "name": "e",\n  "dependencies": [\n    "pip",\n    {\n      "pip": [\n        "numpy==2.0"\n      ]\n'
        "    }\n  ]\n}"
    )
    assert made.body["properties"]["condaFile"] == answered
    assert assets.call("GET", "/environments/f/versions/1").body["properties"]["condaFile"] == answered
    without = assets.call("PUT", "/environments/g/versions/1", {"properties": {"image": "img:1"}})
    assert without.body["properties"]["condaFile"] == ""


def test_a_build_context_has_its_dockerfile(assets: Learning) -> None:
    container = assets.call("GET", "/datastores/workspaceblobstore").body["properties"]["containerName"]
    uri = f"https://{ACCOUNT}.blob.core.windows.net/{container}/context/"
    asked = {"properties": {"build": {"contextUri": uri}}}
    assert assets.refused("PUT", "/environments/b/versions/1", asked) == (
        400,
        "UserError",
        f"'properties.build': '{uri}' has no file 'Dockerfile'.",
    )
    assets.blobs.write(ACCOUNT, container, "context/Dockerfile", b"FROM scratch")
    made = assets.call("PUT", "/environments/b/versions/1", asked)
    assert (made.status, made.body["properties"]["build"]) == (201, {"contextUri": uri, "dockerfilePath": "Dockerfile"})
    assert assets.call("PUT", "/environments/b/versions/1", asked).body == made.body


@pytest.mark.parametrize("uri", ["https://github.com/a/b#main:sub", "https://git.example/a/b.git", "git@host:a/b"])
def test_a_build_context_may_be_a_repository(assets: Learning, uri: str) -> None:
    asked = {"properties": {"build": {"contextUri": uri, "dockerfilePath": "docker/Dockerfile"}}}
    made = assets.call("PUT", "/environments/b/versions/1", asked)
    assert (made.status, made.body["properties"]["build"]) == (201, asked["properties"]["build"])


def test_what_a_version_points_to_must_be_there(assets: Learning) -> None:
    nowhere = "azureml://datastores/workspaceblobstore/paths/models/two"
    assert assets.refused("PUT", "/models/n/versions/1", {"properties": {"modelUri": nowhere}})[2] == (
        f"'properties.modelUri': '{nowhere}' does not exist."
    )
    unknown = "azureml://datastores/nope/paths/x"
    assert assets.refused("PUT", "/models/n/versions/1", {"properties": {"modelUri": unknown}})[2] == (
        f"The datastore '{WORKSPACE}/datastores/nope' does not exist."
    )


@pytest.mark.parametrize(
    "uri",
    [
        MODEL,
        MODEL + "/",
        MODEL + "/weights.bin",
        "azureml:" + WORKSPACE + "/datastores/workspaceblobstore/paths/models/one/model",
        MODEL.replace(
            "azureml://",
            "azureml://subscriptions/11111111-1111-1111-1111-111111111111/resourcegroups/RG/workspaces/wsp/",
        ),
    ],
)
def test_every_spelling_of_a_place_is_understood(assets: Learning, uri: str) -> None:
    assert assets.call("PUT", "/models/n/versions/1", {"properties": {"modelUri": uri}}).status == 201


def test_code_is_found_by_hash_under_any_name(assets: Learning) -> None:
    container = assets.call("GET", "/datastores/workspaceblobstore").body["properties"]["containerName"]
    uri = f"https://{ACCOUNT}.blob.core.windows.net/{container}/code/src"
    hashed = {"hash_sha256": "abc", "hash_version": 202208}
    assets.call("PUT", "/codes/d/versions/1", {"properties": {"codeUri": uri, "properties": hashed}})
    found = assets.call("GET", "/codes/another/versions?hash=abc&hashVersion=202208").body["value"]
    assert [each["id"] for each in found] == [f"{WORKSPACE}/codes/d/versions/1"]
    assert assets.call("GET", "/codes/another/versions?hash=abc&hashVersion=1").body["value"] == []
    assert assets.call("GET", "/codes/another/versions?hash=abcd").body["value"] == []


def test_a_pending_upload_makes_a_container_and_a_sas(assets: Learning) -> None:
    asked = {"pendingUploadType": "TemporaryBlobReference"}
    answer = assets.call("POST", "/codes/c/versions/2/startPendingUpload", asked).body
    reference = answer["blobReferenceForConsumption"]
    assert reference["storageAccountArmId"].endswith(f"/storageAccounts/{ACCOUNT}")
    assert reference["credential"]["sasUri"].startswith(reference["blobUri"] + "?")
    container = reference["blobUri"].rsplit("/", 1)[-1]
    assert assets.blobs.list(ACCOUNT, container) == []


def test_lists_show_what_is_active_in_the_order_that_is_asked(assets: Learning) -> None:
    for version in ("2", "3"):
        assets.call("PUT", f"/models/m/versions/{version}", {"properties": {"modelUri": MODEL}})
    assets.call("PUT", "/models/m/versions/2", {"properties": {"modelUri": MODEL, "isArchived": True}})

    def names(query: str) -> list[str]:
        return [each["name"] for each in assets.call("GET", f"/models/m/versions?{query}").body["value"]]

    assert names("") == ["1", "3"]
    assert names("listViewType=ArchivedOnly") == ["2"]
    assert names("listViewType=All&$orderBy=createdtime desc&$top=1") == ["3"]
    assert assets.refused("GET", "/models/m/versions?$orderBy=name asc")[0] == 501
    assert assets.refused("GET", "/models/m/versions?$top=x")[2] == "'$top' is 'x'; allowed: a positive integer."


def test_a_model_in_use_cannot_be_deleted(learning: Learning) -> None:
    learning.make_all()
    for path in ("/models/m/versions/1", "/models/m"):
        status, code, message = learning.refused("DELETE", path)
        assert (status, code) == (409, "Conflict")
        assert message.endswith("/batchEndpoints/digits-ep/deployments/blue' and cannot be deleted.")
    learning.done("DELETE", "/batchEndpoints/digits-ep")
    assert learning.call("DELETE", "/models/m/versions/1").status == 200
    assert learning.call("DELETE", "/models/m/versions/1").status == 204


@pytest.mark.parametrize(
    ("path", "properties", "message"),
    [
        (
            "/models/m/versions/9",
            {"modelUri": MODEL, "modelUrl": "x"},
            "Could not find member 'modelUrl'. Path 'properties.",
        ),
        ("/models/m/versions/9", {"modelUri": 5}, "'properties.modelUri' must be a string, not int"),
        ("/models/m/versions/9", {}, "required member 'properties.modelUri' is missing"),
        (
            "/models/m/versions/9",
            {"modelUri": MODEL, "modelType": "x"},
            "'properties.modelType' is 'x'; allowed: custom_",
        ),
        ("/environments/e/versions/9", {}, "An environment needs exactly one of 'image' and 'build'."),
        ("/data/d/versions/1", {"dataType": "uri_folder"}, "required member 'properties.dataUri' is missing"),
        (
            "/data/d/versions/1",
            {"dataType": "x", "dataUri": MODEL},
            "'properties.dataType' is 'x'; allowed: mltable, uri_file",
        ),
        (
            "/models/m/versions/9",
            {"modelUri": "https://example.com/m"},
            "does not model data at 'https://example.com/m'",
        ),
    ],
)
def test_wrong_versions_are_refused(assets: Learning, path: str, properties: dict[str, Any], message: str) -> None:
    assert message in assets.refused("PUT", path, {"properties": properties})[2]


def test_answers_can_be_sent_back(learning: Learning) -> None:
    """A client that reads, changes and writes must not be refused for what the service itself answered."""
    learning.make_all()
    data = {"dataType": "uri_folder", "dataUri": MODEL}
    learning.call("PUT", "/data/d/versions/1", {"properties": data})
    paths = ["/models/m", "/codes/c", "/environments/e", "/data/d", "/data/d/versions/1", "/models/m/versions/1", ""]
    paths += ["/codes/c/versions/1", "/environments/e/versions/1", "/datastores/workspaceblobstore", "/computes/cpu"]
    paths += ["/batchEndpoints/digits-ep", "/batchEndpoints/digits-ep/deployments/blue"]
    for path in paths:
        before = learning.call("GET", path).body
        after = learning.done("PUT", path, before)
        changed = {"systemData": None, "properties": None}
        assert after | changed == before | changed, path


def test_datasets_are_refused_as_a_type_that_the_version_does_not_have(learning: Learning) -> None:
    """What Azure/azureml-examples, cli/batch-score-rest.sh sends."""
    learning.make_workspace()
    body = {"properties": {"paths": [{"folder": "https://account.blob.core.windows.net/data/in"}]}}
    path = "/datasets/mnist/versions/1"
    assert learning.refused("PUT", f"{path}?api-version=2022-05-01", body) == (
        404,
        "InvalidResourceType",
        (
            "The resource type 'workspaces/datasets/versions' could not be found in the namespace"
            " 'Microsoft.MachineLearningServices' for api version '2022-05-01'."
        ),
    )
    assert learning.refused("GET", "/datasets/mnist")[:2] == (404, "InvalidResourceType")
    assert learning.refused("PUT", f"{path}?api-version=2021-03-01-preview", body)[:2] == (501, "NotModelledInSandbox")
