"""The gate that every HTTP request of a release passes: once closed, no request begins.

One place for all of them. The SDK builds a dozen service clients, and storage clients that take no options at all;
they, the login and the uploads of many blobs at once have one thing in common, the adapter of `requests`. So the gate
sits there, in a process that does nothing but releases.
"""

import threading
from typing import TYPE_CHECKING, Any

from modelops.errors import Stopped

if TYPE_CHECKING:
    from collections.abc import Callable


class Gate:
    """Counts the requests in flight and lets no more begin after `close`."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._in_flight = 0
        self._closed = False
        self.on_request: Callable[[str, str], object] = lambda _method, _url: None
        """Called with method and URL immediately before a request goes out, while the gate cannot close."""

    @property
    def is_closed(self) -> bool:
        """Whether `close` was called."""
        return self._closed

    def close(self) -> None:
        """Let no further request begin; those in flight go on."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def wait_until_idle(self, seconds: float | None = None) -> bool:
        """Wait for the requests in flight; False if some are left after `seconds`."""
        with self._changed:
            return self._changed.wait_for(lambda: self._in_flight == 0, seconds)

    def sleep(self, seconds: float) -> None:
        """Wait, but no longer than until the gate closes.

        Raises:
            Stopped: the gate is closed.
        """
        with self._changed:
            if self._changed.wait_for(lambda: self._closed, seconds):
                raise Stopped

    def begin(self, method: str, url: str) -> None:
        """Count a request in.

        Raises:
            Stopped: the gate is closed; the request must not go out.
        """
        with self._changed:
            if self._closed:
                raise Stopped
            self.on_request(method, url)
            self._in_flight += 1

    def end(self) -> None:
        """Count a request out, answered or failed."""
        with self._changed:
            self._in_flight -= 1
            self._changed.notify_all()

    def install(self) -> None:
        """Put the gate before every request that this process makes with `requests`, for the rest of its life."""
        from requests.adapters import HTTPAdapter  # noqa: PLC0415 - costs 0.1 s, and only releases need it

        send = HTTPAdapter.send

        def gated(adapter: HTTPAdapter, request: Any, *args: Any, **kwargs: Any) -> Any:
            self.begin(str(request.method), str(request.url))
            try:
                return send(adapter, request, *args, **kwargs)
            finally:
                self.end()

        HTTPAdapter.send = gated  # type: ignore[assignment,method-assign]
