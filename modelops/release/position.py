"""The position of a release and the state of the default, to report when it is stopped."""

import re
from dataclasses import dataclass
from typing import Final

from modelops.release.context import READ, RESTORE, SWITCH

_ENDPOINT: Final = re.compile(r"/batchEndpoints/[^/?]+(\?|$)", re.IGNORECASE)


@dataclass(slots=True)
class Position:
    """One release's steps and requests, as they happen."""

    step: str = READ
    switch_sent: bool = False
    """Whether the request that moves the default to another revision was sent. A rollback continues after it."""
    restored: bool = False
    """Whether the default of the last release was restored first."""

    def enter(self, step: str) -> None:
        """Note that a step starts, or continues."""
        if self.step == RESTORE and step != RESTORE and self.switch_sent:
            self.restored, self.switch_sent = True, False
        self.step = step

    def notice(self, method: str, url: str) -> bool:
        """Note that a request is sent; return whether it moves the default."""
        is_switch = method == "PUT" and self.step in (SWITCH, RESTORE) and _ENDPOINT.search(url) is not None
        self.switch_sent = self.switch_sent or is_switch
        return is_switch
