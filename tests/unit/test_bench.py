"""Benchmarks compute ratios pair by pair, and the flat program is made from a recorded state.

Does not run a benchmark: times are never asserted. `make bench` shows that the flat program deploys.
"""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tools.bench import flat
from tools.bench.estimates import worst
from tools.bench.measure import Row, Spread, paired, table
from tools.bench.memory import role_of


def test_ratios_are_taken_pair_by_pair() -> None:
    ours = iter([9.0, 2.0, 4.0, 9.0])
    other = iter([1.0, 1.0, 4.0, 3.0])
    row = paired("x", lambda: next(ours), lambda: next(other), runs=3, aim="at most 2")
    assert row == Row("x", "4.00 (2.00 to 9.00)", "3.00 (1.00 to 4.00)", "2.00 (1.00 to 3.00)", "at most 2")


def test_the_table_is_markdown() -> None:
    assert table([Row("a", "1", "2", "0.5", "1")]).splitlines() == [
        "| what | ours, s | the other way, s | ratio | aim |",
        "| ---- | ------- | ---------------- | ----- | --- |",
        "| a    | 1       | 2                | 0.5   | 1   |",
    ]


def test_a_spread_names_its_ends() -> None:
    assert Spread.of([3.0, 1.0, 2.0]).text(1) == "2.0 (1.0 to 3.0)"


def test_a_time_left_is_judged_from_the_end_of_the_log_and_from_the_tenth_second_on() -> None:
    line = "2026-11-30T00:00:{:02}.000000 Processed {} of 4 mini batches in 0:00:{:02}. Estimated remaining time {}."
    lines = [
        "2026-11-30T00:00:00.000000 No task has been processed yet.",
        line.format(9, 1, 9, "1:00:00"),
        line.format(10, 2, 10, "0:00:15"),
        line.format(20, 3, 20, "0:00:11"),
        line.format(30, 4, 30, "0:00:00"),
        "2026-11-30T00:00:31.000000 The overviewer on 0 stopped.",
    ]
    assert worst("\n".join(lines)) == 0.2
    assert worst("\n".join([lines[0], *lines[3:]])) == 0.0
    with pytest.raises(ValueError, match=r"^the progress log has no line between the tenth second and its last one$"):
        worst("\n".join(lines[:2]))


@pytest.mark.parametrize(
    ("command", "role"),
    [
        ("python -m sandbox.server --home /h", "sandbox server"),
        ("python -m pulumi_standins.azure_native 127.0.0.1:1", "stand-in provider"),
        ("python -m modelops worker", "release worker"),
        ("python -u /r/packages/pulumi-standins/src/pulumi_standins/language_python/runner.py", "program"),
        ("python -u /usr/bin/pulumi-language-python-exec --monitor x", "program"),
        (
            "python -u -c from pulumi_standins.language_python.__main__ import main; main() /r 127.0.0.1:1",
            "language host",
        ),
        ("/usr/bin/pulumi-language-python 127.0.0.1:1", "language host"),
        ("/r/.venv/bin/pulumi up --yes", "pulumi engine"),
        ("sleep 1", None),
    ],
)
def test_every_process_of_an_up_has_its_role(command: str, role: str | None) -> None:
    assert role_of(command) == role


GROUP_ID = "/subscriptions/s/resourceGroups/ml-group1234"
ACCOUNT_ID = f"{GROUP_ID}/providers/Microsoft.Storage/storageAccounts/mlstorage1234"
ENDPOINT_ID = f"{GROUP_ID}/providers/Microsoft.MachineLearningServices/workspaces/ml/batchEndpoints/digits1234"


def urn(kind: str, name: str) -> str:
    """Return the URN of a child of a component."""
    return f"urn:pulumi:dev::project::azureml-batch:index:MlWorkspace${kind}::{name}"


GROUP = urn("azure-native:resources:ResourceGroup", "ml-group")
ACCOUNT = urn("azure-native:storage:StorageAccount", "mlstorage")
GRANT = urn("azure-native:authorization:RoleAssignment", "ml-blobs")
ENDPOINT = urn("azure-native:machinelearningservices:BatchEndpoint", "digits")


