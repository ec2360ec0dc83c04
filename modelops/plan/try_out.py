"""The try-out of a revision: a small input that it has to score before anybody is sent to it, as plain data.

It is part of the plan and not of a revision's identity: another input makes no new revision.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Self

from modelops.plan.data_address import KINDS, Kind, is_address
from modelops.plan.reader import UNKNOWN, Reader

PER_FILE: Final = "perFile"
"""Value of `rows`: one row for each file of the input."""
AT_LEAST: Final = "atLeast"
"""Key of `rows`: the least number of rows."""
ANY: Final = "any"
"""Value of `rows`: no row is needed."""

KEYS: Final = (
    *("input", "inputType", "rows", "key", "check", "compare", "python", "maxChangedRows"),
    *("imageMinutes", "queueMinutes", "runMinutes", "instanceCount", "samples"),
)
"""The keys of a try-out, in the stack file and in the plan."""

IMAGE_MINUTES: Final = 40
QUEUE_MINUTES: Final = 20
RUN_MINUTES: Final = 20
MOST_SAMPLES: Final = 20
"""Each may be an image, and all of them are in one page."""


@dataclass(frozen=True, slots=True)
class File:
    """A file or folder of the repository: its path, and the digest of its content."""

    path: str
    digest: str

    @classmethod
    def from_json(cls, data: Mapping[str, Any], path: str, reader: Reader) -> Self:
        """Read the plan's JSON form."""
        reader.only(data, ("path", "digest"), path)
        return cls(reader.relative_path(data, "path", path), reader.text(data, "digest", path))

    def to_json(self) -> dict[str, str]:
        """The plan's JSON form."""
        return {"path": self.path, "digest": self.digest}


@dataclass(frozen=True, slots=True)
class TryOut:
    """What a revision has to score, what is expected of its predictions, and how long it may take."""

    input: File | str
    """A file or folder of the repository, or the address of data in Azure."""
    input_type: Kind | None = None
    """What the input is, for an address that does not tell."""
    per_file: bool = False
    """Whether as many rows are expected as the input has files."""
    least_rows: int = 1
    """Least number of rows; without meaning if `per_file`."""
    key: str | None = None
    """Column of the predictions that says what a row is about: its name, or its position from 1."""
    check: File | None = None
    """A Python file with `check(predictions, input)`, which raises what is wrong with the predictions."""
    compare: File | None = None
    """A Python file with `compare(candidate, current)`, which raises why the candidate must not serve."""
    python: str | None = None
    """The interpreter that runs `check` and `compare`; None: the release's own, without numpy and pandas."""
    max_changed_rows: float | None = None
    """Largest share of rows, from 0 to 1, that may differ from those of the revision that serves."""
    image_minutes: int = IMAGE_MINUTES
    """Longest time for building the environment's image."""
    queue_minutes: int = QUEUE_MINUTES
    """Longest time for getting nodes."""
    run_minutes: int = RUN_MINUTES
    """Longest time for scoring."""
    instance_count: int | None = None
    """Nodes of the job; None: as the deployment says."""
    samples: int | None = None
    """Most files of the input that are kept with their predictions, for the release's report; None: as it is usual."""

    @property
    def minutes(self) -> int:
        """The most minutes that the job may take."""
        return self.image_minutes + self.queue_minutes + self.run_minutes

    def with_digests(self, digest: Callable[[str], str]) -> Self:
        """Return the same with the digests of its files, which `digest` computes from their paths."""

        def known(file: File | None) -> File | None:
            return replace(file, digest=digest(file.path)) if file else None

        source = self.input if isinstance(self.input, str) else replace(self.input, digest=digest(self.input.path))
        return replace(self, input=source, check=known(self.check), compare=known(self.compare))

    @classmethod
    def from_json(cls, data: Mapping[str, Any], path: str, reader: Reader) -> Self:
        """Read the plan's JSON form."""
        reader.only(data, KEYS, path)
        per_file, least = _read_rows(data, path, reader)
        count = reader.integer(data, "instanceCount", path, 1) if data.get("instanceCount") is not None else None
        samples = reader.integer(data, "samples", path, 0) if data.get("samples") is not None else None
        return cls(
            input=_read_input(data, path, reader),
            input_type=_read_type(data, path, reader),
            per_file=per_file,
            least_rows=least,
            key=reader.optional_text(data, "key", path),
            check=_read_file(data, "check", path, reader),
            compare=_read_file(data, "compare", path, reader),
            python=reader.optional_text(data, "python", path),
            max_changed_rows=_read_share(data, "maxChangedRows", path, reader),
            image_minutes=reader.integer(data, "imageMinutes", path, 1),
            queue_minutes=reader.integer(data, "queueMinutes", path, 1),
            run_minutes=reader.integer(data, "runMinutes", path, 1),
            instance_count=count,
            samples=samples,
        )

    def to_json(self) -> dict[str, Any]:
        """The plan's JSON form."""
        optional = {
            "inputType": self.input_type,
            "key": self.key,
            "check": self.check.to_json() if self.check else None,
            "compare": self.compare.to_json() if self.compare else None,
            "python": self.python,
            "maxChangedRows": self.max_changed_rows,
            "instanceCount": self.instance_count,
            "samples": self.samples,
        }
        return {
            "input": self.input if isinstance(self.input, str) else self.input.to_json(),
            "rows": PER_FILE if self.per_file else {AT_LEAST: self.least_rows} if self.least_rows else ANY,
            "imageMinutes": self.image_minutes,
            "queueMinutes": self.queue_minutes,
            "runMinutes": self.run_minutes,
            **{key: value for key, value in optional.items() if value is not None},
        }


def _read_input(data: Mapping[str, Any], path: str, reader: Reader) -> File | str:
    value = data.get("input")
    if isinstance(value, Mapping):
        return File.from_json(value, f"{path}input.", reader)
    text = reader.text(data, "input", path)
    if text and text != UNKNOWN and not is_address(text):
        reader.wrong(path, "input", text, "a path with its digest, or the address of data in Azure")
    return text


def _read_type(data: Mapping[str, Any], path: str, reader: Reader) -> Kind | None:
    word = reader.text(data, "inputType", path, KINDS) if "inputType" in data else None
    return next((each for each in KINDS if each == word), None)


def _read_rows(data: Mapping[str, Any], path: str, reader: Reader) -> tuple[bool, int]:
    """Return whether a row per file is expected, and the least number of rows."""
    value = data.get("rows")
    if isinstance(value, Mapping):
        reader.only(value, (AT_LEAST,), f"{path}rows.")
        return False, reader.integer(value, AT_LEAST, f"{path}rows.", 1)
    word = reader.text(data, "rows", path, (PER_FILE, ANY))
    return word == PER_FILE, 0


def _read_file(data: Mapping[str, Any], key: str, path: str, reader: Reader) -> File | None:
    return File.from_json(reader.mapping(data, key, path), f"{path}{key}.", reader) if data.get(key) else None


def _read_share(data: Mapping[str, Any], key: str, path: str, reader: Reader) -> float | None:
    value = data.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= 1:
        reader.wrong(path, key, value, "a number from 0 to 1")
        return None
    return float(value)
