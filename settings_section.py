"""Reads nested configuration by path, and collects everything that is wrong with it.

Knows how a problem is told (which key, which value, what is allowed, the command that mends it), and nothing about
what the keys mean: that is `settings` and `settings_endpoints`.
"""

import difflib
import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


class SettingsError(Exception):
    """The stack's configuration is wrong; the text says everything about it and is meant for the user."""


@dataclass
class Problems:
    """What is wrong with one stack's configuration, in the order in which it was found."""

    stack: str
    hidden: frozenset[str] = frozenset()
    """Top-level keys whose values must not be shown, because they hold a secret."""

    found: list[str] = field(default_factory=list)

    def add(self, path: Sequence[str], said: str, allowed: str, mend: "Command") -> None:
        """Record one problem.

        Args:
            path: The key, part by part.
            said: What is the matter, beginning with a verb: "is 'x'".
            allowed: What is allowed: one or more sentences.
            mend: The command that mends it: see `setting` and `removing`.
        """
        self.found.append(f"{dotted(path)} {said}. {allowed}\n      {mend.line(self.stack)}")

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
            "Every key is explained in docs/configuration.md."
        )


def dotted(path: Sequence[str]) -> str:
    """Write a path the way `pulumi config --path` reads it."""
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
class Command:
    """A `pulumi config` command: its verb, the key that it changes, and the value if it sets one."""

    verb: str
    path: tuple[str, ...]
    value: str | None = None

    def line(self, stack: str) -> str:
        """Write the command as one line for a shell."""
        words = [dotted(self.path)] if self.value is None else [dotted(self.path), self.value]
        options = ["--path"] if len(self.path) > 1 else []
        chosen = ["--stack", stack]
        if words[-1].startswith("-"):  # it would be taken for an option
            return shlex.join(["pulumi", "config", self.verb, *options, *chosen, "--", *words])
        return shlex.join(["pulumi", "config", self.verb, *options, *words, *chosen])


def setting(path: Sequence[str], value: object) -> Command:
    """Return the command that sets a key; upper-case values are for the user to fill in."""
    return Command("set", tuple(path), str(value))


def removing(path: Sequence[str]) -> Command:
    """Return the command that removes a key."""
    return Command("rm", tuple(path))


@dataclass(frozen=True)
class Section:
    """One object of the configuration: its place, its values, and where its problems go."""

    path: tuple[str, ...]
    values: Mapping[str, Any]
    problems: Problems

    def at(self, key: str) -> tuple[str, ...]:
        """Return the whole path of a key of this section."""
        return (*self.path, key)

    def shown(self, key: str) -> str:
        """Say what a key is set to: "is 'x'" or "is not set"."""
        value = self.values.get(key)
        if value is None:
            return "is not set"
        if (self.path[0] if self.path else key) in self.problems.hidden:
            return "is set to a value that holds a secret"
        return f"is {str(value).lower()}" if isinstance(value, bool) else f"is {value!r}"

    def wrong(self, key: str, allowed: str, example: object, *, because: str = "") -> None:
        """Record that a key has a wrong value, or none where it needs one; `because` goes on after the value."""
        said = f"{self.shown(key)}, {because}" if because else self.shown(key)
        self.problems.add(self.at(key), said, f"Allowed: {allowed}.", setting(self.at(key), example))

    def only(self, *known: str) -> None:
        """Record every key that is none of `known`, with the nearest one that is."""
        for key in self.values:
            if key not in known:
                near = difflib.get_close_matches(key, known, n=1)
                hint = f"Did you mean {near[0]}? " if near else ""
                self.problems.add(
                    self.at(key), "is no key", f"{hint}Allowed: {_or(sorted(known))}.", removing(self.at(key))
                )

    def text(self, key: str, default: str | None, *, pattern: str = ".+", allowed: str, example: str) -> str:
        """Read a text that matches `pattern` as a whole; without a default the key is required."""
        value = self.values.get(key, default)
        if isinstance(value, str) and re.fullmatch(pattern, value, re.DOTALL):
            return value
        self.wrong(key, allowed, example)
        return default or ""

    def choice(self, key: str, default: str | None, options: Sequence[str]) -> str:
        """Read one of a few words."""
        value = self.values.get(key, default)
        if isinstance(value, str) and value in options:
            return value
        self.wrong(key, _or(options), default or options[0])
        return default or options[0]

    def whole(self, key: str, default: int, *, least: int, most: int | None = None, unit: str) -> int:
        """Read a whole number within its bounds; `unit` says what it counts."""
        value = self.values.get(key, default)
        is_whole = isinstance(value, int) and not isinstance(value, bool)
        if is_whole and value >= least and (most is None or value <= most):
            return int(value)
        bounds = f"from {least}" if most is None else f"from {least} to {most}"
        self.wrong(key, f"a whole number {bounds} ({unit})", default)
        return default

    def flat(self, key: str, *, of: str, example: str) -> dict[str, str]:
        """Read an object of texts; `of` says what its entries are."""
        value = self.values.get(key)
        if value is None:
            return {}
        if not isinstance(value, Mapping):
            self.problems.add(
                self.at(key),
                self.shown(key),
                f"Allowed: an object of {of}, each a text.",
                setting((*self.at(key), "NAME"), example),
            )
            return {}
        inside = Section(self.at(key), value, self.problems)
        for name, each in value.items():
            if not isinstance(each, str):
                inside.wrong(name, "a text (put a number or a truth value in quotes)", example)
        return {name: each for name, each in value.items() if isinstance(each, str)}

    def section(self, key: str, *, of: str) -> "Section":
        """Read a nested object; an empty one where there is none. `of` says what it describes."""
        value = self.values.get(key)
        if value is not None and not isinstance(value, Mapping):
            self.problems.add(
                self.at(key), self.shown(key), f"Allowed: an object that describes {of}.", removing(self.at(key))
            )
        return Section(self.at(key), value if isinstance(value, Mapping) else {}, self.problems)


def _or(words: Iterable[str]) -> str:
    *first, last = words
    return f"{', '.join(first)} or {last}" if first else last
