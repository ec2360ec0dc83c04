"""A preview as a comment on a pull request: what a reviewer has to know, the most telling first.

No sample of data and no output of a resource is in it, and names and values cannot become markup.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from ci.markdown import MOST, block, code, fitting, fold, table, text
from ci.seen import Seen, changed
from modelops.engine.event_log import Operation
from modelops.engine.planned import Expected

_WORDS: Final[Mapping[str, str]] = {
    "create": "to create",
    "update": "to update",
    "replace": "to replace",
    "create-replacement": "to replace",
    "delete": "to delete",
    "import": "to import",
    "same": "unchanged",
}
_ORDER: Final = tuple(dict.fromkeys(_WORDS.values()))
_NO_LOGIN: Final = "PULUMI_ACCESS_TOKEN must be set"
"""What the engine says without a login, whatever the state is meant to be in."""
_NO_LOGIN_HINT: Final = "Set `PULUMI_BACKEND_URL` (`azblob://state?storage_account=NAME`) or run `pulumi login`."
_LEVELS: Final = ("mandatory", "advisory")


def marker(stack: str) -> str:
    """Return the hidden line that finds a stack's comment again; a stack's name has only letters, digits, _, - and ."""
    return f"<!-- azureml-batch-endpoint preview: {stack} -->"


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """What `up` did with the change in a sandbox."""

    seen: Seen
    succeeded: bool
    without: Mapping[str, str] = field(default_factory=dict)
    """Why an endpoint's try-out was not rehearsed, by the endpoint's name in the stack file."""
    notes: list[str] = field(default_factory=list)
    """What else is to be known of it."""


@dataclass(frozen=True, slots=True)
class About:
    """Where a preview comes from."""

    commit: str = ""
    run_url: str = ""
    versions: Mapping[str, str] = field(default_factory=dict)
    """Of what made it, by name."""
    base: str = ""
    """The commit that it is compared with, in the sandbox; empty for a preview against Azure."""


def comment(stack: str, seen: Seen, *, succeeded: bool, about: About, rehearsal: str = "") -> str:
    """Return a stack's comment, at most 60,000 characters long.

    Args:
        stack: its name.
        seen: what the preview told.
        succeeded: whether the preview did.
        about: where it comes from.
        rehearsal: what came of the change in a sandbox, as `rehearsal` returns it; empty without a rehearsal.
    """
    parts = [
        *([] if succeeded else [_failure(seen)]),
        *(_release(name, each) for name, each in seen.sorted().items() if each.change != "none"),
        _gone(seen),
        _policies(seen, succeeded=succeeded),
        rehearsal,
        _list(seen),
    ]
    return _whole(stack, headline(seen, succeeded=succeeded), parts, about)


def headline(seen: Seen, *, succeeded: bool) -> str:
    """Return a preview in a few words: `1 to update, 40 unchanged`, `no changes`, `preview failed`."""
    return counted(seen) if succeeded else "preview failed"


def counted(seen: Seen) -> str:
    """Return how many resources are treated how."""
    counts: dict[str, int] = {}
    for op, count in seen.resources.items():
        if word := _WORDS.get(op):
            counts[word] = counts.get(word, 0) + count
    if not set(counts) - {"unchanged"}:
        return "no changes"
    return ", ".join(f"{counts[word]} {word}" for word in _ORDER if counts.get(word))


def _failure(seen: Seen) -> str:
    refused = [each.text for each in seen.endpoints.values() if each.change in ("refused", "failed") and each.text]
    told = [each for each in refused if not any(each in error for error in seen.errors)]
    if reasons := [*told, *seen.errors]:
        hint = _NO_LOGIN_HINT if any(_NO_LOGIN in each for each in seen.errors) else ""
        return "\n\n".join(filter(None, [block("\n\n".join(reasons)), hint]))
    is_policy = any(each.level == "mandatory" for each in seen.violations)
    return "A mandatory policy is not kept." if is_policy else "The preview gave no reason; the run has its output."


def _release(name: str, expected: Expected) -> str:
    title = f"**{text(name)}**" + (f" ({code(expected.endpoint)})" if expected.endpoint else "")
    if expected.change == "refused":
        title += ": the release is refused"
    rows = [(text(each.what), code(each.which), text(each.how)) for each in expected.rows]
    is_told = expected.change in ("refused", "failed")  # above, as the reason
    notes = [] if is_told else [text(each) for each in expected.notes]
    found = "\n\n".join(filter(None, [table(("", "", ""), rows) if rows else "", *notes]))
    return f"{title}\n\n{found}".rstrip() if found else ""


def _gone(seen: Seen) -> str:
    """What is replaced or deleted, never in a fold."""
    lines = [f"- replace {_resource(each)}{_changed(each)}" for each in seen.replaced]
    lines += [f"- delete {_resource(each)}" for each in seen.deleted]
    return "\n".join(["**Replaced or deleted**", "", *lines]) if lines else ""


def _resource(operation: Operation) -> str:
    return f"{code(operation.name)} ({text(operation.kind)})"


def _changed(operation: Operation) -> str:
    properties = changed(operation)
    return f": {', '.join(map(code, properties))}" if properties else ""


def _policies(seen: Seen, *, succeeded: bool) -> str:
    # A preview that failed has not checked everything.
    if not seen.packs or not (seen.violations or succeeded):
        return ""
    names = ", ".join(map(text, seen.packs))
    if not seen.violations:
        return f"Policies: {names}, all kept"
    levels = [*_LEVELS, *sorted({each.level for each in seen.violations} - set(_LEVELS))]
    counts = [(level, sum(each.level == level for each in seen.violations)) for level in levels]
    lines = [
        f"- {text(each.level)} {code(each.policy)}: {text(each.text)}"
        for level in levels
        for each in seen.violations
        if each.level == level
    ]
    said = ", ".join(f"{count} {level}" for level, count in counts if count)
    return "\n".join([f"**Policies**: {names}, {said}", "", *lines])


def not_rehearsed(stack: str, why: str, about: About) -> str:
    """Return the comment of a stack that a sandbox cannot have."""
    return _whole(stack, "not rehearsed", [text(why)], about)


def rehearsal_failed(stack: str, why: str, about: About) -> str:
    """Return the comment of a stack whose rehearsal an error ended early."""
    return _whole(stack, "rehearsal failed", [block(why)], about)


def _whole(stack: str, result: str, parts: Sequence[str], about: About) -> str:
    """Return a stack's comment: GitHub finds it again by its first line."""
    return fitting([f"{marker(stack)}\n### {text(stack)}: {result}", *parts, footer(about)], MOST)


