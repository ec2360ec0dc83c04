"""The Azure roles that the program grants, the conditions that limit a deployer and jobs, and the names of grants.

Pure: no resources. The ids of built-in roles are the same in every tenant:
    https://learn.microsoft.com/azure/role-based-access-control/built-in-roles. prerequisites/caller-roles/ has
    the two custom roles. Their ids are also the same everywhere, because a condition must list them before any stack
    exists.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

_GRANTS = uuid.UUID("6f0f3c52-8d0e-5a53-9d0c-7b7d4c8f1e21")
"""Namespace for the names of grants; any constant works, as long as it never changes."""


@dataclass(frozen=True)
class Role:
    """A role: its name in the portal, and its id."""

    name: str
    id: str


READER = Role("Reader", "acdd72a7-3385-48ef-bd42-f606fba81ae7")
CONTRIBUTOR = Role("Contributor", "b24988ac-6180-42a0-ab88-20f7382dd24c")
RBAC_ADMINISTRATOR = Role("Role Based Access Control Administrator", "f58310d9-a9f6-439a-9e8d-f62e7b41a168")
IDENTITY_OPERATOR = Role("Managed Identity Operator", "f1a07417-d97a-45cb-824c-7a7467783830")
BLOB_READER = Role("Storage Blob Data Reader", "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1")
BLOB_CONTRIBUTOR = Role("Storage Blob Data Contributor", "ba92f5b4-2d11-453d-a403-e96b0029c9fe")
FILE_CONTRIBUTOR = Role("Storage File Data Privileged Contributor", "69566ab7-960f-475b-8e7c-b3118f30c6bd")
QUEUE_CONTRIBUTOR = Role("Storage Queue Data Contributor", "974c5e8b-45b9-4653-ba55-5f855dd0fb88")
TABLE_CONTRIBUTOR = Role("Storage Table Data Contributor", "0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3")
VAULT_ADMINISTRATOR = Role("Key Vault Administrator", "00482a5a-887f-4fb3-b363-3b7fe8e74483")
METRICS_PUBLISHER = Role("Monitoring Metrics Publisher", "3913510d-42f4-4e42-8a64-420c390055eb")
ACR_PULL = Role("AcrPull", "7f951dda-4ed3-4680-a7ca-43fe172d538d")
ACR_PUSH = Role("AcrPush", "8311e382-0749-4cb8-b61a-304f252e45ec")
DATA_SCIENTIST = Role("AzureML Data Scientist", "f6c7c914-8db3-469d-8ca1-694a8f32e121")
ENDPOINT_CALLER = Role("Batch endpoint caller", "f61f24a0-8c6c-5e12-adc7-5ea2b3056604")
CALLER_RUNS = Role("Batch endpoint caller runs", "ffe26e8a-fbf0-5192-a7b0-1300a1023a32")

FOR_IDENTITIES = (
    CONTRIBUTOR,
    FILE_CONTRIBUTOR,
    QUEUE_CONTRIBUTOR,
    TABLE_CONTRIBUTOR,
    VAULT_ADMINISTRATOR,
    METRICS_PUBLISHER,
    ACR_PULL,
    ACR_PUSH,
)
"""The roles that the program assigns to managed identities only."""

FOR_ANYBODY = (BLOB_READER, BLOB_CONTRIBUTOR, ENDPOINT_CALLER, CALLER_RUNS, READER)
"""The roles that it also assigns to the deployer or to callers, who may be people and groups."""

GRANTED = (*FOR_IDENTITIES, *FOR_ANYBODY)
"""Every role that the program assigns, so a deployer must be able to assign and remove these."""


def deployer_condition(deployer_id: str = "") -> str:
    """Return the condition of the deployer's Role Based Access Control Administrator: which role it may give to whom.

    It may assign and remove `FOR_ANYBODY`, and `FOR_IDENTITIES` if the principal is a `ServicePrincipal` (every managed
    identity is one) and not the deployer itself. prerequisites/deployer-condition.txt has the text without an id. Form:
    https://learn.microsoft.com/azure/role-based-access-control/delegate-role-assignments-examples.

    Args:
        deployer_id: Object id of the deployer; "" does not exclude it.
    """
    assignments = "Microsoft.Authorization/roleAssignments"

    def clause(verb: str, source: str) -> str:
        def one_of(granted: Sequence[Role]) -> str:
            ids = ", ".join(each.id for each in granted)
            return f"@{source}[{assignments}:RoleDefinitionId] ForAnyOfAnyValues:GuidEquals {{{ids}}}"

        kind = f"@{source}[{assignments}:PrincipalType] ForAnyOfAnyValues:StringEqualsIgnoreCase {{'ServicePrincipal'}}"
        other = f"@{source}[{assignments}:PrincipalId] ForAnyOfAllValues:GuidNotEquals {{{deployer_id}}}"
        limited = " AND ".join([one_of(FOR_IDENTITIES), kind, *([other] if deployer_id else [])])
        return f"((!(ActionMatches{{'{assignments}/{verb}'}})) OR (({one_of(FOR_ANYBODY)}) OR ({limited})))"

    return f"{clause('write', 'Request')} AND {clause('delete', 'Resource')}"


DEFAULT_CONTAINERS = "azureml-blobstore-*"
"""The container of a workspace's default datastore; the rest of its name is the workspace's GUID."""

RUNS_CONTAINER = "azureml"
"""The container with what runs record: logs, and files that are not outputs."""

UPLOADS = ("LocalUpload/", "az-ml-artifacts/", "WebUpload/", "UI/")
"""Folders of the default datastore with what people and releases upload: models, build contexts, input.

