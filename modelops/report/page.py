"""The page: what its template is given, and how it is made.

It has no script and asks for nothing: style and images are within it, and its policy forbids the browser the rest.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from pathlib import Path
from textwrap import dedent
from typing import Any, Final, NamedTuple

from modelops.plan.data_address import masked
from modelops.release import history
from modelops.release.history import Entry
from modelops.report import candidates, timeline

_FOLDER: Final = Path(__file__).parent
_SHORT: Final = 12
_SHORT_COMMIT: Final = 8
_INDENT: Final = "  "
_OUTCOMES: Final[Mapping[str, str]] = {
    history.RELEASED: "good",
    history.FAILED: "bad",
    history.ROLLED_BACK: "fair",
}
"""Classes of the style."""


@dataclass(frozen=True, slots=True)
class Release:
    """What the page says of one endpoint."""

    logical: str
    """Its name in the stack file."""
    entry: Entry
    """The release or rollback."""
    digests: Mapping[str, str] = field(default_factory=dict)
    """SHA-256 of the models of earlier revisions, as far as they are known."""
    samples: Sequence[Mapping[str, Any]] = field(default=())
    """What was kept of its try-outs: see `history.samples`."""


class _Fact(NamedTuple):
    """A line about a release: its title and text, and perhaps the time, the whole text, or the address."""

    title: str
    text: str
    time: str = ""
    whole: str = ""
    address: str = ""


def html(releases: Sequence[Release], stack: str) -> str:
    """Return the page.

    Args:
        releases: one for each endpoint.
        stack: the stack's name; empty if it is not known.
    """
    # Not needed by any other command.
    import jinja2  # noqa: PLC0415

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    names = ", ".join(each.logical for each in releases)
    return environment.get_template("page.html").render(
        title=f"Release of {names}", stack=stack, endpoints=[_endpoint(each) for each in releases]
    )


def _endpoint(release: Release) -> dict[str, Any]:
    entry = release.entry
    return {
        "logical": release.logical,
        "name": entry.endpoint,
        "outcome": entry.outcome,
        "style": _OUTCOMES.get(entry.outcome, "fair"),
        "default": entry.default,
        "moved": entry.previous_default if entry.previous_default != entry.default else None,
        "has_moved": entry.previous_default != entry.default,
        "facts": _facts(entry),
        "failure": _failure(entry) if entry.error else None,
        "done": [_arrow(each) for each in entry.done],
        "revisions": _revisions(release),
        "says_why": any(entry.why.values()),
        "timeline": timeline.of(entry),
        "candidates": candidates.of(entry, release.samples),
        "warnings": [masked(each) for each in entry.warnings],
    }


class _Block(NamedTuple):
    """A part of an error's text: sentences, or lines that people read as they are: a traceback, a command."""

    text: str
    is_code: bool


def _failure(entry: Entry) -> dict[str, Any]:
    """Return where a release failed, why, and what is below that: the lines that are indented belong together."""
    parts = groupby(map(masked, entry.details), lambda line: line.startswith(_INDENT))
    blocks = [_Block(dedent("\n".join(lines)), is_code) for is_code, lines in parts]
    # The heading says the step already.
    text = (entry.error or "").removeprefix(f"step {entry.failed_at!r} failed: ")
    return {"step": entry.failed_at, "text": masked(text), "blocks": blocks}


def _arrow(text: str) -> str:
    """Return a sentence of the release as a page has it."""
    return masked(text).replace(" -> ", " → ")


def _facts(entry: Entry) -> list[_Fact]:
    """Return what is known of when, how long and whence."""
    at = datetime.fromisoformat(entry.at)
    commit = entry.commit[:_SHORT_COMMIT] + (" and changes that are not committed" if entry.clean is False else "")
    # The environment of a run may say anything: only what looks like an address is one.
    run = entry.run_url if entry.run_url.startswith("https://") else ""
    facts = [
        _Fact("Ended", f"{at:%Y-%m-%d %H:%M} UTC", time=entry.at),
        _Fact("Took", timeline.told(entry.seconds) if entry.seconds else ""),
        _Fact("By", entry.who),
        _Fact("Commit", commit, whole=entry.commit),
        _Fact("Run", entry.run_url, address=run),
    ]
    return [each for each in facts if each.text]


def _revisions(release: Release) -> list[dict[str, Any]]:
    """Return the plan's revisions, with those that the release found."""
    entry = release.entry
    return [
        {
            "deployment": logical,
            "revision": revision,
            "before": entry.before.get(logical),
            "model": entry.digests.get(logical, "")[:_SHORT],
            "model_before": release.digests.get(entry.before.get(logical, ""), "")[:_SHORT],
            "since": entry.released.get(logical) if entry.released.get(logical) != entry.before.get(logical) else None,
            "why": [_arrow(each) for each in entry.why.get(logical, ())],
            "serves": revision == entry.default,
        }
        for logical, revision in entry.revisions.items()
    ]
