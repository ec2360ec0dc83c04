"""What the stack has released that has to release a model first: read from its outputs."""

from collections.abc import Collection, Mapping
from typing import Any, Final, Self

import pulumi

_SHOWN: Final = 12


class LowerStack:
    """The stack that an endpoint's setting `requireReleasedIn` names."""

    def __init__(self, name: str, stack: str, parent: pulumi.Resource) -> None:
        self.stack = stack
        whole = f"{pulumi.get_organization()}/{pulumi.get_project()}/{stack}"
        reference = pulumi.StackReference(f"{name}-released-in", whole, pulumi.ResourceOptions(parent=parent))
        self._endpoints: pulumi.Output[Any] = reference.get_output("endpoints")

    @classmethod
    def of(cls, name: str, stack: str | None, parent: pulumi.Resource) -> Self | None:
        """Return the stack; None if none is named."""
        return cls(name, stack, parent) if stack else None

    async def problem(self, wanted: Mapping[str, str], known: Collection[str]) -> str | None:
        """Return which models the stack does not serve, or None.

        Args:
            wanted: digests of models by the deployments that are to have them here.
            known: digests that this stack has released already; they may stay.
        """
        served = {*_digests(await self._endpoints.future()), *known}
        missing = {logical: digest for logical, digest in wanted.items() if digest not in served}
        if not missing:
            return None
        models = ", ".join(f"{logical} (sha256 {digest[:_SHOWN]})" for logical, digest in missing.items())
        return (
            f"requireReleasedIn is {self.stack!r}, and that stack does not serve the model of {models}. Nothing was "
            f"released. Release the same files there first: `pulumi up --stack {self.stack}`."
        )


def _digests(endpoints: Any) -> set[str]:
    """The digests in a stack's output `endpoints`: after the revision, a space and `sha256:`."""
    if not isinstance(endpoints, Mapping):
        return set()
    lines = [line for each in endpoints.values() for line in (each.get("deployments") or {}).values()]
    return {digest for line in lines for _, mark, digest in [str(line).partition(" sha256:")] if mark}
