"""The scale of every wait: retries and polling take their real time unless a test changes it."""

import os

from pulumi_standins.azure_native.errors import ProviderError


def time_scale() -> float:
    """The factor for every wait, from SANDBOX_PROVIDER_TIME_SCALE; 1 if unset.

    Raises:
        ProviderError: it is not a number, or negative.
    """
    text = os.environ.get("SANDBOX_PROVIDER_TIME_SCALE", "1")
    try:
        scale = float(text)
    except ValueError:
        scale = -1.0
    if not 0 <= scale < float("inf"):
        raise ProviderError(f"SANDBOX_PROVIDER_TIME_SCALE is {text!r}; it must be a number, 0 or more. Unset it for 1")
    return scale
