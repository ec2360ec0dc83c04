"""The whole program with the committed dev stack: what it declares and what it puts out.

Hooks do not run under mocks, so nothing is released here: tests/e2e does that.
"""

import asyncio
import json
import runpy
from pathlib import Path
from typing import Any

import pulumi
import pytest
import yaml

from tests.components.recorder import SUBSCRIPTION, Recorder, recorded
from tests.components.resource_manager import ResourceManagerDouble, answer

ROOT = Path(__file__).resolve().parents[2]
PROJECT = "azureml-batch-endpoint"


def _file(name: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROOT / name).read_text())
    return found


def _configuration() -> dict[str, str]:
    """What the engine would hand to the program: the stack's keys over the project's defaults."""
    declared = _file("Pulumi.yaml")["config"]
    defaults = {f"{PROJECT}:{key}": entry["default"] for key, entry in declared.items() if "default" in entry}
    stack = {
        key if ":" in key else f"{PROJECT}:{key}": each for key, each in _file("Pulumi.dev.yaml")["config"].items()
    }
    merged = {**defaults, **stack}
    return {key: value if isinstance(value, str) else json.dumps(value) for key, value in merged.items()}


@pytest.fixture(name="program")
def _program(monkeypatch: pytest.MonkeyPatch) -> tuple[Recorder, dict[str, Any]]:
    outputs: dict[str, Any] = {}

    def export(name: str, value: Any) -> None:
        pulumi.Output.from_input(value).apply(lambda known: outputs.update({name: known}))

    async def registered() -> None:
        """Stand for the engine's answer: mocks have no server that could call a hook."""

    monkeypatch.setattr("pulumi.resource_hooks.register_resource_hook", lambda _: asyncio.ensure_future(registered()))
    ResourceManagerDouble(monkeypatch, lambda _: answer({"value": [{"actions": ["*"]}]}))
    monkeypatch.setattr(pulumi, "export", export)
    monkeypatch.setenv("PULUMI_CONFIG", json.dumps(_configuration()))
    monkeypatch.chdir(ROOT)
    return recorded(lambda: runpy.run_path(str(ROOT / "__main__.py"))), outputs


def test_what_the_dev_stack_declares(program: tuple[Recorder, dict[str, Any]]) -> None:
    recorder, _ = program
    declared = recorder.declared()
    assert [each for each in declared if each[0].startswith("azureml-batch")] == [
        ("azureml-batch:index:BatchEndpoint", "digits"),
        ("azureml-batch:index:EndpointCallers", "mlbatch"),
        ("azureml-batch:index:MlCluster", "aml"),
        ("azureml-batch:index:MlResourceGroup", "mlbatch"),
        ("azureml-batch:index:MlWorkspace", "mlbatch"),
        ("azureml-batch:index:ModelRelease", "digits"),
        ("azureml-batch:index:Telemetry", "mlbatch"),
        ("azureml-batch:index:WorkspaceAccess", "mlbatch"),
        ("azureml-batch:index:WorkspaceRegistry", "mlbatch"),
        ("azureml-batch:index:WorkspaceStorage", "mlbatch"),
        ("azureml-batch:index:WorkspaceVault", "mlbatch"),
    ]
    assert [each for each in declared if "RoleAssignment" not in each[0] and not each[0].startswith("azureml")] == [
        ("azure-native:applicationinsights:Component", "mlbatch-insights"),
        ("azure-native:containerregistry:Registry", "mlbatchregistry"),
        ("azure-native:keyvault:Vault", "mlbatch-vault"),
        ("azure-native:machinelearningservices:BatchEndpoint", "digits"),
        ("azure-native:machinelearningservices:Compute", "aml-cluster"),
        ("azure-native:machinelearningservices:Workspace", "mlbatch-workspace"),
        ("azure-native:managedidentity:UserAssignedIdentity", "mlbatch-compute-identity"),
        ("azure-native:managedidentity:UserAssignedIdentity", "mlbatch-workspace-identity"),
        ("azure-native:monitor:DiagnosticSetting", "mlbatch-vault-logs"),
        ("azure-native:monitor:DiagnosticSetting", "mlbatch-workspace-logs"),
        ("azure-native:operationalinsights:Workspace", "mlbatch-logs"),
        ("azure-native:resources:ResourceGroup", "mlbatch-group"),
        ("azure-native:storage:BlobServiceProperties", "mlbatch-blobs"),
        ("azure-native:storage:StorageAccount", "mlbatchstorage"),
        ("pulumi:index:Stash", "digits-marker"),
    ]
    assert len(recorder.grants()) == 14
    assert len(declared) == 40


