"""What a release that is stopped, or fails, says of the default."""

import pytest

from modelops.release.context import CREATE, PRUNE, READ, RECORD, REGISTER, RESTORE, SWITCH, TRY, VERIFY
from modelops.release.position import Position

BODY = "https://management.azure.com/subscriptions/s/workspaces/w/batchEndpoints/digits?api-version=1"
DEPLOYMENT = (
    "https://management.azure.com/subscriptions/s/workspaces/w/batchEndpoints/digits/deployments/a?api-version=1"
)
SENT = f"PUT {BODY}"


@pytest.mark.parametrize(
    ("happened", "position"),
    [
        ([], (READ, False, False)),
        ([REGISTER, CREATE], (CREATE, False, False)),
        ([CREATE, f"PUT {DEPLOYMENT}"], (CREATE, False, False)),
        ([CREATE, SENT], (CREATE, False, False)),
        ([SWITCH], (SWITCH, False, False)),
        ([SWITCH, f"GET {BODY}"], (SWITCH, False, False)),
        ([SWITCH, SENT], (SWITCH, True, False)),
        ([SWITCH, SENT, VERIFY], (VERIFY, True, False)),
        ([SWITCH, SENT, VERIFY, PRUNE, f"DELETE {DEPLOYMENT}"], (PRUNE, True, False)),
        # A rollback switches first and makes what is missing afterwards.
        ([SWITCH, SENT, VERIFY, REGISTER, CREATE], (CREATE, True, False)),
        ([RESTORE, SENT], (RESTORE, True, False)),
        ([RESTORE, SENT, RESTORE], (RESTORE, True, False)),
        ([RESTORE, SENT, READ, REGISTER], (REGISTER, False, True)),
        # It was accepted, but is not what is read back.
        ([RESTORE, SENT, RECORD], (RECORD, True, False)),
        # It was refused.
        ([RESTORE, SENT, f"409 {BODY}", RECORD], (RECORD, False, False)),
        ([SWITCH, SENT, f"409 {BODY}", RECORD], (RECORD, False, False)),
        # The first one was not answered, or with an internal error: it may have moved the default.
        ([SWITCH, SENT, SENT, f"409 {BODY}"], (SWITCH, True, False)),
        ([SWITCH, SENT, f"500 {BODY}"], (SWITCH, True, False)),
        ([RESTORE, REGISTER], (REGISTER, False, False)),
        ([RESTORE, SENT, READ, REGISTER, SWITCH, SENT, VERIFY], (VERIFY, True, True)),
    ],
)
def test_it_follows_steps_and_requests(happened: list[str], position: tuple[str, bool, bool]) -> None:
    found = Position()
    for each in happened:
        method, _, url = each.partition(" ")
        if method.isdigit():
            found.answered("PUT", url, int(method))
        elif url.startswith("https:"):
            found.notice(method, url)
        else:
            found.enter(each)
    assert (found.step, found.switch_sent, found.restored) == position


def test_it_says_which_request_is_the_switch() -> None:
    position = Position()
    position.enter(SWITCH)
    assert [position.notice("GET", BODY), position.notice("PUT", DEPLOYMENT), position.notice("PUT", BODY)] == [
        False,
        False,
        True,
    ]


def test_a_try_out_beside_other_steps_may_have_started_a_job() -> None:
    position = Position()
    found = []
    for each in (CREATE, TRY, CREATE, SWITCH):
        position.enter(each)
        found.append(position.is_trying)
    assert found == [False, True, True, False]
