"""The official installer, with our own web server instead of its site."""

import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from toolchain import official
from toolchain.places import PULUMI_VERSION, UnavailableError

GOOD = f"""#!/bin/sh
test "$1 $2 $3" = "--version {PULUMI_VERSION} --install-root" || exit 9
mkdir -p "$4/bin"
printf '#!/bin/sh\\necho v{PULUMI_VERSION}\\n' > "$4/bin/pulumi"
chmod +x "$4/bin/pulumi"
"""


class Site:
    """What the web server answers; `release` lets slow answers end."""

    def __init__(self) -> None:
        self.script = GOOD
        self.slow = False
        self.release = threading.Event()
        self.address = ""


@pytest.fixture
def site() -> Iterator[Site]:
    """A web server that serves one script."""
    made = Site()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if made.slow:
                made.release.wait()
            body = made.script.encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the base class names it
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        made.address = f"http://127.0.0.1:{server.server_port}/install.sh"
        try:
            yield made
        finally:
            made.release.set()
            server.shutdown()
            thread.join()


def test_installs_into_a_folder_of_its_own(site: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = tmp_path / "cache" / "official"
    official.install(root, script=site.address)
    assert (root / "bin" / "pulumi").exists()
    assert [path.name for path in root.parent.iterdir()] == ["official"]
    assert capsys.readouterr().out.splitlines() == [
        f"pulumi: downloading the official CLI {PULUMI_VERSION}",
        f"pulumi: {root}/bin/pulumi (version {PULUMI_VERSION}, official)",
    ]


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("echo first; echo 'no such release' >&2; exit 3", "failed: no such release"),
        ("exit 3", "failed: exit code 3"),
        ("mkdir -p x", f"installed version unknown, not {PULUMI_VERSION}"),
        (GOOD.replace(f"v{PULUMI_VERSION}\\n", "v1.0.0\\n"), f"installed version 1.0.0, not {PULUMI_VERSION}"),
    ],
)
def test_leaves_nothing_behind_when_it_fails(site: Site, tmp_path: Path, script: str, message: str) -> None:
    site.script = script
    with pytest.raises(UnavailableError) as caught:
        official.install(tmp_path / "cache" / "official", script=site.address)
    assert str(caught.value) == f"{site.address} {message}"
    assert list((tmp_path / "cache").iterdir()) == []


def test_a_site_that_cannot_be_reached_is_one_quiet_line(
    site: Site, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    closed = site.address.replace("127.0.0.1", "127.0.0.2")
    with pytest.raises(UnavailableError) as caught:
        official.install(tmp_path / "official", script=closed)
    assert str(caught.value) == f"{closed} cannot be reached from here"
    assert capfd.readouterr() == ("", "")


def test_a_site_that_does_not_answer_costs_the_probe_only(site: Site, tmp_path: Path) -> None:
    site.slow = True
    started = time.monotonic()
    with pytest.raises(UnavailableError):
        official.install(tmp_path / "official", script=site.address, probe_seconds=0.2)
    assert time.monotonic() - started < official.PROBE_SECONDS
