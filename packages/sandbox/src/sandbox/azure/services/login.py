"""Entra's sign-in host: OpenID configuration and the token endpoint for client credentials.

The flow: https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow.
The errors: https://learn.microsoft.com/entra/identity-platform/reference-error-codes.
"""

import hmac
import re
import time
import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import jwt
from aiohttp import web

from sandbox.azure.arm.errors import not_modelled
from sandbox.azure.arm.requests import Principal
from sandbox.azure.directory import EXCHANGE_AUDIENCE, TOKEN_SECONDS, Directory

HOST = "login.microsoftonline.com"

_ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_CONFIGURATION = re.compile(r"^/([^/]+)(?:/v2\.0)?/\.well-known/openid-configuration$")
_DISCOVERY = "/common/discovery/instance"
_TOKEN = re.compile(r"^/([^/]+)/oauth2/v2\.0/token$")
_ANY_TENANT = ("organizations", "common")
"""Stand for a tenant that is not known yet: the Azure CLI asks for them when it signs out."""
_RESOURCES = re.compile(
    r"^https://(management\.azure\.com|management\.core\.windows\.net|ml\.azure\.com|storage\.azure\.com"
    r"|graph\.microsoft\.com|vault\.azure\.net|[a-z0-9]{3,24}\.blob\.core\.windows\.net)/?$"
)


class SignInError(Exception):
    """A refusal by the token endpoint: an OAuth error code, an AADSTS number and a sentence."""

    def __init__(self, status: int, error: str, number: int, message: str) -> None:
        super().__init__(message)
        self.status, self.error, self.number, self.message = status, error, number, message

    def body(self, trace: str) -> dict[str, Any]:
        """Return the JSON answer."""
        now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%SZ")
        return {
            "error": self.error,
            "error_description": f"AADSTS{self.number}: {self.message} Trace ID: {trace} Timestamp: {now}",
            "error_codes": [self.number],
            "timestamp": now,
            "trace_id": trace,
            "correlation_id": trace,
            "error_uri": f"https://{HOST}/error?code={self.number}",
        }


async def _form(request: web.Request) -> dict[str, str]:
    """Return the members of the body; none if it is not a form."""
    try:
        return {name: str(value) for name, value in (await request.post()).items()}
    except (ValueError, LookupError):  # another encoding, no boundary, an unknown charset
        return {}


class Login:
    """The sign-in host of one sandbox."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer a request to the sign-in host.

        Raises:
            ArmError: 501 for a path that is not modelled.
        """
        trace = request.headers.get("client-request-id") or str(uuid.uuid4())
        try:
            if request.method == "GET" and request.path == _DISCOVERY:
                return web.json_response(_clouds(self._directory.tenant_id))
            if request.method == "GET" and (match := _CONFIGURATION.match(request.path)):
                if match[1] not in _ANY_TENANT:
                    self._check_tenant(match[1])
                return web.json_response(_configuration(match[1]))
            if request.method == "POST" and (match := _TOKEN.match(request.path)):
                self._check_tenant(match[1])
                form = await _form(request)
                principal, resource = self._grant(form)
                request["principal"] = principal
                return web.json_response(self._answer(principal, resource), headers={"Cache-Control": "no-store"})
        except SignInError as error:
            return web.json_response(error.body(trace), status=error.status)
        raise not_modelled(f"{request.method} https://{HOST}{request.path}")

    def _check_tenant(self, tenant: str) -> None:
        if tenant.lower() != self._directory.tenant_id.lower():
            raise SignInError(
                400,
                "invalid_tenant",
                90002,
                f"Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID and are signing into "
                "the correct cloud.",
            )

    def _grant(self, form: Mapping[str, str]) -> tuple[Principal, str]:
        for name in ("grant_type", "client_id", "scope"):
            if not form.get(name):
                raise SignInError(
                    400,
                    "invalid_request",
                    900144,
                    f"The request body must contain the following parameter: '{name}'.",
                )
        if form["grant_type"] != "client_credentials":
            raise SignInError(
                400,
                "unsupported_grant_type",
                70003,
                f"The app requested an unsupported grant type '{form['grant_type']}'.",
            )
        if (identity := self._directory.identity(form["client_id"])) is not None:
            if "client_assertion" not in form:
                raise _no_credential()
            _check_trusted(_checked_assertion(form), self._directory.trusted(identity))
            return identity, self._resource(form["scope"])
        account = self._directory.account(form["client_id"])
        if account is None:
            raise SignInError(
                400,
                "unauthorized_client",
                700016,
                f"Application with identifier '{form['client_id']}' was not found in the directory "
                f"'{self._directory.tenant_id}'.",
            )
        if "client_assertion" in form:
            _checked_assertion(form)
        elif not form.get("client_secret"):
            raise _no_credential()
        elif not hmac.compare_digest(form["client_secret"].encode(), account.secret.encode()):
            raise SignInError(
                401,
                "invalid_client",
                7000215,
                "Invalid client secret provided. Ensure the secret being sent in the request is the client secret "
                f"value, not the client secret ID, for a secret added to app '{form['client_id']}'.",
            )
        return account.principal, self._resource(form["scope"])

    def _resource(self, scope: str) -> str:
        if " " in scope or not scope.endswith("/.default"):
            raise SignInError(
                400,
                "invalid_scope",
                1002012,
                f"The provided value for scope {scope} is not valid. Client credential flows must have a scope value "
                "with /.default suffixed to the resource identifier (application ID URI).",
            )
        resource = scope.removesuffix("/.default")
        if not _RESOURCES.match(resource):
            raise SignInError(
                400,
                "invalid_resource",
                500011,
                f"The resource principal named {resource} was not found in the tenant named "
                f"{self._directory.tenant_id}.",
            )
        return resource

    def _answer(self, principal: Principal, resource: str) -> dict[str, Any]:
        return {
            "token_type": "Bearer",
            "expires_in": TOKEN_SECONDS,
            "ext_expires_in": TOKEN_SECONDS,
            "access_token": self._directory.issue(principal, resource),
        }


