"""The restricted network in the sandbox: a wrong setting fails here, and not in Azure."""

from typing import Any

from tests.e2e.rehearsal import Rehearsal

STAGING = ("--stack", "staging")
INVOKE = ("-m", "modelops", "invoke", *STAGING, "--input", "examples/digits/data/images", "--download", "predictions")
ELSEWHERE = "192.0.2.1"


def test_up_from_an_address_that_is_not_allowed_says_so_and_the_next_from_an_allowed_one_finishes(
    fresh: Rehearsal,
) -> None:
    fresh.restore_try_outs()
    fresh.python("-m", "sandbox", "start", "--address", ELSEWHERE).ok()
    failed = fresh.pulumi("up", *STAGING).failed()
    assert "firewall only lets in trusted services and `allowedIps`" in failed.flat
    assert fresh.of_kind("batchEndpoints/deployments") == []

    fresh.control("POST", "/switches", {"callerAddress": "203.0.113.99"})
    assert "(20 rows, " in fresh.up(*STAGING).text
    assert len(fresh.of_kind("batchEndpoints/deployments")) == 1

    # The job itself runs on a trusted service, but its input comes from, and its result goes to, the caller's address.
    fresh.control("POST", "/switches", {"callerAddress": ELSEWHERE})
    assert "allowedIps" in fresh.run("python", *INVOKE).failed().flat


def test_the_open_dev_stack_answers_every_address(deployed: Rehearsal) -> None:
    deployed.control("POST", "/switches", {"callerAddress": ELSEWHERE})
    deployed.change_one_byte_of_the_model()
    deployed.up()


def test_without_a_compute_of_its_own_no_image_can_be_built(fresh: Rehearsal) -> None:
    fresh.up(*STAGING)
    (workspace,) = [each for each in fresh.resources() if each.rsplit("/", 2)[1] == "workspaces" and "achineL" in each]

    body = fresh.arm("GET", workspace, "2025-12-01")
    writable = ("applicationInsights", "keyVault", "storageAccount", "containerRegistry", "primaryUserAssignedIdentity")
    properties = {key: body["properties"][key] for key in (*writable, "systemDatastoresAuthMode")}
    users: dict[str, dict[str, str]] = {each: {} for each in body["identity"]["userAssignedIdentities"]}
    identity = {"type": "UserAssigned", "userAssignedIdentities": users}
    put: dict[str, Any] = {"location": body["location"], "identity": identity, "properties": properties}
    fresh.arm("PUT", workspace, "2025-12-01", put)
    failed = fresh.run("python", *INVOKE).failed()
    assert "does not set imageBuildCompute" in failed.flat

    put["properties"]["imageBuildCompute"] = "nobody"
    fresh.arm("PUT", workspace, "2025-12-01", put)
    assert "'nobody' does not exist" in fresh.run("python", *INVOKE).failed().flat
