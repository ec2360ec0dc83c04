"""Reads values from nested plain data by path; reports all problems at once.

The classes of the plan (`from_json`) define the content; this module does not know it.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from modelops.errors import PlanError
from modelops.plan.rules import check_relative_path

UNKNOWN: Final = "(known after deploy)"
"""Placeholder for a leaf that the engine does not know yet; only in previews."""

UNREAD: Final = "(not readable)"
"""Digest of content that could not be read, of a plan that pins another revision."""

# The engine's own mark of a secret, an asset or an archive inside plain data (pulumi: sdk/proto property values).
_PULUMI_SIGNATURE: Final = "4dabf18193072939515e22adb298388d"


class Reader:
    """Reads values from nested plain data by path and collects problems."""

    def __init__(self) -> None:
        self.problems: list[str] = []

    def raise_if_any(self) -> None:
        """Raise one error for all problems.

        Raises:
            PlanError: there is at least one.
        """
        if self.problems:
            raise PlanError(
                "The release plan is not valid:\n" + "\n".join(f"  - {problem}" for problem in self.problems)
            )

    def mapping(self, parent: Mapping[str, Any], key: str, path: str) -> Mapping[str, Any]:
        """Return an object; empty if it is missing."""
        value = parent.get(key)
        if isinstance(value, Mapping):
            return value
        self.wrong(path, key, value, "an object")
        return {}

    def text(self, parent: Mapping[str, Any], key: str, path: str, allowed: tuple[str, ...] = ()) -> str:
        """Return a non-empty text; one of `allowed` (if given), or `UNKNOWN`."""
        value = parent.get(key)
        if not isinstance(value, str) or not value:
            self.wrong(path, key, value, "a text")
            return ""
        if allowed and value not in (*allowed, UNKNOWN):
            self.wrong(path, key, value, "one of " + ", ".join(allowed))
        return value

    def optional_text(self, parent: Mapping[str, Any], key: str, path: str) -> str | None:
        """A text, or None."""
        value = parent.get(key)
        if value is not None and not isinstance(value, str):
            self.wrong(path, key, value, "a text")
            return None
        return value

    def integer(self, parent: Mapping[str, Any], key: str, path: str, lowest: int, highest: int | None = None) -> int:
        """A whole number from `lowest` to `highest`."""
        value: Any = parent.get(key)
        if isinstance(value, float) and value.is_integer():  # the engine passes numbers to hooks as floats
            value = int(value)
        is_whole = isinstance(value, int) and not isinstance(value, bool)
        if not is_whole or value < lowest or (highest is not None and value > highest):
            self.wrong(path, key, value, f"a whole number from {lowest}{'' if highest is None else f' to {highest}'}")
            return lowest
        return int(value)

    def texts(self, parent: Mapping[str, Any], key: str, path: str) -> dict[str, str]:
        """An object of texts."""
        found = self.mapping(parent, key, path)
        for name, value in found.items():
            if not isinstance(value, str):
                self.wrong(f"{path}{key}.", name, value, "a text")
        return {name: value for name, value in found.items() if isinstance(value, str)}

    def relative_path(self, parent: Mapping[str, Any], key: str, path: str) -> str:
        """A path below the program's folder, or `UNKNOWN`."""
        value = self.text(parent, key, path)
        if value and value != UNKNOWN and (problem := check_relative_path(value)):
            self.problems.append(f"{path}{key}: {problem}")
        return value

    def only(self, parent: Mapping[str, Any], keys: tuple[str, ...], path: str) -> None:
        """Refuse keys that are not in `keys`."""
        for extra in sorted(set(parent) - set(keys)):
            self.problems.append(f"{path}{extra}: unknown key; allowed are {', '.join(keys)}")

    def wrong(self, path: str, key: str, value: object, allowed: str) -> None:
        """Record a value that is not allowed."""
        self.problems.append(f"{path}{key}: is {value!r}; allowed is {allowed}")


def plain_data(value: object, path: str, is_unknown: Callable[[object], bool], problems: list[str]) -> object:
    """Return plain data with placeholders for unknown leaves; secrets and Python objects are problems."""
    if is_unknown(value):
        return UNKNOWN
    if _is_secret_mark(value):
        problems.append(
            f"{path or 'the plan'}: is a secret. A release plan is shown in previews and logs; keep secrets in the "
            "key vault and let the scoring script read them with the job's identity"
        )
        return None
    if isinstance(value, Mapping):
        return {
            str(key): plain_data(each, f"{path}.{key}" if path else str(key), is_unknown, problems)
            for key, each in value.items()
        }
    if isinstance(value, (list, tuple)):
        return [plain_data(each, f"{path}[{index}]", is_unknown, problems) for index, each in enumerate(value)]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if value is None or isinstance(value, (str, int, float)):
        return value
    problems.append(f"{path or 'the plan'}: is a {type(value).__name__}; allowed is plain data (texts and numbers)")
    return None


def _is_secret_mark(value: object) -> bool:
    """Whether `value` is the engine's wrapper of a secret (or asset) and not plain data."""
    return isinstance(value, Mapping) and _PULUMI_SIGNATURE in value
