"""A workspace with a cluster in a sandbox of each profile, and an endpoint with its own files for every test.

Releases are tested under both readings of what public sources do not settle (docs/sandbox.md#profiles).
"""

import contextlib
import itertools
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from modelops.plan import fingerprint
from modelops.plan.plan import Code, CondaFile, DeploymentPlan, EndpointPlan, ImageEnvironment, LocalModel, ReleasePlan
from modelops.release import live
from modelops.release.context import Context
from modelops.release.reconcile import reconcile
from modelops.release.report import ReleaseReport
from modelops.workspace import Workspace
from sandbox.azure.authorization.built_in import BLOB_CONTRIBUTOR
from sandbox.commands.client import Answer
from sandbox.testing import Sandbox, awaited, started

GROUP = "modelops"
ML_API = "2025-12-01"
CONDA = "dependencies:\n- python=3.11\n- pip\n- pip:\n  - azureml-core\n  - azureml-dataset-runtime[fuse]\n"
IMAGE = "mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu22.04:20250601.v1"

_numbers = itertools.count(1)

with warnings.catch_warnings():
    # The SDK's own modules use what the libraries below it have deprecated; we cannot fix that.
    warnings.simplefilter("ignore")
    import azure.ai.ml
    import azure.ai.ml.entities  # noqa: F401


@dataclass(frozen=True)
class Place:
    """The shared workspace and the calls that tests make to it past the SDK."""

    sandbox: Sandbox
    workspace: str

    @property
    def path(self) -> str:
        """The workspace's ARM id."""
        return (
            f"/subscriptions/{self.sandbox.subscription}/resourceGroups/{GROUP}/providers/"
            f"Microsoft.MachineLearningServices/workspaces/{self.workspace}"
        )

    def put(self, below: str, body: Mapping[str, Any], api: str = ML_API) -> Any:
        """PUT something below the workspace; its operation is finished when this returns."""
        answer = self._when_free("PUT", f"{self.path}/{below}", dict(body), api)
        assert answer.status in (200, 201, 202), answer.json
        return answer.json

    def _when_free(self, method: str, path: str, body: Any, api: str) -> Answer:
        """Send a change, again while another operation on its endpoint is in progress."""

        def answered() -> Answer | None:
            answer = self.sandbox.arm(method, path, body, api_version=api)
            busy = answer.status == 409 and answer.json["error"]["code"] == "AnotherOperationInProgress"
            return None if busy else answer

        return awaited(answered, f"{method} {path}")

    def get(self, below: str, api: str = ML_API) -> Any:
        """GET a resource below the workspace."""
        answer = self.sandbox.arm("GET", f"{self.path}/{below}", api_version=api)
        assert answer.status == 200, answer.json
        return answer.json

    def put_endpoint(self, name: str) -> None:
        """Make an endpoint without deployments."""
        body = {"location": self.sandbox.location, "tags": {}, "properties": {"authMode": "AADToken"}}
        self.put(f"batchEndpoints/{name}", body)

    def delete_endpoint(self, name: str) -> None:
        """DELETE an endpoint, if there is one: a region has room for 100, and a session has more tests."""
        path = f"{self.path}/batchEndpoints/{name}"
        answer = self._when_free("DELETE", path, None, ML_API)
        assert answer.status in (202, 204), answer.json
        awaited(
            lambda: self.sandbox.arm("GET", path, api_version=ML_API).status == 404 or None,
            f"the end of endpoint {name}",
        )


in_one_profile = pytest.mark.parametrize("profile", ["harsh"], indirect=True)
"""For tests of what no switch touches: uploads, stops and kills, sign-in. They run once."""

in_both_profiles = pytest.mark.parametrize("profile", ["harsh", "lenient"], indirect=True)
"""For the tests that stand for all others in `make test`, which are lenient in `make test-long` only."""


@pytest.fixture(scope="session", params=["harsh", pytest.param("lenient", marks=pytest.mark.long(part="profiles"))])
def profile(request: pytest.FixtureRequest) -> str:
    """Return the profile of the sandbox that a test releases in: a test runs once in each unless it says otherwise."""
    return str(request.param)


@pytest.fixture(scope="session")
def lenient_sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """Return a sandbox of the lenient profile, shared as the other one is; it starts when it is first needed."""
    with started(tmp_path_factory.mktemp("lenient"), "lenient") as handle:
        yield handle


