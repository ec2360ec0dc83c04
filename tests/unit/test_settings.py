"""The configuration as a whole: defaults, unknown keys, unsupported values, and the messages."""

from collections.abc import Callable
from pathlib import Path

import pytest

from settings import ClusterSettings, DeployerSettings, SettingsError
from tests.unit.settings_world import RIGHT, Config, changed, make_files, mlp, problems, read

SUBSCRIPTION = "00000000-0000-0000-0000-000000000001"
ACCOUNT = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/data/providers/Microsoft.Storage/storageAccounts/images"


@pytest.fixture(name="root")
def _root(tmp_path: Path) -> Path:
    return make_files(tmp_path)


def test_defaults(root: Path) -> None:
    settings = read(root, RIGHT)
    assert settings.location == "westeurope"
    assert settings.resource_group is None
    assert settings.clusters["aml"] == ClusterSettings("STANDARD_DS11_V2", False, 0, 4, 120)
    assert settings.data_access == ()
    assert settings.deployer == DeployerSettings(None, "User")
    assert settings.tags == {"project": "azureml-batch-endpoint", "stack": "dev"}
    assert list(settings.endpoints) == ["digits"]


def test_the_project_file_s_defaults_mean_the_same(root: Path) -> None:
    empty: Config = {
        "resourceGroup": "",
        "workspace": {},
        "network": "open",
        "allowedIps": [],
        "storageSku": "Standard_LRS",
        "registrySku": "Standard",
        "softDeleteDays": "7",
        "logRetentionDays": "90",
        "protect": "false",
        "archiveModels": "false",
        "requireReleasedIn": "",
        "prices": {},
        "rehearsal": {},
        "cluster": {},
        "dataAccess": [],
        "jobWrites": [],
        "deployer": {},
        "tags": {},
        "timeoutMinutes": "0",
    }
    assert read(root, {**empty, **RIGHT}) == read(root, RIGHT)


def test_everything_set(root: Path) -> None:
    settings = read(
        root,
        {
            **RIGHT,
            "resourceGroup": "rg-scoring",
            "cluster": {
                "vmSize": "Standard_NC24ads_A100_v4",
                "priority": "lowPriority",
                "minNodes": 1,
                "maxNodes": 9,
                "idleSeconds": 300,
            },
            "dataAccess": [ACCOUNT, f"{ACCOUNT}/blobServices/default/containers/raw", ACCOUNT],
            "jobWrites": ["predictions", "*", "predictions"],
            "deployer": {"principalId": SUBSCRIPTION, "principalType": "Group"},
            "tags": {"owner": "ml", "stack": "mine"},
        },
    )
    assert settings.resource_group == "rg-scoring"
    assert settings.clusters["aml"] == ClusterSettings("STANDARD_NC24ADS_A100_V4", True, 1, 9, 300)
    assert settings.data_access == (ACCOUNT, f"{ACCOUNT}/blobServices/default/containers/raw")
    assert settings.workspace.profile.get("job_writes") == ("predictions", "*")
    assert settings.deployer == DeployerSettings(SUBSCRIPTION, "Group")
    assert settings.tags == {"project": "azureml-batch-endpoint", "stack": "mine", "owner": "ml"}


def test_who_deploys_first_is_kept() -> None:
    assert DeployerSettings(None, "User").principal("me") == {
        "principal_id": "me",
        "principal_type": "User",
        "kept": True,
    }
    assert DeployerSettings("they", "Group").principal("me") == {
        "principal_id": "they",
        "principal_type": "Group",
        "kept": False,
    }


def test_a_service_login_is_a_service_principal(root: Path) -> None:
    assert read(root, RIGHT, service_login=True).deployer == DeployerSettings(None, "ServicePrincipal")


def _set(**keys: object) -> Callable[[Config], object]:
    return lambda config: config.update(keys)


