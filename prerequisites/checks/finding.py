"""What a check says."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is wrong, or that should be known.

    Attributes:
        subject: what was checked, in a word or two: `login`.
        text: what is wrong with which value, and what is allowed; one or more lines.
        commands: the commands, or what to edit, one a line.
        kind: `problem`: a deployment would fail; `warning`: it would not, or nobody could say.
    """

    subject: str
    text: str
    commands: tuple[str, ...] = ()
    kind: Literal["problem", "warning"] = "problem"

    def lines(self) -> list[str]:
        """Return it for people: the commands are indented."""
        first, *more = self.text.splitlines()
        return [f"{self.subject}: {first}", *(f"  {line}" for line in more), *(f"    {each}" for each in self.commands)]


def not_checked(subject: str, why: object) -> Finding:
    """Return what is said of a check that could not be made: it stops nothing."""
    return Finding(subject, f"not checked: {str(why).splitlines()[0].rstrip('.')}.", kind="warning")
