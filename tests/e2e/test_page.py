"""The sandbox's page in a browser: a job that is followed without a reload, what others wrote, and how it looks.

Who may see it, and what it says in each case: packages/sandbox/tests/test_page.py.
"""

import asyncio
import json
import os
import stat
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from estate import Estate, build
from sandbox.commands import page
from sandbox.commands.lifecycle import Running
from sandbox.home import Home
from sandbox.testing import started
from tests.e2e import browser
from tests.e2e.browser import Tab
from tests.e2e.rehearsal import REPOSITORY, Rehearsal

PICTURE = "SANDBOX_PICTURE"
"""Names the file for the picture in the documentation; see CONTRIBUTING.md."""
_DIGITS = REPOSITORY / "examples" / "digits" / "data" / "images"
_HOSTILE = "<img src=x onerror=alert(1)><script>alert(1)<script>.png"
_SCRIPT = """\
import time
from pathlib import Path

GATE = Path({gate!r})
done = 0


def init():
    pass


def run(mini_batch):
    global done
    (name,) = [Path(file).name for file in mini_batch]
    while not (GATE / name).exists() and not (GATE / str(done)).exists():
        time.sleep(0.01)
    done += 1
    if name.startswith("broken"):
        raise ValueError(f"{{name}} cannot be read")
    return [f'"{{name}}",{{len(name)}},<b onclick=alert(1)>bold</b>']
"""
_LOADED = "[...document.images].map(each => each.complete && each.naturalWidth > 0)"
_TOO_WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture(name="place", scope="module")
def _place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Estate]:
    """A workspace with two endpoints.

    A deployment of ``ours`` scores a file when ``gate`` has one of its name, or of the number of those that are done:
    the order of the files is random.
    """
    folder = tmp_path_factory.mktemp("page")
    (folder / "gate").mkdir()
    with started(folder / "sandbox") as sandbox:
        place = build(sandbox)
        place.upload("gated/score.py", _SCRIPT.format(gate=str(folder / "gate")))
        code = f"{place.workspace}/codes/gated/versions/1"
        place.put(code, {"properties": {"codeUri": f"https://{place.blob_host}/{place.container}/gated"}})
        one = place.send("deployer", "GET", f"{place.endpoint('ours')}/deployments/one").json["properties"]
        properties = {name: one[name] for name in ("model", "environmentId", "compute")}
        properties |= {"codeConfiguration": {"codeId": code, "scoringScript": "score.py"}, "miniBatchSize": 1}
        properties |= {"errorThreshold": 0, "retrySettings": {"maxRetries": 1, "timeout": "PT5M"}}
        body = {"location": sandbox.location, "properties": properties}
        place.put(f"{place.endpoint('ours')}/deployments/gated", body)
        yield place


def start_job(place: Estate, folder: str, files: Mapping[str, bytes]) -> str:
    """Start a job of the gated deployment on some files, and return its name."""
    for name, content in files.items():
        target = f"/{place.container}/{folder}/{name}".replace("<", "%3C").replace(">", "%3E").replace(" ", "%20")
        kind = {"x-ms-blob-type": "BlockBlob"}
        assert place.send("deployer", "PUT", target, content, host=place.blob_host, **kind).status == 201
    given = {"JobInputType": "UriFolder", "Uri": f"azureml://datastores/workspaceblobstore/paths/{folder}/"}
    asked = {"properties": {"InputData": {"x": given}}}
    host = place.scoring_host("ours")
    answer = place.send("deployer", "POST", "/jobs", asked, host=host, **{"azureml-model-deployment": "gated"})
    assert answer.status == 201, answer.json
    return str(answer.json["name"])


def gate_of(place: Estate) -> Path:
    """Return the folder of the gate."""
    return place.sandbox.home.root.parent / "gate"