The first two are azure-ai-ml's (`ARTIFACT_ORIGIN`, `LEGACY_ARTIFACT_DIRECTORY`), the others the studio's.
"""

ANYWHERE = "*"
"""In `jobWrites`: any container."""


def job_condition(containers: Sequence[str]) -> str:
    """Return the condition of the jobs' Storage Blob Data Contributor, "" for none: where they may write and delete.

    Allowed are the runs' container, the default datastore except its uploads, and `containers`. Code is nowhere of
    those: the service gives each version of it a separate container. Reading is not limited. Form:
    https://learn.microsoft.com/azure/storage/blobs/storage-auth-abac-examples.

    Args:
        containers: Names of more containers in the workspace's storage, or `ANYWHERE`.
    """
    if ANYWHERE in containers:
        return ""
    storage = "Microsoft.Storage/storageAccounts/blobServices/containers"
    changes = ("write", "delete", "add/action", "move/action")
    others = " AND ".join(f"!(ActionMatches{{'{storage}/blobs/{each}'}})" for each in changes)
    no_uploads = " AND ".join(f"@Resource[{storage}/blobs:path] StringNotLike '{each}*'" for each in UPLOADS)
    default = f"(@Resource[{storage}:name] StringLike '{DEFAULT_CONTAINERS}' AND {no_uploads})"
    named = [f"(@Resource[{storage}:name] StringEquals '{each}')" for each in (RUNS_CONTAINER, *containers)]
    return f"(({others}) OR {' OR '.join([*named, default])})"


def definition_id(role: Role, subscription_id: str) -> str:
    """Return the ARM id of `role` in the service's spelling, so that a refresh shows no change."""
    return f"/subscriptions/{subscription_id}/providers/Microsoft.Authorization/roleDefinitions/{role.id}"


def assignment_name(scope: str, principal_id: str, role: Role) -> str:
    """Return the name (a UUID) of the grant of `role` on `scope` to `principal_id`.

    The same grant always gets the same name. A random name would break an import, and a second run after a lost state
    would fail, because Azure allows each grant only once. ARM ids are case-insensitive, so they are lower-cased.
    """
    return str(uuid.uuid5(_GRANTS, f"{scope.lower()}|{principal_id.lower()}|{role.id}"))
