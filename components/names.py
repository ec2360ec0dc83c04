"""Name rules of the Azure services, and builders whose results always follow them.

Every resource that Pulumi names gets its physical name from its logical name and a random suffix (the provider's
autonaming). The suffix matters: deleted vaults and workspaces keep their names for days, and storage accounts, vaults
and registries share one namespace with the whole world. So the *logical* name must be valid: `logical` builds one that
leaves room for the suffix and has no character that the service refuses.

Names deliberately do not contain the name of the stack. That may be 100 characters long and contain dots, and renaming
a stack would replace everything that it deployed. It is a tag instead.

Sources: https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules, for the machine
learning names https://learn.microsoft.com/azure/machine-learning/how-to-manage-quotas and the REST reference.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass

AUTONAME_SUFFIX = 8
"""Number of characters that azure-native appends to a logical name to make a physical one (lower-case hex digits)."""

_HASH_LENGTH = 6
"""Hex digits that keep two long names different if both had to be cut; 24 bits are enough within one program."""


@dataclass(frozen=True)
class Rule:
    """The rule for the names of one kind of resource.

    Attributes:
        kind: The resource's usual name.
        shortest: Fewest characters.
        longest: Most characters.
        separator: Character between words; empty if the service allows only letters and digits.
        pattern: Pattern for the whole physical name, apart from its length.
        words: The pattern in words, for messages.
        lower: Whether upper-case letters are refused.
        suffix: Characters that autonaming adds to the logical name.
    """

    kind: str
    shortest: int
    longest: int
    separator: str
    pattern: str
    words: str
    lower: bool = False
    suffix: int = AUTONAME_SUFFIX

    @property
    def whole(self) -> str:
        """The pattern for the whole physical name, with its length."""
        return rf"(?=.{{{self.shortest},{self.longest}}}\Z){self.pattern}"

    @property
    def room(self) -> int:
        """Greatest length of a logical name, without the suffix."""
        return self.longest - self.suffix

    def problem(self, name: str, *, autonamed: bool = False) -> str | None:
        """Say why `name` breaks the rule; None if it does not.

        Args:
            name: The physical name, or a logical one.
            autonamed: Whether the suffix is still to be added.
        """
        longest = self.room if autonamed else self.longest
        shortest = max(1, self.shortest - self.suffix) if autonamed else self.shortest
        if not shortest <= len(name) <= longest:
            return f"it has {len(name)} characters"
        if re.fullmatch(self.pattern, name) is None:
            return "the service refuses some of its characters, or their order"
        return None

    def allowed(self, *, autonamed: bool = False) -> str:
        """Describe the rule in one phrase."""
        if autonamed:
            return f"{max(1, self.shortest - self.suffix)} to {self.room} characters: {self.words}"
        return f"{self.shortest} to {self.longest} characters: {self.words}"


_WORDS = r"[a-zA-Z]([a-zA-Z0-9]|-(?!-))*(?<!-)"
_WORDS_IN_WORDS = "letters, digits and single hyphens, starting with a letter and not ending with a hyphen"

RESOURCE_GROUP = Rule(
    "resource group", 1, 90, "-", r"[-\w.()]*[-\w()]", "letters, digits, underscores, hyphens, dots and brackets"
)
STORAGE_ACCOUNT = Rule("storage account", 3, 24, "", r"[a-z0-9]+", "lower-case letters and digits", lower=True)
KEY_VAULT = Rule("key vault", 3, 24, "-", _WORDS, _WORDS_IN_WORDS)
REGISTRY = Rule("container registry", 5, 50, "", r"[a-zA-Z0-9]+", "letters and digits", lower=True)
LOG_WORKSPACE = Rule("Log Analytics workspace", 4, 63, "-", _WORDS, _WORDS_IN_WORDS)
APP_INSIGHTS = Rule("Application Insights component", 1, 255, "-", _WORDS, _WORDS_IN_WORDS)
DIAGNOSTICS = Rule("diagnostic setting", 1, 255, "-", _WORDS, _WORDS_IN_WORDS)
ALERT = Rule("metric alert or action group", 1, 260, "-", _WORDS, _WORDS_IN_WORDS)
# The key in the stack file, before "-trigger" and the suffix.
WORKFLOW_KEY = Rule("trigger", 1, 27, "-", _WORDS, _WORDS_IN_WORDS, suffix=0)
WORKFLOW = Rule("Logic App", 1, 43, "-", _WORDS, _WORDS_IN_WORDS)
IDENTITY = Rule("user-assigned identity", 3, 128, "-", _WORDS, _WORDS_IN_WORDS)
WORKSPACE = Rule("machine learning workspace", 3, 33, "-", r"[a-zA-Z0-9][a-zA-Z0-9_-]*", _WORDS_IN_WORDS)
# Pulumi.yaml has the pattern for computes: a hyphen, five hex digits and an x, because the service refuses names that
# end in a hyphen and digits. Without that pattern the provider copies the logical name, which must then be valid
# itself: hence the same look-ahead for both.
COMPUTE = Rule(
    "compute",
    3,
    24,
    "-",
    rf"(?![a-zA-Z0-9-]*-\d+$){_WORDS}",
    f"{_WORDS_IN_WORDS}, and not ending in a hyphen and digits",
    suffix=7,
)
ENDPOINT = Rule("batch endpoint", 3, 32, "-", _WORDS, _WORDS_IN_WORDS)
# The name in the stack file. A revision is called <deployment>-<8 hex digits>; a long name is shortened there.
DEPLOYMENT = Rule("batch deployment", 1, 32, "-", _WORDS, _WORDS_IN_WORDS, suffix=0)
ASSET = Rule(
    "model or environment",
    1,
    255,
    "-",
    r"[a-zA-Z0-9][a-zA-Z0-9_-]*",
    "letters, digits, hyphens and underscores, starting with a letter or digit",
    suffix=0,
)
# Names that others made, in a workspace or in a registry: many have dots (sklearn-1.5). No source has a rule for them.
USED_ASSET = Rule(
    "existing model or environment",
    1,
    255,
    "-",
    r"[a-zA-Z0-9_][a-zA-Z0-9._-]*",
    "letters, digits, dots, hyphens and underscores, not starting with a dot or hyphen",
    suffix=0,
)


def logical(rule: Rule, *parts: str) -> str:
    """Build a logical name from `parts`, so that the physical name follows `rule`.

    The parts are joined with the rule's separator. A result that fits stays unchanged, so that names stay readable;
    otherwise it is cleaned, cut, and gets a short hash of the original, so that two names stay different.

    Args:
        rule: The rule for the resource's name.
        parts: Any texts, for example the name of a component and a word for the child.
    """
    plain = rule.separator.join(parts)
    if rule.problem(plain, autonamed=True) is None and not (rule.lower and plain != plain.lower()):
        return plain
    digest = hashlib.sha256("\0".join(parts).encode()).hexdigest()[:_HASH_LENGTH]
    words = re.findall(r"[a-zA-Z0-9]+", plain)
    clean = rule.separator.join(words)
    if not clean or not clean[0].isalpha():
        clean = f"n{clean}"
    if rule.lower:
        clean = clean.lower()
    # The x keeps a hash of only digits from following a hyphen, which computes refuse.
    tail = f"{rule.separator}x{digest}"
    return clean[: rule.room - len(tail)].rstrip("-") + tail


def suggestion(rule: Rule, name: str) -> str:
    """Return a name like `name` that follows `rule` with room for the suffix, or a word for the user to fill in."""
    words = rule.separator.join(re.findall(r"[a-zA-Z0-9]+", name)).lstrip("0123456789-")
    cut = words[: rule.room].rstrip("-")
    return cut if rule.problem(cut, autonamed=True) is None else "ANOTHER-NAME"


def id_parts(resource_id: str) -> Mapping[str, str]:
    """Return the parts of an ARM id by azure-mgmt-core's names for them.

    Among these are `subscription`, `resource_group`, `name` (of the outermost resource) and `resource_name` (of the
    innermost). Only what looks into an id imports that package: most stacks never do.
    """
    from azure.mgmt.core.tools import parse_resource_id  # noqa: PLC0415

    return {part: str(found) for part, found in parse_resource_id(resource_id).items()}
