"""Placeholders of templates and scripts, which azure-ai-ml takes for plain names."""

import re
from typing import Final

_ANYWHERE: Final = re.compile(r"\$\{\{.*?}}|\{\{.*?}}|\$\{[^{}]*}|\$\([^()]*\)")
"""`${{ X }}` (GitHub, Azure ML's pipelines), `{{ X }}` (Jinja), `${X}` (shell) and `$(X)` (Azure Pipelines)."""

_WHOLE: Final = re.compile(r"\$[A-Za-z_]\w*|<[^<>]+>")
"""`$X` (envsubst) and `<x>` (documentation), in a text that may contain both for other reasons."""

_IN_A_NAME: Final = re.compile(rf"{_ANYWHERE.pattern}|{_WHOLE.pattern}")


def in_name(text: str) -> str | None:
    """Return the first placeholder in a name, path or reference, where `$` and `<` have no other meaning."""
    found = _IN_A_NAME.search(text)
    return found.group() if found else None


def in_text(text: str) -> str | None:
    """Return the first placeholder in a text of any content, such as a tag or the value of a variable."""
    found = _ANYWHERE.search(text) or _WHOLE.fullmatch(text.strip())
    return found.group() if found else None
