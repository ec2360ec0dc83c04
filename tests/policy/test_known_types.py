"""The rule on types: what it refuses, what it lets pass, and how a user adds to it.

That every type that the program creates passes: tests/components/test_policy_pack.py.
"""

import pytest

from policy import RULES
from policy.known_types import UNJUDGED
from policy.properties import Properties
from policy.rule import ResourceRule, Seen, kind

RULE = next(rule for rule in RULES if isinstance(rule, ResourceRule) and not rule.kinds)

UNSEEN = [
    "azure-native:resources:Deployment",
    "azure-native:resources/v20240301:Deployment",
    "azure-native:resources:DeploymentAtSubscriptionScope",
    "azure-native:resources:DeploymentStackAtResourceGroup",
    "azure-native:resources:AzureCliScript",
    "azure-native:storage:LocalUser",
    "azure-native_storage_v20240101:storage:LocalUser",
    "azure-native:storage:BlobInventoryPolicy",
    "azure-native:keyvault:AccessPolicy",
    "azure-native:keyvault:Secret",
    "azure-native:containerregistry:Token",
    "azure-native:containerregistry:Webhook",
    "azure-native:containerregistry:ScopeMap",
    "azure-native:managedidentity:FederatedIdentityCredential",
    "azure-native:authorization:RoleManagementPolicy",
    "azure-native:authorization:PimRoleEligibilitySchedule",
    "azure-native:authorization:PolicyExemption",
    "azure-native:machinelearningservices:LinkedService",
    "azure-native:machinelearningservices:OnlineDeployment",
    "azure-native:compute:VirtualMachineRunCommandByVirtualMachine",
    "azure:storage/account:Account",
    "azuread:index/application:Application",
    "command:local:Command",
    "docker:index/container:Container",
    "kubernetes:core/v1:Secret",
    "random:index/randomPassword:RandomPassword",
    "pulumi-python:dynamic:Resource",
    "pulumi:pulumi:StackReference",
]


def seen(token: str, name: str = "it", *, is_component: bool = False) -> Seen:
    """Return a resource of a type."""
    return Seen(kind(token), Properties({}), name, is_component=is_component)


@pytest.mark.parametrize("token", UNSEEN)
def test_what_no_rule_judges_is_refused_until_it_is_allowed(token: str) -> None:
    assert len(RULE.problems(seen(token))) == 1
    for allowed in (token, f"{token.partition(':')[0].partition('_')[0]}:*"):
        assert RULE.problems(seen(token), {"allowedTypes": [allowed]}) == [], allowed
    assert len(RULE.problems(seen(token), {"allowedTypes": ["other:*", "storage:*"]})) == 1


def test_what_a_user_reads() -> None:
    (said,) = RULE.problems(seen("azure-native:storage/v20240101:LocalUser"))
    assert said == (
        "Its type is 'azure-native:storage:LocalUser'. To allow it: "
        '{"stack-resource-known-type": {"allowedTypes": ["azure-native:storage:LocalUser"]}}'
    )


def test_providers() -> None:
    """The engine's own pass, because what they make is judged by its type; a program's may sign in elsewhere."""
    for name in ("default", "default_3_29_0"):
        assert RULE.problems(seen("pulumi:providers:azure-native", name)) == []
    assert RULE.problems(seen("pulumi:providers:azure-native", "elsewhere")) == [
        (
            "Its type is 'pulumi:providers:azure-native'. To allow it: "
            '{"stack-resource-known-type": {"allowedTypes": ["pulumi:providers:azure-native"]}}'
        )
    ]


def test_components_pass() -> None:
    assert RULE.problems(seen("mine:index:Network", is_component=True)) == []
    assert len(RULE.problems(seen("mine:index:Network"))) == 1


@pytest.mark.parametrize("each", UNJUDGED)
def test_what_the_program_creates_passes_in_every_version(each: str) -> None:
    module, _, name = each.partition(":")
    assert RULE.problems(seen(f"azure-native:{each}")) == []
    assert RULE.problems(seen(f"azure-native:{module}/v20240101preview:{name}")) == []
