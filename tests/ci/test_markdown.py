"""Values in a comment: what is markup, a mention or a link in them stays text; and long comments are cut."""

import pytest

from ci.markdown import block, code, fitting, fold, table, text


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("mini_batch **10**", r"mini\_batch \*\*10\*\*"),
        ("<img src=x onerror=alert(1)>", r"\<img src=x onerror=alert(1)\>"),
        ("&lt;b&gt;", r"\&lt;b\&gt;"),
        ("https://a.b/c?sig=abc", r"https:<!-- -->//a.b/c?\*\*\*"),
        ("[link](https://a.b)", r"\[link\](https:<!-- -->//a.b)"),
        ("ask @octocat, see #12 and GH-3", "ask @<!-- -->octocat, see #<!-- -->12 and G<!-- -->H-3"),
        ("www.a.b", "w<!-- -->ww.a.b"),
        ("a | b", r"a \| b"),
        ("two\n\nlines", "two lines"),
        ("- item", r"\- item"),
        ("1. item", r"1\. item"),
        ("1.2 MiB", "1.2 MiB"),
        ("-> a", r"-\> a"),
        ("$x$", r"\$x\$"),
    ],
)
def test_text_is_no_markup(value: str, shown: str) -> None:
    assert text(value) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [("a", "`a`"), ("a`b", "`` a`b ``"), ("``", "``` `` ```"), ("a|b", r"`a\|b`"), ("a\nb", "`a b`"), ("", "")],
)
def test_code_is_code(value: str, shown: str) -> None:
    assert code(value) == shown


def test_a_block_is_closed_by_no_fence_in_it() -> None:
    assert block("a\n```\nb") == "````text\na\n```\nb\n````"


def test_a_comment_that_fits_is_whole() -> None:
    assert fitting(["a", "", "b"], 10) == "a\n\nb"


def test_a_long_comment_loses_lines_from_the_middle_of_its_longest_part() -> None:
    rows = [(f"row {each}", "x" * 40) for each in range(100)]
    whole = fold("All", table(("a", "b"), rows))
    cut = fitting(["### head", whole, "foot"], 1000)
    assert len(cut) <= 1000
    lines = cut.split("\n")
    assert lines[:6] == ["### head", "", "<details><summary>All</summary>", "", "| a | b |", "| --- | --- |"]
    assert lines[-5:] == [f"| row 99 | {'x' * 40} |", "", "</details>", "", "foot"]
    assert "*(lines are left out here; the run has all)*" in lines


def test_a_single_long_line_is_cut_too() -> None:
    assert fitting(["head", "x" * 500], 100) == "\n\n".join(
        ["head", f"{'x' * 48}\n*(lines are left out here; the run has all)*"]
    )
