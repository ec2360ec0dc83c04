"""Run the README's commands in a fresh clone with an empty HOME and empty caches.

    python3 -m tools.clean_room [--keep FOLDER] [TARGET ...]

clones the current commit, runs `make TARGET` for each (default: up up test), and prints a table of exit
codes, times and the largest process of each. Exit code 1: a target failed, or the clone is not clean afterwards.
The targets' output goes to the terminal. Of the environment, only PATH and the settings of registries and proxies are
kept.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
_KEPT = ("PATH", "LANG", "LC_", "PIP_", "UV_INDEX", "UV_DEFAULT", "HTTP", "http", "NO_PROXY", "no_proxy", "SSL_")
_KEPT_OF_GO = ("GOPROXY", "GOSUMDB", "GONOSUMDB", "GOPRIVATE", "GOTOOLCHAIN")
_MEBIBYTE = 1024  # KiB, the unit of ru_maxrss on Linux


def environment(home: Path) -> dict[str, str]:
    """Return the environment of a new account: PATH, and the settings of registries and proxies."""
    kept = {name: value for name, value in os.environ.items() if name.startswith((*_KEPT, *_KEPT_OF_GO))}
    return {**kept, "HOME": str(home)}


def measured(command: Sequence[str], folder: Path, env: Mapping[str, str]) -> tuple[int, float, float]:
    """Run a command; return its exit code, seconds, and MiB of the largest process below it."""
    begin = time.monotonic()
    pid = os.posix_spawn("/bin/sh", ["sh", "-c", 'cd "$0" && exec "$@"', str(folder), *command], dict(env))
    _, status, usage = os.wait4(pid, 0)
    return os.waitstatus_to_exitcode(status), time.monotonic() - begin, usage.ru_maxrss / _MEBIBYTE


def main(arguments: Sequence[str] | None = None) -> int:
    """Clone, run, print; return the exit code."""
    options = argparse.ArgumentParser(description="Run the README's commands in a fresh clone.")
    options.add_argument("--keep", type=Path, help="an empty or new folder to use; it is not removed at the end")
    options.add_argument("targets", nargs="*", default=["up", "up", "test"], metavar="TARGET")
    given = options.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="clean-room-") as temporary:
        place = given.keep or Path(temporary)
        clone, home = place / "clone", place / "home"
        home.mkdir(parents=True)
        subprocess.run(["git", "clone", "--quiet", str(REPOSITORY), str(clone)], check=True)
        rows = [(target, *measured(["make", target], clone, environment(home))) for target in given.targets]
        left = subprocess.run(
            ["git", "status", "--porcelain"], cwd=clone, check=True, capture_output=True, text=True
        ).stdout
        subprocess.run(["make", "down"], cwd=clone, env=environment(home), check=False, capture_output=True)
    print("\n| make | exit code | time | largest process |\n| --- | --- | --- | --- |")
    for target, code, seconds, size in rows:
        print(f"| {target} | {code} | {seconds // 60:.0f} min {seconds % 60:.0f} s | {size:.0f} MiB |")
    print(f"git status: {left or 'clean'}")
    return 1 if left or any(code for _, code, _, _ in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
