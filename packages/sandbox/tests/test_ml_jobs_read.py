"""What clients read of a job, and change of it: on the scoring host, in ARM and in the run history, through the router.

Does not run jobs: the runner here only remembers.
"""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from learning import ACCOUNT, CALLER, FOLDER, HOST, SUBSCRIPTION, WORKSPACE, Learning, asked, deployment_body
from sandbox.azure.jobs.records import RunRecords
from sandbox.azure.readings import PROFILES

API_HOST = "https://westeurope.api.azureml.ms"
HISTORY = f"{API_HOST}/history/v1.0{WORKSPACE}"


def test_a_job_is_read_in_every_place(ready: Learning) -> None:
    job = ready.call("POST", HOST, asked()).body
    name, child = job["name"], ready.jobs.submitted[0].child_id
    records = RunRecords(ready.store)
    records.finish(child, "Failed", {"code": "UserError", "message": "why"})
    records.finish(name, "Failed", {"code": "UserError", "message": "why"})
    records.add_log(name, "logs/azureml/executionlogs.txt", ACCOUNT, "azureml", "x/log.txt")
    assert ready.call("GET", f"{HOST}/{name}").body["properties"]["status"] == "Failed"
    arm = ready.call("GET", f"/jobs/{name}").body["properties"]
    assert (arm["jobType"], arm["status"], arm["experimentName"]) == ("Pipeline", "Failed", "digits-ep")
    assert arm["tags"]["azureml.batchrun"] == "true"
    details = ready.call("GET", f"{HISTORY}/runs/{name}/details").body
    assert details["error"] == {"error": {"code": "UserError", "message": "why"}}
    url = details["logFiles"]["logs/azureml/executionlogs.txt"]
    assert url.startswith(f"https://{ACCOUNT}.blob.core.windows.net/azureml/x/log.txt?")
    (step,) = ready.call("GET", f"{HISTORY}/runs/{name}/children").body["value"]
    assert (step["runId"], step["displayName"], step["parentRunId"]) == (child, "batchscoring", name)
    data = ready.call("POST", f"{HISTORY}/rundata", {"runId": child}).body["runMetadata"]["outputs"]["score"]
    resolved = ready.call(
        "POST", f"{API_HOST}/data/v1.0{WORKSPACE}/dataversion/batchGetResolvedUris", {"values": [data["assetId"]]}
    ).body
    assert resolved["values"][data["assetId"]]["uri"].endswith(f"/workspaceblobstore/paths/azureml/{child}/score/")
    jobs = f"{API_HOST}/mferp/managementfrontend{WORKSPACE}/batchEndpoints/digits-ep/jobs"
    assert [each["name"] for each in ready.call("GET", jobs).body["value"]] == [name]


def test_a_runs_metrics_are_read_as_from_mlflow(ready: Learning) -> None:
    ready.call("POST", HOST, asked())
    child = ready.jobs.submitted[0].child_id
    records = RunRecords(ready.store)
    records.update(child, metrics={"Total Items": 3, "Failed Items": 1})
    runs = f"{API_HOST}/mlflow/v1.0{WORKSPACE}/api/2.0/mlflow/runs/get"
    run = ready.call("GET", f"{runs}?run_id={child}").body["run"]
    assert (run["info"]["run_id"], run["info"]["status"], "end_time" in run["info"]) == (child, "RUNNING", False)
    metrics = {each["key"]: (each["value"], each["step"]) for each in run["data"]["metrics"]}
    assert metrics == {"Total Items": (3, 0), "Failed Items": (1, 0)}
    records.finish(child, "Failed")
    info = ready.call("GET", f"{runs}?run_id={child}").body["run"]["info"]
    assert (info["status"], info["end_time"] >= info["start_time"]) == ("FAILED", True)
    assert ready.refused("GET", f"{runs}?run_id=nothing")[:2] == (404, "NotFound")
    assert ready.refused("GET", runs)[:2] == (400, "INVALID_PARAMETER_VALUE")
    elsewhere = runs.replace("westeurope", "northeurope", 1)
    assert ready.refused("GET", f"{elsewhere}?run_id={child}")[:2] == (404, "WorkspaceNotFound")


