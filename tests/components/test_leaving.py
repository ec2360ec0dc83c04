"""Endpoints that leave the stack: what a preview says of them."""

from collections.abc import Mapping
from typing import Any

import pulumi
import pytest

from components.preflight import leaving
from modelops.runner import channel
from tests.components.recorder import Refusal, recorded

ASKED = "pulumi:pulumi:readStackOutputs"
LETTERS = {"name": "letters1a2b", "scoringUri": "https://letters1a2b.example/jobs"}
THERE = {"outputs": {"endpoints": {"digits": {"name": "digits1a2b"}, "letters": LETTERS}}}
GOES = (
    "endpoint letters (letters1a2b) is no longer in the stack file: https://letters1a2b.example/jobs stops answering, "
    "and its deployments go with it; its jobs, models and what jobs wrote stay."
)


@pytest.fixture(name="warned")
def _warned(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Be a preview, and return what it warns of."""
    said: list[str] = []
    monkeypatch.setattr(pulumi.log, "warn", lambda text, **_: said.append(text))
    monkeypatch.setattr("pulumi.runtime.is_dry_run", lambda: True)
    monkeypatch.delenv(channel.VARIABLE, raising=False)
    return said


def told(endpoints: list[str], outputs: Mapping[str, Any] | Refusal = THERE) -> None:
    recorded(lambda: leaving.tell(endpoints), answers={ASKED: outputs})  # type: ignore[dict-item]


def test_one_that_is_removed(warned: list[str]) -> None:
    told(["digits"])
    assert warned == [GOES]


def test_one_that_is_renamed_is_another_one(warned: list[str]) -> None:
    told(["digits", "alphabet"])
    assert warned == [f"{GOES} alphabet will have another address: tell the callers."]


@pytest.mark.parametrize(
    "outputs", [THERE, {"outputs": {}}, {}, Refusal("no stack named 'dev' found")], ids=["same", "none", "new", "gone"]
)
def test_nothing_leaves(warned: list[str], outputs: Mapping[str, Any] | Refusal) -> None:
    told(["digits", "letters"], outputs)
    assert warned == []


def test_an_update_does_not_say_it_again(warned: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pulumi.runtime.is_dry_run", lambda: False)
    told(["digits"])
    assert warned == []


def test_a_command_that_shows_it_from_the_engine_s_events_needs_no_second_one(
    warned: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert leaving.SHOWN == channel.VARIABLE
    monkeypatch.setenv(channel.VARIABLE, "/events")
    told(["digits"])
    assert warned == []
