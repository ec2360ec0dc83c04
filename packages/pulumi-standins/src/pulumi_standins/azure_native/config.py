"""The input of Configure: provider config first, then one environment variable per key, never merged.

The keys and variables are azure-native 3.x's own. A boolean is true only when it is the literal text `true`.
"""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pulumi_standins.azure_native.errors import LoginMissingError, RefusedError

_VARIABLES: Mapping[str, tuple[str, ...]] = {
    "clientId": ("ARM_CLIENT_ID",),
    "tenantId": ("ARM_TENANT_ID",),
    "subscriptionId": ("ARM_SUBSCRIPTION_ID",),
    "clientSecret": ("ARM_CLIENT_SECRET",),
    "clientCertificatePath": ("ARM_CLIENT_CERTIFICATE_PATH",),
    "useMsi": ("ARM_USE_MSI",),
    "useOidc": ("ARM_USE_OIDC",),
    "oidcToken": ("ARM_OIDC_TOKEN",),
    "oidcTokenFilePath": ("ARM_OIDC_TOKEN_FILE_PATH",),
    "oidcAudience": ("ARM_OIDC_AUDIENCE",),
    "oidcRequestUrl": ("ACTIONS_ID_TOKEN_REQUEST_URL",),
    "oidcRequestToken": ("ACTIONS_ID_TOKEN_REQUEST_TOKEN",),
    "useDefaultAzureCredential": ("ARM_USE_DEFAULT_AZURE_CREDENTIAL",),
    "environment": ("ARM_ENVIRONMENT", "AZURE_ENVIRONMENT"),
    "metadataHost": ("ARM_METADATA_HOSTNAME",),
    "skipReadOnUpdate": ("ARM_SKIP_READ_ON_UPDATE",),
}
_PUBLIC_CLOUDS = frozenset({"", "public", "azurepubliccloud", "azurecloud"})


@dataclass(frozen=True)
class Federation:
    """The source of the assertion for a sign-in without a secret; never logged, never in an error.

    Attributes:
        token: the assertion itself, the same while the provider runs; empty if it is requested.
        request_url: URL for a fresh one before each sign-in, as on GitHub's runners.
        request_token: the token for that URL.
        audience: the audience of the assertion.
    """

    token: str = field(default="", repr=False)
    request_url: str = ""
    request_token: str = field(default="", repr=False)
    audience: str = "api://AzureADTokenExchange"


@dataclass(frozen=True)
class Settings:
    """The provider's settings.

    Attributes:
        subscription: the subscription id that every path starts with.
        tenant: the Entra tenant.
        client_id: the service principal's application id.
        client_secret: its secret; never logged, never in an error. Empty with a federation.
        location: the default location, empty if not configured.
        skip_read: use the PUT's answer as outputs, without the usual read.
        federation: the sign-in without a secret.
    """

    subscription: str
    tenant: str
    client_id: str
    client_secret: str
    location: str = ""
    skip_read: bool = False
    federation: Federation | None = None


def read(config: Mapping[str, str], environ: Mapping[str, str] = os.environ) -> Settings:
    """Settings from the provider's config (`azure-native:location`, ...) and the environment.

    Raises:
        LoginMissingError: no credential is set, or one of its parts is missing or cannot be read.
        RefusedError: a credential or cloud is set that the stand-in does not support.
    """

    def look_up(key: str) -> str:
        values = [config.get(key, ""), *(environ.get(variable, "") for variable in _VARIABLES[key])]
        return next((value for value in values if value), "")

    _only_public_cloud(look_up("environment"), look_up("metadataHost"))
    _no_default_and_no_certificate(look_up("useDefaultAzureCredential"), look_up("clientCertificatePath"))
    how = "as a Service Principal using a Client Secret"
    if not look_up("clientSecret"):
        _refuse_the_rest(look_up("useOidc"), look_up("useMsi"))
        how = "with OIDC"
    parts = {"Subscription ID": "subscriptionId", "Tenant ID": "tenantId", "Client ID": "clientId"}
    for label, key in parts.items():
        if not look_up(key):
            raise LoginMissingError(
                f"A {label} must be configured when authenticating {how}. "
                f"Set {_VARIABLES[key][0]}, or azure-native:{key} in the stack file. Nothing was created."
            )
    return Settings(
        subscription=look_up("subscriptionId"),
        tenant=look_up("tenantId"),
        client_id=look_up("clientId"),
        client_secret=look_up("clientSecret"),
        location=config.get("location", ""),
        skip_read=look_up("skipReadOnUpdate") == "true",
        federation=None if look_up("clientSecret") else _federation(look_up),
    )


