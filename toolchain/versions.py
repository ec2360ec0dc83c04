"""Versions: the version of a program, and whether it satisfies a range in Pulumi.yaml's syntax."""

import operator
import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

Version = tuple[int, int, int]

_COMPARE: dict[str, Callable[[Version, Version], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
    "=": operator.eq,
    "==": operator.eq,
    "": operator.eq,
    "!": operator.ne,
    "!=": operator.ne,
}


def parse(text: str) -> Version | None:
    """Return the first `major.minor[.patch]` in `text`."""
    found = re.search(r"(\d+)\.(\d+)(?:\.(\d+))?", text)
    return (int(found[1]), int(found[2]), int(found[3] or 0)) if found else None


def satisfies(version: str, wanted: str) -> bool:
    """Say whether `version` is in a range: comparisons joined by spaces (and), groups of them by `||` (or).

    The grammar is that of https://pkg.go.dev/github.com/blang/semver#ParseRange. A text that is not a version satisfies
    nothing; an invalid comparison is not satisfied.
    """
    found = parse(version)
    return found is not None and any(_all(found, group) for group in wanted.split("||"))


def _all(version: Version, group: str) -> bool:
    terms = re.findall(r"([<>=!]*)\s*v?([\d.x*]+)", group)
    return bool(terms) and all(_one(version, sign, number) for sign, number in terms)


def _one(version: Version, sign: str, number: str) -> bool:
    limit = parse(number)
    return limit is not None and sign in _COMPARE and _COMPARE[sign](version, limit)


def version_of(pulumi: str | Path) -> str:
    """Return the version that a Pulumi CLI prints, without `v`; empty if it does not run."""
    environment = {**os.environ, "PULUMI_SKIP_UPDATE_CHECK": "true"}
    try:
        ran = subprocess.run(
            [str(pulumi), "version"], capture_output=True, text=True, check=False, env=environment, timeout=60
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return ran.stdout.strip().removeprefix("v") if ran.returncode == 0 else ""
