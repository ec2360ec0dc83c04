"""Every rule between resources, as a function: it passes, fails, meets nothing, and meets what is not known yet."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import pytest

from policy import RULES
from policy.rule import Seen, StackRule
from tests.policy.world import DEPLOYMENT, GOOD, UNKNOWN, resource, stack, urn

STACK_RULES = {rule.name: rule for rule in RULES if isinstance(rule, StackRule)}
MAX = "properties.properties.scaleSettings.maxNodeCount"
MLP = "input.deployments.mlp"
INSTANCES = "batch-deployment-instances"
NODES = "batch-deployment-parallel-nodes"
WORKERS = "batch-deployment-parallel-workers"


def said(rule: str, resources: Sequence[Seen]) -> list[tuple[str, str]]:
    """Return what a rule says: the kind of each resource and the text."""
    return [(each.resource.kind, each.text) for each in STACK_RULES[rule].problems(resources)]


def without(kind: str) -> list[Seen]:
    """Return the hardened stack without its resource of a kind."""
    return [each for each in stack() if each.kind != kind]


@pytest.mark.parametrize("rule", STACK_RULES.values(), ids=STACK_RULES.keys())
def test_passes_on_a_hardened_stack(rule: StackRule) -> None:
    assert rule.problems(stack()) == []


@pytest.mark.parametrize("rule", STACK_RULES.values(), ids=STACK_RULES.keys())
def test_passes_on_an_empty_stack(rule: StackRule) -> None:
    assert rule.problems([]) == []


@pytest.mark.parametrize("rule", STACK_RULES.values(), ids=STACK_RULES.keys())
def test_what_is_not_known_never_fails(rule: StackRule) -> None:
    """Every property of every resource unknown, one level after the other; references are known in previews."""

    def blur(value: Any, depth: int) -> Any:
        if depth == 0:
            return UNKNOWN
        return {key: blur(each, depth - 1) for key, each in value.items()} if isinstance(value, dict) else value

    for depth in range(1, 6):
        assert rule.problems([resource(kind, blur(properties, depth)) for kind, properties in GOOD.items()]) == []


@pytest.mark.parametrize(
    ("rule", "missing", "expected"),
    [
        (
            "storage-account-soft-delete-declared",
            "storage:BlobServiceProperties",
            [("storage:StorageAccount", "No BlobServiceProperties of this stack belong to it.")],
        ),
        (
            "keyvault-vault-audit-log",
            "monitor:DiagnosticSetting",
            [("keyvault:Vault", "No diagnostic setting of this stack sends its audit or allLogs logs.")],
        ),
        (
            "machinelearning-workspace-logs",
            "monitor:DiagnosticSetting",
            [("machinelearningservices:Workspace", "No diagnostic setting of this stack sends its allLogs logs.")],
        ),
        (
            "authorization-lock-on-data",
            "authorization:ManagementLockByScope",
            [("storage:StorageAccount", "No lock in this stack protects it from deletion.")],
        ),
        (
            "authorization-lock-on-data",
            "authorization:ManagementLockAtResourceLevel",
            [("keyvault:Vault", "No lock in this stack protects it from deletion.")],
        ),
    ],
)
def test_a_companion_is_missing(rule: str, missing: str, expected: list[tuple[str, str]]) -> None:
    assert said(rule, without(missing)) == expected


@pytest.mark.parametrize(
    "logs", [[], [{"categoryGroup": "allLogs", "enabled": False}], [{"category": "AuditEvent", "enabled": True}]]
)
def test_a_diagnostic_setting_that_sends_nothing(logs: list[Any]) -> None:
    found = said("keyvault-vault-audit-log", stack(DiagnosticSetting={"logs": logs}))
    assert found == [("keyvault:Vault", "No diagnostic setting of this stack sends its audit or allLogs logs.")]


def test_a_workspace_wants_all_logs() -> None:
    audit = stack(DiagnosticSetting={"logs": [{"categoryGroup": "audit", "enabled": True}]})
    assert said("keyvault-vault-audit-log", audit) == []
    assert len(said("machinelearning-workspace-logs", audit)) == 1


@pytest.mark.parametrize("logs", [UNKNOWN, [UNKNOWN], [{"categoryGroup": UNKNOWN, "enabled": True}]])
def test_logs_that_are_not_known(logs: Any) -> None:
    assert said("keyvault-vault-audit-log", stack(DiagnosticSetting={"logs": logs})) == []


def plan_on(nodes: object, **settings: object) -> list[Seen]:
    """Return the hardened stack with a cluster of so many nodes and some scoring settings of the deployment."""
    changes = {f"{MLP}.settings.{setting}": value for setting, value in settings.items()}
    return stack(Compute={MAX: nodes}, Stash=changes)


def test_more_instances_than_nodes() -> None:
    assert said(INSTANCES, plan_on(4.0, instanceCount=4.0)) == []
    assert said(INSTANCES, plan_on(4.0, instanceCount=5.0)) == [
        ("pulumi:index:Stash", "Deployment 'mlp' asks for 5 instances; its cluster has at most 4 nodes.")
    ]
    assert said(NODES, plan_on(4.0, instanceCount=5.0)) == []


def test_parallel_work_on_one_node() -> None:
    assert said(NODES, plan_on(1.0, instanceCount=1.0)) == []
    assert said(NODES, plan_on(1.0, instanceCount=2.0)) == [
        ("pulumi:index:Stash", "Deployment 'mlp' asks for 2 instances in parallel; its cluster has one node.")
    ]
    assert said(INSTANCES, plan_on(1.0, instanceCount=2.0)) == []


def test_parallel_workers_on_one_node() -> None:
    assert said(WORKERS, plan_on(2.0, maxConcurrencyPerInstance=2.0)) == []
    assert said(WORKERS, plan_on(1.0, maxConcurrencyPerInstance=1.0)) == []
    assert said(WORKERS, plan_on(1.0, maxConcurrencyPerInstance=2.0)) == [
        ("pulumi:index:Stash", "Deployment 'mlp' asks for 2 workers at once; its cluster has one node.")
    ]


@pytest.mark.parametrize("nodes", [UNKNOWN, None])
@pytest.mark.parametrize("rule", [INSTANCES, NODES, WORKERS])
def test_a_cluster_whose_nodes_are_not_known(rule: str, nodes: object) -> None:
    assert said(rule, plan_on(nodes, instanceCount=9.0, maxConcurrencyPerInstance=9.0)) == []


@pytest.mark.parametrize("rule", [INSTANCES, NODES, WORKERS])
def test_settings_that_are_not_known(rule: str) -> None:
    assert said(rule, plan_on(1.0, instanceCount=UNKNOWN, maxConcurrencyPerInstance=UNKNOWN)) == []


def test_the_cluster_is_found_while_its_id_is_not_known() -> None:
    resources = stack(
        Compute={MAX: 1.0, "name": UNKNOWN}, Stash={f"{MLP}.compute": UNKNOWN, f"{MLP}.settings.instanceCount": 2.0}
    )
    assert len(said(NODES, resources)) == 1


def test_another_cluster_of_the_stack_does_not_count() -> None:
    """The one that builds images has one node; the marker was not made from it."""
    builder = dataclasses.replace(
        resource("machinelearningservices:Compute", {MAX: 1.0, "name": "image-builder"}), urn="urn:another"
    )
    assert said(NODES, [builder, *plan_on(4.0, instanceCount=2.0)]) == []


def test_a_cluster_outside_the_stack_is_left_alone() -> None:
    resources = [
        dataclasses.replace(each, depends_on={}) if each.kind == "pulumi:index:Stash" else each
        for each in plan_on(1.0, instanceCount=2.0)
    ]
    assert said(NODES, resources) == []


def test_of_several_clusters_the_name_decides() -> None:
    small = dataclasses.replace(
        resource("machinelearningservices:Compute", {MAX: 1.0, "name": "small-ab12cx"}), urn="urn:small"
    )
    large = resource("machinelearningservices:Compute")
    compute = DEPLOYMENT["compute"].replace("nodes-c70edx", "SMALL-ab12cx")
    for chosen, count in ((compute, 1), (DEPLOYMENT["compute"], 0), (UNKNOWN, 0)):
        marker = dataclasses.replace(
            resource("pulumi:index:Stash", {f"{MLP}.compute": chosen}), depends_on={"input": ["urn:small", large.urn]}
        )
        assert len(said(NODES, [small, large, marker])) == count, chosen


def test_one_open_door() -> None:
    open_vault = {"properties.networkAcls.defaultAction": "Allow", "properties.publicNetworkAccess": "enabled"}
    assert said("network-stack-consistent", stack(Vault=open_vault)) == [
        (
            "keyvault:Vault",
            "It is open to all networks, but these in the same stack are not: the-storageaccount, the-registry.",
        )
    ]


def test_all_doors_open_is_what_an_open_network_means() -> None:
    opened = {"networkRuleSet": {"defaultAction": "Allow"}, "publicNetworkAccess": "Enabled"}
    resources = stack(
        StorageAccount=opened,
        Registry={"networkRuleSet": None, "publicNetworkAccess": "Enabled"},
        Vault={"properties.networkAcls.defaultAction": "Allow", "properties.publicNetworkAccess": "enabled"},
    )
    assert said("network-stack-consistent", resources) == []


def test_a_door_that_is_not_known_is_not_open() -> None:
    resources = stack(Registry={"networkRuleSet": UNKNOWN, "publicNetworkAccess": "Enabled"})
    assert said("network-stack-consistent", resources) == []


def test_findings_name_the_resource() -> None:
    (finding,) = STACK_RULES[NODES].problems(plan_on(1.0, instanceCount=2.0))
    assert finding.resource.urn == urn("pulumi:index:Stash")


def test_of_several_clusters_that_are_not_known_yet_the_largest_decides() -> None:
    small = dataclasses.replace(resource("machinelearningservices:Compute", {MAX: 2.0}), urn="urn:small")
    large = resource("machinelearningservices:Compute", {MAX: 4.0})
    for instances, count in ((4.0, 0), (5.0, 1)):
        changes = {f"{MLP}.compute": UNKNOWN, f"{MLP}.settings.instanceCount": instances}
        marker = dataclasses.replace(
            resource("pulumi:index:Stash", changes), depends_on={"input": ["urn:small", large.urn]}
        )
        assert len(said(INSTANCES, [small, large, marker])) == count, instances
