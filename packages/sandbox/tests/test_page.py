"""The page in the browser by plain HTTP: who may see it, and what it says of what others wrote.

How it looks, and that it follows a job: tests/e2e/test_page.py, in Chromium.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable
from html import escape
from typing import Any, TypeVar

import aiohttp
import pytest

from clocks import Clock
from learning import ACCOUNT, SUBSCRIPTION, WORKSPACE, Learning, deployment_body
from sandbox.azure.authorization.built_in import READER
from sandbox.azure.jobs.records import Run, RunRecords
from sandbox.azure.named import Names
from sandbox.page import images
from sandbox.page.jobs import told
from sandbox.page.sign_in import PASS_SECONDS, SignIn, is_local
from sandbox.page.site import Site

HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"
PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x08\0\0\0\x08"
OUTPUT = "azureml://datastores/workspaceblobstore/paths/out/"
INPUT = {"x": {"jobInputType": "UriFolder", "uri": "azureml://datastores/workspaceblobstore/paths/in/"}}
MESSAGE = "Execution failed. Please check the log. Error: 3 of 4 files failed"
SCORING = {"azureml.parameters": "{}"}
T = TypeVar("T")


class Visitor:
    """A browser at the site of a sandbox."""

    def __init__(self, site: Site, session: aiohttp.ClientSession, base: str) -> None:
        self.site, self.session, self.base = site, session, base

    async def get(self, path: str = "/", **headers: str) -> tuple[int, str]:
        """Return status and text of a page."""
        async with self.session.get(self.base + path, headers=headers) as answer:
            return answer.status, await answer.text(errors="replace")

    def entrance(self) -> str:
        """Return the path of a new pass."""
        return self.site.address().removeprefix(self.base)


def visit(learning: Learning, work: Callable[[Visitor], Awaitable[T]], *, enters: bool = True) -> T:
    """Let a visitor do ``work`` at the site of a sandbox, and return what that returns."""

    async def go() -> T:
        file = learning.blobs.folder.parent / "store.sqlite"
        site = Site(
            learning.world, file, lambda rows: Names(rows, {}), secret="s", about="profile harsh", folder="/home/x"
        )
        base = f"http://127.0.0.1:{await site.start(0)}"
        try:
            async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
                visitor = Visitor(site, session, base)
                if enters:
                    assert (await visitor.get(visitor.entrance()))[0] == 200
                return await work(visitor)
        finally:
            await site.close()

    return asyncio.run(go())


def page(learning: Learning, path: str = "/", status: int = 200) -> str:
    """Return a page's text."""
    found, text = visit(learning, lambda visitor: visitor.get(path))
    assert found == status
    return text


def plain(text: str) -> str:
    """Return what a page says, without its markup."""
    return " ".join(re.sub(r"<[^>]*>", " ", text.partition("<main")[2].partition(">")[2]).split())


def add_job(learning: Learning, name: str = "batchjob-1", status: str = "Completed", **members: Any) -> None:
    """Record a job of the workspace and its step, as the service and the runner do."""
    guid = learning.call("GET", "").body["properties"]["workspaceId"]
    of = {"endpoint": "digits-ep", "deployment": "blue", "properties": SCORING, "outputs": {"score": OUTPUT}, "job": {}}
    own = {"workspace_guid": guid, "status": status, **of, **members}
    metrics = own.pop("metrics", {})
    records = RunRecords(learning.store)
    records.create(Run(name, name, WORKSPACE, **own))
    records.create(Run(f"{name}-step", name, WORKSPACE, parent_run_id=name, metrics=metrics, **own))


def write(learning: Learning, blob: str, content: bytes) -> None:
    container = learning.call("GET", "/datastores/workspaceblobstore").body["properties"]["containerName"]
    learning.blobs.write(ACCOUNT, container, blob, content)


# Who may see it ------------------------------------------------------------------------------------------------------


def test_a_pass_is_good_once_and_for_ten_minutes() -> None:
    now = [0.0]
    guard = SignIn("secret", lambda: now[0])
    first, late = guard.issue(), guard.issue()
    cookie = guard.enter(first)
    assert cookie is not None
    assert guard.knows(cookie)
    assert SignIn("secret").knows(cookie), "a restart of the server"
    assert not SignIn("other").knows(cookie)
    assert not guard.knows("\udcff"), "a cookie that is not UTF-8"
    assert guard.enter("\udcff") is None
    now[0] = PASS_SECONDS + 1
    assert [guard.enter(each) for each in (first, late, "", "ä")] == [None] * 4
    assert not guard.knows("ä")


