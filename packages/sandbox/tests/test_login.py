"""Signing in: the token endpoint as azure-identity uses it, and what it refuses. Says nothing about real Entra."""

import base64
import json
import re
from typing import Any

import pytest
from azure.core.exceptions import ClientAuthenticationError
from azure.identity import ClientSecretCredential, DefaultAzureCredential

from sandbox.home import Facts
from sandbox.testing import ARM_AUDIENCE, Sandbox


def claims(token: str) -> dict[str, Any]:
    body = token.split(".")[1]
    decoded: dict[str, Any] = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    return decoded


def test_default_credential_gets_a_token_with_azure_claims(in_sandbox: Sandbox) -> None:
    with DefaultAzureCredential() as credential:
        got = claims(credential.get_token(f"{ARM_AUDIENCE}/.default").token)
    deployer = in_sandbox.facts.accounts["deployer"].principal
    assert got["aud"] == ARM_AUDIENCE
    assert got["iss"] == f"https://sts.windows.net/{in_sandbox.tenant}/"
    assert (got["tid"], got["oid"], got["appid"]) == (in_sandbox.tenant, deployer.object_id, deployer.client_id)
    assert got["exp"] - got["iat"] == 3599


@pytest.mark.parametrize(
    ("tenant", "client", "secret", "text"),
    [
        ("own", "own", "wrong", "AADSTS7000215: Invalid client secret provided."),
        ("own", "00000000-0000-0000-0000-000000000001", "x", "AADSTS700016: Application with identifier"),
        ("00000000-0000-0000-0000-000000000002", "own", "x", "AADSTS90002: Tenant"),
    ],
)
def test_wrong_sign_in_is_refused_as_entra_does(
    in_sandbox: Sandbox, tenant: str, client: str, secret: str, text: str
) -> None:
    account = in_sandbox.facts.accounts["deployer"]
    credential = ClientSecretCredential(
        in_sandbox.tenant if tenant == "own" else tenant,
        account.principal.client_id if client == "own" else client,
        secret,
    )
    with credential, pytest.raises((ClientAuthenticationError, ValueError), match=text if tenant == "own" else "."):
        credential.get_token(f"{ARM_AUDIENCE}/.default")


def test_no_command_line_takes_a_secret_for_an_option() -> None:
    secrets = [account.secret for account in Facts.invent().accounts.values()]
    assert [each for each in secrets if not re.fullmatch("[0-9a-f]{48}", each)] == []