def _federation(look_up: Callable[[str], str]) -> Federation:
    """Use the first of: a token, a token's file (read only now), a URL to request one."""
    audience = look_up("oidcAudience") or Federation.audience
    if token := look_up("oidcToken"):
        return Federation(token, audience=audience)
    if file := look_up("oidcTokenFilePath"):
        try:
            return Federation(Path(file).read_text(encoding="utf-8"), audience=audience)
        except (OSError, UnicodeDecodeError) as error:
            raise LoginMissingError(
                f"failed to read OIDC token from {file}: {error}. ARM_OIDC_TOKEN_FILE_PATH names it. "
                "Nothing was created."
            ) from None
    url, bearer = look_up("oidcRequestUrl"), look_up("oidcRequestToken")
    if url and bearer:
        return Federation("", url, bearer, audience)
    raise LoginMissingError(
        "A OIDC token or request URL and token must be configured when authenticating with OIDC. Set ARM_OIDC_TOKEN or "
        "ARM_OIDC_TOKEN_FILE_PATH; a GitHub job with `id-token: write` has the other two by itself "
        "(ACTIONS_ID_TOKEN_REQUEST_URL, ACTIONS_ID_TOKEN_REQUEST_TOKEN). Nothing was created."
    )


def _only_public_cloud(environment: str, metadata_host: str) -> None:
    if metadata_host:
        raise RefusedError(
            f"metadataHost (ARM_METADATA_HOSTNAME) is {metadata_host!r}: the azure-native stand-in only supports the "
            "public cloud's host names. Unset it, or use the real provider."
        )
    if environment.lower() not in _PUBLIC_CLOUDS:
        raise RefusedError(
            f"environment (ARM_ENVIRONMENT) is {environment!r}: the azure-native stand-in only supports `public`. "
            "Unset it, or use the real provider."
        )


def _no_default_and_no_certificate(use_default: str, certificate: str) -> None:
    """These two take precedence over a client secret, and there is no fallback to the next one."""
    if use_default == "true":
        raise _not_served("the default Azure credential chain", "ARM_USE_DEFAULT_AZURE_CREDENTIAL")
    if certificate:
        raise _not_served("a client certificate", "ARM_CLIENT_CERTIFICATE_PATH")


def _refuse_the_rest(use_oidc: str, use_msi: str) -> None:
    if use_oidc == "true":
        return
    if use_msi == "true":
        raise _not_served("a managed identity", "ARM_USE_MSI")
    raise LoginMissingError(
        "no Azure login: ARM_CLIENT_SECRET, azure-native:clientSecret and ARM_USE_OIDC=true are all missing, and "
        "the azure-native stand-in supports no other login (the real provider would try `az login`). For the "
        "sandbox, run `python -m sandbox run -- pulumi ...`, which sets one; for Azure, run `az login` and use the "
        "real provider. Nothing was created."
    )


def _not_served(what: str, variable: str) -> RefusedError:
    return RefusedError(
        f"{variable} selects {what}, which the azure-native stand-in does not support: it only logs in with a client "
        "secret (ARM_CLIENT_ID, ARM_CLIENT_SECRET, ARM_TENANT_ID, ARM_SUBSCRIPTION_ID) or, instead of the secret, a "
        "federated token (ARM_USE_OIDC). Unset it, or use the real provider. Nothing was created."
    )
