"""Files that a user has put where they are in Azure: read over HTTP as from a public container of another tenant."""

import shlex
import uuid
from pathlib import Path

import pytest
from azure.core.exceptions import ClientAuthenticationError
from azure.identity import DefaultAzureCredential
from azure.storage.blob import BlobClient, ContainerClient

from sandbox.__main__ import main
from sandbox.azure.jobs.foreign import told
from sandbox.azure.jobs.request import InputLocation
from sandbox.testing import Sandbox


@pytest.fixture
def container(in_sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The address of a container with the blob in/a.csv."""
    monkeypatch.setenv("SANDBOX_HOME", str(in_sandbox.home.root))
    address = f"https://azure{uuid.uuid4().hex[:12]}.blob.core.windows.net/data"
    (tmp_path / "a.csv").write_bytes(b"1,2")
    assert main(["data", "add", f"{address}/in/", str(tmp_path / "a.csv")]) == 0
    return address


def test_anybody_lists_and_reads_without_a_login(container: str) -> None:
    client = ContainerClient.from_container_url(container)
    assert [each.name for each in client.list_blobs(name_starts_with="in/")] == ["in/a.csv"]
    assert client.download_blob("in/a.csv").readall() == b"1,2"


def test_an_address_is_decoded_once(container: str, tmp_path: Path) -> None:
    address = f"{container}/my%20data/50%25.csv"
    assert main(["data", "add", address, str(tmp_path / "a.csv")]) == 0
    assert BlobClient.from_blob_url(address).download_blob().readall() == b"1,2"
    assert [each.name for each in ContainerClient.from_container_url(container).list_blobs()] == [
        "in/a.csv",
        "my data/50%.csv",
    ]


def test_a_login_of_this_tenant_is_refused_there(container: str) -> None:
    client = BlobClient.from_blob_url(f"{container}/in/a.csv", credential=DefaultAzureCredential(), retry_total=0)
    with pytest.raises(ClientAuthenticationError, match=r"Issuer validation failed\. Issuer did not match\."):
        client.download_blob().readall()


def test_nobody_writes(container: str) -> None:
    client = BlobClient.from_blob_url(f"{container}/in/b.csv", retry_total=0)
    with pytest.raises(ClientAuthenticationError):
        client.upload_blob(b"x")


def test_the_command_that_is_told_works_for_every_name(
    in_sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SANDBOX_HOME", str(in_sandbox.home.root))
    account = f"azure{uuid.uuid4().hex[:12]}"
    (tmp_path / "x.csv").write_bytes(b"1,2")
    place = InputLocation("file", account, "data", "in/my 100% file?.csv")
    words = shlex.split(told(place).partition(" -m sandbox ")[2])
    assert main([*words[:-1], str(tmp_path / "x.csv")]) == 0
    client = ContainerClient.from_container_url(f"https://{account}.blob.core.windows.net/data")
    assert [each.name for each in client.list_blobs()] == ["in/my 100% file?.csv"]
