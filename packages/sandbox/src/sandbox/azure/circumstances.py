"""Switches that tests and users set while the sandbox runs, with the control API; they survive a restart.

``readings`` are about Azure's behaviour; these are circumstances: the current state of the world.
"""

import ipaddress
from collections.abc import Callable, Mapping
from typing import Any, Final

from sandbox.azure.arm.store import Store
from sandbox.azure.firewalls import DEFAULT_ADDRESS

_KIND = "switch"
_ADDRESS: Final = "callerAddress"
_PROPAGATION: Final = "rolePropagationPolls"
_INDEX: Final = "packageIndex"


def _address(value: Any) -> str:
    try:
        return str(ipaddress.IPv4Address(value))
    except ValueError:
        raise ValueError("an IPv4 address") from None


def _count(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError("a whole number, 0 or more")
    return value


def _truth(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("true or false")  # noqa: TRY004 - one kind of error for all switches
    return value


_SWITCHES: Mapping[str, tuple[Any, Callable[[Any], Any]]] = {
    _ADDRESS: (DEFAULT_ADDRESS, _address),
    _PROPAGATION: (0, _count),
    _INDEX: (True, _truth),
}
"""Name -> (initial value, check that returns the value to store)."""


def all_switches(store: Store) -> dict[str, Any]:
    """Return every switch with its value."""
    return {name: _value(store, name) for name in _SWITCHES}


def turn(store: Store, changes: Mapping[str, Any]) -> None:
    """Set switches; the others stay.

    Raises:
        ValueError: a name or a value is not allowed; then nothing changes.
    """
    checked = {}
    for name, value in changes.items():
        if name not in _SWITCHES:
            raise ValueError(f"unknown switch '{name}'; allowed: {', '.join(_SWITCHES)}")
        try:
            checked[name] = _SWITCHES[name][1](value)
        except ValueError as error:
            raise ValueError(f"switch '{name}' cannot be {value!r}; allowed: {error}") from None
    for name, value in checked.items():
        store.put_document(_KIND, name, value)


def propagation_polls(store: Store) -> int:
    """How many evaluations ignore a new role assignment."""
    return int(_value(store, _PROPAGATION))


def uses_package_index(store: Store) -> bool:
    """Whether conda files are built, through the user's own package index settings."""
    return bool(_value(store, _INDEX))


def _value(store: Store, name: str) -> Any:
    stored = store.document(_KIND, name)
    return _SWITCHES[name][0] if stored is None else stored
