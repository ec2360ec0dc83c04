"""Faults of Azure and of the network: what is told, and that the next run goes on.

docs/reliability.md lists all faults with their tests. Not proved here: the words that Azure itself uses; each fault
says where its text comes from.
"""

import re
import shlex

import pytest

from tests.e2e.commands import Done, until
from tests.e2e.rehearsal import Rehearsal

API = "2025-12-01"
GROUP = r"/resourcegroups/[^/]+$"
CLUSTER = r"/computes/[^/]+$"
ASSIGNMENT = r"/roleAssignments/[^/]+$"
ACCOUNT = r"/storageAccounts/[^/]+$"
THROTTLED = {
    # https://learn.microsoft.com/azure/azure-resource-manager/management/request-limits-and-throttling
    "code": "SubscriptionRequestsThrottled",
    "message": "Number of 'write' requests for subscription 's' exceeded. Please try again after '300' seconds.",
}
QUOTA = {
    "code": "ClusterCoreQuotaReached",  # https://learn.microsoft.com/azure/machine-learning/how-to-manage-quotas
    "message": "The cluster needs 8 vCPUs of the family, and 6 are left.",
}
NO_PRINCIPAL = {
    # https://learn.microsoft.com/azure/role-based-access-control/troubleshooting
    "code": "PrincipalNotFound",
    "message": "Principal 11 does not exist in the directory.",
}
LOCKED = {
    # https://learn.microsoft.com/azure/azure-resource-manager/management/lock-resources
    "code": "ScopeLocked",
    "message": "The scope 'x' cannot perform delete operation because following scope(s) are locked: 'x'.",
}
SECONDS = 120.0
"""In which a preview without a network ends on a busy machine; the provider's own repetitions would take longer."""


def _up(fresh: Rehearsal) -> Done:
    return fresh.run("python", "-m", "modelops", "up", "--stack", "dev", "--yes")


def _down(fresh: Rehearsal) -> Done:
    return fresh.run("python", "-m", "modelops", "down", "--stack", "dev", "--yes")


def test_each_up_that_azure_refuses_says_what_to_do_and_the_next_goes_on(fresh: Rehearsal) -> None:
    fresh.start_server()

    throttled = fresh.fault("status", "PUT", GROUP, times=-1, status=429, headers={"Retry-After": "300"}, **THROTTLED)
    told = _up(fresh).failed()
    assert "Azure throttles these requests: wait 300 s, then run the command again; it continues." in told.flat
    assert fresh.hits(throttled) == 1  # the provider's client does not wait for so long
    assert fresh.resources() == []
    fresh.mend()

    broken = fresh.fault("status", "PUT", GROUP, times=4, status=500, code="InternalServerError", message="Try again.")
    told = _up(fresh).failed()
    assert 'Status=500 Code="InternalServerError" Message="Try again."' in told.flat
    assert fresh.hits(broken) == 4
    fresh.mend()

    busy = fresh.fault("status", "PUT", GROUP, times=2, status=503)
    unknown = fresh.fault("status", "PUT", ASSIGNMENT, times=3, status=400, **NO_PRINCIPAL)
    quota = fresh.fault("status", "PUT", CLUSTER, times=-1, status=400, **QUOTA)
    told = _up(fresh).failed()
    assert fresh.hits(busy) == 2
    assert len(fresh.of_kind("resourcegroups")) == 1
    assert 'Code="PrincipalNotFound"' in told.flat
    assert "A new identity takes minutes to be known everywhere in Entra ID. Run the command again" in told.flat
    while fresh.hits(unknown) < 3 or not fresh.hits(quota):
        told = _up(fresh).failed()
    assert 'Code="ClusterCoreQuotaReached"' in told.flat
    assert "`az ml compute list-usage --location REGION --output table` shows what is used." in told.flat
    assert fresh.hits(quota) == 1  # a refusal is not sent again
    fresh.mend()

    _up(fresh).ok()
    assert len(fresh.of_kind("workspaces/computes")) == 1
    assert fresh.state().get("pending_operations", []) == []
    fresh.up("--expect-no-changes")


@pytest.mark.long(part="kills")
def test_a_cluster_that_is_never_ready_is_given_up_and_the_next_up_goes_on(fresh: Rehearsal) -> None:
    """A minute of the test's own time: the least that a stack can set."""
    fresh.configure(lambda config: config.update(timeoutMinutes=1))
    fresh.start_server()
    fresh.fault("operation-hang", "PUT", CLUSTER)
    told = _up(fresh).failed()
    assert re.search(r"^Azure +still creating +30 s +Compute aml-cluster \(at most 1 min\)$", told.out, re.MULTILINE)
    assert "operation timed out" in told.flat
    assert "The operation took longer than it may (`timeoutMinutes` in the stack file)" in told.flat
    fresh.mend()
    _up(fresh).ok()
    assert len(fresh.of_kind("workspaces/computes")) == 1
    fresh.up("--expect-no-changes")


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        (
            ("HTTPS_PROXY=http://127.0.0.1:9",),
            "go through the proxy http://127.0.0.1:9, because of HTTPS_PROXY: check that it runs",
        ),
        (("HTTPS_PROXY=http://127.0.0.1:9", "NO_PROXY=.example"), "because of HTTPS_PROXY: check that it runs"),
        (("ARM_METADATA_HOSTNAME=cloud.example",), "ARM_METADATA_HOSTNAME"),
    ],
    ids=["dead proxy", "dead proxy with exceptions", "metadata host"],
)
def test_a_preview_without_azure_names_the_variable(fresh: Rehearsal, variables: tuple[str, ...], said: str) -> None:
    fresh.start_server()
    told = fresh.run("env", *variables, "python", "-m", "modelops", "plan", "--stack", "dev").failed()
    assert said in told.flat, told.text
    assert told.flat.count("go through the proxy") < 2  # said once
    assert told.seconds < SECONDS
    assert fresh.writes() == []
    assert fresh.state().get("resources", []) == []


