"""`caller`: what it prints, run exactly as printed by a caller with the roles of `callers` and no other.

Data Factory's pipeline and the Logic App are run by tests/modelops/definitions.py. What Azure makes of them, and of a
service credential in Databricks, is not proven here.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from components import roles
from modelops.callers.called import Called
from modelops.callers.texts import KINDS
from modelops.commands.app import main
from sandbox.commands import environment
from sandbox.testing import ML_AUDIENCE, STORAGE_AUDIENCE
from tests.modelops.conftest import Bench, in_one_profile
from tests.modelops.definitions import FailedRunError, LogicApp, Pipeline
from tests.modelops.test_release_try_out import GOOD, RAISES, with_script

pytestmark = [in_one_profile, pytest.mark.filterwarnings("ignore::DeprecationWarning")]

CALLER = "caller"
ROWS = ["a.txt", "b.txt"]
_VERSION = {"x-ms-version": "2024-11-04"}
_BLOB = {"x-ms-blob-type": "BlockBlob", **_VERSION}


@dataclass(frozen=True)
class Calling:
    """A released endpoint with one caller, its neighbour, and data in the container of the results."""

    bench: Bench
    data: str
    folder: Path

    def printed(self, kind: str, neighbour: bool = False) -> str:
        """Return what the command prints; of the neighbour by the same template, for the caller cannot read it."""
        plan = self.bench.plan
        name = f"{plan.endpoint.name}-b" if neighbour else plan.endpoint.name
        address = self.bench.place.get(f"batchEndpoints/{name}")["properties"]["scoringUri"]
        return KINDS[kind](Called(name, address, self.data.rpartition("/in/")[0], self.data, "uri_folder"))

    def run(self, text: str, command: list[str], before: str = "") -> subprocess.CompletedProcess[str]:
        """Run a text as it is; it does not wait between two looks, and `before` is what the service gives it."""
        script = self.folder / "text"
        script.write_text(text)
        (self.folder / "sitecustomize.py").write_text(f"import time\ntime.sleep = lambda _: None\n{before}")
        env = {**self._environment(), "PATH": f"{self.folder}:{os.environ['PATH']}", "PYTHONPATH": str(self.folder)}
        return subprocess.run(
            [*command, str(script)], env=env, cwd=self.folder, capture_output=True, text=True, check=False
        )

    def send(self, method: str, url: str, headers: dict[str, str], body: Any) -> tuple[int, Any]:
        """Send a request as the caller's identity."""
        sandbox = self.bench.place.sandbox
        content = json.loads(body) if isinstance(body, str) else body
        host, _, path = url.removeprefix("https://").partition("/")
        token = sandbox.control.token(CALLER, ML_AUDIENCE)
        answer = sandbox.request(method, f"/{path}", content, host=host, token=token, headers=headers)
        return answer.status, answer.json

    def predictions(self, path: str) -> list[str]:
        """Return the rows of a file in the container, sorted."""
        sandbox = self.bench.place.sandbox
        host, _, container = self.data.rpartition("/in/")[0].removeprefix("https://").partition("/")
        token = sandbox.control.token(CALLER, STORAGE_AUDIENCE)
        answer = sandbox.request("GET", f"/{container}/{path}", host=host, token=token, headers=_VERSION)
        assert answer.status == 200
        return sorted(answer.content.decode().split())

    def _environment(self) -> dict[str, str]:
        sandbox = self.bench.place.sandbox
        return environment.variables(sandbox.home, sandbox.facts, sandbox.server, CALLER)


