"""Errors of the SDKs in our words."""

import io
import json
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import pytest
from azure.core.exceptions import ClientAuthenticationError, HttpResponseError, ServiceRequestError

from modelops import advice, azure
from modelops.errors import PlanError, ReleaseError


def refused(status: int, code: str, message: str, *details: dict[str, Any], **headers: str) -> HttpResponseError:
    body = json.dumps({"error": {"code": code, "message": message, "details": details}})
    response: Any = SimpleNamespace(status_code=status, reason="", headers=headers, request=None, text=lambda *_: body)
    return HttpResponseError(response=response)


def test_a_refusal_carries_azure_s_code_status_and_request() -> None:
    error = refused(400, "UserError", "Model is broken.", **{"x-ms-correlation-request-id": "42"})
    assert azure.describe(error) == "UserError: Model is broken. (HTTP 400, request 42)."


def test_a_missing_right_says_that_roles_take_time() -> None:
    error = refused(403, "AuthorizationFailed", "No right.")
    assert azure.describe(error) == (
        "AuthorizationFailed: No right. (HTTP 403). A new role can take minutes to take effect."
    )


def test_a_refusal_without_a_message_is_told_by_its_details() -> None:
    """In ARM the reason may be below an error without a message."""
    detail = {"code": "Inner", "message": "", "details": [{"code": "QuotaExceeded", "message": "No cores left."}]}
    quota = advice.about_answer("QuotaExceeded")
    assert azure.describe(refused(409, "UserError", "", detail)) == f"QuotaExceeded: No cores left. (HTTP 409). {quota}"


def test_a_refusal_that_says_nothing_at_all_has_its_code() -> None:
    assert azure.describe(refused(409, "UserError", "")) == "UserError (HTTP 409)."


def test_the_firewall_s_hint_adds_an_address_and_replaces_none() -> None:
    response: Any = SimpleNamespace(
        status_code=403,
        reason="Forbidden",
        headers={"x-ms-request-id": "42"},
        request=SimpleNamespace(url="https://mlbatchstorage1a.blob.core.windows.net/c/b"),
        text=lambda *_: "",
    )
    error = HttpResponseError(message="This request is not authorized.", response=response)
    error.error_code = "AuthorizationFailure"  # type: ignore[attr-defined]
    assert azure.describe(error) == (
        "This request is not authorized. (HTTP 403, request 42). The storage account's firewall only lets in "
        "trusted services and `allowedIps`: add the public address of this machine to that list in the stack file, "
        "and deploy. For an adopted workspace, ask the owner of its storage to run: `az storage account "
        "network-rule add --account-name mlbatchstorage1a --ip-address ADDRESS`."
    )


# As azure-ai-ml 1.35 writes a ValidationException (_exception_helper.log_and_raise_error), shortened at its end.
COLOURED = (
    "\n\x1b[37m\n\x1b[30m\n1) One or more files or folders do not exist.\n\x1b[39m\x1b[39m\n\nDetails: \n\n"
    "\x1b[31m(x) No score.py there\x1b[39m\n{more}\nResolutions: \n1) Double-check the directory path you provided.\n"
)


def test_what_the_sdk_finds_wrong_is_told_without_its_colours() -> None:
    assert azure.describe(ValueError(COLOURED.format(more=""))) == "No score.py there"
    two = COLOURED.format(more="\x1b[31m(x) Nor a conda file\x1b[39m\n")
    assert azure.describe(ValueError(two)) == "No score.py there; Nor a conda file"


def test_colours_alone_are_no_text() -> None:
    assert azure.describe(ValueError("\n\x1b[37m\n\x1b[30m\n1) Wrong\x1b[39m\nmore")) == "1) Wrong"
    assert azure.describe(ValueError("\x1b[37m")) == "ValueError"


def test_a_missing_login_says_how_to_log_in() -> None:
    assert azure.describe(ClientAuthenticationError("No credential.\nTrace")) == (
        "The Azure login failed or is missing: No credential. Log in with `az login`, or set AZURE_TENANT_ID, "
        "AZURE_CLIENT_ID and AZURE_CLIENT_SECRET (or AZURE_FEDERATED_TOKEN_FILE; in a pipeline see "
        "docs/login.md), then run the command again."
    )


