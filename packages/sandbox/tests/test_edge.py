"""The edge: which hosts answer, tokens, faults and the journal. Says nothing about any one service's answers."""

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from sandbox.testing import ARM_AUDIENCE, ML_AUDIENCE, STORAGE_AUDIENCE, Sandbox

GROUPS = "2024-03-01"


def group_path(sandbox: Sandbox, name: str) -> str:
    return f"/subscriptions/{sandbox.subscription}/resourceGroups/{name}?api-version={GROUPS}"


@pytest.mark.parametrize(
    "host", ["example.com", "management.azure.com.example.com", "blob.core.windows.net", "localhost"]
)
def test_a_host_that_is_not_emulated_is_refused_named_and_journalled(sandbox: Sandbox, host: str) -> None:
    before = sandbox.control.sequence()
    with pytest.raises(OSError, match=f"CONNECT {host}:443 refused: the sandbox does not emulate this host"):
        sandbox.request("GET", "/", host=host, token="")
    entry = sandbox.control.journal(before)[0]
    assert (entry["method"], entry["host"], entry["status"]) == ("CONNECT", host, 403)


@pytest.mark.parametrize("host", ["graph.microsoft.com", "kv.vault.azure.net", "reg.azurecr.io"])
def test_a_host_of_azures_without_a_service_behind_it_answers_501(sandbox: Sandbox, host: str) -> None:
    assert sandbox.request("GET", "/v1.0/me", host=host).error == (
        501,
        "NotModelledInSandbox",
        f"The sandbox does not model the host '{host}'. See behaviour.md of the sandbox for what it does.",
    )


@pytest.mark.parametrize(
    ("host", "path"),
    [
        ("management.azure.com", "/subscriptions?api-version=2022-12-01"),
        ("digits.westeurope.inference.ml.azure.com", "/jobs"),
        ("northeurope.api.azureml.ms", "/history/v1.0/x"),
    ],
)
def test_a_request_without_a_token_is_refused_with_the_challenge(sandbox: Sandbox, host: str, path: str) -> None:
    answer = sandbox.request("GET", path, host=host, token="")
    assert answer.error == (
        401,
        "AuthenticationFailed",
        "Authentication failed. The 'Authorization' header is missing.",
    )
    assert (
        f'authorization_uri="https://login.microsoftonline.com/{sandbox.tenant}"' in answer.headers["WWW-Authenticate"]
    )


@pytest.mark.parametrize(
    ("audience", "host"),
    [
        (ML_AUDIENCE, "management.azure.com"),
        (STORAGE_AUDIENCE, "management.azure.com"),
        (ARM_AUDIENCE, "digits.westeurope.inference.ml.azure.com"),
    ],
)
def test_a_token_for_another_audience_is_refused(sandbox: Sandbox, audience: str, host: str) -> None:
    token = sandbox.control.token(audience=audience)
    status, code, message = sandbox.request("POST", "/jobs?api-version=2022-12-01", {}, host=host, token=token).error
    assert (status, code) == (401, "InvalidAuthenticationTokenAudience")
    assert f"wrong audience or resource '{audience}'" in message


def test_storage_refuses_in_xml(sandbox: Sandbox) -> None:
    answer = sandbox.request(
        "GET", "/c?restype=container&comp=list", host="acct.blob.core.windows.net", token=sandbox.control.token()
    )
    assert answer.status == 401
    assert answer.headers["Content-Type"].startswith("application/xml")
    assert answer.headers["x-ms-error-code"] == "InvalidAuthenticationInfo"
    assert b"<Code>InvalidAuthenticationInfo</Code>" in answer.content


def test_an_expired_token_is_refused(sandbox: Sandbox) -> None:
    token = sandbox.control.token(seconds=-1)
    status, code, _ = sandbox.request("GET", group_path(sandbox, "x"), token=token).error
    assert (status, code) == (401, "ExpiredAuthenticationToken")


def test_a_forged_token_is_refused(sandbox: Sandbox) -> None:
    head, _, signature = sandbox.control.token().split(".")
    _, claims, _ = sandbox.control.token("nobody").split(".")
    for token in (f"{head}.{claims}.{signature}", "x", "a.b.c"):
        status, code, _ = sandbox.request("GET", group_path(sandbox, "x"), token=token).error
        assert (status, code) == (401, "InvalidAuthenticationToken")


def test_the_journal_has_who_what_and_outcome_and_no_secret(sandbox: Sandbox) -> None:
    before = sandbox.control.sequence()
    token = sandbox.control.token("reader")
    sandbox.request("GET", f"{group_path(sandbox, 'absent')}&sig=secret", token=token)
    (entry,) = sandbox.control.journal(before)
    assert entry["sequence"] > before
    # A query parameter that is not modelled, which must not be journalled either.
    assert (entry["method"], entry["host"], entry["status"]) == ("GET", "management.azure.com", 501)
    assert entry["path"] == f"/subscriptions/{sandbox.subscription}/resourceGroups/absent"
    assert entry["query"] == {"api-version": GROUPS, "sig": "REDACTED"}
    assert entry["principal"] == "reader"
    assert token not in json.dumps(entry)


def test_the_clients_request_id_is_echoed(sandbox: Sandbox) -> None:
    answer = sandbox.request("GET", group_path(sandbox, "x"), headers={"x-ms-client-request-id": "mine"})
    assert answer.headers["x-ms-client-request-id"] == "mine"
    assert answer.headers["x-ms-request-id"]


