"""The keys `triggers`, what starts jobs on a schedule and at which endpoint, and `registryAccess`."""

import copy
from pathlib import Path
from typing import Any

import pytest

from tests.unit.settings_world import RIGHT, make_files, problems, read

NIGHTLY = {"input": "https://incoming.blob.core.windows.net/images/new/", "startTime": "2027-01-31T02:00:00"}
SET = "Pulumi.dev.yaml: set triggers.nightly"
ACCOUNT = (
    "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/r/providers/Microsoft.Storage/storageAccounts"
)
INPUT = (
    "Allowed: the address of a file or a folder: https://..., azureml://datastores/NAME/paths/PATH, without a query."
)
START = "Allowed: the time of the first run, such as 2027-01-31T02:00:00, which timeZone is for."


@pytest.fixture(name="root")
def _root(tmp_path: Path) -> Path:
    return make_files(tmp_path)


def _stack(**trigger: Any) -> dict[str, Any]:
    return {**RIGHT, "triggers": {"nightly": {**NIGHTLY, **trigger}}}


def test_without_the_key_there_is_none(root: Path) -> None:
    settings = read(root, RIGHT)
    assert (settings.triggers, settings.has_callers) == ({}, False)


def test_what_is_set_silently(root: Path) -> None:
    settings = read(root, _stack())
    assert settings.has_callers
    assert settings.triggers == {
        "nightly": {
            "endpoint": "digits",
            "input": NIGHTLY["input"],
            "input_kind": "uri_folder",
            "input_scopes": [],
            "recurrence": {
                "frequency": "Day",
                "interval": 1,
                "startTime": "2027-01-31T02:00:00",
                "timeZone": "UTC",
            },
            "identity": "systemAssigned",
            "enabled": True,
        }
    }


def test_every_key_is_taken(root: Path) -> None:
    told = {
        "endpoint": "digits",
        "input": "azureml://datastores/workspaceblobstore/paths/new",
        "inputType": "uri_file",
        "timeZone": "W. Europe Standard Time",
        "frequency": "Week",
        "interval": 71,
        "identity": "userAssigned",
        "enabled": False,
    }
    found = read(root, _stack(**told)).triggers["nightly"]
    assert (found["input"], found["input_kind"]) == (told["input"], "uri_file")
    assert (found["identity"], found["enabled"]) == ("userAssigned", False)
    assert found["recurrence"] == {
        "frequency": "Week",
        "interval": 71,
        "startTime": "2027-01-31T02:00:00",
        "timeZone": "W. Europe Standard Time",
    }


def test_the_storage_of_the_input_is_what_the_stack_lets_jobs_read(root: Path) -> None:
    container = f"{ACCOUNT}/incoming/blobServices/default/containers/images"
    there = "https://INCOMING.blob.core.windows.net/images/new/"
    for each in (_stack(), _stack(input=there), _stack(input=there.replace("INCOMING.blob", "incoming.dfs"))):
        stack = {**each, "dataAccess": [f"{ACCOUNT}/other", container]}
        assert read(root, stack).triggers["nightly"]["input_scopes"] == [container]


@pytest.mark.parametrize("key", ["dataAccess", "registryAccess"])
def test_an_id_that_is_none_is_a_problem_beside_a_trigger_too(root: Path, key: str) -> None:
    (found,) = problems(root, {**_stack(), key: ["foo"]})
    assert found.startswith(f"{key}[0] is 'foo'. Allowed: the ARM id of a ")


@pytest.mark.parametrize(
    ("trigger", "problem"),
    [
        ({"input": "images"}, f"input is 'images'. {INPUT}\n{SET}.input"),
        ({"input": "azureml:images:1"}, f"input is 'azureml:images:1'. {INPUT}\n{SET}.input"),
        *(
            ({"input": each}, f"input is '{each}'. {INPUT}\n{SET}.input")
            for each in (
                "http://a.blob.core.windows.net/c/",
                "HTTPS://a.blob.core.windows.net/c/",
                "wasbs://c@a.blob.core.windows.net/d/",
                "abfss://c@a.dfs.core.windows.net/d/",
                "https://a.blob.core.windows.net/c/?sig=1",
                "azureml://subscriptions/s/resourcegroups/r/workspaces/w/datastores/d/paths/p/",
                "/subscriptions/s/resourceGroups/r/providers/Microsoft.MachineLearningServices/workspaces/w/datastores/d/paths/p",
            )
        ),
        ({"input": None}, f"input is not set. {INPUT}\n{SET}.input"),
        (
            {"input": "https://a.blob.core.windows.net/c/d.csv"},
            (
                "inputType is not set. The input can be a file or a folder. Allowed: uri_file or uri_folder.\n"
                f"{SET}.inputType to uri_folder"
            ),
        ),
        ({"startTime": None}, f"startTime is not set. {START}\n{SET}.startTime to 2027-01-31T02:00:00"),
        (
            {"startTime": "2027-02-30T02:00:00"},
            (
                f"startTime is '2027-02-30T02:00:00', which does not exist. {START}\n"
                f"{SET}.startTime to 2027-01-31T02:00:00"
            ),
        ),
        (
            {"timeZone": "Europe/Zurich"},
            (
                "timeZone is 'Europe/Zurich'. Allowed: the Windows name of a time zone.\n"
                f"{SET}.timeZone to W. Europe Standard Time"
            ),
        ),
        (
            {"frequency": "Month", "interval": 17},
            (f"interval is 17. Allowed: with frequency Month at most 16, which is Azure's limit.\n{SET}.interval to 1"),
        ),
        ({"endpoint": "letters"}, f"endpoint is 'letters'. Allowed: digits.\n{SET}.endpoint to digits"),
        (
            {"identity": "mine"},
            (f"identity is 'mine'. Allowed: systemAssigned or userAssigned.\n{SET}.identity to systemAssigned"),
        ),
    ],
)
def test_what_is_refused(root: Path, trigger: dict[str, Any], problem: str) -> None:
    (found,) = problems(root, _stack(**trigger))
    assert found.startswith(f"triggers.nightly.{problem}")


def test_with_several_endpoints_a_trigger_names_one(root: Path) -> None:
    stack = copy.deepcopy(_stack())
    stack["endpoints"]["letters"] = stack["endpoints"]["digits"]
    assert problems(root, stack) == [
        f"triggers.nightly.endpoint is not set. Allowed: digits or letters.\n{SET}.endpoint to digits"
    ]


REGISTRY = (
    "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/r/providers/"
    "Microsoft.MachineLearningServices/registries/shared"
)


def test_a_registry_is_named_by_its_id_once(root: Path) -> None:
    stack = {**RIGHT, "registryAccess": [REGISTRY, REGISTRY.replace("resourceGroups", "resourcegroups")]}
    assert read(root, stack).elsewhere == {"data_access": (), "registry_access": (REGISTRY,)}
    assert problems(root, {**RIGHT, "registryAccess": ["shared"]}) == [
        (
            "registryAccess[0] is 'shared'. Allowed: the ARM id of a machine learning registry: /subscriptions/ID/"
            "resourceGroups/GROUP/providers/Microsoft.MachineLearningServices/registries/NAME.\n"
            "Pulumi.dev.yaml: set registryAccess[0] to /subscriptions/ID/resourceGroups/GROUP/providers/"
            "Microsoft.MachineLearningServices/registries/NAME"
        )
    ]
