"""Peak resident memory of what `pulumi up` starts, read from /proc while it runs (Linux only)."""

import threading
from collections.abc import Mapping
from pathlib import Path

from tools.bench.checkout import Checkout

OURS = ("program", "release worker")
TOGETHER = "program and release worker together"
# Part of a command line -> name in the report; the first match counts.
ROLES = {
    "sandbox.server": "sandbox server",
    "pulumi_standins.azure_native": "stand-in provider",
    "modelops": "release worker",
    # From our language host and from the official one.
    "pulumi_standins/language_python/runner.py": "program",
    "pulumi-language-python-exec": "program",
    "pulumi-language-python": "language host",
    "pulumi_standins.language_python": "language host",
    "pulumi": "pulumi engine",
}


def peaks(checkout: Checkout, *command: str) -> Mapping[str, float]:
    """Run a command in the sandbox and return the peak MiB of each kind of process that was seen meanwhile.

    `TOGETHER` is the peak of the sum of our processes: what several of them share counts once in it.
    """
    found: dict[str, float] = {}
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(0.05):
            ours = 0.0
            for role, peak, share in _now(str(checkout.sandbox_home)):
                found[role] = max(found.get(role, 0.0), peak)
                ours += share if role in OURS else 0.0
            found[TOGETHER] = max(found.get(TOGETHER, 0.0), ours)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        checkout.run(*command)
    finally:
        ended.set()
        watcher.join()
    return dict(sorted(found.items()))


def role_of(command: str) -> str | None:
    """Return the name of a process with this command line in the report; None if it is not one of ours."""
    return next((role for part, role in ROLES.items() if part in command), None)


def _now(sandbox_home: str) -> list[tuple[str, float, float]]:
    """Return (role, peak MiB so far, its share now in MiB) of every process that belongs to this sandbox."""
    seen = []
    for process in Path("/proc").iterdir():
        if not process.name.isdigit():
            continue
        try:
            command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            environment = (process / "environ").read_bytes().decode(errors="replace")
            status = (process / "status").read_text()
            share = _kibibytes((process / "smaps_rollup").read_text(), "Pss:")
        except OSError:
            continue
        if sandbox_home not in environment and sandbox_home not in command:
            continue
        role = role_of(command)
        peak = _kibibytes(status, "VmHWM:")
        if role is not None and peak and share:
            seen.append((role, peak / 1024, share / 1024))
    return seen


def _kibibytes(text: str, label: str) -> int:
    """Return the figure of a line of /proc; 0 without such a line, as of a process that has just ended."""
    return next((int(line.split()[1]) for line in text.splitlines() if line.startswith(label)), 0)
