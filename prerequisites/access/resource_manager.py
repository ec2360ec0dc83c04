"""Requests to Azure Resource Manager with the administrator's login, by Azure's own client library."""

from collections.abc import Mapping
from types import TracebackType
from typing import Any, Final, Self

from azure.core.credentials import TokenCredential
from azure.core.exceptions import HttpResponseError
from azure.core.pipeline.policies import BearerTokenCredentialPolicy, RequestIdPolicy, RetryPolicy, UserAgentPolicy
from azure.core.polling import LROPoller
from azure.core.rest import HttpRequest, HttpResponse
from azure.mgmt.core import ARMPipelineClient
from azure.mgmt.core.exceptions import ARMErrorFormat
from azure.mgmt.core.policies import ARMAutoResourceProviderRegistrationPolicy
from azure.mgmt.core.polling.arm_polling import ARMPolling

from modelops import azure
from modelops.errors import ReleaseError

HOST: Final = "https://management.azure.com"
_NOT_FOUND: Final = 404
_ACCEPTED: Final = 202
_BAD_REQUEST: Final = 400
_POLLING_SECONDS: Final = 5.0
"""Between two reads of an operation, unless Azure says another time."""


class ResourceManager:
    """Azure Resource Manager; every method raises `modelops.errors.ReleaseError` with Azure's own code and text."""

    def __init__(self, credential: TokenCredential) -> None:
        """Send nothing yet."""
        policies = [
            RequestIdPolicy(),
            UserAgentPolicy("azureml-batch-endpoint"),
            # Waits until a resource provider that was registered a moment ago is ready.
            ARMAutoResourceProviderRegistrationPolicy(),
            RetryPolicy(),
            BearerTokenCredentialPolicy(credential, f"{HOST}/.default"),
        ]
        self._client: Any = ARMPipelineClient(HOST, policies=policies)

    def __enter__(self) -> Self:
        """Close the connections at the end."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close the connections."""
        self._client.close()

    def read(self, resource_id: str, version: str, **query: str) -> Any:
        """Return a resource, or None if it does not exist."""
        with azure.step(f"reading {resource_id}"):
            answer = self._sent("GET", resource_id, version, query=query)
            return None if answer.status_code == _NOT_FOUND else answer.json()

    def read_all(self, collection: str, version: str, **query: str) -> list[Mapping[str, Any]]:
        """Return all items of a list, page after page; none if its parent does not exist."""
        page = self.read(collection, version, **query)
        found: list[Mapping[str, Any]] = []
        while page is not None:
            found += page["value"]
            following = page.get("nextLink")
            if not following:
                return found
            if not following.startswith(f"{HOST}/"):
                # It would see the token.
                raise ReleaseError(f"reading {collection} failed: its next page is on another host, {following}.")
            with azure.step(f"reading {collection}"):
                page = self._run(HttpRequest("GET", following)).json()
        return found

    def write(self, method: str, resource_id: str, version: str, body: Mapping[str, Any]) -> Any:
        """Send a PUT, PATCH or POST, wait until it is done, and return the resource."""
        with azure.step(f"writing {resource_id}"):
            request = HttpRequest(method, HOST + resource_id, params={"api-version": version}, json=dict(body))
            first = self._client.send_request(request, _return_pipeline_response=True)
            _check(first.http_response)
            if first.http_response.status_code != _ACCEPTED:
                return first.http_response.json()
            LROPoller(self._client, first, lambda _: None, ARMPolling(_POLLING_SECONDS)).result()
            return self._sent("GET", resource_id, version, query={}).json()

    def _sent(self, method: str, path: str, version: str, *, query: Mapping[str, str]) -> HttpResponse:
        return self._run(HttpRequest(method, HOST + path, params={"api-version": version, **query}))

    def _run(self, request: HttpRequest) -> HttpResponse:
        answer: HttpResponse = self._client.send_request(request)
        if answer.status_code != _NOT_FOUND:
            _check(answer)
        return answer


def _check(answer: HttpResponse) -> None:
    if answer.status_code >= _BAD_REQUEST:
        raise HttpResponseError(response=answer, error_format=ARMErrorFormat)
