"""A step's label: what a narrow column shows of it is its number."""

import pytest

from modelops.release import context
from modelops.release.steps import label, left_out, row_label


@pytest.mark.parametrize(
    ("step", "items", "text"),
    [
        (context.RESTORE, None, "0/8 restore the default"),
        (context.READ, None, "1/8 read what is live"),
        (context.REGISTER, None, "2/8 register models"),
        (context.CREATE, None, "3/8 create revisions"),
        (context.TRY, None, "4/8 try out"),
        (context.TRY, (12, 20), "4/8 12/20 try out"),
        (context.SWITCH, None, "5/8 switch the default"),
        (context.VERIFY, None, "6/8 verify"),
        (context.PRUNE, None, "7/8 prune"),
        (context.RECORD, None, "8/8 record the history"),
        ("start", None, "start"),
        ("", None, ""),
    ],
)
def test_a_label_begins_with_the_number(step: str, items: tuple[int, int] | None, text: str) -> None:
    assert label(step, items) == text
    assert len(text) <= 25


def test_steps_that_were_left_out_are_told_in_rows() -> None:
    begun = {context.READ, context.SWITCH, context.VERIFY, context.RECORD}
    assert [row_label(each) for each in left_out(begun)] == ["2-4/8", "7/8 prune"]
    assert [row_label(each) for each in left_out(begun, context.SWITCH)] == ["2-4/8"]
