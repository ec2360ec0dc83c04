"""What differs between environments: network, copies, retention, protection, adoption, callers."""

from pathlib import Path
from typing import Any

import pytest

from components.workspace_parts.network import OPEN
from settings import ClusterSettings, WorkspaceSettings
from tests.unit.settings_world import RIGHT, Config, make_files, problems, read

SUBSCRIPTION = "00000000-0000-0000-0000-000000000001"
WORKSPACE = (
    f"/subscriptions/{SUBSCRIPTION}/resourceGroups/team/providers/Microsoft.MachineLearningServices/workspaces/theirs"
)
DEPLOYER = {"principalId": SUBSCRIPTION, "principalType": "Group"}
RESTRICTED: Config = {
    **RIGHT,
    "network": "restricted",
    "allowedIps": ["203.0.113.0/24"],
    "registrySku": "Premium",
    "deployer": DEPLOYER,
}
ADDRESSES = (
    "Allowed: public IPv4 addresses (203.0.113.7), or ranges of at least four addresses that start at their first "
    "one (203.0.113.0/24)."
)


@pytest.fixture(name="root")
def _root(tmp_path: Path) -> Path:
    return make_files(tmp_path)


def test_defaults(root: Path) -> None:
    settings = read(root, RIGHT)
    assert settings.workspace == WorkspaceSettings(None, OPEN, "Standard_LRS", "Standard", 7, 90, protect=False)
    assert settings.existing == {"resource_group": None, "workspace": None, "clusters": {}}
    assert settings.callers == {}


def test_everything_set(root: Path) -> None:
    config = {
        **RESTRICTED,
        "allowedIps": ["203.0.113.0/24", "198.51.100.20", "198.51.100.20/32"],
        "storageSku": "Standard_GZRS",
        "softDeleteDays": "30",
        "logRetentionDays": "365",
        "protect": "true",
    }
    assert read(root, config).workspace.profile == {
        "network": {"restricted": True, "allowed_ips": ("203.0.113.0/24", "198.51.100.20")},
        "storage_sku": "Standard_GZRS",
        "registry_sku": "Premium",
        "soft_delete_days": 30,
        "log_retention_days": 365,
        "job_writes": (),
        "protect": True,
    }


def test_an_adopted_workspace_and_cluster(root: Path) -> None:
    cluster = f"{WORKSPACE.upper().replace('/SUBSCRIPTIONS', '/subscriptions')}/computes/shared"
    config = {**RIGHT, "workspace": {"existing": WORKSPACE}, "cluster": {"existing": cluster}}
    config["endpoints"]["digits"]["deployments"]["mlp"]["instanceCount"] = 50
    settings = read(root, config)
    del config["endpoints"]["digits"]["deployments"]["mlp"]["instanceCount"]
    assert settings.existing == {"resource_group": "team", "workspace": WORKSPACE, "clusters": {"aml": cluster}}
    assert settings.resource_group == "team"
    assert settings.clusters["aml"] == ClusterSettings(existing=cluster)


def test_callers(root: Path) -> None:
    other = "00000000-0000-0000-0000-000000000002"
    config = {
        **RIGHT,
        "endpoints": {
            "digits": {
                **RIGHT["endpoints"]["digits"],
                "callers": [{"principalId": SUBSCRIPTION}, {"principalId": other, "principalType": "User"}],
            }
        },
    }
    assert read(root, config).callers == {
        "digits": (
            {"principal_id": SUBSCRIPTION, "principal_type": "ServicePrincipal"},
            {"principal_id": other, "principal_type": "User"},
        )
    }


def _callers(*callers: Any) -> Config:
    return {**RIGHT, "endpoints": {"digits": {**RIGHT["endpoints"]["digits"], "callers": [*callers]}}}


