"""Which resources of a stack Pulumi refuses to delete, told before anything is deleted.

`pulumi destroy --skip-preview` meets what is protected last, after it has deleted all that depends on it: endpoints and
cluster are gone, and the stack is half of what it was. `make down` therefore asks here first.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sandbox.commands.inventory import python


def protected(deployment: Mapping[str, Any]) -> list[str]:
    """Return "logical name (type)" of a deployment's protected resources, in the order of their names."""
    held = [each for each in deployment.get("resources") or [] if each.get("protect")]
    return sorted(f"{each['urn'].rpartition('::')[2]} ({each['type']})" for each in held)


def refusal(stack: str, resources: Sequence[str]) -> str:
    """Return what somebody is told who wants to remove a stack that holds these protected resources."""
    listed = "\n".join(f"  {each}" for each in resources)
    return (
        f"stack '{stack}' holds resources that are protected, so nothing was deleted and the sandbox goes on running:\n"
        f"{listed}\n"
        "To remove them all the same, take the protection away; the next `up` puts it back:\n"
        f"  {python()} -m sandbox run -- pulumi state unprotect --all --yes --stack {stack}\n"
        f"  make down STACK={stack}"
    )
