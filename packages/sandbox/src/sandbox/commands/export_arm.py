"""Exports the resources of a group as an ARM template, for scanners, and to read or compare.

Each resource is read like by any client (GET), without members that a request cannot set, and written with its full
type, its name as ``parent/child`` and the program's api-version. All values are literal, because scanners skip
expressions that they cannot evaluate. It contains no secrets: no GET returns one, except for keys that are read-only
(Application Insights). The same deployment gives the same bytes.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from sandbox.azure.arm.ids import ArmId
from sandbox.azure.arm.schema import Schema, settable
from sandbox.azure.arm.schemas import arm_schemas, machine_learning_schemas
from sandbox.azure.arm.store import Resource, Store
from sandbox.azure.arm.types import BLOB_CONTAINER, INSIGHTS, REGISTRY, STORAGE_ACCOUNT, VAULT
from sandbox.commands import lifecycle
from sandbox.commands.client import Client
from sandbox.commands.inventory import python
from sandbox.home import Home

_FORMAT = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"
_GROUPS = "Microsoft.Resources/resourceGroups"
_ML = "Microsoft.MachineLearningServices/workspaces"

API_VERSIONS = {
    "Microsoft.Authorization/locks": "2020-05-01",
    "Microsoft.Authorization/roleAssignments": "2022-04-01",
    "Microsoft.Authorization/roleDefinitions": "2022-05-01-preview",
    REGISTRY: "2023-01-01-preview",
    INSIGHTS: "2020-02-02",
    "Microsoft.Insights/actionGroups": "2024-10-01-preview",
    "Microsoft.Insights/diagnosticSettings": "2021-05-01-preview",
    "Microsoft.Insights/metricAlerts": "2018-03-01",
    "Microsoft.Logic/workflows": "2019-05-01",
    VAULT: "2024-11-01",
    "Microsoft.ManagedIdentity/userAssignedIdentities": "2023-01-31",
    "Microsoft.OperationalInsights/workspaces": "2023-09-01",
    STORAGE_ACCOUNT: "2024-01-01",
    f"{STORAGE_ACCOUNT}/blobServices": "2024-01-01",
    BLOB_CONTAINER: "2024-01-01",
}
"""The versions of pulumi-azure-native (a test compares them with pulumi_standins/azure_native/schema.json)."""

_ML_VERSION = "2025-12-01"
_ML_SCHEMAS = {
    _ML: "workspace",
    f"{_ML}/batchEndpoints": "batch endpoint",
    f"{_ML}/batchEndpoints/deployments": "batch deployment",
    f"{_ML}/codes": "code container",
    f"{_ML}/codes/versions": "code version",
    f"{_ML}/computes": "compute",
    f"{_ML}/data": "data container",
    f"{_ML}/data/versions": "data version",
    f"{_ML}/datastores": "datastore",
    f"{_ML}/environments": "environment container",
    f"{_ML}/environments/versions": "environment version",
    f"{_ML}/models": "model container",
    f"{_ML}/models/versions": "model version",
}
API_VERSIONS |= dict.fromkeys(_ML_SCHEMAS, _ML_VERSION)

# The other members of a template's resource, in the usual order.
_ENVELOPE = ("location", "kind", "sku", "identity", "tags", "properties")


class ExportError(ValueError):
    """The export failed; the text gives the reason and the next command."""


def export(home: Home, group: str | None) -> str:
    """Return the template of a resource group, as JSON text with a final line break.

    Starts the server if needed, and reads as the deployer.

    Args:
        home: The sandbox.
        group: Name of the group, case-insensitive; None if there is only one.

    Raises:
        ExportError: there is no such group, or several and no name; a resource cannot be read, or has an unknown type.
    """
    scope, ids = _deployed(home, group)
    client = Client(home, lifecycle.start(home))
    bodies = list(_answers(client, ids))
    known = {body["id"].lower() for body in bodies}
    resources = [_resource(body, scope.id, known) for body in bodies]
    document = {
        "$schema": _FORMAT,
        "contentVersion": "1.0.0.0",
        "metadata": {"resourceGroup": scope.name, "location": scope.body["location"]},
        "resources": sorted(resources, key=lambda each: (each["type"], each.get("scope", ""), each["name"])),
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _deployed(home: Home, name: str | None) -> tuple[Resource, list[str]]:
    """Return the group and the ids of its resources."""
    if not home.store.exists():
        raise ExportError(
            f"'{home.root}' has no sandbox, so nothing is deployed. Run: {python()} -m sandbox run -- pulumi up"
        )
    with Store(home.store) as store:
        groups = sorted(store.below("", _GROUPS), key=lambda each: each.name)
        names = ", ".join(each.name for each in groups)
        chosen = [each for each in groups if name is None or each.name.lower() == name.lower()]
        if not groups:
            raise ExportError(
                f"nothing is deployed: no resource group exists. Run: {python()} -m sandbox run -- pulumi up"
            )
        if not chosen:
            raise ExportError(f"resource group '{name}' does not exist; existing: {names}")
        if len(chosen) > 1:
            raise ExportError(f"there are several resource groups: {names}. Name one with --resource-group")
        return chosen[0], [each.id for each in store.below(chosen[0].id)]


def _answers(client: Client, ids: list[str]) -> Iterator[dict[str, Any]]:
    """Yield the answer to a GET of each id, and of the implicit parts of storage accounts."""
    seen = set()
    for resource_id in ids:
        seen.add(resource_id.lower())
        yield _get(client, resource_id, ArmId.parse(resource_id).type)
    for account in [each for each in ids if ArmId.parse(each).type == STORAGE_ACCOUNT]:
        service = f"{account}/blobServices/default"
        implied = [_get(client, service, f"{STORAGE_ACCOUNT}/blobServices")]
        # Containers that were created through the data plane are included.
        implied += _get(client, f"{service}/containers", BLOB_CONTAINER)["value"]
        yield from (body for body in implied if body["id"].lower() not in seen)


def _get(client: Client, resource_id: str, type_: str) -> dict[str, Any]:
    answer = client.request("GET", f"{resource_id}?api-version={_version(type_)}")
    if answer.status != 200:  # noqa: PLR2004 - anything else is not an answer
        _, code, message = answer.error
        raise ExportError(f"'{resource_id}' cannot be read: ({code}) {message}")
    body: dict[str, Any] = answer.json
    return body


def _version(type_: str) -> str:
    if type_ not in API_VERSIONS:
        raise ExportError(
            f"resources of type '{type_}' cannot be exported: sandbox/commands/export_arm.py does not know it"
        )
    return API_VERSIONS[type_]


def _schema(type_: str) -> Schema:
    return machine_learning_schemas()[_ML_SCHEMAS[type_]] if type_ in _ML_SCHEMAS else arm_schemas()[type_]


def _resource(body: Mapping[str, Any], group_id: str, known: set[str]) -> dict[str, Any]:
    """Return one entry of the template's ``resources``."""
    resource_id = str(body["id"])
    own = ArmId.parse(resource_id)
    type_ = own.type
    written = _sorted(settable(_schema(type_), body))
    entry: dict[str, Any] = {"type": type_, "apiVersion": _version(type_), "name": "/".join(own.names)}
    if own.scope != ArmId.parse(group_id):
        entry["scope"] = str(own.scope).rpartition("/providers/")[2]
    entry |= {member: _literal(written[member]) for member in _ENVELOPE if member in written}
    needed = sorted(_needed(body, resource_id, known))
    return entry | ({"dependsOn": needed} if needed else {})


def _needed(body: Mapping[str, Any], resource_id: str, known: set[str]) -> Iterator[str]:
    """Yield the ids of other exported resources that must exist first: its parent, and those that it names.

    Not those below it: an endpoint names its default deployment, which cannot exist before the endpoint.
    """
    own = resource_id.lower()
    named = {text for text in _texts(body) if text.lower() in known}
    ancestors = {resource_id[: len(each)] for each in known if own.startswith(f"{each}/")}
    yield from (each for each in named | ancestors if not f"{each.lower()}/".startswith(f"{own}/"))


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            yield from (name, *_texts(inner))
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)


def _sorted(value: Any) -> Any:
    """Return a copy with sorted object members; arrays keep their order, which may have a meaning."""
    if isinstance(value, Mapping):
        return {name: _sorted(value[name]) for name in sorted(value)}
    return [_sorted(each) for each in value] if isinstance(value, list) else value


def _literal(value: Any) -> Any:
    """Return a copy without texts that look like expressions: a leading bracket is escaped by doubling."""
    if isinstance(value, Mapping):
        return {name: _literal(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_literal(each) for each in value]
    return f"[{value}" if isinstance(value, str) and value.startswith("[") else value
