"""Access: the deployer, the callers, and the storage elsewhere that jobs may read."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass

from components.callers import CallerArgs
from components.roles import ANYWHERE
from components.workspace_parts.access import DeployerArgs
from settings.problems import editing, setting
from settings.section import Section

UUID = r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
_BLOB_SCOPE = (
    rf"(?i)/subscriptions/{UUID}/resourceGroups/[^/]+/providers/Microsoft\.Storage/storageAccounts/[a-z0-9]{{3,24}}"
    r"(/blobServices/default/containers/[a-z0-9-]{3,63})?"
)
CONTAINER = r"(?=.{3,63}$)[a-z0-9]+(-[a-z0-9]+)*"
"""https://learn.microsoft.com/rest/api/storageservices/naming-and-referencing-containers--blobs--and-metadata"""
REGISTRY = (
    rf"(?i)/subscriptions/{UUID}/resourceGroups/[^/]+/providers/Microsoft\.MachineLearningServices/registries/"
    r"[a-z0-9][a-z0-9_-]{1,32}"
)
PRINCIPAL_TYPES = ("ServicePrincipal", "User", "Group")


@dataclass(frozen=True)
class DeployerSettings:
    """The principal that releases models; `principal_id` None means the first one to deploy this stack."""

    principal_id: str | None
    principal_type: str

    def principal(self, current: str) -> DeployerArgs:
        """Return the principal as an argument of the workspace's component.

        Args:
            current: Object id of the principal that is deploying now. It is used if the configuration sets none, and
                only until a grant exists: a preview or an `up` by somebody else changes no role assignment.
        """
        return {
            "principal_id": self.principal_id or current,
            "principal_type": self.principal_type,
            "kept": self.principal_id is None,
        }


def read_data_access(top: Section) -> tuple[str, ...]:
    """Read `dataAccess`, each scope once."""
    allowed = "the ARM id of a storage account, or of a blob container in one"
    example = "/subscriptions/ID/resourceGroups/GROUP/providers/Microsoft.Storage/storageAccounts/ACCOUNT"
    return _read_ids(top, "dataAccess", _BLOB_SCOPE, allowed, example)


def read_job_writes(top: Section) -> tuple[str, ...]:
    """Read `jobWrites`, each container once."""
    allowed = f"the name of a blob container in the workspace's storage, or '{ANYWHERE}' for any container"
    entries = top.array("jobWrites", of=allowed, example="predictions")
    for key, name in entries.values.items():
        if not isinstance(name, str) or not (name == ANYWHERE or re.fullmatch(CONTAINER, name)):
            entries.wrong(key, allowed, "predictions")
    return tuple(dict.fromkeys(str(each) for each in entries.values.values()))


def read_registry_access(top: Section) -> tuple[str, ...]:
    """Read `registryAccess`, each registry once."""
    example = "/subscriptions/ID/resourceGroups/GROUP/providers/Microsoft.MachineLearningServices/registries/NAME"
    return _read_ids(top, "registryAccess", REGISTRY, "the ARM id of a machine learning registry", example)


def _read_ids(top: Section, name: str, pattern: str, allowed: str, example: str) -> tuple[str, ...]:
    entries = top.array(name, of=allowed, example=example)
    # ARM ids are case-insensitive; the first spelling is used.
    scopes: dict[str, str] = {}
    for key, scope in entries.values.items():
        if isinstance(scope, str) and re.fullmatch(pattern, scope):
            scopes.setdefault(scope.lower(), scope)
        else:
            entries.wrong(key, f"{allowed}: {example}", example)
    return tuple(scopes.values())


def read_deployer(section: Section, *, service_login: bool, required: bool) -> DeployerSettings:
    """Read the `deployer` object; by default it is the first one to deploy, whose type depends on `service_login`.

    It is `required` for a restricted network, because more than one person deploys to it.
    """
    section.only("principalId", "principalType")
    if not section.values and required:
        section.problems.add(
            section.path,
            "is not set",
            "network: restricted requires it, so that the releasing principal does not depend on who runs "
            "`pulumi up` first. Allowed: principalId and principalType.",
            setting(section.at("principalId"), "OBJECT-ID"),
        )
    if not section.values:
        return DeployerSettings(None, "ServicePrincipal" if service_login else "User")
    return DeployerSettings(
        section.text(
            "principalId", None, pattern=UUID, allowed="the object id of a principal", example="OBJECT-ID"
        ).lower(),
        section.choice("principalType", None, PRINCIPAL_TYPES),
    )


def read_callers(endpoint: Section) -> tuple[CallerArgs, ...]:
    """Read an endpoint's `callers`: principals that may start jobs there and read the results."""
    value = endpoint.values.get("callers", [])
    if not isinstance(value, list) or not all(isinstance(each, Mapping) for each in value):
        endpoint.problems.add(
            endpoint.at("callers"),
            endpoint.shown("callers"),
            "Allowed: an array of objects, each with a principalId and optionally a principalType.",
            editing(endpoint.at("callers"), "write an array below callers, of entries like - principalId: OBJECT-ID"),
        )
        return ()
    found: dict[str, CallerArgs] = {}
    for index, each in enumerate(value):
        section = Section((*endpoint.at("callers"), f"[{index}]"), each, endpoint.problems)
        section.only("principalId", "principalType")
        principal = section.text(
            "principalId", None, pattern=UUID, allowed="the object id of a principal", example="OBJECT-ID"
        ).lower()
        kind = section.choice("principalType", "ServicePrincipal", PRINCIPAL_TYPES)
        if principal in found:
            section.wrong(
                "principalId", "each principal once", "OBJECT-ID", because="which is also in an earlier entry"
            )
        found[principal] = {"principal_id": principal, "principal_type": kind}
    return tuple(found.values())


SERVICE_LOGINS = {
    "clientSecret": "ARM_CLIENT_SECRET",
    "clientCertificatePath": "ARM_CLIENT_CERTIFICATE_PATH",
    "useOidc": "ARM_USE_OIDC",
    "useMsi": "ARM_USE_MSI",
}
"""Provider settings, with their environment variables, that make the provider sign in as a service principal or managed
identity. Without any of them it uses the login of `az login`."""


def is_service_login(configured: Mapping[str, str | None]) -> bool:
    """Say whether the provider signs in as a service principal, not as a person.

    An `az login` as a service principal looks like a person here; set `deployer` in the configuration for that.
    """
    values = (configured.get(key) or os.environ.get(variable) for key, variable in SERVICE_LOGINS.items())
    return any(value not in {None, "", "false"} for value in values)
