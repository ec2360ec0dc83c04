"""What previews are told, and the conda files that stand in for images; nothing is built here."""

import asyncio
import hashlib
import http.client
import json
import platform
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from blob_server import ACCOUNT
from job_bench import CONDA, JobBench
from sandbox.azure.arm.store import Store
from sandbox.azure.environments import builds, interpreters
from sandbox.azure.environments.conda_file import CondaFile
from sandbox.azure.environments.interpreters import Interpreter
from sandbox.azure.environments.preview import Rehearsal
from sandbox.azure.environments.provider import Environments
from sandbox.azure.environments.stand_ins import StandIns, key_of
from sandbox.azure.jobs.request import BuildContext, CodeFiles, EnvironmentSpec
from sandbox.testing import Sandbox

SCRIPT = """
import json, not_there.sub
import mine
from azureml_user.parallel_run import EntryScript
try:
    import perhaps
except ImportError:
    perhaps = None
def init():
    from also_missing import x
def run(mini_batch):
    return [str(each) for each in mini_batch]
def never():
    import unused
"""
NOT_REHEARSED = "cannot be rehearsed, because nothing here runs containers: name a conda file as `rehearseWith`"
PYTHON = f"python={platform.python_version().rpartition('.')[0]}"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = Store(tmp_path / "store.sqlite")
    yield made
    made.close()


def answer(store: Store, *deployments: dict[str, Any], folder: Path | None = None) -> list[str]:
    """Ask about deployments of the endpoint `e`; `folder`: with a package index, and environments built there."""
    environments = Environments(folder or Path("nowhere"), lambda: folder is not None)
    rehearsal = Rehearsal(environments, store)
    return asyncio.run(rehearsal.answer([{"endpoint": "e", **each} for each in deployments]))


def test_an_environment_that_only_a_container_runs_needs_a_stand_in(store: Store) -> None:
    image = {"deployment": "d", "environment": {"image": "base:1"}}
    assert answer(store, image) == [f"e.d: the environment {NOT_REHEARSED}"]
    assert answer(store, image | {"rehearseWith": CONDA.replace("python=3.11", PYTHON)}) == []
    assert answer(store, image) == [f"e.d: the environment {NOT_REHEARSED}"]


def test_of_deployments_with_the_same_environment_one_names_the_stand_in(store: Store) -> None:
    image = {"environment": {"image": "base:1"}}
    named = {**image, "deployment": "a", "rehearseWith": "dependencies: [pip]"}
    assert answer(store, named, {**image, "deployment": "b", "rehearseWith": None}) == []
    assert StandIns(store).find({"image": "other:1"}, {"image": "base:1"}) == "dependencies: [pip]"


def test_a_conda_file_that_azure_writes_again_is_the_same() -> None:
    text = "name: x\ndependencies: [pip]  # all\n"
    assert key_of({"image": "i:1", "conda": text}) == key_of(
        {"image": "i:1", "conda": "dependencies:\n- pip\nname: x\n"}
    )


def test_without_an_index_it_says_what_is_not_installed_here(store: Store) -> None:
    conda = "dependencies: [python=2.7, pip: [not-there==1.0]]"
    assert answer(store, {"deployment": "d", "environment": {"image": "i:1", "conda": conda}}) == [
        "e.d: its jobs fail in the sandbox: 'not-there==1.0' is not installed."
    ]
    conda = "dependencies: [python=2.7]"
    here = platform.python_version()
    assert answer(store, {"deployment": "d", "environment": {"image": "i:1", "conda": conda}}) == [
        f"e.d: 'python=2.7' is required, but jobs here run on Python {here}: results may differ"
    ]


@pytest.mark.parametrize("registry", [None, "shared"])
def test_a_registered_environment_is_asked_for_its_conda_file(store: Store, registry: str | None) -> None:
    namespace = "Microsoft.MachineLearningServices"
    parent = f"registries/{registry}" if registry else "workspaces/ws"
    place = f"/subscriptions/s/resourceGroups/g/providers/{namespace}/{parent}/environments/Mine/versions"
    kind = f"{namespace}/{parent.partition('/')[0]}/environments/versions"
    store.put(f"{place}/1", kind, {"properties": {"image": "i:1", "condaFile": "dependencies: [pip: [not-there]]"}})
    store.put(f"{place}/2", kind, {"properties": {"image": "i:1", "condaFile": None}})
    named = {"name": "mine"} | ({"registry": registry} if registry else {})

    def said(**version: str) -> list[str]:
        return answer(store, {"deployment": "d", "environment": named | version})

    assert said(version="1") == ["e.d: its jobs fail in the sandbox: 'not-there' is not installed."]
    assert said() == said(version="1")
    assert said(version="2") == [f"e.d: the environment {NOT_REHEARSED}"]
    assert said(version="3") == []


def test_a_model_that_azure_makes_an_environment_for_is_asked_for_its_conda_file(store: Store) -> None:
    model = {"type": "mlflow_model", "conda": "dependencies: [pip: [-r requirements.txt]]"}
    (said,) = answer(store, {"deployment": "d", "environment": None, "model": model})
    assert said.startswith("e.d: its jobs fail in the sandbox: '-r requirements.txt' names a file: ")
    assert answer(store, {"deployment": "d", "environment": None, "model": {"type": None, "conda": None}}) == []