def test_no_answer_says_where_to_look(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    assert azure.describe(ServiceRequestError("Connection refused")) == (
        "no answer from Azure (Connection refused). Requests to management.azure.com go through the proxy "
        "http://127.0.0.1:9, because of HTTPS_PROXY: check that it runs, or unset HTTPS_PROXY."
    )


def test_an_error_without_text_gets_one() -> None:
    assert azure.describe(TimeoutError()) == "TimeoutError"


def test_a_step_says_what_was_being_done() -> None:
    with pytest.raises(ReleaseError) as failed, azure.step("registering model m:1"):
        raise refused(409, "Conflict", "Busy")
    assert str(failed.value) == "registering model m:1 failed: Conflict: Busy (HTTP 409)."


def test_a_step_lets_our_own_errors_and_interrupts_through() -> None:
    with pytest.raises(PlanError, match=r"^ours$"), azure.step("x"):
        raise PlanError("ours")
    with pytest.raises(KeyboardInterrupt), azure.step("x"):
        raise KeyboardInterrupt


def test_a_step_swallows_what_the_sdk_prints(monkeypatch: pytest.MonkeyPatch) -> None:
    output = io.StringIO()
    monkeypatch.setattr(sys, "stdout", output)
    with azure.step("x"):
        sys.stdout.write("...")
    assert output.getvalue() == ""


def test_only_404_means_missing() -> None:
    assert azure.is_missing(refused(404, "NotFound", "Gone"))
    assert not azure.is_missing(refused(403, "AuthorizationFailed", "No"))
    assert not azure.is_missing(ValueError("404"))


def test_a_step_swallows_nothing_of_other_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    output = io.StringIO()
    monkeypatch.setattr(sys, "stdout", output)
    inside, printed = threading.Event(), threading.Event()

    def work() -> None:
        with azure.step("x"):
            inside.set()
            assert printed.wait(60)
            sys.stdout.write("dropped")

    with ThreadPoolExecutor(1) as threads:
        ended = threads.submit(work)
        assert inside.wait(60)
        with azure.step("y"):
            sys.stdout.write("dropped, too")
        sys.stdout.write("shown")
        printed.set()
        ended.result()
    assert sys.stdout is output
    assert output.getvalue() == "shown"


@pytest.mark.parametrize(
    ("status", "code", "message", "headers", "seconds"),
    [
        (409, "AnotherOperationInProgress", "Busy.", {}, 5.0),
        (409, "AnotherOperationInProgress", "Busy.", {"Retry-After": "7"}, 7.0),
        (409, "AnotherOperationInProgress", "Busy.", {"Retry-After": "0"}, 1.0),
        (409, "Conflict", "Another operation on this or dependent resource is in progress.", {}, 5.0),
        (
            409,
            "UserError",
            "Cannot create a deployment because the endpoint is in Updating provisioning state.",
            {},
            5.0,
        ),
        (409, "UserError", "The deployment is in Failed provisioning state.", {}, None),
        (409, "UserError", "The deployment is in Succeeded provisioning state.", {}, None),
        (409, "Conflict", "'e' is being deleted; try again when that is done.", {}, 5.0),
        (409, "Conflict", "The deployment 'a' is the default of the endpoint 'e'.", {}, None),
        (400, "AnotherOperationInProgress", "Busy.", {}, None),
        (429, "TooManyRequests", "Busy.", {"Retry-After": "7"}, None),
    ],
)
def test_another_operation_is_told_from_other_refusals(
    status: int, code: str, message: str, headers: dict[str, str], seconds: float | None
) -> None:
    error = refused(status, code, message, **headers)
    assert azure.other_operation(error) == seconds
    with pytest.raises(ReleaseError) as failed, azure.step("creating deployment a"):
        raise error
    assert azure.other_operation(failed.value) == seconds
    assert azure.other_operation(ReleaseError("no nodes")) is None