@pytest.fixture(name="place", scope="session")
def _place(profile: str, request: pytest.FixtureRequest) -> Place:
    sandbox: Sandbox = request.getfixturevalue({"harsh": "sandbox", "lenient": "lenient_sandbox"}[profile])
    group = f"/subscriptions/{sandbox.subscription}/resourceGroups/{GROUP}"
    base = {"location": sandbox.location}

    def put(path: str, api: str, body: Mapping[str, Any]) -> str:
        answer = sandbox.arm("PUT", f"{group}{path}", {**base, **body}, api_version=api)
        assert answer.status in (200, 201, 202), answer.json
        return f"{group}{path}"

    put("", "2024-03-01", {})
    storage = put(
        "/providers/Microsoft.Storage/storageAccounts/modelopsstore",
        "2023-01-01",
        {"sku": {"name": "Standard_LRS"}, "kind": "StorageV2"},
    )
    sandbox.grant("deployer", BLOB_CONTRIBUTOR, storage)
    vault = put(
        "/providers/Microsoft.KeyVault/vaults/modelops-vault",
        "2023-07-01",
        {
            "properties": {
                "tenantId": sandbox.tenant,
                "sku": {"family": "A", "name": "standard"},
                "enableRbacAuthorization": True,
                "accessPolicies": [],
            }
        },
    )
    logs = put("/providers/Microsoft.OperationalInsights/workspaces/modelops-logs", "2023-09-01", {})
    insights = put(
        "/providers/Microsoft.Insights/components/modelops-insights",
        "2020-02-02",
        {"kind": "web", "properties": {"Application_Type": "web", "WorkspaceResourceId": logs}},
    )
    put(
        "/providers/Microsoft.MachineLearningServices/workspaces/modelops-workspace",
        ML_API,
        {
            "identity": {"type": "SystemAssigned"},
            "properties": {
                "storageAccount": storage,
                "keyVault": vault,
                "applicationInsights": insights,
                "systemDatastoresAuthMode": "Identity",
            },
        },
    )
    identity = f"{group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/modelops-jobs"
    jobs = sandbox.arm("PUT", identity, base, api_version="2023-01-31").json["properties"]["principalId"]
    sandbox.grant(jobs, BLOB_CONTRIBUTOR, storage)
    place = Place(sandbox, "modelops-workspace")
    for cluster in ("cpu", "other"):
        place.put(
            f"computes/{cluster}",
            {
                **base,
                "identity": {"type": "UserAssigned", "userAssignedIdentities": {identity: {}}},
                "properties": {
                    "computeType": "AmlCompute",
                    "properties": {
                        "vmSize": "STANDARD_DS11_V2",
                        "scaleSettings": {"minNodeCount": 0, "maxNodeCount": 1},
                    },
                },
            },
        )
    return place


