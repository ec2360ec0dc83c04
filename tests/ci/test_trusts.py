"""The subject of each job that signs in to Azure is one that an identity trusts: `prerequisites` makes the identities.

Subjects by event: https://docs.github.com/actions/reference/security/oidc. It does not prove what GitHub sends.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from prerequisites.access import trusts
from prerequisites.access.setup import FILE, Setup, Trust, read
from tests.ci import workflows

NAME = "octo-org/Scoring"
INPUT = "${{ inputs.stack }}"


@pytest.fixture(name="setup")
def _setup(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Setup:
    """Return the choices of somebody who chooses nothing."""
    monkeypatch.chdir(tmp_path)
    given = {"repository": NAME, "location": "westeurope"}
    return read(FILE, given, {"AZURE_SUBSCRIPTION_ID": "11111111-1111-1111-1111-111111111111"})


def _signed_in() -> Iterator[tuple[str, Mapping[Any, Any], dict[str, Any]]]:
    """Yield the jobs that may ask for a token, with their workflows."""
    for file, name, job in workflows.jobs():
        if job["permissions"].get("id-token") == "write":
            yield f"{file}:{name}", workflows.read(file), job


def _environments(workflow: Mapping[Any, Any], job: dict[str, Any]) -> list[str]:
    named = job.get("environment", "")
    if named == INPUT:
        return list(workflow[True]["workflow_dispatch"]["inputs"]["stack"]["options"])
    assert "${{" not in named
    return [named]


def _subject(event: str, on: Mapping[str, Any], environment: str) -> str:
    if environment:
        return f"environment:{environment}"
    if event == "pull_request":
        return "pull_request"
    assert event in ("schedule", "workflow_dispatch") or on["push"] == {"branches": ["main"]}
    return "ref:refs/heads/main"


def _subjects() -> dict[str, set[tuple[str, str]]]:
    """Return the environment and the subject of each job's tokens, by the job."""
    return {
        name: {
            (environment, f"repo:{NAME}:{_subject(event, workflow[True], environment)}")
            for environment in _environments(workflow, job)
            for event in workflow[True]
        }
        for name, workflow, job in _signed_in()
    }


def _trusted(setup: Setup) -> dict[str, set[Trust]]:
    """Return what the identity trusts that the jobs of an environment use; the reader's is that of no environment."""
    deployers = {each: set(trusts.deployer(setup, each).values()) for each in setup.environments}
    return {"": set(trusts.reader(setup).values()), **deployers}


def test_each_job_that_signs_in_is_trusted(setup: Setup) -> None:
    found = _subjects()
    assert set(found) == {
        *("preview.yml:preview", "drift.yml:drift", "rollback.yml:rollback"),
        *("deploy.yml:dev", "deploy.yml:staging", "deploy.yml:prod"),
    }
    trusted = _trusted(setup)
    for name, subjects in found.items():
        for environment, subject in subjects:
            assert Trust(trusts.GITHUB, subject) in trusted[environment], name


def test_nobody_else_is_trusted(setup: Setup) -> None:
    used = {subject for subjects in _subjects().values() for _, subject in subjects}
    assert {each.subject for found in _trusted(setup).values() for each in found} == used
