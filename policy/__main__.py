"""Serve the policy pack to the engine that started this: `pulumi preview --policy-pack policy`."""

import sys
from pathlib import Path

# The engine starts a pack in the pack's folder; the imports below need the folder above it.
sys.path[0] = str(Path(__file__).resolve().parent.parent)

from pulumi_policy import PolicyPack  # noqa: E402

from policy import NAME, RULES  # noqa: E402

PolicyPack(NAME, [rule.policy() for rule in RULES])
