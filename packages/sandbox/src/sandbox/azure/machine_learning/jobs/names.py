"""What the service calls the jobs of an endpoint: two words and a suffix, and where the job comes from."""

import secrets
import string

_ADJECTIVES = ("amber", "brave", "calm", "clever", "eager", "gentle", "honest", "lively", "mellow", "patient", "witty")
_NOUNS = ("anchor", "basket", "candle", "garden", "harbor", "island", "lantern", "meadow", "pepper", "river", "window")
_SUFFIX = string.ascii_lowercase + string.digits


def display_name() -> str:
    """Return a new display name."""
    suffix = "".join(secrets.choice(_SUFFIX) for _ in range(10))
    return f"{secrets.choice(_ADJECTIVES)}_{secrets.choice(_NOUNS)}_{suffix}"


def start_of(endpoint: str, deployment: str) -> str:
    """Return the recorded description of a deployment's job."""
    return f"Pipeline submission for endpoint: {endpoint}, deployment: {deployment}."
