"""The gate: requests in flight finish, no other begins."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from requests import Request, Response
from requests.adapters import HTTPAdapter

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


def test_what_is_guarded_and_the_threads_that_it_starts_pass_their_own_gate(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    refused = Response()
    refused.status_code = 409
    monkeypatch.setattr(HTTPAdapter, "send", lambda *_arguments: refused)
    monkeypatch.setattr(threading.Thread, "start", threading.Thread.start)
    others, mine = Gate(), Gate()
    answered: list[tuple[str, str, int]] = []
    mine.on_answer = lambda method, url, status: answered.append((method, url, status))
    others.on_request = lambda _method, url: seen.append(f"others {url}")
    mine.on_request = lambda _method, url: seen.append(f"mine {url}")
    others.install()

    def ask(url: str) -> None:
        HTTPAdapter().send(Request("GET", url).prepare())

    def ask_later() -> None:
        assert waiting.wait(10)
        ask("https://c/")

    waiting = threading.Event()
    ask("https://a/")
    with mine.guarding():
        ask("https://b/")
        thread = threading.Thread(target=ask_later)
        thread.start()
        with ThreadPoolExecutor(1) as pool:
            pool.submit(ask, "https://d/").result()
    ask("https://e/")
    waiting.set()
    thread.join()
    assert seen == ["others https://a/", "mine https://b/", "mine https://d/", "others https://e/", "mine https://c/"]
    assert answered == [("GET", f"https://{each}/", 409) for each in "bdc"]


def test_a_closed_gate_stops_its_own_requests_only() -> None:
    closed, open_ = Gate(), Gate()
    closed.close()
    open_.begin("GET", "https://a")
    with pytest.raises(Stopped):
        closed.begin("GET", "https://a")


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


def test_a_request_that_waits_for_its_turn_ends_when_the_gate_closes_and_last_words_do_not_wait() -> None:
    gate = Gate()
    gate.close()
    with pytest.raises(Stopped):
        gate.pause(3600)
    with gate.exempt():
        gate.pause(3600)


def test_stopped_is_not_an_error_that_the_sdk_would_catch_and_repeat() -> None:
    assert not issubclass(Stopped, Exception)
