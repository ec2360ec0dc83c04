"""`jobs`: what became of a job, against the sandbox; the job itself is started with `invoke --no-wait`."""

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.modelops.conftest import Bench, in_one_profile
from tests.modelops.test_modelops_commands import release_script, run
from tests.modelops.workers import REPOSITORY

# The SDK uses what the libraries below it have deprecated.
pytestmark = [pytest.mark.filterwarnings("ignore::DeprecationWarning"), in_one_profile]


def _started(bench: Bench, data: Path, *options: str) -> str:
    code, output, errors = run(bench, "invoke", "--input", str(data), "--no-wait", *options)
    assert (code, errors) == (0, "")
    return output.split()[1]


def _checked(name: str, output: str) -> Any:
    """Return JSON that fits its schema."""
    document = json.loads(output)
    jsonschema.validate(document, json.loads((REPOSITORY / "docs" / "schemas" / name).read_text(encoding="utf-8")))
    return document


def _words(bench: Bench) -> tuple[str, ...]:
    """Return the options that name the workspace without a stack."""
    place = bench.place
    names = (place.sandbox.subscription, "modelops", place.workspace)
    return tuple(
        word
        for pair in zip(("--subscription", "--resource-group", "--workspace"), names, strict=True)
        for word in pair
    )
