"""The worker process and its limits, with real processes that only pretend (tests/modelops/markers/worker.py)."""

import asyncio
import os
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import pytest

from modelops.runner.pool import WorkerFailed, WorkerPool, WorkerStopped
from modelops.runner.protocol import Progress, ReleaseRequest, Step

PRETENDING = Path(__file__).resolve().parents[1] / "modelops" / "markers" / "worker.py"


class Pool:
    """A pool whose workers behave in one way, and what they wrote down."""

    def __init__(self, folder: Path, behaviour: str, size: int = 2, deadline: float = 60) -> None:
        self.diary = folder / "diary"
        self.events: list[Progress] = []
        self.pool = WorkerPool(
            [sys.executable, str(PRETENDING)],
            {**os.environ, "WORKER": behaviour, "WORKER_DIARY": str(self.diary)},
            folder / "log" / "worker.log",
            size=size,
            deadline_seconds=deadline,
        )

    async def release(self, name: str, deadline: float | None = None) -> str:
        """Have one release pretended and return its summary."""
        request = ReleaseRequest(name, {"endpoint": {"name": name}}, root=".")
        return (await self.pool.run(request, self.events.append, deadline)).text

    def notes(self) -> list[str]:
        """What the workers did, without their process ids, sorted."""
        lines = self.diary.read_text(encoding="utf-8").splitlines() if self.diary.exists() else []
        return sorted(line.partition(" ")[2] for line in lines)

    async def noted(self, text: str) -> None:
        """Wait until the diary says so."""
        while text not in self.notes():  # noqa: ASYNC110 - it is another process that writes them
            await asyncio.sleep(0.01)


def ran(program: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(program, 60))


@pytest.mark.parametrize("size", [2, 12])
def test_one_worker_carries_out_all_plans(tmp_path: Path, size: int) -> None:
    async def program() -> None:
        pool = Pool(tmp_path, "release", size)
        found = await asyncio.gather(*(pool.release(f"e{number}") for number in range(12)))
        assert found == [f"e{number}: default (none) -> mlp-1" for number in range(12)]
        assert pool.notes() == sorted([*(f"released e{number}" for number in range(12)), "started"])
        await pool.pool.end()

    ran(program())


def test_so_many_plans_are_under_way_at_once_and_the_others_wait(tmp_path: Path) -> None:
    async def program() -> None:
        pool = Pool(tmp_path, "hold", size=2)
        waiting = [asyncio.ensure_future(pool.release(name)) for name in ("a", "b", "c")]
        await pool.noted("working a")
        await pool.noted("working b")
        assert pool.notes() == ["started", "working a", "working b"]
        (tmp_path / "go").touch()
        await asyncio.gather(*waiting)
        assert [note for note in pool.notes() if note.startswith("released")] == [
            "released a",
            "released b",
            "released c",
        ]
        await pool.pool.end()

    ran(program())


def test_steps_are_passed_on(tmp_path: Path) -> None:
    async def program() -> None:
        pool = Pool(tmp_path, "release")
        await pool.release("e")
        assert pool.events == [Step("e", "create revisions", "creating deployment of e")]
        await pool.pool.end()

    ran(program())


def test_a_failed_release_keeps_its_worker(tmp_path: Path) -> None:
    async def program() -> None:
        pool = Pool(tmp_path, "fail", size=1)
        for _ in range(2):
            with pytest.raises(WorkerFailed, match=r"^registration refused$"):
                await pool.release("e")
        assert pool.notes() == ["started"]
        await pool.pool.end()

    ran(program())


def test_a_worker_that_dies_fails_all_its_plans(tmp_path: Path) -> None:
    async def program() -> None:
        pool = Pool(tmp_path, "die")
        both = await asyncio.gather(pool.release("a"), pool.release("b"), return_exceptions=True)
        assert [type(each) for each in both] == [WorkerFailed, WorkerFailed]
        assert pool.notes() == ["started"]
        await pool.pool.end()

    ran(program())


def test_a_worker_that_dies_is_replaced(tmp_path: Path) -> None:
    async def program() -> None:
        pool = Pool(tmp_path, "die", size=1)
        for _ in range(2):
            with pytest.raises(WorkerFailed) as failed:
                await pool.release("e")
            assert str(failed.value) == "the release worker ended with exit code 3 at step 'create revisions'."
        assert pool.notes() == ["started", "started"]
        await pool.pool.end()

    ran(program())