WRONG: list[tuple[Callable[[Config], object], str]] = [
    (
        _set(cluster={"vmSize": "DS11 v2"}),
        (
            "cluster.vmSize is 'DS11 v2'. Allowed: the name of an Azure VM size, such as STANDARD_DS11_V2 "
            "(https://learn.microsoft.com/azure/virtual-machines/sizes).\n"
            "Pulumi.dev.yaml: set cluster.vmSize to STANDARD_DS11_V2"
        ),
    ),
    (
        _set(cluster={"vmSize": 11}),
        (
            "cluster.vmSize is 11. Allowed: the name of an Azure VM size, such as STANDARD_DS11_V2 "
            "(https://learn.microsoft.com/azure/virtual-machines/sizes).\n"
            "Pulumi.dev.yaml: set cluster.vmSize to STANDARD_DS11_V2"
        ),
    ),
    (
        _set(cluster={"minNodes": 3, "maxNodes": 2}),
        (
            "cluster.maxNodes is 2, which is less than cluster.minNodes (3). Allowed: a whole number from 3.\n"
            "Pulumi.dev.yaml: set cluster.maxNodes to 3"
        ),
    ),
    (
        _set(cluster={"maxNodes": 0}),
        (
            "cluster.maxNodes is 0. Allowed: a whole number from 1 (nodes at most).\n"
            "Pulumi.dev.yaml: set cluster.maxNodes to 4"
        ),
    ),
    (
        _set(cluster={"minNodes": True}),
        (
            "cluster.minNodes is true. Allowed: a whole number from 0 (nodes that stay up without work).\n"
            "Pulumi.dev.yaml: set cluster.minNodes to 0"
        ),
    ),
    (
        _set(cluster={"idleSeconds": 0.5}),
        (
            "cluster.idleSeconds is 0.5. Allowed: a whole number from 1 (seconds without work before a node is "
            "released).\n"
            "Pulumi.dev.yaml: set cluster.idleSeconds to 120"
        ),
    ),
    (
        _set(cluster={"priority": "low"}),
        (
            "cluster.priority is 'low'. Allowed: dedicated or lowPriority.\n"
            "Pulumi.dev.yaml: set cluster.priority to dedicated"
        ),
    ),
    (
        _set(cluster={"maxNode": 4}),
        (
            "cluster.maxNode is an unknown key. Did you mean maxNodes? Allowed: existing, idleSeconds, maxNodes, "
            "minNodes, priority "
            "or vmSize.\n"
            "Pulumi.dev.yaml: rename maxNode to maxNodes"
        ),
    ),
    (
        _set(clutser={"maxNodes": 4}),
        (
            "clutser is an unknown key. Did you mean cluster? Allowed: alerts, allowedIps, archiveModels, cluster, "
            "clusters, dataAccess, deployer, endpoints, jobWrites, logRetentionDays, network, prices, protect, "
            "registryAccess, registrySku, rehearsal, requireReleasedIn, resourceGroup, softDeleteDays, storageSku, "
            "tags, timeoutMinutes, triggers or workspace.\n"
            "Pulumi.dev.yaml: rename clutser to cluster"
        ),
    ),
    (
        _set(resourceGroup="ends with a dot."),
        (
            "resourceGroup is 'ends with a dot.'. Allowed: the name of an existing resource group, or empty to "
            "create one.\n"
            "Pulumi.dev.yaml: set resourceGroup to NAME"
        ),
    ),
    (
        _set(network="close"),
        "network is 'close'. Allowed: open, restricted or isolated.\nPulumi.dev.yaml: set network to open",
    ),
    (
        _set(dataAccess=[ACCOUNT, "images"]),
        (
            "dataAccess[1] is 'images'. Allowed: the ARM id of a storage account, or of a blob container in one: "
            "/subscriptions/ID/resourceGroups/GROUP/providers/Microsoft.Storage/storageAccounts/ACCOUNT.\n"
            "Pulumi.dev.yaml: set dataAccess[1] to "
            "/subscriptions/ID/resourceGroups/GROUP/providers/Microsoft.Storage/storageAccounts/ACCOUNT"
        ),
    ),
    *(
        (
            _set(jobWrites=["predictions", wrong]),
            (
                f"jobWrites[1] is '{wrong}'. Allowed: the name of a blob container in the workspace's storage, or '*' "
                "for any container.\n"
                "Pulumi.dev.yaml: set jobWrites[1] to predictions"
            ),
        )
        for wrong in ("Predictions", "pre*", "a", "a--b", "-ab", "a" * 64)
    ),
    (
        _set(deployer={"principalId": "me", "principalType": "User"}),
        (
            "deployer.principalId is 'me'. Allowed: the object id of a principal.\n"
            "Pulumi.dev.yaml: set deployer.principalId to OBJECT-ID"
        ),
    ),
    (
        _set(deployer={"principalId": SUBSCRIPTION}),
        (
            "deployer.principalType is not set. Allowed: ServicePrincipal, User or Group.\n"
            "Pulumi.dev.yaml: set deployer.principalType to ServicePrincipal"
        ),
    ),
    (
        _set(tags={"cost": 1.5}),
        (
            "tags.cost is 1.5. Allowed: a text or a whole number (put everything else in quotes).\n"
            "Pulumi.dev.yaml: set tags.cost to VALUE"
        ),
    ),
    (
        _set(tags={"owner": ""}),
        (
            "tags.owner is ''. Allowed: a value of 1 to 256 characters, because Azure refuses a tag without a value.\n"
            "Pulumi.dev.yaml: set tags.owner to VALUE"
        ),
    ),
    (
        _set(tags={"owner": "ml", "Owner": "data"}),
        (
            "tags.Owner is the same tag as owner. Allowed: names that differ in more than upper and lower case, "
            "because the names of tags are case-insensitive.\n"
            "Pulumi.dev.yaml: rename Owner to ANOTHER-NAME"
        ),
    ),
    (
        _set(tags={f"tag{number}": "x" for number in range(39)}),
        (
            "tags adds up to 41 tags, with those that every resource of the stack has. Allowed: 40, because Azure "
            "allows 50 on one resource, and a release adds its own to an endpoint.\n"
            "Pulumi.dev.yaml: remove 1 of them"
        ),
    ),
    (
        _set(tags={"ModelOps-Default": "x"}),
        (
            "tags.ModelOps-Default has a name that only releases use. Allowed: names that do not begin with modelops-: "
            "a release writes on the endpoint and its revisions what it did, in such tags.\n"
            "Pulumi.dev.yaml: rename ModelOps-Default to Default"
        ),
    ),
    (
        _set(tags={"a/b": "c"}),
        (
            'tags["a/b"] has a name that Azure refuses. Allowed: a name of 1 to 128 characters without '
            "< > % & \\ ? /.\n"
            "Pulumi.dev.yaml: rename a/b to a-b"
        ),
    ),
]


