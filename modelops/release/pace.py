"""How fast a process asks Azure Resource Manager: no faster than it answers one principal in one subscription.

A release alone never comes near. A hundred that ask after their operations every few seconds would be refused (429)
more often than the SDK repeats a request, and would fail.
"""

import threading
import time
from collections.abc import Callable
from typing import Final
from urllib.parse import urlsplit

HOST: Final = "management.azure.com"


class Bucket:
    """So many requests at once, and then so many in a second; not more than four fifths of what the service allows.

    The rest is for the engine, which signs in with the same login.
    """

    def __init__(self, size: float, rate: float, now: Callable[[], float] = time.monotonic) -> None:
        """Start full.

        Args:
            size: requests at once.
            rate: requests in a second.
            now: returns the time in seconds.
        """
        self._size = size
        self._rate = rate
        self._now = now
        self._lock = threading.Lock()
        self._left = size
        self._at = now()

    def take(self) -> float:
        """Take the next request's place; return the seconds to wait for it."""
        with self._lock:
            now = self._now()
            self._left = min(self._size, self._left + (now - self._at) * self._rate)
            self._at = now
            self._left -= 1
            return max(0.0, -self._left / self._rate)


class Pace:
    """The pace of a process.

    The service's own buckets hold 250 reads (and gain 25 in a second), 200 writes and 200 deletions (10 each), for each
    principal, subscription and region:
    https://learn.microsoft.com/azure/azure-resource-manager/management/request-limits-and-throttling.
    """

    def __init__(self) -> None:
        self._reads = Bucket(200, 20)
        self._writes = Bucket(160, 8)
        self._deletions = Bucket(160, 8)

    def seconds(self, method: str, url: str) -> float:
        """Return how long the next request has to wait; other hosts have limits that it does not know."""
        if urlsplit(url).hostname != HOST:
            return 0.0
        return {"GET": self._reads, "HEAD": self._reads, "DELETE": self._deletions}.get(method, self._writes).take()
