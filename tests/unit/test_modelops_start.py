"""The request for a job, member by member; what the service makes of it is shown in tests/modelops."""

from typing import Any

import pytest

from modelops.commands import job_arguments
from modelops.errors import ReleaseError, UsageError
from modelops.scoring.inputs import JobInput
from modelops.scoring.start import JobOptions, body, start
from modelops.workspace import Workspace

INPUT = {"inputData": {"UriFolder": {"jobInputType": "UriFolder", "uri": "azureml://datastores/d/paths/p"}}}
FOLDER = "azureml://datastores/d/paths/new"


@pytest.mark.parametrize(
    ("options", "members"),
    [
        (JobOptions(), {}),
        (JobOptions(instance_count=2), {"compute": {"instanceCount": 2}}),
        (JobOptions(mini_batch_size=5), {"miniBatchSize": 5}),
        (JobOptions(retries=0), {"retrySettings": {"maxRetries": 0}}),
        (JobOptions(timeout=90), {"retrySettings": {"timeout": "PT90S"}}),
        (JobOptions(retries=1, timeout=5), {"retrySettings": {"maxRetries": 1, "timeout": "PT5S"}}),
        (JobOptions(error_threshold=0), {"errorThreshold": 0}),
        (JobOptions(output_file_name="a.csv"), {"outputFileName": "a.csv"}),
        (JobOptions(output_path=FOLDER), {"outputData": {"score": {"jobOutputType": "UriFile", "uri": FOLDER}}}),
        (
            JobOptions(output_path=f"{FOLDER}/", output_file_name="a.csv"),
            {"outputData": {"score": {"jobOutputType": "UriFile", "uri": f"{FOLDER}/a.csv"}}},
        ),
        (JobOptions(tags={"team": "a"}), {"tags": {"team": "a"}}),
        (JobOptions(display_name="weekly"), {"name": "weekly"}),
        (JobOptions(description="of May"), {"description": "of May"}),
        (JobOptions(experiment="e"), {"properties": {"experimentName": "e"}}),
    ],
)
def test_every_option_is_a_member_of_the_request(options: JobOptions, members: dict[str, Any]) -> None:
    uri = "azureml://datastores/d/paths/p"
    assert body("uri_folder", uri, options) == {"properties": {**INPUT, **members}}


def test_a_file_is_a_file() -> None:
    assert body("uri_file", "https://a.b/c.csv", JobOptions()) == {
        "properties": {"inputData": {"UriFile": {"jobInputType": "UriFile", "uri": "https://a.b/c.csv"}}}
    }


def test_tags_are_names_and_values() -> None:
    assert job_arguments.tags(["a=1", "b=x=y"]) == {"a": "1", "b": "x=y"}
    assert job_arguments.tags(None) == {}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["a"], "--tag 'a' is not NAME=VALUE, both not empty."),
        (["=1"], "--tag '=1' is not NAME=VALUE, both not empty."),
        (["a="], "--tag 'a=' is not NAME=VALUE, both not empty."),
        (["a=1", "a=2"], "--tag a: given twice."),
    ],
)
def test_says_what_is_wrong_with_a_tag(given: list[str], said: str) -> None:
    with pytest.raises(UsageError) as wrong:
        job_arguments.tags(given)
    assert str(wrong.value) == said


@pytest.mark.parametrize(
    "path",
    [
        FOLDER,
        "azureml://subscriptions/s/resourcegroups/g/workspaces/w/datastores/d/paths/new/",
        "/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/w/datastores/d/paths/n",
    ],
)
def test_the_output_goes_to_a_path_in_a_datastore(path: str) -> None:
    assert job_arguments.output_path(path) == path


@pytest.mark.parametrize(
    "path", ["new", "https://a.blob.core.windows.net/c/new", "azureml://datastores/d", "azureml:1"]
)
def test_the_output_goes_nowhere_else(path: str) -> None:
    with pytest.raises(UsageError) as wrong:
        job_arguments.output_path(path)
    assert str(wrong.value) == (
        f"--output-path {path!r} is not a path in a datastore. Allowed: azureml://datastores/NAME/paths/FOLDER, also "
        "with the workspace (azureml://subscriptions/...), or the ARM id of the datastore and /paths/FOLDER."
    )


def test_the_output_s_file_is_in_no_folder() -> None:
    assert job_arguments.output_file_name("a.csv") == "a.csv"
    with pytest.raises(UsageError) as wrong:
        job_arguments.output_file_name("a/b.csv")
    assert str(wrong.value) == (
        "--output-file-name 'a/b.csv'. Allowed: a file name without a folder, a pipe or any of ~ \" # % & * "
        ": < > ? { }."
    )


@pytest.mark.parametrize("properties", [{}, {"scoringUri": None}])
def test_an_endpoint_that_is_being_created_starts_nothing(
    monkeypatch: pytest.MonkeyPatch, properties: dict[str, None]
) -> None:
    monkeypatch.setattr(Workspace, "get", lambda *_: {"properties": properties})
    with pytest.raises(ReleaseError) as refused:
        start(Workspace("s", "g", "w"), "digits", None, JobInput("uri_folder", "azureml://datastores/d/paths/p"))
    assert str(refused.value) == (
        "endpoint digits has no scoring address yet, as while it is created. Nothing was started; try again."
    )
