"""The promises of a release, kept by the real SDK against the sandbox."""

from dataclasses import replace

import pytest

from modelops.errors import PlanError, ReleaseError
from modelops.plan.plan import RegisteredModel
from modelops.rehearsal import located
from modelops.release import last_set
from modelops.release.context import CREATE, PRUNE, READ, REGISTER, RESTORE, SWITCH, VERIFY
from modelops.release.status import status
from tests.modelops.conftest import Bench, in_both_profiles

DEPLOYMENT = "/deployments/[^/]+$"


@in_both_profiles
def test_a_first_release_registers_deploys_and_switches(bench: Bench) -> None:
    report = bench.release()
    revision = bench.plan.target
    assert report.registered == [f"{bench.model_name}:1"]
    assert report.created == [revision]
    assert report.summary() == (
        f"{bench.plan.endpoint.name}: registered {bench.model_name}:1; created {revision}; default (none) -> {revision}"
    )
    assert bench.steps == [READ, REGISTER, CREATE, SWITCH, VERIFY]
    endpoint = bench.live()
    assert endpoint.default == revision
    assert endpoint.description == "A bench"
    assert last_set.without_ours(endpoint.tags) == {"purpose": "test"}
    made = bench.place.get(f"batchEndpoints/{bench.plan.endpoint.name}/deployments/{revision}")["properties"]
    assert made["miniBatchSize"] == 10
    assert made["retrySettings"] == {"maxRetries": 3, "timeout": "PT30S"}
    assert made["codeConfiguration"]["scoringScript"] == "score.py"
    assert made["model"]["assetId"].endswith(f"/models/{bench.model_name}/versions/1")
    assert made["properties"]["revisionIdentity"] == bench.plan.deployments["mlp"].identity()


def test_a_second_release_sends_nothing(bench: Bench) -> None:
    bench.release()
    before = bench.mark()
    report = bench.release()
    assert not report.changed
    assert bench.writes(before) == []
    assert report.summary() == f"{bench.plan.endpoint.name}: nothing to do, default is {bench.plan.target}"


def test_a_changed_model_is_one_version_and_one_revision(bench: Bench) -> None:
    first = bench.release()
    changed = bench.with_model(b"other weights")
    report = bench.release(changed, previous=first.default)
    assert report.registered == [f"{bench.model_name}:2"]
    assert report.created == [changed.target]
    assert report.previous_default == first.default
    assert bench.versions() == ["1", "2"]
    assert set(bench.live().deployments) == {first.default, changed.target}


def test_a_changed_setting_uploads_nothing(bench: Bench) -> None:
    bench.release()
    changed = bench.changed(mini_batch_size=3)
    before = bench.mark()
    report = bench.release(changed)
    assert report.registered == []
    assert report.created == [changed.target]
    assert not [write for write in bench.writes(before) if "blob" in write or "/models/" in write]
    assert bench.versions() == ["1"]


def test_description_and_tags_go_out_without_a_new_revision(bench: Bench) -> None:
    bench.release()
    changed = replace(bench.plan, endpoint=replace(bench.plan.endpoint, description="Other", tags={}))
    report = bench.release(changed)
    assert report.created == []
    assert report.summary() == f"{bench.plan.endpoint.name}: updated description and tags"
    endpoint = bench.live()
    assert (endpoint.description, endpoint.default) == ("Other", bench.plan.target)
    assert last_set.without_ours(endpoint.tags) == {}


def test_going_back_only_switches(bench: Bench) -> None:
    bench.release()
    changed = bench.changed(mini_batch_size=3)
    bench.release(changed)
    before = bench.mark()
    report = bench.release(previous=changed.target)
    assert (report.registered, report.created, report.default) == ([], [], bench.plan.target)
    assert len(bench.writes(before)) == 1


def test_a_failed_deployment_leaves_the_default_and_is_made_anew(bench: Bench) -> None:
    first = bench.release()
    changed = bench.changed(mini_batch_size=3)
    bench.place.sandbox.control.fault(
        "operation-fail", method="PUT", path=DEPLOYMENT, code="ResourceNotReady", message="no nodes"
    )
    with pytest.raises(ReleaseError, match=f"creating deployment {changed.target} failed: .*no nodes"):
        bench.release(changed, previous=first.default)
    found = bench.live()
    assert found.default == first.default
    assert found.deployments[changed.target].state == "Failed"
    bench.place.sandbox.control.clear_faults()
    before = bench.mark()
    report = bench.release(changed, previous=first.default)
    assert report.created == [changed.target]
    assert [write.split()[0] for write in bench.writes(before)] == ["DELETE", "PUT", "PUT", "PUT"]
    assert bench.live().default == changed.target


@in_both_profiles
def test_a_default_that_was_moved_is_restored_before_anything_else(bench: Bench) -> None:
    first = bench.release()
    second = bench.release(bench.changed(mini_batch_size=3))
    third = bench.changed(mini_batch_size=4)
    bench.move(first.default)
    bench.steps.clear()
    report = bench.release(third)
    assert bench.steps == [READ, RESTORE, READ, REGISTER, REGISTER, CREATE, SWITCH, VERIFY, PRUNE]
    assert report.restored == second.default
    assert report.previous_default == first.default
    assert bench.live().default == third.target


