"""A pipeline's federated token in the place of a client secret: the program and the release both sign in with it.

The sandbox takes an assertion for what it says (docs/sandbox.md); that Entra trusts its issuer is not shown here.
"""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import pytest

from tests.ci_service import assertion, running
from tests.e2e.commands import Done
from tests.e2e.rehearsal import Rehearsal

SECRETS = {"ARM_CLIENT_SECRET", "AZURE_CLIENT_SECRET"}
TOKENS = "AZURE_TOKEN_CREDENTIALS"
UP = ("pulumi", "up", "--yes", "--skip-preview", "--non-interactive", "--color", "never")


def _federated(rehearsal: Rehearsal, token: Path, *command: str) -> Done:
    """Run a command with the variables of docs/login.md, and without a secret."""
    variables = {
        "ARM_USE_OIDC": "true",
        "ARM_OIDC_TOKEN_FILE_PATH": str(token),
        "AZURE_FEDERATED_TOKEN_FILE": str(token),
        TOKENS: "WorkloadIdentityCredential",
    }
    without = (f"-u{name}" for name in sorted(SECRETS))
    return rehearsal.run("env", *without, *(f"{name}={value}" for name, value in variables.items()), *command)


def _on_github(rehearsal: Rehearsal, variables: Mapping[str, str], *command: str) -> Done:
    """Run a command in a GitHub job with `id-token: write`: the release finds no other login."""
    without = (f"-u{name}" for name in sorted(SECRETS | {"AZURE_TENANT_ID", "AZURE_CLIENT_ID", TOKENS}))
    return rehearsal.run("env", *without, *(f"{name}={value}" for name, value in variables.items()), *command)


def _deploys_and_scores(deployed: Rehearsal, run: Callable[..., Done]) -> None:
    old = deployed.default
    deployed.change_one_byte_of_the_model()
    before = deployed.mark()
    run(*UP).ok()
    assert deployed.default != old
    images = "examples/digits/data/images"
    run("python", "-m", "modelops", "invoke", "--stack", "dev", "--input", images, "--download", "predictions").ok()
    signed_in = [each for each in deployed.journal(before) if each["path"].endswith("/oauth2/v2.0/token")]
    assert {(each["status"], each["principal"]) for each in signed_in} == {(200, "deployer")}


def test_a_pipeline_deploys_and_scores_with_a_token_in_a_file(deployed: Rehearsal, tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text(assertion(300), encoding="utf-8")
    _deploys_and_scores(deployed, partial(_federated, deployed, token))


def test_a_github_job_deploys_and_scores_with_a_new_token_for_every_sign_in(deployed: Rehearsal) -> None:
    with running() as ci:
        before = deployed.mark()
        _deploys_and_scores(deployed, partial(_on_github, deployed, ci.github))
        signed_in = [each for each in deployed.journal(before) if each["path"].endswith("/oauth2/v2.0/token")]
        assert len(ci.asked) == len(signed_in)


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
    token.write_text(assertion(seconds, audience), encoding="utf-8")
    failed = _federated(fresh, token, *UP).failed()
    assert "No usable Azure login was found, so nothing was created or changed." in failed.flat
    assert reason in failed.flat
    assert fresh.writes() == []
