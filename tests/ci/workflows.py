"""The workflows as data: jobs, steps and what they run."""

import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import yaml

REPOSITORY = Path(__file__).resolve().parents[2]
FOLDER = REPOSITORY / ".github" / "workflows"
FILES = sorted(FOLDER.glob("*.yml"))
PYTHON = ".venv/bin/python"


class Step(NamedTuple):
    """One step, with its workflow's file and its job."""

    file: str
    job: str
    content: dict[str, Any]

    @property
    def name(self) -> str:
        """How a test names it."""
        return f"{self.file}:{self.job}:{self.content.get('uses') or self.content.get('run')}"


def read(name: str) -> dict[Any, Any]:
    """Return a workflow; its key `on` is read as True, as YAML 1.1 has it."""
    content = yaml.safe_load((FOLDER / name).read_text(encoding="utf-8"))
    assert isinstance(content, dict)
    return content


def jobs() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield each job with its workflow's file and its name."""
    for file in FILES:
        for name, job in read(file.name)["jobs"].items():
            yield file.name, name, job


def steps() -> Iterator[Step]:
    """Yield the steps of all jobs."""
    for file, name, job in jobs():
        yield from (Step(file, name, each) for each in job["steps"])


def commands() -> dict[str, list[str]]:
    """Return the words of each `python -m ci` that a step runs, by the step's name."""
    found = {}
    for step in steps():
        words = shlex.split(step.content.get("run", ""))
        if words[:3] == [PYTHON, "-m", "ci"]:
            found[step.name] = words[3:]
    return found
