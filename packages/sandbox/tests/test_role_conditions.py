"""A conditioned Role Based Access Control Administrator by real HTTP: what it may assign and remove, and what not.

The condition is the one of docs/access.md. Who holds it here is ``nobody``, on one resource group.
"""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from components import roles
from estate import ROLES, error_of
from sandbox.azure.authorization.built_in import ACCESS_ADMINISTRATOR, OWNER, RBAC_ADMINISTRATOR, READER
from sandbox.commands.client import Answer
from sandbox.testing import Sandbox

CONDITION = (Path(__file__).parents[3] / "prerequisites" / "deployer-condition.txt").read_text().strip()
_ASSIGNMENTS = "providers/Microsoft.Authorization/roleAssignments"


@dataclass
class Delegate:
    """A resource group, and who may assign some roles in it."""

    sandbox: Sandbox
    group: str

    def put(self, role: str, path: str = "", *, who: str = "nobody", **more: Any) -> tuple[Answer, str]:
        """Assign a role to the caller; return the answer and the assignment's path."""
        path = path or f"{self.group}/{_ASSIGNMENTS}/{uuid.uuid4()}"
        definition = (
            f"/subscriptions/{self.sandbox.subscription}/providers/Microsoft.Authorization/roleDefinitions/{role}"
        )
        caller = self.sandbox.facts.accounts["caller"].principal.object_id
        properties = {
            "principalId": caller,
            "roleDefinitionId": definition,
            "principalType": "ServicePrincipal",
            **more,
        }
        token = self.sandbox.control.token(who)
        answer = self.sandbox.arm("PUT", path, {"properties": properties}, api_version=ROLES, token=token)
        return answer, path

    def delete(self, path: str) -> Answer:
        """Remove an assignment."""
        return self.sandbox.arm("DELETE", path, api_version=ROLES, token=self.sandbox.control.token("nobody"))

    def refusal(self, verb: str, path: str) -> tuple[int, str, str]:
        """Return what ARM says when the condition does not let a write or delete through."""
        nobody = self.sandbox.facts.accounts["nobody"].principal
        return (
            403,
            "AuthorizationFailed",
            (
                f"The client '{nobody.client_id}' with object id '{nobody.object_id}' has an authorization with ABAC"
                f" condition that is not fulfilled to perform action 'Microsoft.Authorization/roleAssignments/{verb}'"
                f" over scope '{path}' or the scope is invalid. If access was recently granted, please refresh your"
                " credentials."
            ),
        )


@pytest.fixture(name="delegate", scope="module")
def _delegate(sandbox: Sandbox) -> Iterator[Delegate]:
    group = f"/subscriptions/{sandbox.subscription}/resourceGroups/conditions"
    assert sandbox.arm("PUT", group, {"location": sandbox.location}, api_version="2024-03-01").status == 201
    granted = sandbox.grant("nobody", RBAC_ADMINISTRATOR, group, CONDITION)
    yield Delegate(sandbox, group)
    sandbox.take_away(granted)


@pytest.mark.parametrize("role", roles.GRANTED, ids=lambda role: role.name)
def test_each_role_of_the_program_is_assigned_and_removed(delegate: Delegate, role: roles.Role) -> None:
    answer, path = delegate.put(role.id)
    assert (answer.status, delegate.delete(path).status) == (201, 200)


@pytest.mark.parametrize("role", [OWNER, ACCESS_ADMINISTRATOR, RBAC_ADMINISTRATOR, roles.DATA_SCIENTIST.id])
def test_any_other_role_is_neither_assigned_nor_removed(delegate: Delegate, role: str) -> None:
    answer, path = delegate.put(role)
    assert error_of(answer) == delegate.refusal("write", path)
    given, path = delegate.put(role, who="administrator")
    assert given.status == 201
    assert error_of(delegate.delete(path)) == delegate.refusal("delete", path)
    delegate.sandbox.take_away(path)


def test_an_allowed_assignment_is_not_turned_into_another(delegate: Delegate) -> None:
    answer, path = delegate.put(roles.BLOB_READER.id)
    assert answer.status == 201
    assert error_of(delegate.put(OWNER, path)[0]) == delegate.refusal("write", path)
    assert delegate.delete(path).status == 200


def test_removing_what_is_not_there_is_no_refusal(delegate: Delegate) -> None:
    assert delegate.delete(f"{delegate.group}/{_ASSIGNMENTS}/{uuid.uuid4()}").status == 204


def test_whoever_is_limited_by_a_condition_reads_it_and_cannot_lift_it(delegate: Delegate) -> None:
    sandbox = delegate.sandbox
    own = sandbox.grant("nobody", RBAC_ADMINISTRATOR, delegate.group, CONDITION)
    read = sandbox.arm("GET", own, api_version=ROLES, token=sandbox.control.token("nobody")).json["properties"]
    assert (read["condition"], read["conditionVersion"]) == (CONDITION, "2.0")
    assert error_of(delegate.delete(own)) == delegate.refusal("delete", own)
    nobody = sandbox.facts.accounts["nobody"].principal.object_id
    again = delegate.put(RBAC_ADMINISTRATOR, own, principalId=nobody)[0]
    assert error_of(again) == delegate.refusal("write", own)


def test_a_condition_on_kinds_of_principals_sees_what_the_body_says(delegate: Delegate) -> None:
    sandbox = delegate.sandbox
    attribute = "@Request[Microsoft.Authorization/roleAssignments:PrincipalType]"
    text = (
        "((!(ActionMatches{'Microsoft.Authorization/roleAssignments/write'})) OR"
        f" ({attribute} ForAnyOfAnyValues:StringEqualsIgnoreCase {{'ServicePrincipal'}}))"
    )
    granted = sandbox.grant("reader", RBAC_ADMINISTRATOR, delegate.group, text)
    refused, _ = delegate.put(READER, who="reader", principalType=None)
    allowed, path = delegate.put(READER, who="reader")
    sandbox.take_away(path)
    sandbox.take_away(granted)
    assert (refused.status, allowed.status) == (403, 201)


@pytest.mark.parametrize(
    ("condition", "version", "refusal"),
    [
        (
            "true",
            "2.0",
            (
                400,
                "InvalidRoleAssignmentCondition",
                (
                    "The given role assignment condition is invalid: 'true' is unknown: a comparison, ActionMatches,"
                    " '!' or '('."
                ),
            ),
        ),
        (
            CONDITION,
            "1.0",
            (
                400,
                "InvalidRoleAssignmentCondition",
                "The given role assignment condition is invalid: 'conditionVersion' is '1.0'; allowed: 2.0.",
            ),
        ),
        (
            "@Resource[Microsoft.Storage/storageAccounts:name] StringEquals 'a'",
            "2.0",
            (
                501,
                "NotModelledInSandbox",
                (
                    "The sandbox does not model conditions on '@Resource[Microsoft.Storage/storageAccounts:name]'. See"
                    " behaviour.md of the sandbox for what it does."
                ),
            ),
        ),
    ],
)
def test_a_condition_without_effect_is_not_stored(
    delegate: Delegate, condition: str, version: str, refusal: tuple[int, str, str]
) -> None:
    answer, _ = delegate.put(READER, who="administrator", condition=condition, conditionVersion=version)
    assert error_of(answer) == refusal
