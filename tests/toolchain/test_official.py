"""The official release of the CLI, from a web server of our own instead of Pulumi's site and GitHub.

That both sites have the files under these names is not proven here.
"""

import hashlib
import io
import tarfile
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from toolchain import official
from toolchain.places import PULUMI_VERSION, UnavailableError

NAME = official.archive_name(PULUMI_VERSION)
LIST = f"pulumi-{PULUMI_VERSION}-checksums.txt"


def archive(version: str = PULUMI_VERSION, name: str = "pulumi/pulumi") -> bytes:
    """A release: a CLI that says its version, and a language host."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as file:
        for each in (name, "pulumi/pulumi-language-python"):
            script = f"#!/bin/sh\necho v{version}\n".encode()
            entry = tarfile.TarInfo(each)
            entry.size, entry.mode = len(script), 0o755
            file.addfile(entry, io.BytesIO(script))
    return content.getvalue()


class Site:
    """What the web server answers; `release` lets slow answers end."""

    def __init__(self) -> None:
        self.slow = False
        self.release = threading.Event()
        self.address = ""
        self.serve(archive())

    def serve(self, content: bytes, digest: str | None = None, name: str = NAME) -> None:
        """Serve an archive, and a list with its digest."""
        digest = digest or hashlib.sha256(content).hexdigest()
        listed = f"{'0' * 64}  pulumi-v{PULUMI_VERSION}-windows-x64.zip\n{digest}  {name}\n".encode()
        self.files = {f"/sdk/{NAME}": content, f"/download/v{PULUMI_VERSION}/{LIST}": listed}

    def install(self, root: Path, probe_seconds: float = official.PROBE_SECONDS) -> None:
        """Install from here."""
        official.install(
            root,
            archives=f"{self.address}/sdk",
            checksums=f"{self.address}/download",
            probe_seconds=probe_seconds,
        )


@pytest.fixture
def site() -> Iterator[Site]:
    """A web server that serves one release."""
    made = Site()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if made.slow:
                made.release.wait()
            body = made.files.get(self.path)
            self.send_response(404 if body is None else 200)
            self.send_header("Content-Length", str(len(body or b"")))
            self.end_headers()
            self.wfile.write(body or b"")

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the base class names it
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        made.address = f"http://127.0.0.1:{server.server_port}"
        try:
            yield made
        finally:
            made.release.set()
            server.shutdown()
            thread.join()


def test_installs_into_a_folder_of_its_own(site: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = tmp_path / "cache" / "official"
    site.install(root)
    assert sorted(path.name for path in (root / "bin").iterdir()) == ["pulumi", "pulumi-language-python"]
    assert [path.name for path in root.parent.iterdir()] == ["official"]
    assert capsys.readouterr().out.splitlines() == [
        f"pulumi: downloading the official CLI {PULUMI_VERSION}",
        f"pulumi: {root}/bin/pulumi (version {PULUMI_VERSION}, official)",
    ]


def test_another_archive_than_the_release_s_is_not_used(site: Site, tmp_path: Path) -> None:
    site.serve(archive(), "0" * 64)
    with pytest.raises(UnavailableError) as caught:
        site.install(tmp_path / "cache" / "official")
    found = hashlib.sha256(site.files[f"/sdk/{NAME}"]).hexdigest()
    assert str(caught.value) == (
        f"{site.address}/sdk/{NAME} has the SHA-256 {found}, and the release says {'0' * 64}: not used"
    )
    assert list((tmp_path / "cache").iterdir()) == []


@pytest.mark.parametrize("kind", ["version", "no archive", "missing", "not listed"])
def test_leaves_nothing_behind_when_it_fails(site: Site, tmp_path: Path, kind: str) -> None:
    address = f"{site.address}/sdk/{NAME}"
    told = {
        "version": f"{address} has version 1.0.0, not {PULUMI_VERSION}",
        "no archive": f"{NAME} cannot be unpacked: ",
        "missing": f"{address} was not downloaded: HTTP Error 404: Not Found",
        "not listed": f"{site.address}/download/v{PULUMI_VERSION}/{LIST} has no checksum of {NAME}",
    }
    site.serve(b"nothing" if kind == "no archive" else archive("1.0.0" if kind == "version" else PULUMI_VERSION))
    if kind == "missing":
        del site.files[f"/sdk/{NAME}"]
    if kind == "not listed":
        site.serve(archive(), name="another")
    with pytest.raises(UnavailableError) as caught:
        site.install(tmp_path / "cache" / "official")
    assert str(caught.value).startswith(told[kind])
    assert not (tmp_path / "cache").exists() or list((tmp_path / "cache").iterdir()) == []


def test_no_file_is_unpacked_elsewhere(site: Site, tmp_path: Path) -> None:
    site.serve(archive(name="../../../pulumi"))
    site.install(tmp_path / "a" / "b" / "official")
    assert sorted(path.name for path in tmp_path.rglob("pulumi")) == ["pulumi"]
    assert (tmp_path / "a" / "b" / "official" / "bin" / "pulumi").exists()


def test_a_site_that_cannot_be_reached_is_one_quiet_line(
    site: Site, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    site.address = site.address.replace("127.0.0.1", "127.0.0.2")
    with pytest.raises(UnavailableError) as caught:
        site.install(tmp_path / "official")
    assert str(caught.value) == f"{site.address}/download/v{PULUMI_VERSION}/{LIST} cannot be reached from here"
    assert capfd.readouterr() == ("", "")


def test_a_site_that_does_not_answer_costs_the_probe_only(site: Site, tmp_path: Path) -> None:
    site.slow = True
    started = time.monotonic()
    with pytest.raises(UnavailableError):
        site.install(tmp_path / "official", probe_seconds=0.2)
    assert time.monotonic() - started < official.PROBE_SECONDS
