"""How the sandbox reads firewalls, and the principals that stack files name."""

from pathlib import Path
from typing import Any

import pytest

from sandbox.azure import circumstances, directory, firewalls
from sandbox.azure.arm.errors import ArmError
from sandbox.azure.arm.store import Resource, Store
from sandbox.azure.directory import Named
from sandbox.commands.stack_file import named_principals, remember
from sandbox.home import Home

DENY = {"defaultAction": "Deny", "bypass": "AzureServices", "ipRules": [{"value": "203.0.113.0/24"}]}
GROUP = "11111111-1111-4111-8111-111111111111"
FACTORY = "22222222-2222-4222-8222-222222222222"


def _resource(**properties: Any) -> Resource:
    return Resource("/a", "T", {"properties": properties}, {}, 0.0, 0.0, None)


@pytest.mark.parametrize(
    ("properties", "address", "expected"),
    [
        ({}, "192.0.2.1", True),
        ({"networkAcls": {"defaultAction": "Allow"}}, "192.0.2.1", True),
        ({"networkAcls": DENY}, "203.0.113.7", True),
        ({"networkAcls": DENY}, "203.0.114.7", False),
        ({"networkAcls": DENY, "publicNetworkAccess": "Disabled"}, "203.0.113.7", False),
        ({"networkRuleSet": DENY, "publicNetworkAccess": "enabled"}, "192.0.2.1", False),
    ],
)
def test_who_gets_in(properties: dict[str, Any], address: str, expected: bool) -> None:
    assert firewalls.lets_in(_resource(**properties), address) is expected


@pytest.mark.parametrize(
    ("properties", "expected"),
    [
        ({}, True),
        ({"networkAcls": DENY}, True),
        ({"networkAcls": {**DENY, "bypass": "Logging, AzureServices"}}, True),
        ({"networkAcls": {**DENY, "bypass": "None"}}, False),
        ({"networkAcls": {"defaultAction": "Deny"}}, True),
        ({"networkRuleSet": {"defaultAction": "Deny"}, "networkRuleBypassOptions": "AzureServices"}, True),
        ({"networkRuleSet": {"defaultAction": "Deny"}, "networkRuleBypassOptions": "None"}, False),
    ],
)
def test_whether_services_are_trusted(properties: dict[str, Any], expected: bool) -> None:
    assert firewalls.trusts_services(_resource(**properties)) is expected


@pytest.mark.parametrize("address", ["10.1.2.3", "192.168.0.0/16", "203.0.113.6/31", "203.0.113.7/32", "x", None])
def test_storage_refuses_addresses_that_the_service_refuses(address: str | None) -> None:
    with pytest.raises(ArmError, match="request parameters are invalid"):
        firewalls.check_storage_rules({"ipRules": [{"value": address}]})


def test_a_vault_answers_an_address_as_a_range_of_one() -> None:
    rules = {"ipRules": [{"value": "203.0.113.7"}, {"value": "198.51.100.0/24"}]}
    firewalls.as_ranges(rules)
    assert rules == {"ipRules": [{"value": "203.0.113.7/32"}, {"value": "198.51.100.0/24"}]}


def test_the_caller_s_address_stays_until_it_is_changed(tmp_path: Path) -> None:
    with Store(tmp_path / "store.sqlite") as store:
        assert firewalls.caller_address(store) == "203.0.113.7"
        circumstances.turn(store, {"callerAddress": "192.0.2.1"})
    with Store(tmp_path / "store.sqlite") as store:
        assert firewalls.caller_address(store) == "192.0.2.1"
        with pytest.raises(ValueError, match=r"^switch 'callerAddress' cannot be '1\.2\.3'; allowed: an IPv4 address$"):
            circumstances.turn(store, {"callerAddress": "1.2.3"})


def test_the_principals_of_a_stack_file(tmp_path: Path) -> None:
    file = tmp_path / "Pulumi.prod.yaml"
    file.write_text(
        f"config:\n  p:deployer: {{principalId: {GROUP}, principalType: Group}}\n"
        f"  p:endpoints:\n    digits:\n      callers:\n        - principalId: {FACTORY}\n"
    )
    assert named_principals(file) == [Named(GROUP, "Group", "deployer"), Named(FACTORY, "ServicePrincipal", "caller")]


def test_a_named_principal_exists_is_of_its_kind_and_is_acted_for(tmp_path: Path) -> None:
    home = Home(tmp_path)
    facts = home.prepare()
    own = facts.accounts["caller"].principal.object_id
    entries = [Named(GROUP.upper(), "Group", "deployer"), Named(own, "User", "caller"), Named("me", "User", "caller")]
    remember(home, entries)
    remember(home, [Named(FACTORY, "ServicePrincipal", "caller")])
    assert directory.kind_of(tmp_path, GROUP) == "Group"
    assert directory.kind_of(tmp_path, own) is None
    assert directory.acted_for(tmp_path, "deployer") == {GROUP}
    assert directory.acted_for(tmp_path, "second") == {GROUP}
    assert directory.acted_for(tmp_path, "caller") == {FACTORY}
    assert directory.acted_for(tmp_path, "reader") == frozenset()
