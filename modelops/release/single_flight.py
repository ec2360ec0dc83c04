"""Work that several releases of one process need at the same time, done once: an upload, a job of what serves."""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import wait as wait_for
from typing import Final, Generic, TypeVar

from modelops.errors import PlanError, Stopped

_T = TypeVar("_T")

_LOOK_SECONDS: Final = 1.0
"""Pause between two looks whether the one who waits was told to stop."""


class SingleFlight(Generic[_T]):
    """Knows what is being done, by a key that says what it is."""

    def __init__(self) -> None:
        self._noting = threading.Lock()
        self._flights: dict[str, Future[_T]] = {}

    def share(self, key: str, do: Callable[[], _T], wait: Callable[[float], None]) -> tuple[_T, bool]:
        """Return the result of `do`, or of a call with the same key that runs already; and whether it was this `do`.

        A failure is shared like a result, but `do` is called after all if the other one was told to stop, or its own
        files have changed.

        Args:
            key: what is done.
            do: does it.
            wait: see `Context.wait`.

        Raises:
            Stopped: this release was told to stop.
        """
        while True:
            flight, is_own = self._flight(key)
            if is_own:
                return self._own(key, flight, do), True
            _wait(flight, wait)
            if not isinstance(flight.exception(), PlanError | Stopped):
                return flight.result(), False

    def after_first(self, key: str, do: Callable[[], _T], wait: Callable[[float], None]) -> _T:
        """Return the result of `do`, which is not called while a first call with the same key runs.

        Once that one has succeeded, the others run at the same time; if it failed, one of them is the first.

        Raises:
            Stopped: this release was told to stop.
        """
        while True:
            flight, is_own = self._flight(key)
            if is_own:
                return self._own(key, flight, do)
            _wait(flight, wait)
            if flight.exception() is None:
                return do()

    def _flight(self, key: str) -> tuple["Future[_T]", bool]:
        """Return the call with this key that runs; a new one, and True, without one."""
        with self._noting:
            if key in self._flights:
                return self._flights[key], False
            return self._flights.setdefault(key, Future()), True

    def _own(self, key: str, flight: "Future[_T]", do: Callable[[], _T]) -> _T:
        try:
            result = do()
        except BaseException as error:
            del self._flights[key]
            flight.set_exception(error)
            raise
        del self._flights[key]
        flight.set_result(result)
        return result


def _wait(flight: "Future[_T]", wait: Callable[[float], None]) -> None:
    while not flight.done():
        wait(0)
        wait_for([flight], _LOOK_SECONDS)