def test_passes_that_nobody_uses_do_not_pile_up() -> None:
    guard = SignIn("secret")
    first, *others = [guard.issue() for _ in range(33)]
    assert guard.enter(first) is None
    assert all(guard.enter(each) for each in others)


@pytest.mark.parametrize("host", ["127.0.0.1:8080", "localhost", "LOCALHOST:1", "[::1]:80"])
def test_this_machine_by_any_port(host: str) -> None:
    assert is_local(host)


@pytest.mark.parametrize(
    "host", ["", "example.com", "127.0.0.1.example.com", "localhost@example.com", "[::1", "192.168.0.1"]
)
def test_other_hosts(host: str) -> None:
    assert not is_local(host)


def test_only_a_browser_that_has_entered_sees_anything(learning: Learning) -> None:
    async def work(visitor: Visitor) -> None:
        for path in ("/", "/jobs/x", "/jobs/x/input?file=y", "/nothing"):
            status, text = await visitor.get(path)
            assert (status, "This browser is not signed in." in text) == (401, True)
        entrance = visitor.entrance()
        async with visitor.session.get(visitor.base + entrance) as answer:
            cookie = answer.headers["Set-Cookie"]
        assert re.fullmatch(r"sandbox-\d+=[0-9a-f]{64}; HttpOnly; Path=/; SameSite=Strict", cookie)
        assert (await visitor.get("/"))[0] == 200
        assert (await visitor.get("/nothing"))[0] == 404
        visitor.session.cookie_jar.clear()
        status, text = await visitor.get(entrance)
        assert (status, "This address was used before, or is too old." in text) == (401, True)
        assert (await visitor.get("/"))[0] == 401

    visit(learning, work, enters=False)


def test_another_name_of_this_address_is_refused(learning: Learning) -> None:
    """DNS rebinding: a page from elsewhere, whose name now means 127.0.0.1."""
    status, text = visit(learning, lambda visitor: visitor.get("/", Host="evil.example"))
    assert (status, text) == (403, "This address is not the sandbox's: use http://127.0.0.1.\n")


