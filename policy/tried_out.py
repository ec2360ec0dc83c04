"""The rule that revisions are tried out before they serve, read from the release's marker: see `policy.release`."""

from collections.abc import Iterator
from typing import Final

from policy.release import STASH, plan_of
from policy.rule import PRODUCTION, Options, ResourceRule, Rule, Seen
from policy.sources import ML, limit


def _tried_out(resource: Seen, _options: Options) -> Iterator[str]:
    plan = plan_of(resource)
    for key, deployment in plan.members("deployments") if plan is not None else ():
        if deployment.at("tryOut") is None:
            yield f"Deployment {key!r} has no try-out, so that the default can move to a model that nobody tried."


RULES: Final[list[Rule]] = [
    ResourceRule(
        name="batch-deployment-tried-out",
        description="Every deployment is tried out before it becomes the default.",
        kinds=(STASH,),
        check=_tried_out,
        remedy="Set endpoints.<name>.tryOut to a small input in the stack file, instead of none.",
        url=f"{ML}how-to-use-batch-model-deployments",
        framework=limit("try-out"),
        level=PRODUCTION,
    ),
]
