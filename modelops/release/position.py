"""The position of a release and the state of the default, to report when it is stopped."""

import re
from dataclasses import dataclass
from typing import Final

from modelops import azure
from modelops.release.context import READ, RESTORE, SWITCH, TRY
from modelops.release.steps import is_after_trying

_ENDPOINT: Final = re.compile(r"/batchEndpoints/[^/?]+(\?|$)", re.IGNORECASE)


@dataclass(slots=True)
class Position:
    """One release's steps and requests, as they happen."""

    step: str = READ
    restored: bool = False
    """Whether the default of the last release was restored first, and read back."""
    is_trying: bool = False
    """Whether a try-out may be running; others may be in other steps at the same time."""
    _sent: int = 0

    @property
    def switch_sent(self) -> bool:
        """Whether a request that moves the default was sent, and not refused. A rollback continues after it."""
        return self._sent > 0

    def enter(self, step: str) -> None:
        """Note that a step starts, or continues. To read what is live is to have read the restored default back."""
        if self.step == RESTORE and step == READ:
            self.restored, self._sent = True, 0
        if step == TRY or is_after_trying(step):
            self.is_trying = step == TRY
        self.step = step

    def notice(self, method: str, url: str) -> bool:
        """Note that a request is sent; return whether it moves the default."""
        is_switch = self._is_switch(method, url)
        self._sent += is_switch
        return is_switch

    def answered(self, method: str, url: str, status: int) -> None:
        """Note the answer: a request that was refused has moved nothing."""
        if self._sent and self._is_switch(method, url) and azure.refuses(status):
            self._sent -= 1

    def _is_switch(self, method: str, url: str) -> bool:
        return method == "PUT" and self.step in (SWITCH, RESTORE) and _ENDPOINT.search(url) is not None
