"""The login of a release and of the commands.

In a pipeline without a secret, each new access token needs a token of the CI service, which lives for five minutes
(GitHub) or ten (Azure DevOps), while a release with a try-out may take hours. So the credential asks the service for a
new one whenever it needs it, as Pulumi's azure-native provider does with the same variables. azure-identity does this
for Azure DevOps by itself, and has no class for GitHub.
"""

import os
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from modelops.errors import UsageError

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential

_AUDIENCE: Final = "api://AzureADTokenExchange"
"""What Entra expects in a token of another issuer, unless ARM_OIDC_AUDIENCE says otherwise."""

_OK: Final = 200
_WAITS: Final[dict[str, Any]] = {"connection_timeout": 10, "read_timeout": 10, "retry_total": 4}  # seconds; attempts


def find(environ: Mapping[str, str] = os.environ) -> "TokenCredential":
    """Return the credential that the environment asks for; nothing is sent.

    The first of these whose variables are set:

    1. AZURE_TOKEN_CREDENTIALS or AZURE_CLIENT_SECRET: what `DefaultAzureCredential` finds.
    2. SYSTEM_OIDCREQUESTURI, SYSTEM_ACCESSTOKEN and AZURESUBSCRIPTION_SERVICE_CONNECTION_ID: a task of Azure DevOps
       with a service connection (https://learn.microsoft.com/azure/devops/pipelines/tasks/reference/azure-cli-v2).
    3. ARM_USE_OIDC=true, ACTIONS_ID_TOKEN_REQUEST_URL and ACTIONS_ID_TOKEN_REQUEST_TOKEN: a GitHub job with
       `id-token: write` (https://docs.github.com/actions/reference/security/oidc).
    4. What `DefaultAzureCredential` finds: environment variables, workload identity, managed identity, the logins of
       the Azure tools.

    Raises:
        UsageError: the variables do not name a tenant or a client.
    """
    from azure.identity import AzurePipelinesCredential, DefaultAzureCredential  # noqa: PLC0415

    if environ.get("AZURE_TOKEN_CREDENTIALS") or environ.get("AZURE_CLIENT_SECRET"):
        return DefaultAzureCredential()
    connection, bearer = environ.get("AZURESUBSCRIPTION_SERVICE_CONNECTION_ID"), environ.get("SYSTEM_ACCESSTOKEN")
    if connection and bearer and environ.get("SYSTEM_OIDCREQUESTURI"):
        return AzurePipelinesCredential(
            tenant_id=_named(environ, "AZURESUBSCRIPTION_TENANT_ID", "ARM_TENANT_ID", "AZURE_TENANT_ID"),
            client_id=_named(environ, "AZURESUBSCRIPTION_CLIENT_ID", "ARM_CLIENT_ID", "AZURE_CLIENT_ID"),
            service_connection_id=connection,
            system_access_token=bearer,
        )
    url, bearer = environ.get("ACTIONS_ID_TOKEN_REQUEST_URL"), environ.get("ACTIONS_ID_TOKEN_REQUEST_TOKEN")
    if url and bearer and environ.get("ARM_USE_OIDC") == "true":
        return _of_github(environ)
    return DefaultAzureCredential()


def token_of_github(environ: Mapping[str, str]) -> str:
    """Return a new token of a GitHub job with `id-token: write`, for Entra; it lives for five minutes.

    Raises:
        ClientAuthenticationError: GitHub gives none.
        AzureError: it does not answer.
    """
    from azure.core import PipelineClient  # noqa: PLC0415
    from azure.core.exceptions import ClientAuthenticationError  # noqa: PLC0415
    from azure.core.pipeline.policies import RetryPolicy, UserAgentPolicy  # noqa: PLC0415
    from azure.core.rest import HttpRequest, HttpResponse  # noqa: PLC0415

    url, bearer = environ.get("ACTIONS_ID_TOKEN_REQUEST_URL", ""), environ.get("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "")
    audience = environ.get("ARM_OIDC_AUDIENCE") or _AUDIENCE
    request = HttpRequest("GET", url, params={"audience": audience}, headers={"Authorization": f"Bearer {bearer}"})
    policies = [UserAgentPolicy("azureml-batch-endpoint"), RetryPolicy(**_WAITS)]
    with PipelineClient[HttpRequest, HttpResponse](url, policies=policies, **_WAITS) as client:
        response = client.send_request(request)
    try:
        assertion = response.json()["value"] if response.status_code == _OK else ""
    except (ValueError, TypeError, KeyError):
        assertion = ""
    if not assertion:
        raise ClientAuthenticationError(
            f"GitHub gave no token for Azure (HTTP {response.status_code}). The job needs `id-token: write`."
        )
    return str(assertion)


def _of_github(environ: Mapping[str, str]) -> "TokenCredential":
    from azure.identity import ClientAssertionCredential  # noqa: PLC0415

    return ClientAssertionCredential(
        _named(environ, "ARM_TENANT_ID", "AZURE_TENANT_ID"),
        _named(environ, "ARM_CLIENT_ID", "AZURE_CLIENT_ID"),
        partial(token_of_github, dict(environ)),
    )


def _named(environ: Mapping[str, str], *variables: str) -> str:
    found = next((environ[each] for each in variables if environ.get(each)), "")
    if not found:
        raise UsageError(
            f"The login needs {variables[0]}, which is not set: nothing was sent. docs/login.md lists "
            "the variables of a pipeline."
        )
    return found
