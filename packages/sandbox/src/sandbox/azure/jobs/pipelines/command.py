"""The command line of a step, with its inputs and outputs filled in.

https://learn.microsoft.com/azure/machine-learning/reference-yaml-component-command#command
"""

import re
from collections.abc import Mapping

_EXPRESSION = re.compile(r"\$\{\{\s*(inputs|outputs)\.([^}\s]+)\s*\}\}")
_OPTIONAL = re.compile(r"\$\[\[(.*?)\]\]", re.DOTALL)


def filled(command: str, inputs: Mapping[str, str], outputs: Mapping[str, str]) -> str:
    """Return the command; an optional part, ``$[[...]]``, is dropped if an input in it has no value.

    Raises:
        KeyError: an input or output that is not optional has no value; its text names it as the command does.
    """
    known = {("inputs", name): text for name, text in inputs.items()}
    known |= {("outputs", name): text for name, text in outputs.items()}

    def value(match: re.Match[str]) -> str:
        key = match[1], match[2]
        if key not in known:
            raise KeyError(f"{match[1]}.{match[2]}")
        return known[key]

    def part(match: re.Match[str]) -> str:
        is_given = all((each[1], each[2]) in known for each in _EXPRESSION.finditer(match[1]))
        return match[1] if is_given else ""

    return _EXPRESSION.sub(value, _OPTIONAL.sub(part, command))
