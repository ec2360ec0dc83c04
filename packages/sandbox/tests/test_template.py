"""What `export-arm` writes of resources that were made by plain requests."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pulumi_standins.azure_native.resources import RESOURCES
from pulumi_standins.azure_native.schema import document
from sandbox.__main__ import main
from sandbox.azure.arm.schema import settable
from sandbox.commands import export_arm
from sandbox.commands.export_arm import API_VERSIONS, ExportError
from sandbox.testing import STORAGE_AUDIENCE, Sandbox, started

ACCOUNT = "providers/Microsoft.Storage/storageAccounts/stexport"
COMPONENT = "providers/Microsoft.Insights/components/ai"
LOGS = "providers/Microsoft.OperationalInsights/workspaces/logs"


@pytest.fixture(name="sandbox", scope="module")
def _sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """Return a sandbox with one resource group: a storage account, a container made by its data plane, telemetry."""
    with started(tmp_path_factory.mktemp("export")) as sandbox:
        put(sandbox, "", "2024-03-01", {"location": "westeurope", "tags": {"b": "[1]", "a": "2"}})
        account = {"location": "West Europe", "kind": "StorageV2", "sku": {"name": "Standard_LRS"}}
        # In the wrong case on purpose: what is exported has the right one.
        put(sandbox, ACCOUNT.lower(), "2024-01-01", {**account, "tags": {"note": "[draft]"}})
        put(sandbox, LOGS, "2023-09-01", {"location": "westeurope", "properties": {"retentionInDays": 90}})
        logs = f"{group(sandbox)}/{LOGS}"
        properties = {"Application_Type": "web", "WorkspaceResourceId": logs}
        put(sandbox, COMPONENT, "2020-02-02", {"location": "westeurope", "kind": "web", "properties": properties})
        setting = {"properties": {"workspaceId": logs, "logs": [{"categoryGroup": "audit", "enabled": True}]}}
        path = f"{ACCOUNT}/providers/Microsoft.Insights/diagnosticSettings/audit"
        put(sandbox, path, "2021-05-01-preview", setting)
        make_container(sandbox)
        yield sandbox


def make_container(sandbox: Sandbox) -> None:
    """Make a container as a program with no rights on the account itself would."""
    token = sandbox.control.token(audience=STORAGE_AUDIENCE)
    role = {
        "properties": {
            "principalId": sandbox.facts.accounts["deployer"].principal.object_id,
            "principalType": "ServicePrincipal",
            "roleDefinitionId": f"/subscriptions/{sandbox.subscription}/providers/Microsoft.Authorization"
            "/roleDefinitions/ba92f5b4-2d11-453d-a403-e96b0029c9fe",
        }
    }
    name = "6cf4ae43-0000-5000-8000-000000000000"
    put(sandbox, f"{ACCOUNT}/providers/Microsoft.Authorization/roleAssignments/{name}", "2022-04-01", role)
    made = sandbox.request(
        "PUT",
        "/made?restype=container",
        host="stexport.blob.core.windows.net",
        token=token,
        headers={"x-ms-version": "2024-11-04", "Content-Length": "0"},
    )
    assert made.status == 201, made.content


def group(sandbox: Sandbox) -> str:
    """Return the group's id."""
    return f"/subscriptions/{sandbox.subscription}/resourceGroups/rg"


def put(sandbox: Sandbox, path: str, version: str, body: dict[str, Any]) -> None:
    """Make a resource in the group."""
    answer = sandbox.arm("PUT", f"{group(sandbox)}/{path}".rstrip("/"), body, api_version=version)
    assert answer.status in (200, 201, 202), answer.json


def exported(sandbox: Sandbox) -> dict[str, Any]:
    """Return the group's template."""
    document: dict[str, Any] = json.loads(export_arm.export(sandbox.home, "RG"))
    return document


def test_the_whole_template(sandbox: Sandbox) -> None:
    document = exported(sandbox)
    account, logs = f"{group(sandbox)}/{ACCOUNT}", f"{group(sandbox)}/{LOGS}"
    assert list(document) == ["$schema", "contentVersion", "metadata", "resources"]
    assert document["$schema"].endswith("/2019-04-01/deploymentTemplate.json#")
    assert document["metadata"] == {"resourceGroup": "rg", "location": "westeurope"}
    role, component, setting, workspace, storage, service, container = document["resources"]
    assert [list(each)[:3] for each in document["resources"]] == [["type", "apiVersion", "name"]] * 7
    assert (role["type"], role["scope"]) == (
        "Microsoft.Authorization/roleAssignments",
        "Microsoft.Storage/storageAccounts/stexport",
    )
    assert component["type"] == "Microsoft.Insights/components"
    assert component["properties"] == {"Application_Type": "web", "WorkspaceResourceId": logs}
    assert component["dependsOn"] == [logs]
    assert setting == {
        "type": "Microsoft.Insights/diagnosticSettings",
        "apiVersion": "2021-05-01-preview",
        "name": "audit",
        "scope": "Microsoft.Storage/storageAccounts/stexport",
        "properties": {"logs": [{"categoryGroup": "audit", "enabled": True}], "workspaceId": logs},
        "dependsOn": [logs, account],
    }
    assert (workspace["name"], "dependsOn" in workspace) == ("logs", False)
    assert storage["type"] == "Microsoft.Storage/storageAccounts"
    assert storage["tags"] == {"note": "[[draft]"}
    # What the request left out is there as the service answers it, what it could not say is not.
    assert storage["properties"]["supportsHttpsTrafficOnly"] is True
    assert "provisioningState" not in storage["properties"]
    assert service["type"] == "Microsoft.Storage/storageAccounts/blobServices"
    assert (service["name"], service["dependsOn"]) == ("stexport/default", [account])
    assert container["dependsOn"] == [account, f"{account}/blobServices/default"]