def test_a_cancellation_is_followed_by_its_location(ready: Learning) -> None:
    name = ready.call("POST", HOST, asked()).body["name"]
    answer = ready.call("POST", f"/jobs/{name}/cancel")
    location = answer.headers["Location"]
    assert (answer.status, answer.body, ready.jobs.canceled) == (202, None, [name])
    guid = ready.call("GET", "").body["properties"]["workspaceId"]
    assert f"/locations/westeurope/mfeOperationResults/jc:{guid}:{name}?" in location
    waiting = ready.call("GET", location)
    assert (waiting.status, waiting.body, waiting.headers["Location"]) == (202, {}, location)
    assert ready.refused("GET", location.replace(guid, "other"))[:2] == (404, "OperationNotFound")
    RunRecords(ready.store).finish(name, "Canceled")
    over = ready.call("GET", location)
    assert (over.status, over.body) == (200, None)
    assert ready.refused("POST", f"/jobs/{name}/cancel")[2] == f"The job '{name}' is Canceled and cannot be canceled."


def test_jobs_outlive_their_endpoint_and_not_their_workspace(ready: Learning) -> None:
    name = ready.call("POST", HOST, asked()).body["name"]
    ready.done("DELETE", "/batchEndpoints/digits-ep")
    assert ready.call("GET", f"/jobs/{name}").status == 200
    ready.done("DELETE", "?forceToPurge=true")
    ready.make_workspace()
    assert ready.refused("GET", f"/jobs/{name}")[0] == 404


def test_the_answer_says_what_was_asked_and_nothing_of_the_deployment(ready: Learning) -> None:
    """As recorded: the start has succeeded, although the job has not even begun."""
    answer = ready.call("POST", HOST, asked(compute={"instanceCount": 2, "isLocal": True}, tags={"a": "b"}))
    name, given = answer.body["name"], answer.body["properties"]
    studio = f"https://ml.azure.com/runs/{name}?wsid=/subscriptions/{SUBSCRIPTION}/resourcegroups/rg/workspaces/wsp"
    tracking = f"azureml://westeurope.api.azureml.ms/mlflow/v1.0{WORKSPACE}?"
    assert re.fullmatch(r"[a-z]+_[a-z]+_[a-z0-9]{10}", given.pop("name"))
    assert given == {
        "description": None,
        "tags": {"a": "b"},
        "properties": {},
        "inputData": {
            "UriFolder": {"jobInputType": "UriFolder", "uri": FOLDER, "mode": "ReadOnlyMount", "description": None}
        },
        "compute": {
            "target": f"{WORKSPACE}/computes/cpu",
            "instanceCount": 2,
            "isLocal": False,
            "location": None,
            "instanceType": None,
            "properties": None,
        },
        "output": {"datastoreId": None, "path": None},
        "status": "Preparing",
        "provisioningState": "Succeeded",
        "interactionEndpoints": {
            "Tracking": {"endpoint": tracking, "jobEndpointType": "Tracking", "port": None, "properties": {}},
            "Studio": {"endpoint": studio, "jobEndpointType": "Studio", "port": None, "properties": {}},
        },
    }
    assert answer.headers["azureml-model-deployment"] == "blue"
    assert answer.headers["Location"] == (
        f"{API_HOST}{WORKSPACE}/batchEndpoints/digits-ep/deployments/blue?api-version=2020-09-01-dataplanepreview"
    )
    data = answer.body["systemData"]
    assert (data["createdBy"], data["createdAt"]) == (CALLER.client_id, data["lastModifiedAt"])


def test_a_scoring_job_in_arm_describes_no_pipeline(ready: Learning) -> None:
    name = ready.call("POST", HOST, asked(retrySettings={"maxRetries": 5})).body["name"]
    job = ready.call("GET", f"/jobs/{name}").body["properties"]
    empty = ("inputs", "outputs", "jobs", "settings", "computeId", "componentId", "identity")
    assert [job[member] for member in empty] == [None] * len(empty)
    assert job["description"] == "Pipeline submission for endpoint: digits-ep, deployment: blue."
    assert json.loads(job["properties"]["azureml.parameters"]) == {"run_max_try": "5"}
    assert sorted(job["services"]) == ["Studio", "Tracking"]
    tags = {"azureml.batchrun": "no", "azureml.jobtype": "azureml.pipelinejob"}
    ready.call("PATCH", f"{HISTORY}/runs/{name}", {"tags": tags})
    assert [ready.call("GET", f"/jobs/{name}").body["properties"][member] for member in empty] == [None] * len(empty)
    assert ready.call("GET", f"{HISTORY}/runs/{name}").body["outputs"] == {}


