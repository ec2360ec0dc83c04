"""A caller of batch endpoints as a Synapse pipeline or a Databricks notebook is one: plain REST, no Azure library.

What is here is what anybody writes who has a client id, a secret and the standard library; only the proxy and the
certificates lead it to the sandbox.
"""

import json
import ssl
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from sandbox.commands.environment import variables
from sandbox.commands.lifecycle import running
from sandbox.home import Home
from tests.e2e.commands import until
from tests.e2e.rehearsal import Rehearsal

ML_API = "2025-12-01"
ENDED = ("Completed", "Failed", "Canceled", "NotResponding")
_ARM = "https://management.azure.com"
_JOB_SECONDS = 90


@dataclass(frozen=True)
class Answer:
    """What came back: the status, and the body as it is and as JSON."""

    status: int
    content: bytes = field(repr=False)

    @property
    def json(self) -> Any:
        """The body, read as JSON."""
        return json.loads(self.content)

    @property
    def error(self) -> tuple[int, str]:
        """(status, code) of a refusal in ARM's envelope."""
        return self.status, str(self.json["error"]["code"])

    def ok(self) -> "Answer":
        """Return itself, or fail the test with what was answered."""
        assert self.status < 300, f"{self.status}: {self.content.decode()}"
        return self


class PlainRest:
    """Requests of one service principal, which signs in by client credentials."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        proxy = urllib.request.ProxyHandler({"https": environment["HTTPS_PROXY"]})
        trust = ssl.create_default_context(cafile=environment["SSL_CERT_FILE"])
        self._opener = urllib.request.build_opener(proxy, urllib.request.HTTPSHandler(context=trust))
        self.tokens: dict[str, str] = {}

    def token(self, resource: str) -> str:
        """Return an access token for a resource, ``https://ml.azure.com`` for example."""
        if resource not in self.tokens:
            form = {
                "grant_type": "client_credentials",
                "client_id": self._environment["AZURE_CLIENT_ID"],
                "client_secret": self._environment["AZURE_CLIENT_SECRET"],
                "scope": f"{resource}/.default",
            }
            url = f"https://login.microsoftonline.com/{self._environment['AZURE_TENANT_ID']}/oauth2/v2.0/token"
            self.tokens[resource] = self._send("POST", url, urlencode(form).encode(), {}).ok().json["access_token"]
        return self.tokens[resource]

    def send(self, method: str, url: str, body: Any = None, **headers: str) -> Answer:
        """Send a request with the token that its host asks for; ``body``: bytes as they are, all else as JSON."""
        host = url.split("/")[2]
        resource = _ARM
        if host.endswith(".inference.ml.azure.com"):
            resource = "https://ml.azure.com"
        elif host.endswith(".blob.core.windows.net"):
            resource, headers = "https://storage.azure.com", {"x-ms-version": "2024-11-04", **headers}
        content = body
        if body is not None and not isinstance(body, bytes):
            content, headers = json.dumps(body).encode(), {"Content-Type": "application/json", **headers}
        return self._send(method, url, content, {"Authorization": f"Bearer {self.token(resource)}", **headers})

    def arm(self, method: str, path: str, body: Any = None, api: str = ML_API) -> Answer:
        """Send a request to Azure Resource Manager."""
        return self.send(method, f"{_ARM}{path}?api-version={api}", body)

    def _send(self, method: str, url: str, body: bytes | None, headers: Mapping[str, str]) -> Answer:
        request = urllib.request.Request(url, body, dict(headers), method=method)  # noqa: S310 - https, as written here
        try:
            with self._opener.open(request, timeout=60) as answer:
                return Answer(answer.status, answer.read())
        except urllib.error.HTTPError as problem:
            with problem:
                return Answer(problem.code, problem.read())

    # Batch endpoints ------------------------------------------------------------------------------------------------

    def start(self, scoring_uri: str, folder: str, output: str) -> str:
        """Start a job on a folder; its predictions go to a path of the default datastore. Return its name."""
        file = f"azureml://datastores/workspaceblobstore/paths/{output}"
        properties = {
            "InputData": {"images": {"JobInputType": "UriFolder", "Uri": folder}},
            "OutputData": {"score": {"JobOutputType": "UriFile", "Uri": file}},
        }
        return str(self.send("POST", scoring_uri, {"properties": properties}).ok().json["name"])

    def follow(self, scoring_uri: str, job: str) -> str:
        """Look at a job until it has ended; return the status that it ended with."""

        def status() -> str:
            now = str(self.send("GET", f"{scoring_uri}/{job}").ok().json["properties"]["status"])
            return now if now in ENDED else ""

        return until(status, f"job {job} to end", _JOB_SECONDS)

    def failure(self, workspace: str, region: str, job: str) -> str:
        """Return why a job failed, as its run history tells."""
        url = f"https://{region}.api.azureml.ms/history/v1.0{workspace}/runs/{job}/details"
        return str(self.send("GET", url).ok().json["error"]["error"]["message"])

    def predictions(self, workspace: str, output: str) -> list[str]:
        """Return the lines that a job wrote to a path of the default datastore, sorted."""
        store = self.arm("GET", f"{workspace}/datastores/workspaceblobstore").ok().json["properties"]
        url = f"https://{store['accountName']}.blob.core.windows.net/{store['containerName']}/{output}"
        return sorted(self.send("GET", url).ok().content.decode().splitlines())


def principal(rehearsal: Rehearsal, name: str) -> PlainRest:
    """Return a service principal of a rehearsal whose sandbox runs."""
    home = Home(rehearsal.home)
    server = running(home)
    assert server is not None
    return PlainRest(variables(home, home.facts(), server, name))
