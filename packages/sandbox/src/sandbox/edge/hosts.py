"""The public host names of the sandbox, and the service behind each."""

import re
from dataclasses import dataclass
from enum import StrEnum


class Service(StrEnum):
    """The part of the sandbox that answers a host."""

    ARM = "arm"
    LOGIN = "login"
    BLOB = "blob"
    SCORING = "scoring"
    WORKSPACE_API = "workspace-api"
    REFUSED = "refused"
    """A known host of Azure that is not emulated: its requests get a refusal that names it."""


@dataclass(frozen=True, slots=True)
class _Pattern:
    service: Service
    expression: re.Pattern[str]


def _pattern(service: Service, expression: str) -> _Pattern:
    return _Pattern(service, re.compile(expression, re.IGNORECASE))


_LABEL = "[a-z0-9]([a-z0-9-]*[a-z0-9])?"
_PATTERNS = (
    _pattern(Service.ARM, r"management\.azure\.com"),
    _pattern(Service.LOGIN, r"login\.microsoftonline\.com"),
    _pattern(Service.BLOB, r"[a-z0-9]{3,24}\.blob\.core\.windows\.net"),
    _pattern(Service.SCORING, rf"{_LABEL}\.[a-z0-9]+\.inference\.ml\.azure\.com"),
    _pattern(Service.WORKSPACE_API, r"[a-z0-9]+\.api\.azureml\.ms"),
    _pattern(Service.REFUSED, r"graph\.microsoft\.com"),
    _pattern(Service.REFUSED, rf"{_LABEL}\.vault\.azure\.net"),
    _pattern(Service.REFUSED, rf"{_LABEL}\.azurecr\.io"),
    _pattern(Service.REFUSED, r"[a-z0-9]{3,24}\.(queue|table|file|dfs)\.core\.windows\.net"),
)

COMMON_NAMES: tuple[str, ...] = (
    "management.azure.com",
    "login.microsoftonline.com",
    "graph.microsoft.com",
    "*.blob.core.windows.net",
    "*.api.azureml.ms",
    "*.vault.azure.net",
)
"""Names in the certificate that every sandbox issues at its start; others (of a region) are issued on demand."""


def service_of(host: str) -> Service | None:
    """Return the service of ``host`` (without a port), or None for an unknown host."""
    return next((each.service for each in _PATTERNS if each.expression.fullmatch(host)), None)


def certificate_name(host: str) -> str:
    """Return the certificate name that covers ``host``: itself, or a wildcard, which covers one label (RFC 6125)."""
    if host in COMMON_NAMES:
        return host
    return f"*.{host.partition('.')[2]}"
