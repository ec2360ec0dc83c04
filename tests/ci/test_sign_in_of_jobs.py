"""The token file that the engine reads: fresh for as long as a command runs, and gone afterwards."""

import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from azure.core.exceptions import ClientAuthenticationError

from ci import sign_in
from ci.sign_in import signed_in
from modelops.credential import token_of_github
from tests import ci_service
from tests.ci_service import CiService


@pytest.fixture(name="github")
def _github(monkeypatch: pytest.MonkeyPatch) -> Iterator[CiService]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with ci_service.running() as service:
        yield service


@pytest.fixture
def environ(github: CiService) -> dict[str, str]:
    """Return a job's variables."""
    identity = {"AZURE_CLIENT_ID": "client", "AZURE_TENANT_ID": "tenant", "AZURE_SUBSCRIPTION_ID": "subscription"}
    return {**github.github, **identity}


def test_the_file_has_a_token_and_then_newer_ones(
    github: CiService, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    tokens: list[str] = []
    third = threading.Event()

    def noted(variables: Mapping[str, str]) -> str:
        tokens.append(token_of_github(variables))
        if len(tokens) >= 3:
            third.set()
        return tokens[-1]

    monkeypatch.setattr(sign_in, "token_of_github", noted)
    with signed_in(environ, seconds=0.01):
        file = Path(environ["AZURE_FEDERATED_TOKEN_FILE"])
        assert file.stat().st_mode & 0o777 == 0o600
        assert third.wait(30)
        assert file.read_text(encoding="utf-8") in tokens[1:]
    assert not file.exists()
    assert "AZURE_FEDERATED_TOKEN_FILE" not in environ
    assert len(set(tokens)) == len(tokens)
    assert set(github.urls) == {"/github?audience=api://AzureADTokenExchange&api-version=2.0"}


def test_the_provider_gets_the_same_identity(environ: dict[str, str]) -> None:
    with signed_in(environ):
        arm = {name: value for name, value in environ.items() if name.startswith("ARM_")}
    assert arm == {
        "ARM_USE_OIDC": "true",
        "ARM_CLIENT_ID": "client",
        "ARM_TENANT_ID": "tenant",
        "ARM_SUBSCRIPTION_ID": "subscription",
    }


def test_elsewhere_nothing_is_asked(github: CiService, environ: dict[str, str]) -> None:
    for name in ("ARM_USE_OIDC", "ACTIONS_ID_TOKEN_REQUEST_URL"):
        elsewhere = {key: value for key, value in environ.items() if key != name}
        with signed_in(elsewhere):
            assert "AZURE_FEDERATED_TOKEN_FILE" not in elsewhere
    assert github.asked == []


def test_a_job_that_gets_no_token_is_told_why(github: CiService, environ: dict[str, str]) -> None:
    github.refuses = 403
    with (
        pytest.raises(
            ClientAuthenticationError,
            match=r"^GitHub gave no token for Azure \(HTTP 403\). The job needs `id-token: write`.$",
        ),
        signed_in(environ),
    ):
        pass
