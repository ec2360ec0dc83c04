"""Durations as in Azure: of operations, requests and jobs; and the record of what the services worked on.

What this does not prove: that Azure takes as long (docs/latencies.md has the sources).
"""

import asyncio
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from clocks import Clock
from job_bench import JobBench
from learning import WORKSPACE, Learning, cluster_body, workspace_body
from made_world import close
from sandbox.azure.arm.latencies import IMAGE_BUILD, JOB_RUN, NODE_START, PROFILES, Latencies
from sandbox.azure.arm.requests import OperationFault
from sandbox.azure.arm.service_time import ServiceTime
from sandbox.azure.jobs.nodes import Nodes
from sandbox.azure.jobs.runner import JobRunner
from sandbox.commands import lifecycle, startup
from sandbox.commands.processes import wait_until_ended
from sandbox.home import Home
from sandbox.testing import awaited, started

CLUSTER = f"{WORKSPACE}/computes/cpu"
CREATE = "create Microsoft.MachineLearningServices/workspaces/computes"


NAMES = """
    import os
    def init(): pass
    def run(mini_batch): return [os.path.basename(path) for path in mini_batch]
"""


@pytest.fixture
def slow(tmp_path: Path) -> Iterator[Learning]:
    """A service where only clusters take their time: 600 s, at a tenth."""
    learning = Learning(tmp_path, latencies=Latencies({CREATE: 600.0}, 10))
    yield learning
    close(learning.world)


def test_durations_are_found_whatever_their_case() -> None:
    azure = Latencies(PROFILES["azure"], 60)
    assert azure.azure_seconds("create microsoft.machinelearningservices/workspaces/COMPUTES") == 60
    assert azure.azure_seconds("create nothing") is None
    assert azure.here(120) == 2
    assert Latencies(PROFILES["none"]).azure_seconds(CREATE) is None


def test_every_duration_is_above_zero() -> None:
    assert [name for name, seconds in PROFILES["azure"].items() if seconds <= 0] == []


def test_an_operation_ends_with_its_duration_and_not_with_reads(slow: Learning, clock: Clock) -> None:
    slow.make_workspace()
    operation = slow.call("PUT", "/computes/cpu", cluster_body()).headers["Azure-AsyncOperation"]
    clock.now += 59.99
    for _ in range(5):
        assert slow.call("GET", operation).body["status"] == "InProgress"
    assert slow.call("GET", "/computes/cpu").body["properties"]["provisioningState"] == "Creating"
    clock.now += 0.01
    assert slow.call("GET", "/computes/cpu").body["properties"]["provisioningState"] == "Succeeded"
    assert slow.call("GET", operation).body["status"] == "Succeeded"


def test_clients_wait_until_the_end_but_a_second_at_most(slow: Learning, clock: Clock) -> None:
    slow.make_workspace()
    first = slow.call("PUT", "/computes/cpu", cluster_body())
    assert first.headers["retry-after-ms"] == "1000"
    clock.now += 59.75
    assert slow.call("GET", first.headers["Azure-AsyncOperation"]).headers["retry-after-ms"] == "250"
    clock.now += 0.249
    assert slow.call("GET", first.headers["Azure-AsyncOperation"]).headers["retry-after-ms"] == "20"


def test_what_has_no_duration_ends_with_reads(slow: Learning) -> None:
    assert slow.call("PUT", "", workspace_body()).headers["retry-after-ms"] == "20"
    assert slow.call("GET", "").body["properties"]["provisioningState"] == "Creating"
    assert slow.call("GET", "").body["properties"]["provisioningState"] == "Succeeded"


def test_the_work_is_recorded_with_what_asked_for_it(slow: Learning, clock: Clock) -> None:
    slow.make_workspace()
    slow.call("PUT", "/computes/cpu", cluster_body())
    slow.call("DELETE", "/computes/cpu")
    workspace, *_, create, delete = slow.store.work()
    assert workspace == {
        "number": 1,
        "what": "create Microsoft.MachineLearningServices/workspaces",
        "subject": WORKSPACE,
        "request": 1,
        "began": clock.now,
        "ended": clock.now,
        "azureSeconds": None,
    }
    assert (create["what"], create["subject"]) == (CREATE, CLUSTER)
    assert (create["began"], create["ended"], create["azureSeconds"]) == (clock.now, clock.now + 60, 600)
    assert (delete["what"], delete["ended"]) == ("delete Microsoft.MachineLearningServices/workspaces/computes", None)
    assert slow.store.work(after=create["number"]) == [delete]


def test_an_operation_that_hangs_has_no_end(slow: Learning) -> None:
    slow.make_workspace()
    slow.call("PUT", "/computes/cpu", cluster_body(), fault=OperationFault("hang"))
    assert slow.store.work()[-1]["ended"] is None


def test_a_request_is_answered_when_its_work_is_done(tmp_path: Path) -> None:
    what = "create Microsoft.MachineLearningServices/workspaces/models/versions"
    learning = Learning(tmp_path, latencies=Latencies({what: 20.0}, 1000))
    learning.make_workspace()
    before = len(learning.store.work())
    learning.make_assets()
    (only,) = learning.store.work()[before:]
    assert (only["what"], only["subject"], only["azureSeconds"]) == (what, f"{WORKSPACE}/models/m/versions/1", 20)
    assert only["ended"] - only["began"] == pytest.approx(0.02)
    made = learning.store.get(f"{WORKSPACE}/models/m/versions/1")
    assert made is not None
    assert made.created >= only["ended"]
    close(learning.world)


