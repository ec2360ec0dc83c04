"""One workspace: reads with plain requests, everything else with the SDK.

Importing azure-ai-ml takes a second, and most runs only read: previews, `status`, a release that finds nothing to do.
So reads use azure-core, with the SDK's addresses and API versions, and the SDK is only imported to send something.
"""

import gc
import importlib
import os
import shlex
import sys
import threading
from collections.abc import Iterator, Mapping
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, TypeVar
from urllib.parse import quote

from modelops import credential

if TYPE_CHECKING:
    from azure.ai.ml import MLClient
    from azure.core import PipelineClient
    from azure.core.credentials import TokenCredential
    from azure.core.rest import HttpRequest, HttpResponse

_ARM: Final = "https://management.azure.com"
_ML: Final = "https://ml.azure.com"
"""The audience of tokens for a workspace's own hosts: its scoring addresses and its run history."""

_T = TypeVar("_T")

_BASE: Final = ("azure.core.pipeline.policies", "azure.core.polling", "azure.core.rest", "azure.identity")
_ACCEPTED: Final = 202

POLLING_SECONDS: Final = 5
"""Pause between two polls of a long-running operation, unless the service says otherwise (the SDK's default is 30)."""

_TRANSPORT: Final[dict[str, Any]] = {
    "connection_timeout": 30,  # seconds
    "read_timeout": 300,  # seconds; a deployment's PUT may take minutes to be answered
    "retry_total": 5,  # about 25 s with azure-core's growing pauses; then the user should see the error
}

_making: Final = threading.RLock()
"""Held while a client is made: two threads must not import a package at the same time that imports itself in circles.
Python would give one of them a module that is not complete."""


def import_sdk() -> None:
    """Import azure-ai-ml, which takes a second; the first time only."""
    os.environ.setdefault("TQDM_DISABLE", "1")
    with _making:
        if "azure.ai.ml" in sys.modules:
            return
        # What is imported stays. To look for garbage in it takes a quarter of the time, and once more at the end.
        gc.disable()
        try:
            importlib.import_module("azure.ai.ml")
        finally:
            gc.freeze()
            gc.enable()


class _Once(cached_property[_T]):
    """A cached property that is computed once, also if several threads ask for it at the same time."""

    def __get__(self, instance: object, owner: type[Any] | None = None) -> Any:
        with _making:
            return super().__get__(instance, owner)


