"""The project's policy pack: rules that a preview checks, as plain functions with the texts that explain them.

`__main__.py` is what `pulumi preview --policy-pack policy` runs. docs/policy.md has the table of rules.
"""

from typing import Final

from policy import (
    access,
    cluster,
    custom_roles,
    endpoint,
    fixed_content,
    known_types,
    network,
    registry,
    release,
    sign_in,
    storage,
    telemetry,
    tried_out,
    vault,
    workspace,
)
from policy.rule import ResourceRule, Rule

NAME: Final = "azureml-batch"
"""The pack's name."""

_JUDGING: Final[list[Rule]] = [
    rule
    for module in (
        storage,
        vault,
        registry,
        telemetry,
        workspace,
        cluster,
        endpoint,
        sign_in,
        release,
        fixed_content,
        tried_out,
        access,
        custom_roles,
        network,
    )
    for rule in module.RULES
]
_JUDGED: Final = frozenset(kind for rule in _JUDGING if isinstance(rule, ResourceRule) for kind in rule.kinds)

RULES: Final[list[Rule]] = [*_JUDGING, known_types.rule(_JUDGED)]
"""All rules of the pack."""
