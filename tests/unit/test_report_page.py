"""The page of a release, read as HTML. How it looks is for a browser: tests/e2e/test_report.py."""

import base64
from dataclasses import replace

import pytest

from modelops.release.history import Entry
from modelops.report import page
from modelops.report.page import Release
from tests.unit.reports import EARLIER, FAILED, RELEASED, ROLLED_BACK, Page, hostile

HOSTILE = "<script>alert(1)</script>\"'&"


def read(*releases: Release, stack: str = "") -> Page:
    return Page(page.html(releases, stack))


def test_says_what_changed_and_whence() -> None:
    found = read(Release("digits", RELEASED, EARLIER), stack="dev")
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
    assert found.texts("h2") == ["What changed", "Where the time went", "Try-out of mlp-2"]
    (done,) = found.all("ol", "done")
    assert done.text == "created mlp-2 tried mlp-2 (20 rows, 41 s) default mlp-1 → mlp-2"
    assert found.texts("tr")[1:] == [
        "mlp serves mlp-1 → to mlp-2 cdcdcdcdcdcd → to abababababab",
        "cnn cnn-1 efefefefefef",
    ]
    assert found.texts("ul", "differences") == ["compared with mlp-1:"]


WHY = {"mlp": ["code changed", "miniBatchSize 10 -> 20"]}


def test_says_why_a_revision_is_another_one() -> None:
    found = read(Release("digits", replace(RELEASED, why=WHY)))
    assert found.texts("tr") == [
        "DeploymentRevisionModel (SHA-256)Because",
        "mlp serves mlp-1 → to mlp-2 abababababab code changed, miniBatchSize 10 → 20",
        "cnn cnn-1 efefefefefef",
    ]


def test_after_a_rollback_both_are_told_what_served_and_what_changed_since_the_last_release() -> None:
    entry = replace(RELEASED, released={"mlp": "mlp-bad", "cnn": "cnn-1"}, why=WHY)
    found = read(Release("digits", entry, {**EARLIER, "mlp-bad": "99" * 32}))
    assert found.texts("tr")[1:] == [
        "mlp serves mlp-1 → to mlp-2 cdcdcdcdcdcd → to abababababab since mlp-bad: code changed, miniBatchSize 10 → 20",
        "cnn cnn-1 efefefefefef",
    ]


def test_an_entry_of_an_older_version_does_not_say_what_was_there() -> None:
    found = read(Release("digits", replace(RELEASED, before={}, released={}, why=WHY), EARLIER))
    assert found.texts("tr")[1:] == [
        "mlp serves mlp-2 abababababab code changed, miniBatchSize 10 → 20",
        "cnn cnn-1 efefefefefef",
    ]


COMPARED = {
    "revision": "mlp-2",
    "with": "mlp-1",
    "rows": 20,
    "changed": 3,
    "added": 1,
    "missing": 0,
    "key": "1",
    "columns": [{"name": "2", "numbers": 2, "largest": 5.0, "median": 0.12345}],
}


def test_figures_say_how_a_candidate_differs() -> None:
    found = read(Release("digits", replace(RELEASED, compared=(COMPARED,))))
    assert found.texts("h2")[2:] == ["Try-out of mlp-2"]
    assert found.texts("dl", "figures") == ["of 20 rows differ3 took41 s jobj-1"]
    assert [each.attributes["style"] for each in found.all("span") if "width:15" in each.attributes.get("style", "")]
    (compared,) = found.texts("p", "quiet")
    assert compared == (
        "Compared with mlp-1, which served. Rows are paired by column 1. "
        "Rows that only the new revision has: 1; that only the other has: 0."
    )
    assert found.texts("table", "numbers") == ["Numbers that differ ColumnNumbersLargest differenceMedian 2250.123"]
    assert found.all("ul", "differences") == []


def test_a_refused_candidate_has_figures_too() -> None:
    compared = {**COMPARED, "key": None, "added": 0, "columns": []}
    found = read(Release("digits", replace(FAILED, compared=(compared,))))
    assert found.texts("h2")[-1:] == ["Try-out of mlp-2 not passed"]
    assert found.texts("p", "quiet")[-1:] == ["Compared with mlp-1, which served. Rows could not be paired."]


def _sample(**changes: object) -> dict[str, object]:
    return {
        "about": "a.png",
        "changed": True,
        "candidate": [{"2": "7"}],
        "current": [{"2": "9"}],
        "input": None,
    } | changes


def shown(*samples: dict[str, object]) -> Page:
    kept = [{"revision": "mlp-2", "with": "mlp-1", "samples": list(samples)}]
    return read(Release("digits", RELEASED, samples=kept))


def test_samples_have_both_predictions_side_by_side() -> None:
    found = shown(_sample(), _sample(about="b.png", changed=False, current=[{"2": "7"}]))
    (samples,) = found.all("ul", "samples")
    assert samples.text == "a.png differs Columnmlp-1mlp-2 297 b.png Columnmlp-1mlp-2 277"
    assert found.texts("tr", "mark") == ["297"]
    assert len(found.all("li", "changed")) == 1


def test_a_first_revision_has_its_own_alone() -> None:
    (samples,) = shown(_sample(about=None, changed=False, current=None)).all("ul", "samples")
    assert samples.text == "Some rows Columnmlp-2 27"


