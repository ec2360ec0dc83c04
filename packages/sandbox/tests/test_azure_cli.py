"""What the Azure CLI sends (azure-cli 2.91, read from its requests) and reads of the answers.

Does not run it: it has some 200 dependencies. docs/behaviour.md says which of its commands were run by hand.
"""

import uuid
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest

from sandbox.azure.authorization.built_in import CONTRIBUTOR, READER
from sandbox.testing import Sandbox

AUTHORIZATION = "/providers/Microsoft.Authorization"
SAFE = "/?&=$'()"
ACCOUNT = "/providers/Microsoft.Storage/storageAccounts"


@pytest.fixture(scope="module")
def group(sandbox: Sandbox) -> Iterator[str]:
    """A resource group, by its id."""
    path = f"/subscriptions/{sandbox.subscription}/resourceGroups/cli"
    assert sandbox.arm("PUT", path, {"location": "westeurope"}, api_version="2024-11-01").status == 201
    yield path
    assert sandbox.arm("DELETE", path, api_version="2024-11-01").status == 202


def as_administrator(sandbox: Sandbox, method: str, path: str, body: Any = None) -> Any:
    """Send a request as somebody who may define and assign roles; return the answer."""
    token = sandbox.control.token("administrator")
    return sandbox.arm(method, quote(path, SAFE), body, api_version="2022-04-01", token=token)


def names(sandbox: Sandbox, path: str) -> list[str]:
    """Return the names of what an administrator finds in a list of role definitions or assignments."""
    return [
        each["properties"].get("roleName", each["name"])
        for each in as_administrator(sandbox, "GET", path).json["value"]
    ]


def test_login_finds_the_tenant_and_the_subscription(sandbox: Sandbox) -> None:
    (tenant,) = sandbox.arm("GET", "/tenants", api_version="2022-12-01").json["value"]
    assert tenant["tenantId"] == sandbox.tenant
    for who in ("deployer", "nobody"):
        token = sandbox.control.token(who)
        (found,) = sandbox.arm("GET", "/subscriptions", api_version="2022-12-01", token=token).json["value"]
        assert found == {
            "id": f"/subscriptions/{sandbox.subscription}",
            "subscriptionId": sandbox.subscription,
            "tenantId": sandbox.tenant,
            "displayName": "sandbox",
            "state": "Enabled",
        }


@pytest.mark.parametrize("tenant", ["organizations", "common"])
def test_logout_asks_where_any_tenant_signs_in(sandbox: Sandbox, tenant: str) -> None:
    path = f"/{tenant}/v2.0/.well-known/openid-configuration"
    found = sandbox.request("GET", path, host="login.microsoftonline.com").json
    assert found["token_endpoint"] == f"https://login.microsoftonline.com/{tenant}/oauth2/v2.0/token"


def test_its_login_is_of_the_sandbox_and_of_each_principal(sandbox: Sandbox) -> None:
    assert sandbox.env["AZURE_CONFIG_DIR"] == str(sandbox.home.root / "azure-cli" / "deployer")
    assert sandbox.env["AZURE_CORE_COLLECT_TELEMETRY"] == "false"


def test_a_role_is_found_by_its_name(sandbox: Sandbox, group: str) -> None:
    definitions = f"{group}{AUTHORIZATION}/roleDefinitions"
    (found,) = as_administrator(sandbox, "GET", f"{definitions}?$filter=roleName eq 'contributor'").json["value"]
    assert found["id"] == f"/subscriptions/{sandbox.subscription}{AUTHORIZATION}/roleDefinitions/{CONTRIBUTOR}"
    assert names(sandbox, f"{definitions}?$filter=roleName eq 'Nobody''s'") == []
    assert {"Owner", "Reader"} < {*names(sandbox, definitions)}
    refused = as_administrator(sandbox, "GET", f"{definitions}?$filter=atScopeAndBelow()")
    assert refused.json["error"]["message"].startswith(
        "The sandbox does not model 'atScopeAndBelow()' in the $filter of a list of role definitions."
    )


def test_a_role_is_defined_listed_assigned_and_deleted(sandbox: Sandbox, group: str) -> None:
    scope, guid = f"/subscriptions/{sandbox.subscription}", str(uuid.uuid4())
    definition = f"{scope}{AUTHORIZATION}/roleDefinitions/{guid}"
    sent = {
        "roleName": "Watcher's",
        "type": "CustomRole",
        "assignableScopes": [scope],
        "permissions": [{"actions": ["*/read"], "notActions": []}],
    }
    assert as_administrator(sandbox, "PUT", definition, {"properties": sent}).status == 201
    assert as_administrator(sandbox, "PUT", definition, {"properties": sent}).status == 200
    for wanted in ("roleName eq 'Watcher''s'", "type eq 'CustomRole'"):
        found = names(sandbox, f"{group}{AUTHORIZATION}/roleDefinitions?$filter={wanted}")
        assert found.count("Watcher's") == 1
        assert "Owner" not in found
    deleted = as_administrator(sandbox, "DELETE", definition)
    assert (deleted.status, deleted.json["name"]) == (200, guid)
    assert as_administrator(sandbox, "DELETE", definition).status == 204


