"""Questions to Azure Resource Manager that no function of the provider asks.

Each is a GET with the deployer's own token, made at deployment and never in a preview.
"""

import fnmatch
import json
import urllib.request
from collections.abc import Mapping, Sequence
from typing import Any

_HOST = "https://management.azure.com"
_API_VERSION = "2022-04-01"
"""Of Microsoft.Authorization, which everything here is about."""

_TIMEOUT_SECONDS = 10.0


def read(path: str, token: str, query: str = "") -> Any:
    """Return the JSON of one GET; `path` begins with a slash.

    Raises:
        OSError: Azure refused (`urllib.error.HTTPError`, with its status in `code`) or did not answer.
        ValueError: The answer is no JSON.
    """
    request = urllib.request.Request(  # noqa: S310 - the host is a constant
        f"{_HOST}{path}?api-version={_API_VERSION}{query}", headers={"Authorization": f"Bearer {token}"}
    )
    with urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS) as answer:  # noqa: S310
        return json.load(answer)


def permissions(scope: str, token: str) -> list[Mapping[str, Any]]:
    """Return what the caller may do at a scope: see `allows`. Raises as `read` does."""
    found: list[Mapping[str, Any]] = read(f"{scope}/providers/Microsoft.Authorization/permissions", token)["value"]
    return found


def allows(entry: Mapping[str, Any], action: str, *, data: bool = False) -> bool:
    """Say whether one entry of permissions allows an action.

    Args:
        entry: `actions` that are allowed and `notActions` that are taken out of them again, with `*` for any text; the
            same for data as `dataActions` and `notDataActions`. Each entry stands for itself.
        action: What is to be done, such as `Microsoft.Storage/storageAccounts/write`.
        data: Whether it is a data action.
    """

    def named(patterns: Sequence[str]) -> bool:
        return any(fnmatch.fnmatchcase(action.lower(), pattern.lower()) for pattern in patterns)

    allowed, taken_out = ("dataActions", "notDataActions") if data else ("actions", "notActions")
    return named(entry.get(allowed) or ()) and not named(entry.get(taken_out) or ())