def test_before_an_environment_is_built_it_says_what_will_stand_in(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def installed() -> list[Interpreter]:
        return [Interpreter("3.10.13", Path("/python"))]

    monkeypatch.setattr(interpreters, "installed", installed)
    conda = "dependencies: [python=3.9, libgcc, pip: [six]]"
    deployment = {"deployment": "d", "environment": {"image": "i:1", "conda": conda}, "script": SCRIPT}
    assert answer(store, deployment, folder=tmp_path) == [
        "e.d: uv will build the environment, through your package index settings (SANDBOX_OFFLINE=1 turns this off)",
        "e.d: 'python=3.9' is not here; if uv cannot download it, Python 3.10.13 stands in",
        "e.d: conda packages without Python code are left out: libgcc",
    ]


def test_uv_is_asked_once_for_the_pythons_of_all_deployments_and_only_if_one_names_a_python(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    async def installed() -> list[Interpreter]:
        asked.append("uv")
        return []

    monkeypatch.setattr(interpreters, "installed", installed)
    plain, old, older = (
        {"deployment": deployment, "environment": {"image": "i:1", "conda": f"dependencies: [{names}]"}}
        for deployment, names in (("d", "six"), ("d", "python=3.9"), ("f", "python=3.8"))
    )
    uv_builds = (
        "e.d: uv will build the environment, through your package index settings (SANDBOX_OFFLINE=1 turns this off)"
    )
    assert answer(store, plain, folder=tmp_path) == [uv_builds]
    assert asked == []
    assert answer(store, old, older, folder=tmp_path) == [uv_builds.replace("e.d", "e.d, e.f")]
    assert asked == ["uv"]


def test_a_built_environment_is_asked_for_what_the_script_imports(store: Store, tmp_path: Path) -> None:
    conda = "dependencies: [python=3.9, pip: [six]]"
    place = tmp_path / builds.digest(CondaFile.read(conda))
    (place / "bin").mkdir(parents=True)
    (place / "bin" / "python").symlink_to(sys.executable)
    about = {"python": "3.10.13", "standsIn": True, "leftOut": ["libgcc"]}
    (place / "environment.json").write_text(json.dumps(about), encoding="utf-8")
    deployment = {
        "deployment": "d",
        "environment": {"image": "i:1", "conda": conda},
        "script": SCRIPT,
        "localModules": ["mine", "score"],
    }
    said = [
        "e.d: 'python=3.9' is not here; Python 3.10.13 stands in: results may differ",
        "e.d: conda packages left out, because they hold no Python code: libgcc",
    ]
    assert answer(store, deployment, folder=tmp_path) == [
        *said,
        "e.d: the script imports 'also_missing', which its environment does not have",
        "e.d: the script imports 'not_there', which its environment does not have",
    ]
    assert answer(store, deployment | {"script": "def broken("}, folder=tmp_path) == said


def ask(address: str, body: Any) -> tuple[int, Any]:
    place = urlsplit(address)
    connection = http.client.HTTPConnection(place.netloc, timeout=60)
    connection.request("POST", f"{place.path}?{place.query}", json.dumps(body))
    response = connection.getresponse()
    found = response.status, json.loads(response.read())
    connection.close()
    return found


def refusal(code: str, message: str) -> dict[str, Any]:
    return {"error": {"code": code, "message": message, "details": []}}


def test_a_command_in_the_sandbox_finds_it_by_an_address_with_a_token(sandbox: Sandbox) -> None:
    address = sandbox.env["REHEARSAL_URL"]
    asked = {"deployments": [{"endpoint": "e", "deployment": "d", "environment": {"image": "base:1"}}]}
    assert ask(address, asked) == (200, {"sentences": [f"e.d: the environment {NOT_REHEARSED}"]})
    assert ask(address.partition("?")[0], asked) == (
        401,
        refusal("AuthenticationFailed", "the control token is missing or wrong"),
    )
    assert ask(address, {"inputs": ["azureml://datastores/none/paths/x"]}) == (200, {"sentences": []})
    assert ask(address, {}) == (400, refusal("InvalidRequestContent", "'deployments' is missing"))


@pytest.mark.parametrize(
    ("spec", "environment"),
    [
        (EnvironmentSpec("e", "1", "base:1"), {"image": "base:1"}),
        (EnvironmentSpec("mine", "7"), {"name": "mine", "version": "7"}),
        (EnvironmentSpec("mine", "7"), {"name": "mine"}),
        (EnvironmentSpec("mine", "7", registry="shared"), {"registry": "shared", "name": "mine", "version": "7"}),
        (EnvironmentSpec("e", "1", "base:1", "dependencies: [a]"), {"image": "base:1", "conda": "dependencies:\n- a"}),
        (
            EnvironmentSpec("e", "1", build=BuildContext("uri", "Dockerfile", CodeFiles(ACCOUNT, "code", "context/"))),
            {"build": {"dockerfilePath": "Dockerfile", "files": {"Dockerfile": hashlib.sha256(b"FROM x").hexdigest()}}},
        ),
    ],
)
def test_a_job_runs_on_what_stands_in_for_its_environment(
    bench: JobBench, spec: EnvironmentSpec, environment: dict[str, Any]
) -> None:
    bench.blobs.write(ACCOUNT, "code", "context/Dockerfile", b"FROM x")
    StandIns(bench.store).keep(environment, CONDA)
    done = bench.run(bench.request("def init(): pass\ndef run(mini_batch): return mini_batch", environment=spec))
    assert (done.parent.status, done.parent.error) == ("Completed", None)
    assert "a conda file stands in for it (`rehearseWith`)" in done.logs["logs/azureml/executionlogs.txt"]


def test_a_job_without_a_stand_in_is_taken_and_fails_with_the_key(bench: JobBench) -> None:
    spec = EnvironmentSpec("e", "1", build=BuildContext("https://git.test/x", "Dockerfile"))
    done = bench.run(bench.request("def init(): pass\ndef run(mini_batch): return mini_batch", environment=spec))
    assert done.error == (
        f"Image build failed for environment 'e:1': it {NOT_REHEARSED} at the environment in the stack file."
    )
