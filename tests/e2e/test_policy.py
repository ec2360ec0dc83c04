"""The policy pack on the real engine: a deployed stack, and one whose configuration then goes wrong.

Proves that the engine loads the pack without Pulumi Cloud, hands it what the rules read, and stops. What each rule says
to which value: tests/policy. That every stack of this repository keeps its rules, in the preview from nothing and once
deployed: test_environments.py.
"""

import json
import re
from pathlib import Path
from typing import Any

from tests.e2e.commands import KEPT
from tests.e2e.hosts import BOTH_HOSTS, BOTH_HOSTS_IN_LONG
from tests.e2e.rehearsal import REPOSITORY, Rehearsal

PACK = ("--policy-pack", "policy")


def _one_node(config: dict[str, Any]) -> None:
    config["cluster"]["maxNodes"] = 1
    config["endpoints"]["digits"]["deployments"]["mlp"]["instanceCount"] = 1


def _one_node_that_may_be_taken_away(config: dict[str, Any]) -> None:
    _one_node(config)
    config["cluster"]["priority"] = "lowPriority"


def _two_workers_on_one_node(config: dict[str, Any]) -> None:
    _one_node(config)
    config["endpoints"]["digits"]["deployments"]["mlp"]["maxConcurrencyPerInstance"] = 2


EVICTED = (
    "❌ azureml-batch@v0.1.0 (local: policy) "
    "- [mandatory] [severity: high] machinelearning-cluster-survives-eviction "
    "(azure-native:machinelearningservices:Compute: aml-cluster) "
    "A low-priority cluster has more than one node: a job that loses its only node is cancelled. "
    "vmPriority is 'LowPriority' and properties.properties.scaleSettings.maxNodeCount is 1. "
    "Set cluster.maxNodes to 2, or cluster.priority to dedicated, in the stack file. "
    "Why: https://learn.microsoft.com/azure/machine-learning/how-to-use-low-priority-batch"
)
WORKERS = (
    "batch-deployment-parallel-workers (pulumi:index:Stash: digits-marker) "
    "A deployment with several workers on each node can use more than one node. "
    "Deployment 'mlp' asks for 2 workers at once; its cluster has one node. "
)


OWN = """
import pulumi_azure_native

pulumi.ComponentResource("mine:index:Network", "own")
pulumi_azure_native.Provider("elsewhere", subscription_id="00000000-0000-4000-8000-000000000009")
"""


@BOTH_HOSTS_IN_LONG
def test_a_deployed_stack_keeps_its_rules(deployed: Rehearsal) -> None:
    before = deployed.mark()
    assert deployed.pulumi("preview", *PACK, "--expect-no-changes").ok().verdict == KEPT
    assert deployed.up(*PACK, "--expect-no-changes").verdict == KEPT
    assert deployed.writes(before) == []


@BOTH_HOSTS
def test_a_deployed_stack_whose_configuration_goes_wrong_is_stopped(deployed: Rehearsal) -> None:
    before = deployed.mark()
    deployed.configure(_one_node_that_may_be_taken_away)
    for verb in ("preview", "up"):
        stopped = deployed.pulumi(verb, *PACK).failed()
        assert stopped.code == 1
        assert stopped.verdict == EVICTED
        assert deployed.writes(before) == []
    deployed.pulumi("preview").ok()  # it was the policy, and nothing else


@BOTH_HOSTS_IN_LONG
def test_advice_is_shown_and_stops_nothing_until_it_is_made_a_rule(deployed: Rehearsal, tmp_path: Path) -> None:
    """A rule between the marker and the cluster, which only a preview of the whole stack can check."""
    deployed.configure(_two_workers_on_one_node)
    advised = deployed.pulumi("preview", *PACK).ok()
    assert advised.verdict.startswith(f"⚠️ azureml-batch@v0.1.0 (local: policy) - [advisory] [severity: low] {WORKERS}")
    levels = tmp_path / "levels.json"
    levels.write_text(json.dumps({"batch-deployment-parallel-workers": "mandatory"}), encoding="utf-8")
    stopped = deployed.pulumi("preview", *PACK, "--policy-pack-config", str(levels)).failed()
    assert f"[mandatory] [severity: low] {WORKERS}" in stopped.verdict


@BOTH_HOSTS_IN_LONG
def test_production_levels_find_what_a_development_stack_does_not_keep(deployed: Rehearsal) -> None:
    stopped = deployed.pulumi("preview", *PACK, "--policy-pack-config", "policy/prod.json").failed()
    verdict = stopped.verdict
    levels = json.loads((REPOSITORY / "policy" / "prod.json").read_text(encoding="utf-8"))
    broken = {name for name in levels if f" {name} (" in verdict}
    assert broken == levels.keys() - {"storage-account-infrastructure-encryption", "batch-deployment-fixed-content"}
    assert "retentionInDays is 90; it must be at least 365 days." in verdict


@BOTH_HOSTS_IN_LONG
def test_what_no_rule_judges_is_refused_until_it_is_allowed(deployed: Rehearsal, tmp_path: Path) -> None:
    """A provider that the program declares itself, and what it makes; its component and the engine's own pass."""
    main = deployed.folder / "__main__.py"
    main.write_text(main.read_text(encoding="utf-8") + OWN, encoding="utf-8")
    before = deployed.mark()
    stopped = deployed.pulumi("preview", *PACK).failed()
    assert "stack-resource-known-type (pulumi:providers:azure-native: elsewhere) " in stopped.verdict
    assert "Its type is 'pulumi:providers:azure-native'. To allow it: " in stopped.verdict
    assert stopped.verdict.count("stack-resource-known-type (") == 1
    assert deployed.writes(before) == []
    levels = tmp_path / "levels.json"
    (printed,) = re.findall(r"To allow it: (\{.*?\}\})", stopped.verdict)
    for content, allows in ((printed, True), (printed.replace("azure-native", "azuread"), False)):
        levels.write_text(content, encoding="utf-8")
        preview = deployed.pulumi("preview", *PACK, "--policy-pack-config", str(levels))
        assert (preview.code == 0, preview.verdict == KEPT) == (allows, allows)
