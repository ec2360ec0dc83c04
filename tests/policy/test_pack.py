"""The pack as a whole: names, texts, levels, its documentation, and the levels that the stacks' own files set."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from pulumi_policy import EnforcementLevel, ResourceValidationPolicy, StackValidationPolicy
from pulumi_policy.proxy import unknown_checking_proxy

from modelops.plan import plan, rules
from modelops.plan.scoring_settings import SETTINGS
from policy import NAME, RULES, naming, release
from policy.naming import Naming
from policy.properties import UNKNOWN, Properties, shown
from policy.rule import PRODUCTION, ResourceRule, Rule, kind
from tests.policy.world import UNKNOWN as SENT_AS_UNKNOWN

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "policy.md").read_text(encoding="utf-8")
LEVELS = sorted(path.name for path in (ROOT / "policy").glob("*.json"))
BY_NAME = {rule.name: rule for rule in RULES}


def levels(file: str) -> dict[str, Any]:
    """Return what a policy configuration file sets, without the wrapper of rules that have options."""
    content: dict[str, Any] = json.loads((ROOT / "policy" / file).read_text(encoding="utf-8"))
    return {name: value if isinstance(value, dict) else {"enforcementLevel": value} for name, value in content.items()}


def test_names_are_unique() -> None:
    assert len(BY_NAME) == len(RULES)


@pytest.mark.parametrize("rule", RULES, ids=BY_NAME)
def test_every_rule_explains_itself(rule: Rule) -> None:
    assert re.fullmatch(r"[a-z]+-[a-z]+(-[a-z0-9]+)+", rule.name)
    assert rule.description.endswith(".")
    assert rule.url.startswith("https://")
    assert rule.remedy
    assert rule.framework.name
    assert rule.framework.reference
    served = rule.policy()
    assert served.name == rule.name
    assert served.severity is not None
    assert served.remediation_steps == rule.remedy
    assert served.url == rule.url
    assert served.framework is rule.framework
    assert isinstance(served, ResourceValidationPolicy if isinstance(rule, ResourceRule) else StackValidationPolicy)


def test_what_a_user_reads() -> None:
    rule = BY_NAME["storage-account-shared-keys-off"]
    assert rule.text("allowSharedKeyAccess is true; it must be false.") == (
        "allowSharedKeyAccess is true; it must be false.\n"
        "Set allow_shared_key_access=False in components/workspace_parts/storage.py; grant a "
        "role to identities that need blobs.\n"
        "Why: https://azure.github.io/PSRule.Rules.Azure/en/rules/Azure.Storage.LocalAuth/"
    )


def test_the_page_has_exactly_these_rules_at_these_levels() -> None:
    told = dict(re.findall(r"^\| `([a-z0-9-]+)` \| (mandatory|advisory|production) \|", PAGE, re.MULTILINE))
    words = {
        EnforcementLevel.MANDATORY: "mandatory",
        EnforcementLevel.ADVISORY: "advisory",
        PRODUCTION: "production",
    }
    assert told == {rule.name: words[rule.level] for rule in RULES}


def test_the_page_tells_each_option_with_its_default() -> None:
    told = re.findall(r"`(\w+)` \((\d+|none)\)", PAGE)
    wanted = {(name, str(option.default or "none")) for rule in RULES for name, option in rule.options.items()}
    assert wanted <= set(told)


@pytest.mark.parametrize("file", LEVELS)
def test_levels_name_rules_and_options_that_there_are(file: str) -> None:
    for name, setting in levels(file).items():
        assert name in BY_NAME
        assert setting["enforcementLevel"] in ("advisory", "mandatory")
        assert setting.keys() - {"enforcementLevel"} <= BY_NAME[name].options.keys()


def test_documented_commands_name_this_pack_and_levels_that_there_are() -> None:
    """The levels are also those that `make` and the pipelines choose: the stack's own, if it has some."""
    places = [ROOT / "Makefile", ROOT / "README.md", *ROOT.glob("docs/**/*.md"), *ROOT.glob(".github/workflows/*.yml")]
    text = "\n".join(path.read_text(encoding="utf-8") for path in [*places, ROOT / "azure-pipelines.yml"])
    assert set(re.findall(r"--policy-pack ([a-z/]+)", text)) == {"policy"}
    named = set(re.findall(r"--policy-pack-config policy/([a-z]+\.json)(?: --stack ([a-z]+))?", text))
    assert {file for file, _ in named} <= set(LEVELS)
    assert {(file, f"{stack}.json") for file, stack in named if stack} == {("prod.json", "prod.json")}


