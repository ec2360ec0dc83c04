"""Federated credentials of user-assigned identities, through the router, and the sign-in with a token that they name.

That Entra checks a token's signature is not shown: nobody here has its issuer's key.
"""

import asyncio
import base64
import json
import time
from collections.abc import Awaitable
from pathlib import Path
from typing import Any

import pytest
from azure.core.exceptions import ClientAuthenticationError
from azure.identity import ClientAssertionCredential

from made_world import close, make_world
from sandbox.azure.arm.errors import ArmError
from sandbox.azure.arm.requests import ArmRequest, ArmResponse, Principal
from sandbox.azure.authorization.built_in import OWNER
from sandbox.azure.authorization.evaluation import Assignment
from sandbox.azure.services import managed_identity, resources
from sandbox.testing import ARM_AUDIENCE, Sandbox

VERSION = "2023-01-31"
GITHUB = "https://token.actions.githubusercontent.com"
SUBJECT = "repo:contoso/scoring:environment:dev"
AUDIENCE = "api://AzureADTokenExchange"
IDENTITY = "providers/Microsoft.ManagedIdentity/userAssignedIdentities"
INCOMPLETE = (
    "The request format was unexpected. Federated Identity Credential must specify 'issuer', 'subject' and 'audience'."
)
AUDIENCES = f"Federated identity credentials must have exactly one audience. The sandbox knows '{AUDIENCE}'."
NAME = "'a' is not a valid name for federatedIdentityCredentials: 3 to 120 letters, digits, hyphens and underscores."
TWICE = "Issuer and subject combination already exists for this Managed Identity."


def made(sandbox: Sandbox, name: str) -> str:
    """Make an identity in a group of its name, and return its id."""
    group = f"/subscriptions/{sandbox.subscription}/resourceGroups/{name}"
    sandbox.arm("PUT", group, {"location": "westeurope"}, api_version="2021-04-01")
    identity = f"{group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/{name}"
    answer = sandbox.arm("PUT", identity, {"location": "westeurope"}, api_version=VERSION)
    assert answer.status in (200, 201), answer.json
    return identity


def body(subject: str = SUBJECT, issuer: str = GITHUB, *audiences: str) -> dict[str, Any]:
    return {"properties": {"issuer": issuer, "subject": subject, "audiences": [*audiences] or [AUDIENCE]}}


def put(sandbox: Sandbox, identity: str, name: str, sent: Any) -> tuple[int, Any]:
    """PUT a credential; return the status and the body, or the error's code and message."""
    path = f"{identity}/federatedIdentityCredentials/{name}"
    answer = sandbox.arm("PUT", path, sent, api_version=VERSION)
    error = answer.json.get("error")
    return answer.status, (error["code"], error["message"]) if error else answer.json


def token(**claims: Any) -> str:
    """Return an assertion as GitHub issues one for a job that names the environment dev."""
    whole = {"iss": GITHUB, "sub": SUBJECT, "aud": AUDIENCE, "exp": int(time.time()) + 300, **claims}
    parts = [json.dumps(each).encode() for each in ({"typ": "JWT", "alg": "RS256"}, whole)]
    return ".".join(base64.urlsafe_b64encode(each).rstrip(b"=").decode() for each in (*parts, b"signed"))


def test_a_credential_is_made_read_listed_replaced_and_deleted(sandbox: Sandbox) -> None:
    identity = made(sandbox, "federated-life")
    status, first = put(sandbox, identity, "dev", body())
    path = f"{identity}/federatedIdentityCredentials/dev"
    assert (status, first) == (
        201,
        {
            "id": path,
            "name": "dev",
            "type": "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials",
            "properties": {"issuer": GITHUB, "subject": SUBJECT, "audiences": [AUDIENCE]},
        },
    )
    assert put(sandbox, identity, "dev", body())[0] == 200
    assert sandbox.arm("GET", path, api_version=VERSION).json == first
    listed = sandbox.arm("GET", f"{identity}/federatedIdentityCredentials", api_version=VERSION).json
    assert listed == {"value": [first]}
    assert [sandbox.arm("DELETE", path, api_version=VERSION).status for _ in range(2)] == [200, 204]


@pytest.mark.parametrize(
    ("name", "sent", "error"),
    [
        ("dev", {"properties": {"issuer": GITHUB, "subject": SUBJECT}}, ("BadRequest", INCOMPLETE)),
        ("dev", body(SUBJECT, GITHUB, AUDIENCE, "https://other"), ("BadRequest", AUDIENCES)),
        ("a", body(), ("InvalidResourceName", NAME)),
        ("twice", body("same"), ("BadRequest", TWICE)),
    ],
)
def test_what_the_service_refuses(sandbox: Sandbox, name: str, sent: Any, error: tuple[str, str]) -> None:
    identity = made(sandbox, "federated-refused")
    assert put(sandbox, identity, "there", body("same"))[0] in (200, 201)
    assert put(sandbox, identity, name, sent) == (400, error)


def test_an_identity_has_at_most_twenty(sandbox: Sandbox) -> None:
    identity = made(sandbox, "federated-twenty")
    assert [put(sandbox, identity, f"number-{each}", body(str(each)))[0] for each in range(20)] == [201] * 20
    refused = "At most 20 federated identity credentials can be added to a managed identity."
    assert put(sandbox, identity, "one-more", body("more")) == (400, ("BadRequest", refused))
    assert put(sandbox, identity, "number-3", body("another"))[0] == 200


def test_a_credential_needs_its_identity(sandbox: Sandbox) -> None:
    missing = f"{made(sandbox, 'federated-missing')}-not"
    assert put(sandbox, missing, "dev", body())[0] == 404
    read = sandbox.arm("GET", f"{missing}/federatedIdentityCredentials", api_version=VERSION)
    assert read.status == 404


