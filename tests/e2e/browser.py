"""Debian's Chromium, without a window, told what to do by the DevTools protocol.

https://chromedevtools.github.io/devtools-protocol/
"""

import asyncio
import base64
import itertools
import re
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import aiohttp

_LISTENS: Final = re.compile(rb"DevTools listening on (ws://\S+)")
_SECONDS: Final = 60.0
_POLL_SECONDS: Final = 0.05
_MOST_BYTES: Final = 64 * 1024 * 1024
"""Of one message: a picture of a page."""

# The text of each element against the background that it has, as WCAG 2 computes it (Understanding SC 1.4.3).
_CONTRAST: Final = """
(() => {
  const canvas = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
  const rgba = (color) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = color;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const light = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map(v => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const behind = (element) => {
    for (let each = element; each; each = each.parentElement) {
      const color = rgba(getComputedStyle(each).backgroundColor);
      if (color[3] === 255) return color;
    }
    return [255, 255, 255, 255];
  };
  const found = [];
  for (const each of document.querySelectorAll("body *")) {
    if (![...each.childNodes].some(node => node.nodeType === 3 && node.data.trim())) continue;
    const [a, b] = [light(rgba(getComputedStyle(each).color)), light(behind(each))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) found.push(`${each.outerHTML.slice(0, 80)}: ${ratio.toFixed(2)}`);
  }
  return found;
})()
"""


class Tab:
    """A page that is open."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        """Take the connection to the browser; `_session` names the page in it."""
        self._socket = socket
        self._numbers = itertools.count(1)
        self._session: str | None = None
        self.events: list[dict[str, Any]] = []

    async def begin(self) -> None:
        """Make an empty page."""
        target = (await self.send("Target.createTarget", url="about:blank"))["targetId"]
        attached = await self.send("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Network", "Log", "Runtime", "Accessibility"):
            await self.send(f"{domain}.enable")

    async def send(self, method: str, **parameters: Any) -> Any:
        """Send a command, and return its result."""
        number = next(self._numbers)
        session = {"sessionId": self._session} if self._session else {}
        await self._socket.send_json({"id": number, "method": method, "params": parameters, **session})
        while True:
            message = await self._next()
            if message.get("id") == number:
                assert "error" not in message, f"{method}: {message['error']}"
                return message["result"]

    async def open(self, file: Path, *, scheme: str, width: int) -> None:
        """Load a file, by its absolute path: see `visit`."""
        await self.visit(file.as_uri(), scheme=scheme, width=width)

    async def visit(self, address: str, *, scheme: str, width: int) -> None:
        """Load a page in a window of this width, for a person who prefers `light` or `dark`."""
        await self.send("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        await self.send(
            "Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False
        )
        self.events.clear()
        await self.send("Page.navigate", url=address)
        while not self.of("Page.loadEventFired"):
            await self._next()

    def of(self, method: str) -> list[dict[str, Any]]:
        """Return what was told of an event since the page was opened."""
        return [each["params"] for each in self.events if each["method"] == method]

    async def value(self, expression: str) -> Any:
        """Return the value of an expression in the page."""
        answer = await self.send("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    async def until(self, expression: str) -> None:
        """Wait until an expression holds in the page, also in one that takes its place.

        Raises:
            TimeoutError: it never does.
        """
        async with asyncio.timeout(_SECONDS):
            while True:
                answer = await self.send("Runtime.evaluate", expression=f"Boolean({expression})", returnByValue=True)
                if answer["result"].get("value") is True:
                    return
                await asyncio.sleep(_POLL_SECONDS)

    async def press(self, key: str) -> None:
        """Press a key and let it go; `Enter` and the others of one character."""
        text = {"Enter": "\r"}.get(key, key)
        for kind in ("keyDown", "keyUp"):
            await self.send(
                "Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=ord(text), text=text
            )

    async def too_faint(self) -> list[str]:
        """Return the elements whose text does not stand out from what is behind it, with their contrast."""
        return list(await self.value(_CONTRAST))

    async def names(self, role: str) -> list[str]:
        """Return what a screen reader calls the elements of a role."""
        tree = await self.send("Accessibility.getFullAXTree")
        return [
            each.get("name", {}).get("value", "")
            for each in tree["nodes"]
            if not each["ignored"] and each.get("role", {}).get("value") == role
        ]

    async def picture(self, height: int | None = None) -> bytes:
        """Return a picture of the whole page, or of so many pixels from its top, as PNG."""
        clip = {"x": 0, "y": 0, "scale": 1, "height": height, "width": await self.value("innerWidth")}
        more = {} if height is None else {"clip": clip}
        answer = await self.send("Page.captureScreenshot", captureBeyondViewport=True, **more)
        return base64.b64decode(answer["data"])

    async def printed(self) -> bytes:
        """Return the page as it is printed, as PDF."""
        return base64.b64decode((await self.send("Page.printToPDF", printBackground=True))["data"])

    async def _next(self) -> dict[str, Any]:
        message: dict[str, Any] = await self._socket.receive_json(timeout=_SECONDS)
        if "method" in message:
            self.events.append(message)
        return message


@asynccontextmanager
async def tab(home: Path) -> AsyncIterator[Tab]:
    """Start a browser that keeps its data in `home`, an empty folder, and give a page; it ends afterwards.

    Raises:
        AssertionError: there is no Chromium.
    """
    chromium = shutil.which("chromium")
    assert chromium, (
        "the report is tested in Chromium, and there is no `chromium` on the PATH. Install Debian's package of this "
        "name: apt-get install chromium"
    )
    # Without the sandbox it starts for root, too, who is the user in CI; the page is ours.
    process = await asyncio.create_subprocess_exec(
        *(chromium, "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"),
        *("--no-first-run", "--remote-debugging-port=0", f"--user-data-dir={home}", "about:blank"),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        assert process.stderr is not None
        address = await asyncio.wait_for(_address(process.stderr), _SECONDS)
        async with (
            aiohttp.ClientSession() as session,
            session.ws_connect(address, max_msg_size=_MOST_BYTES) as socket,
        ):
            found = Tab(socket)
            await found.begin()
            yield found
            found._session = None
            await found.send("Browser.close")
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def _address(printed: asyncio.StreamReader) -> str:
    """Return where the browser listens, once it says so."""
    async for line in printed:
        if listens := _LISTENS.search(line):
            return listens[1].decode()
    raise AssertionError("Chromium ended before it listened")
