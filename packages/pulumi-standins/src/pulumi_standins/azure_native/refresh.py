"""The inputs after a refresh: what changed in Azure since the last deployment, and nothing else.

Inputs cannot be read from Azure, and most of what an answer holds is defaults that nobody wrote. So the old and the new
*outputs* are compared, in the shape of inputs, and only their difference is applied to the old inputs.
"""

from collections.abc import Mapping
from typing import Any


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
