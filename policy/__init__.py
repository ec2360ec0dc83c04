"""The project's policy pack: rules that a preview checks, as plain functions with the texts that explain them.

`__main__.py` is what `pulumi preview --policy-pack policy` runs. docs/policy.md has the table of rules.
"""

from typing import Final

from policy import (
    access,
    cluster,
    endpoint,
    fixed_content,
    network,
    registry,
    release,
    storage,
    telemetry,
    tried_out,
    vault,
    workspace,
)
from policy.rule import Rule

NAME: Final = "azureml-batch"
"""The pack's name."""

RULES: Final[list[Rule]] = [
    rule
    for module in (
        storage,
        vault,
        registry,
        telemetry,
        workspace,
        cluster,
        endpoint,
        release,
        fixed_content,
        tried_out,
        access,
        network,
    )
    for rule in module.RULES
]
"""All rules of the pack."""
