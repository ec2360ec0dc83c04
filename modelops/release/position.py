"""Where a release is, and what has become of the default: what must be said when it is stopped."""

import re
from dataclasses import dataclass
from typing import Final

from modelops.release.context import READ, RESTORE, SWITCH

_ENDPOINT: Final = re.compile(r"/batchEndpoints/[^/?]+(\?|$)", re.IGNORECASE)


@dataclass(slots=True)
class Position:
    """One release's steps and requests, as they come."""

    step: str = READ
    switch_sent: bool = False
    """Whether the request that moves the default to another revision has gone out. A rollback goes on after it."""
    restored: bool = False
    """Whether the default of the last release was put back before anything else."""

    def enter(self, step: str) -> None:
        """Note that a step begins, or goes on."""
        if self.step == RESTORE and step != RESTORE and self.switch_sent:
            self.restored, self.switch_sent = True, False
        self.step = step

    def notice(self, method: str, url: str) -> bool:
        """Note that a request goes out; whether it is the one that moves the default."""
        is_switch = method == "PUT" and self.step in (SWITCH, RESTORE) and _ENDPOINT.search(url) is not None
        self.switch_sent = self.switch_sent or is_switch
        return is_switch
