"""What the stack has released that has to release a model first: read from its outputs."""

from collections.abc import Collection, Mapping
from typing import Any, Final, Self, TypeVar

import pulumi

from components.release_parts.args import ModelReleaseArgs

_SHOWN: Final = 12
_T = TypeVar("_T")


class LowerStack:
    """The stack that an endpoint's setting `requireReleasedIn` names.

    Not a `pulumi.StackReference`: for a stack that does not exist, its outputs are never resolved, and a hook that
    waits for them hangs with the engine. This asks for the same by the engine's own function.
    """

    def __init__(self, endpoint: str, stack: str) -> None:
        self._endpoint = endpoint
        self.stack = stack
        self._answer: pulumi.Output[Mapping[str, Any]] = pulumi.Output.from_input(_read(stack))

    @classmethod
    def of(cls, endpoint: str, args: ModelReleaseArgs) -> Self | None:
        """Return the stack; None if none is named, or nothing in it matters: beside a pin no model is released."""
        stack = args.get("require_released_in")
        has_models = any("path" in each["model"] for each in args["deployments"].values())
        return cls(endpoint, stack) if stack and has_models and args["pin"] is None else None

    def before(self, value: pulumi.Output[_T]) -> pulumi.Output[_T]:
        """Return an output that has its value once the stack was read.

        For the marker's input: the read needs one of the threads that running hooks hold.
        """
        return pulumi.Output.all(value, self._answer).apply(lambda both: both[0])

    async def problem(self, wanted: Mapping[str, str], known: Collection[str]) -> str | None:
        """Return which models the stack has not released, up to the command to run, or None.

        Args:
            wanted: digests of models by the deployments that are to have them here.
            known: digests that this stack has released already; they may stay.
        """
        answer = await self._answer.future() or {}
        endpoints = answer.get("endpoints") or {}
        released = {*_digests(endpoints), *known}
        missing = {logical: digest for logical, digest in wanted.items() if digest not in released}
        if not missing:
            return None
        if "error" in answer:
            why = f"whose outputs cannot be read: {answer['error']}"
        elif not endpoints:
            why = "which has released nothing yet"
        else:
            models = ", ".join(f"{logical} (sha256 {digest[:_SHOWN]})" for logical, digest in missing.items())
            other = "" if self._endpoint in endpoints else f"; it has no endpoint {self._endpoint!r}"
            why = f"which has not released the model of {models}{other}"
        return f"requireReleasedIn is {self.stack!r}, {why}. Nothing was released. Release the same files there first:"


async def _read(stack: str) -> Mapping[str, Any]:
    """Return the output `endpoints` of a stack of this project, or `error`."""
    name = f"{pulumi.get_organization()}/{pulumi.get_project()}/{stack}"
    try:
        found = await pulumi.runtime.invoke_async("pulumi:pulumi:readStackOutputs", {"name": name})
    except Exception as error:  # noqa: BLE001 - the SDK raises nothing more particular
        return {"error": str(error).rpartition(" returned an error: ")[2]}
    return {"endpoints": (found.get("outputs") or {}).get("endpoints")}


def _digests(endpoints: Mapping[str, Any]) -> set[str]:
    """The digests in a stack's output `endpoints`: after the revision, a space and `sha256:`."""
    lines = [line for each in endpoints.values() for line in (each.get("deployments") or {}).values()]
    return {digest for line in lines for _, mark, digest in [str(line).partition(" sha256:")] if mark}
