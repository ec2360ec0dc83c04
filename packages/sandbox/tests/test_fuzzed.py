"""Requests that random ones have led to (tools/fuzz): each made the sandbox fail, or answer what no client reads."""

import http.client
import json
import re
import xml.etree.ElementTree as ET
from typing import Any

import pytest

import sdk_client
from sandbox.azure.arm.errors import ArmError
from sandbox.azure.machine_learning.pipelines.graph import graph_of
from sandbox.azure.machine_learning.pipelines.plan import Settings
from sandbox.edge.answers import parsed
from sandbox.testing import Sandbox

LOGIN = "login.microsoftonline.com"


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"[" * 100_000, "it has more than 64 levels"),
        (b'{"a":' * 65 + b"1" + b"}" * 65, "it has more than 64 levels"),
        (b'{"a": NaN}', "'NaN' is not a finite number"),
        (b'{"a": -Infinity}', "'-Infinity' is not a finite number"),
        (b'{"a": 1E+9999}', "'1E+9999' is not a finite number"),
        (b'{"a": "\\ud800"}', "surrogates not allowed"),
        (b'{"a": "\\uDC00"}', "surrogates not allowed"),
    ],
)
def test_json_that_nothing_could_store_is_refused(sandbox: Sandbox, body: bytes, text: str) -> None:
    path = f"/subscriptions/{sandbox.subscription}/resourceGroups/odd?api-version=2024-03-01"
    status, code, message = sandbox.request("PUT", path, body).error
    assert (status, code) == (400, "InvalidRequestContent")
    assert text in message


@pytest.mark.parametrize("body", [b"", b"null"])
def test_a_group_without_a_body(sandbox: Sandbox, body: bytes) -> None:
    path = f"/subscriptions/{sandbox.subscription}/resourceGroups/odd?api-version=2024-03-01"
    assert sandbox.request("PUT", path, body).error == (
        400,
        "InvalidRequestContent",
        "The request content was invalid: '.' must not be null.",
    )


def test_what_is_just_allowed() -> None:
    deep = b"[" * 63 + b"1.5" + b"]" * 63
    assert json.dumps(parsed(deep)).encode() == deep
    assert parsed(b'"\\ud83e\\udd8a"') == "🦊"


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/x-www-form-urlencoded", b"grant_type=\xff"),
        ("multipart/form-data", b"x"),
        ("multipart/form-data; boundary=x", b"y"),
        ("application/x-www-form-urlencoded; charset=latin-99", b"grant_type=x"),
    ],
)
def test_a_sign_in_without_a_readable_form(sandbox: Sandbox, content_type: str, body: bytes) -> None:
    path = f"/{sandbox.tenant}/oauth2/v2.0/token"
    answer = sandbox.request("POST", path, body, host=LOGIN, token="", headers={"Content-Type": content_type})
    assert (answer.status, answer.json["error_codes"]) == (400, [900144])
    assert "must contain the following parameter: 'grant_type'" in answer.json["error_description"]


def test_a_line_end_in_a_path_is_refused_as_everything_else(sandbox: Sandbox) -> None:
    answer = sandbox.request("GET", "/subscriptions/a%0D%0Ab?api-version=2022-12-01")
    assert answer.error[:2] == (404, "SubscriptionNotFound")


