"""Who may see the page: a pass opens it once, for a short time, and leaves a cookie in that browser."""

import hashlib
import hmac
import secrets
import time
from collections.abc import Callable
from urllib.parse import urlsplit

PASS_SECONDS = 600.0
"""How long a pass is good: long enough to forward a port first."""
_MOST_PASSES = 32
_HOSTS = frozenset({"127.0.0.1", "localhost", "::1"})


def is_local(host: str) -> bool:
    """Whether a Host header names this machine; a page of another site that was bound to 127.0.0.1 has its own name.

    Any port: people forward it (``ssh -L``).
    """
    try:
        return urlsplit(f"//{host}").hostname in _HOSTS
    except ValueError:
        return False


class SignIn:
    """The passes and the cookie of one sandbox; ``secret`` is what the cookie is made from, and is not in it.

    The cookie stays good while the secret does: also after a restart of the server.
    """

    def __init__(self, secret: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._cookie = hmac.new(secret.encode(), b"the sandbox's page", hashlib.sha256).hexdigest()
        self._clock = clock
        self._passes: dict[str, float] = {}

    def issue(self) -> str:
        """Return a new pass; of many that nobody used, the oldest ends."""
        while len(self._passes) >= _MOST_PASSES:
            del self._passes[next(iter(self._passes))]
        made = secrets.token_urlsafe(24)
        self._passes[made] = self._clock() + PASS_SECONDS
        return made

    def enter(self, given: str) -> str | None:
        """Return the cookie for a pass, which is used up; None if it is not, or no longer, good."""
        found = next((each for each in self._passes if hmac.compare_digest(each.encode(), _bytes(given))), None)
        if found is None or self._passes.pop(found) < self._clock():
            return None
        return self._cookie

    def knows(self, cookie: str) -> bool:
        """Whether a cookie is this sandbox's."""
        return hmac.compare_digest(_bytes(cookie), self._cookie.encode())


def _bytes(given: str) -> bytes:
    """Return a text of a browser as bytes, also one that was not UTF-8."""
    return given.encode("utf-8", "surrogateescape")