def test_a_row_can_be_missing() -> None:
    found = shown(_sample(candidate=[{"2": "7"}, {"2": "8"}], current=[{"2": "7"}]))
    assert found.texts("tr", "mark") == ["2no row8"]


@pytest.mark.parametrize(("width", "style"), [(64, "small"), (65, "")])
def test_an_image_is_within_the_page(width: int, style: str) -> None:
    content = base64.b64encode(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + width.to_bytes(4, "big") * 2).decode()
    (image,) = shown(_sample(input={"type": "image/png", "base64": content})).all("img")
    assert image.attributes == {
        "src": f"data:image/png;base64,{content}",
        "alt": "a.png",
        **({"class": style} if style else {}),
    }


def test_an_image_without_a_name_has_a_text_too() -> None:
    (image,) = shown(_sample(about=None, input={"type": "image/gif", "base64": "R0lG"})).all("img")
    assert image.attributes["alt"] == "the input"


@pytest.mark.parametrize(
    "given",
    [
        {"type": "image/svg+xml", "base64": "AAAA"},
        {"type": "image/png", "base64": "https://example.com/a.png"},
        {"type": "image/png", "base64": ""},
        {"type": "image/png"},
        {},
    ],
)
def test_nothing_else_is_an_image(given: dict[str, str]) -> None:
    assert shown(_sample(input=given)).all("img") == []


def test_a_text_is_shown_as_it_is() -> None:
    found = shown(_sample(input={"type": "text", "text": "<b>1</b>,2\n", "isCut": True}))
    (text,) = found.all("pre")
    assert "".join(text.texts) == "<b>1</b>,2\n…"
    assert found.all("b") == []


def test_steps_at_the_same_time_are_beside_each_other() -> None:
    spans = (
        {"step": "create revisions", "subject": "mlp-2", "began": 0.0, "seconds": 40.0},
        {"step": "create revisions", "subject": "cnn-2", "began": 0.0, "seconds": 20.0, "failed": True},
        {"step": "try out", "subject": "mlp-2", "began": 40.0, "seconds": 0.0},
    )
    found = read(Release("digits", replace(FAILED, timeline=spans)))
    assert [each.attributes["style"] for each in found.all("span", "bar")] == [
        *("left:0.0%;width:100.0%", "left:0.0%;width:50.0%", "left:99.6%;width:0.4%"),
    ]
    assert found.texts("span", "step") == [
        *("create revisions mlp-2", "create revisions cnn-2 failed", "try out mlp-2"),
    ]
    assert found.texts("span", "end") == ["40 s"]


def test_a_step_that_runs_again_is_one_line() -> None:
    spans = tuple({"step": "read what is live", "subject": "", "began": at, "seconds": 0.04} for at in (0.0, 9.96))
    found = read(Release("digits", replace(RELEASED, timeline=spans)))
    assert [each.attributes["style"] for each in found.all("span", "bar")] == [
        *("left:0.0%;width:0.4%", "left:99.6%;width:0.4%"),
    ]
    assert found.texts("span", "took") == ["0.08 s: 0.04 s from 0.0 s, 0.04 s from 10 s"]


def test_steps_are_bars_on_one_scale() -> None:
    found = read(Release("digits", RELEASED))
    (bars,) = found.all("ol", "bars")
    assert bars.text == (
        "read what is live 0.4 s: 0.4 s from 0.0 s create revisions 25 s: 25 s from 0.4 s "
        "try out 70 s: 70 s from 25 s switch the default 5.0 s: 5.0 s from 95 s"
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
    assert found.texts("li", "bad") == ["create revisions failed 2.5 s: 2.5 s from 0.5 s"]
    assert found.texts("p", "quiet") == ["Nothing was sent."]


def test_a_failure_has_the_traceback_and_the_command_that_shows_the_logs() -> None:
    details = (
        '    File "score.py", line 6, in run',
        '      raise ValueError("broken")',
        "    ValueError: broken",
        "The default is unchanged: mlp-1.",
        "Its logs:",
        "  python -m modelops jobs logs j-2",
    )
    error = "step 'create revisions' failed: deployment mlp-2 did not pass."
    found = read(Release("digits", replace(FAILED, error=error, details=details)))
    (notice,) = found.all("section", "notice")
    assert ["".join(each.texts) for each in found.all("pre")] == [
        'File "score.py", line 6, in run\n  raise ValueError("broken")\nValueError: broken',
        "python -m modelops jobs logs j-2",
    ]
    assert notice.text.startswith("Failed at step “create revisions” deployment mlp-2 did not pass. File ")
    assert notice.text.endswith(
        "ValueError: broken The default is unchanged: mlp-1. Its logs: python -m modelops jobs logs j-2"
    )


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
    sampled = _sample(about=HOSTILE, candidate=[{HOSTILE: HOSTILE}], input={"type": "text", "text": HOSTILE})
    kept = [{"revision": HOSTILE, "with": HOSTILE, "samples": [sampled]}]
    found = read(Release(HOSTILE, hostile(HOSTILE), {HOSTILE: HOSTILE}, kept), stack=HOSTILE)
    assert found.all("script") == []
    assert found.texts("h1") == [f"{HOSTILE} failed"]
    assert {name for each in found.elements for name in each.attributes if name.startswith("on")} == set()


def test_the_page_needs_nothing_else() -> None:
    found = read(Release("digits", RELEASED, EARLIER))
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
