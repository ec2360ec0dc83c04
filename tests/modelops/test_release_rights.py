"""What a release may do with a custom role of exactly what the preflight asks for, and with one action less.

The preflight finds what is missing before anything is made (tests/components/test_prerequisites.py,
test_adoption.py); here it is missing later, for somebody may take a role away. Azure's own refusals: docs/security.md.
"""

import uuid
from collections.abc import Iterator, Sequence

import pytest

from components.preflight.release_actions import ACTIONS
from modelops.errors import ReleaseError
from modelops.release import records
from modelops.release.context import Context, Progress
from modelops.release.reconcile import reconcile
from modelops.release.report import ReleaseReport
from modelops.workspace import Workspace
from sandbox.azure.authorization.built_in import BLOB_CONTRIBUTOR
from tests.modelops.conftest import GROUP, Bench, in_one_profile
from tests.modelops.test_release_try_out import GOOD, with_script

pytestmark = [in_one_profile, pytest.mark.filterwarnings("ignore::DeprecationWarning")]

ML = "Microsoft.MachineLearningServices/workspaces"


class Limited:
    """``nobody`` with a custom role, and releases in its name."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.sandbox = bench.place.sandbox
        self._granted: list[str] = []
        self._blobs: str | None = None

    def may(self, actions: Sequence[str], *, blobs: bool = True) -> None:
        """Define a role with these actions, and assign it on the workspace, and blobs on its storage."""
        subscription = f"/subscriptions/{self.sandbox.subscription}"
        definition = f"{subscription}/providers/Microsoft.Authorization/roleDefinitions/{uuid.uuid4()}"
        permissions = [{"actions": [*actions], "notActions": [], "dataActions": [], "notDataActions": []}]
        properties = {
            "roleName": f"Releases {uuid.uuid4()}",
            "type": "CustomRole",
            "permissions": permissions,
            "assignableScopes": [subscription],
        }
        token = self.sandbox.control.token("administrator")
        made = self.sandbox.arm("PUT", definition, {"properties": properties}, api_version="2022-04-01", token=token)
        assert made.status == 201, made.json
        group = f"{subscription}/resourceGroups/{GROUP}"
        storage = f"{group}/providers/Microsoft.Storage/storageAccounts/modelopsstore"
        self._granted.append(self.sandbox.grant("nobody", definition, self.bench.place.path))
        if blobs:
            self._blobs = self.sandbox.grant("nobody", BLOB_CONTRIBUTOR, storage)

    def no_blobs(self) -> None:
        """Take the role on the storage away."""
        if self._blobs is not None:
            self.sandbox.take_away(self._blobs)
        self._blobs = None

    def release(self, report: Progress = lambda *_, **_more: None) -> ReleaseReport:
        """Release a model with a try-out, without patience for roles that are missing."""
        # The workspace has no such code yet, so that it has to be registered.
        plan = with_script(self.bench, f"{GOOD}# {uuid.uuid4()}\n", per_file=True)
        workspace = Workspace(self.sandbox.subscription, GROUP, self.bench.place.workspace)
        return reconcile(plan, Context(workspace, self.bench.root, report, lambda _: None, patience=0))

    def nothing(self) -> None:
        """Take everything away."""
        self.no_blobs()
        for each in self._granted:
            self.sandbox.take_away(each)


@pytest.fixture(name="limited")
def _limited(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Iterator[Limited]:
    made = Limited(bench)
    nobody = made.sandbox.facts.accounts["nobody"]
    monkeypatch.setenv("AZURE_CLIENT_ID", nobody.principal.client_id)
    monkeypatch.setenv("AZURE_CLIENT_SECRET", nobody.secret)
    yield made
    made.nothing()


def test_a_release_with_a_try_out_needs_no_more(limited: Limited) -> None:
    limited.may(ACTIONS)
    report = limited.release()
    assert [each.revision for each in report.tried] == [report.default]


@pytest.mark.parametrize(
    "action",
    [
        "batchEndpoints/write",
        "batchEndpoints/deployments/write",
        "batchEndpoints/deployments/jobs/write",
        "codes/versions/write",
        "environments/versions/write",
        "experiments/runs/read",
        "jobs/read",
        "models/read",
        "models/versions/read",
        "models/versions/write",
    ],
)
def test_without_one_of_them_the_default_stays_and_the_action_is_named(limited: Limited, action: str) -> None:
    limited.may([each for each in ACTIONS if each != f"{ML}/{action}"])
    with pytest.raises(ReleaseError) as raised:
        limited.release()
    assert f"{ML}/{action}" in str(raised.value)
    assert limited.bench.live().default is None


def test_without_the_storage_nothing_is_uploaded(limited: Limited) -> None:
    limited.may(ACTIONS, blobs=False)
    with pytest.raises(ReleaseError, match="is missing the role Storage Blob Data Contributor, on "):
        limited.release()
    assert limited.bench.live().deployments == {}


def test_without_the_storage_the_results_of_a_try_out_are_not_read(limited: Limited) -> None:
    """The role is taken away while the job runs: that is not the candidate's fault."""
    limited.may(ACTIONS)

    def report(_step: str, text: str, **_more: object) -> None:
        if "job " in text or _more.get("items"):
            limited.no_blobs()

    with pytest.raises(ReleaseError, match=r"could not be tried out; .*\n  downloading the predictions"):
        limited.release(report)
    live = limited.bench.live()
    (revision,) = live.deployments.values()
    noted = records.try_out(revision)
    assert noted is not None
    assert (noted.outcome, live.default) == ("started", None)
