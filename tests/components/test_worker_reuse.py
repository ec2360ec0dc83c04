"""No plan gets the answer of another; a worker that says something wrong gets no other plan."""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from modelops.runner.pool import WorkerFailed, WorkerPool
from modelops.runner.protocol import Progress, ReleaseRequest

# Says a step, then what the test wants it to say, then that it is done; writes its process id down with each message.
ANSWERING = """\
import json, os, sys
for line in sys.stdin:
    request = json.loads(line)
    if request["kind"] == "stop":
        continue
    with open(os.environ["DIARY"], "a") as diary:
        diary.write(f"{os.getpid()}\\n")
    if request["kind"] == "prepare":
        continue
    plan, name = request["id"], request["plan"]["name"]
    print(json.dumps({"kind": "step", "id": plan, "step": "create revisions", "text": name}), flush=True)
    if "says" in request["plan"]:
        print(request["plan"]["says"], flush=True)
    print(json.dumps({"kind": "done", "id": plan, "text": "released " + name}), flush=True)
"""


class Pool:
    """A pool of one such worker."""

    def __init__(self, folder: Path) -> None:
        self.diary = folder / "diary"
        environment = {**os.environ, "DIARY": str(self.diary)}
        self.pool = WorkerPool([sys.executable, "-c", ANSWERING], environment, folder / "worker.log", size=1)

    async def release(
        self, name: str, on_event: Callable[[Progress], None] = lambda _event: None, **request: str
    ) -> object:
        """Have one release pretended and return what the worker said at its end."""
        plan = {"name": name, **request}
        return (await self.pool.run(ReleaseRequest(name, plan, root="."), on_event)).text

    def processes(self) -> int:
        """How many workers have taken a plan."""
        return len(set(self.diary.read_text(encoding="utf-8").split()))


def test_a_worker_that_was_told_to_prepare_takes_the_plan(tmp_path: Path) -> None:
    async def ended() -> None:
        pool = Pool(tmp_path)
        assert pool.pool.prepare() is pool.pool.prepare()
        await pool.pool.prepare()
        await _answered(pool)
        assert (pool.processes(), len(pool.diary.read_text(encoding="utf-8").split())) == (1, 2)
        await pool.pool.end()

    asyncio.run(ended())


def test_a_worker_that_could_not_be_prepared_is_an_error_of_the_plan(tmp_path: Path) -> None:
    async def ended() -> None:
        pool = WorkerPool([str(tmp_path / "nothing")], {}, tmp_path / "worker.log")
        await pool.prepare()
        with pytest.raises(WorkerFailed, match=r"^the release worker could not be started: .*nothing: No such file"):
            await pool.run(ReleaseRequest("a", {}, root="."), lambda _event: None)

    asyncio.run(ended())


async def _answered(pool: Pool) -> None:
    assert await pool.release("a") == "released a"


async def _log_that_fails(pool: Pool) -> None:
    def fail(_event: Progress) -> None:
        raise RuntimeError("the log is gone")

    with pytest.raises(RuntimeError, match=r"^the log is gone$"):
        await pool.release("a", fail)


async def _cancelled(pool: Pool) -> None:
    def cancel(_event: Progress) -> None:
        waiting.cancel()

    waiting = asyncio.ensure_future(pool.release("a", cancel))
    with pytest.raises(asyncio.CancelledError):
        await waiting


def _nonsense(line: str) -> Callable[[Pool], Awaitable[None]]:
    async def answer(pool: Pool) -> None:
        with pytest.raises(WorkerFailed) as failed:
            await pool.release("a", says=line)
        assert str(failed.value) == (
            f"the release worker sent {line!r} at step 'create revisions', which is not a valid answer, and was "
            "stopped."
        )

    return answer


def test_a_request_that_the_worker_cannot_read_fails_in_its_words(tmp_path: Path) -> None:
    says = '{"kind": "failed", "id": "", "message": "the release worker was sent an invalid request: no id"}'

    async def program() -> None:
        pool = Pool(tmp_path)
        with pytest.raises(WorkerFailed, match=r"^the release worker was sent an invalid request: no id$"):
            await pool.release("a", says=says)
        await pool.pool.end()

    asyncio.run(asyncio.wait_for(program(), 60))


@pytest.mark.parametrize(
    ("first", "processes"),
    [
        (_answered, 1),
        (_log_that_fails, 1),
        (_cancelled, 1),
        (_nonsense("oops"), 2),
        (_nonsense("[1]"), 2),
        (_nonsense('{"kind": "done", "id": "b", "text": "released b"}'), 2),
    ],
    ids=["answered", "log", "cancelled", "no JSON", "no object", "another plan's"],
)
def test_no_release_gets_the_answer_of_another(
    tmp_path: Path, first: Callable[[Pool], Coroutine[Any, Any, None]], processes: int
) -> None:
    async def program() -> None:
        pool = Pool(tmp_path)
        await first(pool)
        assert await pool.release("b") == "released b"
        assert pool.processes() == processes
        await pool.pool.end()

    asyncio.run(asyncio.wait_for(program(), 60))
