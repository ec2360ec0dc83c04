"""The workspace's container registry: the images that jobs run in.

The program creates it, because the machine learning service would create one with its admin user on.
"""

from collections.abc import Mapping
from typing import NotRequired, TypedDict

import pulumi
from pulumi_azure_native import containerregistry

from components import names
from components.workspace_parts.network import OPEN, NetworkArgs


class WorkspaceRegistryArgs(TypedDict):
    """Arguments of `WorkspaceRegistry`."""

    resource_group_name: pulumi.Input[str]
    """Resource group of the registry."""

    location: str
    """Azure region, in its short form (westeurope)."""

    sku: NotRequired[str]
    """`Standard` or `Premium`; a restricted network needs Premium. Default: Standard."""

    network: NotRequired[NetworkArgs]
    """Access to the registry. Default: everybody with a role."""

    tags: NotRequired[Mapping[str, str]]
    """Azure tags. Default: none."""


class WorkspaceRegistry(pulumi.ComponentResource):
    """A container registry for Entra identities only.

    Type token: `azureml-batch:index:WorkspaceRegistry`

    Creates: Registry. Its quarantine policy stays off: the machine learning service does not support it.
    """

    registry_id: pulumi.Output[str]
    """ARM id of the registry."""

    def __init__(self, name: str, args: WorkspaceRegistryArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("azureml-batch:index:WorkspaceRegistry", name, {}, opts)
        sku, network = args.get("sku", "Standard"), args.get("network", OPEN)
        registry = containerregistry.Registry(
            names.logical(names.REGISTRY, name, "registry"),
            resource_group_name=args["resource_group_name"],
            location=args["location"],
            sku=containerregistry.SkuArgs(name=sku),
            admin_user_enabled=False,
            anonymous_pull_enabled=False,
            # Selected networks count as public access: Disabled would also shut out the allowed addresses.
            public_network_access=containerregistry.PublicNetworkAccess.ENABLED,
            network_rule_bypass_options=containerregistry.NetworkRuleBypassOptions.AZURE_SERVICES,
            network_rule_set=_rules(network) if sku == containerregistry.SkuName.PREMIUM.value else None,
            tags=args.get("tags", {}),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.registry_id = registry.id
        self.register_outputs({"registry_id": self.registry_id})


def _rules(network: NetworkArgs) -> containerregistry.NetworkRuleSetArgs:
    """Return the network rules, which only a Premium registry has."""
    refuse, allow = containerregistry.DefaultAction.DENY, containerregistry.DefaultAction.ALLOW
    return containerregistry.NetworkRuleSetArgs(
        default_action=refuse if network["restricted"] else allow,
        ip_rules=[
            containerregistry.IPRuleArgs(action=containerregistry.Action.ALLOW, i_p_address_or_range=each)
            for each in network["allowed_ips"]
        ],
    )
