"""Blob storage, asked by the official client."""

import hashlib
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from azure.core import MatchConditions
from azure.core.exceptions import (
    ClientAuthenticationError,
    HttpResponseError,
    ResourceExistsError,
    ResourceModifiedError,
    ResourceNotFoundError,
    ServiceRequestError,
    ServiceResponseError,
)
from azure.storage.blob import (
    BlobBlock,
    BlobClient,
    BlobPrefix,
    BlobServiceClient,
    BlobType,
    ContainerClient,
    ContentSettings,
    StandardBlobTier,
)

from blob_server import ACCOUNT, HOST, BlobServer, running
from sandbox.azure.blobs import containers
from sandbox.azure.blobs.store import BlobStore

pytestmark = pytest.mark.filterwarnings("ignore::aiohttp.web_exceptions.NotAppKeyWarning")


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[BlobServer]:
    with running(tmp_path / "home", monkeypatch) as server:
        yield server


@pytest.fixture
def service(server: BlobServer) -> Iterator[BlobServiceClient]:
    with server.client() as client:
        yield client


@pytest.fixture
def container(service: BlobServiceClient) -> ContainerClient:
    return service.create_container("data")


def wait_until(condition: Callable[[], bool]) -> None:
    """Wait for what another thread does."""
    end = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < end
        threading.Event().wait(0.01)


def code(error: pytest.ExceptionInfo[HttpResponseError]) -> tuple[int | None, str | None]:
    """Return the status and the service's code of a refusal."""
    headers = getattr(error.value.response, "headers", {})
    return error.value.status_code, headers.get("x-ms-error-code")


def test_a_blob_comes_back_with_its_bytes_metadata_and_settings(container: ContainerClient) -> None:
    blob = container.get_blob_client("folder/a b+ü%.txt")
    settings = ContentSettings(content_type="text/plain", cache_control="no-store")
    blob.upload_blob(b"hello", metadata={"Name": "one", "upload_status": "completed"}, content_settings=settings)
    assert blob.download_blob().readall() == b"hello"
    found = blob.get_blob_properties()
    assert (found.size, found.metadata) == (5, {"Name": "one", "upload_status": "completed"})
    assert (found.content_settings.content_type, found.content_settings.cache_control) == ("text/plain", "no-store")
    assert bytes(found.content_settings.content_md5 or b"") == hashlib.md5(b"hello", usedforsecurity=False).digest()
    assert list(container.list_blob_names()) == ["folder/a b+ü%.txt"]


def test_an_empty_blob_can_be_downloaded(container: ContainerClient) -> None:
    container.upload_blob("empty", b"")
    assert container.download_blob("empty").readall() == b""


def test_ranges_are_answered_with_206_and_their_place(container: ContainerClient) -> None:
    container.upload_blob("ten", b"0123456789")
    assert container.download_blob("ten", offset=2, length=3).readall() == b"234"
    assert container.download_blob("ten", offset=7, length=100).readall() == b"789"
    with pytest.raises(HttpResponseError) as error:
        container.download_blob("ten", offset=10, length=1)
    assert code(error) == (416, "InvalidRange")


def test_without_overwrite_an_existing_blob_is_refused_and_kept(container: ContainerClient) -> None:
    container.upload_blob("a", b"1")
    with pytest.raises(ResourceExistsError) as error:
        container.upload_blob("a", b"2")
    assert code(error) == (409, "BlobAlreadyExists")
    assert container.download_blob("a").readall() == b"1"
    container.upload_blob("a", b"3", overwrite=True)
    assert container.download_blob("a").readall() == b"3"


def test_if_match_holds_only_for_the_version_it_names(container: ContainerClient) -> None:
    blob = container.upload_blob("a", b"1")
    tag = blob.get_blob_properties().etag
    blob.upload_blob(b"2", overwrite=True, etag=tag, match_condition=MatchConditions.IfNotModified)
    with pytest.raises(ResourceModifiedError) as error:
        blob.upload_blob(b"3", overwrite=True, etag=tag, match_condition=MatchConditions.IfNotModified)
    assert code(error) == (412, "ConditionNotMet")
    assert blob.download_blob().readall() == b"2"


def test_metadata_is_replaced_whole_and_the_bytes_stay(container: ContainerClient) -> None:
    blob = container.upload_blob("a", b"1", metadata={"x": "1"})
    blob.set_blob_metadata({"upload_status": "completed"})
    assert blob.get_blob_properties().metadata == {"upload_status": "completed"}
    assert blob.download_blob().readall() == b"1"
    listed = next(iter(container.list_blobs(include=["metadata"])))
    assert (listed.name, listed.size, listed.metadata) == ("a", 1, {"upload_status": "completed"})


