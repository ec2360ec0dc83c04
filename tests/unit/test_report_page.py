"""The page of a release, read as HTML. How it looks is for a browser: tests/e2e/test_report.py."""

from dataclasses import replace

import pytest

from modelops.release.history import Entry
from modelops.report import page
from modelops.report.page import Release
from tests.unit.reports import BEFORE, FAILED, RELEASED, ROLLED_BACK, Page, hostile

HOSTILE = "<script>alert(1)</script>\"'&"


def read(*releases: Release, stack: str = "") -> Page:
    return Page(page.html(releases, stack))


def test_says_what_changed_and_whence() -> None:
    found = read(Release("digits", RELEASED, BEFORE), stack="dev")
    assert found.texts("title") == ["Release of digits"]
    assert found.texts("p", "kicker") == ["Release report · stack dev"]
    assert found.texts("h1") == ["digits released"]
    assert found.texts("p", "default") == ["Default mlp-1 → to mlp-2"]
    assert list(zip(found.texts("dt"), found.texts("dd"), strict=True)) == [
        ("Endpoint", "digits9"),
        ("Ended", "2026-11-30 08:44 UTC"),
        ("Took", "2 min"),
        ("By", "ada@example.com"),
        ("Commit", "01234567 and changes that are not committed"),
        ("Run", "https://dev.azure.com/org/p/_build/results?buildId=18"),
        ("rows", "20"),
        ("took", "41 s"),
        ("job", "j-1"),
    ]
    assert found.texts("h2") == ["What changed", "Where the time went", "Try-out"]
    (done,) = found.all("ol", "done")
    assert done.text == "created mlp-2 tried mlp-2 (20 rows, 41 s) default mlp-1 → mlp-2"
    assert found.texts("tr")[1:] == [
        "mlp serves mlp-1 → to mlp-2 cdcdcdcdcdcd → to abababababab",
        "cnn cnn-1 efefefefefef",
    ]
    assert found.texts("ul", "differences") == ["compared with mlp-1:"]


def test_steps_are_bars_on_one_scale() -> None:
    found = read(Release("digits", RELEASED))
    (bars,) = found.all("ol", "bars")
    assert bars.text == (
        "read what is live 0.4 s, from 0.0 s create revisions 25 s, from 0.4 s try out 70 s, from 25 s "
        "switch the default 5.0 s, from 95 s"
    )
    assert [each.attributes["style"] for each in found.all("span", "bar")] == [
        *("left:0.0%;width:0.4%", "left:0.4%;width:24.6%", "left:25.0%;width:70.0%", "left:95.0%;width:5.0%"),
    ]
    (marks,) = found.all("div", "marks")
    assert marks.text == "0 s 30 s 60 s 90 s"


def test_a_failure_says_where_and_why() -> None:
    found = read(Release("digits", FAILED))
    assert found.texts("h1") == ["digits failed"]
    assert found.texts("p", "default") == ["Default mlp-1, as before"]
    assert found.texts("section", "notice") == [
        "Failed at step “create revisions” creating deployment mlp-2 failed: no nodes"
    ]
    assert found.texts("li", "bad") == ["create revisions failed 2.5 s, from 0.5 s"]
    assert found.texts("p", "quiet") == ["Nothing was sent."]


def test_a_rollback_has_no_steps() -> None:
    found = read(Release("digits", ROLLED_BACK))
    assert found.texts("h2") == ["What changed"]
    assert found.texts("p", "default") == ["Default mlp-2 → to mlp-1"]


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        (replace(FAILED, default=None, previous_default=None), "No default"),
        (replace(RELEASED, previous_default=None), "Default (none) → to mlp-2"),
        (replace(FAILED, default=None), "Default mlp-1 → to (none)"),
    ],
)
def test_an_endpoint_can_have_no_default(entry: Entry, says: str) -> None:
    assert read(Release("digits", entry)).texts("p", "default") == [says]


def test_several_endpoints_have_one_page() -> None:
    found = read(Release("digits", RELEASED), Release("letters", FAILED))
    assert found.texts("title") == ["Release of digits, letters"]
    assert found.texts("nav") == ["digits released letters failed"]
    links = [each.attributes["href"] for each in found.all("a") if each.attributes["href"].startswith("#")]
    assert links == [f"#{each.attributes['id']}" for each in found.all("article")]


def test_nothing_of_an_entry_is_markup() -> None:
    found = read(Release(HOSTILE, hostile(HOSTILE), hostile(HOSTILE)), stack=HOSTILE)
    assert found.all("script") == []
    assert found.texts("h1") == [f"{HOSTILE} failed"]
    assert {name for each in found.elements for name in each.attributes if name.startswith("on")} == set()


def test_the_page_needs_nothing_else() -> None:
    found = read(Release("digits", RELEASED, BEFORE))
    (policy,) = (each for each in found.all("meta") if "http-equiv" in each.attributes)
    assert policy.attributes["content"] == "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
    assert {each.name for each in found.elements} & {"script", "link", "iframe", "object", "embed"} == set()
    assert [each for each in found.elements if "src" in each.attributes] == []


def test_only_an_address_is_a_link() -> None:
    found = read(Release("digits", replace(RELEASED, run_url="javascript:alert(1)")))
    assert found.all("a") == []
    assert "javascript:alert(1)" in found.texts("dd")


def test_queries_of_addresses_are_hidden() -> None:
    secret = "reading https://a.blob.core.windows.net/c/b?sig=secret failed"
    html = page.html([Release("digits", replace(FAILED, error=secret, warnings=(secret,)))], "")
    assert "sig=secret" not in html
    assert "https://a.blob.core.windows.net/c/b?***" in html
