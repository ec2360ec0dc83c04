"""What a user gives workspaces beside Azure's API: models, outputs of jobs, data; before and after they are made."""

import asyncio
import re
from pathlib import Path
from typing import Any

import pytest

from learning import ACCOUNT, WORKSPACE, Learning
from sandbox.__main__ import main
from sandbox.azure.machine_learning.stock.intake import Intake
from sandbox.testing import Sandbox

LONG = f"azureml:/{WORKSPACE}".replace("/providers/Microsoft.MachineLearningServices", "")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with two files."""
    made = tmp_path / "churn"
    (made / "sub").mkdir(parents=True)
    (made / "a.txt").write_text("a")
    (made / "sub" / "b.txt").write_text("b")
    return made


def add(learning: Learning, what: str, name: str, path: Path, **more: Any) -> str:
    """Give the sandbox something; return where it is."""
    return asyncio.run(Intake(learning.world).add({"what": what, "name": name, "path": str(path), **more}))


def model(learning: Learning, uri: str, name: str = "m") -> Any:
    """Register a model from a URI and return the answer."""
    return learning.call("PUT", f"/models/{name}/versions/1", {"properties": {"modelUri": uri}})


def content(learning: Learning, prefix: str, datastore: str = "workspaceblobstore") -> dict[str, bytes]:
    """Return the files below a prefix of a datastore."""
    container = learning.call("GET", f"/datastores/{datastore}").body["properties"]["containerName"]
    names = learning.blobs.list(ACCOUNT, container, prefix)
    return {name.removeprefix(prefix): learning.blobs.read(ACCOUNT, container, name) for name in names}


def test_what_cannot_be_read_is_said(learning: Learning) -> None:
    with pytest.raises(ValueError, match=r"^'/x{300}' cannot be read: File name too long$"):
        add(learning, "model", "churn:4", Path("/" + "x" * 300), type="custom_model")


FILES = {"a.txt": b"a", "sub/b.txt": b"b"}


@pytest.mark.parametrize("first", ["the workspace", "the model"])
def test_a_model_of_every_workspace(learning: Learning, folder: Path, first: str) -> None:
    if first == "the workspace":
        learning.make_workspace()
    said = add(learning, "model", "churn:4", folder, type="mlflow_model")
    assert said.endswith(
        "/churn/ of every workspace (now: 'wsp')"
        if first == "the workspace"
        else "/churn/ of every workspace (there is none yet)"
    )
    learning.make_workspace()
    properties = learning.call("GET", "/models/churn/versions/4").body["properties"]
    path = properties["modelUri"].removeprefix("azureml://datastores/workspaceblobstore/paths/")
    assert (properties["modelType"], path.split("/")[0], path.split("/")[-2]) == (
        "mlflow_model",
        "LocalUpload",
        "churn",
    )
    assert content(learning, path) == FILES


def test_it_outlives_the_workspace(learning: Learning, folder: Path) -> None:
    learning.make_workspace()
    add(learning, "model", "churn:4", folder, type="custom_model")
    learning.done("DELETE", "?forceToPurge=true")
    learning.blobs.delete_account(ACCOUNT)
    learning.make_workspace()
    path = learning.call("GET", "/models/churn/versions/4").body["properties"]["modelUri"].partition("/paths/")[2]
    assert content(learning, path) == FILES


def test_only_the_named_workspace_gets_it(learning: Learning, folder: Path) -> None:
    learning.make_workspace()
    assert add(learning, "model", "churn:4", folder, type="custom_model", workspace="other").endswith(
        "of the workspace 'other' (there is none yet)"
    )
    assert learning.refused("GET", "/models/churn/versions/4")[0] == 404
    add(learning, "model", "churn:4", folder, type="custom_model", workspace="WSP")
    assert learning.call("GET", "/models/churn/versions/4").status == 200


def test_a_single_file(learning: Learning, folder: Path) -> None:
    learning.make_workspace()
    add(learning, "model", "one:1", folder / "a.txt", type="custom_model")
    path = learning.call("GET", "/models/one/versions/1").body["properties"]["modelUri"].partition("/paths/")[2]
    assert (path.split("/")[-1], content(learning, path)) == ("a.txt", {"": b"a"})


def test_a_model_never_changes_and_may_be_given_again(learning: Learning, folder: Path) -> None:
    learning.make_workspace()
    said = add(learning, "model", "churn:4", folder, type="custom_model")
    assert add(learning, "model", "churn:4", folder, type="custom_model") == said
    (folder / "a.txt").write_text("other")
    with pytest.raises(
        ValueError, match=r"^the model 'churn:4' is there with other content; add it as another version$"
    ):
        add(learning, "model", "churn:4", folder, type="custom_model")


@pytest.mark.parametrize(
    ("given", "uri", "prefix", "datastore"),
    [
        ("train/model", "azureml://jobs/train/outputs/model", "azureml/train/model/", "workspaceblobstore"),
        (
            "train/model/v1",
            "azureml://jobs/train/outputs/model/paths/v1/",
            "azureml/train/model/v1/",
            "workspaceblobstore",
        ),
        (
            "train/artifacts/model",
            "azureml://jobs/train/outputs/artifacts/paths/model",
            "ExperimentRun/dcid.train/model/",
            "workspaceartifactstore",
        ),
        ("train/artifacts/model", "runs:/train/model", "ExperimentRun/dcid.train/model/", "workspaceartifactstore"),
    ],
)
def test_a_model_from_what_a_job_left(
    learning: Learning, folder: Path, *, given: str, uri: str, prefix: str, datastore: str
) -> None:
    add(learning, "output", given, folder)
    learning.make_workspace()
    made = model(learning, uri)
    long = f"{LONG}/datastores/{datastore}/paths/{prefix}".replace("resourceGroups", "resourcegroups")
    assert (made.status, made.body["properties"]["jobName"]) == (201, "train")
    assert made.body["properties"]["modelUri"].rstrip("/") == long.rstrip("/")
    assert content(learning, prefix, datastore) == FILES
    assert model(learning, uri).status == 200


def test_a_model_from_a_datastore(learning: Learning, folder: Path) -> None:
    add(learning, "data", "workspaceblobstore/models/churn", folder)
    learning.make_workspace()
    assert model(learning, "azureml://datastores/workspaceblobstore/paths/models/churn").status == 201


def test_data_waits_for_its_datastore(learning: Learning, folder: Path) -> None:
    add(learning, "data", "mine/in", folder)
    learning.make_workspace()
    properties = {"datastoreType": "AzureBlob", "accountName": ACCOUNT, "containerName": "mine"}
    body = {"properties": properties | {"credentials": {"credentialsType": "None"}}}
    assert learning.call("PUT", "/datastores/mine", body).status == 201
    assert content(learning, "in/", "mine") == FILES
    (folder / "c.txt").write_text("c")
    add(learning, "data", "mine/in", folder)
    assert content(learning, "in/", "mine") == FILES | {"c.txt": b"c"}


@pytest.mark.parametrize(
    ("path", "source", "blobs"),
    [
        ("in", "", {"in/a.txt", "in/sub/b.txt"}),
        ("in/", "", {"in/a.txt", "in/sub/b.txt"}),
        ("", "", {"a.txt", "sub/b.txt"}),
        ("in/other.txt", "a.txt", {"in/other.txt"}),
        ("in/", "a.txt", {"in/a.txt"}),
    ],
)
def test_files_where_they_are_in_azure(
    learning: Learning, folder: Path, *, path: str, source: str, blobs: set[str]
) -> None:
    said = add(learning, "blobs", f"elsewhere/data/{path}", folder / source)
    added = path if path in ("", "in/other.txt") else "in/"
    assert said == f"https://elsewhere.blob.core.windows.net/data/{added}"
    assert {*learning.blobs.list("elsewhere", "data")} == blobs


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("elsewhere/../x", "The container name '..' is not allowed: {container}."),
        ("elsewhere/Bad_Container!/x", "The container name 'Bad_Container!' is not allowed: {container}."),
        ("../data/x", "The account name '..' is not allowed: 3 to 24 lower-case letters and digits."),
        (
            f"{ACCOUNT}/data/x",
            (
                f"the storage account '{ACCOUNT}' is in the sandbox; upload to it as to any other, or name a datastore:"
                " azureml://datastores/DATASTORE/paths/PATH"
            ),
        ),
    ],
)
def test_places_that_no_other_tenant_can_have(learning: Learning, folder: Path, name: str, message: str) -> None:
    container = "3 to 63 lower-case letters, digits and single hyphens, no hyphen at an end"
    with pytest.raises(ValueError, match="^" + re.escape(message.format(container=container)) + "$"):
        add(learning, "blobs", name, folder)


@pytest.mark.parametrize(
    ("uri", "given"),
    [
        ("azureml://jobs/train/outputs/model", "train/model"),
        ("azureml://jobs/train/outputs/artifacts/paths/m/x", "train/artifacts/m/x"),
        ("runs:/train/model", "train/artifacts/model"),
    ],
)
def test_what_is_not_there_says_how_to_add_it(learning: Learning, uri: str, given: str) -> None:
    learning.make_workspace()
    assert learning.refused("PUT", "/models/m/versions/1", {"properties": {"modelUri": uri}}) == (
        400,
        "UserError",
        (
            f"'properties.modelUri': '{uri}' does not exist. In the sandbox, where nothing trains: python -m sandbox"
            f" model add --job {given} FOLDER"
        ),
    )


def test_it_survives_stop_and_not_reset(
    own_sandbox: Sandbox, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SANDBOX_HOME", str(own_sandbox.home.root))
    lines = (["model", "add", "churn:4", str(folder)], ["model", "add", "--job", "t/o", str(folder)])
    data = ("azureml://datastores/workspaceblobstore/paths/in/", "https://azure1.blob.core.windows.net/data/in")
    for line in (*lines, *(["data", "add", each, str(folder)] for each in data)):
        assert main(line) == 0
    assert main(["stop"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[1:4] == [
        "sandbox: added azureml://jobs/t/outputs/o/paths/ of every workspace (there is none yet)",
        "sandbox: added azureml://datastores/workspaceblobstore/paths/in of every workspace (there is none yet)",
        "sandbox: added https://azure1.blob.core.windows.net/data/in/",
    ]
    (folder / "a.txt").write_text("other")
    with pytest.raises(
        SystemExit, match=r"^sandbox: the model 'churn:4' is there with other content; add it as another"
    ):
        main(lines[0])
    assert main(["reset"]) == 0
    assert main(lines[0]) == 0


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("model add churn {folder}", "sandbox: the model is 'churn'; allowed: NAME:VERSION, for example churn:1"),
        ("model add --job train {folder}", "sandbox: --job is 'train'; allowed: JOB/OUTPUT, for example train-1/model"),
        ("model add --job a/b churn:1 {folder}", "sandbox: give either 'churn:1' or --job, not both"),
        (
            "data add in/x {folder}",
            (
                "sandbox: the place is 'in/x'; allowed: azureml://datastores/DATASTORE/paths/PATH, and without"
                " --workspace https://ACCOUNT.blob.core.windows.net/CONTAINER/PATH"
            ),
        ),
        ("data add azureml://datastores/d/paths/p {folder}/none", "sandbox: '{folder}/none' does not exist"),
    ],
)
def test_mistakes(sandbox: Sandbox, folder: Path, monkeypatch: pytest.MonkeyPatch, line: str, message: str) -> None:
    monkeypatch.setenv("SANDBOX_HOME", str(sandbox.home.root))
    with pytest.raises(SystemExit) as caught:
        main(line.format(folder=folder).split())
    assert str(caught.value) == message.format(folder=folder)
