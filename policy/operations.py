"""What a role may do: Azure's wildcards, and which operations are left after the excluded ones.

A name of an operation may contain `*`, which stands for any text, slashes and none included, in any letters:
https://learn.microsoft.com/azure/role-based-access-control/role-definitions. Excluded operations only subtract from the
same entry of the same role; they are not a deny.
"""

import re
from collections.abc import Iterable, Sequence, Set
from typing import Final

_ODD: Final = re.compile(r"[^a-z0-9./*_$-]")
"""What no operation's name contains."""
_ANY_OTHER: Final = "\0"
"""Stands for each letter that no pattern names: they all lead to the same place."""


def plain(operation: str) -> str:
    """Return an operation's name in small letters, without what no name contains: spaces, for instance."""
    return _ODD.sub("", operation.casefold())


def is_plain(operation: str) -> bool:
    """Say whether a text can be the name of an operation, or a pattern of names."""
    return bool(operation) and plain(operation) == operation.casefold()


def leaves(allowed: str, wanted: str, excluded: Sequence[str] = ()) -> bool:
    """Say whether a pattern allows any operation that another pattern names, after the excluded ones.

    Exact: the three kinds of patterns are run side by side over every text that could tell them apart. Where sources
    disagree, a role may do more: in `allowed`, `a/*/b` also means `a/b`, as Azure Machine Learning's own roles use it;
    in `excluded` it does not.

    Args:
        allowed: An entry of `actions` or `dataActions`.
        wanted: The operations to look for.
        excluded: The `notActions` or `notDataActions` of the same entry.
    """
    patterns = [_Pattern(plain(allowed), also_nothing=True), *(_Pattern(plain(each)) for each in (wanted, *excluded))]
    letters = {letter for each in patterns for letter in each.text} - {"*"} | {_ANY_OTHER}
    start = tuple(each.start for each in patterns)
    seen, waiting = {start}, [start]
    while waiting:
        state = waiting.pop()
        if all(_ends(patterns, state)[:2]) and not any(_ends(patterns, state)[2:]):
            return True
        for letter in letters & patterns[0].reads(state[0], letters) & patterns[1].reads(state[1], letters):
            after = tuple(each.step(at, letter) for each, at in zip(patterns, state, strict=True))
            hopeless = not (after[0] and after[1]) or any(
                each.takes_all(at) for each, at in zip(patterns[2:], after[2:], strict=True)
            )
            if not hopeless and after not in seen:
                seen.add(after)
                waiting.append(after)
    return False


def _ends(patterns: "Sequence[_Pattern]", state: tuple[frozenset[int], ...]) -> list[bool]:
    return [len(each.text) in at for each, at in zip(patterns, state, strict=True)]


class _Pattern:
    """A pattern as a machine: a state is the set of places in the text that what was read so far can have led to."""

    def __init__(self, text: str, *, also_nothing: bool = False) -> None:
        self.text = text
        self._also_nothing = also_nothing
        self.start = self._with_skipped([0])

    def step(self, state: frozenset[int], letter: str) -> frozenset[int]:
        """Return the state after one more letter; empty if no text with this beginning matches."""
        read = (at for at in state if self.text[at : at + 1] in ("*", letter))
        return self._with_skipped(at if self.text[at] == "*" else at + 1 for at in read)

    def reads(self, state: frozenset[int], letters: Set[str]) -> Set[str]:
        """Return which of the letters can come next."""
        following = {self.text[at] for at in state if at < len(self.text)}
        return letters if "*" in following else following

    def takes_all(self, state: frozenset[int]) -> bool:
        """Say whether everything matches from here on."""
        return self.text.endswith("*") and len(self.text) - 1 in state

    def _with_skipped(self, places: Iterable[int]) -> frozenset[int]:
        """Add the places behind asterisks, which may stand for nothing."""
        found: set[int] = set()
        waiting = list(places)
        while waiting:
            at = waiting.pop()
            found.add(at)
            if self.text[at : at + 1] == "*" and at + 1 not in found:
                waiting.append(at + 1)
            if self._also_nothing and at and self.text[at - 1 : at + 2] == "/*/" and at + 2 not in found:
                waiting.append(at + 2)
        return frozenset(found)
