"""How long one operation on a resource in Azure may take, before Pulumi gives it up.

Without such a limit, azure-native waits two hours. An operation that is given up may go on in Azure: the
state has the resource, and the next `pulumi up` sends it again.
"""

from collections.abc import Mapping
from typing import Final

import pulumi

from modelops.runner.channel import tell
from modelops.runner.protocol import Limit

_MINUTES: Final[Mapping[str, int]] = {
    "azure-native:applicationinsights:Component": 30,
    "azure-native:authorization:RoleAssignment": 30,
    "azure-native:containerregistry:Registry": 30,
    "azure-native:keyvault:Vault": 30,
    "azure-native:logic:Workflow": 30,
    "azure-native:machinelearningservices:BatchEndpoint": 30,  # the service says so: x-ms-async-operation-timeout PT30M
    "azure-native:machinelearningservices:Compute": 30,
    "azure-native:machinelearningservices:Workspace": 30,
    "azure-native:managedidentity:UserAssignedIdentity": 30,
    "azure-native:monitor:ActionGroup": 30,
    "azure-native:monitor:DiagnosticSetting": 30,
    "azure-native:monitor:MetricAlert": 30,
    "azure-native:operationalinsights:Workspace": 30,
    "azure-native:resources:ResourceGroup": 90,  # deleting it deletes all that is in it
    "azure-native:storage:BlobServiceProperties": 30,
    "azure-native:storage:StorageAccount": 60,
}
"""By type token. The numbers are those of the provider that has such limits by default, azurerm of Terraform (the
section "Timeouts" of each page of https://registry.terraform.io/providers/hashicorp/azurerm/latest/docs)."""


def limit(minutes: int | None = None) -> None:
    """Limit every operation on the resources that the program declares from now on, unless they have a limit.

    Args:
        minutes: The limit of each; None for that of the resource's type.
    """
    limits = _MINUTES if minutes is None else dict.fromkeys(_MINUTES, minutes)
    for token, each in limits.items():
        tell(Limit(token, each))

    # Within this process, and not a transform that the engine calls back for: Pulumi's mocks run these, too.
    def limited(args: pulumi.ResourceTransformationArgs) -> pulumi.ResourceTransformationResult | None:
        if args.type_ not in limits or args.opts.custom_timeouts is not None:
            return None
        text = f"{limits[args.type_]}m"
        timeouts = pulumi.CustomTimeouts(create=text, update=text, delete=text)
        opts = pulumi.ResourceOptions.merge(args.opts, pulumi.ResourceOptions(custom_timeouts=timeouts))
        return pulumi.ResourceTransformationResult(args.props, opts)

    pulumi.runtime.register_stack_transformation(limited)
