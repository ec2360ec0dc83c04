"""The policy pack on what the program declares: each committed stack, and each optional setting of the documentation.

The rules see inputs as mocks record them; what they see on the engine: tests/e2e/test_policy.py, test_environments.py.
"""

import asyncio
import json
import runpy
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pulumi
import pytest
import yaml
from pulumi_policy.proxy import unknown_checking_proxy

from components import roles
from components.preflight.caller_roles import NEEDED
from policy import RULES, known_types
from policy.properties import Properties
from policy.rule import PRODUCTION, ResourceRule, Seen, StackRule, kind
from tests.components.recorder import DEPLOYER, Recorder, recorded
from tests.components.resource_manager import ResourceManagerDouble, answer
from tests.components.test_adoption import ANSWERS, CLUSTER, EVERYTHING, NODES, WORKSPACE, Azure

ROOT = Path(__file__).resolve().parents[2]
PROJECT = "azureml-batch-endpoint"
PRINCIPAL = "22222222-2222-2222-2222-222222222222"
STACKS = sorted(path.name.split(".")[1] for path in ROOT.glob("Pulumi.*.yaml"))
INCOMING = f"{WORKSPACE.partition('/providers')[0]}/providers/Microsoft.Storage/storageAccounts/incoming"

DEPLOYER_GROUP = {"deployer": {"principalId": PRINCIPAL, "principalType": "Group"}}
ENDPOINTS = yaml.safe_load((ROOT / "Pulumi.dev.yaml").read_text(encoding="utf-8"))["config"]["endpoints"]
MLP = ENDPOINTS["digits"]["deployments"]["mlp"]
OPTIONAL: Mapping[str, dict[str, Any]] = {
    "alerts": {"alerts": {"emails": ["ops@example.com"]}},
    "triggers": {
        "triggers": {
            "nightly": {
                "endpoint": "digits",
                "input": "https://incoming.blob.core.windows.net/images/new/",
                "startTime": "2027-01-31T02:00:00",
                "timeZone": "W. Europe Standard Time",
            }
        },
        "dataAccess": [INCOMING],
    },
    "restricted": {
        "network": "restricted",
        "allowedIps": ["203.0.113.0/24"],
        "registrySku": "Premium",
        **DEPLOYER_GROUP,
    },
    "resource group": {"resourceGroup": "scoring"},
    "deployer": DEPLOYER_GROUP,
    "data access": {"dataAccess": [INCOMING]},
    "clusters": {
        "cluster": None,
        "clusters": {"small": {"maxNodes": 2}, "large": {"maxNodes": 8}},
        "endpoints": {
            **ENDPOINTS,
            "digits": {**ENDPOINTS["digits"], "deployments": {"mlp": {**MLP, "compute": "large"}}},
        },
    },
    "existing workspace": {"workspace": {"existing": WORKSPACE}},
    "existing cluster": {"workspace": {"existing": WORKSPACE}, "cluster": {"existing": CLUSTER}},
}


def _configured(stack: str, changes: Mapping[str, Any]) -> dict[str, str]:
    declared = yaml.safe_load((ROOT / "Pulumi.yaml").read_text(encoding="utf-8"))["config"]
    defaults = {f"{PROJECT}:{key}": entry["default"] for key, entry in declared.items() if "default" in entry}
    content = yaml.safe_load((ROOT / f"Pulumi.{stack}.yaml").read_text(encoding="utf-8"))["config"]
    chosen = {key if ":" in key else f"{PROJECT}:{key}": value for key, value in {**content, **changes}.items()}
    merged = {key: value for key, value in {**defaults, **chosen}.items() if value is not None}
    return {key: value if isinstance(value, str) else json.dumps(value) for key, value in merged.items()}


