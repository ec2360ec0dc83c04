"""Gets ready for the releases while Azure still creates what they wait for: the worker takes seconds to start."""

import asyncio
from collections.abc import Callable
from typing import Any, Final
from weakref import WeakKeyDictionary

import pulumi

_SECONDS: Final = 1.0
_EACH_SECONDS: Final = 0.1
"""The engine needs less than this for the resources of an endpoint where there is nothing to do."""


class Meanwhile:
    """The plans of a program that are not known yet.

    If some are not known in time, something is being created or replaced, and a release will follow.
    """

    def __init__(self, prepare: Callable[[], object]) -> None:
        """Start nothing yet; `prepare` may be called more than once."""
        self._prepare = prepare
        self._waiting = 0

    def wait_for(self, plan: pulumi.Output[Any]) -> None:
        """Take a plan; the time begins when the program has declared all."""
        if not self._waiting:
            asyncio.get_running_loop().call_soon(self._begin)
        self._waiting += 1
        plan.apply(self._known)

    def _known(self, _plan: object) -> None:
        self._waiting -= 1

    def _begin(self) -> None:
        asyncio.get_running_loop().call_later(_SECONDS + _EACH_SECONDS * self._waiting, self._look)

    def _look(self) -> None:
        if self._waiting:
            self._prepare()


_programs: WeakKeyDictionary[asyncio.AbstractEventLoop, Meanwhile] = WeakKeyDictionary()


def meanwhile(prepare: Callable[[], object]) -> Meanwhile:
    """Return the program's, which is made with `prepare` when it is first asked for."""
    return _programs.setdefault(asyncio.get_running_loop(), Meanwhile(prepare))
