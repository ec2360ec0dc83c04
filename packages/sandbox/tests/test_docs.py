"""docs/behaviour.md has a row for every switch, so that no reading of unconfirmed behaviour is left out."""

from dataclasses import fields
from pathlib import Path

import pytest

from sandbox.azure.readings import PROFILES, Switches

PAGE = (Path(__file__).parents[1] / "docs" / "behaviour.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("switch", [field.name for field in fields(Switches)])
def test_every_switch_is_an_unconfirmed_row(switch: str) -> None:
    assert f"**unconfirmed**, switch `{switch}`" in PAGE


@pytest.mark.parametrize("switch", [field.name for field in fields(Switches)])
def test_the_profiles_differ_in_every_switch(switch: str) -> None:
    assert getattr(PROFILES["harsh"], switch) != getattr(PROFILES["lenient"], switch)
