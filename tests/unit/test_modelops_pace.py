"""How fast a process asks Azure Resource Manager."""

import pytest

from modelops.release.pace import Bucket, Pace

ARM = "https://management.azure.com/subscriptions/a"


def test_a_full_bucket_lets_its_size_through_at_once_and_then_so_many_in_a_second() -> None:
    now = 100.0
    bucket = Bucket(3, 2, lambda: now)
    assert [bucket.take() for _ in range(5)] == [0.0, 0.0, 0.0, 0.5, 1.0]
    now += 2.0  # the two that waited are sent, and two more are free
    assert [bucket.take() for _ in range(3)] == [0.0, 0.0, 0.5]


def test_a_bucket_holds_no_more_than_its_size() -> None:
    now = 100.0
    bucket = Bucket(1, 2, lambda: now)
    now += 3600.0
    assert [bucket.take() for _ in range(2)] == [0.0, 0.5]


@pytest.mark.parametrize(
    ("method", "at_once"), [("GET", 200), ("HEAD", 200), ("PUT", 160), ("POST", 160), ("DELETE", 160)]
)
def test_each_kind_of_request_has_its_bucket(method: str, at_once: int) -> None:
    pace = Pace()
    assert [pace.seconds(method, ARM) for _ in range(at_once)] == [0.0] * at_once
    assert pace.seconds(method, ARM) > 0.0
    assert pace.seconds({"GET": "PUT", "HEAD": "PUT"}.get(method, "GET"), ARM) == 0.0


def test_other_hosts_are_asked_as_fast_as_wanted() -> None:
    pace = Pace()
    assert {pace.seconds("PUT", "https://store.blob.core.windows.net/c/b") for _ in range(300)} == {0.0}
