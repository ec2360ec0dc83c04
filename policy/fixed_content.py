"""The rule that git fixes what a deployment runs, read from the release's marker: see `policy.release`."""

import re
from collections.abc import Iterator
from typing import Final

from policy.properties import UNKNOWN
from policy.release import STASH, plan_of
from policy.rule import PRODUCTION, Options, ResourceRule, Rule, Seen
from policy.sources import ML, limit

_FIXED_IMAGE: Final = re.compile(r"@sha256:|:(?!latest$)[^/:]+$")
"""An image with a digest, or with a tag other than `latest`."""


def _fixed(resource: Seen, _options: Options) -> Iterator[str]:
    plan = plan_of(resource)
    for key, deployment in plan.members("deployments") if plan is not None else ():
        image = deployment.at("environment.image")
        if isinstance(image, str) and not _FIXED_IMAGE.search(image):
            yield f"The image of deployment {key!r} is {image!r}; it must have a tag other than latest, or a digest."
        for part in ("model", "environment"):
            label = deployment.at(f"{part}.label")
            if label is not None and label is not UNKNOWN:
                yield f"The {part} of deployment {key!r} has the label {label!r}; it must have a version."


RULES: Final[list[Rule]] = [
    ResourceRule(
        name="batch-deployment-fixed-content",
        description="Images have a fixed tag or a digest, and models and environments are named by versions.",
        kinds=(STASH,),
        check=_fixed,
        remedy="Write the tag or version into the deployment's file, or set model or environment in the stack file.",
        url=f"{ML}how-to-manage-environments-v2",
        framework=limit("fixed content"),
        level=PRODUCTION,
    ),
]
