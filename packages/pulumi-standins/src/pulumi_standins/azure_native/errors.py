"""The errors of the stand-in, with the texts of azure-native 3.x."""

import json
from typing import Any


class ProviderError(Exception):
    """Anything that fails a call of the engine; its text is what the user sees."""


class RefusedError(ProviderError):
    """Something that the stand-in does not support; the text names it, and says what to do instead."""


class LoginMissingError(ProviderError):
    """No usable credential: no request was sent to Azure."""


class NotReadyError(ProviderError):
    """A resource exists but did not become ready: the engine stores it and the next `up` updates it.

    Attributes:
        resource_id: its ARM id.
        state: its outputs, or None if they could not be read.
    """

    def __init__(self, text: str, resource_id: str, state: dict[str, Any] | None) -> None:
        super().__init__(text)
        self.resource_id = resource_id
        self.state = state


class StoppedError(NotReadyError):
    """An accepted operation was not followed to its end: the time limit passed, or the engine stopped the call."""

    def __init__(self, resource_id: str) -> None:
        super().__init__("context canceled", resource_id, None)


class ArmError(ProviderError):
    """An error answer of ARM, with azure-native 3.x's text: `Status=400 Code="..." Message="..."`.

    Attributes:
        status: the HTTP status.
        code: ARM's error code, empty if the answer had none.
    """

    def __init__(self, status: int, body: bytes) -> None:
        self.status = status
        self.code, message = _code_and_message(body)
        text = body.decode("utf-8", "replace")
        if self.code:
            super().__init__(f'Status={status} Code="{self.code}" Message="{message}"')
        else:
            super().__init__(f'Status={status} Message="{text}"')


def _code_and_message(body: bytes) -> tuple[str, str]:
    try:
        document = json.loads(body)
    except ValueError:
        return "", ""
    if not isinstance(document, dict):
        return "", ""
    error = document.get("error")
    error = error if isinstance(error, dict) else document
    return str(error.get("code") or ""), str(error.get("message") or "")