def test_production_keeps_what_staging_keeps() -> None:
    assert levels("staging.json").keys() <= levels("prod.json").keys()


def test_the_pack_runs_in_the_projects_environment() -> None:
    content = yaml.safe_load((ROOT / "policy" / "PulumiPolicy.yaml").read_text(encoding="utf-8"))
    options = yaml.safe_load((ROOT / "Pulumi.yaml").read_text(encoding="utf-8"))["runtime"]["options"]
    assert content["runtime"] == {"name": "python", "options": {**options, "virtualenv": f"../{options['virtualenv']}"}}
    assert NAME == "azureml-batch"


@pytest.mark.parametrize(
    ("token", "expected"),
    [
        ("azure-native:storage:StorageAccount", "storage:StorageAccount"),
        ("azure-native:storage/v20240101:StorageAccount", "storage:StorageAccount"),
        ("azure-native:authorization/v20200801preview:RoleAssignment", "authorization:RoleAssignment"),
        ("azure-native_storage_v20240101:storage:StorageAccount", "storage:StorageAccount"),
        ("azure-native_storage_v20240101:storage/v20240101:StorageAccount", "storage:StorageAccount"),
        ("azure-native-v1:storage:StorageAccount", "azure-native-v1:storage:StorageAccount"),
        ("pulumi:index:Stash", "pulumi:index:Stash"),
        ("other:storage/v1:StorageAccount", "other:storage/v1:StorageAccount"),
    ],
)
def test_api_versions_do_not_matter(token: str, expected: str) -> None:
    assert kind(token) == expected


def test_the_marker_is_read_as_the_release_writes_it() -> None:
    assert release.SCHEMA == plan.SCHEMA
    assert naming.DEPLOYMENT_NAME.longest == rules.MAX_LOGICAL
    # The pack judges any program and so imports none of this one; where it knows a setting, the two say the same.
    least = {each.key: each.least for each in SETTINGS.values()}
    assert {key: least[key] for key in release._LEAST} == release._LEAST


@pytest.mark.parametrize(
    ("naming_rule", "good", "bad"),
    [
        (naming.WORKSPACE_NAME, "a_b-1", "_ab"),
        (naming.COMPUTE_NAME, "nodes-1x", "nodes-1"),
        (naming.COMPUTE_NAME, "n12", "1no"),
        (naming.ENDPOINT_NAME, "a" * 32, "a" * 33),
        (naming.DEPLOYMENT_NAME, "m", "m_1"),
        (naming.ASSET_NAME, "1", "a.b"),
        (naming.USED_ASSET_NAME, "a.b", "-a"),
    ],
)
def test_names(naming_rule: Naming, good: str, bad: str) -> None:
    assert naming_rule.problem(good, "it") is None
    assert naming_rule.problem(bad, "it") is not None
    assert naming_rule.problem(UNKNOWN, "it") is None
    assert naming_rule.problem(None, "it") is None


def test_properties() -> None:
    raw = {"n": 2.0, "half": 0.5, "no": None, "deep": {"x.y": {"z": True}, "gone": SENT_AS_UNKNOWN}, "list": [1.0, "a"]}
    read = Properties(unknown_checking_proxy(raw))
    assert (read.at("n"), type(read.at("n")), read.at("half"), read.at("no")) == (2, int, 0.5, None)
    assert read.at("deep.gone") is UNKNOWN
    assert read.at("deep.gone.further") is UNKNOWN
    assert read.at("n.further") is None
    assert read.at("list.0") is None
    assert [(key, value.at("z")) for key, value in read.members("deep")] == [("x.y", True)]
    assert read.elements("list") == [1, "a"]
    assert read.elements("deep.gone") is UNKNOWN
    assert read.elements("n") == []
    assert list(read.members("n")) == []


@pytest.mark.parametrize(
    ("value", "expected"), [(None, "not set"), (True, "true"), (3, "3"), (0.5, "0.5"), ("text", "'text'")]
)
def test_values_are_shown_as_a_stack_file_has_them(value: object, expected: str) -> None:
    assert shown(value) == expected