def test_a_release_killed_after_its_switch_is_not_undone(bench: Bench) -> None:
    first = bench.release()
    changed = bench.changed(mini_batch_size=3)
    bench.release(changed)
    before = bench.mark()
    report = bench.release(changed, previous=first.default)
    assert report.restored is None
    assert bench.writes(before) == []


def test_a_pin_only_switches_the_default(bench: Bench) -> None:
    first = bench.release()
    changed = bench.changed(mini_batch_size=3)
    bench.release(changed)
    before = bench.mark()
    report = bench.release(replace(changed, pin=first.default), previous=changed.target)
    assert report.default == first.default
    assert len(bench.writes(before)) == 1
    assert bench.live().default == first.default


def test_a_pin_of_no_revision_is_refused_before_anything_is_changed(bench: Bench) -> None:
    first = bench.release()
    before = bench.mark()
    with pytest.raises(PlanError) as refused:
        bench.release(replace(bench.plan, pin="mlp-00000000"))
    assert str(refused.value) == (
        f"pin is 'mlp-00000000', which does not exist. Allowed are: {first.default}. Nothing was changed; "
        "correct or remove the key: without it, what the stack file has is tried out and released. Across a "
        "change of the cluster, go back in git."
    )
    assert bench.writes(before) == []


def test_a_registered_model_is_used_as_it_is(bench: Bench) -> None:
    bench.release()
    deployment = replace(bench.plan.deployments["mlp"], model=RegisteredModel(bench.model_name, "1"))
    report = bench.release(replace(bench.plan, deployments={"mlp": deployment}))
    assert report.registered == []
    assert report.created == [deployment.revision]


def test_a_deployments_letters_do_not_matter(bench: Bench) -> None:
    """The SDK sends each deployment's name in lower case."""
    lower = bench.plan
    upper = replace(lower, default="MLP", deployments={"MLP": replace(lower.deployments["mlp"], logical="MLP")})
    assert bench.release(upper).created == [lower.target]
    assert status(bench.workspace, upper).problems == ()
    before = bench.mark()
    assert not bench.release(upper).changed
    assert not bench.release(lower).changed
    assert bench.writes(before) == []


def test_an_endpoint_that_is_gone_is_named(bench: Bench) -> None:
    gone = replace(bench.plan, endpoint=replace(bench.plan.endpoint, name="nowhere"))
    with pytest.raises(ReleaseError) as failed:
        bench.release(gone)
    assert str(failed.value) == (
        "endpoint nowhere does not exist in workspace modelops-workspace: it was deleted outside Pulumi. To "
        f"create it again and release to it: {located('pulumi up --refresh --stack STACK')}"
    )


def test_files_that_changed_since_the_plan_are_not_registered(bench: Bench) -> None:
    (bench.root / "model" / "weights.bin").write_bytes(b"changed after the plan")
    before = bench.mark()
    with pytest.raises(PlanError, match="changed after the plan was made"):
        bench.release()
    assert {each.partition(" ")[0] for each in bench.writes(before) if "/LocalUpload/" in each} == {"PUT", "DELETE"}
    assert [each for each in bench.writes(before) if "/LocalUpload/" not in each] == []


def test_a_refused_registration_says_what_azure_said(bench: Bench) -> None:
    bench.place.sandbox.control.fault(
        "status", method="PUT", path="/models/", status=403, code="AuthorizationFailed", message="no right to do it"
    )
    with pytest.raises(ReleaseError) as failed:
        bench.release()
    assert f"registering model {bench.model_name} failed: AuthorizationFailed: no right to do it" in str(failed.value)
    assert bench.live().deployments == {}


def test_another_revision_of_the_same_name_is_never_taken_for_ours(bench: Bench) -> None:
    bench.release()
    changed = bench.changed(mini_batch_size=3)
    deployments = f"batchEndpoints/{bench.plan.endpoint.name}/deployments"
    body = bench.place.get(f"{deployments}/{bench.plan.target}")
    given = ("model", "codeConfiguration", "environmentId", "compute", "resources")
    properties = {key: value for key, value in body["properties"].items() if key in given}
    properties["properties"] = {"revisionIdentity": "0" * 64}
    bench.place.put(f"{deployments}/{changed.target}", {"location": body["location"], "properties": properties})
    with pytest.raises(ReleaseError) as refused:
        bench.release(changed)
    assert str(refused.value) == (
        f"deployment {changed.target} exists with different content (identity {'0' * 64}, planned "
        f"{changed.deployments['mlp'].identity()}): the 8 digits of its name are the same by chance. Add an "
        "environment variable to the deployment to change its name."
    )
    assert bench.live().default == bench.plan.target


def test_the_21st_deployment_is_refused_before_a_model_is_uploaded(bench: Bench) -> None:
    bench.plan = replace(bench.plan, keep=21)
    for batch in range(1, 21):
        bench.release(bench.changed(mini_batch_size=batch))
    changed = bench.with_model(b"one too many")
    before = bench.mark()
    with pytest.raises(ReleaseError, match=r"has 20 deployments, and 1 more would exceed the service's limit of 20\."):
        bench.release(changed)
    assert bench.writes(before) == []
    assert bench.versions() == ["1"]
