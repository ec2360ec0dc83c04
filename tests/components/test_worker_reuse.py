"""A worker takes another plan only after it has answered the one before; otherwise its answer would be another's."""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from pathlib import Path
from typing import Any

import pytest

from modelops.runner.pool import WorkerFailed, WorkerPool

# Says a step, then what the test wants it to say, then that it is done; it writes its process id down with each plan.
ANSWERING = """\
import json, os, sys
for line in sys.stdin:
    request = json.loads(line)
    with open(os.environ["DIARY"], "a") as diary:
        diary.write(f"{os.getpid()}\\n")
    print(json.dumps({"event": "step", "step": "create revisions", "text": request["name"]}), flush=True)
    print(request.get("says", "{}"), flush=True)
    print(json.dumps({"event": "done", "summary": "released " + request["name"]}), flush=True)
"""


class Pool:
    """A pool of one such worker."""

    def __init__(self, folder: Path) -> None:
        self.diary = folder / "diary"
        environment = {**os.environ, "DIARY": str(self.diary)}
        self.pool = WorkerPool([sys.executable, "-c", ANSWERING], environment, folder / "worker.log", size=1)

    async def release(
        self, name: str, on_event: Callable[[Mapping[str, Any]], None] = lambda _event: None, **request: str
    ) -> object:
        """Have one release pretended and return what the worker said at its end."""
        return (await self.pool.run({"name": name, **request}, on_event))["summary"]

    def processes(self) -> int:
        """How many workers have taken a plan."""
        return len(set(self.diary.read_text(encoding="utf-8").split()))


async def _answered(pool: Pool) -> None:
    assert await pool.release("a") == "released a"


async def _log_that_fails(pool: Pool) -> None:
    def fail(_event: Mapping[str, Any]) -> None:
        raise RuntimeError("the log is gone")

    with pytest.raises(RuntimeError, match=r"^the log is gone$"):
        await pool.release("a", fail)


async def _cancelled(pool: Pool) -> None:
    def cancel(_event: Mapping[str, Any]) -> None:
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


@pytest.mark.parametrize(
    ("first", "processes"),
    [(_answered, 1), (_log_that_fails, 2), (_cancelled, 2), (_nonsense("oops"), 2), (_nonsense("[1]"), 2)],
    ids=["answered", "log", "cancelled", "no JSON", "no object"],
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
