"""What is certain to be wrong with a conda file, read from its text.

Whether its packages exist is known only when the environment is built.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

import yaml

from modelops.plan import documents

AZURES_OWN: Final = ("azureml-core", "azureml-dataset-runtime")
"""What the service's driver imports beside a scoring script
(https://learn.microsoft.com/azure/machine-learning/how-to-use-batch-model-deployments)."""

_NAME: Final = re.compile(r"^(?:[^\s:]+::)?([A-Za-z0-9][\w.-]*)")


def problem(content: bytes) -> str | None:
    """Return what is wrong with a conda file, or None: a phrase that continues "the file ...".

    Args:
        content: The file's bytes.
    """
    dependencies = _dependencies(content)
    return dependencies if isinstance(dependencies, str) else next(filter(None, map(_wrong, dependencies)), None)


def missing_for_azure(content: bytes) -> list[str]:
    """Return which packages of the service's driver a conda file does not list; none for a file with a `problem`."""
    dependencies = _dependencies(content)
    if isinstance(dependencies, str) or any(map(_wrong, dependencies)):
        return []
    lines = [each for each in dependencies if isinstance(each, str)]
    lines += [line for each in dependencies if isinstance(each, Mapping) for line in each["pip"]]
    names = {re.sub(r"[-_.]+", "-", found[1]).lower() for line in lines if (found := _NAME.match(line.strip()))}
    return [each for each in AZURES_OWN if each not in names]


def _dependencies(content: bytes) -> list[Any] | str:
    """Return the entries of the list of dependencies, or what is wrong with the file as a whole."""
    try:
        data = documents.yaml_data(content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        return f"is not UTF-8 (line {line}); save it as UTF-8"
    except documents.LimitError as error:
        return str(error.problem)
    except yaml.YAMLError as error:
        return f"is not YAML: {_where(error)}"
    if not isinstance(data, Mapping):
        return "is not a conda file: allowed is a mapping with name, channels and dependencies"
    dependencies = data.get("dependencies")
    if not isinstance(dependencies, list) or not dependencies:
        return "has no dependencies: allowed is a list such as [python=3.10, pip, {pip: [pandas==2.2.3]}]"
    return dependencies


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
