"""Finds the protected resources of a stack before anything is deleted.

`pulumi destroy --skip-preview` reaches protected resources last, after it has deleted everything that depends on them,
including endpoints and cluster. `python -m sandbox removable` checks here before it starts.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sandbox.commands.inventory import python


def protected(deployment: Mapping[str, Any]) -> list[str]:
    """Return "logical name (type)" of a deployment's protected resources, in the order of their names."""
    held = [each for each in deployment.get("resources") or [] if each.get("protect")]
    return sorted(f"{each['urn'].rpartition('::')[2]} ({each['type']})" for each in held)


def refusal(stack: str, resources: Sequence[str]) -> str:
    """Return the message for removing a stack with these protected resources."""
    listed = "\n".join(f"  {each}" for each in resources)
    return (
        f"stack '{stack}' has protected resources, so nothing was deleted and the sandbox keeps running:\n"
        f"{listed}\n"
        "To remove them anyway, remove the protection first; the next `up` restores it:\n"
        f"  {python()} -m sandbox run -- pulumi state unprotect --all --yes --stack {stack}\n"
        f"  {python()} -m sandbox run -- pulumi destroy --yes --skip-preview --stack {stack}"
    )