def rehearsal(rehearsed: Rehearsed) -> str:
    """Return what the sandbox shows: the change was released there, with try-out and comparison."""
    result = "released in the sandbox" if rehearsed.succeeded else "**the release failed in the sandbox**"
    lines = [f"- {text(name)}: {told(each)}" for name, each in sorted(rehearsed.seen.done.items())]
    lines += [f"- {text(name)}: {text(why)}" for name, why in sorted(rehearsed.without.items())]
    lines += [f"- {text(each)}" for each in rehearsed.notes]
    failures = [*rehearsed.seen.failed.values()] or ([] if rehearsed.succeeded else rehearsed.seen.errors)
    parts = [f"Rehearsal: {result}", "\n".join(lines), block("\n\n".join(failures)) if failures else ""]
    return "\n\n".join(filter(None, parts))


def told(summary: str) -> str:
    """Return a release's own summary: its first line, and indented ones for what changed in the predictions."""
    first, *more = summary.splitlines() or [""]
    return "".join([text(first.partition(": ")[2] or first), *(f"<br>{text(each)}" for each in more)])


def _list(seen: Seen) -> str:
    rows = [(text(each.op), code(each.name), text(each.kind), _names(changed(each))) for each in _sorted(seen)]
    if not rows:
        return ""
    title = f"All {len(rows)} resources that change" if len(rows) > 1 else "The resource that changes"
    return fold(title, table(("", "resource", "type", "properties"), rows))


def _sorted(seen: Seen) -> list[Operation]:
    return sorted(seen.operations.values(), key=lambda each: (each.op, each.type, each.name))


def _names(properties: Iterable[str]) -> str:
    return ", ".join(map(code, properties))


def footer(about: About) -> str:
    """Return where a text comes from; empty if nothing is known."""
    parts = [f"commit {code(about.commit[:8])}"] if about.commit else []
    if about.base:
        parts.append(f"previewed in the sandbox against {code(about.base[:8])}")
    if re.fullmatch(r"https://[\w./?=&%-]+", about.run_url):
        parts.append(f"[run]({about.run_url})")
    parts += [f"{text(name)} {text(version)}" for name, version in about.versions.items()]
    return f"<sub>{', '.join(parts)}</sub>" if parts else ""