@asynccontextmanager
async def entered(home: Home, folder: Path) -> AsyncIterator[tuple[Tab, str]]:
    """Open the page as `python -m sandbox open` does; give the browser, and the page's address."""
    opened: list[str] = []

    def take(address: str) -> bool:
        opened.append(address)
        return True

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BROWSER", "some")
        patch.setattr("webbrowser.open", take)
        (told,) = page.show(home, browser=True)
    assert opened == [home.entrance.as_uri()], "the pass is in the file, and not among the words of a command"
    assert stat.S_IMODE(home.entrance.stat().st_mode) == 0o600
    async with browser.tab(folder) as tab:
        await tab.visit(opened[0], scheme="light", width=1280)
        await tab.until("location.pathname === '/' && document.querySelector('main')")
        base = str(await tab.value("location.origin"))
        assert told.startswith(f"sandbox: {base}/ is open in the browser ")
        yield tab, base


def texts(selector: str) -> str:
    """Return the expression for the texts of some elements."""
    return f"[...document.querySelectorAll({json.dumps(selector)})].map(each => each.innerText.trim())"


async def require_good(tab: Tab, address: str) -> None:
    """Require that a page fits windows of each width, can be read in light and dark, and brought all it needs."""
    for scheme in ("light", "dark"):
        for width in (1600, 400):
            await tab.visit(address, scheme=scheme, width=width)
            assert await tab.value(_TOO_WIDE) == 0, (scheme, width)
            assert await tab.too_faint() == [], (scheme, width)
            asked = {each["request"]["url"].split("/")[2] for each in tab.of("Network.requestWillBeSent")}
            assert asked <= {address.split("/")[2], ","}, "data:, is the icon"
            complaints: Sequence[Any] = (*tab.of("Log.entryAdded"), *tab.of("Runtime.exceptionThrown"))
            assert [json.dumps(each) for each in complaints] == []
            assert tab.of("Page.javascriptDialogOpening") == []


@pytest.mark.long(part="browser")
def test_a_job_is_followed_without_a_reload(place: Estate, tmp_path: Path) -> None:
    files = {each.name: each.read_bytes() for each in sorted(_DIGITS.iterdir())[:4]}
    gate = gate_of(place)

    async def go() -> None:
        async with entered(place.sandbox.home, tmp_path / "browser") as (tab, base):
            await tab.value("window.kept = 'here'")
            assert await tab.value(texts("#jobs-1 .quiet")) == ["None yet."]
            name = await asyncio.to_thread(start_job, place, "digits", files)
            await tab.until(f"{texts('#jobs-1 .progress')}[0] === '0 of 4 mini-batches'")
            assert await tab.value(texts("#clusters-1 .progress")) == ["1 of 1"]
            await tab.value(f"document.getElementById('job-1-{name}').focus()")
            (gate / "0").touch()
            await tab.until(f"{texts('#jobs-1 .progress')}[0] === '1 of 4 mini-batches'")
            assert await tab.value("document.activeElement.id") == f"job-1-{name}", "where the keyboard is"
            for each in files:
                (gate / each).touch()
            await tab.until(f"{texts('#jobs-1 .tag')}[0] === 'Completed'")
            assert await tab.value("window.kept") == "here"
            await tab.until(f"{texts('#clusters-1 .progress')}[0] === '0 of 1'")

            await tab.press("Enter")
            await tab.until(f"location.pathname === '/jobs/{name}' && document.querySelector('main')")
            await tab.until(f"{_LOADED}.join() === 'true,true,true,true'")
            assert await tab.names("image") == sorted(files)
            assert await tab.value(texts(".samples .value")) == ["14"] * 4
            headings = " | ".join(await tab.names("heading"))
            assert "Completed | Images with their predictions | Predictions | predictions.csv 4 rows" in headings
            await require_good(tab, f"{base}/jobs/{name}")
            await require_good(tab, f"{base}/")

    asyncio.run(go())


