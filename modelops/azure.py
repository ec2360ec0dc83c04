"""Turns errors of the Azure SDKs into our own, in this one place."""

import contextlib
import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from modelops import advice, network, output
from modelops.errors import ModelOpsError, ReleaseError

if TYPE_CHECKING:
    from azure.core.exceptions import HttpResponseError

SHORT_RETRIES: Final[Mapping[str, Any]] = {"initial_backoff": 1, "increment_base": 2, "retry_total": 4}
"""Arguments of a blob client: 20 s in total, like all other requests; the library's default takes a minute."""

_OTHER_OPERATION_CODES: Final = ("AnotherOperationInProgress", "ConflictingConcurrentWriteNotAllowed")
_OTHER_OPERATION: Final = re.compile(
    r"another operation|operation is (?:already )?in progress"
    r"|in (?:creating|updating|deleting|accepted|provisioning|scaling|running) provisioning state"
    r"|is (?:currently )?being (?:created|updated|deleted)",
    re.IGNORECASE,
)
_PAUSE_SECONDS: Final = 5.0
_SHORTEST_PAUSE_SECONDS: Final = 1.0

# The SDK's format for the results of its own checks (azure-ai-ml: _exception_helper.py).
_COLOUR: Final = re.compile(r"\x1b\[[0-9;]*m")
_FOUND: Final = "(x) "


@contextlib.contextmanager
def step(doing: str) -> Iterator[None]:
    """Turn any error of the SDK inside into a `ReleaseError` that starts with what was being done.

    The SDK also prints things (dots while it deletes, colours after an upload); this output is dropped, but not its
    log.

    Args:
        doing: a phrase such as "registering model digits-mlp".

    Raises:
        ReleaseError: with Azure's own code and message, the status and the request's id for support.
    """
    try:
        with output.dropped():
            yield
    except (ModelOpsError, KeyboardInterrupt):
        raise
    except Exception as error:
        raise ReleaseError(f"{doing} failed: {describe(error)}") from error


def describe(error: BaseException) -> str:
    """One clear text for an exception of the SDKs; never empty, because the engine treats an empty text as success."""
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
        return f"no answer from Azure ({_first_line(error)}). {network.advice(str(error))}"
    return _first_line(error)


def is_missing(error: BaseException) -> bool:
    """Whether the service said that the resource does not exist."""
    return getattr(error, "status_code", None) == 404  # noqa: PLR2004


def is_refused(error: BaseException) -> bool:
    """Whether the service refused the request. After an internal error, or without an answer, it may have done it."""
    status = getattr(error, "status_code", None)
    return isinstance(status, int) and refuses(status)


def refuses(status: int) -> bool:
    """Whether an answer's status says that nothing was done; 501: the service cannot do what was asked."""
    return (400 <= status < 500 or status == 501) and status not in (408, 429)  # noqa: PLR2004


def asks_to_wait(error: BaseException) -> float | None:
    """Return the seconds after which the service wants a request again that it is too busy for; None: it says nothing.

    Those are 429 and 503 with the header Retry-After, which azure-core's own policy waits for, too.
    """
    return _retry_after(error) if getattr(error, "status_code", None) in (429, 503) else None


def _retry_after(error: BaseException) -> float | None:
    """Return the seconds that the answer's header says, or None."""
    from azure.core.exceptions import HttpResponseError  # noqa: PLC0415
    from azure.core.pipeline import PipelineResponse  # noqa: PLC0415
    from azure.core.pipeline.policies import RetryPolicy  # noqa: PLC0415

    if not isinstance(error, HttpResponseError) or error.response is None:
        return None
    answer: PipelineResponse[Any, Any] = PipelineResponse(error.response.request, error.response, None)  # type: ignore[arg-type]
    return RetryPolicy().get_retry_after(answer)


def other_operation(error: BaseException) -> float | None:
    """Return the seconds after which to send a request again that was refused because of another operation, or None.

    The codes and texts of ARM and of machine learning's online endpoints (Azure/azure-sdk-for-net#36961); which of them
    batch endpoints have is not documented. The cause of one of our errors counts as the error.
    """
    found = error.__cause__ if isinstance(error, ModelOpsError) else error
    if found is None or getattr(found, "status_code", None) != 409:  # noqa: PLR2004
        return None
    code = getattr(getattr(found, "error", None), "code", None)
    if code not in _OTHER_OPERATION_CODES and _OTHER_OPERATION.search(str(found)) is None:
        return None
    seconds = _retry_after(found)
    return _PAUSE_SECONDS if seconds is None else max(seconds, _SHORTEST_PAUSE_SECONDS)


def is_firewall(error: BaseException) -> bool:
    """Whether a storage account's firewall refused the address; a missing role has another code."""
    return str(getattr(error, "error_code", "")).rpartition(".")[2] in {"AuthorizationFailure", "AUTHORIZATION_FAILURE"}


def _login_text(error: "HttpResponseError") -> str:
    if network.is_about(str(error)):
        return f"no answer from the login ({_first_line(error)}). {network.advice(str(error))}"
    return (
        f"The Azure login failed or is missing: {_first_line(error)} Log in with `az login`, or set AZURE_TENANT_ID, "
        "AZURE_CLIENT_ID and AZURE_CLIENT_SECRET (or AZURE_FEDERATED_TOKEN_FILE; in a pipeline see "
        "docs/login.md), then run the command again."
    )


def _response_text(error: "HttpResponseError") -> str:
    text = _said(error.error) or getattr(error.error, "code", None) or _first_line(error)
    details = [f"HTTP {error.status_code}"] if error.status_code else []
    headers = getattr(error.response, "headers", None) or {}
    for header in ("x-ms-correlation-request-id", "x-ms-request-id"):
        if headers.get(header):
            details.append(f"request {headers[header]}")
            break
    hint = ""
    if is_firewall(error):
        hint = f" {_firewall_hint(error)}"
    elif error.status_code == 403:  # noqa: PLR2004
        hint = " A new role can take minutes to take effect."
    elif error.status_code == 429:  # noqa: PLR2004
        hint = f" {advice.throttled(_retry_after(error))}"
    elif said := advice.about_answer(text):
        hint = f" {said}"
    return f"{text} ({', '.join(details)}).{hint}" if details else text


def _said(found: Any) -> str | None:
    """Azure's code and message; if the message is empty, those of its details."""
    code, message = getattr(found, "code", None), getattr(found, "message", None)
    if code and message:
        return f"{code}: {message}"
    return next(filter(None, map(_said, getattr(found, "details", None) or [])), None)


def _firewall_hint(error: "HttpResponseError") -> str:
    url = str(getattr(getattr(error.response, "request", None), "url", ""))
    account = (urlsplit(url).hostname or "").partition(".")[0] or "ACCOUNT"
    return (
        "The storage account's firewall only lets in trusted services and `allowedIps`: add the public address of "
        "this machine to that list in the stack file, and deploy. For an adopted workspace, ask the owner "
        f"of its storage to run: `az storage account network-rule add --account-name {account} --ip-address "
        "ADDRESS`."
    )


def _first_line(error: BaseException) -> str:
    """The first non-empty line; for the SDK's own validations, which are long and coloured, only the findings."""
    lines = [line for line in map(str.strip, _COLOUR.sub("", str(error)).splitlines()) if line]
    found = [line.removeprefix(_FOUND) for line in lines if line.startswith(_FOUND)]
    return "; ".join(found) or (lines[0] if lines else type(error).__name__)
