"""What was read from a file: values in the stack file's words, where each stands, and what is wrong."""

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from modelops.azureml_yaml import placeholders
from modelops.azureml_yaml.document import Document, Unreadable, read


@dataclass(frozen=True)
class Note:
    """A sentence about one key of the file.

    Attributes:
        line: The key's line, from 1.
        text: The sentence, beginning with the key.
        word: The deployment's key in the stack file that would replace the value; empty if there is none.
    """

    line: int
    text: str
    word: str = ""


@dataclass
class Reading:
    """The result of reading a file.

    Attributes:
        values: The values in the stack file's words.
        lines: The line of each value, by its path in the stack file's words.
        problems: What is wrong. One whose `word` the stack file sets does not matter.
        warnings: What is taken, but should be known.
        notes: What is not used, and has no effect on what is deployed.
    """

    values: dict[str, Any] = field(default_factory=dict)
    lines: dict[tuple[str, ...], int] = field(default_factory=dict)
    problems: list[Note] = field(default_factory=list)
    warnings: list[Note] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)

    def put(self, path: Sequence[str], value: object, line: int) -> None:
        """Set a value; `path` is its key in the stack file's words, part by part."""
        inside = self.values
        for part in path[:-1]:
            inside = inside.setdefault(part, {})
        inside[path[-1]] = value
        for length in range(1, len(path) + 1):
            self.lines.setdefault(tuple(path[:length]), line)


@dataclass(frozen=True)
class Part:
    """One mapping of the file.

    Attributes:
        document: The file.
        path: The keys above the mapping.
        values: The mapping.
        reading: Where problems and values go.
        word: See `Note.word`; of everything in the mapping.
    """

    document: Document
    path: tuple[str, ...]
    values: Mapping[str, Any]
    reading: Reading
    word: str = ""

    def line(self, key: str) -> int:
        """Return a key's line."""
        return self.document.line((*self.path, key))

    def called(self, key: str) -> str:
        """Return a key with those above it, as messages name it."""
        return ".".join((*self.path, key))

    def wrong(self, key: str, said: str, advice: str, *, word: str | None = None) -> None:
        """Record a problem: "KEY SAID. ADVICE"."""
        text = f"{self.called(key)} {said}. {advice}"
        self.reading.problems.append(Note(self.line(key), text, self.word if word is None else word))

    def warn(self, key: str, said: str, *, word: str | None = None) -> None:
        """Record a warning: "KEY SAID."."""
        self.reading.warnings.append(
            Note(self.line(key), f"{self.called(key)} {said}.", self.word if word is None else word)
        )

    def note(self, key: str, said: str) -> None:
        """Record what has no effect on what is deployed: "KEY SAID."."""
        self.reading.notes.append(Note(self.line(key), f"{self.called(key)} {said}.", self.word))

    def put(self, key: str, path: Sequence[str], value: object) -> None:
        """Set a value of the stack file, with the line of a key of this mapping."""
        self.reading.put(path, value, self.line(key))

    def only(self, known: Iterable[str], old: Mapping[str, str]) -> None:
        """Record the keys that are not in `known`; `old` has advice for some that used to exist, by their names."""
        allowed = sorted(known)
        for key in self.values:
            if key in allowed:
                continue
            if key in old:
                self.wrong(key, "is a key that Azure does not take", old[key])
                continue
            near = difflib.get_close_matches(key, allowed, n=1)
            advice = f"Write {near[0]}." if near else f"Remove it; allowed are {', '.join(allowed)}."
            self.wrong(key, "is an unknown key", advice)

    def ignored(self, *keys: str, because: str = "has no effect here") -> None:
        """Note that keys are not used."""
        for key in keys:
            if key in self.values:
                self.note(key, because)

    def has(self, key: str) -> bool:
        """Whether a key is there; without a value, it is a problem."""
        if key not in self.values:
            return False
        if self.values[key] is None:
            self.wrong(key, "has no value", "Write one, or remove the key.")
            return False
        return True

    def text(self, key: str, *, is_free: bool = False, word: str | None = None) -> str | None:
        """Return a text; None if there is none, or if it is wrong.

        Args:
            key: The key.
            is_free: Whether it may say anything; otherwise it is a name, a path or a reference.
            word: See `Note.word`.
        """
        if not self.has(key):
            return None
        value = self.values[key]
        if not isinstance(value, str):
            advice = "Write a text." if isinstance(value, (dict, list)) else f'Write it in quotes: "{plain(value)}".'
            self.wrong(key, f"is {shown(value)}, and not a text", advice, word=word)
            return None
        found = placeholders.in_text(value) if is_free else placeholders.in_name(value)
        if found:
            self.wrong(key, f"is {value!r}: nothing fills in {found}", "Write the value itself.", word=word)
            return None
        if not is_free and not value.strip():
            self.wrong(key, "is empty", "Write a value, or remove the key.", word=word)
            return None
        return value

    def inside(self, key: str, *, word: str | None = None) -> "Part | None":
        """Return the mapping of a key; None if there is none, or if it is something else."""
        if not self.has(key):
            return None
        value = self.values[key]
        word = self.word if word is None else word
        if not isinstance(value, dict):
            self.wrong(key, f"is {shown(value)}", "Write keys with values below it.", word=word)
            return None
        return Part(
            self.document, (*self.path, key), {str(name): each for name, each in value.items()}, self.reading, word
        )

    def described(self) -> None:
        """Put description and tags, which the stack file calls the same."""
        description = self.text("description", is_free=True, word="description")
        if description is not None:
            self.put("description", ("description",), description)
        if "tags" in self.values:
            self.texts("tags", "tags")

    def texts(self, key: str, word: str) -> None:
        """Put the entries of a mapping as texts: numbers and booleans become what YAML writes for them."""
        inside = self.inside(key, word=word)
        if inside is None:
            return
        self.put(key, (word,), {})
        for name, value in inside.values.items():
            if value is None or isinstance(value, (dict, list, bytes, set)):
                inside.wrong(name, f"is {shown(value)}, and not a text", "Write a text, in quotes.")
            elif found := placeholders.in_text(str(value)):
                inside.wrong(name, f"is {value!r}: nothing fills in {found}", "Write the value itself.")
            else:
                inside.put(name, (word, name), plain(value))


def opened(path: Path, reading: Reading) -> Part | None:
    """Return what is at the top of a file; None if it cannot be read, which is recorded."""
    try:
        document = read(path)
    except Unreadable as unreadable:
        reading.problems.append(Note(unreadable.line, f"The file {unreadable}."))
        return None
    return Part(document, (), document.values, reading)


def plain(value: object) -> str:
    """Return a scalar as the text that YAML writes for it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def shown(value: object) -> str:
    """Say what a value is, short."""
    kinds = {dict: "a mapping", list: "a list", type(None): "empty"}
    return kinds.get(type(value)) or (plain(value) if not isinstance(value, str) else repr(value))
