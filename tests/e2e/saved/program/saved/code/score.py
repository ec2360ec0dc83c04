"""Answer the same for every file."""


def init() -> None:
    """Load nothing."""


def run(mini_batch: list[str]) -> list[str]:
    """Return a line for each file."""
    return [f"{each} 42" for each in mini_batch]
