"""`tryOut` of an endpoint and its deployments: what a revision has to score before it may serve.

Every deployment has one, from the endpoint or its own, or the stack file says `tryOut: none`: nobody goes without it by
forgetting it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from modelops.plan.data_address import Kind
from modelops.plan.rules import is_column
from modelops.plan.try_out import ANY, AT_LEAST, KEYS, MOST_SAMPLES, PER_FILE, File, TryOut
from settings.content import read_path
from settings.problems import editing, removing, setting
from settings.scored_data import DATA, read_data, spelled
from settings.section import Section

NONE: Final = "none"
"""The word for no try-out; and for no `check`, `compare` or `maxChangedRows`, where the endpoint has one."""

_NUMBER: Final = r"[0-9]*\.?[0-9]+(e-?[0-9]+)?"
MOST_MINUTES: Final = 7 * 24 * 60  # of a job's run in Azure; a typing error is more likely than a longer wait


@dataclass(frozen=True)
class EndpointTryOut:
    """The `tryOut` of an endpoint, from which those of its deployments take what they do not set."""

    section: Section
    values: TryOut | None
    """None: `none`, or not set."""

    @property
    def is_set(self) -> bool:
        """Whether the endpoint has the key, with `none` or an object."""
        return self.section.values.get("tryOut") is not None

    def asking(self, deployment: Section, key: str) -> Section:
        """Return the `tryOut` that a deployment has a key from: its own, or the endpoint's."""
        own = deployment.values.get("tryOut")
        section = deployment if isinstance(own, Mapping) and own.get(key) is not None else self.section
        return Section(section.at("tryOut"), section.values["tryOut"], section.problems)

    @property
    def sample(self) -> tuple[str | None, Kind | None]:
        """The input and its type: the endpoint's sample, unless the stack file has another."""
        if self.values is None:
            return None, None
        return spelled(self.values.input), self.values.input_type


def read_endpoint(section: Section, root: Path) -> EndpointTryOut:
    """Read an endpoint's `tryOut`; `section` is the endpoint's object."""
    return EndpointTryOut(section, _read(section, root, _EMPTY))


def read_deployment(section: Section, endpoint: EndpointTryOut, root: Path) -> TryOut | None:
    """Read a deployment's try-out: its own keys, and the endpoint's for the rest; None for `none`."""
    own = section.values.get("tryOut") is not None
    read = _read(section, root, endpoint.values or _EMPTY) if own else endpoint.values
    if not own and not endpoint.is_set:
        _require(
            endpoint.section,
            ("tryOut",),
            "an object with the input that every new revision has to score before it may serve, or the word none",
        )
    elif read is not None and not any(_sets_input(each) for each in (section, endpoint.section)):
        _require(section if own else endpoint.section, ("tryOut", "input"), DATA)
    return read


def _sets_input(section: Section) -> bool:
    """Whether an endpoint or a deployment has the key, be its value right or wrong."""
    value = section.values.get("tryOut")
    return isinstance(value, Mapping) and value.get("input") is not None


def _require(section: Section, key: tuple[str, ...], allowed: str) -> None:
    """Record that a key is not set; once, also if several deployments need it."""
    path = (*section.path, *key)
    section.problems.add(path, "is not set", f"Allowed: {allowed}.", setting((*section.at("tryOut"), "input"), "PATH"))
    section.problems.silenced.add(path)


def check_summary_only(section: Section, try_out: TryOut | None) -> None:
    """Record a try-out that cannot judge a deployment whose script writes its own files; `section` is its object."""
    if try_out is None or section.values.get("outputAction") != "summary_only":
        return
    if try_out.check is None:
        section.problems.add(
            (*section.at("tryOut"), "check"),
            f"{section.section('tryOut', of='').shown('check')}, and outputAction is 'summary_only'",
            "Required: a Python file whose check(predictions, input) raises what is wrong with the files that the "
            "script writes; nothing else can tell.",
            setting((*section.at("tryOut"), "check"), "check.py"),
        )


_EMPTY: Final = TryOut(input="")