@pytest.mark.parametrize(
    ("identity", "text"),
    [
        ({}, "required member 'identity.type' is missing"),
        ({"type": None}, "required member 'identity.type' is missing"),
    ],
)
def test_an_identity_without_a_type(sandbox: Sandbox, identity: dict[str, Any], text: str) -> None:
    group = f"/subscriptions/{sandbox.subscription}/resourceGroups/typeless"
    sandbox.arm("PUT", group, {"location": "westeurope"}, api_version="2024-03-01")
    body = {"location": "westeurope", "identity": identity, "properties": {}}
    answer = sandbox.arm("PUT", f"{group}/providers/Microsoft.Logic/workflows/w", body, api_version="2019-05-01")
    assert answer.status == 400
    assert text in answer.error[2]


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/switches", b'"x"', 400),
        ("POST", "/switches", b"[" * 10_000, 400),
        ("POST", "/faults", b"[]", 400),
        ("POST", "/faults", b'{"action": "delay", "match": 1}', 400),
        ("POST", "/faults", b"\xff", 400),
        ("GET", "/nothing", b"", 404),
        ("PUT", "/health", b"", 405),
    ],
)
def test_the_control_api_says_what_is_wrong(sandbox: Sandbox, method: str, path: str, body: bytes, status: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", sandbox.server.control_port, timeout=10)
    headers = {"Authorization": f"Bearer {sandbox.server.control_token}", "Content-Type": "application/json"}
    connection.request(method, path, body, headers)
    response = connection.getresponse()
    assert response.status == status
    assert set(json.loads(response.read())["error"]) == {"code", "message", "details"}
    connection.close()


@pytest.fixture(name="blob_host", scope="module")
def _blob_host(sandbox: Sandbox) -> str:
    group = f"/subscriptions/{sandbox.subscription}/resourceGroups/fuzzed"
    sandbox.arm("PUT", group, {"location": "westeurope"}, api_version="2024-03-01")
    account = {"location": "westeurope", "kind": "StorageV2", "sku": {"name": "Standard_LRS"}}
    path = f"{group}/providers/Microsoft.Storage/storageAccounts/fuzzed"
    assert sandbox.arm("PUT", path, account, api_version="2024-01-01").status in (200, 202)
    sandbox.grant("deployer", "ba92f5b4-2d11-453d-a403-e96b0029c9fe", path)
    host = "fuzzed.blob.core.windows.net"
    made = sandbox.request("PUT", "/files?restype=container", host=host, headers={"x-ms-version": "2024-11-04"})
    assert made.status == 201
    return host


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [
        ("/%00/a?comp=blocklist", b"<BlockList/>", "ContainerNotFound"),
        ("/files/a?comp=blocklist", b"<?xml version='1.0' encoding='utf-99'?><BlockList/>", "InvalidXmlDocument"),
        ("/files/a%0Db", b"x", "MissingRequiredHeader"),
    ],
)
def test_a_refusal_of_the_blob_service_is_well_formed_xml(
    sandbox: Sandbox, blob_host: str, path: str, body: bytes, code: str
) -> None:
    answer = sandbox.request("PUT", path, body, host=blob_host, headers={"x-ms-version": "2024-11-04"})
    error = ET.fromstring(answer.content.removeprefix(b"\xef\xbb\xbf"))  # noqa: S314 - the sandbox's own answer
    assert (error.findtext("Code"), answer.headers["x-ms-error-code"]) == (code, code)


@pytest.mark.parametrize(
    ("jobs", "text"),
    [
        ({"a": True}, "Not an object, but bool: the job 'a'."),
        ({"a": {"component": {"command": "x"}, "inputs": 1}}, "Not an object, but int: the inputs of the job 'a'."),
        (
            {"a": {"component": {"command": "x", "inputs": {"i": "text"}}}},
            "Not an object, but str: the input 'i' of the job 'a'.",
        ),
        (
            {"a": {"component": {"command": "x"}, "outputs": ["o"]}},
            "Not an object, but list: the outputs of the job 'a'.",
        ),
    ],
)
def test_a_pipeline_of_another_shape(jobs: dict[str, Any], text: str) -> None:
    with pytest.raises(ArmError, match=re.escape(text)):
        graph_of({"type": "pipeline", "jobs": jobs}, {}, lambda _: {})


@pytest.mark.parametrize("settings", [-1, ["a"], "text", True])
def test_settings_of_a_pipeline_of_another_shape(settings: Any) -> None:
    text = f"Not an object, but {type(settings).__name__}: the settings of the pipeline."
    with pytest.raises(ArmError, match=re.escape(text)):
        Settings.read(settings)


def test_an_order_without_a_key(sandbox: Sandbox) -> None:
    workspace = sdk_client.make_workspace(sandbox, "fuzzed")
    path = f"{workspace}/models/m/versions?$orderBy=%20"
    assert sandbox.arm("GET", path, api_version="2025-12-01").error[:2] == (501, "NotModelledInSandbox")
