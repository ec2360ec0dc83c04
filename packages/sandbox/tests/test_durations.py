"""Durations in the emulator's JSON: what is one, and how it is answered."""

import pytest

from sandbox.azure.arm.durations import format_duration, parse_duration


@pytest.mark.parametrize(
    ("text", "seconds", "shortest"),
    [
        ("PT0S", 0, "PT0S"),
        ("P0D", 0, "PT0S"),
        ("PT120S", 120, "PT2M"),
        ("PT1.5S", 1.5, "PT1.5S"),
        ("PT90M", 5400, "PT1H30M"),
        ("P14D", 1209600, "P14D"),
        ("P1DT12H", 129600, "P1DT12H"),
        ("PT86400S", 86400, "P1D"),
        ("P1DT1H1M1.25S", 90061.25, "P1DT1H1M1.25S"),
    ],
)
def test_a_duration_is_answered_in_its_shortest_spelling(text: str, seconds: float, shortest: str) -> None:
    assert parse_duration(text) == seconds
    assert format_duration(seconds) == shortest


@pytest.mark.parametrize(
    "text",
    [
        *("", "P", "PT", "P1DT", "pt5s", "PT5s", "P1W", "P1Y", "P1M", "PT1.5H", "PT1,5S", "-PT1S", "+PT1S", " PT1S"),
        *("PT1S\n", "PT1M1H", "PT.5S", "P0001-01-01T00:00:00", "PT\u0663S", "P99999999999D"),
    ],
)
def test_what_the_services_do_not_read_is_refused(text: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the whole text follows
        parse_duration(text)
    assert str(caught.value) == (
        f"'{text}' is not an ISO 8601 duration of days, hours, minutes and seconds, such as PT2M30S"
    )