def test_a_job_waits_for_image_and_node_and_the_next_one_does_not(bench: JobBench) -> None:
    bench.service_time.latencies = Latencies({IMAGE_BUILD: 480, NODE_START: 180, JOB_RUN: 90}, 10_000)
    one, two = bench.request(NAMES), bench.request(NAMES)
    cluster = bench.store.get(one.compute)
    assert cluster is not None
    # At this scale, an idle time of two minutes would be over at once.
    cluster.body["properties"]["properties"]["scaleSettings"]["nodeIdleTimeBeforeScaleDown"] = "P100D"
    bench.store.put(cluster.id, cluster.type, cluster.body)

    async def both(runner: JobRunner) -> None:
        await runner.wait(one.name)
        bench.accept(two)
        runner.submit(two, asked_by=7)
        await runner.wait(two.name)

    bench.run(one, both)
    work = bench.store.work()
    assert [(each["what"], each["request"]) for each in work] == [
        (IMAGE_BUILD, 0),
        (NODE_START, 0),
        (JOB_RUN, 0),
        (JOB_RUN, 7),
    ]
    image, node, first, _ = work
    assert (node["subject"], first["subject"]) == (one.compute, one.name)
    assert image["began"] < image["ended"] <= node["began"] < node["ended"] <= first["began"] < first["ended"]


def test_nodes_leave_after_their_idle_time_and_the_least_never_do(tmp_path: Path, clock: Clock) -> None:
    learning = Learning(tmp_path)
    learning.make_workspace()
    learning.done("PUT", "/computes/cpu", cluster_body(4, least=1))
    nodes = Nodes(learning.store, ServiceTime(learning.store, Latencies({}, 60)))

    def started(count: int) -> int:
        async def use() -> None:
            async with nodes.some(CLUSTER, count):
                pass

        before = len(learning.store.work())
        asyncio.run(use())
        return len(learning.store.work()) - before

    assert started(1) == 0
    clock.now += 2.1
    assert started(2) == 1
    clock.now += 1.9
    assert started(2) == 0
    clock.now += 2.1
    assert started(2) == 1
    close(learning.world)


def test_a_killed_server_keeps_its_latency_and_what_was_under_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SANDBOX_TIME_SCALE", "2000")
    with started(tmp_path / "sandbox", latency="azure") as sandbox:
        assert (sandbox.server.latency, sandbox.server.time_scale) == ("azure", 2000)
        group = {"location": "westeurope"}
        path = f"/subscriptions/{sandbox.subscription}/resourceGroups/g"
        assert sandbox.arm("PUT", path, group, api_version="2024-03-01").status == 201
        location = sandbox.arm("DELETE", path, api_version="2024-03-01").headers["Location"]
        os.kill(sandbox.server.pid, signal.SIGKILL)
        assert wait_until_ended(sandbox.server.pid, 60)
        monkeypatch.delenv("SANDBOX_TIME_SCALE")
        again = lifecycle.start(sandbox.home)
        assert (again.latency, again.time_scale) == ("azure", 2000)
        awaited(lambda: sandbox.request("GET", location).status != 202 or None, "the group to be deleted")
        (deleted,) = sandbox.control.work()
        assert (deleted["what"], deleted["subject"]) == ("delete Microsoft.Resources/resourceGroups", path)
        assert deleted["ended"] - deleted["began"] == pytest.approx(0.06)
        (asked,) = [each for each in sandbox.control.journal() if each["sequence"] == deleted["request"]]
        assert asked["method"] == "DELETE"


def test_other_options_than_the_running_servers_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SANDBOX_LATENCY", "azure")
    monkeypatch.setenv("SANDBOX_TIME_SCALE", "60")
    with started(tmp_path / "sandbox") as sandbox:
        assert startup.shown(sandbox.server) == "profile harsh, latency azure, SANDBOX_TIME_SCALE 60"
        monkeypatch.setenv("SANDBOX_TIME_SCALE", "1.5")
        with pytest.raises(SystemExit) as scale:
            lifecycle.start(sandbox.home)
        assert str(scale.value) == (
            "sandbox: the server runs with SANDBOX_TIME_SCALE 60, not 1.5. Stop it first: python -m sandbox stop"
        )
        with pytest.raises(SystemExit) as latency:
            lifecycle.start(sandbox.home, latency="none")
        assert str(latency.value) == (
            "sandbox: the server runs with latency 'azure', not 'none'. Stop it first: python -m sandbox stop"
        )


@pytest.mark.parametrize("text", ["0", "-1", "x", "inf", "nan"])
def test_a_scale_that_is_no_factor_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("SANDBOX_TIME_SCALE", text)
    with pytest.raises(SystemExit) as refused:
        lifecycle.start(Home(tmp_path))
    assert str(refused.value) == (f"sandbox: SANDBOX_TIME_SCALE is '{text}'; allowed: a number above 0, such as 60")


def test_an_unknown_latency_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SANDBOX_LATENCY", "aws")
    with pytest.raises(SystemExit) as refused:
        lifecycle.start(Home(tmp_path))
    assert str(refused.value) == "sandbox: unknown latency 'aws'; allowed: none, azure"