@pytest.fixture(name="calling")
def _calling(bench: Bench, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Calling]:
    """Release a model that returns the names of its files; the caller's three roles are those of `callers`."""
    sandbox, place = bench.place.sandbox, bench.place
    bench.release(with_script(bench, GOOD))
    place.put_endpoint(bench.second_endpoint().name)
    store = place.get("datastores/workspaceblobstore")["properties"]
    host, container = f"{store['accountName']}.blob.core.windows.net", store["containerName"]
    path = f"/{container}/in/{bench.plan.endpoint.name}/"
    for name in ROWS:
        sent = sandbox.request("PUT", f"{path}{name}", b"x", host=host, headers=_BLOB)
        assert sent.status == 201
    account = f"{place.path.partition('/providers/')[0]}/providers/Microsoft.Storage/storageAccounts/modelopsstore"
    granted = [
        sandbox.grant(CALLER, roles.ENDPOINT_CALLER.id, f"{place.path}/batchEndpoints/{bench.plan.endpoint.name}"),
        sandbox.grant(CALLER, roles.CALLER_RUNS.id, place.path),
        sandbox.grant(CALLER, roles.BLOB_READER.id, f"{account}/blobServices/default/containers/{container}"),
    ]
    yield Calling(bench, f"https://{host}{path}", tmp_path_factory.mktemp("calling"))
    for each in granted:
        sandbox.take_away(each)


def _az(calling: Calling) -> None:
    """Put an `az` on the PATH that has signed in as the caller, and a `sleep` that does not wait."""
    control = calling.bench.place.sandbox.control
    tokens = {each: control.token(CALLER, each) for each in (ML_AUDIENCE, STORAGE_AUDIENCE)}
    cases = "\n".join(f"{audience}) echo {token} ;;" for audience, token in tokens.items())
    for name, text in (("az", f'case "$4" in\n{cases}\n*) exit 2 ;;\nesac'), ("sleep", "exit 0")):
        (calling.folder / name).write_text(f"#!/bin/sh\n{text}\n")
        (calling.folder / name).chmod(0o755)


# What a notebook has without an import.
_UTILITIES = """
import builtins
from types import SimpleNamespace
from azure.identity import EnvironmentCredential
import os
provider = lambda name: EnvironmentCredential() if name == "SERVICE-CREDENTIAL" else None
builtins.dbutils = SimpleNamespace(credentials=SimpleNamespace(getServiceCredentialsProvider=provider))
secret = lambda vault, name, linked: os.environ["AZURE_CLIENT_SECRET"]
builtins.mssparkutils = SimpleNamespace(credentials=SimpleNamespace(getSecret=secret))
"""
SCRIPTS: dict[str, tuple[list[str], str]] = {
    "curl": (["bash"], ""),
    "python": ([sys.executable], ""),
    "databricks": ([sys.executable], _UTILITIES),
    "synapse-notebook": ([sys.executable], _UTILITIES),
}


def _filled(calling: Calling, kind: str, text: str) -> str:
    """Fill in the two ids that only a Synapse notebook's user knows."""
    if kind != "synapse-notebook":
        return text
    facts = calling.bench.place.sandbox.facts
    client = facts.accounts[CALLER].principal.client_id
    return text.replace("TENANT-ID", facts.tenant_id).replace("CLIENT-ID", client)


@pytest.mark.parametrize("kind", SCRIPTS)
def test_a_script_scores_and_prints_the_predictions(calling: Calling, kind: str) -> None:
    _az(calling)
    ran = calling.run(_filled(calling, kind, calling.printed(kind)), *SCRIPTS[kind])
    assert ran.returncode == 0, ran.stderr
    assert sorted(each for each in ran.stdout.split() if each in ROWS) == ROWS
    assert "Completed" in (ran.stdout + ran.stderr).split()


@pytest.mark.parametrize("kind", SCRIPTS)
def test_a_script_is_refused_at_the_neighbour(calling: Calling, kind: str) -> None:
    _az(calling)
    mark = calling.bench.mark()
    ran = calling.run(_filled(calling, kind, calling.printed(kind, neighbour=True)), *SCRIPTS[kind])
    assert ran.returncode != 0
    assert "AuthorizationFailed" in ran.stdout + ran.stderr
    assert calling.bench.writes(mark) == ["POST /jobs"]


@pytest.mark.parametrize("kind", SCRIPTS)
def test_a_script_says_that_a_job_failed(calling: Calling, kind: str) -> None:
    _az(calling)
    plan = with_script(calling.bench, RAISES)
    failing = {"mlp": replace(plan.deployments["mlp"], try_out=None)}
    calling.bench.release(replace(plan, deployments=failing))
    ran = calling.run(_filled(calling, kind, calling.printed(kind)), *SCRIPTS[kind])
    assert ran.returncode == 1
    assert "ended in state Failed" in ran.stderr


