"""Reads nested configuration by path, and passes problems to `settings.problems`.

Knows how to read and show values; the other modules know the meaning of the keys.
"""

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from settings.problems import Problems, editing, renaming, setting


@dataclass(frozen=True)
class Section:
    """One object of the configuration: its path, its values, and the list for its problems."""

    path: tuple[str, ...]
    values: Mapping[str, Any]
    problems: Problems
    lenient: bool = False
    """Whether the values may be what git does not fix (the label or tag `latest`), with a warning: they are from a file
    that was written for Azure's own tools."""

    def at(self, key: str) -> tuple[str, ...]:
        """Return the whole path of a key of this section."""
        return (*self.path, key)

    def shown(self, key: str, default: object = None) -> str:
        """Say what a key is set to: "is 'x'" or "is not set", but never the value of a secret.

        Every message gets values from here. `default` is the value of a key that is not set, if that is wrong.
        """
        value = self.values.get(key, default)
        if value is None:
            return "is not set"
        if self.problems.hides(self.at(key)):
            return "is set to a secret"
        return f"is {str(value).lower()}" if isinstance(value, bool) else f"is {value!r}"

    def wrong(self, key: str, allowed: str, example: object, *, because: str = "", default: object = None) -> None:
        """Record that a key has a wrong value, or that a required key is not set.

        Args:
            key: The key.
            allowed: The allowed values.
            example: The value that the suggested command sets.
            because: Text after the value; left out for a secret, which it would describe.
            default: See `shown`.
        """
        said = self.shown(key, default)
        if because and not self.problems.hides(self.at(key)):
            said = f"{said}, {because}"
        self.problems.add(self.at(key), said, f"Allowed: {allowed}.", setting(self.at(key), example))

    def wrong_file(self, key: str, allowed: str, example: object, *, because: str, default: object = None) -> bool:
        """Record that the file of a key is gone or wrong; only a warning while the endpoint is rolled back.

        The arguments are those of `wrong`.

        Returns: Whether it is only a warning.
        """
        is_warning = self.problems.warn_of_file(self.at(key), f"{self.shown(key, default)}, {because}")
        if not is_warning:
            self.wrong(key, allowed, example, because=because, default=default)
        return is_warning

    def warn(self, key: str, why: str) -> None:
        """Record a value that is taken, but that the user should know about."""
        self.problems.warn(self.at(key), f"{self.shown(key)}: {why}")

    def only(self, *known: str, foreign: tuple[str, ...] = ()) -> None:
        """Record every key that is not in `known`, with the closest known one; another check records the `foreign`."""
        for key in self.values:
            if key not in known and key not in foreign:
                near = closest(key, known)
                hint = f"Did you mean {near}? " if near else ""
                fix = renaming(self.at(key), near) if near else editing(self.at(key), f"rename or remove {key}")
                self.problems.add(self.at(key), "is an unknown key", f"{hint}Allowed: {_or(sorted(known))}.", fix)
                if near and near not in self.values:
                    self.problems.silenced.add(self.at(near))

    def text(
        self, key: str, default: str | None, *, pattern: str = ".+", allowed: str, example: str, needed: str = ""
    ) -> str:
        """Read a text that fully matches `pattern`; without a default, the key is required: `needed` may say why."""
        value = self.values.get(key, default)
        if isinstance(value, str) and re.fullmatch(pattern, value, re.DOTALL):
            return value
        self.wrong(key, allowed, example, because=needed if value is None else "")
        return default or ""

    def choice(self, key: str, default: str | None, options: Sequence[str]) -> str:
        """Read one of a few values."""
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

    def flag(self, key: str, *, default: bool) -> bool:
        """Read a boolean."""
        value = self.values.get(key, default)
        if isinstance(value, bool):
            return value
        self.wrong(key, "true or false", str(default).lower())
        return default

    def flat(self, key: str, *, of: str, example: str) -> dict[str, str]:
        """Read an object of texts, in which whole numbers are texts too; `of` says what its entries are."""
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
        texts = {name: str(each) if type(each) is int else each for name, each in value.items()}
        for name, each in texts.items():
            if not isinstance(each, str):
                inside.wrong(name, "a text or a whole number (put everything else in quotes)", example)
        return {name: each for name, each in texts.items() if isinstance(each, str)}

    def array(self, key: str, *, of: str, example: str) -> "Section":
        """Return an array of texts as `entries` does, empty if it is not set; `of` says what each text is."""
        value = self.values.get(key, [])
        if isinstance(value, list):
            return self.entries(key, value)
        self.problems.add(
            self.at(key),
            self.shown(key),
            f"Allowed: an array of texts, each {of}.",
            setting((*self.at(key), "[0]"), example),
        )
        return self.entries(key, [])

    def entries(self, key: str, value: Sequence[Any]) -> "Section":
        """Return an array as a section, with the indexes of the entries ("[0]") as keys."""
        return Section(
            self.at(key), {f"[{index}]": each for index, each in enumerate(value)}, self.problems, self.lenient
        )

    def section(self, key: str, *, of: str) -> "Section":
        """Read a nested object; empty if it is not set. `of` says what it describes."""
        value = self.values.get(key)
        if value is not None and not isinstance(value, Mapping):
            fix = editing(self.at(key), f"write an object below {key}: docs/configuration.md has its keys")
            self.problems.add(self.at(key), self.shown(key), f"Allowed: an object that describes {of}.", fix)
        return Section(self.at(key), value if isinstance(value, Mapping) else {}, self.problems, self.lenient)


def closest(word: str, known: Iterable[str]) -> str | None:
    """Return the known word that somebody meant who wrote `word`; None if none is close.

    Letters' case, hyphens and underscores do not count: `mini_batch_size` is `miniBatchSize`.
    """
    plain = {re.sub(r"[-_]", "", each).lower(): each for each in known}
    near = difflib.get_close_matches(re.sub(r"[-_]", "", word).lower(), plain, n=1)
    return plain[near[0]] if near else None


def _or(words: Iterable[str]) -> str:
    *first, last = words
    return f"{', '.join(first)} or {last}" if first else last