WRONG: list[tuple[Config, list[str]]] = [
    (
        {**RIGHT, "network": "isolated"},
        [
            (
                "network is 'isolated'. This version of the program does not create the private endpoints that you "
                "need to reach an isolated workspace. Allowed: open or restricted.\n"
                "Pulumi.dev.yaml: set network to restricted"
            )
        ],
    ),
    (
        {**RIGHT, "allowedIps": ["203.0.113.7"]},
        [
            (
                "allowedIps is ['203.0.113.7']. An open network lets every address in, so the list would have no "
                "effect. Allowed with network: restricted.\n"
                "Pulumi.dev.yaml: set network: restricted beside it, or remove allowedIps"
            )
        ],
    ),
    (
        {**RIGHT, "network": "restricted"},
        [
            (
                "allowedIps is not set. With network: restricted it must include the address that `pulumi up` runs "
                f"from, because models are uploaded from there. {ADDRESSES}\n"
                "Pulumi.dev.yaml: set allowedIps[0] to ADDRESS"
            ),
            (
                "registrySku is 'Standard'. Allowed with network: restricted: Premium, because only Premium "
                "registries have network rules.\n"
                "Pulumi.dev.yaml: set registrySku to Premium"
            ),
            (
                "deployer is not set. network: restricted requires it, so that the releasing principal does not "
                "depend on who runs `pulumi up` first. Allowed: principalId and principalType.\n"
                "Pulumi.dev.yaml: set deployer.principalId to OBJECT-ID"
            ),
        ],
    ),
    *(
        (
            {**RESTRICTED, "allowedIps": ["203.0.113.7", address]},
            [(f"allowedIps[1] is {address!r}. {ADDRESSES}\nPulumi.dev.yaml: set allowedIps[1] to ADDRESS")],
        )
        for address in ("10.0.0.4", "192.168.0.0/16", "0.0.0.0/0", "203.0.113.7/24", "203.0.113.6/31", "2001:db8::1", 7)
    ),
    (
        {**RIGHT, "timeoutMinutes": "1441"},
        [
            (
                "timeoutMinutes is 1441. Allowed: a whole number from 0 to 1440 (minutes; 0 for each type's own).\n"
                "Pulumi.dev.yaml: set timeoutMinutes to 0"
            )
        ],
    ),
    (
        {**RIGHT, "softDeleteDays": "6"},
        [
            (
                "softDeleteDays is 6. Allowed: a whole number from 7 to 90 (days to keep deleted blobs).\n"
                "Pulumi.dev.yaml: set softDeleteDays to 7"
            )
        ],
    ),
    (
        {**RIGHT, "protect": '"yes"'},
        ["protect is 'yes'. Allowed: true or false.\nPulumi.dev.yaml: set protect to false"],
    ),
    (
        {**RIGHT, "storageSku": "Premium_LRS"},
        [
            (
                "storageSku is 'Premium_LRS'. Allowed: Standard_LRS, Standard_ZRS, Standard_GRS, Standard_RAGRS, "
                "Standard_GZRS or Standard_RAGZRS.\nPulumi.dev.yaml: set storageSku to Standard_LRS"
            )
        ],
    ),
    (
        {**RIGHT, "workspace": {"existing": "theirs"}},
        [
            (
                "workspace.existing is 'theirs'. Allowed: the ARM id of a machine learning workspace (`az "
                "resource list --resource-type Microsoft.MachineLearningServices/workspaces --query [].id`).\n"
                "Pulumi.dev.yaml: set workspace.existing to "
                "/subscriptions/ID/resourceGroups/GROUP/providers/Microsoft.MachineLearningServices/workspaces/WORKSPACE"
            )
        ],
    ),
    (
        {**RIGHT, "workspace": {"existing": WORKSPACE}, "resourceGroup": "other", "protect": "true"},
        [
            (
                "protect is true. The program does not change an adopted workspace, or its storage, vault and "
                "registry. Allowed together with workspace.existing: only the default.\n"
                "Pulumi.dev.yaml: remove protect"
            ),
            (
                "resourceGroup is 'other'. Allowed together with workspace.existing: nothing, or 'team', the "
                "workspace's own group.\n"
                "Pulumi.dev.yaml: remove resourceGroup"
            ),
        ],
    ),
    (
        {**RIGHT, "cluster": {"existing": f"{WORKSPACE}/computes/shared", "maxNodes": 2}},
        [
            (
                f"cluster.existing is '{WORKSPACE}/computes/shared', and workspace.existing is not set. Allowed: the "
                "ARM id of a compute cluster in the workspace of workspace.existing.\n"
                "Pulumi.dev.yaml: set cluster.existing to WORKSPACE-ID/computes/CLUSTER"
            ),
            (
                "cluster.maxNodes is 2. The program does not change an adopted cluster. Allowed together with "
                "cluster.existing: no other key.\n"
                "Pulumi.dev.yaml: remove cluster.maxNodes"
            ),
        ],
    ),
    (
        _callers({"principalId": "me"}),
        [
            (
                "endpoints.digits.callers[0].principalId is 'me'. Allowed: the object id of a principal.\n"
                "Pulumi.dev.yaml: set endpoints.digits.callers[0].principalId to OBJECT-ID"
            )
        ],
    ),
    (
        _callers({"principalId": SUBSCRIPTION}, {"principalId": SUBSCRIPTION, "kind": "User"}),
        [
            (
                "endpoints.digits.callers[1].kind is an unknown key. Allowed: principalId or principalType.\n"
                "Pulumi.dev.yaml: rename or remove kind"
            ),
            (
                f"endpoints.digits.callers[1].principalId is '{SUBSCRIPTION}', which is also in an earlier entry. "
                "Allowed: each principal once.\n"
                "Pulumi.dev.yaml: set endpoints.digits.callers[1].principalId to OBJECT-ID"
            ),
        ],
    ),
    (
        _callers("somebody"),
        [
            (
                "endpoints.digits.callers is ['somebody']. Allowed: an array of objects, each with a principalId "
                "and optionally a principalType.\n"
                "Pulumi.dev.yaml: write an array below callers, of entries like - principalId: OBJECT-ID"
            )
        ],
    ),
]


@pytest.mark.parametrize(("config", "told"), WRONG)
def test_what_is_wrong_is_told(root: Path, config: Config, told: list[str]) -> None:
    assert problems(root, config) == told


def test_ids_in_other_letters_are_the_same(root: Path) -> None:
    principal = "abcdef00-0000-4000-8000-00000000000A"
    group = "/subscriptions/abcdef00-0000-4000-8000-000000000001/resourceGroups/Data"
    account = f"{group}/providers/Microsoft.Storage/storageAccounts/images"
    config = {
        **RIGHT,
        "deployer": {"principalId": principal, "principalType": "User"},
        "dataAccess": [account, account.replace("Data", "data")],
    }
    config["endpoints"] = {
        "digits": {**RIGHT["endpoints"]["digits"], "callers": [{"principalId": principal.upper()}]},
    }
    settings = read(root, config)
    assert settings.deployer.principal_id == principal.lower()
    assert settings.data_access == (account,)
    assert [each["principal_id"] for each in settings.callers["digits"]] == [principal.lower()]


def test_a_region_is_the_same_in_its_display_name(root: Path) -> None:
    assert {read(root, RIGHT, location=each).location for each in ("West Europe", "WestEurope", "westeurope")} == {
        "westeurope"
    }