@pytest.mark.long(part="browser")
def test_what_others_wrote_runs_nothing_and_a_failure_is_told(place: Estate, tmp_path: Path) -> None:
    image = next(iter(sorted(_DIGITS.iterdir()))).read_bytes()
    tags = {"<script>alert(1)</script>": "<img src=x onerror=alert(1)>"}
    body = {"location": place.sandbox.location, "tags": tags, "properties": {"authMode": "AADToken"}}
    place.put(place.endpoint("theirs"), body)
    (gate_of(place) / _HOSTILE).touch()
    (gate_of(place) / "broken.png").touch()
    good = start_job(place, "hostile", {_HOSTILE: image})
    bad = start_job(place, "broken", {"broken.png": image})

    async def go() -> None:
        async with entered(place.sandbox.home, tmp_path / "browser") as (tab, base):
            await tab.until(f"{texts('#jobs-1 .tag')}.slice(0, 2).join() === 'Failed,Completed'")
            assert next(iter(tags)) in await tab.value(texts("#endpoint-1-2 dt"))
            await require_good(tab, f"{base}/")
            await require_good(tab, f"{base}/jobs/{good}")
            assert await tab.names("image") == [_HOSTILE]
            assert await tab.value(texts(".values td")) == [_HOSTILE, "56", "<b onclick=alert(1)>bold</b>"]
            await require_good(tab, f"{base}/jobs/{bad}")
            assert "ValueError: broken.png cannot be read" in (await tab.value(texts("#log-1 pre")))[0]
            assert (await tab.value(texts("#error h2")), await tab.names("image")) == (["Error"], ["broken.png"])

    asyncio.run(go())


@pytest.mark.long(part="browser")
def test_an_empty_sandbox_and_one_that_ends(tmp_path: Path) -> None:
    async def go(home: Home) -> None:
        async with entered(home, tmp_path / "browser") as (tab, base):
            await require_good(tab, f"{base}/")
            assert await tab.names("heading") == ["No workspace yet"]
            server = Running.read(home.server_file)
            assert server is not None
            await asyncio.to_thread(server.control, "POST", "/stop")
            await tab.until("document.getElementById('note').innerText.startsWith('The sandbox does not answer.')")

    with started(tmp_path / "sandbox") as sandbox:
        asyncio.run(go(sandbox.home))


def test_what_exists_fits_a_screen(deployed: Rehearsal) -> None:
    """40 rows of 100 columns; only the first rows have paths of the machine."""
    lines = deployed.python("-m", "sandbox", "status").ok().out.splitlines()
    assert len(lines) <= 40
    at = next(number for number, line in enumerate(lines) if line.startswith("Resources: "))
    assert [line for line in lines[at:] if len(line) > 100] == []
    assert "  AcrPull: compute identity -> registry" in lines


@pytest.mark.long(part="browser")
def test_what_make_up_has_made(deployed: Rehearsal, tmp_path: Path) -> None:
    """Writes the picture of the documentation, if ``SANDBOX_PICTURE`` names a file."""
    where = str(tmp_path / "predictions")
    images = "examples/digits/data/images"
    command = ("modelops", "invoke", "--stack", "dev", "--input", images, "--download", where)
    deployed.run("python", "-m", *command).ok()

    async def go() -> bytes:
        async with entered(Home(deployed.home), tmp_path / "browser") as (tab, base):
            await require_good(tab, f"{base}/")
            assert (await tab.value(texts("#endpoint-1-1 .default")))[0] == f"Default {deployed.default}"
            assert "AcrPull" in await tab.value(texts("#roles td"))
            job = await tab.value("document.querySelector('.jobs a[id^=job]').getAttribute('href')")
            await require_good(tab, f"{base}{job}")
            assert await tab.value(_LOADED) == [True] * 20
            await tab.visit(f"{base}{job}", scheme="light", width=1000)
            return await tab.picture(height=760)

    picture = asyncio.run(go())
    assert len(picture) < 100_000
    if PICTURE in os.environ:
        Path(os.environ[PICTURE]).write_bytes(picture)
