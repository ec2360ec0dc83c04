"""Version ranges, as Pulumi.yaml writes them."""

from pathlib import Path

import pytest

from toolchain.versions import parse, satisfies, version_of


@pytest.mark.parametrize(
    ("version", "wanted", "expected"),
    [
        ("3.259.0", ">=3.238.0", True),
        ("v3.259.0", ">=3.238.0", True),
        ("3.238.0", ">=3.238.0", True),
        ("3.237.9", ">=3.238.0", False),
        ("4.0.0", ">=3.238.0 <4.0.0", False),
        ("3.300.1", ">=3.238.0 <4.0.0", True),
        ("3.259.0", "3.259.0", True),
        ("3.259.1", "=3.259.0", False),
        ("3.260.0", ">=3.238.0 !3.260.0", False),
        ("2.0.0", "<2.1.0 || >3.0.0", True),
        ("2.5.0", "<2.1.0 || >3.0.0", False),
        ("3.10.0", ">3.9.0", True),
        ("", ">=3.238.0", False),
        ("no version", ">=3.238.0", False),
        ("3.259.0", "", False),
        ("3.259.0", "latest", False),
    ],
)
def test_ranges(version: str, wanted: str, *, expected: bool) -> None:
    assert satisfies(version, wanted) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [("go1.26.8", (1, 26, 8)), ("go1.25", (1, 25, 0)), ("v3.259.0-alpha.1", (3, 259, 0)), ("devel", None)],
)
def test_reads_the_first_version(text: str, expected: tuple[int, int, int] | None) -> None:
    assert parse(text) == expected


def test_a_program_that_does_not_run_has_no_version(tmp_path: Path) -> None:
    assert version_of(tmp_path / "nothing") == ""
    broken = tmp_path / "pulumi"
    broken.write_text("#!/bin/sh\necho v9.9.9\nexit 1\n")
    broken.chmod(0o755)
    assert version_of(broken) == ""
    broken.write_text("#!/bin/sh\necho v9.9.9\n")
    assert version_of(broken) == "9.9.9"
