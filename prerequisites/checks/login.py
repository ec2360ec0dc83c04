"""The two logins of a deployment: the provider's, which makes the resources, and the release's.

Both read what `az login` left behind. In a pipeline, the provider reads `ARM_*` and the release `AZURE_*` variables, or
both ask the CI service: docs/configuration.md#login.
"""

import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import jwt
from azure.core.exceptions import AzureError

from components.preflight.arm import HOST
from modelops import credential
from modelops.errors import UsageError
from prerequisites.checks.around import Stack
from prerequisites.checks.finding import Finding
from settings.access import SERVICE_LOGINS

SUBJECT: Final = "login"

_AZ_SECONDS: Final = 30.0
_COMMANDS: Final = (
    "az login",
    "in a pipeline: set the variables of docs/configuration.md#login",
)
_OTHER_LOGINS: Final = {"useDefaultAzureCredential": "ARM_USE_DEFAULT_AZURE_CREDENTIAL"}


@dataclass(frozen=True, slots=True)
class SignedIn:
    """The release's login: a token for Azure Resource Manager, and the object id that it is for."""

    token: str
    principal: str


def sign_in(stack: Stack) -> SignedIn | Finding:
    """Return a token, or why there is none."""
    try:
        token = credential.find(stack.environ).get_token(f"{HOST}/.default").token
        return SignedIn(token, str(jwt.decode(token, options={"verify_signature": False})["oid"]))
    except UsageError as error:
        return Finding(SUBJECT, str(error), _COMMANDS)
    except AzureError as error:
        return Finding(SUBJECT, f"no token for Azure: {_first_line(error)}", _COMMANDS)
    except (jwt.InvalidTokenError, KeyError):
        return Finding(SUBJECT, "the token for Azure does not say whose it is.", _COMMANDS)


def find(stack: Stack) -> Iterator[Finding]:
    """Yield the problems of the provider's login, as far as its variables show them."""
    if not _is_az(stack) or shutil.which("az", path=stack.environ.get("PATH")):
        return
    yield Finding(
        SUBJECT,
        "Pulumi's Azure provider has no login: no ARM_* variables are set, and the Azure CLI (az) is not on PATH.",
        (
            "install it, then az login: https://learn.microsoft.com/cli/azure/install-azure-cli",
            "in a pipeline: set the variables of docs/configuration.md#login",
        ),
    )


def subscription(stack: Stack) -> str:
    """Return the id of the subscription that the provider uses; empty if nothing says which.

    Its setting wins over ARM_SUBSCRIPTION_ID; without both, the Azure CLI's current subscription counts.
    """
    named = stack.committed.provider("subscriptionId") or stack.environ.get("ARM_SUBSCRIPTION_ID")
    if named or not _is_az(stack):
        return named or ""
    return _current(stack.environ)


def _is_az(stack: Stack) -> bool:
    """Whether the provider takes the login of the Azure CLI: it does if nothing else is configured."""
    ways = {**SERVICE_LOGINS, **_OTHER_LOGINS}.items()
    found = (stack.committed.provider(key) or stack.environ.get(variable) for key, variable in ways)
    return all(each in {None, "", "false"} for each in found)


def _current(environ: Mapping[str, str]) -> str:
    try:
        done = subprocess.run(
            ["az", "account", "show", "--query", "id", "--output", "tsv"],
            env=dict(environ),
            capture_output=True,
            text=True,
            check=False,
            timeout=_AZ_SECONDS,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def _first_line(error: AzureError) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0] if lines else type(error).__name__