@pytest.mark.parametrize("method", ["HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_it_only_reads(learning: Learning, method: str) -> None:
    async def work(visitor: Visitor) -> tuple[int, str | None]:
        async with visitor.session.request(
            method, f"{visitor.base}/", headers={"Origin": "http://a.example"}
        ) as answer:
            assert not [name for name in answer.headers if name.lower().startswith("access-control-")]
            return answer.status, answer.headers.get("Allow")

    assert visit(learning, work) == (405, "GET")


def test_the_policy_of_a_page_allows_only_its_own_script_and_style(learning: Learning) -> None:
    async def work(visitor: Visitor) -> tuple[dict[str, str], str]:
        async with visitor.session.get(f"{visitor.base}/") as answer:
            return dict(answer.headers), await answer.text()

    headers, text = visit(learning, work)
    (nonce,) = {*re.findall(r'nonce="([^"]+)"', text)}
    assert headers["Content-Security-Policy"].split("; ") == [
        *("default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'none'"),
        *(f"script-src 'nonce-{nonce}'", f"style-src 'nonce-{nonce}'", "img-src 'self' data:", "connect-src 'self'"),
    ]
    kept = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"}
    assert kept.items() <= headers.items()
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert re.findall(r"<script[^>]*>|style=", text) == [f'<script src="/page.js" nonce="{nonce}">']


# What it says --------------------------------------------------------------------------------------------------------


def test_an_empty_sandbox_says_how_to_go_on(learning: Learning) -> None:
    text = plain(page(learning))
    assert text.startswith("No workspace yet Deploy something into the sandbox; it appears here by itself: python -m ")


def test_an_endpoint_with_its_deployments_and_the_default_before(ready: Learning) -> None:
    green = deployment_body()
    ready.done("PUT", "/batchEndpoints/digits-ep/deployments/green", green)
    assert "Default blue Deployments, newest first" in plain(page(ready))
    ready.make_endpoint(defaults={"deploymentName": "green"}, description="Reads digits")
    text = plain(page(ready))
    assert re.search(
        r"Endpoint digits-ep Reads digits Default blue → to green 20\d\d-\d\d-\d\d [\d:]{8} Deployments, newest first "
        r"Deployment Model State Created \(UTC\) Cluster green default m:1 Succeeded 20[\d: -]{17} cpu "
        r"blue default before m:1 Succeeded 20[\d: -]{17} cpu ",
        text,
    )
    ready.make_endpoint(defaults={"deploymentName": "blue"})
    assert "Default green → to blue" in plain(page(ready))


def test_models_clusters_and_roles_by_name(ready: Learning) -> None:
    ready.grant("p1", READER, f"/subscriptions/{SUBSCRIPTION}")
    text = plain(page(ready))
    assert re.search(r"Used by m:1 custom_model 20[\d: -]{17} digits-ep/blue ", text)
    assert "Priority cpu 0 of 2 0 to 2 nodes STANDARD_DS11_V2 Dedicated" in text
    assert "Principal Role On identity id1 Reader subscription" in text
    assert "storage account stml" in text


def test_the_digest_of_a_model_is_the_one_that_it_was_uploaded_by(ready: Learning) -> None:
    place = f"azureml://datastores/workspaceblobstore/paths/LocalUpload/{'ab12' * 8}/model"
    write(ready, f"LocalUpload/{'ab12' * 8}/model/weights", b"w")
    ready.call("PUT", "/models/m/versions/2", {"properties": {"modelUri": place, "modelType": "custom_model"}})
    assert "m:2 custom_model ab12ab12ab12 " in plain(page(ready))


def test_jobs_newest_first_with_their_progress(ready: Learning) -> None:
    add_job(ready, "batchjob-1", start_time_utc="2027-01-01T10:00:00Z", end_time_utc="2027-01-01T10:01:05Z")
    add_job(ready, "batchjob-2", "Running", metrics={"Total MiniBatches": 36, "Processed MiniBatches": 7})
    text = page(ready)
    assert '<main id="main" data-live>' in text
    assert '<progress value="7" max="36" aria-label="mini-batches done"></progress> 7 of 36 mini-batches' in text
    assert re.search(
        r"batchjob-2 Running 7 of 36 mini-batches digits-ep blue 20.* s "
        r"batchjob-1 Completed digits-ep blue 20.* 1 min 5 s",
        plain(text),
    )


def test_of_a_thousand_jobs_it_shows_the_newest_and_all_if_asked(ready: Learning) -> None:
    with ready.store.transaction():
        for number in range(1000):
            add_job(ready, f"batchjob-{number}", "Running" if number == 3 else "Completed")
    assert '<main id="main" data-live>' in page(ready)
    assert "Newest first: 16 of 1,000. Show all" in plain(page(ready))
    assert page(ready, "/?jobs=all").count('<th scope="row"><a id="job-') == 1000


def test_a_failed_job_with_its_error_and_the_ends_of_its_logs(ready: Learning) -> None:
    lines = "".join(f"line {number}\n" for number in range(1000))
    logs = {}
    for path, text in (("logs/azureml/executionlogs.txt", lines), ("logs/job_error.1.txt", "ValueError: no\n")):
        write(ready, path, text.encode())
        container = ready.call("GET", "/datastores/workspaceblobstore").body["properties"]["containerName"]
        logs[path] = ACCOUNT, container, path
    add_job(ready, status="Failed", error={"code": "UserError", "message": MESSAGE}, logs=logs)
    assert "batchjob-1 Failed 3 of 4 files failed" in plain(page(ready))
    text = plain(page(ready, "/jobs/batchjob-1"))
    assert f"Error {MESSAGE} logs/job_error.1.txt the last lines ValueError: no logs/azureml/" in text
    assert ("line 959" in text, "line 960" in text, "line 999" in text) == (False, True, True)


def test_images_are_beside_their_predictions(ready: Learning) -> None:
    for name in ("one.png", "two.png", "notes.txt"):
        write(ready, f"in/{name}", PNG)
    write(ready, "out/predictions.csv", b"two.png,2,0.9\none.png,1,0.8\n")
    add_job(ready, job={"inputData": INPUT})
    text = page(ready, "/jobs/batchjob-1")
    assert '<img src="/jobs/batchjob-1/input?file=one.png" alt="one.png" class="small">' in text
    assert (
        "Images with their predictions one.png 1 0.8 two.png 2 0.9 Predictions predictions.csv 2 rows, 28 b"
        in plain(text)
    )


def test_an_image_is_served_by_its_content_and_from_the_input_only(
    ready: Learning, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(images, "MOST_BYTES", 100)
    files = {"a b.png": PNG, "page.png": b"<html>", "drawn.svg": b"<svg>", "large.png": PNG + b"\0" * 100}
    for name, content in files.items():
        write(ready, f"in/{name}", content)
    write(ready, "other.png", PNG)
    add_job(ready, job={"inputData": INPUT})

    async def work(visitor: Visitor) -> None:
        for name in ("page.png", "drawn.svg", "large.png", "../other.png", "", "none.png", "/etc/passwd"):
            assert (await visitor.get(f"/jobs/batchjob-1/input?file={name}"))[0] == 404, name
        assert (await visitor.get("/jobs/none/input?file=x.png"))[0] == 404
        async with visitor.session.get(f"{visitor.base}/jobs/batchjob-1/input?file=a%20b.png") as answer:
            assert (answer.content_type, await answer.read()) == ("image/png", PNG)
            assert answer.headers["Content-Security-Policy"].endswith("; sandbox")

    visit(ready, work)


def test_what_others_wrote_is_never_markup(ready: Learning) -> None:
    name = f"{HOSTILE}.png".replace("/", "-")
    write(ready, f"in/{name}", PNG)
    write(
        ready, f"out/{HOSTILE}.csv".replace("</", "<"), f'"{name.replace(chr(34), chr(34) * 2)}",{HOSTILE}\n'.encode()
    )
    add_job(ready, HOSTILE, "Failed", job={"inputData": INPUT}, error={"code": "UserError", "message": HOSTILE})
    given = {"authMode": "aadToken", "description": HOSTILE, "defaults": {"deploymentName": "blue"}}
    body = {"location": "westeurope", "tags": {HOSTILE: HOSTILE}, "properties": given}
    ready.done("PUT", "/batchEndpoints/digits-ep", body)
    job = "/jobs/" + "".join(f"%{byte:02X}" for byte in HOSTILE.encode())
    for text in (page(ready), page(ready, job)):
        assert re.findall(r"<(?:script|img)[^>]*>", text)[0].startswith(("<script src", '<img src="/jobs/%3Cscript'))
        assert HOSTILE not in text
        assert "onerror=alert(1)>" not in text
        assert str(escape(HOSTILE)).replace("&#x27;", "&#39;").replace("&quot;", "&#34;") in text
    assert page(ready, "/jobs/" + "%3Cb%3E", status=404)


def test_a_pipeline_job_shows_its_steps(ready: Learning) -> None:
    add_job(ready, "pipe", "Running", properties={}, endpoint="", deployment="", display_name="prepare")
    assert "0 of 1 steps" in plain(page(ready))
    assert "Steps Oldest first Step State Took prepare Running" in plain(page(ready, "/jobs/pipe"))
    page(ready, "/jobs/pipe-step", status=404)


def test_a_job_whose_workspace_is_gone_is_still_shown(ready: Learning) -> None:
    add_job(ready, job={"inputData": INPUT})
    ready.store.delete(WORKSPACE)
    assert plain(page(ready, "/jobs/batchjob-1")).startswith("Job batchjob-1 Completed")


def test_jobs_of_an_earlier_workspace_of_the_same_name_are_not_shown(ready: Learning) -> None:
    add_job(ready, workspace_guid="another")
    assert "Jobs None yet." in plain(page(ready))


@pytest.mark.parametrize(
    ("seconds", "text"), [(-1, "0.0 s"), (0.44, "0.4 s"), (59, "59 s"), (61, "1 min 1 s"), (7260, "2 h 1 min")]
)
def test_durations(seconds: float, text: str) -> None:
    assert told(seconds) == text


def test_a_running_job_says_how_long_it_runs(ready: Learning, clock: Clock) -> None:
    del clock
    add_job(ready, status="Running")
    assert "Runs for" in plain(page(ready, "/jobs/batchjob-1"))
