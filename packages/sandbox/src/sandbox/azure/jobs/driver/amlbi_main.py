"""One worker process of a batch job: imports the scoring script and runs it on the mini-batches that the master sends.

``python amlbi_main.py <descriptor>``. The descriptor is a socket with one JSON object per line: first the settings,
then mini-batches, finally ``stop``. The answers are ``ready``, ``init``, ``done``, ``failed``, ``stopped``. It only
uses the standard library, because everything else belongs to the deployment. When the socket closes, the master is
dead, and the whole process group ends. It runs on Python 3.8 and later: the deployment chooses its version.
"""

from __future__ import annotations

import importlib
import json
import logging
import logging.handlers
import os
import select
import signal
import socket
import sys
import threading
import time
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

_TRACE_LIMIT = 20_000
_ENTRY_LOG_BYTES = 8 << 20
_GUARD = "amlbi_guard"
"""Beside this file, where only this program finds it, like ``azureml_user``."""

WRONG_TYPE = (
    "The run() method in the entry script should return a list or a pandas DataFrame. The length of returned result is"
    " considered as succeeded number of items. For --output_action=append_row, the returned result is what to write"
    " into the result file. The actual type of output is {}."
)
"""The service's own sentence (seen in microsoft/MLOpsPython#328)."""


class Channel:
    """The socket to the master. A thread watches it, so that the end of the master is noticed even during ``run()``."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._incoming = connection.makefile("rb")
        threading.Thread(target=self._watch, daemon=True).start()

    def _watch(self) -> None:
        closed = select.poll()
        closed.register(self._connection, 0)  # nothing but the end: messages wake only who waits for them
        closed.poll()
        os.killpg(os.getpgrp(), signal.SIGKILL)

    def receive(self) -> dict[str, Any]:
        """Return the next message, waiting for it."""
        line = self._incoming.readline()
        if not line:
            os.killpg(os.getpgrp(), signal.SIGKILL)
        message: dict[str, Any] = json.loads(line)
        return message

    def send(self, event: str, **members: Any) -> None:
        """Report to the master."""
        self._connection.sendall(json.dumps({"event": event, **members}).encode() + b"\n")


class Script:
    """The deployment's scoring script."""

    def __init__(self, module: ModuleType) -> None:
        self._module = module
        self._started = False

    def start(self) -> bool:
        """Call ``init()`` if it was not called yet; return whether it was called now."""
        if self._started:
            return False
        if hasattr(self._module, "init"):
            self._module.init()
        self._started = True
        return True

    def run(self, items: list[str]) -> Any:
        """Call ``run()``; a tuple counts as a list.

        Raises:
            TypeError: it returned neither a list, a tuple nor a DataFrame; the message is the service's.
        """
        result = self._module.run(items)
        if isinstance(result, tuple):
            result = list(result)
        if not isinstance(result, list) and not is_frame(result):
            raise TypeError(WRONG_TYPE.format(type(result).__name__))
        return result

    def stop(self) -> None:
        """Call ``shutdown()`` if the script has one and ``init()`` was called."""
        shutdown: Callable[[], None] | None = getattr(self._module, "shutdown", None)
        if self._started and shutdown is not None:
            shutdown()


def is_frame(value: Any) -> bool:
    """Return whether a value is a pandas DataFrame, without importing pandas."""
    pandas = sys.modules.get("pandas")
    return pandas is not None and isinstance(value, pandas.DataFrame)


def append_rows(result: Any, file: str) -> None:
    """Append a result like the service: a list as ``str()`` lines, a frame with spaces, without header and index."""
    if is_frame(result):
        result.to_csv(file, sep=" ", header=None, index=None, mode="a")
        return
    with Path(file).open("a") as out:  # in the process's encoding, like the service
        out.writelines(f"{row}\n" for row in result)


