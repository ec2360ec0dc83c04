"""What is wrong with a stack's configuration, and how it is told.

Every problem names its key and value, says what is allowed, and comes with the command that mends it.
"""

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field


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

    def hides(self, path: Sequence[str]) -> bool:
        """Whether the value of a key must not be shown."""
        return path[0] in self.hidden

    def public(self, key: str, value: object, instead: object) -> object:
        """Return a value that comes from a top-level key if it may be told, and else what to say instead.

        For what is told beside the key that is wrong itself: bounds and examples that depend on other values.
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
