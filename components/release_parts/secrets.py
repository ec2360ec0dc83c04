"""Keeps secrets out of a release plan, which is shown in previews and logs."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

import pulumi


async def plain_input(hook: pulumi.ResourceHookArgs, plan: Mapping[str, Any]) -> object:
    """The marker's input; secrets in it are refused by name.

    One nested secret makes the engine pass the whole input as a secret, so the names come from the program's own plan.
    """
    inputs = (hook.new_inputs or {}).get("input")
    if not isinstance(inputs, pulumi.Output):
        return inputs
    secrets = [path async for path in _secret_leaves(plan, "")]
    raise ValueError(
        f"{', '.join(secrets) or 'a value of the plan'}: is a secret. A release plan is shown in previews and logs; "
        "keep secrets in the key vault and let the scoring script read them with the job's identity."
    )


async def _secret_leaves(value: object, path: str) -> AsyncIterator[str]:
    if isinstance(value, pulumi.Output):
        if await value.is_secret():
            yield path
    elif isinstance(value, Mapping):
        for key, each in value.items():
            async for found in _secret_leaves(each, f"{path}.{key}" if path else str(key)):
                yield found