def test_the_outputs_have_their_stable_names(program: tuple[Recorder, dict[str, Any]]) -> None:
    _, outputs = program
    digits = outputs["endpoints"]["digits"]
    assert {key: value for key, value in outputs.items() if key != "endpoints"} == {
        "subscriptionId": SUBSCRIPTION,
        "resourceGroup": "mlbatch-group-physical",
        "workspace": "mlbatch-workspace-physical",
        "cluster": "aml-cluster-physical",
        "clusters": None,
        "location": "westeurope",
    }
    assert set(digits) == {"name", "scoringUri", "default", "deployments", "sample"}
    assert digits["sample"] == "examples/digits/data/images"
    assert (digits["name"], digits["scoringUri"]) == ("digits-physical", "https://scoring/jobs")


def test_the_program_is_wiring_that_fits_a_screen() -> None:
    assert len((ROOT / "__main__.py").read_text().splitlines()) <= 60


def test_every_key_is_declared_with_a_type_a_description_and_an_empty_default() -> None:
    """A declared key without a default would have to be set by every stack: the CLI refuses to run without it."""
    declared = _file("Pulumi.yaml")["config"]
    naming = declared.pop("pulumi:autonaming")["value"]
    assert naming == {
        "providers": {
            "azure-native": {
                "resources": {"azure-native:machinelearningservices:Compute": {"pattern": "${name}-${hex(5)}x"}}
            }
        }
    }
    assert {key: (entry["type"], entry["default"]) for key, entry in declared.items()} == {
        "resourceGroup": ("string", ""),
        "workspace": ("object", {}),
        "network": ("string", "open"),
        "allowedIps": ("array", []),
        "storageSku": ("string", "Standard_LRS"),
        "registrySku": ("string", "Standard"),
        "softDeleteDays": ("integer", 7),
        "logRetentionDays": ("integer", 90),
        "protect": ("boolean", False),
        "cluster": ("object", {}),
        "clusters": ("object", {}),
        "endpoints": ("object", {}),
        "archiveModels": ("boolean", False),
        "requireReleasedIn": ("string", ""),
        "prices": ("object", {}),
        "alerts": ("object", {}),
        "triggers": ("object", {}),
        "rehearsal": ("object", {}),
        "dataAccess": ("array", []),
        "jobWrites": ("array", []),
        "registryAccess": ("array", []),
        "deployer": ("object", {}),
        "tags": ("object", {}),
        "timeoutMinutes": ("integer", 0),
    }
    assert all(len(entry["description"]) > 20 for entry in declared.values())


def test_no_operation_in_azure_waits_without_a_limit(program: tuple[Recorder, dict[str, Any]]) -> None:
    recorder, _ = program
    azures = [each for each in recorder.requests.values() if each.type.startswith("azure-native:")]
    assert len(azures) == 28
    for each in azures:
        limits = each.customTimeouts
        assert limits.create == limits.update == limits.delete
        assert limits.create in {"30m", "60m", "90m"}, f"{each.type} {each.name}"


def test_every_role_assignment_names_its_principals_type(program: tuple[Recorder, dict[str, Any]]) -> None:
    """Without it, Azure looks a new identity up, and may not find it yet (`PrincipalNotFound`)."""
    recorder, _ = program
    kinds = [kind for _, kind, _, _ in recorder.grants()]
    assert len(kinds) == 14
    assert set(kinds) == {"ServicePrincipal", "User"}
