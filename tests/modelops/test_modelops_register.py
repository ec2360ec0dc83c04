"""The same bytes are registered once, whatever other releases do and killed ones left behind."""

import contextlib
from dataclasses import replace

import pytest
from azure.storage.blob import ContainerClient

from modelops import fingerprint, uploads
from modelops.errors import ReleaseError
from modelops.plan import LocalModel
from tests.modelops.conftest import Bench
from tests.modelops.workers import RealWorker


def _upload(bench: Bench) -> tuple[ContainerClient, str]:
    model = bench.plan.deployments["mlp"].model
    assert isinstance(model, LocalModel)
    return uploads.container(bench.workspace), f"LocalUpload/{model.digest}/model/"


def _content(bench: Bench) -> dict[str, bytes]:
    client, prefix = _upload(bench)
    found = client.list_blobs(name_starts_with=prefix)
    return {each.name.removeprefix(prefix): client.download_blob(each.name).readall() for each in found}


def _whole(bench: Bench) -> dict[str, bytes]:
    root = bench.root / "model"
    return {each.name: (root / each.name).read_bytes() for each in fingerprint.files_of(root)}


def test_exactly_what_was_hashed_is_uploaded(bench: Bench) -> None:
    (bench.root / "model" / "__pycache__").mkdir()
    (bench.root / "model" / "__pycache__" / "x.pyc").write_bytes(b"x")
    (bench.root / "model" / ".gitignore").write_text("*.bin\n", encoding="utf-8")
    bench.release()
    assert _content(bench) == _whole(bench)
    assert sorted(_whole(bench)) == ["deep/labels.txt", "weights.bin"]


def test_an_upload_that_was_killed_half_way_is_repaired(bench: Bench) -> None:
    client, prefix = _upload(bench)
    client.upload_blob(f"{prefix}weights.bin", b"half of")
    report = bench.release()
    assert report.registered == [f"{bench.model_name}:1"]
    assert _content(bench) == _whole(bench)


def test_an_upload_that_lost_a_file_after_it_was_complete_is_repaired(bench: Bench) -> None:
    bench.release()
    client, prefix = _upload(bench)
    client.delete_blob(f"{prefix}weights.bin")
    deployment = bench.plan.deployments["mlp"]
    assert isinstance(deployment.model, LocalModel)
    renamed = replace(
        deployment, model=replace(deployment.model, name=f"{bench.model_name}-copy"), compute=_other(bench)
    )
    report = bench.release(replace(bench.plan, deployments={"mlp": renamed}))
    assert report.registered == [f"{bench.model_name}-copy:1"]
    assert _content(bench) == _whole(bench)


def test_foreign_files_at_the_upload_address_are_not_released(bench: Bench) -> None:
    bench.release()
    client, prefix = _upload(bench)
    client.upload_blob(f"{prefix}foreign.bin", b"not ours")
    deployment = bench.plan.deployments["mlp"]
    assert isinstance(deployment.model, LocalModel)
    renamed = replace(
        deployment, model=replace(deployment.model, name=f"{bench.model_name}-copy"), compute=_other(bench)
    )
    with pytest.raises(ReleaseError, match=r"somebody else put foreign\.bin into the model's folder"):
        bench.release(replace(bench.plan, deployments={"mlp": renamed}))
    assert "foreign.bin" in _content(bench)


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


@pytest.mark.parametrize("method", ["HEAD", "PUT"])
def test_a_role_that_was_granted_a_moment_ago_is_waited_for(bench: Bench, method: str) -> None:
    bench.place.sandbox.control.fault(
        "status", method=method, path="/LocalUpload/", status=403, code="AuthorizationPermissionMismatch", times=3
    )
    report = bench.release()
    assert report.registered == [f"{bench.model_name}:1"]
    assert bench.said[1:4] == [
        f"looking for model {bench.model_name}, uploading it if it is new",
        "storage refuses the upload; waiting for the role to apply, 0 s of 600",
        "storage refuses the upload; waiting for the role to apply, 10 s of 600",
    ]
    assert _content(bench) == _whole(bench)


def test_a_role_that_never_comes_ends_the_release(bench: Bench) -> None:
    bench.place.sandbox.control.fault(
        "status", method="HEAD", path="/LocalUpload/", status=403, code="AuthorizationPermissionMismatch", times=100
    )
    with pytest.raises(ReleaseError, match="Storage Blob Data Contributor"):
        bench.release()
    assert bench.said[-1] == "storage refuses the upload; waiting for the role to apply, 590 s of 600"


@pytest.mark.parametrize("machines", [1, 2])
def test_two_endpoints_released_at_once_register_the_model_once(bench: Bench, machines: int) -> None:
    second = replace(bench.plan.endpoint, name=f"{bench.plan.endpoint.name}-b")
    bench.place.put(
        f"batchEndpoints/{second.name}",
        {"location": bench.place.sandbox.location, "tags": {}, "properties": {"authMode": "AADToken"}},
    )
    bench.place.sandbox.control.fault("delay", method="PUT", path="/LocalUpload/", seconds=0.5, times=2)
    plans = [bench.plan, replace(bench.plan, endpoint=second)]
    with contextlib.ExitStack() as stack:
        workers = [
            stack.enter_context(RealWorker(bench, cache=f"cache-{min(number, machines - 1)}"))
            for number in range(len(plans))
        ]
        for worker, plan in zip(workers, plans, strict=True):
            worker.begin(plan)
        reports = [worker.last()["report"] for worker in workers]
    assert [report["switched"] for report in reports] == [True, True]
    assert bench.versions() == ["1"]
    assert _content(bench) == _whole(bench)


def _other(bench: Bench) -> str:
    return f"{bench.place.path}/computes/other"