def _read(section: Section, root: Path, base: TryOut) -> TryOut | None:
    """Read the key of an endpoint or deployment; what it does not set is as in `base`."""
    value = section.values.get("tryOut")
    if value is None or value == NONE:
        return None
    if not isinstance(value, Mapping):
        section.problems.add(
            section.at("tryOut"),
            section.shown("tryOut"),
            f"Allowed: an object that describes the try-out, or the word {NONE}.",
            editing(section.at("tryOut"), "write an object below tryOut: docs/try-outs.md has its keys"),
        )
        return None
    inside = section.section("tryOut", of="the try-out")
    inside.only(*KEYS)
    source, kind = _read_input(inside, root, base)
    per_file, least = _read_rows(inside, base)
    return replace(
        base,
        input=source,
        input_type=kind,
        per_file=per_file,
        least_rows=least,
        key=_read_key(inside, base),
        check=_read_script(inside, "check", root, base.check),
        compare=_read_script(inside, "compare", root, base.compare),
        python=_read_python(inside, base),
        max_changed_rows=_read_share(inside, base),
        image_minutes=_read_minutes(inside, "imageMinutes", base.image_minutes),
        queue_minutes=_read_minutes(inside, "queueMinutes", base.queue_minutes),
        run_minutes=_read_minutes(inside, "runMinutes", base.run_minutes),
        instance_count=_read_count(inside, base),
        samples=_read_samples(inside, base),
    )


def _read_input(section: Section, root: Path, base: TryOut) -> tuple[File | str, Kind | None]:
    """Return the input and its type, which belong together: no input has the type of another."""
    if section.values.get("input") is not None:
        return read_data(section, "input", root, "inputType")
    if section.values.get("inputType") is not None:
        place = section.at("inputType")
        allowed = "Allowed: no inputType without the input that it is about."
        section.problems.add(
            place, f"{section.shown('inputType')}, and input is not set here", allowed, removing(place)
        )
    return base.input, base.input_type


def _read_rows(section: Section, base: TryOut) -> tuple[bool, int]:
    """Return whether a row per file is expected, and the least number of rows."""
    value: Any = section.values.get("rows")
    if value is None:
        return base.per_file, base.least_rows
    if value == PER_FILE:
        return True, base.least_rows
    if value == ANY:
        return False, 0
    if isinstance(value, Mapping) and set(value) == {AT_LEAST}:
        return False, section.section("rows", of="the rows").whole(AT_LEAST, 1, least=1, unit="rows")
    section.wrong("rows", f"{PER_FILE}, {ANY} or an object with {AT_LEAST}, a number of rows", PER_FILE)
    return base.per_file, base.least_rows


def _read_key(section: Section, base: TryOut) -> str | None:
    value = section.values.get("key")
    if value is None:
        return base.key
    if isinstance(value, int) and not isinstance(value, bool):  # a position
        value = str(value)
    if isinstance(value, str) and is_column(value):
        return value
    section.wrong("key", "the name of a column of the predictions, or its position from 1", 1)
    return base.key


def _read_script(section: Section, key: str, root: Path, base: File | None) -> File | None:
    value = section.values.get(key)
    if value is None or value == NONE:
        return None if value else base
    what = f"a Python file with the function {key}"
    path = read_path(section, key, root, folder=False, what=what)
    if path and not path.endswith(".py"):
        section.wrong(key, f"{what}, ending in .py", f"{key}.py")
    return File(path, "") if path else None


def _read_python(section: Section, base: TryOut) -> str | None:
    if section.values.get("python") is None:
        return base.python
    return section.text("python", None, allowed="the path of a Python interpreter", example=".venv/bin/python")


def _read_share(section: Section, base: TryOut) -> float | None:
    value = section.values.get("maxChangedRows")
    if value is None or value == NONE:
        return None if value else base.max_changed_rows
    if isinstance(value, str) and re.fullmatch(_NUMBER, value):  # `pulumi config set` writes it as a text
        value = float(value)
    if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value <= 1:
        return float(value)
    section.wrong("maxChangedRows", f"a share from 0 to 1, or the word {NONE}", 0.05)
    return base.max_changed_rows


def _read_minutes(section: Section, key: str, base: int) -> int:
    if section.values.get(key) is None:
        return base
    return section.whole(key, base, least=1, most=MOST_MINUTES, unit="minutes")


def _read_count(section: Section, base: TryOut) -> int | None:
    if section.values.get("instanceCount") is None:
        return base.instance_count
    return section.whole("instanceCount", 1, least=1, unit="nodes")


def _read_samples(section: Section, base: TryOut) -> int | None:
    if section.values.get("samples") is None:
        return base.samples
    return section.whole("samples", 6, least=0, most=MOST_SAMPLES, unit="files of the input")
