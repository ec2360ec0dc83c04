"""The files of a job's input, on this machine and in blob storage (a stand-in for the container)."""

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar, Self

import azure.storage.blob
import pytest

from modelops.azure import SHORT_RETRIES
from modelops.errors import UsageError
from modelops.plan import data_address
from modelops.release import uploads
from modelops.scoring import input_files
from modelops.scoring.inputs import JobInput

WORKSPACE = "/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/w"
LONG = "azureml://subscriptions/s/resourcegroups/g/workspaces/w/datastores/store/paths/data/in/"


class _Container:
    """A container with blobs, by name."""

    blobs: ClassVar = {
        "data/in/a.csv": b"a",
        "data/in/sub/b.csv": b"b",
        "data/in/folder/": b"",
        "data/in/hns": b"",
        "data/other.csv": b"o",
    }
    opened: ClassVar[list[tuple[str, str]]] = []

    def __init__(self, account_url: str, container: str, credential: object, **retries: Any) -> None:
        assert credential in ("login", None)
        assert retries == SHORT_RETRIES
        self._is_refused = credential == "login" and account_url == "https://public.blob.core.windows.net/"
        self.opened.append((account_url, container))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Close nothing."""

    def list_blobs(self, name_starts_with: str, include: list[str]) -> list[Any]:
        assert include == ["metadata"]
        if self._is_refused:
            error: Any = RuntimeError("another tenant")
            error.status_code = 401
            raise error
        return [
            SimpleNamespace(name=name, metadata={"hdi_isfolder": "true"} if name.endswith("hns") else None)
            for name in self.blobs
            if name.startswith(name_starts_with)
        ]

    def download_blob(self, name: str) -> Any:
        return SimpleNamespace(readinto=lambda out: out.write(self.blobs[name]))


@pytest.fixture(name="workspace")
def _workspace(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a workspace with a datastore and a data asset, and empty the list of opened containers."""
    monkeypatch.setattr(azure.storage.blob, "ContainerClient", _Container)
    monkeypatch.setattr(_Container, "opened", [])
    stores = {
        "store": SimpleNamespace(type="AzureBlob", account_name="acc", endpoint="core.windows.net", container_name="c"),
        "lake": SimpleNamespace(
            type="AzureDataLakeGen2", account_name="acc", endpoint="core.windows.net", filesystem="c"
        ),
        "share": SimpleNamespace(type="AzureFile", account_name="acc", endpoint="core.windows.net"),
    }

    def asset(name: str, version: str | None, label: str | None) -> Any:
        assert (name, version, label) == ("patients", "1", None)
        return SimpleNamespace(path=LONG, type="uri_folder")

    ml = SimpleNamespace(datastores=SimpleNamespace(get=stores.__getitem__), data=SimpleNamespace(get=asset))
    return SimpleNamespace(credential="login", ml=ml, id=WORKSPACE, name="w")


def _input(address: str, kind: Any = "uri_folder") -> JobInput:
    return JobInput(kind, data_address.uri(address), asset=data_address.data_asset(address))


@pytest.mark.parametrize(
    "address",
    [
        LONG,
        "azureml://datastores/store/paths/data/in",
        "azureml://datastores/lake/paths/data/in",
        f"azureml:{WORKSPACE}/datastores/store/paths/data/in",
        "https://acc.blob.core.windows.net/c/data/in/",
        "wasbs://c@acc.blob.core.windows.net/data/in",
        "abfss://c@acc.dfs.core.windows.net/data/in",
        "azureml:patients:1",
    ],
)
def test_lists_and_copies_what_is_in_blob_storage(workspace: Any, tmp_path: Path, address: str) -> None:
    files = input_files.files_of(workspace, _input(address, None if address.endswith(":1") else "uri_folder"))
    assert files.names() == ("a.csv", "sub/b.csv")
    files.copy(["sub/b.csv"], tmp_path)
    assert (tmp_path / "sub" / "b.csv").read_bytes() == b"b"
    assert _Container.opened == [("https://acc.blob.core.windows.net/", "c")] * 2


def test_a_public_container_of_another_tenant_is_read_without_a_login(workspace: Any) -> None:
    files = input_files.files_of(workspace, _input("https://public.blob.core.windows.net/c/data/in/"))
    assert files.names() == ("a.csv", "sub/b.csv")
    assert len(_Container.opened) == 2