def test_a_container_of_the_data_plane_is_in_it(sandbox: Sandbox) -> None:
    containers = f"{group(sandbox)}/{ACCOUNT}/blobServices/default/containers"
    answer = sandbox.arm("GET", f"{containers}/made", api_version="2024-01-01")
    assert (answer.status, answer.json["properties"]["publicAccess"]) == (200, "None")
    assert sandbox.arm("GET", f"{containers}/none", api_version="2024-01-01").status == 404
    (found,) = [each for each in exported(sandbox)["resources"] if each["type"].endswith("/containers")]
    assert (found["name"], found["properties"]) == ("stexport/default/made", {"publicAccess": "None"})


def test_no_secret_is_in_it(sandbox: Sandbox) -> None:
    text = export_arm.export(sandbox.home, None)
    account = sandbox.arm("POST", f"{group(sandbox)}/{ACCOUNT}/listKeys", api_version="2024-01-01").json
    component = sandbox.arm("GET", f"{group(sandbox)}/{COMPONENT}", api_version="2020-02-02").json["properties"]
    for secret in (component["InstrumentationKey"], component["ConnectionString"], account["keys"][0]["value"]):
        assert secret not in text
    assert not re.search("key|secret|connection", text.replace("allowSharedKeyAccess", ""), re.IGNORECASE)


def test_the_same_again(sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SANDBOX_HOME", str(sandbox.home.root))
    assert main(["export-arm", "--resource-group", "rg", "--output", str(tmp_path / "a.json")]) == 0
    assert (tmp_path / "a.json").read_text(encoding="utf-8") == export_arm.export(sandbox.home, None)


@pytest.mark.parametrize("words", [["--resource-group", "other"], ["--output", "/nowhere/a.json"]])
def test_what_cannot_be_done_is_one_sentence(
    words: list[str], sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SANDBOX_HOME", str(sandbox.home.root))
    with pytest.raises(SystemExit) as caught:
        main(["export-arm", *words])
    assert (
        str(caught.value)
        == {
            "other": "sandbox: resource group 'other' does not exist; existing: rg",
            "/nowhere/a.json": "sandbox: cannot write '/nowhere/a.json': No such file or directory",
        }[words[1]]
    )


def test_no_sandbox_is_started_to_say_that_there_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SANDBOX_HOME", str(tmp_path / "none"))
    with pytest.raises(
        SystemExit, match=r"'.*' has no sandbox, so nothing is deployed\. Run: .* -m sandbox run -- pulumi up$"
    ):
        main(["export-arm"])
    assert not (tmp_path / "none").exists()


def test_one_group_must_be_named_among_several(tmp_path: Path) -> None:
    with started(tmp_path / "empty") as sandbox:
        with pytest.raises(
            ExportError, match=r"^nothing is deployed: no resource group exists\. Run: .* -m sandbox run -- pulumi up$"
        ):
            export_arm.export(sandbox.home, None)
        for name in ("two", "one"):
            answer = sandbox.arm("PUT", f"resourceGroups/{name}", {"location": "westeurope"}, api_version="2024-03-01")
            assert answer.status == 201
        with pytest.raises(ExportError) as caught:
            export_arm.export(sandbox.home, None)
        assert str(caught.value) == "there are several resource groups: one, two. Name one with --resource-group"
        assert json.loads(export_arm.export(sandbox.home, "one"))["resources"] == []


def test_the_versions_are_those_of_the_provider() -> None:
    versions = {}
    for token, described in document()["resources"].items():
        tail = RESOURCES[token].path.rpartition("/providers/")[2].split("/")
        versions["/".join([tail[0], *tail[1::2]])] = described["apiVersion"]
    assert {type_: versions[type_] for type_ in API_VERSIONS} == API_VERSIONS


def test_settable_keeps_what_a_request_may_say() -> None:
    credentials = {"type": "object", "members": {"kind": {"type": "string"}, "id": {"type": "any", "readOnly": True}}}
    schema = {
        "type": "object",
        "members": {
            "state": {"type": "string", "readOnly": True},
            "list": {"type": "array", "items": credentials},
            "map": {"type": "map", "values": credentials},
            "union": {"type": "union", "discriminator": "kind", "cases": {"A": credentials}},
            "silent": {"type": "string"},
        },
    }
    value = {"kind": "A", "id": "1", "more": 1}
    answer = {"state": "Ready", "list": [value], "map": {"x": value}, "union": value, "silent": None, "unknown": 1}
    assert settable(schema, answer) == {"list": [{"kind": "A"}], "map": {"x": {"kind": "A"}}, "union": {"kind": "A"}}
