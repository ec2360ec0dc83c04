"""Why a job has no Python environment here."""


class CannotProvide(Exception):  # noqa: N818 - an outcome
    """There is no environment for a job; ``problems`` are sentences, without the environment's name."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__(" ".join(problems))
        self.problems = problems


class NoIndex(Exception):  # noqa: N818 - an outcome
    """No package index answers; the text is uv's."""
