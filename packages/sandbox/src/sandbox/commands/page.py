"""`open`: shows the sandbox in the browser.

The browser is given a file that only its owner may read, which leads to the page: what a process is started with can be
read by every user of the machine.
"""

import html
import os
import sys
import webbrowser
from collections.abc import Mapping
from urllib.parse import urlsplit

from sandbox.commands import lifecycle
from sandbox.home import Home, write_private
from sandbox.server_record import PAGE

_ENTRANCE = """\
<!doctype html>
<meta charset="utf-8">
<meta name="referrer" content="no-referrer">
<meta http-equiv="refresh" content="0;url={address}">
<title>Sandbox</title>
<p><a href="{address}">The page of the sandbox</a></p>
"""


def show(home: Home, *, browser: bool) -> list[str]:
    """Open the page in the browser, or return how to, and return the lines to print.

    Args:
        home: the sandbox, which has to run.
        browser: open a browser if there is one.

    Raises:
        SystemExit: it does not run, or its server is older than this command.
    """
    server = lifecycle.running(home)
    if server is None:
        raise SystemExit(f"sandbox: not running in '{home.root}'. Start it: python -m sandbox start")
    try:
        address = str(server.control("POST", PAGE)["address"])
    except ValueError:
        raise SystemExit(
            "sandbox: the server is older than this command. Restart it: python -m sandbox stop && "
            "python -m sandbox start"
        ) from None
    if browser and has_screen(os.environ) and _opened(home, address):
        page = urlsplit(address)._replace(path="/", query="").geturl()
        return [f"sandbox: {page} is open in the browser (for another one: python -m sandbox open --no-browser)"]
    port = urlsplit(address).port
    return [
        "sandbox: open this address in a browser, within 10 minutes; it works once:",
        f"  {address}",
        f"From another machine, forward the port first: ssh -L {port}:127.0.0.1:{port} USER@THIS-MACHINE",
    ]


def has_screen(environ: Mapping[str, str], platform: str = sys.platform) -> bool:
    """Whether a browser that is started here would be seen: not over SSH, and not without a display.

    ``BROWSER`` (https://docs.python.org/3/library/webbrowser.html) counts as one.
    """
    if any(environ.get(name) for name in ("BROWSER", "DISPLAY", "WAYLAND_DISPLAY")):
        return True
    if any(environ.get(name) for name in ("SSH_CONNECTION", "SSH_TTY")):
        return False
    return platform == "darwin" or bool(environ.get("WSL_DISTRO_NAME"))


def _opened(home: Home, address: str) -> bool:
    write_private(home.entrance, _ENTRANCE.format(address=html.escape(address)))
    return webbrowser.open(home.entrance.as_uri())