def test_blocks_are_invisible_until_their_list_names_them_in_order(container: ContainerClient) -> None:
    blob = container.get_blob_client("big")
    for name, data in (("b", b"world"), ("a", b"hello "), ("z", b"not named")):
        blob.stage_block(name, data, len(data))
    with pytest.raises(ResourceNotFoundError):
        blob.get_blob_properties()
    assert list(container.list_blob_names()) == []
    blob.commit_block_list([BlobBlock("a"), BlobBlock("b")])
    assert blob.download_blob().readall() == b"hello world"


def test_a_block_list_whose_answer_was_lost_can_be_sent_again(container: ContainerClient) -> None:
    blob = container.get_blob_client("big")
    blob.stage_block("a", b"1", 1)
    blob.commit_block_list([BlobBlock("a")])
    blob.commit_block_list([BlobBlock("a")])
    assert blob.download_blob().readall() == b"1"
    with pytest.raises(HttpResponseError) as error:
        blob.commit_block_list([BlobBlock("a"), BlobBlock("gone")])
    assert code(error) == (400, "InvalidBlockList")


@pytest.mark.usefixtures("container")
def test_an_upload_in_blocks_leaves_one_file(server: BlobServer) -> None:
    data = bytes(range(256)) * 1024
    client = server.client()
    client._config.max_single_put_size = 1024
    client._config.max_block_size = 50_000
    with client:
        blob = client.get_blob_client("data", "big")
        blob.upload_blob(data, max_concurrency=4)
        blob.upload_blob(data, overwrite=True, max_concurrency=4)
        assert blob.download_blob().readall() == data
    assert len(list((server.blobs.folder / ACCOUNT / "data").iterdir())) == 1
    assert server.blobs.path(ACCOUNT, "data", "big").read_bytes() == data


def test_a_list_without_overwrite_is_refused_at_the_block_list(container: ContainerClient, server: BlobServer) -> None:
    container.upload_blob("big", b"old")
    client = server.client()
    client._config.max_single_put_size = 10
    with client, pytest.raises(ResourceExistsError) as error:
        client.get_blob_client("data", "big").upload_blob(b"x" * 100)
    assert code(error) == (409, "BlobAlreadyExists")
    assert container.download_blob("big").readall() == b"old"


def test_a_wrong_md5_is_refused_and_nothing_is_stored(container: ContainerClient, server: BlobServer) -> None:
    with pytest.raises(HttpResponseError) as error:
        container.upload_blob("a", b"1", headers={"Content-MD5": "1B2M2Y8AsgTpgAmY7PhCfg=="})
    assert code(error) == (400, "Md5Mismatch")
    assert list(container.list_blob_names()) == []
    assert list((server.blobs.folder / ACCOUNT / "data").iterdir()) == []


def test_a_folder_is_listed_by_delimiter_and_in_pages(container: ContainerClient, server: BlobServer) -> None:
    for name in ("a/1", "a/2", "a/x/3", "a0", "b", "c/1", "d"):
        server.blobs.write(ACCOUNT, "data", name, b"")
    pages = container.walk_blobs(results_per_page=2).by_page()
    listed = [sorted((item.name, isinstance(item, BlobPrefix)) for item in page) for page in pages]
    assert listed == [[("a/", True), ("a0", False)], [("b", False), ("c/", True)], [("d", False)]]
    assert sorted(item.name for item in container.walk_blobs("a/")) == ["a/1", "a/2", "a/x/"]
    assert list(container.list_blob_names(name_starts_with="a/")) == ["a/1", "a/2", "a/x/3"]
    flat = container.list_blobs(results_per_page=3).by_page()
    assert [[item.name for item in page] for page in flat] == [["a/1", "a/2", "a/x/3"], ["a0", "b", "c/1"], ["d"]]