def test_writes_to_one_identity_side_by_side_are_refused_and_to_two_are_not(tmp_path: Path) -> None:
    subscription = "11111111-1111-1111-1111-111111111111"
    caller = Principal("owner", "oid", "client", "tenant")
    owner = Assignment("/owner", f"/subscriptions/{subscription}", caller.object_id, OWNER)
    world = make_world(tmp_path, subscription, "tenant", [owner])
    for service in (resources, managed_identity):
        service.register(world)
    group = f"/subscriptions/{subscription}/resourceGroups/rg"

    def sent(path: str, content: Any) -> Awaitable[ArmResponse]:
        query = {"api-version": VERSION}
        request = ArmRequest("PUT", "management.azure.com", group + path, query, {}, content, caller, 1)
        return world.router.dispatch(request)

    async def side_by_side(*places: str) -> list[int | str]:
        calls = (sent(f"/{IDENTITY}/{place}", body(place)) for place in places)
        return [_said(each) for each in await asyncio.gather(*calls, return_exceptions=True)]

    async def script() -> None:
        await sent("", {"location": "westeurope"})
        for name in ("one", "two"):
            await sent(f"/{IDENTITY}/{name}", {"location": "westeurope"})
        below = "federatedIdentityCredentials"
        assert await side_by_side(f"one/{below}/aaa", f"two/{below}/aaa") == [201, 201]
        assert await side_by_side(f"one/{below}/bbb", f"ONE/{below}/ccc") == [
            201,
            "ConcurrentFederatedIdentityCredentialsWritesForSingleManagedIdentity",
        ]
        assert await side_by_side(f"one/{below}/ccc") == [201]

    asyncio.run(script())
    close(world)


def _said(answer: ArmResponse | BaseException) -> int | str:
    """Return the status, or the code of a refusal."""
    if isinstance(answer, ArmResponse):
        return answer.status
    if isinstance(answer, ArmError):
        return answer.code
    raise answer


@pytest.mark.parametrize(
    ("claims", "text"),
    [
        ({"sub": "repo:contoso/scoring:pull_request"}, "AADSTS700213: No matching federated identity record found for"),
        ({"sub": SUBJECT.upper()}, "AADSTS7002138: No matching federated identity record found for"),
        ({"iss": "https://vstoken.dev.azure.com/x"}, "AADSTS700211: No matching federated identity record found for"),
        ({"aud": "https://github.com/contoso"}, "AADSTS700212: No matching federated identity record found for"),
        ({"exp": 1}, "AADSTS700024: Client assertion is not within its valid time range."),
    ],
)
def test_an_identity_signs_in_only_with_a_token_that_it_trusts(
    in_sandbox: Sandbox, claims: dict[str, Any], text: str
) -> None:
    identity = made(in_sandbox, "federated-login")
    put(in_sandbox, identity, "dev", body())
    properties = in_sandbox.arm("GET", identity, api_version=VERSION).json["properties"]
    asked = (in_sandbox.tenant, properties["clientId"])
    with ClientAssertionCredential(*asked, func=token) as trusted:
        bearer = trusted.get_token(f"{ARM_AUDIENCE}/.default").token
    group = f"/subscriptions/{in_sandbox.subscription}/resourceGroups/federated-login"
    refused = in_sandbox.arm("GET", group, api_version="2021-04-01", token=bearer)
    assert refused.status == 403
    assert f"with object id '{properties['principalId']}' does not have authorization" in refused.error[2]
    with (
        ClientAssertionCredential(*asked, func=lambda: token(**claims)) as other,
        pytest.raises(ClientAuthenticationError, match=text),
    ):
        other.get_token(f"{ARM_AUDIENCE}/.default")


def test_a_role_of_an_identity_counts_for_its_token(in_sandbox: Sandbox) -> None:
    identity = made(in_sandbox, "federated-role")
    put(in_sandbox, identity, "dev", body())
    properties = in_sandbox.arm("GET", identity, api_version=VERSION).json["properties"]
    group = f"/subscriptions/{in_sandbox.subscription}/resourceGroups/federated-role"
    in_sandbox.grant(properties["principalId"], "acdd72a7-3385-48ef-bd42-f606fba81ae7", group)
    with ClientAssertionCredential(in_sandbox.tenant, properties["clientId"], func=token) as trusted:
        bearer = trusted.get_token(f"{ARM_AUDIENCE}/.default").token
    assert in_sandbox.arm("GET", group, api_version="2021-04-01", token=bearer).status == 200
    assert (
        in_sandbox.arm("PUT", group, {"location": "westeurope"}, api_version="2021-04-01", token=bearer).status == 403
    )


def test_a_key_is_made_once(sandbox: Sandbox) -> None:
    identity = made(sandbox, "federated-key")
    vault = identity.replace(
        "Microsoft.ManagedIdentity/userAssignedIdentities/federated-key", "Microsoft.KeyVault/vaults/kv-key-once"
    )
    properties = {"tenantId": sandbox.tenant, "sku": {"family": "A", "name": "standard"}}
    assert (
        sandbox.arm("PUT", vault, {"location": "westeurope", "properties": properties}, api_version="2024-11-01").status
        == 201
    )
    sent = {"properties": {"kty": "RSA", "keyOps": ["encrypt", "decrypt"]}}
    first = sandbox.arm("PUT", f"{vault}/keys/state", sent, api_version="2024-11-01")
    assert (first.status, first.json["properties"]["keyUri"], first.json["properties"]["keySize"]) == (
        200,
        "https://kv-key-once.vault.azure.net/keys/state",
        2048,
    )
    again = sandbox.arm("PUT", f"{vault}/keys/state", {"properties": {"kty": "EC"}}, api_version="2024-11-01")
    assert again.json == first.json
