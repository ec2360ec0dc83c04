"""A deployment, a rollback and a drift check, as a text for a summary or an issue."""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ci.comment import counted, told
from ci.markdown import MOST, block, code, fitting, fold, text
from ci.seen import Seen
from modelops.engine.event_log import kind_of, name_of


@dataclass(frozen=True, slots=True)
class Ran:
    """A command of `python -m modelops` that ended."""

    code: int
    output: str
    """What it printed to standard output."""
    errors: str
    """And to standard error."""

    @property
    def said(self) -> str:
        """Everything that it printed."""
        return f"{self.output}{self.errors}".strip()


def modelops(*words: str) -> Ran:
    """Run `python -m modelops`, and print what it printed."""
    done = subprocess.run([sys.executable, "-m", "modelops", *words], capture_output=True, text=True, check=False)
    sys.stdout.write(f"{done.stdout}{done.stderr}")
    sys.stdout.flush()
    return Ran(done.returncode, done.stdout, done.stderr)


def deployed(stack: str, seen: Seen, *, succeeded: bool, status: Ran | None, footer: str) -> str:
    """Return the summary of an `up`.

    Args:
        stack: its name.
        seen: what it told.
        succeeded: whether it did.
        status: what `status --check` said afterwards; None if it was not asked.
        footer: where it comes from, in Markdown.
    """
    differs = status is not None and status.code != 0
    result = "deployed" if succeeded else "deployment failed"
    if differs:
        result = "deployed, but what is live differs" if succeeded else result
    releases = [f"- {text(name)}: {told(each)}" for name, each in sorted(seen.done.items())]
    reasons = [*seen.failed.values(), *seen.errors]
    parts = [
        f"### {text(stack)}: {result}",
        counted(seen),
        "\n".join(releases),
        block("\n\n".join(dict.fromkeys(reasons))) if reasons and not succeeded else "",
        block(status.said) if status is not None and differs else "",
        footer,
    ]
    return fitting(parts, MOST)


def rolled_back(stack: str, ran: Ran, status: Ran, footer: str) -> str:
    """Return the summary of a rollback."""
    result = "rollback failed" if ran.code else "rolled back"
    parts = [f"### {text(stack)}: {result}", block(ran.said), fold("What is live now", block(status.said)), footer]
    return fitting(parts, MOST)


def drift(stack: str, found: Mapping[str, Any], footer: str) -> str | None:
    """Return the text of an issue for what differs, from `modelops drift --json`; None if nothing does."""
    if not found["differs"]:
        return None
    lines = [line for each in found["resources"] for line in _resource(each)]
    if found["missed"]:
        lines.append(f"- {found['missed']} more could not be compared")
    for name, each in sorted(found["endpoints"].items()):
        lines += [f"- endpoint {code(name)}: {text(problem)}" for problem in each["problems"]]
    parts = [
        f"What Azure has of stack {code(stack)} differs from what was deployed and released.",
        "\n".join(lines),
        "The commands that fix it are printed by\n\n" + block(f"python -m modelops drift --stack {stack}"),
        "This issue is edited by each check, and closed when nothing differs.",
        footer,
    ]
    return fitting(parts, MOST)


def read_drift(ran: Ran) -> Mapping[str, Any] | None:
    """Return what `modelops drift --json` printed; None if it failed."""
    try:
        found = json.loads(ran.output)
    except json.JSONDecodeError:
        return None
    return found if isinstance(found, dict) and "differs" in found else None


def _resource(each: Mapping[str, Any]) -> Sequence[str]:
    name, kind = code(name_of(each["urn"])), text(kind_of(each["urn"]))
    if not each["members"]:
        why = f": {text(each['reason'])}" if each["reason"] else ""
        return [f"- {kind} {name}: {text(each['change'])}{why}"]
    # Names of members alone: an issue is read by more people than the value may be for.
    return [f"- {kind} {name}: {code(member['path'])} {text(each['change'])}" for member in each["members"]]
