"""The problems of a stack's configuration, and their messages.

Every problem names its key and value, says what is allowed, and what to edit in which line of which file. No `pulumi
config` command is printed: it would sort the whole stack file and drop its comments.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from settings.stack_file import StackFile


class SettingsError(Exception):
    """The stack's configuration is wrong; the text lists all problems, for the user."""


@dataclass
class Problems:
    """The problems of one stack's configuration, in the order in which they were found."""

    stack: str
    hidden: frozenset[str] = frozenset()
    """Top-level keys whose values must not be shown, because they hold a secret."""

    file: StackFile = field(default_factory=lambda: StackFile("the stack file"))
    """The stack file, for the lines of its keys."""

    origins: dict[tuple[str, ...], str] = field(default_factory=dict)
    """The place ("FILE:LINE") of each value that is not in the stack file, by its path."""

    silenced: set[tuple[str, ...]] = field(default_factory=set)
    """Keys whose problems follow from one that was recorded."""

    rolled_back: set[tuple[str, ...]] = field(default_factory=set)
    """Endpoints whose default is pinned to an older revision: a problem with their files must not stop that."""

    unread: set[tuple[str, ...]] = field(default_factory=set)
    """Keys of such endpoints whose values should be in a file that is gone or wrong."""

    found: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    """What is taken, but should be known: whole sentences."""

    def add(self, path: Sequence[str], said: str, allowed: str, fix: "Fix") -> None:
        """Record one problem.

        Args:
            path: The key, part by part.
            said: The problem, starting with a verb: "is 'x'".
            allowed: The allowed values: one or more sentences.
            fix: What to edit (`setting`, `removing`, `renaming`, `editing`, `Edit`).
        """
        if _is_below(path, self.silenced):
            return
        place = self.origins.get(tuple(path))
        if place and self.warn_of_file(path, said):
            self.unread.add(tuple(path))
            return
        line = fix.line(self.file)
        if place:
            # A value for the stack file replaces the other file's; to remove or rename that one, one edits the file.
            is_value = isinstance(fix, KeyEdit) and fix.is_value
            line = f"edit {place}, or {line}" if is_value else f"edit {place}"
        self.found.append(f"{dotted(path)} {said}. {allowed}\n      {line}")

    def add_content(self, path: Sequence[str], said: str, why: str, fix: "Fix") -> None:
        """Record that a file's content cannot work; only a warning while the endpoint is rolled back."""
        if not self.warn_of_file(path, f"{said}: {why.removesuffix('.')}"):
            self.add(path, said, why, fix)

    def warn_of_file(self, path: Sequence[str], said: str) -> bool:
        """Warn of a file that is gone or wrong while the endpoint is rolled back; return whether it is."""
        is_rolled_back = _is_below(path, self.rolled_back)
        if is_rolled_back:
            needs_it = "`python -m modelops score`" if path[-1] == "sample" else "a release without the pin"
            self.warn(path, f"{said}. The rollback does not need it, but {needs_it} does")
        return is_rolled_back

    def is_unread(self, path: Sequence[str]) -> bool:
        """Say whether the values of a key, or of one below it, could not be read, which only a rollback allows."""
        return any(each[: len(path)] == tuple(path) for each in self.unread)

    def add_in_file(self, path: Sequence[str], name: str, line: int, said: str) -> None:
        """Record a problem in a file that a key names; `said` is whole sentences."""
        if not self.warn_of_file(path, f"is {name!r}, and its line {line} is wrong: {said.removesuffix('.')}"):
            self.found.append(f"{dotted(path)} is {name!r}: {said}\n      edit {name}:{line}")

    def warn(self, path: Sequence[str], said: str) -> None:
        """Record what is taken but should be known; see `add` for the arguments."""
        place = self.origins.get(tuple(path))
        self.warnings.append(f"{f'{place}: ' if place else ''}{dotted(path)} {said}.")

    def hides(self, path: Sequence[str]) -> bool:
        """Say whether the value of a key must not be shown."""
        return path[0] in self.hidden

    def public(self, key: str, value: object, instead: object) -> object:
        """Return a value of a top-level key if it may be shown, else the text to show instead.

        For bounds and examples that depend on other keys than the wrong one.
        """
        return instead if key in self.hidden else value

    def raise_if_any(self) -> None:
        """Raise one error with all problems.

        Raises:
            SettingsError: There is at least one.
        """
        if not self.found:
            return
        many = f"{len(self.found)} problems" if len(self.found) > 1 else "a problem"
        lines = "\n".join(f"  {number}. {problem}" for number, problem in enumerate(self.found, start=1))
        raise SettingsError(
            f"The configuration of stack '{self.stack}' has {many}, so nothing was created or changed.\n{lines}\n"
            "docs/configuration.md describes every key."
        )


def _is_below(path: Sequence[str], places: Collection[tuple[str, ...]]) -> bool:
    """Say whether a key is one of these places, or inside one."""
    return any(tuple(path[: len(each)]) == each for each in places)


def dotted(path: Sequence[str]) -> str:
    """Write a path in the syntax of `pulumi config --path`."""
    text = ""
    for part in path:
        if re.fullmatch(r"[A-Za-z0-9_:-]+", part):
            text += f".{part}" if text else part
        elif re.fullmatch(r"\[\d+]", part):
            text += part
        else:
            quoted = part.replace("\\", "\\\\").replace('"', '\\"')
            text += f'["{quoted}"]'
    return text


@dataclass(frozen=True)
class KeyEdit:
    """A change of the stack file, at a key."""

    path: tuple[str, ...]
    text: str
    is_value: bool = False
    """Whether it gives the key a value, and so replaces one of another file."""

    def line(self, file: StackFile) -> str:
        """Write the place in the file, and what to do there."""
        return f"{file.place(self.path)}: {self.text}"


@dataclass(frozen=True)
class Edit:
    """A file of the program's folder to edit: the configuration is right, and the file that it names is not."""

    file: str

    def line(self, file: StackFile) -> str:  # noqa: ARG002 - every kind of fix is asked so
        """Say which file to edit."""
        return f"edit {self.file}"


Fix = KeyEdit | Edit
"""What the user does about a problem."""


def setting(path: Sequence[str], value: object) -> KeyEdit:
    """Return the edit that sets a key; upper-case values are for the user to fill in."""
    return KeyEdit(tuple(path), f"set {dotted(path)} to {value}", is_value=True)


def removing(path: Sequence[str]) -> KeyEdit:
    """Return the edit that removes a key: one that has no meaning here, and no block below it."""
    return editing(path, f"remove {dotted(path)}")


def renaming(path: Sequence[str], name: str) -> KeyEdit:
    """Return the edit that gives a key another name and keeps what is below it."""
    return editing(path, f"rename {path[-1]} to {name}")


def editing(path: Sequence[str], text: str) -> KeyEdit:
    """Return an edit of the stack file; `text` begins with a verb."""
    return KeyEdit(tuple(path), text)
