"""Peak resident memory of what `pulumi up` starts, read from /proc while it runs (Linux only)."""

import threading
from collections.abc import Mapping
from pathlib import Path

from tools.bench.checkout import Checkout

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
    """Run a command in the sandbox and return the peak MiB of each kind of process that was seen meanwhile."""
    found: dict[str, float] = {}
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(0.05):
            for role, mebibytes in _now(str(checkout.sandbox_home)):
                found[role] = max(found.get(role, 0.0), mebibytes)

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


def _now(sandbox_home: str) -> list[tuple[str, float]]:
    """Return (role, peak MiB so far) of every process that belongs to this sandbox."""
    seen = []
    for process in Path("/proc").iterdir():
        if not process.name.isdigit():
            continue
        try:
            command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            environment = (process / "environ").read_bytes().decode(errors="replace")
            status = (process / "status").read_text()
        except OSError:
            continue
        if sandbox_home not in environment and sandbox_home not in command:
            continue
        role = role_of(command)
        peak = next((line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:")), None)
        if role is not None and peak is not None:
            seen.append((role, int(peak) / 1024))
    return seen
