"""Conditions on role assignments: which assignments their holder may create and remove, and which blobs it may reach.

A small and strict part of the documented language (version 2.0): logic, ``ActionMatches``, ``SubOperationMatches`` and
comparisons of ``attributes``. Documented conditions that are not supported here (for example on tags) are distinguished
from invalid ones. Language: https://learn.microsoft.com/azure/role-based-access-control/conditions-format.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Final

from sandbox.azure.authorization.attributes import ATTRIBUTES
from sandbox.azure.authorization.roles import action_matches

VERSION: Final = "2.0"
"""The only version of the language that Azure accepts."""

_GUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_TOKEN: Final = re.compile(r"\s*(?:(@\w+\[[^\]]*\])|('[^']*')|([\w-]+(?::\w+)?)|(&&|\|\||[(){},!]))")
_ELSEWHERE: Final = re.compile(
    r"Exists|(?:For(?:Any|All)Of(?:Any|All)Values:)?(?:Bool|DateTime|Guid|Numeric|String)[A-Za-z]+"
)


class ConditionError(ValueError):
    """An invalid condition: Azure refuses it too."""


class NotModelledError(ValueError):
    """A valid condition that the sandbox cannot evaluate."""


@dataclass(frozen=True, slots=True)
class Context:
    """The input of a condition: an action with its suboperation, and what it is done to.

    ``request`` and ``resource`` are attributes by their short names (``RoleDefinitionId``, ``blobs:path``). A missing
    attribute fails every comparison, so a body without ``principalType`` is refused
    (https://github.com/hashicorp/terraform-provider-azurerm/pull/24271), and so is a list of blobs by a condition on
    their path.
    """

    action: str
    request: Mapping[str, str] = field(default_factory=dict)
    resource: Mapping[str, str] = field(default_factory=dict)
    suboperation: str = ""


Condition = Callable[[Context], bool]
"""Whether an action is allowed."""


def check(text: str, version: str) -> None:
    """Check that a condition can be evaluated; raises like ``parse``."""
    if not text:
        raise ConditionError("'conditionVersion' is given without a 'condition'")
    if version != VERSION:
        raise ConditionError(f"'conditionVersion' is '{version}'; allowed: {VERSION}")
    parse(text)


@cache
def parse(text: str) -> Condition:
    """Read a condition.

    Raises:
        ConditionError: it is invalid.
        NotModelledError: the sandbox does not support it.
    """
    return _Parser(_tokens(text)).whole()


def _tokens(text: str) -> list[str]:
    found: list[str] = []
    position = 0
    rest = text.rstrip()
    while position < len(rest):
        match = _TOKEN.match(rest, position)
        if match is None:
            raise ConditionError(f"unexpected text '{rest[position:].strip()[:20]}'")
        found.append(match[0].strip())
        position = match.end()
    return found


_CROSS: Final[Mapping[str, Callable[[Sequence[bool]], bool]]] = {
    # The left side has one value, so "any" and "all" of it are the same.
    "ForAnyOfAnyValues": any,
    "ForAllOfAnyValues": any,
    "ForAnyOfAllValues": all,
    "ForAllOfAllValues": all,
}


class _Parser:
    def __init__(self, tokens: list[str]) -> None:
        self._tokens = tokens
        self._position = 0

    def whole(self) -> Condition:
        found = self._expression()
        if self._peek():
            raise ConditionError(f"unexpected '{self._peek()}' after the end of the condition")
        return found

    def _expression(self) -> Condition:
        """Read terms joined by the same operator; mixed ones need parentheses, according to Azure's page."""
        terms, joined = [self._term()], ""
        while word := {"&&": "AND", "||": "OR"}.get(self._peek(), self._peek()):
            if word not in ("AND", "OR"):
                break
            if joined and word != joined:
                raise ConditionError("AND and OR together need parentheses")
            joined = word
            self._next()
            terms.append(self._term())
        combine = any if joined == "OR" else all
        return lambda context: combine(term(context) for term in terms)

    def _term(self) -> Condition:
        word = self._next()
        if word in ("!", "NOT"):
            negated = self._term()
            return lambda context: not negated(context)
        if word == "(":
            inner = self._expression()
            self._expect(")")
            return inner
        if word == "ActionMatches":
            pattern = self._in_braces()
            return lambda context: action_matches(pattern, context.action)
        if word == "SubOperationMatches":
            wanted = self._in_braces()
            return lambda context: context.suboperation == wanted
        if word.startswith("@"):
            return self._comparison(word)
        raise _unknown(word, "a comparison, ActionMatches, '!' or '('")

    def _comparison(self, word: str) -> Condition:
        source, _, name = word[1:-1].partition("[")
        attribute = ATTRIBUTES.get(name)
        if attribute is None or source not in attribute.sources:
            if source in ("Request", "Resource", "Environment", "Principal") and name:
                raise NotModelledError(f"conditions on '{word}'")
            raise ConditionError(f"'{word}' is not an attribute")
        cross, _, operator = self._next().rpartition(":")
        compare = attribute.operators.get(operator)
        if compare is None or (cross and cross not in _CROSS):
            allowed = ", ".join(attribute.operators)
            raise _unknown(f"{cross}:{operator}" if cross else operator, f"{attribute.name} has {allowed}")
        value = self._guid if operator.startswith("Guid") else self._text
        if cross:
            values, combine = self._list(value), _CROSS[cross]
        else:
            values, combine = [value()], any

        def holds(context: Context) -> bool:
            given = (context.request if source == "Request" else context.resource).get(attribute.name)
            return given is not None and combine([compare(given, each) for each in values])

        return holds

    def _in_braces(self) -> str:
        self._expect("{")
        word = self._text()
        self._expect("}")
        return word

    def _list(self, value: Callable[[], str]) -> list[str]:
        self._expect("{")
        values = [value()]
        while self._peek() == ",":
            self._next()
            values.append(value())
        self._expect("}")
        return values

    def _guid(self) -> str:
        word = self._next()
        if not _GUID.fullmatch(word):
            raise ConditionError(f"'{word}' is not a GUID")
        return word

    def _text(self) -> str:
        word = self._next()
        if not word.startswith("'"):
            raise ConditionError(f"'{word}' is not a text in single quotes")
        return word[1:-1]

    def _peek(self) -> str:
        return self._tokens[self._position] if self._position < len(self._tokens) else ""

    def _next(self) -> str:
        word = self._peek()
        if not word:
            raise ConditionError("the condition ends too early")
        self._position += 1
        return word

    def _expect(self, sign: str) -> None:
        word = self._next()
        if word != sign:
            raise ConditionError(f"found '{word}' where '{sign}' is needed")


def _unknown(word: str, wanted: str) -> ValueError:
    if _ELSEWHERE.fullmatch(word):
        return NotModelledError(f"'{word}' in a condition ({wanted})")
    return ConditionError(f"'{word}' is unknown: {wanted}")