def test_a_comma_after_the_last_member_is_taken(sandbox: Sandbox) -> None:
    path = f"/subscriptions/{sandbox.subscription}/resourceGroups/commas?api-version=2024-03-01"
    body = b'{"location": "westeurope", "tags": {"a": "x,}", "b": "\\",]",\n }, }'
    answer = sandbox.request("PUT", path, body, headers={"Content-Type": "application/json"})
    assert (answer.status, answer.json["tags"]) == (201, {"a": "x,}", "b": '",]'})


def test_a_body_that_is_not_json_is_refused(sandbox: Sandbox) -> None:
    status, code, _ = sandbox.request("PUT", group_path(sandbox, "x"), b"{").error
    assert (status, code) == (400, "InvalidRequestContent")


def test_a_body_that_breaks_off_in_a_text_is_refused_at_once(sandbox: Sandbox) -> None:
    """A search for the text's end from each of its quotes would keep the server busy for minutes."""
    body = b'{"a": "' + b'\\"' * 100_000
    assert sandbox.request("PUT", group_path(sandbox, "x"), body).error[:2] == (400, "InvalidRequestContent")


class TestFaults:
    """Each fault meets exactly the requests that it was planted for."""

    def test_status_after_skip_for_some_times(self, faults: Sandbox) -> None:
        path = group_path(faults, "planted")
        fault = faults.control.fault(
            "status",
            method="GET",
            path="resourcegroups/planted$",
            skip=1,
            times=2,
            status=429,
            code="Busy",
            headers={"Retry-After": "2"},
        )
        answers = [faults.request("GET", path) for _ in range(4)]
        assert [answer.status for answer in answers] == [404, 429, 429, 404]
        assert answers[1].error == (429, "Busy", "injected by the sandbox's control API")
        assert answers[1].headers["Retry-After"] == "2"
        assert faults.control.hits(fault) == 2

    def test_reset_before_keeps_the_service_from_acting(self, faults: Sandbox) -> None:
        faults.control.fault("reset-before", method="PUT", path="/not-made$")
        with pytest.raises(OSError, match=r"[Cc]onnection|reset|closed"):
            faults.request("PUT", group_path(faults, "not-made"), {"location": "westeurope"})
        assert faults.request("GET", group_path(faults, "not-made")).status == 404

    def test_reset_after_loses_only_the_answer(self, faults: Sandbox) -> None:
        faults.control.fault("reset-after", method="PUT", path="/made$")
        with pytest.raises(OSError, match=r"[Cc]onnection|reset|closed"):
            faults.request("PUT", group_path(faults, "made"), {"location": "westeurope"})
        assert faults.request("GET", group_path(faults, "made")).status == 200

    def test_a_delay_ends_when_the_faults_are_removed(self, faults: Sandbox) -> None:
        before = faults.control.sequence()
        faults.control.fault("delay", path="/slow$", seconds=3600)
        with ThreadPoolExecutor(1) as pool:
            answer = pool.submit(faults.request, "GET", group_path(faults, "slow"))
            faults.control.wait(method="GET", path="/slow$", after=before, finished=False)
            assert not answer.done()
            faults.control.clear_faults()
            assert answer.result().status == 404

    @pytest.mark.parametrize(
        ("body", "text"),
        [
            ({"action": "explode"}, "action is 'explode'; allowed: status, delay, reset-before"),
            ({"action": "delay", "second": 1}, "unknown members \\['second'\\]"),
            ({"action": "delay", "match": {"path": "("}}, "match: "),
        ],
    )
    def test_a_wrong_fault_is_refused(self, faults: Sandbox, body: dict[str, object], text: str) -> None:
        with pytest.raises(ValueError, match=text):
            faults.server.control("POST", "/faults", body)


def test_the_control_api_needs_its_token(sandbox: Sandbox) -> None:
    stranger = replace(sandbox.server, control_token="guess")
    with pytest.raises(ValueError, match="the control token is missing or wrong"):
        stranger.control("GET", "/journal")


def test_clients_of_many_kinds_trust_the_certificates(sandbox: Sandbox) -> None:
    program = (
        "import requests, urllib.request, urllib.error\n"
        "hosts = ['management.azure.com', 'login.microsoftonline.com', 'acct.blob.core.windows.net',\n"
        "  'e.westeurope.inference.ml.azure.com', 'e.eastus2.inference.ml.azure.com', 'eastus.api.azureml.ms']\n"
        "for host in hosts[:2] + hosts[3:]:\n"
        "    print(requests.get(f'https://{host}/x', timeout=30).status_code)\n"
        "try:\n"
        "    urllib.request.urlopen('https://management.azure.com/x')\n"
        "except urllib.error.HTTPError as error:\n"
        "    print(error.code)\n"
        "    error.close()\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", program], env=sandbox.env, capture_output=True, text=True, check=False, timeout=60
    )
    assert (result.stdout.split(), result.stderr) == (["401", "501", "401", "401", "401", "401"], "")


def test_a_body_over_arms_limit_is_refused(sandbox: Sandbox) -> None:
    status, code, _ = sandbox.request("PUT", group_path(sandbox, "x"), b" " * (4 * 1024 * 1024 + 1)).error
    assert (status, code) == (413, "RequestEntityTooLarge")
