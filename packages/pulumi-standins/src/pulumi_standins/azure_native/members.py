"""Members of inputs, outputs and bodies: at a path, and what changed of them in Azure since the last deployment.

A refresh cannot read inputs from Azure, and most of an answer is defaults that no program wrote. So the old and the new
*outputs* are compared, in the shape of inputs, and only their difference is applied to the old inputs.
"""

from collections.abc import Mapping
from typing import Any


def has(values: Mapping[str, Any], path: tuple[str, ...]) -> bool:
    """Say whether a member at a path exists, also if it is null."""
    current: Any = values
    for name in path:
        if not isinstance(current, Mapping) or name not in current:
            return False
        current = current[name]
    return True


def set_if_absent(body: dict[str, Any], path: tuple[str, ...], value: Any) -> None:
    """Set the member at a path unless it exists; make the containers on the way."""
    *containers, member = path
    for name in containers:
        body = body.setdefault(name, {})
    body.setdefault(member, value)


def remove(values: dict[str, Any], path: tuple[str, ...]) -> None:
    """Remove the member at a path, if it exists."""
    *containers, member = path
    for name in containers:
        values = values.get(name, {})
    values.pop(member, None)


def refreshed(inputs: Mapping[str, Any], old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """Apply the difference between two projections of outputs to the inputs.

    Args:
        inputs: the inputs in the state.
        old: the outputs in the state, projected on the inputs.
        new: the outputs read now, projected on the inputs.

    Returns:
        The inputs with every changed or new member copied from `new`, at the smallest part that differs, and without
        the members that vanished. What is equal in `old` and `new` is left as it is in `inputs`.
    """
    result = {name: value for name, value in inputs.items() if not (name in old and new.get(name) is None)}
    for name, value in new.items():
        if value is None or (name in old and old[name] == value):
            continue
        if name in inputs and old.get(name) is not None:
            result[name] = _merged(inputs[name], old[name], value)
        else:
            result[name] = value
    return result


def _merged(base: Any, old: Any, new: Any) -> Any:
    values = (base, old, new)
    if all(isinstance(value, Mapping) for value in values):
        return refreshed(base, old, new)
    if all(isinstance(value, list) for value in values):
        shortest = min(len(base), len(old))
        return [_merged(base[i], old[i], item) if i < shortest else item for i, item in enumerate(new)]
    return new
