"""Run checkov on a folder of templates, without network access, and return its results."""

import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from toolchain import scanner

_NOWHERE = "http://127.0.0.1:9"
"""A proxy that refuses connections: no request of checkov leaves the machine."""
_FOUND_FAILURES = 1


class ScanError(Exception):
    """checkov failed; the text says why."""


@dataclass(frozen=True, slots=True)
class Result:
    """The result of a check for one resource (``type.name``, as checkov writes it)."""

    check: str
    resource: str
    passed: bool


def scan(folder: Path) -> dict[str, list[Result]]:
    """Return the results for every template (``*.json``) of a folder, by file name; [] if nothing was evaluated.

    No check is skipped: the gate applies the waivers, so that it sees everything that was evaluated.

    Raises:
        ScanError: checkov failed, could not read a template, or skipped a check.
        SetupError: checkov cannot be installed.
    """
    command = [str(scanner.ensure()), "--directory", str(folder), "--framework", "arm", "--output", "json"]
    environment = {name: value for name, value in os.environ.items() if not name.upper().startswith(("CKV_", "BC_"))}
    environment |= {"CKV_SKIP_PACKAGE_UPDATE_CHECK": "true", "LOG_LEVEL": "ERROR"}
    environment |= dict.fromkeys(("HTTPS_PROXY", "HTTP_PROXY", "https_proxy", "http_proxy"), _NOWHERE)
    # In the folder: checkov reads configuration files from the working directory and from the home folder.
    environment["HOME"] = str(folder)
    ran = subprocess.run(
        [*command, "--skip-download"], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    try:
        report = json.loads(ran.stdout) if ran.returncode in (0, _FOUND_FAILURES) else None
    except ValueError:
        report = None
    if not isinstance(report, Mapping):
        raise ScanError(f"checkov ended with {ran.returncode}:\n{ran.stdout}{ran.stderr}".rstrip())
    results = {file.name: list[Result]() for file in sorted(folder.glob("*.json"))}
    for each in _records(report):
        results[Path(each["file_path"]).name].append(
            Result(each["check_id"], each["resource"], each["check_result"]["result"] == "PASSED")
        )
    return results


def _records(report: Mapping[str, Any]) -> list[dict[str, Any]]:
    found = report.get("results") or {}  # a folder without anything to evaluate has none
    if found.get("parsing_errors") or found.get("skipped_checks"):
        unread = found.get("parsing_errors") or [each["check_id"] for each in found["skipped_checks"]]
        raise ScanError(f"checkov did not evaluate everything: {unread}")
    return [*found.get("passed_checks", []), *found.get("failed_checks", [])]
