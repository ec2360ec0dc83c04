"""Requests to Azure Resource Manager that the provider has no function for.

Each is a GET. The token comes from the provider, so that the question is the deployer's: azure-identity reads neither
the `ARM_*` variables nor GitHub's OIDC token.
"""

import fnmatch
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from modelops import advice, network

if TYPE_CHECKING:
    from azure.core.pipeline import PipelineRequest, PipelineResponse
    from azure.core.rest import HttpRequest, HttpResponse

HOST = "https://management.azure.com"
_AUTHORIZATION = "2022-04-01"
"""The api-version of Microsoft.Authorization."""

MACHINE_LEARNING = "2025-12-01"
"""The api-version of Microsoft.MachineLearningServices."""

ANSWER_SECONDS = 10.0
"""The longest wait for one answer."""

LIMIT_SECONDS = 20.0
"""After this time no attempt starts, for all requests of a check together; so a check takes at most 30 s."""

PREVIEW_SECONDS = 6.0
"""The same for a preview, which must not wait for long without a network."""

_RETRIES = 5
"""After the first attempt. Unless Azure says otherwise, azure-core pauses 0, 1.6, 3.2, 4 and 4 s before them."""

_LONGEST_PAUSE_SECONDS = 4.0

_LATER = "Wait some minutes, then try again; https://azure.status.microsoft names outages."


class Unanswered(Exception):  # noqa: N818 - the request itself was right
    """Azure gave no usable answer; the text says which host, after how many attempts, and what to do."""


class Refused(Exception):  # noqa: N818 - as above
    """Azure refused the request; `status` is the HTTP status, 4xx."""

    def __init__(self, status: int) -> None:
        super().__init__(f"{HOST} refused the request (HTTP {status})")
        self.status = status


class ResourceManager:
    """Azure Resource Manager, with one token.

    Every method raises `Unanswered` or `Refused`. Throttling (429), faults of Azure (408, 500, 502 to 504) and lost
    connections are retried until the time for all requests is used up.
    """

    def __init__(self, token: str, seconds: float = LIMIT_SECONDS) -> None:
        """Send nothing yet; `token` is a bearer token for Azure Resource Manager, `seconds` the time for everything."""
        from azure.core import PipelineClient  # noqa: PLC0415
        from azure.core.pipeline.policies import CustomHookPolicy, RetryPolicy, UserAgentPolicy  # noqa: PLC0415

        self._token = token
        self._ends = time.monotonic() + seconds
        self._attempts = 0
        kinds = ("retry_total", "retry_connect", "retry_read", "retry_status")
        pause: dict[str, Any] = {"retry_backoff_max": _LONGEST_PAUSE_SECONDS}
        self._retries = RetryPolicy(**dict.fromkeys(kinds, _RETRIES), **pause)
        hooks = CustomHookPolicy(raw_request_hook=self._count, raw_response_hook=self._give_up)
        policies = [UserAgentPolicy("azureml-batch-endpoint"), self._retries, hooks]
        waits: dict[str, Any] = {"connection_timeout": ANSWER_SECONDS, "read_timeout": ANSWER_SECONDS}
        self._client: Any = PipelineClient(HOST, policies=policies, **waits)

    def read(self, path: str, query: str = "", *, version: str = _AUTHORIZATION) -> Any:
        """Return the JSON of one GET; `path` begins with a slash, `version` is the service's api-version."""
        return self._get(f"{HOST}{path}?api-version={version}{query}")

    def read_all(self, path: str, query: str = "", *, version: str = _AUTHORIZATION) -> list[Mapping[str, Any]]:
        """Return all items of a list, page after page, all on this host: no other host may see the token."""
        page = self.read(path, query, version=version)
        found: list[Mapping[str, Any]] = [*page["value"]]
        while following := page.get("nextLink"):
            if not following.startswith(f"{HOST}/"):
                raise self._unanswered(f"a next page on another host, {following}", network.advice(""))
            page = self._get(following)
            found += page["value"]
        return found

    def permissions(self, scope: str) -> list[Mapping[str, Any]]:
        """Return the caller's permissions in a resource group or on a resource: see `allows`.

        Source: `Permissions_ListForResourceGroup`, https://learn.microsoft.com/rest/api/authorization/permissions.
        """
        return self.read_all(f"{scope}/providers/Microsoft.Authorization/permissions")

    def _get(self, url: str) -> Any:
        from azure.core.exceptions import AzureError  # noqa: PLC0415
        from azure.core.rest import HttpRequest  # noqa: PLC0415

        self._attempts = 0
        request = HttpRequest("GET", url, headers={"Authorization": f"Bearer {self._token}"})
        try:
            response = self._client.send_request(request, timeout=self._seconds_left)
        except AzureError as error:
            raise self._unanswered(_first_line(error), network.advice(str(error))) from None
        status = response.status_code
        if status in (408, 429) or status >= 500:  # noqa: PLR2004
            raise self._unanswered(f"HTTP {status}", _LATER)
        if status >= 400:  # noqa: PLR2004
            raise Refused(status)
        try:
            return response.json()
        except ValueError:
            raise self._unanswered(
                f"HTTP {status} without JSON; a proxy may have sent it", network.advice("")
            ) from None

    @property
    def _seconds_left(self) -> float:
        return self._ends - time.monotonic()

    def _count(self, _request: "PipelineRequest[HttpRequest]") -> None:
        self._attempts += 1

    def _give_up(self, response: "PipelineResponse[HttpRequest, HttpResponse]") -> None:
        """Give up instead of a pause that Azure asks for and that is longer than the remaining time."""
        status = response.http_response.status_code
        pause = self._retries.get_retry_after(response) or 0.0
        if status >= 400 and pause > self._seconds_left:  # noqa: PLR2004
            later = advice.throttled(pause) if status == 429 else _LATER  # noqa: PLR2004
            raise self._unanswered(f"HTTP {status}, with the request to wait {pause:.0f} s", later)

    def _unanswered(self, last: str, advice: str) -> Unanswered:
        times = "1 attempt" if self._attempts == 1 else f"{self._attempts} attempts"
        return Unanswered(f"{HOST} gave no usable answer in {times}; the last: {last}.\n  {advice}")


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")


def allows(entry: Mapping[str, Any], action: str, *, data: bool = False) -> bool:
    """Say whether one entry of permissions allows an action.

    Args:
        entry: allowed `actions` minus `notActions`, with `*` for any text; the same for data as `dataActions` and
            `notDataActions`. Each entry is evaluated separately.
        action: The action, such as `Microsoft.Storage/storageAccounts/write`.
        data: Whether it is a data action.
    """

    def named(patterns: Sequence[str]) -> bool:
        return any(fnmatch.fnmatchcase(action.lower(), pattern.lower()) for pattern in patterns)

    allowed, taken_out = ("dataActions", "notDataActions") if data else ("actions", "notActions")
    return named(entry.get(allowed) or ()) and not named(entry.get(taken_out) or ())
