"""Which reading of Azure the sandbox has in a test: `deployed` and `fresh` start it with the test's profile."""

import pytest

HARSH = "harsh"
IN_BOTH_PROFILES = pytest.mark.parametrize(
    "profile",
    [HARSH, pytest.param("lenient", marks=pytest.mark.long(part="profiles"))],
    indirect=True,
)
"""For tests of what a release promises, whichever reading of Azure is right."""
