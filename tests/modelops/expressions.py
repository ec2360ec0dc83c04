"""The expressions of Data Factory and Logic Apps, as far as the printed callers use them.

https://learn.microsoft.com/azure/data-factory/control-flow-expression-language-functions. It does not prove what Azure
makes of an expression.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

Functions = Mapping[str, Callable[..., Any]]

_TOKEN = re.compile(r"\s*('(?:[^']|'')*'|[A-Za-z_][A-Za-z_0-9]*|[()\[\],.])")

COMMON: Functions = {
    "concat": lambda *parts: "".join(map(str, parts)),
    "contains": lambda found, each: each in found,
    "createArray": lambda *each: list(each),
    "empty": lambda each: not each,
    "equals": lambda left, right: left == right,
    "if": lambda test, yes, no: yes if test else no,
}


def evaluated(value: Any, functions: Functions) -> Any:
    """Evaluate a value of a definition: `@expression`, a text with `@{expression}` in it, or what has such within."""
    if isinstance(value, dict) and value.get("type") == "Expression":
        return evaluated(value["value"], functions)
    if isinstance(value, dict):
        return {key: evaluated(each, functions) for key, each in value.items()}
    if isinstance(value, list):
        return [evaluated(each, functions) for each in value]
    if not isinstance(value, str):
        return value
    if value.startswith("@") and not value.startswith("@{"):
        return _Reader(value[1:], functions).whole()
    return re.sub(r"@\{([^}]*)\}", lambda found: str(_Reader(found[1], functions).whole()), value)


class _Reader:
    """Reads one expression: a text, or a function call with members of its result."""

    def __init__(self, text: str, functions: Functions) -> None:
        self._tokens = list(_tokens(text))
        self._functions = functions

    def whole(self) -> Any:
        """Return the value of all tokens."""
        value = self._value()
        assert self._tokens == [], f"unread: {self._tokens}"
        return value

    def _value(self) -> Any:
        token = self._tokens.pop(0)
        if token.startswith("'"):
            return token[1:-1].replace("''", "'")
        self._expect("(")
        arguments = []
        while self._tokens[0] != ")":
            arguments.append(self._value())
            if self._tokens[0] == ",":
                self._tokens.pop(0)
        self._expect(")")
        value = self._functions[token](*arguments)
        while self._tokens and self._tokens[0] in ("[", "."):
            if self._tokens.pop(0) == ".":
                value = value[self._tokens.pop(0)]
            else:
                value = value[self._value()]
                self._expect("]")
        return value

    def _expect(self, token: str) -> None:
        assert self._tokens.pop(0) == token


def _tokens(text: str) -> Iterator[str]:
    at = 0
    while at < len(text):
        found = _TOKEN.match(text, at)
        assert found is not None, f"not understood: {text[at:]}"
        yield found[1]
        at = found.end()
