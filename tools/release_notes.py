"""Print what CHANGELOG.md says about one version: the text of its release.

    python3 -m tools.release_notes v0.2.0

Needs nothing but Python. The version, with or without `v`, has to be the one in pyproject.toml, so that a tag on the
wrong commit is noticed before anything is published.
"""

import re
import sys
import tomllib
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
_HEADING = re.compile(r"^## (?P<version>\S+)(?: \((?P<date>\d{4}-\d{2}-\d{2})\))?$", re.MULTILINE)
_CONTINUED = re.compile(r"(?<=\S)\n(?![\n#]|- ) *")


class ReleaseNotesError(Exception):
    """There are no notes for a version; the text gives the reason and what to do."""


def version(repository: Path = REPOSITORY) -> str:
    """Return the version of this repository: pyproject.toml has it."""
    project = tomllib.loads((repository / "pyproject.toml").read_text(encoding="utf-8"))
    return str(project["project"]["version"])


def sections(changelog: str) -> dict[str, str]:
    """Return what a changelog says about each version, without the headings, newest first.

    A paragraph is one line: GitHub shows the line breaks of a release's text.
    """
    parts = _HEADING.split(changelog)
    return {name: _CONTINUED.sub(" ", text.strip()) for name, text in zip(parts[1::3], parts[3::3], strict=True)}


def notes(tag: str, repository: Path = REPOSITORY) -> str:
    """Return what CHANGELOG.md says about the version of a tag, which may begin with `v`.

    Raises:
        ReleaseNotesError: the version is not the repository's, or CHANGELOG.md has nothing about it.
    """
    wanted, current = tag.removeprefix("v"), version(repository)
    if wanted != current:
        raise ReleaseNotesError(
            f"The tag {tag} is not this commit's version: pyproject.toml says {current}. Nothing was published. "
            f"Remove the tag (git push --delete origin {tag}), and tag a commit with that version, or change it."
        )
    found = sections((repository / "CHANGELOG.md").read_text(encoding="utf-8")).get(wanted, "")
    if not found:
        raise ReleaseNotesError(
            f"CHANGELOG.md has nothing about {wanted}. Allowed: a heading `## {wanted} (YYYY-MM-DD)` with text below "
            "it. Nothing was published. Rename the heading `## Unreleased`, and tag that commit."
        )
    return found


def main(arguments: list[str]) -> int:
    """Print the notes of one version; return the exit code."""
    if len(arguments) > 1:
        sys.stderr.write("Give one version, for example v0.2.0; without one, it is the version in pyproject.toml.\n")
        return 2
    try:
        sys.stdout.write(f"{notes(arguments[0] if arguments else version())}\n")
    except ReleaseNotesError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
