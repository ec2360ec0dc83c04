"""The grants of callers, who may start jobs at an endpoint and read the results.

Owns the grants of each endpoint's callers. An administrator defines their two custom roles:
`components.preflight.caller_roles`.
"""

from collections.abc import Mapping, Sequence
from typing import NotRequired, TypedDict

import pulumi

from components import roles
from components.endpoint import BatchEndpoint
from components.workspace_parts.grants import grant, read_registries


class CallerArgs(TypedDict):
    """A principal that may call an endpoint."""

    principal_id: str
    """Its object id."""

    principal_type: str
    """`ServicePrincipal` (managed identities too), `User` or `Group`."""


class EndpointCallersArgs(TypedDict):
    """Arguments of `EndpointCallers`."""

    subscription_id: str
    """Subscription of the workspace."""

    workspace_id: pulumi.Input[str]
    """ARM id of the workspace."""

    results_scope: pulumi.Input[str]
    """ARM id of the blob container that predictions are written to."""

    registries: NotRequired[Sequence[str]]
    """ARM ids of the registries with models or environments of deployments. Default: none."""

    endpoints: Mapping[str, BatchEndpoint]
    """The endpoints, by logical name."""

    callers: Mapping[str, Sequence[CallerArgs]]
    """The callers of each endpoint, by its logical name."""


class EndpointCallers(pulumi.ComponentResource):
    """The grants of the endpoints' callers.

    Type token: `azureml-batch:index:EndpointCallers`

    Creates: a RoleAssignment on the endpoint for each caller of an endpoint; two more for each caller, on the workspace
        and on the container with the results, and one on each registry.
    """

    def __init__(self, name: str, args: EndpointCallersArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("azureml-batch:index:EndpointCallers", name, {}, opts)
        self._name, self._args = name, args
        everyone = {each["principal_id"].lower(): each for callers in args["callers"].values() for each in callers}
        for key, callers in args["callers"].items():
            for each in callers:
                self._grant(f"calls-{key}", each, roles.ENDPOINT_CALLER, args["endpoints"][key].endpoint_id)
        for each in everyone.values():
            self._grant("runs", each, roles.CALLER_RUNS, args["workspace_id"])
            self._grant("results", each, roles.BLOB_READER, args["results_scope"])
            read_registries(
                f"{name}-{each['principal_id'].lower()}",
                args.get("registries", ()),
                principal_id=each["principal_id"],
                principal_type=each["principal_type"],
                parent=self,
            )
        self.register_outputs({})

    def _grant(self, what: str, caller: CallerArgs, role: roles.Role, scope: pulumi.Input[str]) -> None:
        grant(
            f"{self._name}-{what}-{caller['principal_id'].lower()}",
            role=role,
            scope=scope,
            principal_id=caller["principal_id"],
            principal_type=caller["principal_type"],
            subscription_id=self._args["subscription_id"],
            opts=pulumi.ResourceOptions(parent=self),
        )
