"""Files of a stack that a full disk has emptied or cut off, and what brings them back.

Pulumi's file backend writes a state in place of the one before. On a full disk it leaves `STACK.json` and
`STACK.json.bak` empty; the copies of earlier updates in `backups/` and `history/` are whole (seen with the engine
3.276.0). Every later command then ends with `failed to load checkpoint: place 1: unexpected end of JSON input`.
"""

import json
import re
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import yaml

from sandbox.azure.arm import disk
from sandbox.commands.inventory import python
from sandbox.commands.stacks import checkpoint, own_stack_file
from sandbox.home import Home, write_private

_META = "version: 1\n"
"""The layout of the backend since Pulumi 3.61; without it: `corrupt store: missing version in ".pulumi/meta.yaml"`."""

_SALT = re.compile(r"v1:[\w+/=]{12}:v1:[\w+/=]{16}:[\w+/=]{32}")
"""How Pulumi writes a salt and an encrypted `pulumi`, by which it checks the passphrase."""


def is_damaged(home: Home, project: str, stack: str) -> bool:
    """Whether a stack has a state file without a whole state."""
    file = checkpoint(home, project, stack)
    return file.exists() and _resources(file) is None


def repair(home: Home, project: str, stack: str) -> tuple[list[str], bool]:
    """Bring back what is damaged; return sentences about it, and whether the state is an older copy now.

    The caller has made sure that no engine uses the stack.

    Raises:
        OSError: the disk is full; the damaged files are as they were.
    """
    disk.require(home.root, left=disk.LEAST_BYTES)
    told = [*_repair_meta(home), *_repair_stack_file(home, project, stack)]
    if not is_damaged(home, project, stack):
        return told, False
    file = checkpoint(home, project, stack)
    size = file.stat().st_size
    kept = file.with_name(f"{file.name}.damaged")
    what = f"the state of stack '{stack}' was {'empty' if size == 0 else f'cut off after {size} bytes'}"
    copy = max(_copies(home, project, stack), key=lambda each: each.stat().st_mtime, default=None)
    if copy is None:
        file.replace(kept)
        told.append(
            f"{what}, and there is no copy of it. It is in '{kept}' now, and the stack starts without resources."
            " List those that exist, each with the command that imports or deletes it:\n"
            f"  {python()} -m sandbox status --lost"
        )
        return told, False
    text, made = copy.read_text(encoding="utf-8"), datetime.fromtimestamp(copy.stat().st_mtime, UTC)
    # In this order, because the disk may fill up again: without a state file, Pulumi would start with none.
    shutil.copyfile(file, kept)
    write_private(file, text)
    told.append(
        f"{what}; restored the copy of {made:%Y-%m-%d %H:%M:%S} UTC with {_resources(file)} resources, "
        f"'{copy.relative_to(home.backend)}'"
    )
    return told, True


def _repair_meta(home: Home) -> Iterator[str]:
    file = home.backend / ".pulumi" / "meta.yaml"
    if file.exists() and not file.read_text(encoding="utf-8", errors="replace").startswith("version: "):
        write_private(file, _META)
        yield f"'{file}' was damaged; wrote it again"


def _repair_stack_file(home: Home, project: str, stack: str) -> Iterator[str]:
    """Remove a damaged merged stack file: the next command writes it from the committed one, with a new salt."""
    file = own_stack_file(home, project, stack)
    if not file.exists():
        return
    try:
        data = yaml.safe_load(file.read_text(encoding="utf-8"))
        salt = (data or {}).get("encryptionsalt")
        is_whole = salt is None or _SALT.fullmatch(salt) is not None
    except (yaml.YAMLError, ValueError, AttributeError, TypeError):
        is_whole = False
    if not is_whole:
        kept = file.with_name(f"{file.name}.damaged")
        file.replace(kept)
        yield (
            f"'{file}' was damaged and is now '{kept.name}'; the next command writes it again. Set secrets again that "
            "were set in the sandbox alone"
        )


def _copies(home: Home, project: str, stack: str) -> list[Path]:
    """Return the whole copies of a state."""
    root = home.backend / ".pulumi"
    named = [
        checkpoint(home, project, stack).with_name(f"{stack}.json.bak"),
        *(root / "backups" / project / stack).glob(f"{stack}.*.json"),
        *(root / "history" / project / stack).glob(f"{stack}-*.checkpoint.json"),
    ]
    return [each for each in named if each.exists() and _resources(each) is not None]


def _resources(file: Path) -> int | None:
    """Return how many resources a state file has; None if it is damaged."""
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
        latest = data["checkpoint"].get("latest") or {}
        return len(latest.get("resources") or [])
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
