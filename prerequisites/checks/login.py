"""The two logins of a deployment: the provider's, which makes the resources, and the release's.

Both read what `az login` left behind. In a pipeline, the provider reads `ARM_*` and the release `AZURE_*` variables, or
both ask the CI service: docs/login.md.
"""

import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

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
    "az login    (https://learn.microsoft.com/cli/azure/install-azure-cli)",
    "in a pipeline: set the variables of docs/login.md",
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


class Cli(NamedTuple):
    """The Azure CLI's login, if the provider takes it.

    Attributes:
        subscription: id of its current subscription; empty if it has no login.
        said: why it has none.
    """

    subscription: str = ""
    said: str = ""


def cli(stack: Stack) -> Cli | None:
    """Ask the Azure CLI for its login; None if the provider has another one, as far as its variables show."""
    if not _is_az(stack):
        return None
    if not shutil.which("az", path=stack.environ.get("PATH")):
        return Cli(said="the Azure CLI (az) is not on PATH")
    return _current(stack.environ)


def find(asked: Cli | None) -> Iterator[Finding]:
    """Yield the problem of a provider without a login."""
    if asked is not None and not asked.subscription:
        yield Finding(
            SUBJECT, f"Pulumi's Azure provider has no login: no ARM_* variables are set, and {asked.said}.", _COMMANDS
        )


def subscription(stack: Stack, asked: Cli | None) -> str:
    """Return the id of the subscription that the provider uses; empty if nothing says which.

    Its setting wins over ARM_SUBSCRIPTION_ID; without both, the Azure CLI's current subscription counts.
    """
    named = stack.committed.provider("subscriptionId") or stack.environ.get("ARM_SUBSCRIPTION_ID")
    return named or (asked.subscription if asked else "")


def _is_az(stack: Stack) -> bool:
    """Whether the provider takes the login of the Azure CLI: it does if nothing else is configured."""
    ways = {**SERVICE_LOGINS, **_OTHER_LOGINS}.items()
    found = (stack.committed.provider(key) or stack.environ.get(variable) for key, variable in ways)
    return all(each in {None, "", "false"} for each in found)


def _current(environ: Mapping[str, str]) -> Cli:
    command = ("az", "account", "show", "--query", "id", "--output", "tsv")
    try:
        done = subprocess.run(
            command, env=dict(environ), capture_output=True, text=True, check=False, timeout=_AZ_SECONDS
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return Cli(said=f"`az account show` did not end: {error}")
    if done.returncode == 0 and done.stdout.strip():
        return Cli(done.stdout.strip())
    lines = [line.strip().removeprefix("ERROR: ") for line in done.stderr.splitlines() if line.strip()]
    return Cli(said=f"`az account show` failed: {lines[0].rstrip('.') if lines else f'exit code {done.returncode}'}")


def _first_line(error: AzureError) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0] if lines else type(error).__name__
