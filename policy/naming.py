"""The names that the machine learning service accepts.

Sources: https://learn.microsoft.com/azure/machine-learning/how-to-manage-quotas and the REST reference. The
REST reference's own patterns are looser for endpoints and deployments: the service refuses some names that match them.
"""

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from policy.properties import UNKNOWN
from policy.rule import Options, ResourceCheck, Seen

_WORDS: Final = r"[a-zA-Z]([a-zA-Z0-9]|-(?!-))*(?<!-)"
_WORDS_IN_WORDS: Final = "letters, digits and single hyphens, starting with a letter and not ending with a hyphen"


class Naming(NamedTuple):
    """One kind of name: its length, its pattern, and the pattern in words."""

    shortest: int
    longest: int
    pattern: str
    words: str

    def problem(self, name: object, path: str) -> str | None:
        """Return why the service refuses a name, or None if it does not or if the name is not known."""
        if name is None or name is UNKNOWN:
            return None
        text = str(name)
        if self.shortest <= len(text) <= self.longest and re.fullmatch(self.pattern, text):
            return None
        return f"{path} is {text!r}; it must be {self.shortest} to {self.longest} characters: {self.words}."

    def of(self, path: str) -> ResourceCheck:
        """Return a check of the name at a dotted path; a name that is not set is made by the provider."""

        def check(resource: Seen, _options: Options) -> Iterator[str]:
            if problem := self.problem(resource.properties.at(path), path):
                yield problem

        return check


WORKSPACE_NAME: Final = Naming(
    3, 33, r"[a-zA-Z0-9][a-zA-Z0-9_-]*", "letters, digits, hyphens and underscores, a letter or digit first"
)
COMPUTE_NAME: Final = Naming(
    3, 24, rf"(?![a-zA-Z0-9-]*-\d+$){_WORDS}", f"{_WORDS_IN_WORDS}, and no hyphen and then only digits at its end"
)
ENDPOINT_NAME: Final = Naming(3, 32, _WORDS, _WORDS_IN_WORDS)
DEPLOYMENT_NAME: Final = Naming(1, 32, _WORDS, _WORDS_IN_WORDS)
ASSET_NAME: Final = Naming(
    1, 255, r"[a-zA-Z0-9][a-zA-Z0-9_-]*", "letters, digits, hyphens and underscores, a letter or digit first"
)
# Names that others made, in a workspace or in a registry: many have dots (sklearn-1.5). No source has a rule for them.
USED_ASSET_NAME: Final = Naming(
    1, 255, r"[a-zA-Z0-9_][a-zA-Z0-9._-]*", "letters, digits, dots, hyphens and underscores, no dot or hyphen first"
)
