"""`python -m pulumi_standins.azure_native <engine address>`: the plug-in process, which prints its port first."""

import asyncio
import logging
import os
import signal
import sys
from pathlib import Path

from pulumi_standins.protocol import use_protocol_only

# How often the process looks whether its parent, the engine, still lives, in seconds.
_PARENT_CHECK_SECONDS = 0.5


def start_log() -> None:
    """Log to $SANDBOX_HOME/log/provider.log; without a SANDBOX_HOME, to stderr, which the engine shows."""
    home = os.environ.get("SANDBOX_HOME")
    form = f"%(asctime)s {os.getpid()} %(levelname)s %(message)s"
    if not home:
        logging.basicConfig(level=logging.ERROR, format=form)
        return
    folder = Path(home) / "log"
    folder.mkdir(parents=True, exist_ok=True)
    logging.basicConfig(level=logging.INFO, format=form, filename=folder / "provider.log")


async def serve(engine_address: str, parent: int) -> None:
    """Serve until a signal comes or the engine, the process `parent`, is gone."""
    # Only now: `use_protocol_only` has to come first.
    from pulumi_standins.azure_native.engine import Engine  # noqa: PLC0415
    from pulumi_standins.azure_native.server import make_server  # noqa: PLC0415
    from pulumi_standins.azure_native.servicer import Provider  # noqa: PLC0415

    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    engine = Engine(engine_address)
    provider = Provider(engine)
    server, port = make_server(provider)
    await server.start()
    print(port, flush=True)
    await _until_stopped(stop, parent)
    await server.stop(grace=0)
    await provider.close()
    await engine.close()


async def _until_stopped(stop: asyncio.Event, parent: int) -> None:
    """Wait for a signal, or for the parent to change: an orphan is adopted by another process."""
    while not stop.is_set() and os.getppid() == parent:
        try:
            await asyncio.wait_for(stop.wait(), _PARENT_CHECK_SECONDS)
        except TimeoutError:
            continue


def main() -> int:
    """Run the plugin; the exit code is always 0 once it serves."""
    parent = os.getppid()  # first of all: an engine that dies while we load must be missed
    use_protocol_only()
    start_log()
    asyncio.run(serve(sys.argv[1] if len(sys.argv) > 1 else "", parent))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
