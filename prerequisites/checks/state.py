"""Where Pulumi keeps the stack's state, and what encrypts the secrets in it."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

from modelops.engine.command import answer
from modelops.errors import UsageError
from prerequisites.checks.around import Stack
from prerequisites.checks.finding import Finding

SUBJECT: Final = "state"

_VARIABLE: Final = "PULUMI_CONFIG_PASSPHRASE"
_FILE: Final = f"{_VARIABLE}_FILE"
_KEY: Final = "azurekeyvault://VAULT.vault.azure.net/keys/KEY"
_LOGIN: Final = (
    "pulumi login azblob://CONTAINER?storage_account=ACCOUNT    (or: pulumi login, for Pulumi Cloud)",
    "in a pipeline: set PULUMI_BACKEND_URL",
)


class Backend(NamedTuple):
    """The state backend: whether it has the stack, and what the stack's state has.

    Attributes:
        url: its address; empty if there is none.
        exists: whether it has the stack; None if it could not be asked.
        resources: those of the stack's state.
        problem: why it could not be asked.
    """

    url: str = ""
    exists: bool | None = None
    resources: tuple[Mapping[str, Any], ...] = ()
    problem: Finding | None = None


def ask(stack: str, folder: Path) -> Backend:
    """Ask the backend that Pulumi is logged in to; nothing is created."""
    try:
        url = str(answer(["whoami", "--json"], None, folder)["url"])
        names = {str(each["name"]).rpartition("/")[2] for each in answer(["stack", "ls", "--json"], None, folder)}
        if stack.rpartition("/")[2] not in names:
            return Backend(url, exists=False)
        state = answer(["stack", "export"], stack, folder)
    except UsageError as error:
        return Backend(problem=Finding(SUBJECT, f"Pulumi cannot reach a state backend: {error}", _LOGIN))
    return Backend(url, exists=True, resources=tuple((state.get("deployment") or {}).get("resources") or ()))


def passphrase(stack: Stack, backend: Backend) -> Iterator[Finding]:
    """Yield the problems of the passphrase; Pulumi Cloud and a key of the stack file need none."""
    url = backend.url or stack.environ.get("PULUMI_BACKEND_URL", "")
    if not url or url.startswith("https://") or stack.committed.secrets_provider:
        return
    file = stack.environ.get(_FILE)
    if file and not Path(stack.folder, file).is_file():
        yield Finding(SUBJECT, f"{_FILE} is {file!r}, which is not a file.", (f"export {_FILE}=FILE",))
    elif not file and _VARIABLE not in stack.environ:
        yield Finding(
            SUBJECT,
            f"the state is not in Pulumi Cloud, so a passphrase encrypts its secrets, and {_VARIABLE} is not set.",
            (
                f"export {_VARIABLE}=...    (or {_FILE}=FILE)",
                f"or encrypt with a key: {_with_key(stack)}",
            ),
        )


def _with_key(stack: Stack) -> str:
    if stack.exists:
        return f"pulumi stack change-secrets-provider {_KEY} --stack {stack.name}"
    return f"pulumi stack init {stack.name} --secrets-provider {_KEY}"
