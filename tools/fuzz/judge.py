"""What an answer may look like: no internal error, no hang, and a refusal in the shape that its host's clients read."""

import json
import re
import xml.etree.ElementTree as ET
from typing import Any

from tools.fuzz.exchange import Answer, Request

_NOT_MODELLED = 501
_SERVER_ERROR = 500
_REFUSED = 400
_NOT_HTTP = (400, 413, 417, 431)
"""What aiohttp itself answers, as text, to what is not HTTP, too long, or expects the unknown."""
_LOGIN = "login.microsoftonline.com"
_DEFECT = re.compile(r"The sandbox failed on request \d+: (\w+)")


def defect(request: Request, answer: Answer) -> str:
    """Return what is wrong with an answer, the same words for the same defect; "" if nothing."""
    if answer.status == 0:
        # The name of an account that does not exist would not resolve: behaviour.md.
        if answer.lost == "closed" and request.host.endswith(".blob.core.windows.net"):
            return ""
        return f"no answer: {answer.lost}"
    text = answer.body.decode(errors="replace")
    if found := _DEFECT.search(text):
        return f"SandboxDefect: {found[1]}"
    if answer.status >= _SERVER_ERROR and answer.status != _NOT_MODELLED:
        return f"status {answer.status}"
    if request.method == "HEAD" or not answer.body:
        return _bodiless(request, answer)
    if answer.status >= _REFUSED:
        return _refusal(request, answer, text)
    if "json" in answer.headers.get("content-type", ""):
        return "" if _json(text) is not _INVALID else "the body is not JSON"
    return ""


_INVALID = object()


def _no_constant(name: str) -> Any:
    raise ValueError(name)


def _json(text: str) -> Any:
    """Return what strict JSON says, without NaN and Infinity."""
    try:
        return json.loads(text, parse_constant=_no_constant)
    except ValueError:
        return _INVALID


def _bodiless(request: Request, answer: Answer) -> str:
    if request.method == "HEAD" or answer.status < _REFUSED or answer.status in (304, 404):
        return ""
    return f"status {answer.status} without a body"


def _refusal(request: Request, answer: Answer, text: str) -> str:
    if answer.headers.get("content-type", "").startswith("text/plain") and answer.status in _NOT_HTTP:
        return ""
    if request.host.endswith(".blob.core.windows.net"):
        return _in_xml(answer)
    found = _json(text)
    if not isinstance(found, dict):
        return f"status {answer.status} without a JSON object"
    error = found.get("error")
    if request.host == _LOGIN and isinstance(error, str):
        return "" if isinstance(found.get("error_description"), str) else "a refusal to sign in without a description"
    if not isinstance(error, dict) or not (_is_text(error.get("code")) and _is_text(error.get("message"))):
        return f"status {answer.status} without a code and a message"
    return ""


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value)


def _in_xml(answer: Answer) -> str:
    try:
        error = ET.fromstring(answer.body.removeprefix(b"\xef\xbb\xbf"))  # noqa: S314 - the sandbox's own answer
    except ET.ParseError:
        return f"status {answer.status} without well-formed XML"
    code = error.findtext("Code")
    if error.tag != "Error" or not code or not error.findtext("Message"):
        return f"status {answer.status} without a code and a message"
    return "" if answer.headers.get("x-ms-error-code") == code else "x-ms-error-code is not the body's code"
