"""What people call the things of a sandbox: nouns for ARM types, names without GUIDs, and who has which role where."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from sandbox.azure.arm.ids import ArmId
from sandbox.azure.arm.store import Resource
from sandbox.azure.arm.types import (
    BLOB_CONTAINER,
    IDENTITY,
    INSIGHTS,
    ML_REGISTRY,
    REGISTRY,
    STORAGE_ACCOUNT,
    VAULT,
    WORKFLOW,
    WORKSPACE,
)
from sandbox.azure.authorization.built_in import BUILT_IN
from sandbox.azure.authorization.evaluation import ASSIGNMENT, DEFINITION

ENDPOINTS: Final = f"{WORKSPACE}/batchEndpoints"
DEPLOYMENTS: Final = f"{ENDPOINTS}/deployments"
CLUSTERS: Final = f"{WORKSPACE}/computes"

_NOUNS: Final[Mapping[str, str]] = {
    "Microsoft.Resources/resourceGroups": "resource group",
    WORKSPACE: "workspace",
    ENDPOINTS: "endpoint",
    DEPLOYMENTS: "deployment",
    CLUSTERS: "cluster",
    f"{WORKSPACE}/models": "model",
    f"{WORKSPACE}/environments": "environment",
    f"{WORKSPACE}/codes": "code",
    f"{WORKSPACE}/components": "component",
    f"{WORKSPACE}/data": "data asset",
    f"{WORKSPACE}/datastores": "datastore",
    ML_REGISTRY: "registry of machine learning",
    STORAGE_ACCOUNT: "storage account",
    f"{STORAGE_ACCOUNT}/blobServices": "blob service",
    BLOB_CONTAINER: "container",
    REGISTRY: "registry",
    VAULT: "vault",
    IDENTITY: "identity",
    WORKFLOW: "Logic App",
    "Microsoft.OperationalInsights/workspaces": "log workspace",
    INSIGHTS: "Application Insights",
    "Microsoft.Insights/diagnosticSettings": "diagnostic setting",
    DEFINITION: "custom role",
    ASSIGNMENT: "role",
}
"""In the order in which people look for them."""
_VERSIONS: Final = "/versions"
_LONG_ID: Final = re.compile(r"([0-9a-f]{8})(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|([0-9a-f]{8})[0-9a-f]{24,}", re.IGNORECASE)
_USERS: Final[Mapping[str, str]] = {CLUSTERS: "compute identity", WORKSPACE: "workspace identity"}
"""What a user-assigned identity is called, by the type that uses it."""


class Role(NamedTuple):
    """A role that a principal has in some places; ``is_limited``: one of the assignments has a condition."""

    name: str
    principal: str
    places: tuple[str, ...]
    is_limited: bool

    def __str__(self) -> str:
        limit = " (with a condition)" if self.is_limited else ""
        return f"{self.name}: {self.principal} -> {', '.join(self.places)}{limit}"


def noun(type_: str) -> str:
    """Return what resources of an ARM type are called, in the singular; versions as what they are versions of."""
    its = type_.removesuffix(_VERSIONS)
    return _NOUNS.get(its) or its.rpartition("/")[2]


def order(type_: str) -> int:
    """Return the place of an ARM type among the others; unknown ones are last."""
    return next((at for at, known in enumerate(_NOUNS) if known == type_.removesuffix(_VERSIONS)), len(_NOUNS))


def short(name: str) -> str:
    """Return a name with the first eight characters of each GUID or digest in it."""
    return _LONG_ID.sub(lambda found: f"{found[1] or found[2]}…", name)


def title(resource: Resource) -> str:
    """Return the name of a resource without GUIDs: NAME:VERSION of a version, PARENT/NAME of a deployment."""
    names = [short(each) for each in ArmId.parse(resource.id).names] or [short(resource.name)]
    if resource.type.endswith(_VERSIONS):
        return f"{names[-2]}:{names[-1]}"
    return "/".join(names[-2:]) if resource.type == DEPLOYMENTS else names[-1]


class Names:
    """Names principals and places by what they are for.

    Args:
        resources: everything that exists.
        accounts: names of the sandbox's own principals, by object id.
        roles: names of custom roles, by GUID, that no resource defines.
    """

    def __init__(
        self, resources: Sequence[Resource], accounts: Mapping[str, str], roles: Mapping[str, str] | None = None
    ) -> None:
        self._resources = {each.id.lower(): each for each in resources}
        self._many = {type_ for type_, count in Counter(each.type for each in resources).items() if count > 1}
        defined = {
            each.name.lower(): str((each.body.get("properties") or {}).get("roleName") or each.name)
            for each in resources
            if each.type == DEFINITION
        }
        self._roles = {key.lower(): name for key, name in (roles or {}).items()} | defined
        self._principals = {key.lower(): name for key, name in accounts.items()} | self._identities(resources)

    def place(self, scope: str) -> str:
        """Return what a scope is called; with its name if there are several of its kind."""
        found = self._resources.get(scope.lower())
        its = ArmId.parse(scope)
        if found is None:
            return "subscription" if its.subscription and not its.group else short(its.name)
        return f"{noun(found.type)} {title(found)}" if found.type in self._many else noun(found.type)

    def principal(self, object_id: str) -> str:
        """Return what a principal is called; one that nobody here knows by its object id."""
        return self._principals.get(object_id.lower(), object_id)

    def role(self, definition: str) -> str:
        """Return the name of a role by its definition's id."""
        guid = ArmId.parse(definition).name.lower()
        built_in = BUILT_IN.get(guid)
        return built_in.name if built_in else self._roles.get(guid, f"custom role {short(guid)}")

    def roles(self) -> list[Role]:
        """Return who has which role where, one for each role of a principal."""
        found: dict[tuple[str, str], tuple[dict[str, None], list[bool]]] = {}
        for each in self._resources.values():
            if each.type != ASSIGNMENT:
                continue
            its = each.body.get("properties") or {}
            key = self.principal(str(its.get("principalId"))), self.role(str(its.get("roleDefinitionId")))
            places, limits = found.setdefault(key, ({}, []))
            places[self.place(str(its.get("scope")))] = None
            limits.append(bool(its.get("condition")))
        return [Role(role, who, tuple(places), any(limits)) for (who, role), (places, limits) in sorted(found.items())]

    def _identities(self, resources: Iterable[Resource]) -> dict[str, str]:
        """Return the names of the resources' identities, by object id."""
        found: dict[str, str] = {}
        used: dict[str, str] = {}
        for each in resources:
            identity = each.body.get("identity") or {}
            if own := identity.get("principalId"):
                found[own.lower()] = self.place(each.id)
            for its in identity.get("userAssignedIdentities") or {}:
                used.setdefault(its.lower(), _USERS.get(each.type, ""))
        names = [name for name in used.values() if name]
        for each in resources:
            own = (each.body.get("properties") or {}).get("principalId") if each.type == IDENTITY else None
            if own:
                name = used.get(each.id.lower())
                is_clear = name and names.count(name) == 1
                found[own.lower()] = str(name) if is_clear else f"{name or 'identity'} {short(each.name)}"
        return found
