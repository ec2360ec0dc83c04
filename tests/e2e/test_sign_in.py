"""A pipeline's federated token in the place of a client secret: the program and the release both sign in with it.

The sandbox takes an assertion for what it says (docs/sandbox.md); that Entra trusts its issuer is not shown here.
"""

import base64
import json
import time
from pathlib import Path

import pytest

from tests.e2e.commands import Done
from tests.e2e.rehearsal import Rehearsal

UP = ("pulumi", "up", "--yes", "--skip-preview", "--non-interactive", "--color", "never")


def _assertion(seconds: float, audience: str = "api://AzureADTokenExchange") -> str:
    """Return a token as GitHub issues one for a job of an environment, valid for so many seconds."""
    claims = {
        "iss": "https://token.actions.githubusercontent.com",
        "sub": "repo:example/scoring:environment:dev",
        "aud": audience,
        "exp": int(time.time() + seconds),
    }
    parts = [json.dumps(each).encode() for each in ({"typ": "JWT", "alg": "RS256"}, claims)]
    head, body = (base64.urlsafe_b64encode(each).rstrip(b"=").decode() for each in parts)
    return f"{head}.{body}.{base64.urlsafe_b64encode(b'a signature that nobody here can check').decode()}"


def _federated(rehearsal: Rehearsal, token: Path, *command: str) -> Done:
    """Run a command with the variables of docs/configuration.md#login, and without a secret."""
    variables = {
        "ARM_USE_OIDC": "true",
        "ARM_OIDC_TOKEN_FILE_PATH": str(token),
        "AZURE_FEDERATED_TOKEN_FILE": str(token),
        "AZURE_TOKEN_CREDENTIALS": "WorkloadIdentityCredential",
    }
    without = ("-u", "ARM_CLIENT_SECRET", "-u", "AZURE_CLIENT_SECRET")
    return rehearsal.run("env", *without, *(f"{name}={value}" for name, value in variables.items()), *command)


def test_a_pipeline_deploys_and_scores_without_a_secret(deployed: Rehearsal, tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text(_assertion(300), encoding="utf-8")
    old = deployed.default
    deployed.change_one_byte_of_the_model()
    before = deployed.mark()
    _federated(deployed, token, *UP).ok()
    assert deployed.default != old
    images = "examples/digits/data/images"
    invoke = ("-m", "modelops", "invoke", "--stack", "dev", "--input", images, "--download", "predictions")
    _federated(deployed, token, "python", *invoke).ok()
    signed_in = [each for each in deployed.journal(before) if each["path"].endswith("/oauth2/v2.0/token")]
    assert {(each["status"], each["principal"]) for each in signed_in} == {(200, "deployer")}


@pytest.mark.parametrize(
    ("seconds", "audience", "reason"),
    [
        (-1, "api://AzureADTokenExchange", "AADSTS700024: Client assertion is not within its valid time range."),
        (300, "https://github.com/example", "AADSTS700212: No matching federated identity record found"),
    ],
)
def test_a_token_that_does_not_do_stops_an_up_before_anything_is_made(
    fresh: Rehearsal, tmp_path: Path, seconds: float, audience: str, reason: str
) -> None:
    token = tmp_path / "token"
    token.write_text(_assertion(seconds, audience), encoding="utf-8")
    failed = _federated(fresh, token, *UP).failed()
    assert "No usable Azure login was found, so nothing was created or changed." in failed.flat
    assert reason in failed.flat
    assert fresh.writes() == []
