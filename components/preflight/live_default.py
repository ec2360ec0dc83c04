"""An endpoint's live default and tags, asked of Azure each time the program runs.

They are part of the release's plan: an unchanged plan runs no hook, so a default that somebody moved, and a switch that
was sent and never recorded, would stay.
"""

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, NamedTuple

import pulumi
from pulumi_azure_native import authorization

from components.preflight import arm

_ASKING: Final = ThreadPoolExecutor(8, "live-default")
"""Not the loop's own threads: each registration of a resource holds one of those while its hook runs."""


class Live(NamedTuple):
    """An endpoint, as Azure returns it."""

    default: str | None
    tags: Mapping[str, str]


Decide = Callable[[Any, Live], int | None]
"""Given the plan and the endpoint, returns the plan's number; raises `pulumi.RunError` if the plan is refused."""


class Number:
    """The plan's member `number`: `value` is for the plan, `leave_out` for the options of its resource."""

    def __init__(self, name: str, plan: Mapping[str, Any], endpoint_id: pulumi.Input[str], decide: Decide) -> None:
        """Ask as soon as plan and endpoint are known.

        Args:
            name: the endpoint's name in the stack file.
            plan: the marker's input without the number.
            endpoint_id: ARM id of the endpoint; not known in the preview that creates it.
            decide: see `Decide`.
        """
        self._name = name
        self._decide = decide
        token = authorization.get_client_token_output().token
        known: pulumi.Output[Any] = pulumi.Output.all(plan, endpoint_id, token)
        self.value: pulumi.Output[int | None] = pulumi.Output.unsecret(known.apply(self._ask))
        self._is_unknown = False

    async def _ask(self, known: Any) -> int | None:
        plan, endpoint_id, token = known
        try:
            live = await asyncio.wrap_future(_ASKING.submit(_read, endpoint_id, token))
        except (arm.Unanswered, arm.Refused) as error:
            self._is_unknown = True
            pulumi.log.warn(
                f"endpoint {self._name!r}: whether somebody moved its default is unknown: {error}\n"
                "  The release goes by what it set last."
            )
            return None
        return self._decide(plan, live)

    async def leave_out(self, args: pulumi.ResourceTransformArgs) -> pulumi.ResourceTransformResult | None:
        """Leave the member out of the marker's input where it has no value: to the engine, null is one.

        If Azure did not answer, the state's number stays: not knowing does not change the plan.
        """
        if not await self.value.is_known() or await self.value.future() is not None:
            return None
        # With the number, all of the plan is known. The SDK has dropped what is null from the properties.
        given: pulumi.Output[Mapping[str, Any]] = pulumi.Output.from_input(args.props["input"])
        plan = given.apply(lambda each: {"pin": None, **{key: each[key] for key in each if key != "number"}})
        kept = ["input.number"] if self._is_unknown else []
        opts = pulumi.ResourceOptions.merge(args.opts, pulumi.ResourceOptions(ignore_changes=kept))
        return pulumi.ResourceTransformResult({**args.props, "input": plan}, opts)


def _read(endpoint_id: str, token: str) -> Live:
    seconds = arm.PREVIEW_SECONDS if pulumi.runtime.is_dry_run() else arm.LIMIT_SECONDS
    try:
        found = arm.ResourceManager(token, seconds).read(endpoint_id, version=arm.MACHINE_LEARNING)
    except arm.Refused as error:
        if error.status == 404:  # noqa: PLR2004
            return Live(None, {})
        raise
    default = (found["properties"].get("defaults") or {}).get("deploymentName")
    return Live(default or None, found.get("tags") or {})