def _deployments_compute(deployed: Rehearsal) -> str:
    """Return the cluster of the default deployment."""
    place = next(each for each in deployed.resources() if each.endswith(f"/deployments/{deployed.default}"))
    return str(deployed.arm("GET", place, API)["properties"]["compute"]).rpartition("/")[2]


@pytest.mark.long(part="series")
def test_a_cluster_of_another_size_and_one_that_was_deleted(deployed: Rehearsal) -> None:
    """The new one is made, released to, and only then the old one goes; the same after a deletion by hand."""
    old, default = deployed.outputs()["cluster"], deployed.default
    deployed.configure(lambda config: config["cluster"].update(vmSize="STANDARD_D2S_V3"))
    preview = deployed.pulumi("preview").ok()
    assert re.search(r"aml-cluster +create replacement|aml-cluster +replace", preview.out), preview.out
    steps = [(step.op, step.name) for step in deployed.up().steps if step.name in ("aml-cluster", "digits-marker")]
    assert steps.index(("create-replacement", "aml-cluster")) < steps.index(("update", "digits-marker"))
    assert steps[-1] == ("delete-replaced", "aml-cluster")
    new = deployed.outputs()["cluster"]
    assert deployed.of_kind("workspaces/computes") == [new]
    assert new != old
    assert deployed.default != default
    assert _deployments_compute(deployed) == new

    (cluster,) = [each for each in deployed.resources() if each.endswith(f"/computes/{new}")]
    deployed.arm("DELETE", cluster, f"{API}&underlyingResourceAction=Delete")
    deployed.pulumi("refresh").ok()
    deployed.up()
    assert deployed.of_kind("workspaces/computes") == [deployed.outputs()["cluster"]]
    assert _deployments_compute(deployed) == deployed.outputs()["cluster"]
    deployed.up("--expect-no-changes")


def test_a_stack_is_removed_once_no_job_runs_and_no_lock_is_there(deployed: Rehearsal) -> None:
    """Before that, a tag of all resources is changed: the endpoint is sent again, and keeps its default."""
    go, script = deployed.home.parent / "go", deployed.folder / "examples" / "digits" / "code" / "score.py"
    held = script.read_text(encoding="utf-8").replace(
        "    started = time.perf_counter()\n",
        f"    started = time.perf_counter()\n    while not Path({str(go)!r}).exists():\n        time.sleep(0.1)\n",
    )
    script.write_text(held, encoding="utf-8")
    deployed.configure(lambda config: config.update(tags={"team": "x"}))
    deployed.up()
    default = deployed.default
    deployed.configure(lambda config: config.update(tags={"team": "y"}))
    deployed.up()
    assert deployed.default == default
    assert f"default {default}" in " ".join(deployed.make("status").ok().out.split())

    invoked = deployed.run(
        "python", "-m", "modelops", "invoke", "--stack", "dev", "--input", "examples/digits/data/images", "--no-wait"
    ).ok()
    (job,) = set(re.findall(r"batchjob-[0-9a-f-]+", invoked.out))
    before, there = deployed.mark(), deployed.resources()
    refused = _down(deployed).failed()
    assert "jobs of the stack's endpoints have not ended, so nothing was deleted." in refused.flat
    (cancel,) = [line.strip() for line in refused.err.splitlines() if "jobs cancel" in line]
    assert f"jobs cancel {job} --stack dev" in cancel
    assert deployed.resources() == there
    assert [each for each in deployed.writes(before) if each.startswith("DELETE")] == []
    deployed.start(*shlex.split(cancel)).wait().ok()

    lock = deployed.fault("status", "DELETE", ACCOUNT, times=-1, status=409, **LOCKED)
    told = _down(deployed).failed()
    assert deployed.hits(lock) == 1
    assert "following scope(s) are locked" in told.flat
    assert "`az lock list --output table` lists the locks" in told.flat
    assert not deployed.state().get("pending_operations")
    deployed.mend()
    busy = deployed.fault(
        "status", "DELETE", ACCOUNT, times=3, status=409, code="AnotherOperationInProgress", message="Busy."
    )
    _down(deployed).ok()
    assert deployed.hits(busy) == 3
    assert deployed.resources() == []
    assert {re.split(r"/", each.lower())[-2] for each in deployed.soft_deleted()} == {"vaults", "workspaces"}
    until(lambda: not deployed.processes(), "the processes of the rehearsal to end")
