"""The table of an outlook as lines."""

import pytest

from modelops.release.rows import Row, lines, money, size

ROWS = [
    Row("default", "mlp-9023e79d", "-> mlp-4f24f8dd"),
    Row(
        "create revision",
        "mlp-4f24f8dd",
        "miniBatchSize 10 -> 20, code changed, image azureml/openmpi:1 -> azureml/openmpi:2",
    ),
    Row("update endpoint", "", "tags"),
    Row("archive model", "digits-mlp:1"),
]


def test_columns_that_go_on_below_themselves() -> None:
    assert lines(ROWS) == [
        "default          mlp-9023e79d  -> mlp-4f24f8dd",
        "create revision  mlp-4f24f8dd  miniBatchSize 10 -> 20, code changed,",
        "                               image azureml/openmpi:1 -> azureml/openmpi:2",
        "update endpoint                tags",
        "archive model    digits-mlp:1",
    ]
    assert max(map(len, lines(ROWS))) <= 76
    assert lines(ROWS, 200)[1].split(", ") == [
        "create revision  mlp-4f24f8dd  miniBatchSize 10 -> 20",
        "code changed",
        "image azureml/openmpi:1 -> azureml/openmpi:2",
    ]
    assert lines([]) == []


def test_names_are_never_broken() -> None:
    row = Row("try out", "a" * 40, f"on {'folder/' * 10}, at most 80 min")
    assert lines([row]) == [
        f"try out  {'a' * 40}  on",
        f"{'':51}{'folder/' * 10},",
        f"{'':51}at most 80 min",
    ]


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (0, "0 bytes"),
        (1023, "1023 bytes"),
        (1024, "1.0 KiB"),
        (3 << 19, "1.5 MiB"),
        (5 << 30, "5.0 GiB"),
        (5 << 40, "5120.0 GiB"),
    ],
)
def test_sizes(count: int, said: str) -> None:
    assert size(count) == said


def test_money() -> None:
    assert (money(0.754, "EUR"), money(12, "")) == ("0.75 EUR", "12.00")
