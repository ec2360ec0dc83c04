"""Who may start jobs at an endpoint and read their results, and nothing else.

Owns the two custom roles of a workspace's callers and the grants of each endpoint's callers. The built-in role that
could do it (AzureML Data Scientist) may also change every endpoint of the workspace. The role that Microsoft documents
for callers (https://learn.microsoft.com/azure/machine-learning/how-to-authenticate-batch-endpoint) may move the default
and list keys; ours is that list without what changes an endpoint or hands out secrets, and with what reads a job.
Whether Azure needs no more than this is unconfirmed: docs/security.md.
"""

from collections.abc import Mapping, Sequence
from typing import TypedDict

import pulumi
from pulumi_azure_native import authorization

from components import roles
from components.endpoint import BatchEndpoint
from components.grants import grant

_ML = "Microsoft.MachineLearningServices/workspaces/"

ENDPOINT_ACTIONS = tuple(
    f"{_ML}{action}"
    for action in (
        "batchEndpoints/read",
        "batchEndpoints/jobs/read",
        "batchEndpoints/jobs/write",
        "batchEndpoints/deployments/read",
        "batchEndpoints/deployments/jobs/read",
        "batchEndpoints/deployments/jobs/write",
    )
)
"""What a caller may do at the scope of its endpoint: see it, start jobs, follow them."""

WORKSPACE_ACTIONS = tuple(
    f"{_ML}{action}"
    for action in (
        "read",
        "computes/read",
        "data/versions/write",
        "datasets/registered/read",
        "datasets/unregistered/read",
        "datasets/unregistered/write",
        "datastores/read",
        "environments/read",
        "experiments/read",
        "experiments/runs/read",
        "experiments/runs/submit/action",
        "experiments/runs/write",
        "metadata/artifacts/read",
        "metadata/artifacts/write",
        "metadata/snapshots/read",
        "metrics/resource/write",
        "models/read",
        "modules/read",
    )
)
"""What belongs to no endpoint and that starting a job needs: records of the run, and reading what it is made of."""


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

    workspace_name: pulumi.Input[str]
    """Name of the workspace; the roles are called after it."""

    results_scope: pulumi.Input[str]
    """ARM id of the blob container that predictions are written to."""

    endpoints: Mapping[str, BatchEndpoint]
    """The endpoints, by logical name."""

    callers: Mapping[str, Sequence[CallerArgs]]
    """The callers of each endpoint, by its logical name."""


class EndpointCallers(pulumi.ComponentResource):
    """The roles and grants of those who call endpoints.

    Type token: `azureml-batch:index:EndpointCallers`

    Creates: if there is any caller, two RoleDefinition (custom roles that can be granted in this workspace only); for
    each caller of an endpoint a RoleAssignment on the endpoint; for each caller two more, on the workspace and on the
    container with the results.
    """

    def __init__(self, name: str, args: EndpointCallersArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("azureml-batch:index:EndpointCallers", name, {}, opts)
        self._name, self._args = name, args
        everyone = {each["principal_id"].lower(): each for callers in args["callers"].values() for each in callers}
        if everyone:
            at_endpoint = self._define("batch caller", "Starts batch jobs at an endpoint.", ENDPOINT_ACTIONS)
            in_workspace = self._define("batch caller runs", "Lets a batch job be recorded.", WORKSPACE_ACTIONS)
            for key, callers in args["callers"].items():
                for each in callers:
                    self._grant(f"calls-{key}", each, at_endpoint, args["endpoints"][key].endpoint_id)
            for each in everyone.values():
                self._grant("runs", each, in_workspace, args["workspace_id"])
                self._grant("results", each, pulumi.Output.from_input(roles.BLOB_READER), args["results_scope"])
        self.register_outputs({})

    def _define(self, kind: str, description: str, actions: Sequence[str]) -> pulumi.Output[roles.Role]:
        """Define a custom role that can be granted in this workspace; wait for it before anybody is granted it."""
        args = self._args
        role = pulumi.Output.all(args["workspace_id"], args["workspace_name"]).apply(
            lambda known: roles.custom(known[0], f"{known[1]} {kind}")
        )
        definition = authorization.RoleDefinition(
            f"{self._name}-{kind.replace(' ', '-')}",
            role_definition_id=role.apply(lambda known: known.id),
            role_name=role.apply(lambda known: known.name),
            description=description,
            role_type="CustomRole",
            scope=args["workspace_id"],
            assignable_scopes=[args["workspace_id"]],
            permissions=[
                authorization.PermissionArgs(actions=[*actions], not_actions=[], data_actions=[], not_data_actions=[])
            ],
            opts=pulumi.ResourceOptions(parent=self),
        )
        return pulumi.Output.all(role, definition.id).apply(lambda known: known[0])

    def _grant(self, what: str, caller: CallerArgs, role: pulumi.Output[roles.Role], scope: pulumi.Input[str]) -> None:
        grant(
            f"{self._name}-{what}-{caller['principal_id'].lower()}",
            role=role,
            scope=scope,
            principal_id=caller["principal_id"],
            principal_type=caller["principal_type"],
            subscription_id=self._args["subscription_id"],
            opts=pulumi.ResourceOptions(parent=self),
        )