def test_more_blobs_than_a_page_holds_come_in_pages(
    container: ContainerClient, server: BlobServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert containers.LARGEST_PAGE == 5000  # the service's
    monkeypatch.setattr(containers, "LARGEST_PAGE", 600)
    names = [f"f/{number:05d}" for number in range(601)]
    for name in names:
        server.blobs.write(ACCOUNT, "data", name, b"")
    assert list(container.list_blob_names()) == names
    lists = [request for request in server.answered if "comp=list" in request[1]]
    assert len(lists) == 2


def test_what_does_not_exist_is_404_with_its_own_code(service: BlobServiceClient, container: ContainerClient) -> None:
    with pytest.raises(ResourceNotFoundError) as error:
        service.get_blob_client("nothing", "a").upload_blob(b"1")
    assert code(error) == (404, "ContainerNotFound")
    with pytest.raises(ResourceNotFoundError) as error:
        list(service.get_container_client("nothing").list_blobs())
    assert code(error) == (404, "ContainerNotFound")
    with pytest.raises(ResourceNotFoundError) as error:
        container.download_blob("a")
    assert code(error) == (404, "BlobNotFound")
    with pytest.raises(ResourceNotFoundError) as error:
        container.delete_blob("a")
    assert code(error) == (404, "BlobNotFound")


def test_containers_are_made_once_and_deleted_with_their_blobs(
    service: BlobServiceClient, container: ContainerClient
) -> None:
    with pytest.raises(ResourceExistsError) as error:
        service.create_container("data")
    assert code(error) == (409, "ContainerAlreadyExists")
    with pytest.raises(HttpResponseError) as refused:
        service.create_container("Bad_Name")
    assert code(refused) == (400, "InvalidResourceName")
    container.upload_blob("a", b"1")
    container.delete_container()
    assert not container.exists()
    service.create_container("data")
    assert list(container.list_blob_names()) == []


@pytest.mark.parametrize("name", ["", ".", "..", "a/b"])
def test_no_container_is_outside_its_account(server: BlobServer, name: str) -> None:
    for place in ((ACCOUNT, name), (name, "data")):
        with pytest.raises(ValueError, match=r"^'.*' is not a folder of the store$"):
            server.blobs.remove_container(*place)
    assert (server.blobs.folder / "index.sqlite").is_file()


def test_an_account_that_does_not_exist_gives_no_answer(server: BlobServer, caplog: pytest.LogCaptureFixture) -> None:
    with (
        server.client(account="nobody") as client,
        caplog.at_level("WARNING"),
        pytest.raises((ServiceRequestError, ServiceResponseError)),
    ):
        client.get_blob_client("data", "a").download_blob()
    assert "storage account 'nobody' does not exist" in caplog.text


def test_without_a_token_and_with_an_account_key_a_request_is_refused(
    server: BlobServer, container: ContainerClient
) -> None:
    key = "a2V5" * 16
    with server.client(key) as client, pytest.raises(HttpResponseError) as error:
        client.get_blob_client("data", "a").download_blob()
    assert code(error) == (403, "KeyBasedAuthenticationNotPermitted")
    address = container.get_blob_client("a").url
    anonymous = BlobClient.from_blob_url(address, connection_verify=str(server.ca), retry_total=0)
    with anonymous, pytest.raises(ClientAuthenticationError) as refused:
        anonymous.download_blob()
    assert code(refused) == (401, "NoAuthenticationInformation")


def test_an_account_that_allows_keys_takes_its_own(server: BlobServer, container: ContainerClient) -> None:
    container.upload_blob("a b", b"1")
    account = server.front.store.below("", "Microsoft.Storage/storageAccounts")[0]
    key = "a2V5" * 16
    server.front.store.put(account.id, account.type, {"properties": {}}, {"keys": ["b3RoZXI=", key]})
    with server.client(key) as client:
        mine = client.get_container_client("data")
        mine.upload_blob("ü", b"2", metadata={"a": "b"}, overwrite=True)
        assert mine.download_blob("a b", offset=0, length=1).readall() == b"1"
        assert list(mine.list_blob_names(name_starts_with="ü")) == ["ü"]
        mine.get_blob_client("ü").set_blob_metadata({})
    with server.client("d3Jvbmc=") as client, pytest.raises(ClientAuthenticationError) as error:
        client.get_blob_client("data", "a b").download_blob()
    assert code(error) == (403, "AuthenticationFailed")


def test_a_sas_opens_its_container_for_its_permissions_only(server: BlobServer, container: ContainerClient) -> None:
    server.blobs.create_container(ACCOUNT, "other")
    container.upload_blob("a", b"1")
    sas = server.blobs.sas(ACCOUNT, "data", "rl")
    with server.client(sas) as client:
        mine = client.get_container_client("data")
        assert (mine.download_blob("a").readall(), list(mine.list_blob_names())) == (b"1", ["a"])
        with pytest.raises(HttpResponseError) as error:
            mine.upload_blob("b", b"2")
        assert code(error) == (403, "AuthorizationPermissionMismatch")
        with pytest.raises(HttpResponseError) as error:
            mine.delete_container()
        assert code(error) == (403, "AuthorizationPermissionMismatch")
        with pytest.raises(ClientAuthenticationError) as refused:
            list(client.get_container_client("other").list_blobs())
        assert code(refused) == (403, "AuthenticationFailed")


def test_a_sas_of_one_blob_opens_no_other(server: BlobServer, container: ContainerClient) -> None:
    container.upload_blob("a", b"1")
    container.upload_blob("b", b"2")
    with server.client(server.blobs.sas(ACCOUNT, "data", "r", "a")) as client:
        assert client.get_blob_client("data", "a").download_blob().readall() == b"1"
        with pytest.raises(ClientAuthenticationError) as error:
            client.get_blob_client("data", "b").download_blob()
    assert code(error) == (403, "AuthenticationFailed")


def test_an_expired_sas_and_a_changed_one_are_refused(server: BlobServer, container: ContainerClient) -> None:
    container.upload_blob("a", b"1")
    expired = server.blobs.sas(ACCOUNT, "data", "r", hours=-0.01)
    widened = server.blobs.sas(ACCOUNT, "data", "r").replace("sp=r", "sp=rw")
    for sas in (expired, widened):
        with server.client(sas) as client, pytest.raises(ClientAuthenticationError) as error:
            client.get_blob_client("data", "a").download_blob()
        assert code(error) == (403, "AuthenticationFailed")


def test_what_is_not_modelled_is_refused_and_named(container: ContainerClient) -> None:
    blob = container.upload_blob("a", b"1")
    attempts: dict[str, Callable[[], object]] = {
        "comp='lease'": blob.acquire_lease,
        "comp='snapshot'": blob.create_snapshot,
        "comp='tier'": lambda: blob.set_standard_blob_tier("Cool"),
        "x-ms-tags": lambda: blob.upload_blob(b"1", overwrite=True, tags={"a": "b"}),
        "x-ms-access-tier": lambda: blob.upload_blob(b"1", overwrite=True, standard_blob_tier=StandardBlobTier.COOL),
        "comp='appendblock'": lambda: container.upload_blob("log", b"1", blob_type=BlobType.APPENDBLOB),
        "include=snapshots": lambda: list(container.list_blobs(include=["snapshots"])),
        "'versionid=1'": lambda: blob.download_blob(version_id="1"),
        "x-ms-delete-snapshots": lambda: blob.delete_blob(delete_snapshots="include"),
    }
    for named, attempt in attempts.items():
        with pytest.raises(HttpResponseError) as error:
            attempt()
        assert code(error) == (501, "NotModelledInSandbox"), named
        assert named in error.value.message


def test_the_state_survives_a_server_that_is_killed(tmp_path: Path) -> None:
    first = BlobStore(tmp_path)
    first.create_container(ACCOUNT, "data")
    first.write(ACCOUNT, "data", "a", b"1")
    sas = first.sas(ACCOUNT, "data", "r")
    half = first.new_file(ACCOUNT, "data")
    half.write_bytes(b"an upload in the middle")
    # No close: what a killed process leaves is what is on disk now.
    second = BlobStore(tmp_path)
    assert second.list(ACCOUNT, "data") == ["a"]
    assert second.read(ACCOUNT, "data", "a") == b"1"
    assert not half.exists()
    assert second.sas_key == first.sas_key, sas
    first.close()
    second.close()


def test_services_read_write_and_remove_without_tokens(tmp_path: Path) -> None:
    store = BlobStore(tmp_path / "blobs")
    with pytest.raises(KeyError, match="container 'data' does not exist in account 'acct'"):
        store.write(ACCOUNT, "data", "a", b"1")
    store.create_container(ACCOUNT, "data")
    store.create_container(ACCOUNT, "data")
    (tmp_path / "result").write_bytes(b"rows")
    store.adopt(ACCOUNT, "data", "p/result.csv", tmp_path / "result")
    assert store.read(ACCOUNT, "data", "p/result.csv") == b"rows"
    assert store.list(ACCOUNT, "data", "p/") == ["p/result.csv"]
    with pytest.raises(KeyError, match="blob 'b' does not exist"):
        store.read(ACCOUNT, "data", "b")
    store.delete_account(ACCOUNT)
    assert store.list(ACCOUNT, "data") == []
    assert not (tmp_path / "blobs" / ACCOUNT).exists()
    store.close()


@pytest.mark.usefixtures("container")
@pytest.mark.parametrize(("query", "header"), [("", "x-ms-blob-type: BlockBlob\r\n"), ("&comp=block&blockid=YQ==", "")])
def test_an_upload_that_breaks_off_leaves_nothing(server: BlobServer, query: str, header: str) -> None:
    folder = server.blobs.folder / ACCOUNT / "data"
    context = ssl.create_default_context(cafile=str(server.ca))
    with (
        socket.create_connection(("127.0.0.1", server.port)) as plain,
        context.wrap_socket(plain, server_hostname=HOST) as connection,
    ):
        head = f"PUT /data/half?{server.blobs.sas(ACCOUNT, 'data', 'w')}{query} HTTP/1.1\r\nHost: {HOST}\r\n"
        connection.sendall(f"{head}{header}Content-Length: 9000000\r\n\r\n".encode())
        connection.sendall(b"x" * 3_000_000)
        # The server has begun to write when the file is there.
        wait_until(lambda: any(folder.iterdir()))
    wait_until(lambda: not any(folder.iterdir()))
    assert server.blobs.list(ACCOUNT, "data") == []
    assert server.blobs.index.blocks(ACCOUNT, "data", "half") == {}
