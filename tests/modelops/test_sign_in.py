"""The login of a pipeline without a secret: a new token of the CI service for every sign-in.

The CI services are this test's own, and the sandbox takes a token for what it says; that Entra trusts its issuer is not
shown here.
"""

import time
from collections.abc import Iterator

import pytest

from modelops import azure, credential
from modelops.errors import ReleaseError, UsageError
from modelops.workspace import Workspace
from tests.ci_service import Asked, CiService, running
from tests.modelops.conftest import GROUP, Bench, in_one_profile

pytestmark = in_one_profile

AUDIENCES = ("https://management.azure.com", "https://ml.azure.com", "https://storage.azure.com")


@pytest.fixture(name="ci")
def _ci(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Iterator[CiService]:
    """A CI service, in an environment that has no secret and no login of the Azure SDKs."""
    sandbox = bench.place.sandbox
    for name in [*sandbox.env]:
        if name.startswith(("AZURE_", "ARM_")):
            monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ARM_TENANT_ID", sandbox.tenant)
    monkeypatch.setenv("ARM_CLIENT_ID", sandbox.facts.accounts["deployer"].principal.client_id)
    with running() as service:
        yield service


def _enter(monkeypatch: pytest.MonkeyPatch, variables: dict[str, str]) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)


GITHUB = Asked("GET", "/github", {"api-version": "2.0", "audience": "api://AzureADTokenExchange"})
DEVOPS = Asked("POST", "/devops/oidctoken", {"api-version": "7.1", "serviceConnectionId": "the-connection"})


@pytest.mark.parametrize(("service", "request_"), [("github", GITHUB), ("devops", DEVOPS)])
def test_each_new_access_token_has_a_new_token_of_the_service(
    ci: CiService, monkeypatch: pytest.MonkeyPatch, service: str, request_: Asked
) -> None:
    _enter(monkeypatch, getattr(ci, service))
    found = credential.find()
    for audience in AUDIENCES:
        assert found.get_token(f"{audience}/.default").token
    assert ci.asked == [request_] * 3
    found.get_token(f"{AUDIENCES[0]}/.default")
    assert len(ci.asked) == 3
    now = time.time
    monkeypatch.setattr(time, "time", lambda: now() + 3600)
    found.get_token(f"{AUDIENCES[0]}/.default")
    assert ci.asked == [request_] * 4


def test_a_release_needs_no_other_login(bench: Bench, ci: CiService, monkeypatch: pytest.MonkeyPatch) -> None:
    _enter(monkeypatch, ci.github)
    bench.workspace = Workspace(bench.place.sandbox.subscription, GROUP, bench.place.workspace)
    before = bench.place.sandbox.control.sequence()
    assert bench.release().default == bench.plan.target
    journal = bench.place.sandbox.control.journal(before)
    signed_in = [each for each in journal if each["path"].endswith("/oauth2/v2.0/token")]
    assert {(each["status"], each["principal"]) for each in signed_in} == {(200, "deployer")}
    assert len(ci.asked) == len(signed_in)


def test_a_service_that_gives_no_token_is_named(ci: CiService, monkeypatch: pytest.MonkeyPatch) -> None:
    _enter(monkeypatch, {**ci.github, "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "of another job"})
    with pytest.raises(ReleaseError) as caught, azure.step("reading endpoint digits"):
        credential.find().get_token(f"{AUDIENCES[0]}/.default")
    assert str(caught.value) == (
        "reading endpoint digits failed: The Azure login failed or is missing: GitHub gave no token for Azure (HTTP "
        "401). The job needs `id-token: write`. Log in with `az login`, or set AZURE_TENANT_ID, AZURE_CLIENT_ID and "
        "AZURE_CLIENT_SECRET (or AZURE_FEDERATED_TOKEN_FILE; in a pipeline see docs/login.md), then run "
        "the command again."
    )


def test_a_missing_variable_is_named(ci: CiService) -> None:
    with pytest.raises(UsageError) as caught:
        credential.find({**ci.github, "ARM_TENANT_ID": "t"})
    assert str(caught.value) == (
        "The login needs ARM_CLIENT_ID, which is not set: nothing was sent. docs/login.md lists the "
        "variables of a pipeline."
    )


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({}, "ClientAssertionCredential"),
        ({"ARM_USE_OIDC": ""}, "DefaultAzureCredential"),
        ({"ACTIONS_ID_TOKEN_REQUEST_URL": ""}, "DefaultAzureCredential"),
        ({"AZURE_CLIENT_SECRET": "s"}, "DefaultAzureCredential"),
        ({"AZURE_TOKEN_CREDENTIALS": "WorkloadIdentityCredential"}, "DefaultAzureCredential"),
    ],
)
def test_what_is_chosen_by_hand_comes_first(ci: CiService, more: dict[str, str], expected: str) -> None:
    identity = {"AZURE_TENANT_ID": "t", "AZURE_CLIENT_ID": "c"}
    assert type(credential.find({**identity, **ci.github, **more})).__name__ == expected
