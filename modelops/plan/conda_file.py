"""What is certain to be wrong with a conda file, read from its text.

Whether its packages exist is known only when the environment is built.
"""

from collections.abc import Mapping
from typing import Any

import yaml


def problem(content: bytes) -> str | None:
    """Return what is wrong with a conda file, or None: a phrase that continues "the file ...".

    Args:
        content: The file's bytes.
    """
    try:
        data = yaml.safe_load(content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        return f"is not UTF-8 (line {line}); save it as UTF-8"
    except yaml.YAMLError as error:
        return f"is not YAML: {_where(error)}"
    if not isinstance(data, Mapping):
        return "is not a conda file: allowed is a mapping with name, channels and dependencies"
    dependencies = data.get("dependencies")
    if not isinstance(dependencies, list) or not dependencies:
        return "has no dependencies: allowed is a list such as [python=3.10, pip, {pip: [pandas==2.2.3]}]"
    return next(filter(None, map(_wrong, dependencies)), None)


def _wrong(entry: Any) -> str | None:
    if isinstance(entry, str) and entry.strip():
        return None
    if not isinstance(entry, Mapping) or list(entry) != ["pip"]:
        return f"has the dependency {entry!r}: allowed are a package (a text) and one mapping with the key pip"
    packages = entry["pip"]
    if not isinstance(packages, list) or not packages:
        return f"has {packages!r} for pip: allowed is a list of requirements"
    wrong = [each for each in packages if not isinstance(each, str)]
    return f"has the pip requirement {wrong[0]!r}: allowed is a text, such as pandas==2.2.3" if wrong else None


def _where(error: yaml.YAMLError) -> str:
    mark, what = getattr(error, "problem_mark", None), getattr(error, "problem", None)
    return f"line {mark.line + 1}: {what}" if mark is not None else str(error).splitlines()[0]
