"""How the pipelines call `pulumi`: with the stack's policies, and with lines in the job's log while it runs."""

import importlib.metadata
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from ci.seen import Seen
from modelops.engine.display import Lines
from modelops.engine.event_log import Happening
from modelops.engine.running import Ended, Watcher, run
from modelops.runner.protocol import Told

_POLICY: Final = Path("policy")
_SHORT: Final = ("--suppress-outputs", "--suppress-permalink=true")


class _Logged(Watcher):
    """Shows it in the job's log, and takes note of it."""

    def __init__(self, seen: Seen) -> None:
        self._seen = seen
        self.lines = Lines()

    def on_event(self, event: Happening | Told) -> None:
        """Take a happening of the engine, or what a release tells."""
        self._seen.on_event(event)
        self.lines.on_event(event)

    def on_pause(self) -> None:
        """Tell what goes on, after a while."""
        self.lines.on_pause()

    def on_stop(self) -> None:
        """Note it."""
        self.lines.on_stop()


def preview(stack: str, folder: Path, seen: Seen, environ: Mapping[str, str] = os.environ) -> Ended:
    """Run `pulumi preview` with the policies, and print what it printed."""
    ended = run(["preview", *_SHORT, *policies(stack, folder)], stack, folder, seen, environ=environ)
    sys.stdout.write(f"{ended.output.rstrip()}\n")
    sys.stdout.flush()
    seen.on_end(ended)
    return ended


def up(
    stack: str, folder: Path, seen: Seen, options: Sequence[str] = (), environ: Mapping[str, str] = os.environ
) -> Ended:
    """Run `pulumi up`, with a line for each step of the releases."""
    logged = _Logged(seen)
    ended = run(["up", "--yes", "--skip-preview", *_SHORT, *options], stack, folder, logged, environ=environ)
    logged.lines.end(ended)
    seen.on_end(ended)
    return ended


def policies(stack: str, folder: Path = Path()) -> list[str]:
    """Return the options for the policy pack, with the stack's own levels; none without a pack in the folder."""
    if not (folder / _POLICY).is_dir():
        return []
    levels = _POLICY / f"{stack}.json"
    found = ["--policy-pack-config", str(levels)] if (folder / levels).is_file() else []
    return ["--policy-pack", str(_POLICY), *found]


def versions() -> dict[str, str]:
    """Return the versions of what makes a preview."""
    found = {}
    if program := shutil.which("pulumi"):
        asked = subprocess.run([program, "version"], capture_output=True, text=True, check=False)
        found["Pulumi"] = asked.stdout.strip().removeprefix("v")
    found |= {name: importlib.metadata.version(name) for name in ("pulumi-azure-native", "azure-ai-ml")}
    return {name: version for name, version in found.items() if version}
