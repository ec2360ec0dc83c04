"""The one place that knows how to reach Azure: credential, client, time limits, and errors turned into sentences.

`azure.ai.ml` takes 1.0 to 1.5 s to import, so nothing here imports it before it is needed.
"""

import contextlib
import io
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from modelops.errors import ModelOpsError, ReleaseError

if TYPE_CHECKING:
    from azure.ai.ml import MLClient
    from azure.core.exceptions import HttpResponseError

POLLING_SECONDS: Final = 5
"""Between two looks at a long-running operation, unless the service says otherwise (the SDK's own value is 30)."""

_CLIENT_OPTIONS: Final[dict[str, Any]] = {
    "polling_interval": POLLING_SECONDS,
    "connection_timeout": 30,  # seconds
    "read_timeout": 300,  # seconds; a deployment's PUT may take minutes to be answered
    "retry_total": 5,  # with the SDK's growing pauses about 25 s; then a person should hear of it
    "enable_telemetry": False,
    # True although nobody sees it: without the bar the SDK never reads a failed upload's error and waits for ever.
    # TQDM_DISABLE keeps the bar itself away.
    "show_progress": True,
}


def connect(subscription_id: str, resource_group: str, workspace: str) -> "MLClient":
    """A client for one workspace; makes no request yet.

    The credential is the first that `DefaultAzureCredential` finds: environment variables, workload identity,
    managed identity, then the logins of the Azure tools.
    """
    os.environ.setdefault("TQDM_DISABLE", "1")
    from azure.ai.ml import MLClient  # noqa: PLC0415
    from azure.identity import DefaultAzureCredential  # noqa: PLC0415

    return MLClient(
        credential=DefaultAzureCredential(),
        subscription_id=subscription_id,
        resource_group_name=resource_group,
        workspace_name=workspace,
        **_CLIENT_OPTIONS,
    )


@contextlib.contextmanager
def step(doing: str) -> Iterator[None]:
    """Turn whatever the SDK raises inside into a `ReleaseError` that begins with what was being done.

    The SDK also prints here and there (dots while it deletes, colours after an upload); that is swallowed, its log is
    not.

    Args:
        doing: a phrase such as "registering model digits-mlp".

    Raises:
        ReleaseError: with Azure's own code and message, the status and the request's id for support.
    """
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            yield
    except (ModelOpsError, KeyboardInterrupt):
        raise
    except Exception as error:
        raise ReleaseError(f"{doing} failed: {describe(error)}") from error


def describe(error: BaseException) -> str:
    """One clear text for an exception of the SDKs; never empty, because the engine takes no text for success."""
    from azure.core.exceptions import (  # noqa: PLC0415
        ClientAuthenticationError,
        HttpResponseError,
        ServiceRequestError,
        ServiceResponseError,
    )

    if isinstance(error, ClientAuthenticationError):
        return _login_text(error)
    if isinstance(error, HttpResponseError):
        return _response_text(error)
    if isinstance(error, (ServiceRequestError, ServiceResponseError)):
        return f"no answer from Azure ({_first_line(error)}). Check the network and HTTPS_PROXY, then try again."
    return _first_line(error)


def is_missing(error: BaseException) -> bool:
    """Whether the service said that the thing does not exist."""
    return getattr(error, "status_code", None) == 404  # noqa: PLR2004


def is_firewall(error: BaseException) -> bool:
    """Whether a storage account refused the address, whoever asked; a missing role has another code."""
    return str(getattr(error, "error_code", "")).rpartition(".")[2] in {"AuthorizationFailure", "AUTHORIZATION_FAILURE"}


def _login_text(error: "HttpResponseError") -> str:
    return (
        f"Azure refused the login or found none: {_first_line(error)} "
        "Log in with `az login`, or set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET "
        "(or AZURE_FEDERATED_TOKEN_FILE), then run the command again."
    )


def _response_text(error: "HttpResponseError") -> str:
    code = getattr(error.error, "code", None) if error.error is not None else None
    message = getattr(error.error, "message", None) if error.error is not None else None
    text = f"{code}: {message}" if code and message else _first_line(error)
    details = [f"HTTP {error.status_code}"] if error.status_code else []
    headers = getattr(error.response, "headers", None) or {}
    for header in ("x-ms-correlation-request-id", "x-ms-request-id"):
        if headers.get(header):
            details.append(f"request {headers[header]}")
            break
    hint = ""
    if is_firewall(error):
        hint = (
            " The storage account's firewall lets in trusted services and `allowedIps` only: add the public address that "
            "this runs from (`pulumi config set --path 'allowedIps[0]' ADDRESS`, then pulumi up)."
        )
    elif error.status_code == 403:  # noqa: PLR2004
        hint = " A role that was granted a moment ago can take minutes to apply."
    return f"{text} ({', '.join(details)}).{hint}" if details else text


def _first_line(error: BaseException) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0] if lines else type(error).__name__