@dataclass
class Bench:
    """One endpoint, a folder with a model, code and environment, and the ways to release them."""

    place: Place
    root: Path
    plan: ReleasePlan
    workspace: Workspace
    endpoints: list[str]
    """Names of the endpoints to delete at the end."""
    steps: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)

    def release(self, plan: ReleasePlan | None = None, previous: str | None = None) -> ReleaseReport:
        """Run a release of `plan`, by default the bench's own."""
        return reconcile(plan or self.plan, self.context(), previous)

    def release_in(self, context: Context, plan: ReleasePlan) -> ReleaseReport:
        """Run a release with other surroundings."""
        return reconcile(plan, context)

    def context(self) -> Context:
        """A release's surroundings: notes what it says, and never waits."""
        return Context(self.workspace, self.root, self._note, _never)

    def changed(self, **settings: Any) -> ReleasePlan:
        """The plan with other scoring settings: another revision."""
        deployment = self.plan.deployments["mlp"]
        other = replace(deployment, settings=replace(deployment.settings, **settings))
        return replace(self.plan, deployments={"mlp": other})

    def with_model(self, content: bytes) -> ReleasePlan:
        """The plan after the model's file was given this content."""
        (self.root / "model" / "weights.bin").write_bytes(content)
        deployment = self.plan.deployments["mlp"]
        assert isinstance(deployment.model, LocalModel)
        model = replace(deployment.model, digest=fingerprint.digest(self.root / "model"))
        return replace(self.plan, deployments={"mlp": replace(deployment, model=model)})

    def move(self, name: str | None) -> None:
        """Do what somebody does by hand: send the endpoint with another default (or none), the rest as it is."""
        path = f"batchEndpoints/{self.plan.endpoint.name}"
        found = self.place.get(path)
        found["properties"].pop("defaults", None)
        if name is not None:
            found["properties"]["defaults"] = {"deploymentName": name}
        self.place.put(path, {key: found[key] for key in ("location", "tags", "properties")})
        assert self.live().default == name

    def second_endpoint(self) -> EndpointPlan:
        """Make another endpoint in the workspace."""
        other = replace(self.plan.endpoint, name=f"{self.plan.endpoint.name}-b")
        self.endpoints.append(other.name)
        self.place.put_endpoint(other.name)
        return other

    def live(self) -> live.LiveEndpoint:
        """What is live, read by the SDK."""
        return live.read(self.workspace, self.plan)

    def versions(self) -> list[str]:
        """Versions of the bench's model, oldest first."""
        listed = self.place.get(f"models/{self.model_name}/versions")["value"]
        return sorted(each["name"] for each in listed)

    @property
    def model_name(self) -> str:
        """Name of the bench's model."""
        model = self.plan.deployments["mlp"].model
        return model.name

    def writes(self, after: int) -> list[str]:
        """Methods and paths of the requests above `after` that may change something.

        Not the tunnels that the proxy refused: another test's library may have asked for one in this process.
        """
        return [
            f"{each['method']} {each['path'].partition('?')[0]}"
            for each in self.place.sandbox.control.journal(after)
            if each["method"] not in ("GET", "HEAD", "CONNECT") and "oauth2" not in each["path"]
        ]

    def mark(self) -> int:
        """Number of the last request, for `writes`."""
        return self.place.sandbox.control.sequence()

    def _note(self, step: str, text: str, **_more: object) -> None:
        self.steps.append(step)
        self.said.append(text)


def _never(_seconds: float) -> None:
    """Wait, for a test: not at all."""


@pytest.fixture
def bench(place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    """Return a separate endpoint with a model and code that no other test has, in the environment of its sandbox."""
    place.sandbox.enter(monkeypatch)
    with new_bench(place, tmp_path) as made:
        yield made


@contextlib.contextmanager
def new_bench(place: Place, root: Path) -> Iterator[Bench]:
    """Make an endpoint, and a model and code for it in the folder `root`.

    At the end of the block no fault is left, and no endpoint: a region has room for 100, and there are more tests.
    """
    sandbox = place.sandbox
    number = next(_numbers)
    (root / "model").mkdir()
    (root / "model" / "weights.bin").write_bytes(f"weights {number}".encode())
    (root / "model" / "deep").mkdir()
    (root / "model" / "deep" / "labels.txt").write_text("0\n1\n", encoding="utf-8")
    (root / "code").mkdir()
    (root / "code" / "score.py").write_text(f"# {number}\ndef init(): ...\ndef run(batch): ...\n", encoding="utf-8")
    (root / "conda.yaml").write_text(CONDA, encoding="utf-8")
    endpoint = f"bench-{number}"
    place.put_endpoint(endpoint)
    bench = Bench(
        place=place,
        root=root,
        plan=_plan(place, endpoint, root, f"model-{number}"),
        workspace=Workspace(sandbox.subscription, GROUP, place.workspace),
        endpoints=[endpoint],
    )
    try:
        yield bench
    finally:
        sandbox.control.clear_faults()
        for each in bench.endpoints:
            place.delete_endpoint(each)


def _plan(place: Place, endpoint: str, root: Path, model: str) -> ReleasePlan:
    deployment = DeploymentPlan(
        logical="mlp",
        model=LocalModel("model", model, "custom_model", fingerprint.digest(root / "model")),
        code=Code("code", fingerprint.digest(root / "code"), "score.py"),
        environment=ImageEnvironment(IMAGE, CondaFile("conda.yaml", fingerprint.digest(root / "conda.yaml"))),
        compute=f"{place.path}/computes/cpu",
    )
    return ReleasePlan(
        subscription_id=place.sandbox.subscription,
        resource_group=GROUP,
        workspace=place.workspace,
        endpoint=EndpointPlan(
            name=endpoint,
            id=f"{place.path}/batchEndpoints/{endpoint}",
            created_at="2026-01-01T00:00:00Z",
            api_version=ML_API,
            location=place.sandbox.location,
            auth_mode="AADToken",
            description="A bench",
            tags={"purpose": "test"},
        ),
        default="mlp",
        pin=None,
        keep=2,
        deployments={"mlp": deployment},
    )
