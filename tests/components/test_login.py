"""The deployer: a login that works, and the one message when there is none."""

from types import SimpleNamespace

import pulumi
import pytest
from pulumi_azure_native import authorization

from components.preflight import login
from tests.components.recorder import DEPLOYER, SUBSCRIPTION, TENANT, recorded

ADVICE = (
    "No usable Azure login was found, so nothing was created or changed.\n"
    "  A person: az login, then az account set --subscription ID\n"
    "  A pipeline: set ARM_TENANT_ID, ARM_CLIENT_ID, ARM_SUBSCRIPTION_ID, and a secret or ARM_USE_OIDC=true\n"
    "  A rehearsal without Azure: python -m sandbox run -- pulumi up\n"
)


def test_who_is_signed_in() -> None:
    found: list[login.Login] = []
    recorded(lambda: found.append(login.current()))
    assert found == [login.Login(SUBSCRIPTION, TENANT, DEPLOYER)]


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        (
            "invoke of x failed: invocation of x returned an error: running az:\n  ERROR: Please run 'az login'.",
            "The provider said: running az: ERROR: Please run 'az login'.",
        ),
        ("x" * 301, f"The provider said: {'x' * 300}..."),
    ],
)
def test_without_a_login_one_message_says_what_to_do(monkeypatch: pytest.MonkeyPatch, reason: str, told: str) -> None:
    def refuse() -> None:
        raise Exception(reason)  # noqa: TRY002 - what the SDK raises

    monkeypatch.setattr(authorization, "get_client_config", refuse)
    with pytest.raises(pulumi.RunError) as raised:
        login.current()
    assert str(raised.value) == ADVICE + told


def test_a_dead_proxy_is_not_taken_for_a_missing_login(monkeypatch: pytest.MonkeyPatch) -> None:
    reason = 'Post "https://login.microsoftonline.com/t": proxyconnect tcp: dial tcp 127.0.0.1:9: connection refused'

    def refuse() -> None:
        raise Exception(f"invocation of x returned an error: {reason}")  # noqa: TRY002 - what the SDK raises

    monkeypatch.setattr(authorization, "get_client_config", refuse)
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    with pytest.raises(pulumi.RunError) as raised:
        login.current()
    assert str(raised.value) == (
        "Azure was not reached, so nothing was created or changed.\n"
        "  Requests to login.microsoftonline.com go through the proxy http://127.0.0.1:9, because of HTTPS_PROXY: "
        "check that it runs, or unset HTTPS_PROXY.\n"
        f"The provider said: {reason}"
    )


def test_a_login_without_a_subscription_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    nobody = SimpleNamespace(client_id="", object_id="", subscription_id="", tenant_id="")
    monkeypatch.setattr(authorization, "get_client_config", lambda: nobody)
    with pytest.raises(pulumi.RunError) as raised:
        login.current()
    assert str(raised.value) == f"{ADVICE}The provider said: the login does not name a subscription or a principal"