class Workspace:
    """An Azure Machine Learning workspace, with the login of `modelops.credential`; creating it sends nothing."""

    def __init__(self, subscription_id: str, resource_group: str, name: str) -> None:
        self.subscription_id: Final = subscription_id
        self.resource_group: Final = resource_group
        self.name: Final = name

    @property
    def id(self) -> str:
        """ARM id of the workspace."""
        return (
            f"/subscriptions/{self.subscription_id}/resourceGroups/{self.resource_group}/providers/"
            f"Microsoft.MachineLearningServices/workspaces/{self.name}"
        )

    def words(self) -> str:
        """Return the options that name it, for a command that is printed; begins with a space."""
        names = {
            "--subscription": self.subscription_id,
            "--resource-group": self.resource_group,
            "--workspace": self.name,
        }
        return "".join(f" {option} {shlex.quote(name)}" for option, name in names.items())

    @_Once
    def credential(self) -> "TokenCredential":
        """The credential, also for storage."""
        return credential.find()

    @_Once
    def ml(self) -> "MLClient":
        """The SDK's client; the first use imports the SDK."""
        import_sdk()
        from azure.ai.ml import MLClient  # noqa: PLC0415

        return MLClient(
            credential=self.credential,
            subscription_id=self.subscription_id,
            resource_group_name=self.resource_group,
            workspace_name=self.name,
            polling_interval=POLLING_SECONDS,
            enable_telemetry=False,
            # True although it is not shown: without the bar, the SDK never reads a failed upload's error and waits
            # forever. TQDM_DISABLE hides the bar itself.
            show_progress=True,
            **_TRANSPORT,
        )

    def get(self, path: str, api_version: str) -> Any:
        """GET a resource below the workspace.

        Raises:
            HttpResponseError: Azure refused it; 404 if it does not exist.
        """
        return self._read(f"{_ARM}{quote(self.id)}/{path}", {"api-version": api_version})

    def list(self, path: str, api_version: str, **query: str) -> Iterator[Any]:
        """GET all items of a collection below the workspace, page by page.

        Raises:
            HttpResponseError: Azure refused it; 404 if the collection does not exist.
        """
        page = self._read(f"{_ARM}{quote(self.id)}/{path}", {"api-version": api_version, **query})
        yield from page["value"]
        while link := page.get("nextLink"):
            page = self._read(link, {})
            yield from page["value"]

    def patch(self, path: str, api_version: str, body: Any) -> Any | None:
        """PATCH a resource below the workspace; return it as it is now, or None if the service is still at it (202).

        Raises:
            HttpResponseError: Azure refused it; 404 if it does not exist.
        """
        from azure.core.rest import HttpRequest  # noqa: PLC0415

        query = {"api-version": api_version}
        request = HttpRequest("PATCH", f"{_ARM}{self.id}/{path}", params=query, json=body)
        response = self._resource_manager.send_request(request)
        response.raise_for_status()
        return None if response.status_code == _ACCEPTED else response.json()

    def post(self, path: str, api_version: str, seconds: float) -> None:
        """POST to a resource below the workspace, without a body. It is sent once, and has `seconds` for an answer.

        Raises:
            HttpResponseError: Azure refused it.
            ServiceRequestError: there is no connection.
            ServiceResponseError: there is no answer.
        """
        from azure.core.rest import HttpRequest  # noqa: PLC0415

        request = HttpRequest("POST", f"{_ARM}{quote(self.id)}/{path}", params={"api-version": api_version})
        response = self._resource_manager.send_request(
            request, retry_total=0, connection_timeout=seconds, read_timeout=seconds
        )
        response.raise_for_status()

    def send(self, method: str, url: str, body: Any, headers: Mapping[str, str] = MappingProxyType({})) -> Any:
        """Send JSON to one of the workspace's own hosts (not to ARM), and return what it answers.

        It is sent once: after an error's status the service may have done it.

        Raises:
            HttpResponseError: the service refused it.
        """
        from azure.core.rest import HttpRequest  # noqa: PLC0415

        request = HttpRequest(method, url, json=body, headers=dict(headers))
        response = self._machine_learning.send_request(request, retry_status=0)
        response.raise_for_status()
        return response.json()

    def _read(self, url: str, query: Mapping[str, str]) -> Any:
        from azure.core.rest import HttpRequest  # noqa: PLC0415

        response = self._resource_manager.send_request(HttpRequest("GET", url, params=dict(query)))
        response.raise_for_status()
        return response.json()

    @_Once
    def _resource_manager(self) -> "PipelineClient[HttpRequest, HttpResponse]":
        return self._client(_ARM)

    @_Once
    def _machine_learning(self) -> "PipelineClient[HttpRequest, HttpResponse]":
        return self._client(_ML)

    def _client(self, audience: str) -> "PipelineClient[HttpRequest, HttpResponse]":
        from azure.core import PipelineClient  # noqa: PLC0415
        from azure.core.pipeline.policies import (  # noqa: PLC0415
            BearerTokenCredentialPolicy,
            RetryPolicy,
            UserAgentPolicy,
        )

        policies = [
            UserAgentPolicy("azureml-batch-endpoint"),
            RetryPolicy(**_TRANSPORT),
            BearerTokenCredentialPolicy(self.credential, f"{audience}/.default"),
        ]
        return PipelineClient(audience, policies=policies, **_TRANSPORT)


class Workspaces:
    """The workspaces of a process. Their logins and connections serve all its releases, whatever thread they are in."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str, str], Workspace] = {}

    def get(self, subscription_id: str, resource_group: str, name: str) -> Workspace:
        """Return a workspace, always the same one; what its requests need is imported before any thread sends them."""
        with _making:
            for module in _BASE:
                importlib.import_module(module)
            key = (subscription_id, resource_group, name)
            return self._known.setdefault(key, Workspace(*key))
