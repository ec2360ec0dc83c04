"""Checks that the firewalls of a job's storage and registry let it through."""

from sandbox.azure.arm.store import Resource, Store
from sandbox.azure.blobs.front import storage_account
from sandbox.azure.firewalls import is_open, trusts_services
from sandbox.azure.jobs.failures import JobFailed, image_build_failed
from sandbox.azure.jobs.request import JobRequest


def check_network(store: Store, request: JobRequest) -> None:
    """Check that the job reaches what it reads and writes, and that its image can be built.

    A cluster without a virtual network counts as one of Azure's services (UNCONFIRMED: behaviour.md).

    Raises:
        JobFailed: a storage account refuses them, or nothing can build images for the registry.
    """
    accounts = {request.input.account, request.output.account, request.model.account}
    if request.code is not None:
        accounts.add(request.code.account)
    for name in sorted(accounts):
        account = storage_account(store, name)
        if account is not None and not trusts_services(account):
            raise JobFailed(
                "ScriptExecutionException was caused by StreamAccessException. StreamAccessException was caused by"
                f" AuthenticationException. Storage account '{name}': 'AuthorizationFailure': This request is not"
                " authorized to perform this operation."
            )
    workspace = store.get(request.workspace_id)
    if workspace is not None and request.environment is not None:
        _check_build(store, workspace, f"{request.environment.name}:{request.environment.version}")


def _check_build(store: Store, workspace: Resource, environment: str) -> None:
    """Refuse to build for a registry with a firewall, unless a compute of the workspace does it.

    https://learn.microsoft.com/azure/machine-learning/how-to-secure-workspace-vnet#enable-azure-container-registry-acr
    """
    properties = workspace.body["properties"]
    registry = store.get(properties.get("containerRegistry") or "")
    if registry is None or is_open(registry):
        return
    server = registry.body["properties"]["loginServer"]
    builder = properties.get("imageBuildCompute")
    if not builder:
        raise image_build_failed(
            environment,
            [
                f"the registry {server} is behind a firewall, so its own tasks cannot push to it",
                "(denied: client with IP is not allowed access. Refer https://aka.ms/acr/firewall to grant access),",
                "and the workspace does not set imageBuildCompute.",
            ],
        )
    if store.get(f"{workspace.id}/computes/{builder}") is None:
        raise image_build_failed(environment, [f"the workspace's imageBuildCompute '{builder}' does not exist."])
    if not trusts_services(registry):
        raise image_build_failed(
            environment, [f"the registry {server} refuses Azure's services too (networkRuleBypassOptions)."]
        )
