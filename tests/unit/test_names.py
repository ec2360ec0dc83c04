"""Names keep the services' rules whatever they are built from."""

import re

import pytest

from components import names
from components.names import Rule

RULES = (
    names.RESOURCE_GROUP,
    names.STORAGE_ACCOUNT,
    names.KEY_VAULT,
    names.REGISTRY,
    names.LOG_WORKSPACE,
    names.APP_INSIGHTS,
    names.DIAGNOSTICS,
    names.IDENTITY,
    names.WORKSPACE,
    names.COMPUTE,
    names.ENDPOINT,
)

# Each service's rule as its documentation writes it, independent of how components.names does.
DOCUMENTED = {
    "resource group": r"[-\w.()]{0,89}[-\w()]",
    "storage account": r"[a-z0-9]{3,24}",
    "key vault": r"[a-zA-Z](?!.*--)[a-zA-Z0-9-]{1,22}[a-zA-Z0-9]",
    "container registry": r"[a-zA-Z0-9]{5,50}",
    "Log Analytics workspace": r"[a-zA-Z0-9][a-zA-Z0-9-]{2,61}[a-zA-Z0-9]",
    "Application Insights component": r"[^%&\\?/]{1,254}[^%&\\?/ .]",
    "diagnostic setting": r"[^<>*%&:\\?+/]{1,255}",
    "user-assigned identity": r"[a-zA-Z0-9][a-zA-Z0-9_-]{2,127}",
    "machine learning workspace": r"[a-zA-Z0-9][a-zA-Z0-9_-]{2,32}",
    "compute": r"[a-zA-Z](?![a-zA-Z0-9-]*-\d+$)[a-zA-Z0-9\-]{2,23}",
    "batch endpoint": r"(?=.{3,32}$)[a-zA-Z](?!.*--)[-a-zA-Z0-9]*[a-zA-Z0-9]",
}

HOSTILE = (
    "dev",
    "x" * 100,
    "_" * 100,
    "9.Weird_Stack--",
    "UPPER_CASE",
    "0",
    "-",
    "",
    ".",
    "a-1",
    "a--b",
    "pr-1234",
    "feature.some_long.name-with-everything-in-it-1234567890",
    "1" * 100,
    "stäck",
)


def physical(rule: Rule, logical: str) -> str:
    """The name that a resource would get: as the provider's autonaming and Pulumi.yaml's pattern make it."""
    return f"{logical}-01234x" if rule is names.COMPUTE else f"{logical}01234567"


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.kind)
@pytest.mark.parametrize("text", HOSTILE)
def test_a_built_name_keeps_the_rule(rule: Rule, text: str) -> None:
    for parts in ((text,), (text, "cluster"), ("ml", text)):
        logical = names.logical(rule, *parts)
        assert re.fullmatch(DOCUMENTED[rule.kind], physical(rule, logical)), logical
        assert rule.problem(physical(rule, logical)) is None
        assert rule.problem(logical, autonamed=True) is None


@pytest.mark.parametrize("text", HOSTILE)
def test_a_compute_keeps_the_rule_without_the_pattern_too(text: str) -> None:
    """Without Pulumi.yaml's pattern the provider copies the logical name."""
    assert re.fullmatch(DOCUMENTED["compute"], names.logical(names.COMPUTE, text, "cluster"))
    assert re.fullmatch(DOCUMENTED["compute"], names.logical(names.COMPUTE, text))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.kind)
def test_different_parts_give_different_names(rule: Rule) -> None:
    built = [names.logical(rule, text, "part") for text in HOSTILE]
    assert len({name.lower() for name in built}) == len(HOSTILE)


@pytest.mark.parametrize(
    ("rule", "parts", "expected"),
    [
        (names.STORAGE_ACCOUNT, ("mlbatch", "storage"), "mlbatchstorage"),
        (names.KEY_VAULT, ("mlbatch", "vault"), "mlbatch-vault"),
        (names.COMPUTE, ("aml", "cluster"), "aml-cluster"),
        (names.ENDPOINT, ("digits",), "digits"),
        (names.STORAGE_ACCOUNT, ("My.Stack", "storage"), "mystackstxed1175"),
        (names.COMPUTE, ("gpu-2",), "gpu-2-xa4977e"),
        (names.ENDPOINT, ("a" * 25,), "aaaaaaaaaaaaaaaa-x2f521e"),
    ],
)
def test_names(rule: Rule, parts: tuple[str, ...], expected: str) -> None:
    assert names.logical(rule, *parts) == expected


@pytest.mark.parametrize(
    ("rule", "name", "autonamed", "expected"),
    [
        (names.ENDPOINT, "digits", True, None),
        (names.ENDPOINT, "a" * 24, True, None),
        (names.ENDPOINT, "a" * 25, True, "it has 25 characters"),
        (names.ENDPOINT, "ab", False, "it has 2 characters"),
        (names.ENDPOINT, "a--b", True, "the service refuses some of its characters, or their order"),
        (names.ENDPOINT, "1abc", True, "the service refuses some of its characters, or their order"),
        (names.ENDPOINT, "abc-", True, "the service refuses some of its characters, or their order"),
        (names.COMPUTE, "gpu-2", False, "the service refuses some of its characters, or their order"),
        (names.COMPUTE, "gpu-2x", False, None),
        (names.DEPLOYMENT, "a" * 32, True, None),
        (names.DEPLOYMENT, "a" * 33, True, "it has 33 characters"),
        (names.STORAGE_ACCOUNT, "Store", False, "the service refuses some of its characters, or their order"),
    ],
)
def test_problems(rule: Rule, name: str, autonamed: bool, expected: str | None) -> None:
    assert rule.problem(name, autonamed=autonamed) == expected


def test_a_rule_in_words() -> None:
    words = "letters, digits and single hyphens, starting with a letter and not ending with a hyphen"
    assert names.ENDPOINT.allowed() == f"3 to 32 characters: {words}"
    assert names.ENDPOINT.allowed(autonamed=True) == f"1 to 24 characters: {words}"
