"""Whom a deployer that `apply` made may give a role, and whose it may take away."""

import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from components import roles
from sandbox.azure.directory import Named
from sandbox.commands import environment
from sandbox.commands.client import Answer
from sandbox.commands.stack_file import remember
from sandbox.testing import Sandbox, started
from tests.prerequisites.test_plan_and_apply import OPTIONS, ROLES, bearer, data

PERSON = "4a000000-0000-4000-8000-000000000001"
GROUP = "4a000000-0000-4000-8000-000000000002"
NOT_FULFILLED = "has an authorization with ABAC condition that is not fulfilled to perform action"


@dataclass
class Deployer:
    """The deployer of dev, and who may get a role: object id and type by a word for them."""

    sandbox: Sandbox
    token: str
    scope: str
    to: Mapping[str, tuple[str, str]]

    def give(self, role: roles.Role, who: str, *, token: str = "") -> tuple[Answer, str]:
        """Assign a role on the group of dev; return the answer and the assignment's path."""
        principal, kind = self.to[who]
        path = f"{self.scope}/providers/Microsoft.Authorization/roleAssignments/{uuid.uuid4()}"
        properties = {
            "principalId": principal,
            "principalType": kind,
            "roleDefinitionId": roles.definition_id(role, self.sandbox.subscription),
        }
        body = {"properties": properties}
        return self.sandbox.arm("PUT", path, body, api_version=ROLES, token=token or self.token), path

    def take(self, path: str, *, token: str = "") -> Answer:
        """Remove an assignment."""
        return self.sandbox.arm("DELETE", path, api_version=ROLES, token=token or self.token)


@pytest.fixture(scope="module", name="deployer")
def _deployer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployer]:
    with started(tmp_path_factory.mktemp("condition")) as sandbox, pytest.MonkeyPatch.context() as patch:
        sandbox.enter(patch)
        variables = environment.variables(sandbox.home, sandbox.facts, sandbox.server, "administrator")
        for name, value in variables.items():
            patch.setenv(name, value)
        patch.chdir(tmp_path_factory.mktemp("empty"))
        identities = data("apply", "--yes", *OPTIONS)["identities"]
        remember(sandbox.home, [Named(PERSON, "User", "caller"), Named(GROUP, "Group", "caller")])
        own = identities["dev"]
        yield Deployer(
            sandbox,
            bearer(sandbox, own["clientId"], "repo:contoso/scoring:environment:dev"),
            f"/subscriptions/{sandbox.subscription}/resourceGroups/rg-scoring-dev",
            {
                "a person": (PERSON, "User"),
                "a group": (GROUP, "Group"),
                "itself": (own["principalId"], "ServicePrincipal"),
                "an identity": (identities["prod"]["principalId"], "ServicePrincipal"),
            },
        )


def _refused(answer: Answer) -> bool:
    return answer.status == 403 and NOT_FULFILLED in answer.json["error"]["message"]


@pytest.mark.parametrize("who", ["a person", "a group", "itself"])
@pytest.mark.parametrize("role", roles.FOR_IDENTITIES, ids=lambda role: role.name)
def test_a_role_of_the_programs_identities_goes_to_nobody_else(deployer: Deployer, role: roles.Role, who: str) -> None:
    assert _refused(deployer.give(role, who)[0])


@pytest.mark.parametrize("role", roles.GRANTED, ids=lambda role: role.name)
def test_an_identity_gets_every_role_and_loses_it(deployer: Deployer, role: roles.Role) -> None:
    answer, path = deployer.give(role, "an identity")
    assert (answer.status, deployer.take(path).status) == (201, 200)


@pytest.mark.parametrize("who", ["a person", "a group", "itself"])
@pytest.mark.parametrize("role", roles.FOR_ANYBODY, ids=lambda role: role.name)
def test_callers_and_the_deployer_get_theirs_whatever_they_are(deployer: Deployer, role: roles.Role, who: str) -> None:
    answer, path = deployer.give(role, who)
    assert (answer.status, deployer.take(path).status) == (201, 200)


@pytest.mark.parametrize("who", ["a person", "a group"])
def test_what_an_administrator_gave_people_stays(deployer: Deployer, who: str) -> None:
    administrator = deployer.sandbox.control.token("administrator")
    answer, path = deployer.give(roles.CONTRIBUTOR, who, token=administrator)
    assert answer.status == 201
    assert _refused(deployer.take(path))
    assert deployer.take(path, token=administrator).status == 200


def test_a_type_that_is_not_the_principals_is_no_way_round(deployer: Deployer) -> None:
    deployer.to = {**deployer.to, "a person in disguise": (PERSON, "ServicePrincipal")}
    answer, _ = deployer.give(roles.VAULT_ADMINISTRATOR, "a person in disguise")
    assert (answer.status, answer.json["error"]["code"]) == (400, "UnmatchedPrincipalType")


def test_the_form_by_hand_differs_only_in_the_deployers_id() -> None:
    file = Path(__file__).parents[2] / "prerequisites" / "deployer-condition.txt"
    attribute = "[Microsoft.Authorization/roleAssignments:PrincipalId] ForAnyOfAllValues:GuidNotEquals"
    text = roles.deployer_condition(PERSON)
    for source in ("@Request", "@Resource"):
        assert text.count(f" AND {source}{attribute} {{{PERSON}}}") == 1
        text = text.replace(f" AND {source}{attribute} {{{PERSON}}}", "")
    assert file.read_text(encoding="utf-8") == text + "\n"
