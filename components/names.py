"""Name rules of the Azure services, and builders whose results keep them whatever they are built from.

Every resource that Pulumi names gets its physical name from its logical name and a random suffix (the provider's
autonaming). The suffix matters: deleted vaults and workspaces keep their names for days, and storage accounts, vaults
and registries share one namespace with the whole world. So what has to be right is the *logical* name: `logical`
builds one that leaves room for the suffix and holds no character that the service refuses.

The name of the stack is deliberately no part of any name. It may be 100 characters long and hold dots, and renaming a
stack would then replace everything that it deployed. It is a tag instead.

Sources: https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules, for the machine
learning names https://learn.microsoft.com/azure/machine-learning/how-to-manage-quotas and the REST reference.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass

AUTONAME_SUFFIX = 8
"""Characters that azure-native appends to a logical name when it makes a physical one (lower-case hex digits)."""

_HASH_LENGTH = 6
"""Hex digits that keep two long names apart when both had to be cut; 24 bits are plenty within one program."""


@dataclass(frozen=True)
class Rule:
    """What one kind of resource may be called.

    Attributes:
        kind: The resource, as people call it.
        shortest: Least number of characters.
        longest: Greatest number of characters.
        separator: What may stand between words; empty where the service allows letters and digits only.
        pattern: What the whole physical name must match, apart from its length.
        words: The pattern in words, for messages.
        lower: Whether capitals are refused.
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
    def room(self) -> int:
        """Greatest length of a logical name, the suffix left out."""
        return self.longest - self.suffix

    def problem(self, name: str, *, autonamed: bool = False) -> str | None:
        """Say why `name` breaks the rule, or None when it does not.

        Args:
            name: The physical name, or a logical one.
            autonamed: Whether the suffix is still to be added.
        """
        longest = self.room if autonamed else self.longest
        shortest = max(1, self.shortest - self.suffix) if autonamed else self.shortest
        if not shortest <= len(name) <= longest:
            return f"it has {len(name)} characters"
        if re.fullmatch(self.pattern, name) is None:
            return "it has characters, or an order of them, that the service refuses"
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
IDENTITY = Rule("user-assigned identity", 3, 128, "-", _WORDS, _WORDS_IN_WORDS)
WORKSPACE = Rule("machine learning workspace", 3, 33, "-", r"[a-zA-Z0-9][a-zA-Z0-9_-]*", _WORDS_IN_WORDS)
# Computes are named by the pattern of Pulumi.yaml: a hyphen, five hex digits and an x, because a name that ends in
# a hyphen and digits is refused. Without that pattern the provider copies the logical name, which must then be right
# by itself: hence the same look-ahead for both.
COMPUTE = Rule(
    "compute",
    3,
    24,
    "-",
    rf"(?![a-zA-Z0-9-]*-\d+$){_WORDS}",
    f"{_WORDS_IN_WORDS}, and no hyphen with nothing but digits after it at the end",
    suffix=7,
)
ENDPOINT = Rule("batch endpoint", 3, 32, "-", _WORDS, _WORDS_IN_WORDS)
# A revision is called <deployment>-<8 hex digits>: docs/releases.md.
DEPLOYMENT = Rule("batch deployment", 3, 32, "-", _WORDS, _WORDS_IN_WORDS, suffix=9)
ASSET = Rule(
    "model or environment",
    1,
    255,
    "-",
    r"[a-zA-Z0-9][a-zA-Z0-9_-]*",
    "letters, digits, hyphens and underscores, a letter or digit first",
    suffix=0,
)


def logical(rule: Rule, *parts: str) -> str:
    """Build a logical name from `parts`, such that the physical name keeps `rule`.

    The parts are joined with the rule's separator. A result that fits is left as it is, so that names stay readable;
    one that does not is cleaned, cut, and given a short hash of the original, so that two names stay two.

    Args:
        rule: The rule of the resource that is to be named.
        parts: Any texts at all, for example the name of a component and a word for the child.
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
    # The x keeps a hash of nothing but digits from standing alone after a hyphen, which computes refuse.
    tail = f"{rule.separator}x{digest}"
    return clean[: rule.room - len(tail)].rstrip("-") + tail


def id_parts(resource_id: str) -> Mapping[str, str]:
    """Return the parts of an ARM id by azure-mgmt-core's names for them.

    Among these are `subscription`, `resource_group`, `name` (of the outermost resource) and `resource_name` (of the
    innermost). Only what looks into an id imports that package: most stacks never do.
    """
    from azure.mgmt.core.tools import parse_resource_id  # noqa: PLC0415

    return {part: str(found) for part, found in parse_resource_id(resource_id).items()}
