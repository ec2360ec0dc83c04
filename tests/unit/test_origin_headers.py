"""The emulator and the stand-in provider do not import each other, yet agree on two headers."""

from pulumi_standins.azure_native import origin as said
from sandbox.azure.arm import origin as read


def test_both_sides_have_the_same_names() -> None:
    assert (said.URN_HEADER, said.RANDOM_NAME_HEADER) == (read.URN_HEADER, read.RANDOM_NAME_HEADER)