def recorded_state() -> dict[str, Any]:
    """Return what `pulumi stack export` gives, shortened: a component, a marker, and four Azure resources."""
    return {
        "deployment": {
            "resources": [
                {"urn": "urn:pulumi:dev::project::pulumi:pulumi:Stack::project-dev", "type": "pulumi:pulumi:Stack"},
                {
                    "urn": "urn:pulumi:dev::project::azureml-batch:index:MlWorkspace::ml",
                    "type": "azureml-batch:index:MlWorkspace",
                },
                {
                    "urn": GROUP,
                    "type": "azure-native:resources:ResourceGroup",
                    "id": GROUP_ID,
                    "inputs": {
                        "__createBeforeDelete": True,
                        "azureApiVersion": "2024-03-01",
                        "location": "westeurope",
                        "resourceGroupName": "ml-group1234",
                        "tags": {"stack": "dev"},
                    },
                    "outputs": {"location": "westeurope", "name": "ml-group1234", "tags": {"stack": "dev"}},
                    "propertyDependencies": {"location": [], "tags": []},
                },
                {
                    "urn": ACCOUNT,
                    "type": "azure-native:storage:StorageAccount",
                    "id": ACCOUNT_ID,
                    "inputs": {
                        "accountName": "mlstorage1234",
                        "defaultToOAuthAuthentication": True,
                        "location": "westeurope",
                        "networkRuleSet": {"bypass": "AzureServices", "ipRules": []},
                        "resourceGroupName": "ml-group1234",
                    },
                    "outputs": {"alsoKnownAs": "mlstorage1234", "name": "mlstorage1234", "zonalId": ACCOUNT_ID},
                    "dependencies": [GROUP],
                    "propertyDependencies": {
                        "defaultToOAuthAuthentication": [],
                        "encryption": [],
                        "location": [],
                        "networkRuleSet": [],
                        "resourceGroupName": [GROUP],
                    },
                },
                {
                    "urn": GRANT,
                    "type": "azure-native:authorization:RoleAssignment",
                    "id": f"{ACCOUNT_ID}/providers/Microsoft.Authorization/roleAssignments/a-uuid",
                    "inputs": {
                        "principalId": "a-person",
                        "roleAssignmentName": "a-uuid",
                        "roleDefinitionId": "/subscriptions/s/a-role",
                        "scope": ACCOUNT_ID,
                    },
                    "outputs": {"name": "a-uuid"},
                    "dependencies": [ACCOUNT],
                    "propertyDependencies": {
                        "principalId": [],
                        "roleAssignmentName": [ACCOUNT],
                        "roleDefinitionId": [],
                        "scope": [ACCOUNT],
                    },
                },
                {
                    "urn": ENDPOINT,
                    "type": "azure-native:machinelearningservices:BatchEndpoint",
                    "id": ENDPOINT_ID,
                    "inputs": {
                        "endpointName": "digits1234",
                        "identity": {"type": "UserAssigned", "userAssignedIdentities": [ACCOUNT_ID]},
                        "resourceGroupName": "ml-group1234",
                    },
                    "outputs": {"name": "digits1234"},
                    "dependencies": [
                        "urn:pulumi:dev::project::azureml-batch:index:MlWorkspace::ml",
                        GRANT,
                        GROUP,
                        ACCOUNT,
                    ],
                    "propertyDependencies": {"identity": [ACCOUNT], "resourceGroupName": [GROUP]},
                },
                {
                    "urn": urn("pulumi:index:Stash", "digits-marker"),
                    "type": "pulumi:index:Stash",
                    "id": "a-marker",
                    "inputs": {"input": ENDPOINT_ID},
                    "outputs": {"input": ENDPOINT_ID},
                    "dependencies": [ENDPOINT],
                    "propertyDependencies": {"input": [ENDPOINT]},
                },
            ]
        }
    }


FLAT = """\
import pulumi
from pulumi_azure_native import authorization, machinelearningservices, resources, storage

r1 = resources.ResourceGroup(
    'ml-group',
    location='westeurope',
    tags={'stack': 'dev'},
)
pulumi.export('group', r1.name)
r2 = storage.StorageAccount(
    'mlstorage',
    default_to_o_auth_authentication=True,
    location='westeurope',
    network_rule_set={'bypass': 'AzureServices', 'ipRules': []},
    resource_group_name=r1.name,
)
r3 = authorization.RoleAssignment(
    'ml-blobs',
    principal_id='a-person',
    role_definition_id='/subscriptions/s/a-role',
    scope=r2.id,
)
r4 = machinelearningservices.BatchEndpoint(
    'digits',
    identity={'type': 'UserAssigned', 'userAssignedIdentities': [r2.id]},
    resource_group_name=r1.name,
    opts=pulumi.ResourceOptions(depends_on=[r3]),
)
pulumi.export('endpoint', r4.name)
"""


def test_the_flat_program_declares_what_was_deployed_with_the_same_dependencies() -> None:
    assert flat.program(recorded_state()) == FLAT


def test_a_dependency_whose_value_is_not_found_is_an_error() -> None:
    """The flat program would otherwise name one of our program's resources."""
    state = recorded_state()
    state["deployment"]["resources"][4]["inputs"]["scope"] = f"{ACCOUNT_ID}/blobServices/default"
    message = f"{GRANT}: the value of 'scope' contains no output of {ACCOUNT}"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        flat.program(state)


def test_the_flat_program_is_a_project_with_our_rule_for_names(tmp_path: Path) -> None:
    naming = {"value": {"pattern": "${name}-${hex(5)}x"}}
    flat.write(
        tmp_path / "bench" / "flat",
        {"name": "ours", "config": {"network": {"type": "string"}, "pulumi:autonaming": naming}},
        recorded_state(),
    )
    assert (tmp_path / "bench" / "flat" / "__main__.py").read_text() == FLAT
    assert yaml.safe_load((tmp_path / "bench" / "flat" / "Pulumi.yaml").read_text()) == {
        "name": "azureml-batch-flat",
        "runtime": {"name": "python", "options": {"toolchain": "pip", "virtualenv": "../../.venv"}},
        "config": {"pulumi:autonaming": naming},
    }
