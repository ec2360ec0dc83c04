"""Benchmarks compute ratios pair by pair. Does not run one: times are never asserted."""

import pytest

from tools.bench.measure import Row, Spread, paired, table
from tools.bench.memory import role_of


def test_ratios_are_taken_pair_by_pair() -> None:
    ours = iter([9.0, 2.0, 4.0, 9.0])
    other = iter([1.0, 1.0, 4.0, 3.0])
    row = paired("x", lambda: next(ours), lambda: next(other), runs=3, aim="at most 2")
    assert row == Row("x", "4.00 (2.00 to 9.00)", "3.00 (1.00 to 4.00)", "2.00 (1.00 to 3.00)", "at most 2")


def test_the_table_is_markdown() -> None:
    assert table([Row("a", "1", "2", "0.5", "1")]).splitlines() == [
        "| what | ours, s | the other way, s | ratio | aim |",
        "| ---- | ------- | ---------------- | ----- | --- |",
        "| a    | 1       | 2                | 0.5   | 1   |",
    ]


def test_a_spread_names_its_ends() -> None:
    assert Spread.of([3.0, 1.0, 2.0]).text(1) == "2.0 (1.0 to 3.0)"


@pytest.mark.parametrize(
    ("command", "role"),
    [
        ("python -m sandbox.server --home /h", "sandbox server"),
        ("python -m pulumi_standins.azure_native 127.0.0.1:1", "stand-in provider"),
        ("python -m modelops worker", "release worker"),
        ("python -u /r/packages/pulumi-standins/src/pulumi_standins/language_python/runner.py", "program"),
        ("python -u /usr/bin/pulumi-language-python-exec --monitor x", "program"),
        (
            "python -u -c from pulumi_standins.language_python.__main__ import main; main() /r 127.0.0.1:1",
            "language host",
        ),
        ("/usr/bin/pulumi-language-python 127.0.0.1:1", "language host"),
        ("/r/.venv/bin/pulumi up --yes", "pulumi engine"),
        ("sleep 1", None),
    ],
)
def test_every_process_of_an_up_has_its_role(command: str, role: str | None) -> None:
    assert role_of(command) == role
