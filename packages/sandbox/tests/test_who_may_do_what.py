"""Who may do what, each cell a real request; and a caller as a pipeline or a notebook is one: plain REST, few roles."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from components.roles import ENDPOINT_CALLER
from estate import ML, ROLES, TABLE_CONTRIBUTOR, Estate, build, error_of
from sandbox.azure.authorization.built_in import (
    ACCESS_ADMINISTRATOR,
    BLOB_CONTRIBUTOR,
    BLOB_READER,
    IDENTITY_OPERATOR,
    OWNER,
    RBAC_ADMINISTRATOR,
    READER,
)
from sandbox.commands.client import Answer
from sandbox.testing import Sandbox

_ML = "Microsoft.MachineLearningServices/workspaces"
_WHO = ("deployer", "second", "reader", "caller", "nobody")


@pytest.fixture(name="estate", scope="module")
def _estate(sandbox: Sandbox) -> Estate:
    return build(sandbox)


@dataclass(frozen=True)
class What:
    """An operation: how to ask for it, and the status that each of deployer, second, reader, caller, nobody gets.

    What is allowed is answered as the service answers it, be it 400 for an empty body or 404 for a job that does not
    exist; 403 is the refusal. None: not asked, because it would take the table's ground away.
    """

    ask: Callable[[Estate, str], Answer]
    statuses: tuple[int | None, int | None, int, int, int]


def _arm(method: str, path: str, body: Any = None, api: str = ML) -> Callable[[Estate, str], Answer]:
    """Return a request to ARM; ``path`` may name members of the estate in braces."""

    def ask(estate: Estate, who: str) -> Answer:
        return estate.send(who, method, path.format(e=estate), body, api=api)

    return ask


def _score(method: str, endpoint: str, path: str = "/jobs", **headers: str) -> Callable[[Estate, str], Answer]:
    def ask(estate: Estate, who: str) -> Answer:
        body: Any = {} if method == "POST" else None
        return estate.send(who, method, path, body, host=estate.scoring_host(endpoint), **headers)

    return ask


def _blob(method: str, path: str, body: bytes | None = None, **headers: str) -> Callable[[Estate, str], Answer]:
    def ask(estate: Estate, who: str) -> Answer:
        return estate.send(who, method, path.format(e=estate), body, host=estate.blob_host, **headers)

    return ask


def _assign(role: str) -> Callable[[Estate, str], Answer]:
    """Return a request that gives the cluster a role on the neighbour; what comes of it is taken away again."""

    def ask(estate: Estate, who: str) -> Answer:
        path = f"{estate.endpoint('theirs')}/providers/Microsoft.Authorization/roleAssignments/{uuid.uuid4()}"
        answer = estate.send(who, "PUT", path, _given(estate, role), api=ROLES)
        if answer.status == 201:
            estate.sandbox.take_away(path)
        return answer

    return ask


def _unassign(role: str) -> Callable[[Estate, str], Answer]:
    """Return a request that takes away what the administrator gave the cluster."""

    def ask(estate: Estate, who: str) -> Answer:
        path = estate.sandbox.grant(estate.cluster_identity, role, estate.endpoint("theirs"))
        answer = estate.send(who, "DELETE", path, api=ROLES)
        if answer.status != 200:
            estate.sandbox.take_away(path)
        return answer

    return ask


def _given(estate: Estate, role: str) -> Any:
    definitions = f"/subscriptions/{estate.sandbox.subscription}/providers/Microsoft.Authorization/roleDefinitions"
    return {
        "properties": {
            "principalId": estate.cluster_identity,
            "roleDefinitionId": f"{definitions}/{role}",
            "principalType": "ServicePrincipal",
        }
    }


def _define(estate: Estate, who: str) -> Answer:
    path = f"{estate.workspace}/providers/Microsoft.Authorization/roleDefinitions/{uuid.uuid4()}"
    properties = {"roleName": "r", "permissions": [{"actions": ["*/read"]}], "assignableScopes": [estate.group]}
    return estate.send(who, "PUT", path, {"properties": properties}, api=ROLES)


def _redefine(estate: Estate, who: str) -> Answer:
    """Widen a role that deployers may assign: who could do that, could do everything."""
    scope = f"/subscriptions/{estate.sandbox.subscription}"
    path = f"{scope}/providers/Microsoft.Authorization/roleDefinitions/{ENDPOINT_CALLER.id}"
    properties = {"roleName": "r", "permissions": [{"actions": ["*"]}], "assignableScopes": [scope]}
    return estate.send(who, "PUT", path, {"properties": properties}, api=ROLES)


_OURS, _THEIRS = "{e.workspace}/batchEndpoints/ours", "{e.workspace}/batchEndpoints/theirs"
_TAGS: dict[str, Any] = {"tags": {}}
_HERE = {"location": "westeurope"}
_BLOCK = {"x-ms-blob-type": "BlockBlob"}
_SERVING_ONE = {**_HERE, "properties": {"authMode": "AADToken", "defaults": {"deploymentName": "one"}}}
_JOBS_READ = "/jobs/there-is-no-such-job"

TABLE = {
    "read the resource group": What(_arm("GET", "{e.group}", api="2024-03-01"), (200, 200, 200, 403, 403)),
    "change the resource group": What(_arm("PUT", "{e.group}", _HERE, "2024-03-01"), (200, 200, 403, 403, 403)),
    "read the workspace": What(_arm("GET", "{e.workspace}"), (200, 200, 200, 200, 403)),
    "change the workspace": What(_arm("PATCH", "{e.workspace}", _TAGS), (200, 200, 403, 403, 403)),
    "delete the workspace": What(_arm("DELETE", "{e.workspace}"), (None, None, 403, 403, 403)),
    "read the cluster": What(_arm("GET", "{e.workspace}/computes/cpu"), (200, 200, 200, 200, 403)),
    "delete the cluster": What(_arm("DELETE", "{e.workspace}/computes/cpu"), (None, None, 403, 403, 403)),
    "read storage keys": What(_arm("POST", "{e.storage}/listKeys", {}, "2024-01-01"), (200, 200, 403, 403, 403)),
    "read a datastore's secrets": What(
        _arm("POST", "{e.workspace}/datastores/workspaceblobstore/listSecrets", {}), (400, 400, 403, 403, 403)
    ),
    "list the endpoints": What(_arm("GET", "{e.workspace}/batchEndpoints"), (200, 200, 200, 403, 403)),
    "read the caller's endpoint": What(_arm("GET", _OURS), (200, 200, 200, 200, 403)),
    "read the neighbour": What(_arm("GET", _THEIRS), (200, 200, 200, 403, 403)),
    "read the neighbour's deployment": What(_arm("GET", _THEIRS + "/deployments/one"), (200, 200, 200, 403, 403)),
    "move the default": What(_arm("PUT", _OURS, _SERVING_ONE), (200, 200, 403, 403, 403)),
    "delete a deployment": What(_arm("DELETE", _OURS + "/deployments/gone"), (204, 204, 403, 403, 403)),
    "register a model": What(_arm("PUT", "{e.workspace}/models/m/versions/x", {}), (400, 400, 403, 403, 403)),
    "read a model": What(_arm("GET", "{e.workspace}/models/m"), (200, 200, 200, 200, 403)),
    "read all jobs": What(_arm("GET", "{e.workspace}/jobs"), (200, 200, 200, 403, 403)),
    "assign a role that a stack grants": What(_assign(BLOB_READER), (201, 201, 403, 403, 403)),
    "assign Reader": What(_assign(READER), (201, 201, 403, 403, 403)),
    "assign a role that no stack grants": What(_assign(IDENTITY_OPERATOR), (403, 403, 403, 403, 403)),
    "assign Owner": What(_assign(OWNER), (403, 403, 403, 403, 403)),
    "assign who may assign": What(_assign(RBAC_ADMINISTRATOR), (403, 403, 403, 403, 403)),
    "take away a role that a stack grants": What(_unassign(BLOB_READER), (200, 200, 403, 403, 403)),
    "take away Owner": What(_unassign(OWNER), (403, 403, 403, 403, 403)),
    "define a role": What(_define, (403, 403, 403, 403, 403)),
    "change the callers' role": What(_redefine, (403, 403, 403, 403, 403)),
    "start a job": What(_score("POST", "ours"), (400, 400, 403, 400, 403)),
    "start a job on a deployment": What(
        _score("POST", "ours", **{"azureml-model-deployment": "one"}), (400, 400, 403, 400, 403)
    ),
    "start a job at the neighbour": What(_score("POST", "theirs"), (400, 400, 403, 403, 403)),
    "start a job at the neighbour's deployment": What(
        _score("POST", "theirs", **{"azureml-model-deployment": "one"}), (400, 400, 403, 403, 403)
    ),
    "read a job": What(_score("GET", "ours", _JOBS_READ), (404, 404, 404, 404, 403)),
    "read the neighbour's job": What(_score("GET", "theirs", _JOBS_READ), (404, 404, 404, 403, 403)),
    "read a blob": What(_blob("GET", "/{e.container}/in/f1.txt"), (200, 403, 403, 200, 403)),
    "list blobs": What(_blob("GET", "/{e.container}?restype=container&comp=list"), (200, 403, 403, 200, 403)),
    "write a blob": What(_blob("PUT", "/{e.container}/new.txt", b"x", **_BLOCK), (201, 403, 403, 403, 403)),
    "delete a blob": What(_blob("DELETE", "/{e.container}/gone.txt"), (404, 403, 403, 403, 403)),
    "read the jobs' logs": What(_blob("GET", "/azureml?restype=container&comp=list"), (200, 403, 403, 403, 403)),
    # Operations on containers are actions, not data actions: Contributor has them.
    "make a container": What(_blob("PUT", "/azureml?restype=container"), (409, 409, 403, 403, 403)),
}


@pytest.mark.parametrize("what", TABLE)
@pytest.mark.parametrize("who", _WHO)
def test_who_may_do_what(estate: Estate, what: str, who: str) -> None:
    expected = TABLE[what].statuses[_WHO.index(who)]
    if expected is not None:
        assert TABLE[what].ask(estate, who).status == expected


def test_a_caller_scores_and_reads_its_predictions_by_plain_rest(estate: Estate) -> None:
    job, output = estate.run("caller", "ours", "in/", "caller")
    assert job["properties"]["status"] == "Completed"
    assert job["id"].startswith(estate.endpoint("ours") + "/")
    predictions = estate.send("caller", "GET", output, host=estate.blob_host)
    assert predictions.status == 200
    assert sorted(predictions.content.decode().split()) == ["f0.txt,0", "f1.txt,1", "f2.txt,2"]


def test_and_is_denied_at_the_neighbour(estate: Estate) -> None:
    caller = estate.sandbox.facts.accounts["caller"].principal
    answer = estate.send("caller", "POST", "/jobs", {}, host=estate.scoring_host("theirs"))
    assert error_of(answer) == (
        403,
        "AuthorizationFailed",
        (
            f"The client '{caller.client_id}' with object id '{caller.object_id}' does not have authorization to"
            f" perform action '{_ML}/batchEndpoints/jobs/write' over scope '{estate.endpoint('theirs')}' or the scope"
            " is invalid. If access was recently granted, please refresh your credentials."
        ),
    )


def test_a_token_of_the_wrong_kind_is_refused_before_roles_are_asked(estate: Estate) -> None:
    token = estate.sandbox.control.token("caller")
    answer = estate.sandbox.request("POST", "/jobs", {}, host=estate.scoring_host("ours"), token=token)
    assert answer.status == 401


def test_a_refused_blob_names_neither_role_nor_scope(estate: Estate) -> None:
    answer = estate.send("nobody", "GET", f"/{estate.container}/in/f1.txt", host=estate.blob_host)
    assert answer.headers["x-ms-error-code"] == "AuthorizationPermissionMismatch"
    assert (
        b"<Message>This request is not authorized to perform this operation using this permission.\n" in answer.content
    )


def test_a_job_whose_cluster_may_not_read_the_input_fails(estate: Estate) -> None:
    sandbox = estate.sandbox
    granted = sandbox.grant(estate.cluster_identity, BLOB_CONTRIBUTOR, estate.storage)
    sandbox.take_away(granted)
    job, _ = estate.run("caller", "ours", "in/", "blind")
    sandbox.grant(estate.cluster_identity, BLOB_CONTRIBUTOR, estate.storage)
    assert job["properties"]["status"] == "Failed"
    assert estate.failure(job["name"]) == (
        "ScriptExecutionException was caused by StreamAccessException. StreamAccessException was caused by "
        f"AuthenticationException. The identity of the cluster 'cpu' ({estate.cluster_identity}) is missing a role "
        f"such as 'Storage Blob Data Reader' on '{estate.containers}/{estate.container}'."
    )


def test_a_job_whose_cluster_may_only_read_cannot_write_its_output(estate: Estate) -> None:
    sandbox = estate.sandbox
    granted = sandbox.grant(estate.cluster_identity, BLOB_CONTRIBUTOR, estate.storage)
    reads = sandbox.grant(estate.cluster_identity, BLOB_READER, estate.storage)
    sandbox.take_away(granted)
    job, output = estate.run("caller", "ours", "in/", "mute")
    sandbox.grant(estate.cluster_identity, BLOB_CONTRIBUTOR, estate.storage)
    sandbox.take_away(reads)
    assert job["properties"]["status"] == "Failed"
    assert "is missing a role such as 'Storage Blob Data Contributor'" in estate.failure(job["name"])
    assert estate.send("deployer", "GET", output, host=estate.blob_host).status == 404


def test_a_keyless_workspace_needs_the_table_role_too(estate: Estate) -> None:
    sandbox = estate.sandbox
    granted = sandbox.grant(estate.cluster_identity, TABLE_CONTRIBUTOR, estate.storage)
    sandbox.take_away(granted)
    job, _ = estate.run("caller", "ours", "in/", "tableless")
    sandbox.grant(estate.cluster_identity, TABLE_CONTRIBUTOR, estate.storage)
    assert f"is missing a role such as 'Storage Table Data Contributor' on '{estate.storage}'" in estate.failure(
        job["name"]
    )


def test_who_starts_a_job_must_be_able_to_read_the_input(estate: Estate) -> None:
    second = estate.sandbox.facts.accounts["second"].principal.object_id
    job, _ = estate.run("second", "ours", "in/", "second")
    assert f"The caller of the job ({second}) is missing a role such as 'Storage Blob Data Reader'" in estate.failure(
        job["name"]
    )


def test_an_identity_is_not_assigned_by_who_may_not(estate: Estate) -> None:
    """A caller who may write the cluster, but not assign its identity, gets an error that names it."""
    sandbox = estate.sandbox
    role = estate.custom_role("cluster writer", (f"{_ML}/read", f"{_ML}/computes/read", f"{_ML}/computes/write"))
    granted = sandbox.grant("nobody", role, estate.workspace)
    path = f"{estate.workspace}/computes/cpu"
    identity = f"{estate.group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/jobs"
    body = estate.send("deployer", "GET", path).json
    given = {"type": "UserAssigned", "userAssignedIdentities": {identity: {}}}
    inner = {
        "vmSize": "STANDARD_DS11_V2",
        "scaleSettings": body["properties"]["properties"]["scaleSettings"],
    }
    wanted = {**_HERE, "identity": given, "properties": {"computeType": "AmlCompute", "properties": inner}}
    refused = estate.send("nobody", "PUT", path, wanted)
    sandbox.take_away(granted)
    nobody = sandbox.facts.accounts["nobody"].principal
    assert error_of(refused) == (
        403,
        "LinkedAuthorizationFailed",
        (
            f"The client '{nobody.client_id}' with object id '{nobody.object_id}' has permission to perform action"
            f" '{_ML}/computes/write' on scope '{path}'; however, it does not have permission to perform action(s)"
            f" 'Microsoft.ManagedIdentity/userAssignedIdentities/assign/action' on the linked scope(s) '{identity}'"
            " (respectively) or the linked scope(s) are invalid."
        ),
    )


def test_a_new_assignment_counts_after_so_many_evaluations(estate: Estate) -> None:
    sandbox = estate.sandbox
    try:
        sandbox.switch(rolePropagationPolls=2)
        granted = sandbox.grant("nobody", READER, estate.endpoint("theirs"))
        statuses = [estate.send("nobody", "GET", estate.endpoint("theirs")).status for _ in range(4)]
        other = estate.send("nobody", "GET", estate.endpoint("ours")).status
    finally:
        sandbox.switch(rolePropagationPolls=0)
    sandbox.take_away(granted)
    assert (statuses, other) == ([403, 403, 200, 200], 403)
    assert estate.send("nobody", "GET", estate.endpoint("theirs")).status == 403


def test_everybody_with_a_role_learns_what_it_allows(estate: Estate) -> None:
    """As the specification of 2022-04-01 has it: the path, and the members of answer and entry."""
    path = f"{estate.group.replace('resourceGroups', 'resourcegroups')}/providers/Microsoft.Authorization/permissions"
    asked = estate.send("reader", "GET", path, api=ROLES)
    entry = {"actions": ["*/read"], "notActions": [], "dataActions": [], "notDataActions": []}
    assert (asked.status, asked.json) == (200, {"value": [entry]})
    assert error_of(estate.send("nobody", "GET", path, api=ROLES))[:2] == (403, "AuthorizationFailed")
    subscription = f"/subscriptions/{estate.sandbox.subscription}/providers/Microsoft.Authorization/permissions"
    assert error_of(estate.send("reader", "GET", subscription, api=ROLES))[:2] == (501, "NotModelledInSandbox")


def test_switches_take_what_is_allowed_only(sandbox: Sandbox) -> None:
    with pytest.raises(
        ValueError, match="unknown switch 'rolePropagation'; allowed: callerAddress, rolePropagationPolls, "
    ):
        sandbox.switch(rolePropagation=1)
    with pytest.raises(ValueError, match="switch 'rolePropagationPolls' cannot be -1; allowed: a whole number, 0 or"):
        sandbox.switch(rolePropagationPolls=-1)


def test_a_deployer_who_assigns_owner_is_told_that_a_condition_forbids_it(estate: Estate) -> None:
    deployer = estate.sandbox.facts.accounts["deployer"].principal
    path = f"{estate.group}/providers/Microsoft.Authorization/roleAssignments/{uuid.uuid4()}"
    assert error_of(estate.send("deployer", "PUT", path, _given(estate, OWNER), api=ROLES)) == (
        403,
        "AuthorizationFailed",
        (
            f"The client '{deployer.client_id}' with object id '{deployer.object_id}' has an authorization with ABAC"
            " condition that is not fulfilled to perform action 'Microsoft.Authorization/roleAssignments/write' over"
            f" scope '{path}' or the scope is invalid. If access was recently granted, please refresh your credentials."
        ),
    )


def test_an_assigned_role_is_not_deleted_and_assigned_within_its_scopes_only(estate: Estate) -> None:
    sandbox = estate.sandbox
    role = estate.custom_role("short lived", (f"{_ML}/read",))
    granted = sandbox.grant("nobody", role, estate.workspace)
    refused = estate.send("administrator", "DELETE", role, api=ROLES)
    assert error_of(refused)[:2] == (400, "RoleDefinitionHasAssignments")
    sandbox.take_away(granted)
    outside = f"/subscriptions/{sandbox.subscription}/providers/Microsoft.Authorization/roleAssignments/{uuid.uuid4()}"
    body = _given(estate, role.rsplit("/", 1)[-1])
    assert error_of(estate.send("administrator", "PUT", outside, body, api=ROLES))[:2] == (
        400,
        "RoleAssignmentScopeNotAssignableToRoleDefinition",
    )
    assert estate.send("administrator", "DELETE", role, api=ROLES).status == 200


def test_who_administers_one_group_defines_no_role_for_more(estate: Estate) -> None:
    """Not a new one, and not one that exists: the callers' role would then allow everything, everywhere."""
    sandbox = estate.sandbox
    granted = sandbox.grant("nobody", ACCESS_ADMINISTRATOR, estate.group)
    subscription = f"/subscriptions/{sandbox.subscription}"
    properties = {
        "roleName": "r",
        "permissions": [{"actions": ["*"]}],
        "assignableScopes": [estate.group, subscription],
    }
    path = f"{estate.group}/providers/Microsoft.Authorization/roleDefinitions/{ENDPOINT_CALLER.id}"
    refused = estate.send("nobody", "PUT", path, {"properties": properties}, api=ROLES)
    sandbox.take_away(granted)
    assert error_of(refused)[:2] == (403, "AuthorizationFailed")
    assert f"'Microsoft.Authorization/roleDefinitions/write' over scope '{subscription}'" in error_of(refused)[2]


def test_the_callers_roles_are_there_from_the_start(estate: Estate) -> None:
    scope = f"/subscriptions/{estate.sandbox.subscription}"
    path = f"{scope}/providers/Microsoft.Authorization/roleDefinitions/{ENDPOINT_CALLER.id}"
    found = estate.send("reader", "GET", path, api=ROLES).json
    assert (found["id"], found["properties"]["assignableScopes"]) == (path, [scope])