def _configuration(tenant: str) -> dict[str, Any]:
    base = f"https://{HOST}/{tenant}"
    return {
        "token_endpoint": f"{base}/oauth2/v2.0/token",
        "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt"],
        "jwks_uri": f"{base}/discovery/v2.0/keys",
        "issuer": f"{base}/v2.0",
        "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
        "device_authorization_endpoint": f"{base}/oauth2/v2.0/devicecode",
        "response_types_supported": ["code", "id_token"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "tenant_region_scope": "EU",
    }


def _clouds(tenant: str) -> dict[str, Any]:
    """Instance discovery, which msal requests after a refused sign-in: the only existing cloud."""
    return {
        "tenant_discovery_endpoint": f"https://{HOST}/{tenant}/v2.0/.well-known/openid-configuration",
        "api-version": "1.1",
        "metadata": [{"preferred_network": HOST, "preferred_cache": "login.windows.net", "aliases": [HOST]}],
    }


def _no_credential() -> SignInError:
    return SignInError(
        401,
        "invalid_client",
        7000218,
        "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.",
    )


def _checked_assertion(form: Mapping[str, str]) -> tuple[str, str]:
    """Return issuer and subject of a token, checked as far as possible without its issuer: format, audience, expiry."""
    if form.get("client_assertion_type") != _ASSERTION_TYPE:
        raise SignInError(
            400, "invalid_request", 900144, "The request body must contain the parameter: 'client_assertion_type'."
        )
    try:
        claims = jwt.decode(form["client_assertion"], options={"verify_signature": False})
        audience, expires = claims["aud"], float(claims["exp"])
        issuer, subject = str(claims["iss"]), str(claims["sub"])
    except (jwt.InvalidTokenError, ValueError, KeyError, TypeError):
        raise SignInError(
            401, "invalid_client", 50027, "JWT token is invalid or malformed: iss, sub, aud and exp are required."
        ) from None
    if audience != EXCHANGE_AUDIENCE:
        raise SignInError(
            401,
            "invalid_client",
            700212,
            f"No matching federated identity record found for presented assertion audience '{audience}'. "
            f"It must be '{EXCHANGE_AUDIENCE}'.",
        )
    if expires <= time.time():
        raise SignInError(401, "invalid_client", 700024, "Client assertion is not within its valid time range.")
    return issuer, subject


def _check_trusted(presented: tuple[str, str], trusted: Sequence[tuple[str, str]]) -> None:
    """Refuse a token that no federated credential of the identity names: both parts exactly, upper and lower case too.

    Numbers and texts: https://github.com/Azure/login/issues/482 and /515; that of the issuer is inferred.
    """
    if presented in trusted:
        return
    issuer, subject = presented
    subjects = [each for trusted_issuer, each in trusted if trusted_issuer == issuer]
    number, what, hint = 700213, f"subject '{subject}'", ""
    if not subjects:
        number, what = 700211, f"issuer '{issuer}'"
    elif subject.lower() in {each.lower() for each in subjects}:
        number = 7002138
        hint = " The subject matches with case-insensitive comparison, but not with case-sensitive comparison."
    raise SignInError(
        401,
        "invalid_client",
        number,
        f"No matching federated identity record found for presented assertion {what}.{hint} Check your federated "
        "identity credential Subject, Audience and Issuer against the presented assertion. "
        "https://learn.microsoft.com/entra/workload-id/workload-identity-federation",
    )
