"""The pack: its name and all its rules."""

from typing import Final

from policy import access, cluster, endpoint, network, registry, release, storage, telemetry, vault, workspace
from policy.rule import Rule

NAME: Final = "azureml-batch"

RULES: Final[list[Rule]] = [
    rule
    for module in (storage, vault, registry, telemetry, workspace, cluster, endpoint, release, access, network)
    for rule in module.RULES
]
