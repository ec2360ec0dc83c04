"""What a conda file asks for: a Python, and packages.

The service builds an environment from the text of the conda file alone (azure-ai-ml uploads nothing else), with conda
first and pip then. So a file that a pip line names is missing there: pip fails, and with it the image.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml
from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from sandbox import documents
from sandbox.azure.environments.failures import CannotProvide
from sandbox.azure.environments.match_specs import MatchSpec

AZURES_OWN = ("azureml-core", "azureml-dataset-runtime")
"""Packages that the service's driver imports beside the scoring script
(https://learn.microsoft.com/azure/machine-learning/how-to-use-batch-model-deployments)."""

_COMMENT = re.compile(r"(^|\s)#.*$")
_URL = re.compile(r"^(git|hg|svn|bzr)\+|^https?://", re.IGNORECASE)
_FILE = re.compile(r"^(\.{0,2}/|file:)|\.(whl|zip|tar\.gz)$", re.IGNORECASE)
_FILE_OPTIONS = frozenset({"-r", "--requirement", "-c", "--constraint", "-e", "--editable"})
_HASHES = re.compile(r"\s+--hash[=\s].*$")


@dataclass(frozen=True, slots=True)
class PipLine:
    """A line of the ``pip`` part; ``requirement`` is None for a bare address, whose name is unknown."""

    text: str
    requirement: Requirement | None

    @property
    def name(self) -> str:
        """The package's canonical name; "" if it is unknown."""
        return str(canonicalize_name(self.requirement.name)) if self.requirement else ""


@dataclass(frozen=True, slots=True)
class CondaFile:
    """A conda file that was read; ``options`` are pip's own lines, such as ``--extra-index-url``."""

    python: MatchSpec | None
    conda: tuple[MatchSpec, ...]
    pip: tuple[PipLine, ...]
    options: tuple[str, ...]

    @classmethod
    def read(cls, text: str) -> "CondaFile":
        """Read the text of a conda file.

        Raises:
            CannotProvide: it cannot be read, or Azure could not build an image from it; all lines are named.
        """
        conda_lines, pip_lines = _dependencies(text)
        conda, problems = [], []
        for line in conda_lines:
            try:
                conda.append(MatchSpec.parse(line))
            except ValueError as error:
                problems.append(f"{error}.")
        pip, options = [], []
        for line in filter(None, (_COMMENT.sub("", each).strip() for each in pip_lines)):
            if problem := _missing_file(line):
                problems.append(problem)
            elif line.startswith("-"):
                options.append(line)
            else:
                try:
                    pip.append(_pip_line(line))
                except InvalidRequirement:
                    problems.append(f"'{line}' is not a requirement that pip knows.")
        if problems:
            raise CannotProvide(problems)
        python = next((each for each in conda if each.name == "python"), None)
        return cls(python, tuple(each for each in conda if each.name != "python"), tuple(pip), tuple(options))

    @property
    def names(self) -> frozenset[str]:
        """The canonical names of everything it asks for."""
        return frozenset({each.name for each in self.conda} | {each.name for each in self.pip if each.name})

    @property
    def missing_for_azure(self) -> list[str]:
        """Which packages of the service's driver it does not list."""
        return [name for name in AZURES_OWN if name not in self.names]

    @property
    def packages(self) -> list[MatchSpec]:
        """The conda packages that are Python packages; pip's part wins where both name one, as pip runs last."""
        pip = {each.name for each in self.pip}
        return [each for each in self.conda if each.is_python_package and each.name not in pip]

    @property
    def loose(self) -> list[str]:
        """The conda lines whose versions pip cannot be told."""
        return [each.text for each in self.packages if each.is_loose]

    @property
    def left_out(self) -> list[str]:
        """The conda packages that a Python environment cannot hold, by their names."""
        return [each.name for each in self.conda if not each.is_python_package]

    @property
    def python_versions(self) -> SpecifierSet:
        """The versions of Python that it allows."""
        return self.python.versions if self.python else SpecifierSet()


def content_of(text: str) -> Any:
    """Return what a conda file says however it is spelled, to compare it; its text if it is not YAML."""
    try:
        return documents.data(text)
    except yaml.YAMLError:
        return text


def _dependencies(text: str) -> tuple[list[str], list[str]]:
    try:
        data: Any = documents.data(text)
    except yaml.YAMLError as error:
        raise CannotProvide([f"its conda file is not YAML ({' '.join(str(error).split())})."]) from None
    entries = data.get("dependencies") if isinstance(data, dict) else None
    if not isinstance(entries, list):
        raise CannotProvide(["its conda file has no list 'dependencies'."])
    conda = [entry for entry in entries if isinstance(entry, str)]
    return conda, [line for entry in entries if isinstance(entry, dict) for line in _pip_lines(entry)]


def _pip_lines(entry: dict[str, Any]) -> Iterator[str]:
    if set(entry) != {"pip"} or not isinstance(entry["pip"] or [], list):
        raise CannotProvide([f"its conda file has '{entry}' among the dependencies; allowed: names, and a list 'pip'."])
    yield from (str(line) for line in entry["pip"] or [])


def _missing_file(line: str) -> str | None:
    """Say that a line names a file, which the service does not have."""
    option = re.split(r"[\s=]", line)[0]
    names_file = option in _FILE_OPTIONS or re.match(r"^-[rc]\S", line)
    if names_file and not _URL.match(line.removeprefix(option).strip(" =")):
        return f"'{line}' names a file: Azure gets the conda file alone, so pip does not find it. List the packages."
    if not line.startswith("-") and _FILE.search(line) and not _URL.match(line) and " @ " not in line:
        return f"'{line}' is a file: Azure gets the conda file alone, so pip does not find it. Name a package."
    return None


def _pip_line(line: str) -> PipLine:
    if _URL.match(line):
        return PipLine(line, None)
    return PipLine(line, Requirement(_HASHES.sub("", line)))
