"""The programs of jobs, each below a process that ends it with everything it started (``keeper.py``)."""

import asyncio
import contextlib
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

_KEEPER = Path(__file__).with_name("keeper.py")


class Kept:
    """A running program, whose output goes to the two files that it was started with."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @classmethod
    async def start(
        cls,
        command: Sequence[str],
        *,
        output: tuple[Path, Path],
        folder: Path,
        environment: Mapping[str, str],
        descriptors: Sequence[int] = (),
    ) -> Self:
        """Start ``command`` in ``folder`` with exactly ``environment``; its first word is a path.

        ``output``: the files of standard output and standard error, which may be the same.
        """
        return cls(
            await asyncio.create_subprocess_exec(
                *(sys.executable, "-I", "-S", str(_KEEPER), ",".join(map(str, descriptors)) or "-"),
                *(str(output[0]), str(output[1])),
                *command,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.DEVNULL,
                cwd=folder,
                env=dict(environment),
                pass_fds=tuple(descriptors),
                start_new_session=True,
            )
        )

    async def wait(self) -> int:
        """Wait until the program has ended, with all its descendants; return its exit code (negative: the signal)."""
        code = await self._process.wait()
        if self._process.stdin is not None:
            self._process.stdin.close()
            with contextlib.suppress(ConnectionError):  # the loop may end now, and would leave the pipe open
                await self._process.stdin.wait_closed()
        return code

    def kill(self) -> None:
        """Kill the program and its descendants."""
        if self._process.stdin is not None:
            self._process.stdin.close()
