"""Settings, login, retries, functions, the generated schema and the process, each as the engine or Azure sees it."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from provider_harness import (
    CLIENT,
    GROUP,
    LOGIN,
    OBJECT,
    SUBSCRIPTION,
    TENANT,
    WORKSPACE,
    Engine2Provider,
    Scripted,
    play,
    refused,
)
from pulumi_standins.azure_native import config, schema
from pulumi_standins.azure_native.clock import time_scale
from pulumi_standins.azure_native.errors import LoginMissingError, ProviderError, RefusedError
from pulumi_standins.azure_native.login import Login
from pulumi_standins.azure_native.package import package_schema
from pulumi_standins.azure_native.resources import RESOURCES
from pulumi_standins.azure_native.transport import Transport

pytestmark = pytest.mark.usefixtures("quick_provider")

ROOT = Path(__file__).resolve().parents[3]
# Seconds, from and to: 20, 60 and 140, times 0.8 to 1.3, at most 120.
BACKOFF = [(16, 26), (48, 78), (112, 120)]
IDENTITY = "managedidentity:UserAssignedIdentity"
IDENTITY_INPUTS = {"resourceGroupName": "g", "resourceName": "i", "location": "x"}
COMPLETE = {"ARM_CLIENT_ID": "c", "ARM_TENANT_ID": "t", "ARM_SUBSCRIPTION_ID": "s", "ARM_CLIENT_SECRET": "x"}


def test_config_wins_over_the_environment_key_by_key() -> None:
    settings = config.read({"tenantId": "configured", "location": "westus"}, COMPLETE)
    assert settings == config.Settings("s", "configured", "c", "x", "westus", skip_read=False)
    assert config.read({}, {**COMPLETE, "ARM_SKIP_READ_ON_UPDATE": "true"}).skip_read
    assert not config.read({}, {**COMPLETE, "ARM_SKIP_READ_ON_UPDATE": "1"}).skip_read


@pytest.mark.parametrize(
    ("missing", "label"),
    [("ARM_SUBSCRIPTION_ID", "Subscription ID"), ("ARM_TENANT_ID", "Tenant ID"), ("ARM_CLIENT_ID", "Client ID")],
)
def test_a_missing_part_of_the_login_is_named(missing: str, label: str) -> None:
    with pytest.raises(LoginMissingError) as raised:
        config.read({}, {name: value for name, value in COMPLETE.items() if name != missing})
    assert str(raised.value).startswith(
        f"A {label} must be configured when authenticating as a Service Principal using a Client Secret. Set {missing}"
    )


def test_no_login_at_all_says_what_to_do() -> None:
    with pytest.raises(LoginMissingError) as raised:
        config.read({}, {})
    assert "`python -m sandbox run -- pulumi ...`" in str(raised.value)
    assert "`az login`" in str(raised.value)
    assert str(raised.value).endswith("Nothing was created.")


@pytest.mark.parametrize(
    ("variable", "value", "what"),
    [
        ("ARM_USE_DEFAULT_AZURE_CREDENTIAL", "true", "the default Azure credential chain"),
        ("ARM_CLIENT_CERTIFICATE_PATH", "/x.pfx", "a client certificate"),
        ("ARM_USE_MSI", "true", "a managed identity"),
    ],
)
def test_other_logins_are_refused_by_name(variable: str, value: str, what: str) -> None:
    with pytest.raises(RefusedError) as raised:
        config.read({}, {variable: value})
    assert str(raised.value).startswith(f"{variable} selects {what}, which the azure-native stand-in does not support")
    # A client secret is chosen before a managed identity, after the other two.
    if variable == "ARM_USE_MSI":
        assert config.read({}, {**COMPLETE, variable: value}).client_id == "c"
    else:
        with pytest.raises(RefusedError):
            config.read({}, {**COMPLETE, variable: value})


FEDERATED = {name: value for name, value in COMPLETE.items() if name != "ARM_CLIENT_SECRET"} | {"ARM_USE_OIDC": "true"}
ASKING = {"ACTIONS_ID_TOKEN_REQUEST_URL": "https://runner/token?v=1", "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "r"}


def test_a_federated_login_takes_a_token_then_its_file_then_an_address(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("from a file", encoding="utf-8")
    both = {**FEDERATED, "ARM_OIDC_TOKEN_FILE_PATH": str(file), **ASKING}
    assert config.read({}, {**both, "ARM_OIDC_TOKEN": "given"}).federation == config.Federation("given")
    assert config.read({}, both).federation == config.Federation("from a file")
    asked = config.Federation("", "https://runner/token?v=1", "r", "api://mine")
    assert config.read({}, {**FEDERATED, **ASKING, "ARM_OIDC_AUDIENCE": "api://mine"}).federation == asked
    assert "given" not in repr(config.read({}, {**both, "ARM_OIDC_TOKEN": "given"}))
    # A client secret is chosen before.
    assert config.read({}, {**both, "ARM_CLIENT_SECRET": "x"}).federation is None


@pytest.mark.parametrize(
    ("environ", "text"),
    [
        (FEDERATED, "A OIDC token or request URL and token must be configured when authenticating with OIDC. Set ARM_"),
        ({**FEDERATED, "ARM_OIDC_TOKEN_FILE_PATH": "/no/file"}, "failed to read OIDC token from /no/file: "),
        (
            {**FEDERATED, "ARM_TENANT_ID": ""},
            "A Tenant ID must be configured when authenticating with OIDC. Set ARM_TE",
        ),
    ],
)
def test_a_federated_login_that_lacks_something_names_it(environ: dict[str, str], text: str) -> None:
    with pytest.raises(LoginMissingError) as raised:
        config.read({}, environ)
    assert str(raised.value).startswith(text)
    assert str(raised.value).endswith("Nothing was created.")


@pytest.mark.parametrize(
    ("variable", "value"), [("ARM_ENVIRONMENT", "usgovernment"), ("ARM_METADATA_HOSTNAME", "https://x")]
)
def test_other_clouds_are_refused(variable: str, value: str) -> None:
    with pytest.raises(RefusedError, match=variable):
        config.read({}, {**COMPLETE, variable: value})


def test_an_old_engine_and_a_missing_login_are_refused_by_configure() -> None:
    async def scenario(engine: Engine2Provider) -> None:
        failure = await refused(engine.configure(sends_old_inputs=False))
        assert failure.text == "Azure Native provider requires Pulumi CLI v3.74.0 or later"
        assert (await refused(engine.configure({}))).text.startswith("no Azure login: ")
        assert (await refused(engine.create(IDENTITY, IDENTITY_INPUTS))).text.endswith("before Configure")
        answer = await engine.configure()
        assert (answer.supportsPreview, answer.supports_autonaming_configuration) == (True, True)
        assert (answer.acceptSecrets, answer.acceptResources, answer.acceptOutputs) == (False, False, False)

    play(scenario, configured=False)


def test_a_token_is_asked_for_once_and_a_wrong_secret_is_reported_without_it() -> None:
    async def scenario(engine: Engine2Provider) -> None:
        await engine.create(IDENTITY, IDENTITY_INPUTS)
        assert engine.arm.tokens == [
            {
                "grant_type": "client_credentials",
                "client_id": CLIENT,
                "client_secret": "s3cret",
                "scope": "https://management.azure.com/.default",
            }
        ]
        await engine.configure({**LOGIN, "clientSecret": "wr0ng"})
        failure = await refused(engine.create(IDENTITY, IDENTITY_INPUTS))
        assert "RESPONSE 401: AADSTS7000215: Invalid client secret provided." in failure.text
        assert "wr0ng" not in failure.text
        assert len(engine.arm.tokens) == 2

    play(scenario)


def test_an_assertion_stands_in_the_place_of_the_secret() -> None:
    async def scenario(engine: Engine2Provider) -> None:
        federated = {**LOGIN, "clientSecret": "", "useOidc": "true"}
        await engine.configure({**federated, "oidcToken": "assertion"})
        await engine.create(IDENTITY, IDENTITY_INPUTS)
        assert engine.arm.tokens[-1] == {
            "grant_type": "client_credentials",
            "client_id": CLIENT,
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "client_assertion": "assertion",
            "scope": "https://management.azure.com/.default",
        }
        # Every sign-in requests a new assertion from a runner's address, with its audience.
        engine.arm.script("GET", "^/runner$", Scripted(200, {"value": "fresh"}), Scripted(401, "no more"))
        asking = {"oidcRequestUrl": f"{engine.arm.address}/runner?job=1", "oidcRequestToken": "bearer"}
        await engine.configure({**federated, **asking})
        await engine.create(IDENTITY, {**IDENTITY_INPUTS, "resourceName": "other"})
        assert engine.arm.tokens[-1]["client_assertion"] == "fresh"
        (asked,) = engine.arm.seen("GET", "^/runner$")
        assert asked.query == {"job": "1", "audience": "api://AzureADTokenExchange"}
        assert asked.headers["Authorization"] == "Bearer bearer"
        await engine.configure({**federated, **asking})
        failure = await refused(engine.create(IDENTITY, IDENTITY_INPUTS))
        assert failure.text == "GitHub OIDC: 401 with response: no more"

    play(scenario, configured=False)


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_three_retries_then_the_last_answer(status: int) -> None:
    async def scenario(engine: Engine2Provider) -> None:
        engine.arm.script("PUT", "", *[Scripted(status, {"error": {"code": "Busy", "message": "m"}})] * 4)
        failure = await refused(engine.create(IDENTITY, IDENTITY_INPUTS))
        assert failure.text == f'Status={status} Code="Busy" Message="m"'
        assert len(engine.arm.seen("PUT")) == 4

    play(scenario)


@pytest.mark.parametrize(
    ("answer", "puts"),
    [
        (Scripted(drop=True), 2),
        (Scripted(409, {"error": {"code": "AnotherOperationInProgress", "message": "m"}}), 2),
        (Scripted(409, {"error": {"code": "Conflict", "message": "m"}}), 1),
        (Scripted(429, None, {"Retry-After": "121"}), 1),
        (Scripted(429, None, {"Retry-After": "120"}), 2),
    ],
)
def test_what_is_retried(answer: Scripted, puts: int) -> None:
    async def scenario(engine: Engine2Provider) -> None:
        engine.arm.script("PUT", "", answer)
        work = engine.create(IDENTITY, IDENTITY_INPUTS)
        if puts == 1:
            await refused(work)
        else:
            await work
        assert len(engine.arm.seen("PUT")) == puts

    play(scenario)


def test_waits_are_the_services_own_or_20_60_120_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []

    async def sleep(_: Transport, seconds: float) -> None:
        waits.append(seconds)

    monkeypatch.setattr(Transport, "sleep", sleep)

    async def scenario(engine: Engine2Provider) -> None:
        asked = [{"retry-after-ms": "1500", "Retry-After": "9"}, {"x-ms-retry-after-ms": "70", "Retry-After": "9"}]
        engine.arm.script("PUT", "", *(Scripted(503, None, headers) for headers in [*asked, {"Retry-After": "2"}]))
        await engine.create(IDENTITY, IDENTITY_INPUTS)
        assert waits == [1.5, 0.07, 2.0]
        waits.clear()
        engine.arm.resources.clear()
        engine.arm.script("PUT", "", *[Scripted(503)] * 3)
        await engine.create(IDENTITY, IDENTITY_INPUTS)
        assert [low <= wait <= high for wait, (low, high) in zip(waits, [(16, 26), (48, 78), (112, 120)], strict=True)]
        assert all(low <= wait <= high for wait, (low, high) in zip(waits, BACKOFF, strict=True))
        waits.clear()
        await engine.delete(IDENTITY, f"{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/i")
        engine.arm.script("PUT", "workspaces", Scripted(202, None, {"Location": "/op"}))
        engine.arm.script("DELETE", "workspaces", Scripted(202, None, {"Location": "/op"}))
        engine.arm.script("GET", "/op", Scripted(200, {}), Scripted(200, {}))
        workspace = {"resourceGroupName": "g", "workspaceName": "w-1", "location": "x"}
        await engine.create("machinelearningservices:Workspace", workspace)
        await engine.delete("machinelearningservices:Workspace", WORKSPACE)
        assert waits == [10.0, 30.0]

    play(scenario)


@pytest.mark.parametrize("value", ["fast", "-1", "inf", "nan"])
def test_a_wrong_time_scale_is_named(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("SANDBOX_PROVIDER_TIME_SCALE", value)
    with pytest.raises(ProviderError, match=f"SANDBOX_PROVIDER_TIME_SCALE is '{value}'"):
        time_scale()
    monkeypatch.delenv("SANDBOX_PROVIDER_TIME_SCALE")
    assert time_scale() == 1


def test_functions() -> None:
    async def scenario(engine: Engine2Provider) -> None:
        assert await engine.invoke("authorization:getClientConfig") == {
            "clientId": CLIENT,
            "objectId": OBJECT,
            "subscriptionId": SUBSCRIPTION,
            "tenantId": TENANT,
        }
        assert (await engine.invoke("authorization:getClientToken"))["token"].startswith("e30.")
        await engine.invoke("authorization:getClientToken", {"endpoint": "https://vault.azure.net/"})
        assert engine.arm.tokens[-1]["scope"] == "https://vault.azure.net/.default"
        names = {"resourceGroupName": "g", "workspaceName": "w-1"}
        failure = await refused(engine.invoke("machinelearningservices:getWorkspace", names))
        assert failure.text.startswith(f'request failed {WORKSPACE}: Status=404 Code="ResourceNotFound"')
        engine.arm.resources[WORKSPACE.lower()] = {"id": WORKSPACE, "name": "w-1", "properties": {"workspaceId": "x"}}
        assert await engine.invoke("machinelearningservices:getWorkspace", names) == {
            "azureApiVersion": "2025-12-01",
            "id": WORKSPACE,
            "name": "w-1",
            "workspaceId": "x",
        }
        engine.arm.script("POST", "listKeys", Scripted(200, {"keys": [{"keyName": "key1", "value": "v"}]}))
        store = {"resourceGroupName": "g", "accountName": "store1", "expand": "kerb"}
        keys = await engine.invoke("storage:listStorageAccountKeys", store)
        assert keys == {"keys": [{"keyName": "key1", "value": "v"}]}
        assert engine.arm.seen("POST")[0].body == {"expand": "kerb"}
        failure = await refused(engine.invoke("network:getSubnet"))
        assert failure.text.startswith(
            "the azure-native stand-in does not support the function azure-native:network:getSubnet. It supports:"
        )

    play(scenario)


def test_a_defect_is_answered_as_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> None:
        raise KeyError("oops")

    monkeypatch.setattr(schema, "token_of", broken)

    async def scenario(engine: Engine2Provider) -> None:
        failure = await refused(engine.create(IDENTITY, IDENTITY_INPUTS))
        assert failure.text.startswith("the azure-native stand-in failed in Create urn:pulumi:dev::")
        assert failure.text.endswith(": KeyError: 'oops'")

    play(scenario)


def test_every_rule_names_inputs_that_exist() -> None:
    for token, rules in RESOURCES.items():
        found = schema.resource(token)
        assert set(rules.parameters) <= set(found.inputs), token
        named = {*rules.force_new, *rules.query, *rules.rules, *rules.restored, *(path[0] for path in rules.kept_lists)}
        assert named <= set(found.inputs), token
        assert not rules.located or "location" in found.inputs, token


def test_the_package_schema_describes_what_is_served() -> None:
    document = json.loads(package_schema())
    assert sorted(document["resources"]) == sorted(RESOURCES)
    references = set(json.dumps(document).split('"#/types/')[1:])
    assert {text.partition('"')[0] for text in references} <= set(document["types"])


@pytest.fixture
def process(tmp_path: Path) -> Any:
    """The plugin's process, with the environment that the engine gives it."""
    environment = {"PATH": os.environ["PATH"], "SANDBOX_HOME": str(tmp_path), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "pulumi_standins.azure_native", "127.0.0.1:1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment) as found:
        yield found
        found.kill()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_process_prints_its_port_and_ends_on_a_signal(process: Any, number: int) -> None:
    assert int(process.stdout.readline()) > 0
    process.send_signal(number)
    rest, errors = process.communicate(timeout=20)
    assert (process.returncode, rest, errors) == (0, "", "")


def test_the_process_ends_with_its_engine(tmp_path: Path) -> None:
    # A shell stands for the engine: when it dies, the plugin's stdout closes.
    script = f"{sys.executable} -m pulumi_standins.azure_native & wait"
    environment = {"PATH": os.environ["PATH"], "SANDBOX_HOME": str(tmp_path), "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(["/bin/sh", "-c", script], stdout=subprocess.PIPE, env=environment) as engine:
        assert engine.stdout is not None
        assert int(engine.stdout.readline()) > 0
        engine.kill()
        assert engine.stdout.read() == b""


def test_the_process_loads_neither_the_sdk_nor_azure(tmp_path: Path) -> None:
    program = (
        "import sys; from pulumi_standins.protocol import use_protocol_only; use_protocol_only(); "
        "import pulumi_standins.azure_native.server; "
        "found = [n for n in sys.modules if n.startswith(('pulumi.', 'azure', 'pulumi_azure')) and 'proto' not in n]; "
        "print(sorted(found))"
    )
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "HOME": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, env=environment)
    assert done.stdout == "['pulumi.runtime']\n"


def test_an_unreachable_server_is_named() -> None:
    async def scenario() -> str:
        async with aiohttp.ClientSession() as session:
            settings = config.read({}, COMPLETE)
            login = Login(session, settings, "http://127.0.0.1:1")
            with pytest.raises(ProviderError) as raised:
                await Transport(session, login, endpoint="http://127.0.0.1:1").send("GET", "/x")
            return str(raised.value)

    text = asyncio.run(scenario())
    assert text.startswith(
        "ClientSecretCredential authentication failed. POST http://127.0.0.1:1/t/oauth2/v2.0/token could"
    )
    assert text.endswith("Check ARM_CLIENT_ID, ARM_CLIENT_SECRET, ARM_TENANT_ID and HTTPS_PROXY.")
