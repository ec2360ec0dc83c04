"""Runs one program of a job and leaves nothing of it: no process that it started, however, and no endless output.

``python keeper.py <descriptors> <stdout file> <stderr file> <program> <arguments>...``; the program gets the
descriptors (numbers with commas between them, or "-" for none) and has a new session. It ends with all its
descendants when it ends itself, or when this program's standard input closes, which also happens if the server is
killed. The exit code, or the signal, is the program's.

On Linux this process adopts orphans (``PR_SET_CHILD_SUBREAPER``), so a daemon that was forked twice, or has a new
session, stays its descendant. On macOS, which has nothing like it, only the program's process group ends.

It only uses the standard library and imports nothing of the sandbox, to start fast.
"""

import contextlib
import ctypes
import os
import resource
import select
import signal
import sys
import time

KEPT_BYTES = 4 << 20
"""How much is kept of a file's beginning, and as much of its end."""

_ADOPT_ORPHANS = 36  # PR_SET_CHILD_SUBREAPER of <linux/prctl.h>
_DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG
_PIECE = 1 << 16
_KILL_SECONDS = 5.0
_POLL_SECONDS = 0.005
_OPEN = os.O_WRONLY | os.O_CREAT | os.O_APPEND


class Output:
    """What a program prints, from ``reading`` into a file: all of it if it is short, else its two ends."""

    def __init__(self, file: str) -> None:
        self.reading, self.writing = os.pipe()
        os.set_blocking(self.reading, False)
        self._file = os.open(file, _OPEN, 0o600)
        self._room = KEPT_BYTES
        self._end = bytearray()
        self._left_out = 0

    def take(self) -> int | None:
        """Move the next bytes; return their number: 0 at the end, None if more may come later."""
        try:
            data = os.read(self.reading, _PIECE)
        except BlockingIOError:
            return None
        self._write(data[: self._room])
        self._end += data[self._room :]
        self._room = max(0, self._room - len(data))
        if len(self._end) > 2 * KEPT_BYTES:
            self._cut()
        return len(data)

    def close(self) -> None:
        """Take the rest and write the end, without waiting for a process that still has the pipe."""
        while self.take():
            pass
        self._cut()
        if self._left_out:
            kept = KEPT_BYTES >> 20
            self._write(
                f"\n[{self._left_out} bytes are left out here: the sandbox keeps the first and the last {kept} MiB of"
                " what a process prints]\n".encode()
            )
        self._write(bytes(self._end))

    def _cut(self) -> None:
        too_much = max(0, len(self._end) - KEPT_BYTES)
        del self._end[:too_much]
        self._left_out += too_much

    def _write(self, data: bytes) -> None:
        with contextlib.suppress(OSError):  # a full disk must not end the program by a closed pipe
            while data:
                data = data[os.write(self._file, data) :]


def tell_kernel(option: int, value: int) -> None:
    """Set an option of this process; no effect on macOS."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def spawn(command: list[str], descriptors: list[int], out: Output, err: Output) -> int:
    """Start the program in its own session, and return its process id."""
    pid = os.fork()
    if pid:
        for each in (*descriptors, out.writing, *([] if err is out else [err.writing])):
            os.close(each)
        return pid
    try:
        os.setsid()
        tell_kernel(_DIE_WITH_PARENT, signal.SIGKILL)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(out.writing, 1)
        os.dup2(err.writing, 2)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGPIPE, signal.SIGXFSZ):
            signal.signal(number, signal.SIG_DFL)
        os.execv(command[0], command)  # noqa: S606 - no shell is wanted
    except OSError as error:
        os.write(2, f"{command[0]}: {error.strerror}\n".encode())
    finally:
        os._exit(127)


def reap(program: int) -> tuple[int | None, bool]:
    """Collect children that ended; return the program's wait status if it is one of them, and whether any is left."""
    status = None
    try:
        while True:
            pid, code = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return status, True
            status = code if pid == program else status
    except ChildProcessError:
        return status, False


def serve(program: int, outputs: set[Output]) -> int | None:
    """Pass the program's output on until it ends or standard input closes; return its wait status if it ended."""
    woken, waking = os.pipe()
    for each in (woken, waking):
        os.set_blocking(each, False)
    signal.set_wakeup_fd(waking, warn_on_full_buffer=False)
    ended = []
    for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda number, _: None if number == signal.SIGCHLD else ended.append(number))
    poll = select.poll()
    poll.register(0, 0)  # nothing but the end
    poll.register(woken, select.POLLIN)
    by_descriptor = {each.reading: each for each in outputs}
    for descriptor in by_descriptor:
        poll.register(descriptor, select.POLLIN)
    while (status := reap(program)[0]) is None and not ended:
        for descriptor, _ in poll.poll():
            if descriptor == 0:
                ended.append(descriptor)
            elif descriptor == woken:
                with contextlib.suppress(BlockingIOError):
                    os.read(woken, _PIECE)
            elif by_descriptor[descriptor].take() == 0:
                poll.unregister(descriptor)
    return status


def _stat(pid: str) -> bytes:
    descriptor = os.open(f"/proc/{pid}/stat", os.O_RDONLY)
    try:
        return os.read(descriptor, _PIECE)
    finally:
        os.close(descriptor)


def descendants() -> list[int]:
    """Return the processes below this one; none on macOS."""
    parents: dict[int, int] = {}
    for each in os.scandir("/proc") if sys.platform == "linux" else ():
        if each.name.isdecimal():
            with contextlib.suppress(OSError):
                # "pid (name) state parent ...": the name may contain anything, also parentheses.
                parents[int(each.name)] = int(_stat(each.name).rpartition(b")")[2].split()[1])
    found: list[int] = []
    last = {os.getpid()}
    while last:
        last = {pid for pid, parent in parents.items() if parent in last}
        found += last
    return found


def end_all(program: int) -> int | None:
    """Kill everything below this process until nothing is left; return the program's wait status, if it was not known.

    A process that another user owns cannot be killed, and is given up after some seconds.
    """
    status, deadline = None, time.monotonic() + _KILL_SECONDS
    while True:
        if sys.platform != "linux":
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(program, signal.SIGKILL)
        for pid in descendants():
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        found, is_left = reap(program)
        status = status if found is None else found
        if not is_left or time.monotonic() > deadline:
            return status
        time.sleep(_POLL_SECONDS)


def end_as(status: int) -> None:
    """End this process as the program ended."""
    code = os.waitstatus_to_exitcode(status)
    if code >= 0:
        os._exit(code)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(-code, signal.SIG_DFL) if -code != signal.SIGKILL else None
    os.kill(os.getpid(), -code)
    os._exit(128 - code)


def main() -> None:
    """Run the program that the command line names."""
    descriptors = [] if sys.argv[1] == "-" else [int(each) for each in sys.argv[1].split(",")]
    tell_kernel(_ADOPT_ORPHANS, 1)
    out = Output(sys.argv[2])
    err = out if sys.argv[3] == sys.argv[2] else Output(sys.argv[3])
    program = spawn(sys.argv[4:], descriptors, out, err)
    status = serve(program, {out, err})
    killed = end_all(program)
    for each in {out, err}:
        each.close()
    known = killed if status is None else status
    end_as(signal.SIGKILL if known is None else known)


if __name__ == "__main__":
    main()
