"""What Configure is told: provider config first, then one environment variable for each key, never merged.

The keys and variables are azure-native 3.x's own. A boolean is true only when it is the literal text `true`.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass

from sandbox.provider.errors import LoginMissingError, RefusedError

_VARIABLES: Mapping[str, tuple[str, ...]] = {
    "clientId": ("ARM_CLIENT_ID",),
    "tenantId": ("ARM_TENANT_ID",),
    "subscriptionId": ("ARM_SUBSCRIPTION_ID",),
    "clientSecret": ("ARM_CLIENT_SECRET",),
    "clientCertificatePath": ("ARM_CLIENT_CERTIFICATE_PATH",),
    "useMsi": ("ARM_USE_MSI",),
    "useOidc": ("ARM_USE_OIDC",),
    "useDefaultAzureCredential": ("ARM_USE_DEFAULT_AZURE_CREDENTIAL",),
    "environment": ("ARM_ENVIRONMENT", "AZURE_ENVIRONMENT"),
    "metadataHost": ("ARM_METADATA_HOSTNAME",),
    "skipReadOnUpdate": ("ARM_SKIP_READ_ON_UPDATE",),
}
_PUBLIC_CLOUDS = frozenset({"", "public", "azurepubliccloud", "azurecloud"})


@dataclass(frozen=True)
class Settings:
    """The provider's settings.

    Attributes:
        subscription: the subscription id that every path starts with.
        tenant: the Entra tenant.
        client_id: the service principal's application id.
        client_secret: its secret; never logged, never in an error.
        location: the default location, empty when none is configured.
        skip_read: outputs come from the PUT's answer, without the read that usually follows it.
    """

    subscription: str
    tenant: str
    client_id: str
    client_secret: str
    location: str = ""
    skip_read: bool = False


def read(config: Mapping[str, str], environ: Mapping[str, str] = os.environ) -> Settings:
    """Settings from the provider's config (`azure-native:location`, ...) and the environment.

    Raises:
        LoginMissingError: no credential is set, or one of its parts is missing.
        RefusedError: a credential or cloud is set that the stand-in does not have.
    """

    def look_up(key: str) -> str:
        values = [config.get(key, ""), *(environ.get(variable, "") for variable in _VARIABLES[key])]
        return next((value for value in values if value), "")

    _only_public_cloud(look_up("environment"), look_up("metadataHost"))
    _only_client_secret(look_up("useDefaultAzureCredential"), look_up("clientCertificatePath"))
    if not look_up("clientSecret"):
        _refuse_the_rest(look_up("useOidc"), look_up("useMsi"))
    parts = {"Subscription ID": "subscriptionId", "Tenant ID": "tenantId", "Client ID": "clientId"}
    for label, key in parts.items():
        if not look_up(key):
            raise LoginMissingError(
                f"A {label} must be configured when authenticating as a Service Principal using a Client Secret. "
                f"Set {_VARIABLES[key][0]}, or run `pulumi config set azure-native:{key} <value>`. Nothing was created."
            )
    return Settings(
        subscription=look_up("subscriptionId"),
        tenant=look_up("tenantId"),
        client_id=look_up("clientId"),
        client_secret=look_up("clientSecret"),
        location=config.get("location", ""),
        skip_read=look_up("skipReadOnUpdate") == "true",
    )


def _only_public_cloud(environment: str, metadata_host: str) -> None:
    if metadata_host:
        raise RefusedError(
            f"metadataHost (ARM_METADATA_HOSTNAME) is {metadata_host!r}: the azure-native stand-in only speaks to the "
            "public cloud's host names. Unset it, or use the real provider."
        )
    if environment.lower() not in _PUBLIC_CLOUDS:
        raise RefusedError(
            f"environment (ARM_ENVIRONMENT) is {environment!r}: the azure-native stand-in only knows `public`. "
            "Unset it, or use the real provider."
        )


def _only_client_secret(use_default: str, certificate: str) -> None:
    """These two are chosen before a client secret, and a choice never falls through to the next one."""
    if use_default == "true":
        raise _not_served("the default Azure credential chain", "ARM_USE_DEFAULT_AZURE_CREDENTIAL")
    if certificate:
        raise _not_served("a client certificate", "ARM_CLIENT_CERTIFICATE_PATH")


def _refuse_the_rest(use_oidc: str, use_msi: str) -> None:
    if use_oidc == "true":
        raise _not_served("OIDC", "ARM_USE_OIDC")
    if use_msi == "true":
        raise _not_served("a managed identity", "ARM_USE_MSI")
    raise LoginMissingError(
        "no Azure login: neither ARM_CLIENT_SECRET nor azure-native:clientSecret is set, and the azure-native stand-in "
        "of the sandbox has no other login (the real provider would go on to `az login`). For the sandbox run "
        "`python -m sandbox run -- pulumi ...`, which sets one; for Azure run `az login` and use the real provider. "
        "Nothing was created."
    )


def _not_served(what: str, variable: str) -> RefusedError:
    return RefusedError(
        f"{variable} asks for {what}, which the azure-native stand-in does not have: it only logs in with a client "
        "secret (ARM_CLIENT_ID, ARM_CLIENT_SECRET, ARM_TENANT_ID, ARM_SUBSCRIPTION_ID). Unset it, or use the real "
        "provider. Nothing was created."
    )
