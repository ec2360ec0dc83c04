"""A release whose deployer has no access to the workspace's storage yet: it waits, and then says what is missing."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from modelops.errors import ReleaseError, Stopped
from modelops.release.context import CREATE, READ, REGISTER, SWITCH, VERIFY, Context
from modelops.release.permissions import PAUSE_SECONDS
from modelops.release.reconcile import reconcile
from modelops.release.report import ReleaseReport
from modelops.workspace import Workspace
from sandbox.azure.authorization.built_in import BLOB_CONTRIBUTOR
from tests.modelops.conftest import GROUP, Bench


@dataclass
class Release:
    """A release that counts its pauses instead of sleeping."""

    bench: Bench
    paused: list[float] = field(default_factory=list)
    said: list[str] = field(default_factory=list)

    @property
    def storage(self) -> str:
        """The workspace's storage account."""
        sandbox = self.bench.place.sandbox
        group = f"/subscriptions/{sandbox.subscription}/resourceGroups/{GROUP}"
        return f"{group}/providers/Microsoft.Storage/storageAccounts/modelopsstore"

    def grant(self) -> str:
        """Give the deployer access to the storage account."""
        return self.bench.place.sandbox.grant("deployer", BLOB_CONTRIBUTOR, self.storage)

    def revoke(self) -> None:
        """Take it away again."""
        self.bench.place.sandbox.arm("DELETE", self.grant(), api_version="2022-04-01")

    def run(self, patience: float) -> ReleaseReport:
        """Release, with so many seconds of patience."""
        context = Context(self.bench.workspace, self.bench.root, self._say, self.paused.append, patience)
        return reconcile(self.bench.plan, context)

    def _say(self, step: str, text: str, **_more: object) -> None:
        self.said.append(f"{step}: {text}")


@pytest.fixture
def release(bench: Bench) -> Iterator[Release]:
    """Return a release whose deployer has lost access to blobs; gets it back at the end."""
    made = Release(bench)
    made.revoke()
    yield made
    bench.place.sandbox.switch(rolePropagationPolls=0)
    made.revoke()
    made.grant()


# A refused upload asks three times: for each of two files, and for what is to be removed.
@pytest.mark.parametrize(("polls", "waits"), [(1, 1), (4, 2)])
def test_it_waits_until_a_new_role_counts(release: Release, polls: int, waits: int) -> None:
    release.bench.place.sandbox.switch(rolePropagationPolls=polls)
    release.grant()
    report = release.run(patience=600)
    assert report.default == release.bench.plan.target
    assert report.registered == [f"{release.bench.model_name}:1"]
    assert release.bench.live().default == report.default
    waiting = [each for each in release.said if "waiting" in each]
    assert waiting == [
        f"{REGISTER}: waiting for role Storage Blob Data Contributor on storage account modelopsstore: a new role can"
        f" take minutes ({number * PAUSE_SECONDS:.0f} of 600 s)"
        for number in range(waits)
    ]
    assert release.paused[:waits] == [PAUSE_SECONDS] * waits
    assert [each.partition(":")[0] for each in release.said if each not in waiting] == [
        READ,
        REGISTER,
        CREATE,
        SWITCH,
        VERIFY,
    ]


def test_then_it_says_which_role_on_which_scope_for_whom(release: Release) -> None:
    deployer = release.bench.place.sandbox.facts.accounts["deployer"].principal.object_id
    with pytest.raises(ReleaseError) as caught:
        release.run(patience=2 * PAUSE_SECONDS)
    assert release.paused == [PAUSE_SECONDS, PAUSE_SECONDS]
    assert str(caught.value) == (
        f"step 'register models' failed: {deployer} is missing the role Storage Blob Data Contributor, on "
        f"{release.storage}. It was still missing after 20 s. Somebody who can grant roles there can run:\n"
        f'  az role assignment create --assignee {deployer} --role "Storage Blob Data Contributor" --scope'
        f" {release.storage}"
    )
    assert release.bench.live().default is None
    assert release.bench.versions() == []


def test_a_role_of_arm_is_named_with_its_action(release: Release, monkeypatch: pytest.MonkeyPatch) -> None:
    nobody = release.bench.place.sandbox.facts.accounts["nobody"]
    monkeypatch.setenv("AZURE_CLIENT_ID", nobody.principal.client_id)
    monkeypatch.setenv("AZURE_CLIENT_SECRET", nobody.secret)
    sandbox, place = release.bench.place.sandbox, release.bench.place
    release.bench.workspace = Workspace(sandbox.subscription, GROUP, place.workspace)
    with pytest.raises(ReleaseError) as caught:
        release.run(patience=0)
    who, endpoint = nobody.principal.object_id, release.bench.plan.endpoint.id
    action = "Microsoft.MachineLearningServices/workspaces/batchEndpoints/read"
    assert str(caught.value) == (
        f"step 'read what is live' failed: {who} is missing the role Contributor, which allows {action}, on "
        f"{endpoint}. It was still missing after 0 s. Somebody who can grant roles there can run:\n"
        f'  az role assignment create --assignee {who} --role "Contributor" --scope {endpoint}'
    )
    assert release.paused == []


def test_it_stops_while_it_waits(release: Release) -> None:
    def stopped(_seconds: float) -> None:
        raise Stopped

    context = Context(release.bench.workspace, release.bench.root, lambda _step, _text, **_more: None, stopped)
    with pytest.raises(Stopped):
        reconcile(release.bench.plan, context)


def test_other_refusals_are_not_waited_for(release: Release) -> None:
    release.grant()
    release.bench.place.sandbox.control.fault(
        "status", method="PUT", path=r"/batchEndpoints/[^/]+$", status=403, code="RequestDisallowedByPolicy"
    )
    with pytest.raises(ReleaseError, match="RequestDisallowedByPolicy"):
        release.run(patience=600)
    assert not [each for each in release.said if "waiting" in each]
