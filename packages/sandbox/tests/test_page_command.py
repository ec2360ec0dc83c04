"""`python -m sandbox open`: what it prints, and what it starts a browser with."""

import re
import stat
import subprocess
import sys
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from sandbox.__main__ import main
from sandbox.commands import lifecycle, page
from sandbox.home import Home
from sandbox.server_record import PAGE, ServerRecord
from sandbox.testing import Sandbox


def ask(address: str) -> int:
    """Return the status of an address."""
    parts = urlsplit(address)
    connection = HTTPConnection(str(parts.hostname), parts.port, timeout=30)
    try:
        connection.request("GET", f"{parts.path}?{parts.query}")
        return connection.getresponse().status
    finally:
        connection.close()


def test_it_starts_nothing_by_itself(tmp_path: Path) -> None:
    with pytest.raises(SystemExit) as refused:
        page.show(Home(tmp_path / "none"), browser=True)
    text = f"sandbox: not running in '{tmp_path / 'none'}'. Start it: python -m sandbox start"
    assert str(refused.value) == text
    assert not (tmp_path / "none").exists()


def test_without_a_browser_it_prints_an_address_that_works_once(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SANDBOX_HOME", str(sandbox.home.root))
    assert main(["open", "--no-browser"]) == 0
    first, address, forward = capsys.readouterr().out.splitlines()
    assert first == "sandbox: open this address in a browser, within 10 minutes; it works once:"
    record = ServerRecord.read(sandbox.home.server_file)
    assert record is not None
    port = record.page_port
    assert re.fullmatch(rf"  http://127\.0\.0\.1:{port}/enter\?pass=[\w-]{{32}}", address)
    assert forward.endswith(f"first: ssh -L {port}:127.0.0.1:{port} USER@THIS-MACHINE")
    assert [ask(address.strip()), ask(address.strip())] == [200, 401]


def test_a_browser_gets_a_file_of_its_owner_and_no_pass(sandbox: Sandbox, tmp_path: Path) -> None:
    """What a process is started with can be read by every user of the machine."""
    got, browser = tmp_path / "got", tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\necho "$@" > {got}\n')
    browser.chmod(0o700)
    done = subprocess.run(
        [sys.executable, "-m", "sandbox", "open"],
        env={"PATH": "/usr/bin:/bin", "BROWSER": f"{browser} %s", "SANDBOX_HOME": str(sandbox.home.root)},
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    entrance = sandbox.home.entrance
    assert got.read_text().strip() == entrance.as_uri()
    assert stat.S_IMODE(entrance.stat().st_mode) == 0o600
    (given,) = re.findall(r"pass=([\w-]+)", entrance.read_text().partition("<title>")[0])
    assert given not in done.stdout
    assert re.match(r"sandbox: http://127\.0\.0\.1:\d+/ is open in the browser \(for another one: ", done.stdout)
    logs = [file.read_text() for file in sandbox.home.logs.iterdir() if file.is_file()]
    assert not [each for each in (*logs, str(sandbox.control.journal())) if given in each]


@pytest.mark.parametrize(
    ("environ", "platform", "seen"),
    [
        ({}, "linux", False),
        ({"DISPLAY": ":0"}, "linux", True),
        ({"WAYLAND_DISPLAY": "wayland-0"}, "linux", True),
        ({"WSL_DISTRO_NAME": "Ubuntu"}, "linux", True),
        ({}, "darwin", True),
        ({"SSH_CONNECTION": "1.2.3.4 5 6.7.8.9 22"}, "darwin", False),
        ({"SSH_TTY": "/dev/pts/0", "DISPLAY": "localhost:10.0"}, "linux", True),
        ({"SSH_TTY": "/dev/pts/0", "BROWSER": "some"}, "linux", True),
    ],
)
def test_where_a_browser_would_be_seen(environ: dict[str, str], platform: str, seen: bool) -> None:
    assert page.has_screen(environ, platform) is seen


def test_the_control_api_gives_addresses_to_its_owner_only(sandbox: Sandbox) -> None:
    connection = HTTPConnection("127.0.0.1", sandbox.server.control_port, timeout=30)
    try:
        connection.request("POST", PAGE)
        assert connection.getresponse().status == 401
    finally:
        connection.close()


def test_a_server_that_does_not_know_the_page(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page, "PAGE", "/older")
    with pytest.raises(SystemExit) as refused:
        page.show(sandbox.home, browser=False)
    assert str(refused.value) == (
        "sandbox: the server is older than this command. Restart it: python -m sandbox stop && python -m sandbox start"
    )


def test_the_page_stays_on_its_port_and_keeps_its_browsers(own_sandbox: Sandbox) -> None:
    before = ServerRecord.read(own_sandbox.home.server_file)
    lifecycle.stop(own_sandbox.home)
    lifecycle.start(own_sandbox.home)
    after = ServerRecord.read(own_sandbox.home.server_file)
    assert before is not None
    assert after is not None
    assert (after.page_port, after.pid != before.pid) == (before.page_port, True)
