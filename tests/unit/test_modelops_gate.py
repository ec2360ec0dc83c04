"""The gate: requests in flight finish, no other begins."""

import threading

import pytest

from modelops.errors import Stopped
from modelops.release.gate import Gate


def test_nothing_begins_after_it_closed() -> None:
    gate = Gate()
    gate.begin("GET", "https://a")
    gate.close()
    assert gate.is_closed
    with pytest.raises(Stopped):
        gate.begin("PUT", "https://a")


def test_the_requests_of_a_thread_can_be_exempt() -> None:
    gate = Gate()
    gate.close()
    with gate.exempt():
        gate.begin("POST", "https://a")
        assert not gate.wait_until_idle(0)
        gate.end()
    with pytest.raises(Stopped):
        gate.begin("POST", "https://a")


def test_it_is_idle_when_the_last_request_is_answered() -> None:
    gate = Gate()
    gate.begin("PUT", "https://a")
    gate.close()
    assert not gate.wait_until_idle(0)
    waiting = threading.Thread(target=gate.wait_until_idle)
    waiting.start()
    gate.end()
    waiting.join(timeout=10)
    assert not waiting.is_alive()


def test_every_request_is_told_before_it_goes_out() -> None:
    gate = Gate()
    told: list[tuple[str, str]] = []
    gate.on_request = lambda method, url: told.append((method, url))
    gate.begin("PUT", "https://a")
    gate.close()
    with pytest.raises(Stopped):
        gate.begin("PUT", "https://b")
    assert told == [("PUT", "https://a")]


def test_a_wait_ends_when_the_gate_closes() -> None:
    gate = Gate()
    ended: list[bool] = []

    def wait() -> None:
        with pytest.raises(Stopped):
            gate.sleep(60)
        ended.append(True)

    waiting = threading.Thread(target=wait)
    waiting.start()
    gate.close()
    waiting.join(timeout=10)
    assert ended == [True]


def test_stopped_is_not_an_error_that_the_sdk_would_catch_and_repeat() -> None:
    assert not issubclass(Stopped, Exception)
