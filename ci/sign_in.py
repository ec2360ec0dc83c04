"""The login of a GitHub job: for the engine's state, too, and for as long as a release takes.

GitHub's tokens live for five minutes. The provider and the release ask for a new one whenever they need it
(modelops/credential.py). The engine, which reads its state with azidentity's DefaultAzureCredential, can only read one
from a file, when it needs it and about once an hour: so this keeps such a file fresh. An Azure CLI that signs in once
keeps an expired token, and a release of hours could not save its state.
https://github.com/Azure/azure-sdk-for-go/blob/main/sdk/azidentity/workload_identity.go
"""

import os
import tempfile
import threading
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from azure.core.exceptions import AzureError

from modelops.credential import token_of_github

_FILE: Final = "AZURE_FEDERATED_TOKEN_FILE"
_SECONDS: Final = 120.0
"""Between two tokens: less than half of a token's life."""
_COPIED: Final = ("TENANT_ID", "SUBSCRIPTION_ID", "CLIENT_ID")
"""What the provider reads as ARM_..., and everything else as AZURE_..."""


@contextmanager
def signed_in(environ: MutableMapping[str, str] = os.environ, seconds: float = _SECONDS) -> Iterator[None]:
    """Let what runs inside sign in, in a GitHub job with `id-token: write` and ARM_USE_OIDC=true; elsewhere nothing.

    Args:
        environ: its environment variables; AZURE_FEDERATED_TOKEN_FILE is there inside.
        seconds: between two tokens.

    Raises:
        AzureError: GitHub gives no token.
    """
    if environ.get("ARM_USE_OIDC") == "true":
        for name in _COPIED:
            if value := environ.get(f"AZURE_{name}"):
                environ.setdefault(f"ARM_{name}", value)
    if environ.get("ARM_USE_OIDC") != "true" or not environ.get("ACTIONS_ID_TOKEN_REQUEST_URL"):
        yield
        return
    with tempfile.TemporaryDirectory(prefix="sign-in-") as folder:
        file = Path(folder) / "token"
        _write(file, token_of_github(environ))
        stop = threading.Event()
        renewing = threading.Thread(target=_renew, args=(file, environ, stop, seconds), daemon=True)
        renewing.start()
        environ[_FILE] = str(file)
        try:
            yield
        finally:
            del environ[_FILE]
            stop.set()
            renewing.join()


def _renew(file: Path, environ: MutableMapping[str, str], stop: threading.Event, seconds: float) -> None:
    while not stop.wait(seconds):
        with suppress(AzureError):  # the last token is still good; the next one comes soon
            _write(file, token_of_github(environ))


def _write(file: Path, token: str) -> None:
    """Replace the file at once: nobody may read half a token."""
    draft = file.with_suffix(".new")
    draft.touch(mode=0o600)
    draft.write_text(token, encoding="utf-8")
    draft.replace(file)
