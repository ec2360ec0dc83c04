"""What a release found out about its candidates: figures, how they differ from what serves, and samples."""

import base64
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from modelops.plan.data_address import masked
from modelops.release.history import Entry
from modelops.report import timeline

_IMAGES: Final = ("image/png", "image/jpeg", "image/gif")
_BASE64: Final = re.compile(r"[A-Za-z0-9+/]+={0,2}")
_SMALL_PIXELS: Final = 64
"""Images that are not wider are shown larger, pixel by pixel."""
_PNG_WIDTH: Final = slice(16, 20)


class Column(NamedTuple):
    """How far the numbers of a column are apart: how many differ, the largest difference, and the median."""

    name: str
    numbers: int
    largest: str
    median: str


class Comparison(NamedTuple):
    """The figures of a comparison.

    Attributes:
        serving: the revision that served.
        rows: pairs, and rows without a partner.
        changed: how many of them differ.
        share: the same in percent.
        key: the column by which they were paired; None: they were not.
        added: rows that only the candidate has.
        missing: rows that only what served has.
        columns: the numbers that differ.
    """

    serving: str
    rows: int
    changed: int
    share: float
    key: str | None
    added: int
    missing: int
    columns: tuple[Column, ...]


class Line(NamedTuple):
    """A value of a sample: its column, what serves predicts, what the candidate does, and whether they differ."""

    column: str
    current: str | None
    candidate: str | None
    differs: bool


class Sample(NamedTuple):
    """A sample.

    Attributes:
        name: what it is about; None: its rows do not say it.
        changed: whether the predictions differ.
        image: the address with the image in it; empty: there is no image.
        is_small: whether the image has few pixels.
        text: the file's text; empty: the file has no text.
        is_cut: whether the text goes on.
        rows: values, row by row.
        is_compared: whether there are predictions of what serves.
    """

    name: str | None
    changed: bool
    image: str
    is_small: bool
    text: str
    is_cut: bool
    rows: tuple[tuple[Line, ...], ...]
    is_compared: bool


class Candidate(NamedTuple):
    """A candidate.

    Attributes:
        revision: physical name.
        has_passed: whether it passed its try-out.
        rows: number of rows that it predicted; None: unknown.
        took: how long its job was followed; empty: unknown.
        job: the job's name; empty: unknown.
        differences: sentences, where there are no figures.
        comparison: figures; None: it was compared with none.
        samples: some inputs, with what was predicted.
        serving: the revision that the samples' other predictions are from.
    """

    revision: str
    has_passed: bool
    rows: int | None
    took: str
    job: str
    differences: tuple[str, ...]
    comparison: Comparison | None
    samples: tuple[Sample, ...]
    serving: str


def of(entry: Entry, sampled: Sequence[Mapping[str, Any]]) -> list[Candidate]:
    """Return the candidates of a release, also those that did not pass, as far as something is known of them.

    Args:
        entry: the release.
        sampled: see `history.samples`.
    """
    tried = {each["revision"]: each for each in entry.tried}
    compared = {each["revision"]: each for each in entry.compared}
    samples = {each["revision"]: each for each in sampled}
    return [
        _candidate(name, tried.get(name), compared.get(name), samples.get(name))
        for name in dict.fromkeys([*tried, *compared, *samples])
    ]


def _candidate(
    revision: str,
    tried: Mapping[str, Any] | None,
    compared: Mapping[str, Any] | None,
    sampled: Mapping[str, Any] | None,
) -> Candidate:
    comparison = _comparison(compared) if compared else None
    lines = tuple(masked(each) for each in tried["differences"]) if tried and not comparison else ()
    return Candidate(
        revision,
        tried is not None,
        tried["rows"] if tried else None,
        timeline.told(tried["seconds"]) if tried else "",
        tried["job"] if tried else "",
        lines,
        comparison,
        tuple(_sample(each) for each in sampled["samples"]) if sampled else (),
        str(sampled["with"] or "") if sampled else "",
    )


def _comparison(found: Mapping[str, Any]) -> Comparison:
    rows, changed = found["rows"], found["changed"]
    columns = tuple(
        Column(each["name"], each["numbers"], _number(each["largest"]), _number(each["median"]))
        for each in found["columns"]
    )
    share = round(changed / rows * 100, 1) if rows else 0.0
    return Comparison(str(found["with"]), rows, changed, share, found["key"], found["added"], found["missing"], columns)


def _number(value: float | None) -> str:
    return "infinite" if value is None else f"{value:.3g}"


def _sample(found: Mapping[str, Any]) -> Sample:
    image, is_small = _image(found["input"] or {})
    text = (found["input"] or {}).get("text", "")
    current = found["current"]
    return Sample(
        found["about"],
        found["changed"],
        image,
        is_small,
        masked(text),
        (found["input"] or {}).get("isCut", False),
        tuple(tuple(row) for row in _rows(found["candidate"], current, has_changed=found["changed"])),
        current is not None,
    )


def _image(given: Mapping[str, Any]) -> tuple[str, bool]:
    """Return the address with an image in it, and whether it has few pixels; no address for anything else."""
    content = given.get("base64", "")
    if given.get("type") not in _IMAGES or not _BASE64.fullmatch(content):
        return "", False
    return f"data:{given['type']};base64,{content}", _has_few_pixels(content)


def _has_few_pixels(content: str) -> bool:
    head = base64.b64decode(content[:32] + "=" * (-len(content[:32]) % 4))
    return head.startswith(b"\x89PNG") and int.from_bytes(head[_PNG_WIDTH], "big") <= _SMALL_PIXELS


def _rows(
    candidate: Sequence[Mapping[str, str]], current: Sequence[Mapping[str, str]] | None, *, has_changed: bool
) -> Iterator[list[Line]]:
    """Yield the rows of a sample; the two values of a column make one line."""
    theirs = current or ()
    for at in range(max(len(candidate), len(theirs))):
        ours = candidate[at] if at < len(candidate) else {}
        other = theirs[at] if at < len(theirs) else {}
        yield [
            Line(
                column,
                other.get(column),
                ours.get(column),
                has_changed and current is not None and ours.get(column) != other.get(column),
            )
            for column in dict.fromkeys([*other, *ours])
        ]