@pytest.mark.parametrize(("behaviour", "sent"), [("wait", False), ("switch", True)])
def test_a_stop_ends_every_release_and_says_where(tmp_path: Path, behaviour: str, sent: bool) -> None:
    async def program() -> None:
        pool = Pool(tmp_path, behaviour, size=1)
        waiting = [asyncio.ensure_future(pool.release(name)) for name in ("a", "b")]
        await pool.noted("working a")
        pool.pool.stop()
        pool.pool.stop()  # the signal comes several times
        first, second = await asyncio.gather(*waiting, return_exceptions=True)
        assert isinstance(first, WorkerStopped)
        assert (first.plan_id, first.step, first.switch_sent) == ("a", "create revisions", sent)
        assert (first.at_deadline, first.jobs) == (False, "Job of a.")
        assert isinstance(second, WorkerStopped)
        assert (second.plan_id, second.step, second.switch_sent, second.jobs) == ("b", None, False, "")
        await pool.pool.until_idle()
        with pytest.raises(WorkerStopped):
            await pool.release("c")
        await pool.pool.end()
        assert "finished the request in flight a" in pool.notes()
        assert "working b" not in pool.notes()

    ran(program())


def test_the_deadline_stops_one_plan_and_leaves_the_others_alone(tmp_path: Path) -> None:
    async def program() -> None:
        pool = Pool(tmp_path, "wait")
        other = asyncio.ensure_future(pool.release("b"))
        await pool.noted("working b")
        with pytest.raises(WorkerStopped) as stopped:
            await pool.release("a", deadline=0.5)
        assert (stopped.value.plan_id, stopped.value.at_deadline, stopped.value.jobs) == ("a", True, "Job of a.")
        await pool.noted("finished the request in flight a")
        assert not other.done()
        pool.pool.stop()
        with pytest.raises(WorkerStopped) as stopped:
            await other
        assert (stopped.value.plan_id, stopped.value.at_deadline) == ("b", False)
        await pool.pool.end()
        assert pool.notes() == [
            "ended",
            "finished the request in flight a",
            "finished the request in flight b",
            "started",
            "working a",
            "working b",
        ]

    ran(program())


def test_the_deadline_stops_a_release_and_spares_the_worker(tmp_path: Path) -> None:
    async def program() -> None:
        pool = Pool(tmp_path, "wait", size=1, deadline=0.5)
        for name in ("a", "b"):
            with pytest.raises(WorkerStopped) as stopped:
                await pool.release(name)
            assert (stopped.value.plan_id, stopped.value.at_deadline) == (name, True)
        await pool.pool.end()
        assert pool.notes().count("started") == 1
        assert "finished the request in flight b" in pool.notes()

    ran(program())


def test_a_worker_that_does_not_answer_a_deadline_gets_no_other_plan(tmp_path: Path) -> None:
    async def program() -> None:
        pool = Pool(tmp_path, "mute", size=1, deadline=0.5)
        for name in ("a", "b"):
            with pytest.raises(WorkerStopped) as stopped:
                await pool.release(name)
            assert (stopped.value.step, stopped.value.at_deadline) == ("create revisions", True)
        assert pool.notes().count("started") == 2
        await pool.pool.end()

    ran(program())


def test_time_spent_waiting_for_a_worker_does_not_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second release's alarm is set when the only worker takes it, and not while the first one has the worker."""
    alarms: list[float] = []

    async def program() -> None:
        loop = asyncio.get_running_loop()
        call_later = loop.call_later

        def recorded(delay: float, *arguments: Any, **more: Any) -> asyncio.TimerHandle:
            alarms.append(delay)
            return call_later(delay, *arguments, **more)

        monkeypatch.setattr(loop, "call_later", recorded)
        pool = Pool(tmp_path, "hold", size=1)
        first = asyncio.ensure_future(pool.release("a", deadline=1001))
        await pool.noted("working a")
        second = asyncio.ensure_future(pool.release("b", deadline=1002))
        await asyncio.sleep(0)  # it runs to where it waits for the worker
        assert (1001 in alarms, 1002 in alarms) == (True, False)
        (tmp_path / "go").touch()
        await asyncio.gather(first, second)
        assert 1002 in alarms
        await pool.pool.end()

    ran(program())


def test_a_worker_that_says_nothing_more_is_given_up_with_its_last_step(tmp_path: Path) -> None:
    async def program() -> None:
        pool = Pool(tmp_path, "mute", size=1)
        waiting = asyncio.ensure_future(pool.release("a"))
        await pool.noted("working a")
        pool.pool.stop()
        with pytest.raises(WorkerStopped) as stopped:
            await waiting
        assert stopped.value.step == "create revisions"
        await pool.pool.end()

    ran(program())


def test_standard_error_goes_to_the_log(tmp_path: Path) -> None:
    async def program() -> None:
        pool = Pool(tmp_path, "release")
        pool.pool.log.parent.mkdir()
        pool.pool.log.write_bytes(b"x" * 5_000_000)
        await pool.release("e")
        assert pool.pool.log.read_text(encoding="utf-8") == "pretending\n"
        await pool.pool.end()

    ran(program())
