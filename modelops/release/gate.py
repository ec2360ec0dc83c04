"""The gate for the HTTP requests of a release: once it is closed, no request starts but the release's last words.

One place for all of them. The SDK creates a dozen service clients, and storage clients without any options; these, the
login and the parallel uploads of blobs all use the adapter of `requests`. So the gates are there, in a process that
only does releases. Several releases may run in one process, each with its gate: a context variable says whose
request it is, and threads inherit it from those that start them.
"""

import threading
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Final

from modelops import rehearsal
from modelops.errors import Stopped
from modelops.release import threads
from modelops.release.pace import Pace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_current: Final = ContextVar["Gate"]("current gate")
_exempt: Final = ContextVar("exempt from the gate", default=False)


class Gate:
    """Counts the requests in flight, and lets no new one through after `close`."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._in_flight = 0
        self._closed = False
        self.on_request: Callable[[str, str], object] = lambda _method, _url: None
        """Called with method and URL immediately before a request goes out, while the gate cannot close."""
        self.on_answer: Callable[[str, str, int], object] = lambda _method, _url, _status: None
        """Called with method, URL and status when a request is answered, and still counts as in flight."""

    @property
    def is_closed(self) -> bool:
        """Whether `close` was called."""
        return self._closed

    def close(self) -> None:
        """Let no new request through; those in flight continue."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def wait_until_idle(self, seconds: float | None = None) -> bool:
        """Wait for the requests in flight; False if some are left after `seconds`."""
        with self._changed:
            return self._changed.wait_for(lambda: self._in_flight == 0, seconds)

    @contextmanager
    def guarding(self) -> "Iterator[None]":
        """Send the requests of the code inside through this gate, and those of the threads that it starts."""
        before = _current.set(self)
        try:
            yield
        finally:
            _current.reset(before)

    @contextmanager
    def exempt(self) -> "Iterator[None]":
        """Do the same, but let the requests through also once the gate is closed."""
        before = _exempt.set(True)
        try:
            with self.guarding():
                yield
        finally:
            _exempt.reset(before)

    def sleep(self, seconds: float) -> None:
        """Wait, but only until the gate closes.

        Raises:
            Stopped: the gate is closed.
        """
        with self._changed:
            if self._changed.wait_for(lambda: self._closed, seconds):
                raise Stopped

    def pause(self, seconds: float) -> None:
        """Wait as `sleep` does; what is `exempt` does not wait."""
        if not _exempt.get():
            self.sleep(seconds)

    def begin(self, method: str, url: str) -> None:
        """Count a new request.

        Raises:
            Stopped: the gate is closed; the request must not go out.
        """
        with self._changed:
            if self._closed and not _exempt.get():
                raise Stopped
            self.on_request(method, url)
            self._in_flight += 1

    def end(self) -> None:
        """Count an answered or failed request."""
        with self._changed:
            self._in_flight -= 1
            self._changed.notify_all()

    def install(self) -> None:
        """Put gates in front of every request that this process makes with `requests`, until it ends.

        A request passes the gate that is `guarding` where it is made; this one, if none is. All of them together keep
        to the pace of the service; a rehearsal's time may be scaled, so it has none.
        """
        from requests.adapters import HTTPAdapter  # noqa: PLC0415 - costs 0.1 s, and only releases need it

        threads.inherit_context()
        send = HTTPAdapter.send
        pace = None if rehearsal.is_here() else Pace()

        def gated(adapter: HTTPAdapter, request: Any, *args: Any, **kwargs: Any) -> Any:
            gate = _current.get(self)
            if pace and (seconds := pace.seconds(str(request.method), str(request.url))):
                gate.pause(seconds)
            gate.begin(str(request.method), str(request.url))
            try:
                answer = send(adapter, request, *args, **kwargs)
                gate.on_answer(str(request.method), str(request.url), answer.status_code)
                return answer
            finally:
                gate.end()

        HTTPAdapter.send = gated  # type: ignore[assignment,method-assign]
