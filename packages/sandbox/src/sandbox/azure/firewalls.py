"""Firewalls of storage accounts, key vaults and registries: the addresses that they let in, and Azure's services.

The services refuse requests; this module reads their rules, and the address that all clients of a sandbox have (`python
-m sandbox start --address A`, or the control API's /switches). The default is in the documentation range that the
committed stack files allow, so that their rehearsal starts from an allowed address.
"""

import ipaddress
from typing import Any

from sandbox.azure.arm.errors import ArmError
from sandbox.azure.arm.store import Resource, Store

DEFAULT_ADDRESS = "203.0.113.7"
"""From TEST-NET-3 (RFC 5737), which is reserved for documentation."""

_SWITCH, _KEY = "switch", "callerAddress"
_PRIVATE = tuple(ipaddress.IPv4Network(each) for each in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"))
_LONGEST_STORAGE_RANGE = 30


def caller_address(store: Store) -> str:
    """Return the address that the sandbox's clients have."""
    return str(store.document(_SWITCH, _KEY) or DEFAULT_ADDRESS)


def lets_in(resource: Resource, address: str) -> bool:
    """Say whether a resource's firewall lets in ``address``, for any client."""
    properties = resource.body.get("properties") or {}
    if str(properties.get("publicNetworkAccess", "Enabled")).lower() != "enabled":
        return False
    rules = _rules(properties)
    if str(rules.get("defaultAction", "Allow")).lower() != "deny":
        return True
    client = ipaddress.IPv4Address(address)
    return any(client in ipaddress.IPv4Network(rule["value"]) for rule in rules.get("ipRules") or [])


def is_open(resource: Resource) -> bool:
    """Say whether a resource has no firewall."""
    properties = resource.body.get("properties") or {}
    is_public = str(properties.get("publicNetworkAccess", "Enabled")).lower() == "enabled"
    return is_public and str(_rules(properties).get("defaultAction", "Allow")).lower() != "deny"


def trusts_services(resource: Resource) -> bool:
    """Say whether a resource's firewall lets in Azure's services, including machine learning."""
    properties = resource.body.get("properties") or {}
    # The default is AzureServices, for storage accounts, vaults and registries (REST specifications).
    bypass = _rules(properties).get("bypass") or properties.get("networkRuleBypassOptions") or "AzureServices"
    return is_open(resource) or "azureservices" in {each.strip().lower() for each in str(bypass).split(",")}


def _rules(properties: dict[str, Any]) -> dict[str, Any]:
    return properties.get("networkAcls") or properties.get("networkRuleSet") or {}


def check_storage_rules(acls: dict[str, Any]) -> None:
    """Refuse addresses that a storage account's firewall does not accept.

    Raises:
        ArmError: one is private, not an IPv4 address or range, or a range of one or two addresses
            (https://learn.microsoft.com/azure/storage/common/storage-network-security-limitations).
    """
    for index, rule in enumerate(acls.get("ipRules") or []):
        network = _network(rule.get("value"))
        is_short_range = (
            network is not None and "/" in str(rule["value"]) and network.prefixlen > _LONGEST_STORAGE_RANGE
        )
        if network is None or is_short_range or any(network.subnet_of(each) for each in _PRIVATE):
            raise ArmError(
                400,
                "InvalidValuesForRequestParameters",
                f"Values for request parameters are invalid: networkAcls.ipRules[{index}].value "
                f"('{rule.get('value')}'). For more information, see - https://aka.ms/storagenetworkruleset",
            )


def as_ranges(acls: dict[str, Any]) -> None:
    """Write single addresses as ranges of one, as a key vault returns them; in place.

    Raises:
        ArmError: one is not an IPv4 address or range.
    """
    for rule in acls.get("ipRules") or []:
        network = _network(rule.get("value"))
        if network is None:
            raise ArmError(400, "BadRequest", f"'networkAcls.ipRules': '{rule.get('value')}' is not an IPv4 address.")
        rule["value"] = str(network)


def check_registry_rules(rule_set: dict[str, Any]) -> None:
    """Refuse addresses that a registry does not accept.

    Raises:
        ArmError: one is not an IPv4 address or range.
    """
    for rule in rule_set.get("ipRules") or []:
        if _network(rule.get("value")) is None:
            raise ArmError(400, "InvalidIPRule", f"The IP rule '{rule.get('value')}' is not an IPv4 address or range.")


def _network(value: object) -> ipaddress.IPv4Network | None:
    try:
        return ipaddress.IPv4Network(str(value))
    except ValueError:
        return None