@pytest.mark.parametrize(("change", "told"), WRONG)
def test_what_is_wrong_is_told(root: Path, change: Callable[[Config], object], told: str) -> None:
    assert problems(root, changed(change)) == [told]


def test_a_missing_location_is_told(root: Path) -> None:
    assert problems(root, RIGHT, location=None) == [
        (
            "azure-native:location is not set. Allowed: an Azure region, such as westeurope "
            "(`az account list-locations` lists them).\n"
            "Pulumi.dev.yaml: set azure-native:location to westeurope"
        )
    ]


def test_secrets_are_refused_and_never_shown(root: Path) -> None:
    config = changed(lambda config: mlp(config).update(miniBatchSize="hunter2"))
    told = problems(root, config, secrets=["endpoints"])
    assert "hunter2" not in "".join(told)
    assert [each.partition("\n")[0] for each in told] == [
        (
            "endpoints is a secret. Allowed: plain values. If a job needs a secret, it reads it from a key vault: "
            "docs/security.md#secrets-of-a-scoring-script."
        ),
        (
            "endpoints.digits.deployments.mlp.miniBatchSize is set to a secret. Allowed: a "
            "whole number "
            "from 1 (files for each call of run())."
        ),
    ]


def test_all_problems_are_told_in_one_message(root: Path) -> None:
    config = changed(_set(cluster={"maxNodes": 0, "idleSeconds": -5}))
    with pytest.raises(SettingsError) as raised:
        read(root, config, stack="my stack")
    assert str(raised.value) == (
        "The configuration of stack 'my stack' has 2 problems, so nothing was created or changed.\n"
        "  1. cluster.maxNodes is 0. Allowed: a whole number from 1 (nodes at most).\n"
        "      Pulumi.my stack.yaml: set cluster.maxNodes to 4\n"
        "  2. cluster.idleSeconds is -5. Allowed: a whole number from 1 (seconds without work before a node is "
        "released).\n"
        "      Pulumi.my stack.yaml: set cluster.idleSeconds to 120\n"
        "docs/configuration.md describes every key."
    )


def test_one_problem_is_one_problem(root: Path) -> None:
    with pytest.raises(SettingsError, match=r"^The configuration of stack 'dev' has a problem, so nothing was created"):
        read(root, changed(_set(network="x")))
