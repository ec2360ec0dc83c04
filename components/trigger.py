"""A Logic App that starts a job at an endpoint on a schedule, waits for it, and fails if the job does not complete.

Owns the workflow, its identity and the grants of that identity. Its definition is the text that `modelops caller
logic-app` prints, with the stack's schedule: https://learn.microsoft.com/azure/logic-apps/authenticate-with-managed-identity
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, TypedDict

import pulumi
from pulumi_azure_native import logic, managedidentity

from components import names, roles
from components.endpoint import BatchEndpoint
from components.workspace_parts.grants import elsewhere, grant, read_registries
from components.workspace_parts.workspace_args import WorkspaceForCallers, WorkspacePlace
from modelops.callers import logic_app
from modelops.callers.called import Called
from modelops.plan.data_address import Kind

SYSTEM: Final = "systemAssigned"
USER: Final = "userAssigned"


class TriggerArgs(TypedDict):
    """What an entry of `triggers` in the stack file says."""

    endpoint: str
    """Logical name of the endpoint whose default deployment runs the jobs."""

    input: str
    """Address of the data to score, as a request has it."""

    input_kind: Kind
    """Whether it is a file or a folder."""

    input_scopes: Sequence[str]
    """ARM ids of storage, outside the workspace's own, that has the data."""

    recurrence: Mapping[str, Any]
    """`frequency`, `interval`, `startTime` and `timeZone`, in Azure's words."""

    identity: str
    """`systemAssigned`, which exists as long as the workflow, or `userAssigned`, which has its roles before it."""

    enabled: bool
    """Whether it runs."""


class EndpointTriggerArgs(TypedDict):
    """Arguments of `EndpointTrigger`."""

    trigger: TriggerArgs
    """The schedule and the input."""

    endpoint: BatchEndpoint
    """The endpoint."""

    place: WorkspacePlace
    """Resource group, region and tags."""

    workspace: WorkspaceForCallers
    """The workspace, for the grants."""


class EndpointTrigger(pulumi.ComponentResource):
    """A scheduled caller of an endpoint.

    Type token: `azureml-batch:index:EndpointTrigger`

    Creates: Workflow; UserAssignedIdentity unless the workflow's own is used; a RoleAssignment on the endpoint, one on
        the workspace, and one on each storage with the data and each registry.
    """

    def __init__(self, name: str, args: EndpointTriggerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("azureml-batch:index:EndpointTrigger", name, {}, opts)
        self._name, self._args = name, args
        if args["trigger"]["identity"] == USER:
            place = args["place"]
            identity = managedidentity.UserAssignedIdentity(
                names.logical(names.IDENTITY, name, "trigger", "identity"),
                resource_group_name=place["resource_group_name"],
                location=place["location"],
                tags=place["tags"],
                opts=pulumi.ResourceOptions(parent=self),
            )
            granted = self._grants(identity.principal_id)
            self._workflow(identity.id, granted)
        else:
            workflow = self._workflow(None, [])
            self._grants(workflow.identity.apply(_own_principal))
        self.register_outputs({})

    def _grants(self, principal_id: pulumi.Input[str]) -> list[pulumi.Resource]:
        """Let the identity start jobs at the endpoint on its data.

        Of whether the caller has to read the data too, the documentation says both:
        https://learn.microsoft.com/azure/machine-learning/how-to-access-data-batch-endpoints-jobs
        """
        of, trigger = self._args["workspace"], self._args["trigger"]
        own, theirs = pulumi.ResourceOptions(parent=self), elsewhere(self)
        scopes: list[tuple[str, roles.Role, pulumi.Input[str], pulumi.ResourceOptions]] = [
            ("calls", roles.ENDPOINT_CALLER, self._args["endpoint"].endpoint_id, own),
            ("runs", roles.CALLER_RUNS, of["workspace_id"], own),
            *((f"reads-{_short(each)}", roles.BLOB_READER, each, theirs) for each in trigger["input_scopes"]),
        ]
        if not trigger["input"].startswith("https:"):
            scopes.append(("reads", roles.BLOB_READER, of["results_scope"], own))
        granted: list[pulumi.Resource] = [
            grant(
                f"{self._name}-trigger-{what}",
                role=role,
                scope=scope,
                principal_id=principal_id,
                subscription_id=of["subscription_id"],
                opts=opts,
            )
            for what, role, scope, opts in scopes
        ]
        return granted + read_registries(
            f"{self._name}-trigger",
            of.get("registries", ()),
            principal_id=principal_id,
            principal_type="ServicePrincipal",
            parent=self,
        )

    def _workflow(self, identity_id: pulumi.Output[str] | None, granted: list[pulumi.Resource]) -> logic.Workflow:
        trigger, place, endpoint = self._args["trigger"], self._args["place"], self._args["endpoint"]
        definition = pulumi.Output.all(endpoint.endpoint_name, endpoint.scoring_uri, identity_id).apply(
            lambda known: _definition(trigger, *known)
        )
        if identity_id is None:
            identity = logic.ManagedServiceIdentityArgs(type=logic.ManagedServiceIdentityType.SYSTEM_ASSIGNED)
        else:
            identity = logic.ManagedServiceIdentityArgs(
                type=logic.ManagedServiceIdentityType.USER_ASSIGNED, user_assigned_identities=[identity_id]
            )
        return logic.Workflow(
            names.logical(names.WORKFLOW, self._name, "trigger"),
            resource_group_name=place["resource_group_name"],
            location=place["location"],
            identity=identity,
            state=logic.WorkflowState.ENABLED if trigger["enabled"] else logic.WorkflowState.DISABLED,
            definition=definition,
            tags=place["tags"],
            opts=pulumi.ResourceOptions(parent=self, depends_on=granted),
        )


def schedule(
    workspace: WorkspaceForCallers,
    place: WorkspacePlace,
    endpoints: Mapping[str, BatchEndpoint],
    releases: Mapping[str, pulumi.Resource],
    triggers: Mapping[str, TriggerArgs],
) -> None:
    """Create the triggers of a stack, each after the release of its endpoint.

    Args:
        workspace: The workspace, for the grants.
        place: The workspace's place.
        endpoints: The endpoints by logical name.
        releases: Their releases by the same names.
        triggers: The triggers by logical name.
    """
    for key, each in triggers.items():
        EndpointTrigger(
            key,
            {"trigger": each, "endpoint": endpoints[each["endpoint"]], "place": place, "workspace": workspace},
            pulumi.ResourceOptions(depends_on=[releases[each["endpoint"]]]),
        )


def _definition(trigger: TriggerArgs, endpoint: str, scoring_uri: str, identity_id: str | None) -> dict[str, Any]:
    called = Called(endpoint, scoring_uri, "", trigger["input"], trigger["input_kind"])
    return logic_app.workflow(called, trigger["recurrence"], identity_id)


def _short(scope: str) -> str:
    """Return the names of a storage account and, if it is one, of its container."""
    return "-".join(scope.split("/")[8::4]).lower()


def _own_principal(identity: Any) -> str:
    return str(identity.principal_id)