def test_assignments_are_listed_by_scope_and_principal_and_answered_when_they_are_deleted(
    sandbox: Sandbox, group: str
) -> None:
    caller = sandbox.facts.accounts["caller"].principal.object_id
    assignment = sandbox.grant("caller", READER, group)
    assignments, name = f"{AUTHORIZATION}/roleAssignments", assignment.rpartition("/")[2]
    subscription = f"/subscriptions/{sandbox.subscription}"
    for scope, wanted, is_found in (
        (subscription, f"principalId eq '{caller}'", True),
        (subscription, f"assignedTo('{caller}')", True),
        (subscription, f"atScope() and assignedTo('{caller}')", False),
        (subscription, "atScope()", False),
        (group, "atScope()", True),
        (group, f"atScope() and assignedTo('{caller}')", True),
        (group, f"principalId eq '{uuid.uuid4()}'", False),
    ):
        assert (name in names(sandbox, f"{scope}{assignments}?$filter={wanted}")) is is_found, wanted
    deleted = as_administrator(sandbox, "DELETE", assignment)
    assert (deleted.status, deleted.json["name"]) == (200, name)
    assert as_administrator(sandbox, "DELETE", assignment).status == 204


def test_a_storage_account_is_made_found_and_updated(sandbox: Sandbox, group: str) -> None:
    version = {"api_version": "2025-06-01"}
    check = "providers/Microsoft.Storage/checkNameAvailability"
    asked = {"name": "stcli", "type": "Microsoft.Storage/storageAccounts"}
    assert sandbox.arm("POST", check, asked, **version).json == {"nameAvailable": True}
    account = f"{group}{ACCOUNT}/stcli"
    body = {"location": "westeurope", "kind": "StorageV2", "sku": {"name": "Standard_LRS"}, "tags": {"a": "b"}}
    assert sandbox.arm("PUT", account, body, **version).status == 202
    assert sandbox.arm("POST", check, asked, **version).json == {
        "nameAvailable": False,
        "reason": "AlreadyExists",
        "message": "The storage account named stcli is already taken.",
    }
    assert sandbox.arm("POST", check, {**asked, "name": "St"}, **version).json["reason"] == "AccountNameInvalid"
    listed = sandbox.arm("GET", f"/subscriptions/{sandbox.subscription}{ACCOUNT}", **version).json["value"]
    assert account in [each["id"] for each in listed]
    rules = {"defaultAction": "Deny", "ipRules": [{"value": "203.0.113.7", "action": "Allow"}]}
    changed = sandbox.arm("PATCH", account, {"properties": {"networkAcls": rules}}, **version)
    assert (changed.status, changed.json["tags"]) == (200, {"a": "b"})
    after = sandbox.arm("PATCH", account, {"tags": {}, "properties": {"allowSharedKeyAccess": False}}, **version).json
    assert (after["tags"], after["properties"]["allowSharedKeyAccess"]) == ({}, False)
    assert after["properties"]["networkAcls"]["ipRules"] == rules["ipRules"]
    refused = sandbox.arm("PATCH", account, {"properties": {"nonsense": 1}}, **version)
    assert (refused.status, refused.json["error"]["code"]) == (400, "InvalidRequestContent")
    keys = sandbox.arm("POST", f"{account}/listKeys?$expand=kerb", **version).json["keys"]
    assert [each["keyName"] for each in keys] == ["key1", "key2"]


def test_a_template_is_refused_by_name(sandbox: Sandbox) -> None:
    """The body has the text of its file, which need not be JSON."""
    body = b'{"properties": {"template": {"resources": [], // none\n}}}'
    path = "providers/Microsoft.Resources/deployments/x"
    refused = sandbox.arm("PUT", path, body, api_version="2024-11-01")
    assert refused.status == 501
    assert refused.json["error"]["message"].startswith(
        f"The sandbox does not model PUT https://management.azure.com/subscriptions/{sandbox.subscription}/{path}."
    )


def test_resources_are_listed_by_group_and_type(sandbox: Sandbox, group: str) -> None:
    identity = f"{group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id1"
    assert sandbox.arm("PUT", identity, {"location": "westeurope"}, api_version="2024-11-30").status == 201
    sandbox.grant("caller", READER, identity)

    def listed(wanted: str, who: str = "deployer") -> list[str]:
        path = f"/subscriptions/{sandbox.subscription}/resources?$expand=createdTime&$filter={wanted}"
        answer = sandbox.arm("GET", quote(path, SAFE), api_version="2024-11-01", token=sandbox.control.token(who))
        return [each["id"] for each in answer.json["value"]]

    assert identity in listed("resourceGroup eq 'CLI'")
    both = "resourceType eq 'Microsoft.ManagedIdentity/userAssignedIdentities' and name eq 'id1'"
    assert listed(both) == [identity]
    assert listed("resourceGroup eq 'cli'", "caller") == [identity]
    assert listed(both, "nobody") == []
    refused = sandbox.arm("GET", "resources?$filter=tagName%20eq%20'x'", api_version="2024-11-01")
    assert refused.json["error"]["message"].startswith(
        "The sandbox does not model 'tagName eq 'x'' in the $filter of a list of resources."
    )
