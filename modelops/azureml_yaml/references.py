"""References to registered models and environments: `azureml:NAME:VERSION` and its other forms.

Source: https://learn.microsoft.com/azure/machine-learning/reference-yaml-core-syntax
"""

import re
from dataclasses import dataclass
from typing import Final, Literal

Kind = Literal["model", "environment"]

LATEST: Final = "latest"
"""The only label that the service resolves: azure-ai-ml knows no other."""

CURATED_REGISTRY: Final = "azureml"
CURATED_PREFIX: Final = "AzureML-"
"""Begins the names of Azure's environments, which the service finds without naming their registry:
https://learn.microsoft.com/python/api/azureml-core/azureml.core.environment(class)"""

_REGISTRY: Final = re.compile(r"azureml://registries/([^/\s]+)/(\w+)/([^/\s]+)/(versions|labels)/([^/\s]+)/?")
_ARM_ID: Final = re.compile(
    r"/subscriptions/[^/]+/resourceGroups/[^/]+/providers/Microsoft\.MachineLearningServices/workspaces/[^/]+/"
    r"(\w+)/([^/]+)/(versions|labels)/([^/]+)/?",
    re.IGNORECASE,
)
_SHORT: Final = re.compile(r"([^:@/\s]+)(?:([:@])([^:@/\s]+))?")


class WrongReference(Exception):  # noqa: N818 - it is about the text
    """A text that names nothing; it says what to write instead, after "is 'x'. "."""


@dataclass(frozen=True)
class Reference:
    """A registered model or environment: a version, or the label `latest` instead."""

    name: str
    version: str | None = None
    registry: str | None = None
    is_elsewhere: bool = False
    """Whether it was an ARM id, whose workspace may be another than the stack's."""
    is_bare: bool = False
    """Whether neither a version nor a label was written."""

    @property
    def words(self) -> dict[str, str]:
        """Its keys in the stack file; `label` is one that only such files may have."""
        registry = {} if self.registry is None else {"registry": self.registry}
        version = {"label": LATEST} if self.version is None else {"version": self.version}
        return {**registry, "name": self.name, **version}


def parse(text: str, kind: Kind) -> Reference:
    """Read a reference.

    Raises:
        WrongReference: It has none of the forms; the text says what to write.
    """
    if text.startswith("azureml://"):
        return _in_registry(text, kind)
    if not text.startswith("azureml:"):
        raise WrongReference(_without_prefix(text, kind))
    rest = text.removeprefix("azureml:")
    if found := _ARM_ID.fullmatch(rest):
        plural, name, by, value = found.groups()
        if plural.lower() == f"{kind}s":
            return Reference(name, _version(by, value, text), is_elsewhere=True)
    elif found := _SHORT.fullmatch(rest):
        name, sign, value = found.groups()
        if name.startswith(CURATED_PREFIX) and kind == "environment":
            return _curated(name, sign, value)
        if sign == ":" and value == LATEST:
            raise WrongReference(f"Write azureml:{name}@latest.")
        return Reference(name, _version(sign, value, text) if sign else None, is_bare=not sign)
    raise WrongReference(f"Write azureml:NAME:VERSION, with the {kind}'s name and version.")


def _in_registry(text: str, kind: Kind) -> Reference:
    found = _REGISTRY.fullmatch(text)
    if not found or found[2] != f"{kind}s":
        raise WrongReference(f"Write azureml:NAME:VERSION, or azureml://registries/REGISTRY/{kind}s/NAME/versions/1.")
    registry, _, name, by, value = found.groups()
    if by == "labels":
        raise WrongReference(
            "Write a version: the program cannot ask a registry which one a label names. "
            + _listing(registry, kind, name)
        )
    return Reference(name, value, registry)


def _listing(registry: str, kind: Kind, name: str) -> str:
    """Say how to list the versions of what is in a registry."""
    return f'In azure-ai-ml, MLClient(credential, registry_name="{registry}").{kind}s.list(name="{name}") lists them.'


def _curated(name: str, sign: str | None, value: str | None) -> Reference:
    if sign == ":" and value and value != LATEST:
        return Reference(name, value, CURATED_REGISTRY)
    raise WrongReference(
        "Write a version: the program cannot ask the registry azureml which one a label names. "
        + _listing(CURATED_REGISTRY, "environment", name)
    )


def _version(by: str, value: str, text: str) -> str | None:
    """Return the version; None for the label `latest`."""
    if by in (":", "versions"):
        return value
    if value != LATEST:
        raise WrongReference(f"Write a version in place of {value}: {text} has a label other than latest.")
    return None


def _without_prefix(text: str, kind: Kind) -> str:
    if _SHORT.fullmatch(text) and (":" in text or "@" in text):
        return f"Write azureml:{text}."
    if kind == "environment" and re.search(r"\.ya?ml$", text):
        return "Write what the file says, image and conda_file, here: a path is not taken."
    if kind == "model" and ("/" in text or "." in text):
        return f"Write {{path: {text}}} for a file or folder, or azureml:NAME:VERSION for a registered model."
    return f"Write azureml:NAME:VERSION, with the {kind}'s name and version."
