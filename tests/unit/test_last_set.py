"""What a release or a rollback last set, as tags: written, read back, and followed by the next."""

from dataclasses import replace

import pytest

from modelops.release import last_set
from modelops.release.last_set import LastSet, released, rolled_back
from modelops.release.live import same_tags

NOW = "2026-11-30T10:00:00Z"
OLD = LastSet(
    "mlp-b", "release", "2026-11-29T10:00:00Z", "ada@example.com", 7, earlier={"mlp-a": "2026-11-28T10:00:00Z"}
)
TAGS = {
    "modelops-default": "mlp-b",
    "modelops-set-by": "release",
    "modelops-set-at": "2026-11-29T10:00:00Z",
    "modelops-who": "ada@example.com",
    "modelops-number": "7",
    "modelops-earlier": "mlp-a@2026-11-28T10:00:00Z",
}


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(last_set, "_now", lambda: NOW)


def test_the_tags_say_what_was_set() -> None:
    assert OLD.tags() == TAGS
    assert LastSet.read({**TAGS, "stack": "dev"}) == OLD


def test_names_of_tags_may_come_back_in_other_letters() -> None:
    assert LastSet.read({name.title(): value for name, value in TAGS.items()}) == OLD


@pytest.mark.parametrize("tags", [{}, {"stack": "dev"}, {"modelops-number": "3"}, {"modelops-default": ""}])
def test_without_our_tags_nothing_is_known(tags: dict[str, str]) -> None:
    assert LastSet.read(tags) is None


def test_a_number_that_somebody_wrote_is_none() -> None:
    found = LastSet.read({**TAGS, "modelops-number": "many"})
    assert found is not None
    assert found.number == 0


def test_what_has_no_value_is_no_tag() -> None:
    """Azure refuses empty values."""
    assert LastSet("mlp-a").tags() == {"modelops-default": "mlp-a", "modelops-set-by": "release"}


def test_a_release_follows_a_release() -> None:
    assert released(OLD, "mlp-b", "mlp-c", number=8, who="app", ends_rollback=True) == LastSet(
        "mlp-c", "release", NOW, "app", 8, earlier={"mlp-b": "2026-11-29T10:00:00Z", "mlp-a": "2026-11-28T10:00:00Z"}
    )


def test_going_back_in_git_is_a_release_too() -> None:
    assert released(OLD, "mlp-b", "mlp-a", number=8, who="app", ends_rollback=True) == LastSet(
        "mlp-a", "release", NOW, "app", 8, earlier={"mlp-b": "2026-11-29T10:00:00Z"}
    )


def test_a_default_that_stays_keeps_its_time() -> None:
    assert released(OLD, "mlp-x", "mlp-b", number=8, who="app", ends_rollback=True) == replace(OLD, number=8)
    assert released(OLD, "mlp-x", "mlp-b", number=0, who="app", ends_rollback=True) == OLD


def test_the_first_record_names_the_default_that_it_found() -> None:
    assert released(None, "mlp-old", "mlp-new", number=1, who="app", ends_rollback=True) == LastSet(
        "mlp-new", "release", NOW, "app", 1, earlier={"mlp-old": ""}
    )
    assert released(None, None, "mlp-new", number=1, who="app", ends_rollback=True).earlier == {}


def test_a_rollback_names_what_it_left() -> None:
    back = rolled_back(OLD, "mlp-b", "mlp-a", planned="mlp-b", pin=None, who="ada@example.com")
    assert back == LastSet(
        "mlp-a",
        "rollback",
        NOW,
        "ada@example.com",
        7,
        abandoned=("mlp-b",),
        earlier={"mlp-b": "2026-11-29T10:00:00Z"},
    )
    assert LastSet.read(back.tags()) == back
    assert back.refuses("mlp-b", None)
    assert not back.refuses("mlp-b", "mlp-b")  # a new pin says otherwise
    assert not back.refuses("mlp-c", None)


def test_the_pin_that_was_rolled_back_is_no_new_one() -> None:
    back = rolled_back(OLD, "mlp-b", "mlp-a", planned="mlp-b", pin="mlp-b", who="")
    assert back.refuses("mlp-b", "mlp-b")
    assert back.tags()["modelops-abandoned-pin"] == "mlp-b"
    assert LastSet.read(back.tags()) == back


def test_a_second_rollback_remembers_the_first() -> None:
    """Also what somebody made the default by hand, and what an unchanged stack file would."""
    once = rolled_back(OLD, "mlp-b", "mlp-a", planned="mlp-b", pin=None, who="")
    twice = rolled_back(once, "mlp-x", "mlp-0", planned="mlp-b", pin=None, who="")
    assert twice.abandoned == ("mlp-b", "mlp-x", "mlp-a")
    forward = rolled_back(twice, "mlp-0", "mlp-b", planned="mlp-b", pin=None, who="")
    assert forward.abandoned == ("mlp-0", "mlp-x", "mlp-a")


def test_a_pin_and_a_restored_default_do_not_end_a_rollback() -> None:
    back = rolled_back(OLD, "mlp-b", "mlp-a", planned="mlp-b", pin=None, who="")
    assert released(back, "mlp-a", "mlp-0", number=8, who="", ends_rollback=False).abandoned == ("mlp-b",)
    assert released(back, "mlp-a", "mlp-b", number=8, who="", ends_rollback=False).abandoned == ()
    fixed = released(back, "mlp-a", "mlp-c", number=8, who="", ends_rollback=True)
    assert (fixed.by, fixed.abandoned, list(fixed.earlier)) == ("release", (), ["mlp-a", "mlp-b"])


def test_when_a_revision_was_the_default() -> None:
    assert OLD.when_default("mlp-b") == "2026-11-29T10:00:00Z"
    assert OLD.when_default("mlp-a") == "2026-11-28T10:00:00Z"
    assert OLD.when_default("mlp-0") is None


def test_a_tag_holds_as_many_former_defaults_as_fit() -> None:
    names = [f"{'n' * 23}-{number:08x}" for number in range(9)]
    tags = replace(OLD, earlier=dict.fromkeys(names, NOW), abandoned=tuple(names), who="w" * 300).tags()
    assert [len(value) <= 256 for value in tags.values()] == [True] * len(tags)
    found = LastSet.read(tags)
    assert found is not None
    assert list(found.earlier) == names[:4]
    assert found.abandoned == tuple(names[:7])


def test_no_comparison_of_tags_sees_ours() -> None:
    assert same_tags({"stack": "dev", **TAGS}, {"stack": "dev"})
    assert same_tags({"Modelops-Default": "x"}, {})
    assert last_set.without_ours({"stack": "dev", **TAGS}) == {"stack": "dev"}
