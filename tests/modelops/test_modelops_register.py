"""The same bytes are registered once, whatever other releases do and killed ones left behind."""

import contextlib
from dataclasses import replace
from typing import Any

import pytest

from modelops import workspace
from modelops.errors import PlanError, ReleaseError
from modelops.plan import fingerprint
from modelops.plan.files import files_of
from modelops.plan.plan import LocalModel
from modelops.release import uploads
from tests.modelops.conftest import Bench, in_one_profile
from tests.modelops.workers import RealWorker

WAITING = "waiting for role Storage Blob Data Contributor on storage account modelopsstore: a new role can take minutes"


def _address(bench: Bench, version: str = "1") -> str:
    """Where a version's files lie in the container."""
    found = bench.place.get(f"models/{bench.model_name}/versions/{version}")
    return str(found["properties"]["modelUri"]).partition("/paths/")[2]


def _blobs(bench: Bench, prefix: str) -> dict[str, bytes]:
    client = uploads.container(bench.workspace)
    found = client.list_blobs(name_starts_with=prefix)
    return {each.name.removeprefix(prefix): client.download_blob(each.name).readall() for each in found}


def _content(bench: Bench) -> dict[str, bytes]:
    return _blobs(bench, f"{_address(bench)}/")


def _model(bench: Bench) -> LocalModel:
    model = bench.plan.deployments["mlp"].model
    assert isinstance(model, LocalModel)
    return model


def _whole(bench: Bench) -> dict[str, bytes]:
    root = bench.root / "model"
    return {each.name: (root / each.name).read_bytes() for each in files_of(root)}


def test_exactly_what_was_hashed_is_uploaded(bench: Bench) -> None:
    (bench.root / "model" / "__pycache__").mkdir()
    (bench.root / "model" / "__pycache__" / "x.pyc").write_bytes(b"x")
    (bench.root / "model" / ".gitignore").write_text("*.bin\n", encoding="utf-8")
    bench.release()
    assert _content(bench) == _whole(bench)
    assert sorted(_whole(bench)) == ["deep/labels.txt", "weights.bin"]


def test_every_upload_has_an_address_of_its_own(bench: Bench) -> None:
    digest = _model(bench).digest
    uploads.container(bench.workspace).upload_blob(f"LocalUpload/{digest}/killed/model/weights.bin", b"half of")
    report = bench.release()
    assert report.registered == [f"{bench.model_name}:1"]
    assert _address(bench).startswith(f"LocalUpload/{digest}/")
    assert _address(bench).endswith("/model")
    assert _content(bench) == _whole(bench)
    assert sorted(_blobs(bench, f"LocalUpload/{digest}/killed/")) == ["model/weights.bin"]


def test_a_model_of_one_file_keeps_its_name(bench: Bench) -> None:
    path = bench.root / "model" / "weights.bin"
    model = replace(_model(bench), path="model/weights.bin", digest=fingerprint.digest(path))
    bench.release(replace(bench.plan, deployments={"mlp": replace(bench.plan.deployments["mlp"], model=model)}))
    assert _address(bench).endswith("/weights.bin")
    assert _blobs(bench, _address(bench)) == {"": path.read_bytes()}


@in_one_profile
def test_many_and_large_files_arrive_whole_and_the_release_says_how_far_it_is(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "_LARGE_BYTES", 1000)
    monkeypatch.setattr(uploads, "_REPORT_SECONDS", 0.0)
    for number in range(40):
        (bench.root / "model" / f"part-{number}").write_bytes(bytes([number]) * number)
    (bench.root / "model" / "large").write_bytes(bytes(range(256)) * 4096 * 3)
    model = replace(_model(bench), digest=fingerprint.digest(bench.root / "model"))
    bench.release(replace(bench.plan, deployments={"mlp": replace(bench.plan.deployments["mlp"], model=model)}))
    assert len(_whole(bench)) == 43
    assert _content(bench) == _whole(bench)
    assert f"uploading model {bench.model_name}: 3 of 3 MiB sent" in bench.said