def _run(calling: Calling, kind: str, *, neighbour: bool = False) -> str:
    """Run a definition; return the path of its predictions."""
    content = json.loads(calling.printed(kind, neighbour))
    if kind == "logic-app":
        LogicApp(content, calling.send).run()
        return "callers/08584000000000000000.csv"
    path = f"callers/{calling.bench.plan.endpoint.name}.csv"
    Pipeline(content, calling.send, output_path=path).run()
    return path


@pytest.mark.parametrize("kind", ["adf", "logic-app"])
def test_a_definition_scores(calling: Calling, kind: str) -> None:
    assert calling.predictions(_run(calling, kind)) == ROWS


@pytest.mark.parametrize("kind", ["adf", "logic-app"])
def test_a_definition_is_refused_at_the_neighbour(calling: Calling, kind: str) -> None:
    with pytest.raises(FailedRunError, match=r"^Start: 403 .*AuthorizationFailed"):
        _run(calling, kind, neighbour=True)


@pytest.mark.parametrize("kind", ["adf", "logic-app"])
def test_a_definition_fails_with_the_job(calling: Calling, kind: str) -> None:
    plan = with_script(calling.bench, RAISES)
    calling.bench.release(replace(plan, deployments={"mlp": replace(plan.deployments["mlp"], try_out=None)}))
    with pytest.raises(FailedRunError, match=r"^job \S+ ended in state Failed$"):
        _run(calling, kind)


def test_synapse_takes_the_same_pipeline_as_data_factory(calling: Calling) -> None:
    assert calling.printed("synapse") == calling.printed("adf")


def test_the_command_prints_the_text_and_says_beside_it_what_the_caller_needs(
    calling: Calling, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    outputs = tmp_path / "outputs.json"
    plan = calling.bench.plan
    endpoint = {"name": plan.endpoint.name, "deployments": {"mlp": f"{plan.deployments['mlp'].revision} sha256:0"}}
    told = {"subscriptionId": plan.subscription_id, "resourceGroup": plan.resource_group, "workspace": plan.workspace}
    outputs.write_text(json.dumps({**told, "endpoints": {"digits": endpoint}}))
    assert main(["caller", "python", "--outputs", str(outputs), "--input", calling.data]) == 0
    said = capsys.readouterr()
    assert said.out == calling.printed("python")
    assert said.err.startswith("The caller needs an entry under callers of endpoint digits in the stack file")
    assert main(["caller", "curl", "--outputs", str(outputs), "--deployment", "mlp"]) == 0
    text = capsys.readouterr().out
    assert f"'azureml-model-deployment: {plan.deployments['mlp'].revision}'" in text
    assert "input=https://ACCOUNT.blob.core.windows.net/CONTAINER/FOLDER/\n" in text


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (["fax"], f"unknown kind of caller 'fax'. Allowed are: {', '.join(KINDS)}."),
        (
            ["curl", "--input", "images"],
            (
                "--input 'images' is a path, and a caller in Azure does not have this machine's files. Upload them, "
                "and give their address."
            ),
        ),
        (
            ["curl", "--input", "https://a.blob.core.windows.net/c/d.csv"],
            (
                "--input 'https://a.blob.core.windows.net/c/d.csv' can be a file or a folder. Add --input-type "
                "uri_file or --input-type uri_folder; an address that ends in / is a folder."
            ),
        ),
    ],
)
def test_a_mistake_is_said(
    bench: Bench, capsys: pytest.CaptureFixture[str], tmp_path: Path, words: list[str], error: str
) -> None:
    plan, outputs = bench.plan, tmp_path / "outputs.json"
    told = {"subscriptionId": plan.subscription_id, "resourceGroup": plan.resource_group, "workspace": plan.workspace}
    outputs.write_text(json.dumps({**told, "endpoints": {"digits": {"name": plan.endpoint.name}}}))
    assert main(["caller", *words, "--outputs", str(outputs)]) == 2
    assert capsys.readouterr().err == f"error: {error}\n"
