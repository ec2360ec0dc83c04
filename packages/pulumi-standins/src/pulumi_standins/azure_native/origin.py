"""Marks the requests of a Create with the program's resource, so that it can be found if the answer is lost.

Azure would ignore these headers. The sandbox stores their values (its `azure/arm/origin.py` has the same names: a test
compares them).
"""

from collections.abc import Mapping
from contextvars import ContextVar
from typing import Any

from pulumi_standins.azure_native.names import CREATE_BEFORE_DELETE

URN_HEADER = "x-sandbox-urn"
RANDOM_NAME_HEADER = "x-sandbox-random-name"

_headers: ContextVar[Mapping[str, str]] = ContextVar("origin", default={})  # noqa: B039 - never changed


def announce(urn: str, inputs: Mapping[str, Any]) -> None:
    """Mark what the current task sends from now on (each call of the engine is a separate task)."""
    is_random = "true" if inputs.get(CREATE_BEFORE_DELETE) is True else "false"
    _headers.set({URN_HEADER: urn, RANDOM_NAME_HEADER: is_random})


def headers() -> Mapping[str, str]:
    """Return the headers to send; none outside a Create."""
    return _headers.get()