def set_logging(settings: dict[str, Any]) -> None:
    """Send the root logger to standard output and give the script its ``EntryScript``."""
    logging.basicConfig(stream=sys.stdout, level=logging.INFO, format="%(message)s")
    logger = logging.getLogger("entry_script")
    logger.setLevel(settings["logging_level"])
    logger.propagate = False
    log_file = Path(settings["entry_log"])
    log_file.parent.mkdir(parents=True, exist_ok=True)
    # Two such files at most.
    handler = logging.handlers.RotatingFileHandler(log_file, maxBytes=_ENTRY_LOG_BYTES, backupCount=1, delay=True)
    handler.setFormatter(logging.Formatter("%(asctime)s|%(name)s|%(levelname)s|%(process)d|%(message)s"))
    logger.addHandler(handler)
    script = importlib.import_module("azureml_user.parallel_run").EntryScript()
    script.logger = logger
    script.log_dir = str(log_file.parent)
    script.output_dir = settings["output_dir"]
    script.working_dir = settings["working_dir"]
    script.agent_name = settings["process"]


def load(settings: dict[str, Any]) -> Script:
    """Import the scoring script from the code snapshot.

    Raises:
        AttributeError: a required function is missing.
        BaseException: whatever the import raises.
    """
    sys.path.insert(0, settings["code_dir"])
    # The path itself stays: an installed emulator lies in the same folder as the packages of the deployment.
    sys.meta_path.insert(0, importlib.import_module(_GUARD).OwnOnly(settings["code_dir"]))
    module = importlib.import_module(settings["module"])
    for name in settings["functions"]:
        if not callable(getattr(module, name, None)):
            raise AttributeError(f"the entry script '{settings['script']}' has no function {name}()")  # noqa: TRY004
    return Script(module)


def score(script: Script, channel: Channel, message: dict[str, Any], settings: dict[str, Any]) -> bool:
    """Run one mini-batch and report it; return whether this process may continue."""
    step = "init"
    try:
        if script.start():
            channel.send("init")
        step = "run"
        started, used = time.perf_counter(), time.process_time()
        result = script.run(message["items"])
        seconds, used = time.perf_counter() - started, time.process_time() - used
        if settings["append_row"]:
            append_rows(result, settings["temp_file"])
    except BaseException as error:  # noqa: BLE001 - sys.exit() in a script is a failed attempt like any other
        report_failure(channel, step, error)
        return False
    channel.send("done", id=message["id"], count=len(result), seconds=seconds, cpu=used)
    return True


def report_failure(channel: Channel, step: str, error: BaseException) -> None:
    """Report an exception of the script to the master."""
    trace = "".join(traceback.format_exception(type(error), error, error.__traceback__)).rstrip()[-_TRACE_LIMIT:]
    text = f"{type(error).__name__}: {error}"[:_TRACE_LIMIT]
    channel.send("failed", step=step, error=text, trace=trace, ends_job=getattr(error, "ends_the_job", False))


def main() -> int:
    """Serve the master until it sends ``stop``."""
    channel = Channel(socket.socket(fileno=int(sys.argv[1])))
    settings = channel.receive()
    settings["temp_file"] = settings["temp_file"].format(pid=os.getpid())
    sys.argv = settings["argv"]
    set_logging(settings)
    importlib.import_module(_GUARD).protect(settings["read_only"])
    try:
        script = load(settings)
    except BaseException as error:  # noqa: BLE001 - reported, whatever it is
        report_failure(channel, "import", error)
        return 1
    channel.send("ready", pid=os.getpid())
    while (message := channel.receive())["do"] == "run":
        if not score(script, channel, message, settings):
            return 1
    try:
        script.stop()
    except BaseException as error:  # noqa: BLE001 - a failing shutdown() is logged and changes nothing
        report_failure(channel, "shutdown", error)
        return 1
    channel.send("stopped")
    return 0


if __name__ == "__main__":
    code = main()
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    # Not sys.exit: threads of the script must not keep the process alive.
    os._exit(code)
