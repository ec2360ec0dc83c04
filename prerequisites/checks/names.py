"""Names that soft-deleted resources hold: those in the stack's state, and those that autonaming leaves fixed.

A name with a random part, as this project's are, meets nothing. Azure lists its soft-deleted vaults
(https://learn.microsoft.com/rest/api/keyvault/keyvault/vaults/list-deleted); of workspaces, only the portal does, so
that one is known to be deleted if the state has it and Azure does not.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from components import names
from components.preflight import arm
from prerequisites.checks.around import Azure, Stack
from prerequisites.checks.finding import Finding, not_checked
from settings import Settings

SUBJECT: Final = "names"

_VAULTS: Final = "2022-07-01"
"""The api-version of the list of soft-deleted vaults."""

_VAULT: Final = "azure-native:keyvault:Vault"
_WORKSPACE: Final = "azure-native:machinelearningservices:Workspace"
_PROGRAMS: Final = "mlbatch"
"""The logical name of the workspace's component in __main__.py."""

_NOT_FOUND: Final = 404
_RANDOM: Final = re.compile(r"\$\{(hex|alphanum|string|num|uuid)\b")


def find(azure: Azure, stack: Stack, settings: Settings) -> Iterator[Finding]:
    """Yield the names that cannot be used."""
    if settings.workspace.existing:
        yield from _workspace(azure, settings.workspace.existing, is_adopted=True)
        return
    try:
        yield from _vaults(azure, stack)
    except (arm.Refused, arm.Unanswered) as error:
        yield not_checked(f"{SUBJECT} of vaults", error)
    for each in stack.of_type(_WORKSPACE):
        if each.get("id"):
            yield from _workspace(azure, str(each["id"]), is_adopted=False)


def _vaults(azure: Azure, stack: Stack) -> Iterator[Finding]:
    mine = {str(each.get("id", "")).rpartition("/")[2].lower() for each in stack.of_type(_VAULT)}
    fixed = _fixed(names.logical(names.KEY_VAULT, _PROGRAMS, "vault"), stack)
    place = stack.committed.file.place(("pulumi:autonaming",))
    for each in azure.arm.read_all(f"{azure.scope}/providers/Microsoft.KeyVault/deletedVaults", version=_VAULTS):
        name = str(each["name"])
        location = (each.get("properties") or {}).get("location", "LOCATION")
        if name.lower() in mine:
            yield Finding(
                SUBJECT,
                f"key vault {name} of this stack was deleted outside Pulumi, and is soft-deleted.",
                (f"az keyvault recover --name {name} --location {location}",),
            )
        elif not mine and fixed and name.lower() == fixed.lower():
            yield Finding(
                SUBJECT,
                f"a soft-deleted key vault holds the name {name}, which pulumi:autonaming gives this stack's vault.",
                (
                    f"az keyvault purge --name {name} --location {location}    (not with purge protection)",
                    f"or edit {place}: add a random part, such as pattern: ${{name}}-${{hex(8)}}",
                ),
            )


def _workspace(azure: Azure, resource_id: str, *, is_adopted: bool) -> Iterator[Finding]:
    name = resource_id.rpartition("/")[2]
    try:
        azure.arm.read(resource_id, version=arm.MACHINE_LEARNING)
    except arm.Unanswered as error:
        yield not_checked(f"{SUBJECT} of workspaces", error)
    except arm.Refused as error:
        if error.status != _NOT_FOUND:
            yield not_checked(f"{SUBJECT} of workspaces", error)
            return
        whose = "which workspace.existing names," if is_adopted else "of this stack"
        instead = (
            "or name another one: workspace.existing"
            if is_adopted
            else "or give it up: pulumi up --refresh makes another"
        )
        yield Finding(
            SUBJECT,
            f"workspace {name} {whose} does not exist in Azure. It may be soft-deleted: then its name stays taken "
            "for 14 days.",
            ("recover it in the Azure portal: Azure Machine Learning, Recently deleted", instead),
        )


def _fixed(logical: str, stack: Stack) -> str | None:
    """Return the physical name that the stack's autonaming gives every time; None if it has a random part."""
    said: Any = stack.committed.config.get("pulumi:autonaming")
    if not isinstance(said, Mapping):
        return None
    if said.get("mode") == "verbatim":
        return logical
    pattern = said.get("pattern")
    if not isinstance(pattern, str) or _RANDOM.search(pattern):
        return None
    parts = {"name": logical, "stack": stack.name, "project": stack.committed.project}
    return re.sub(r"\$\{(\w+)\}", lambda found: parts.get(found[1], found[0]), pattern)