def test_the_sdk_is_imported_before_the_storage_s_package(monkeypatch: pytest.MonkeyPatch) -> None:
    class Importing:
        credential = "login"

        @property
        def ml(self) -> Any:
            raise LookupError

    monkeypatch.setitem(sys.modules, "azure.storage.blob", None)
    address: Any = _input("https://acc.blob.core.windows.net/c/data/in/")
    workspace: Any = Importing()
    with pytest.raises(LookupError):
        input_files.files_of(workspace, address).names()
    with pytest.raises(LookupError):
        uploads.container(workspace)


def test_a_single_blob_has_its_own_name(workspace: Any, tmp_path: Path) -> None:
    files = input_files.files_of(workspace, _input("azureml://datastores/store/paths/data/other.csv", "uri_file"))
    assert files.names() == ("other.csv",)
    files.copy(files.names(), tmp_path)
    assert (tmp_path / "other.csv").read_bytes() == b"o"


def test_what_only_the_job_can_read_is_refused(workspace: Any) -> None:
    with pytest.raises(UsageError) as refused:
        input_files.files_of(workspace, _input("https://example.org/data/"))
    assert str(refused.value) == (
        "the files of the job's input 'https://example.org/data/' cannot be listed: only those in blob storage and in "
        "the workspace's datastores can. Name a copy on this machine with --input FOLDER."
    )
    with pytest.raises(UsageError, match=r" cannot be listed: datastore share is of type AzureFile\. Name a copy "):
        input_files.files_of(workspace, _input("azureml://datastores/share/paths/data/"))


def test_another_workspaces_datastore_is_not_taken_for_this_ones(workspace: Any) -> None:
    other = LONG.replace("/workspaces/", "/workspaces/other-")
    with pytest.raises(UsageError) as refused:
        input_files.files_of(workspace, _input(other))
    assert str(refused.value) == (
        f"the files of the job's input {other!r} cannot be listed: they are in another workspace than w. Name a copy "
        "on this machine with --input FOLDER."
    )


@pytest.mark.parametrize("host", ["acc.blob.example.org", "acc.blob.core.windows.net.example.org"])
def test_no_login_goes_to_a_host_that_is_not_azures(workspace: Any, host: str) -> None:
    with pytest.raises(UsageError, match=r" cannot be listed: only those in blob storage "):
        input_files.files_of(workspace, _input(f"https://{host}/c/data/in/"))
    assert _Container.opened == []


def test_local_files_are_linked_by_their_paths(workspace: Any, tmp_path: Path) -> None:
    data, target = tmp_path / "data", tmp_path / "target"
    (data / "sub").mkdir(parents=True)
    target.mkdir()
    for name in ("a.csv", "sub/b.csv"):
        (data / name).write_text(name, encoding="utf-8")
    files = input_files.files_of(workspace, JobInput("uri_folder", str(data), is_local=True))
    assert files.names() == ("a.csv", "sub/b.csv")
    files.copy(["sub/b.csv"], target)
    assert (target / "sub" / "b.csv").samefile(data / "sub" / "b.csv")
    files = input_files.files_of(workspace, JobInput("uri_file", str(data / "a.csv"), is_local=True))
    assert files.names() == ("a.csv",)
    files.copy(["a.csv"], target)
    assert (target / "a.csv").read_text(encoding="utf-8") == "a.csv"


def test_a_name_that_leaves_the_folder_is_refused(workspace: Any, tmp_path: Path) -> None:
    files = input_files.files_of(workspace, _input(LONG))
    with pytest.raises(UsageError, match=r"^the blob name '\.\./x' cannot be the path of a file\. "):
        files.copy(["../x"], tmp_path)


def test_a_symbolic_link_is_copied_as_what_it_names(workspace: Any, tmp_path: Path) -> None:
    data, target = tmp_path / "data", tmp_path / "target"
    (data / "sub").mkdir(parents=True)
    target.mkdir()
    (tmp_path / "real.csv").write_text("real", encoding="utf-8")
    (data / "a.csv").symlink_to("../real.csv")
    (data / "sub" / "b.csv").symlink_to("../a.csv")
    files = input_files.files_of(workspace, JobInput("uri_folder", str(data), is_local=True))
    files.copy(files.names(), target)
    for name in ("a.csv", "sub/b.csv"):
        assert (target / name).read_text(encoding="utf-8") == "real"
        assert not (target / name).is_symlink()