@pytest.mark.parametrize("kept", [False, True])
def test_words_of_a_request(tmp_path: Path, *, kept: bool) -> None:
    ready = Learning(tmp_path, replace(PROFILES["harsh"], invocation_words_kept=kept))
    try:
        ready.make_all()
        answer = ready.call(
            "POST", HOST, asked(tags={"a": "b"}, description="mine", properties={"experimentName": "x"})
        )
        given = answer.body["properties"]
        assert (given["tags"], given["description"], given["properties"]) == (
            {"a": "b"},
            "mine",
            {"experimentName": "x"},
        )
        run = ready.call("GET", f"{HISTORY}/runs/{answer.body['name']}").body
        own = {"azureml.batchrun": "true", "azureml.deploymentname": "blue"}
        assert run["tags"] == (own | {"a": "b"} if kept else own)
        assert run["description"] == (
            "mine" if kept else "Pipeline submission for endpoint: digits-ep, deployment: blue."
        )
        assert run["experimentId"] == "digits-ep"
    finally:
        ready.store.close()


def test_the_run_history_keeps_what_people_call_a_run(ready: Learning) -> None:
    name = ready.call("POST", HOST, asked()).body["name"]
    before = ready.call("GET", f"{HISTORY}/runs/{name}").body
    user = {"userObjectId": CALLER.object_id, "userTenantId": CALLER.tenant_id, "userName": CALLER.client_id}
    assert (before["createdBy"], before["lastModifiedBy"]) == (user, user)
    assert before["lastModifiedUtc"] == before["createdUtc"]
    change = {"displayName": "Monday", "description": "all of it", "tags": {"n": 1}}
    after = ready.call("PATCH", f"{HISTORY}/runs/{name}", change).body
    assert (after["displayName"], after["description"]) == ("Monday", "all of it")
    assert after["tags"] == before["tags"] | {"n": "1"}
    assert after["lastModifiedUtc"] > after["createdUtc"]
    ready.call("PATCH", f"{HISTORY}/runs/{name}", {"runId": name, "tags": {"m": "2"}})
    job = ready.call("GET", f"/jobs/{name}").body["properties"]
    assert (job["displayName"], job["tags"]) == ("Monday", before["tags"] | {"n": "1", "m": "2"})
    assert ready.refused("PATCH", f"{HISTORY}/runs/{name}", {"runId": "other"}) == (
        400,
        "UserError",
        f"The body is of the run 'other', the path of '{name}'.",
    )
    assert ready.refused("PATCH", f"{HISTORY}/runs/{name}", {"hidden": True})[:2] == (501, "NotModelledInSandbox")
    assert ready.refused("PATCH", f"{HISTORY}/runs/nobody", {})[0] == 404


def test_jobs_are_listed_by_endpoint_and_by_deployment(ready: Learning) -> None:
    ready.done("PUT", "/batchEndpoints/digits-ep/deployments/green", deployment_body())
    names = [
        ready.call("POST", HOST, asked(), headers={"azureml-model-deployment": each}).body["name"]
        for each in ("blue", "green", "blue")
    ]
    endpoint = f"{API_HOST}/mferp/managementfrontend{WORKSPACE}/batchEndpoints/digits-ep"

    def listed(path: str) -> list[str]:
        return [each["name"] for each in ready.call("GET", endpoint + path).body["value"]]

    assert listed("/jobs") == names[::-1]
    assert listed("/deployments/blue/jobs") == [names[2], names[0]]
    assert listed("/deployments/green/jobs") == [names[1]]
    assert ready.call("GET", f"{endpoint}/deployments/green/jobs/{names[1]}").body["name"] == names[1]
    assert ready.call("GET", f"{endpoint}/jobs/{names[0]}").body["name"] == names[0]
    assert ready.refused("GET", f"{endpoint}/deployments/blue/jobs/{names[1]}") == (
        404,
        "NotFound",
        f"The deployment 'blue' has no job '{names[1]}'.",
    )
    assert ready.refused("GET", f"{endpoint}/deployments/none/jobs")[0] == 404
