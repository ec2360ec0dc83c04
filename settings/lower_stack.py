"""The key `requireReleasedIn`: the stack that has to release a model first."""

from settings.section import Section


def read_lower_stack(top: Section, stack: str) -> str | None:
    """Read the name of the stack; None without the key.

    Args:
        top: The stack's whole configuration.
        stack: The stack's own name.
    """
    if top.values.get("requireReleasedIn") in (None, ""):
        return None
    lower = top.text(
        "requireReleasedIn",
        None,
        pattern=r"[A-Za-z0-9_.-]+",
        allowed="the name of another stack of this project",
        example="staging",
    )
    if lower == stack:
        top.wrong("requireReleasedIn", "the name of another stack of this project", "staging")
    return lower
