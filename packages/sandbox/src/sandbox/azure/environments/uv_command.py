"""Runs uv, which reaches the package index directly: the one exception to "nothing leaves the machine"."""

import asyncio
import contextlib
import os
import re
import signal
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import uv

from sandbox.azure.environments.failures import NoIndex

_NO_ANSWER = re.compile(
    r"client error \(Connect\)|network (was|is) disabled|operation timed out|Could not resolve host"
)
_SANDBOXES = (
    *("HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy"),
    *("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"),
)
"""What `sandbox run` sets of the variables that uv reads."""
_PYTHONS = ("VIRTUAL_ENV", "PYTHONPATH", "PYTHONHOME", "UV_PYTHON", "UV_SYSTEM_PYTHON", "UV_PROJECT_ENVIRONMENT")
_MESSAGE_LIMIT = 4000
_LINE_LIMIT = 2**22
"""Bytes in a line of uv's: why packages exclude each other is a single one."""


class UvFailed(Exception):  # noqa: N818 - an outcome
    """uv ended with an error; the text is its own."""


def variables(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return uv's environment: the user's, with their index settings, and without a sandbox's proxy.

    A server that was started inside `sandbox run` has the sandbox's own variables.
    """
    left_out = set(_PYTHONS)
    home = environ.get("SANDBOX_HOME", "")
    if home and environ.get("SSL_CERT_FILE") == str(Path(home, "ca.pem")):
        left_out |= set(_SANDBOXES)
    return {name: value for name, value in environ.items() if name not in left_out}


async def run_uv(*arguments: str, say: Callable[[str], None] | None = None, more_path: Iterable[Path] = ()) -> str:
    """Run uv and return its standard output; ``say`` gets each line that it writes on standard error, while it runs.

    If this is cancelled, uv and what it started end.

    Raises:
        UvFailed: it failed.
        NoIndex: it failed because no package index answers.
    """
    environ = variables()
    # pyenv's shims are slow, and fail for each version that is not switched on.
    path = [each for each in environ.get("PATH", os.defpath).split(os.pathsep) if Path(each).name != "shims"]
    environ["PATH"] = os.pathsep.join([*path, *map(str, more_path)])
    process = await asyncio.create_subprocess_exec(
        uv.find_uv_bin(),
        *arguments,
        "--no-progress",
        "--color",
        "never",
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=environ,
        start_new_session=True,
        limit=_LINE_LIMIT,
    )
    assert process.stdout is not None  # noqa: S101 - PIPE
    assert process.stderr is not None  # noqa: S101 - PIPE
    told: list[str] = []
    try:
        output = asyncio.ensure_future(process.stdout.read())
        async for line in process.stderr:
            text = line.decode(errors="replace").rstrip()
            told.append(text)
            if say is not None and text:
                say(text)
        printed = (await output).decode(errors="replace")
        code = await process.wait()
    except asyncio.CancelledError:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
        raise
    if code == 0:
        return printed
    message = "\n".join(told)[-_MESSAGE_LIMIT:]
    raise NoIndex(message) if _NO_ANSWER.search(message) else UvFailed(message)
