"""No error shows a value of a key that holds a secret: errors end up in the logs of pipelines.

Every key is made the secret one in turn, and every value in it is broken in several ways.
"""

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.unit.plans import SCORING
from tests.unit.settings_world import RIGHT, Config, make_files, problems

ID = "00000000-0000-0000-0000-000000000001"
ML = f"/subscriptions/{ID}/resourceGroups/team/providers/Microsoft.MachineLearningServices/workspaces"

EVERYTHING: Config = {
    "resourceGroup": "rg",
    "workspace": {},
    "network": "restricted",
    "allowedIps": ["203.0.113.0/24", "198.51.100.20"],
    "storageSku": "Standard_LRS",
    "registrySku": "Premium",
    "softDeleteDays": 7,
    "timeoutMinutes": 60,
    "logRetentionDays": 90,
    "protect": True,
    "cluster": {
        "vmSize": "STANDARD_DS11_V2",
        "priority": "dedicated",
        "minNodes": 0,
        "maxNodes": 4,
        "idleSeconds": 120,
    },
    "endpoints": {
        "digits": {
            "description": "Reads digits",
            "default": "mlp",
            "pin": "mlp-01234567",
            "keep": 3,
            "callers": [{"principalId": ID, "principalType": "User"}],
            "deployments": {
                "mlp": {
                    "model": {"path": "models/mlp", "name": "digits-mlp", "type": "custom_model"},
                    "code": "code",
                    "scoringScript": "score.py",
                    "environment": {"image": "example.com/base:1", "condaFile": "env/conda.yaml"},
                    "description": "A network",
                    "tags": {"a": "b"},
                    "environmentVariables": {"A": "b"},
                    **SCORING,
                },
                "registered": {
                    "model": {"registry": "azureml", "name": "m", "version": "1"},
                    "environment": {"name": "e", "version": "1"},
                },
            },
        }
    },
    "dataAccess": [f"/subscriptions/{ID}/resourceGroups/data/providers/Microsoft.Storage/storageAccounts/images"],
    "deployer": {"principalId": ID, "principalType": "User"},
    "tags": {"a": "b", "c/d": "e"},
}
ADOPTED: Config = {
    **EVERYTHING,
    "workspace": {"existing": f"{ML}/team"},
    "cluster": {**EVERYTHING["cluster"], "existing": f"{ML}/team/computes/cpu"},
}
INSTANCES = ("endpoints", "digits", "deployments", "mlp", "instanceCount")
BROKEN = ("hunter2", "hunter2:latest", "../hunter2", "hunter2" * 99, -7777777, 7777777, ["hunter2"], {"x/y": "hunter2"})
MARKS = ("hunter2", "7777777")


def places(value: Any, path: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
    """The path of every value inside a value, and its own."""
    yield path
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in inside:
        yield from places(each, (*path, key))


def broken(path: tuple[Any, ...], value: object, config: Config = EVERYTHING) -> Config:
    """A configuration with one value in place of another."""
    config = copy.deepcopy(config)
    inside: Any = config
    for key in path[:-1]:
        inside = inside[key]
    inside[path[-1]] = value
    return config


@pytest.fixture(name="root", scope="module")
def _root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_files(tmp_path_factory.mktemp("program"))


@pytest.mark.parametrize("config", [EVERYTHING, ADOPTED], ids=["made", "adopted"])
@pytest.mark.parametrize("key", EVERYTHING)
def test_no_value_of_a_secret_key_is_shown(root: Path, key: str, config: Config) -> None:
    for path in places(config[key], (key,)):
        for value in BROKEN:
            told = "\n".join(problems(root, broken(path, value, config), secrets=[key]))
            assert f"{key} is a secret. " in told
            assert [mark for mark in MARKS if mark in told] == [], f"{path} {value}: {told}"


@pytest.mark.parametrize(
    ("secret", "keys"),
    [
        ("workspace", {"workspace": {"existing": f"{ML.replace('team', 'hunter2')}/work"}, "resourceGroup": "rg"}),
        ("workspace", {"workspace": {"existing": f"{ML}/hunter2"}, "cluster": {"existing": f"{ML}/work/computes/cpu"}}),
        ("cluster", {"cluster": {"maxNodes": 7777777}, "endpoints": broken(INSTANCES, 9999999)["endpoints"]}),
    ],
)
def test_nor_in_the_problem_of_another_key(root: Path, secret: str, keys: Config) -> None:
    told = "\n".join(problems(root, {**EVERYTHING, "workspace": {}, "cluster": {}, **keys}, secrets=[secret]))
    assert f"{secret} is a secret. " in told
    assert [mark for mark in MARKS if mark in told] == [], told


@pytest.mark.parametrize(
    ("config", "secret", "line"),
    [
        (
            {"dataAccess": ["hunter2"]},
            "dataAccess",
            (
                "dataAccess[0] is set to a secret. Allowed: the ARM id of a storage account, or of "
                "a blob container in one: /subscriptions/ID/resourceGroups/GROUP/providers/Microsoft.Storage/"
                "storageAccounts/ACCOUNT."
            ),
        ),
        (
            {"cluster": {"minNodes": 9, "maxNodes": 8}},
            "cluster",
            "cluster.maxNodes is set to a secret. Allowed: a whole number from cluster.minNodes.",
        ),
        (
            {"cluster": {"maxNodes": 2}, "endpoints": broken(INSTANCES, 3)["endpoints"]},
            "cluster",
            "endpoints.digits.deployments.mlp.instanceCount is 3. Allowed: at most cluster.maxNodes.",
        ),
    ],
)
def test_what_is_said_instead(root: Path, config: Config, secret: str, line: str) -> None:
    told = [each.partition("\n")[0] for each in problems(root, {**RIGHT, **config}, secrets=[secret])]
    assert line in told