def test_files_that_change_while_they_are_sent_are_not_registered(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    send = uploads._send

    def changed(*args: Any) -> None:
        (bench.root / "model" / "weights.bin").write_bytes(b"WEIGHTS"[: len(_whole(bench)["weights.bin"])])
        send(*args)

    monkeypatch.setattr(uploads, "_send", changed)
    with pytest.raises(PlanError, match=r"changed after the plan was made, so it was not released\."):
        bench.release()
    assert bench.versions() == []
    assert _blobs(bench, f"LocalUpload/{_model(bench).digest}/") == {}


def test_what_was_uploaded_is_removed_when_it_cannot_be_registered(bench: Bench) -> None:
    bench.place.sandbox.control.fault(
        "status", method="PUT", path=f"/{bench.model_name}/versions/1", status=400, code="UserError", message="No."
    )
    with pytest.raises(ReleaseError, match=rf"registering model {bench.model_name} failed"):
        bench.release()
    assert _blobs(bench, f"LocalUpload/{_model(bench).digest}/") == {}


def test_files_stay_when_nobody_knows_whether_they_were_registered(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(workspace._TRANSPORT, "retry_total", 0)
    bench.place.sandbox.control.fault("reset-after", method="PUT", path=f"/{bench.model_name}/versions/1")
    with pytest.raises(ReleaseError, match=rf"registering model {bench.model_name} failed: no answer from Azure"):
        bench.release()
    assert _content(bench) == _whole(bench)
    report = bench.release()
    assert (report.registered, bench.versions()) == ([], ["1"])
    assert bench.live().default == bench.plan.target


def test_a_version_that_somebody_else_took_is_left_to_them(bench: Bench) -> None:
    uploads.container(bench.workspace).upload_blob(f"elsewhere/{bench.model_name}/weights.bin", b"other weights")
    uri = f"azureml://datastores/workspaceblobstore/paths/elsewhere/{bench.model_name}"
    bench.place.put(
        f"models/{bench.model_name}/versions/1", {"properties": {"modelType": "custom_model", "modelUri": uri}}
    )
    bench.place.sandbox.control.fault(
        "status",
        method="PUT",
        path="/versions/2",
        status=400,
        code="UserError",
        message="Asset paths cannot be updated.",
    )
    report = bench.release()
    assert report.registered == [f"{bench.model_name}:2"]
    assert bench.versions() == ["1", "2"]


@in_one_profile
def test_a_role_that_was_granted_a_moment_ago_is_waited_for(bench: Bench) -> None:
    bench.place.sandbox.control.fault(
        "status", method="PUT", path="/LocalUpload/", status=403, code="AuthorizationPermissionMismatch", times=3
    )
    report = bench.release()
    assert report.registered == [f"{bench.model_name}:1"]
    assert bench.said[1:4] == [
        f"looking for model {bench.model_name}, uploading it if it is new",
        f"{WAITING} (0 of 600 s)",
        f"{WAITING} (10 of 600 s)",
    ]
    assert _content(bench) == _whole(bench)


@in_one_profile
def test_a_role_that_never_comes_ends_the_release(bench: Bench) -> None:
    bench.place.sandbox.control.fault(
        "status", method="PUT", path="/LocalUpload/", status=403, code="AuthorizationPermissionMismatch", times=1000
    )
    with pytest.raises(ReleaseError, match="Storage Blob Data Contributor"):
        bench.release()
    assert bench.said[-1] == f"{WAITING} (590 of 600 s)"


@in_one_profile
@pytest.mark.parametrize("machines", [1, 2])
def test_two_endpoints_released_at_once_register_the_model_once(bench: Bench, machines: int) -> None:
    second = bench.second_endpoint()
    bench.place.sandbox.control.fault("delay", method="PUT", path="/LocalUpload/", seconds=0.5, times=2)
    plans = [bench.plan, replace(bench.plan, endpoint=second)]
    with contextlib.ExitStack() as stack:
        workers = [
            stack.enter_context(RealWorker(bench, cache=f"cache-{min(number, machines - 1)}"))
            for number in range(len(plans))
        ]
        for worker, plan in zip(workers, plans, strict=True):
            worker.begin(plan)
        reports = [worker.done().report or {} for worker in workers]
    assert [report["switched"] for report in reports] == [True, True]
    assert bench.versions() == ["1"]
    assert _content(bench) == _whole(bench)
    assert _blobs(bench, f"LocalUpload/{_model(bench).digest}/").keys() == {
        f"{_address(bench).split('/')[2]}/model/{name}" for name in _whole(bench)
    }