@pytest.fixture(name="azure", autouse=True)
def _azure(monkeypatch: pytest.MonkeyPatch) -> None:
    nodes = "mlbatch-compute-identity-principal"
    own = {(nodes, scope): found for (principal, scope), found in EVERYTHING.items() if principal == NODES}
    contributor = [roles.DATA_SCIENTIST.id, roles.CONTRIBUTOR.id]
    azure = Azure({**EVERYTHING, **own, (DEPLOYER, WORKSPACE): contributor})
    azure.definitions = {role.id: {"actions": list(actions)} for role, actions in NEEDED.items()}

    def answers(url: str) -> Any:
        return azure(url) if "/role" in url else answer({"value": [{"actions": ["*"]}]})

    async def registered() -> None:
        """Stand for the engine's answer: mocks have no server that could call a hook."""

    ResourceManagerDouble(monkeypatch, answers)
    monkeypatch.setattr("pulumi.resource_hooks.register_resource_hook", lambda _: asyncio.ensure_future(registered()))
    monkeypatch.setattr(pulumi, "export", lambda *_: None)
    monkeypatch.chdir(ROOT)


def _declared(monkeypatch: pytest.MonkeyPatch, stack: str, changes: Mapping[str, Any]) -> list[Seen]:
    monkeypatch.setenv("PULUMI_CONFIG", json.dumps(_configured(stack, changes)))
    recorder = recorded(lambda: runpy.run_path(str(ROOT / "__main__.py")), stack, ANSWERS)
    return list(_seen(recorder))


def _seen(recorder: Recorder) -> Iterator[Seen]:
    group = WORKSPACE.partition("/providers")[0]
    for each in recorder.resources:
        inputs = dict(each.inputs)
        if not str(inputs.get("scope", "/subscriptions")).startswith("/subscriptions"):
            inputs["scope"] = f"{group}/providers/Recorded{inputs['scope']}"  # ids of the recorder are short
        request = recorder.requests[f"{each.typ}::{each.name}"]
        yield Seen(
            kind(each.typ),
            Properties(unknown_checking_proxy(inputs)),
            each.name,
            f"{each.typ}::{each.name}",
            protected=bool(request.protect),
            is_component=not request.custom,
        )


def _said(resources: list[Seen], levels: str) -> list[str]:
    """Return what the mandatory rules on single resources say with the levels of a file, as `make` chooses it."""
    file = ROOT / "policy" / f"{levels}.json"
    chosen = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    found: list[str] = []
    for rule in RULES:
        setting = chosen.get(rule.name)
        options = setting if isinstance(setting, dict) else {}
        if isinstance(rule, ResourceRule) and (setting or rule.level is not PRODUCTION):
            found += [
                f"{rule.name}: {each.name}: {said}" for each in resources for said in rule.problems(each, options)
            ]
    return found


@pytest.mark.parametrize("stack", STACKS)
def test_each_committed_stack_keeps_the_rules_at_its_levels(stack: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert _said(_declared(monkeypatch, stack, {}), stack) == []


def test_each_role_that_the_program_grants_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    (rule,) = [each for each in RULES if each.name == "authorization-assignment-known-role"]
    assert isinstance(rule, StackRule)
    resources = _declared(monkeypatch, "prod", OPTIONAL["triggers"])
    assert {each.kind for each in resources} >= {"authorization:RoleAssignment", "logic:Workflow"}
    assert rule.problems(resources) == []


@pytest.mark.parametrize("setting", OPTIONAL)
def test_each_optional_setting_keeps_the_rules(setting: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert _said(_declared(monkeypatch, "dev", OPTIONAL[setting]), "dev") == []


def test_the_list_of_types_without_a_rule_is_what_the_program_creates(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither more, so that nothing passes unjudged, nor less."""
    made: set[str] = set()
    for stack, changes in (("prod", {}), *(("dev", OPTIONAL[each]) for each in ("alerts", "triggers"))):
        made |= {each.kind for each in _declared(monkeypatch, stack, changes) if not each.is_component}
    judged = {each for rule in RULES if isinstance(rule, ResourceRule) for each in rule.kinds}
    assert made - judged == set(known_types.UNJUDGED)
