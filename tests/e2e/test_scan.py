"""The dev stack's export, graded by checkov, and each check seen to fail; no secret in anything a deployment leaves."""

import base64
import copy
import json
import re
import sqlite3
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from sandbox.commands.export_arm import API_VERSIONS
from tests.e2e.rehearsal import PROJECT, Rehearsal
from tools.scan import checks, gate, scanner
from tools.scan.checks import Check
from tools.scan.scanner import Result

CHECKS = checks.expected()
Template = dict[str, Any]


@pytest.fixture(name="template", scope="module")
def _template(deployed_once: Rehearsal, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Template]:
    """Return what `export-arm` writes of the deployed dev stack."""
    place = tmp_path_factory.mktemp("exported")
    rehearsal = deployed_once.copy_to(place)
    try:
        rehearsal.python("-m", "sandbox", "export-arm", "--output", str(place / "template.json")).ok()
        first = (place / "template.json").read_bytes()
        assert rehearsal.python("-m", "sandbox", "export-arm").ok().out.encode() == first
        yield json.loads(first)
    finally:
        rehearsal.stop()


def hardened(template: Template) -> Template:
    """Return the template with a value that passes wherever the dev stack's own is waived.

    And with a resource for each check that the dev stack has nothing for.
    """
    result = copy.deepcopy(template)
    for check in CHECKS.values():
        if check.conditional and not list(check.resources(result)):
            made_up = {"name": "made-up", "properties": {"assignableScopes": ["/subscriptions/made-up"]}}
            result["resources"].append({"type": check.type, "apiVersion": API_VERSIONS[check.type], **made_up})
        if "dev" in check.waived or check.conditional:
            for resource in check.resources(result):
                check.set(resource, check.good)
    return result


def mutant(template: Template, check: Check) -> Template:
    """Return the hardened template with one member of one resource changed for the worse."""
    result = hardened(template)
    check.set(first_of(result, check), check.bad)
    return result


def first_of(template: Template, check: Check) -> dict[str, Any]:
    """Return the first resource that a check is about."""
    return next(check.resources(template))


def lower_cased(template: Template) -> Template:
    """Return the template with the types as a careless exporter would write them."""
    result = copy.deepcopy(template)
    for resource in result["resources"]:
        resource["type"] = resource["type"].lower()
    return result


def without(template: Template, check: Check) -> Template:
    """Return the template without the member that decides a check."""
    result = copy.deepcopy(template)
    *path, last = check.member.split(".")
    inner: Any = first_of(result, check)
    for name in path:
        inner = inner[name]
    del inner[last]
    return result


SILENT = ("CKV_AZURE_3", "CKV_AZURE_59", "CKV_AZURE_111", "CKV_AZURE_137", "CKV_AZURE_233", "CKV2_AZURE_49")
"""The checks that pass when their member is absent."""


@pytest.fixture(name="graded", scope="module")
def _graded(template: Template, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Result]]:
    """Return checkov's results for all templates of this file, from one run: each run costs seconds."""
    folder = tmp_path_factory.mktemp("templates")
    made = {"exported": template, "hardened": hardened(template), "lower": lower_cased(template)}
    made |= {check.id: mutant(template, check) for check in CHECKS.values()}
    made |= {f"without-{name}": without(template, CHECKS[name]) for name in SILENT}
    for name, content in made.items():
        (folder / f"{name}.json").write_text(json.dumps(content, indent=2), encoding="utf-8")
    return {name.removesuffix(".json"): results for name, results in scanner.scan(folder).items()}


def failures(results: list[Result]) -> list[tuple[str, str]]:
    """Return (check, resource) of what failed."""
    return sorted((each.check, each.resource) for each in results if not each.passed)


def test_the_dev_stack_is_as_expected(template: Template, graded: Mapping[str, list[Result]]) -> None:
    assert gate.problems(template, graded["exported"], CHECKS, "dev") == []
    assert {each.check for each in graded["exported"]} == {each.id for each in CHECKS.values() if not each.conditional}


@pytest.mark.long(part="series")
def test_the_other_environments_are_as_expected(fresh: Rehearsal, tmp_path: Path) -> None:
    others = ("prod", "staging")
    folder = tmp_path / "templates"
    folder.mkdir()
    for stack in others:
        fresh.up("--stack", stack)
        group = fresh.run("pulumi", "stack", "output", "resourceGroup", "--stack", stack).ok().out.strip()
        words = ("--resource-group", group, "--output", str(folder / f"{stack}.json"))
        fresh.python("-m", "sandbox", "export-arm", *words).ok()
    results = scanner.scan(folder)
    for stack in others:
        exported = json.loads((folder / f"{stack}.json").read_text(encoding="utf-8"))
        assert gate.problems(exported, results[f"{stack}.json"], CHECKS, stack) == []


def test_nothing_fails_once_the_waived_members_are_hardened(graded: Mapping[str, list[Result]]) -> None:
    assert failures(graded["hardened"]) == []
    assert {each.check for each in graded["hardened"]} == set(CHECKS)


@pytest.mark.parametrize("name", CHECKS)
def test_one_member_changed_for_the_worse_fails_its_check(
    name: str, template: Template, graded: Mapping[str, list[Result]]
) -> None:
    check = CHECKS[name]
    resource = f"{check.type}.{first_of(mutant(template, check), check)['name']}"
    assert failures(graded[name]) == sorted((each, resource) for each in (name, *check.also))


def test_types_in_the_wrong_case_are_noticed(template: Template, graded: Mapping[str, list[Result]]) -> None:
    """Checkov evaluates less, silently."""
    found = gate.problems(lower_cased(template), graded["lower"], CHECKS, "dev")
    assert {each.check for each in graded["lower"]} < set(CHECKS)
    assert [each for each in found if "did not evaluate" in each] != []


@pytest.mark.parametrize("name", SILENT)
def test_a_member_that_is_absent_is_noticed(name: str, template: Template, graded: Mapping[str, list[Result]]) -> None:
    check = CHECKS[name]
    changed = without(template, check)
    assert name not in {each.check for each in graded[f"without-{name}"] if not each.passed}
    account = first_of(changed, check)["name"]
    found = gate.problems(changed, graded[f"without-{name}"], CHECKS, "dev")
    assert f"{name} does not apply to {account}: its {check.member} is absent" in found


# Secrets --------------------------------------------------------------------------------------------------------------

OWN = ("sandbox.json", "server.json", "ports.json", "tls", "store.sqlite")
"""What of a sandbox's folder stands for Azure and the directory, and so has to know secrets."""
SHAPES = {
    "connection string": rb"(InstrumentationKey|AccountKey|SharedAccessKey|SharedAccessSignature)=",
    "shared access signature": rb"[?&;\"']sig=[^*]",
    "token": rb"eyJ[A-Za-z0-9_-]{10,}\.eyJ",
    "private key": rb"-----BEGIN [A-Z ]*PRIVATE KEY-----",
}


POST = """
import sys
from sandbox.commands.client import Client
from sandbox.home import Home
from sandbox.commands.lifecycle import start
home = Home.locate()
answer = Client(home, start(home)).request("POST", sys.argv[1])
sys.exit(answer.status != 200)
"""


def secrets(rehearsal: Rehearsal) -> dict[str, str]:
    """Return every secret that the sandbox has, by what it is."""
    facts = json.loads((rehearsal.home / "sandbox.json").read_text(encoding="utf-8"))
    found = {f"client secret of {name}": each["clientSecret"] for name, each in facts["principals"].items()}
    found |= {"passphrase": facts["passphrase"], "control token": rehearsal.server["controlToken"]}
    with sqlite3.connect(rehearsal.home / "store.sqlite") as store:
        rows = store.execute("SELECT type, body, private FROM resources").fetchall()
    for type_, body, private in rows:
        if type_ == "Microsoft.Insights/components":
            properties = json.loads(body)["properties"]
            found |= {"instrumentation key": properties["InstrumentationKey"]}
            found |= {"connection string": properties["ConnectionString"]}
        for number, key in enumerate(json.loads(private).get("keys", [])):
            found[f"account key {number}"] = key
    return found


def left_behind(rehearsal: Rehearsal) -> Iterator[tuple[str, bytes]]:
    """Yield (name, content) of every file that a deployment leaves, of the engine's events, and of the journal."""
    for file in sorted(rehearsal.home.rglob("*")):
        name = file.relative_to(rehearsal.home)
        if file.is_file() and not name.parts[0].startswith(OWN):
            yield str(name), file.read_bytes()
    for events in sorted(rehearsal.home.parent.glob("events-*.json")):
        yield events.name, events.read_bytes()
    yield "the journal", json.dumps(rehearsal.journal()).encode()


def spellings(secret: str) -> set[bytes]:
    """Return a secret as it may be written: as it is, in a URL, in JSON, in base64."""
    return {
        secret.encode(),
        quote(secret, safe="").encode(),
        json.dumps(secret)[1:-1].encode(),
        base64.b64encode(secret.encode()).rstrip(b"=")[:-1],
    }


def test_no_secret_is_left_in_state_outputs_logs_or_journal(deployed: Rehearsal) -> None:
    # Request every secret once, so that there are some to find.
    account = next(each for each in deployed.resources() if "/storageAccounts/" in each and each.count("/") == 8)
    deployed.python("-c", POST, f"{account}/listKeys?api-version=2024-01-01").ok()
    shown = [
        deployed.pulumi("refresh").ok(),
        deployed.up(),
        deployed.pulumi("preview", "--diff").ok(),
        deployed.run("pulumi", "stack", "output", "--json").ok(),
        deployed.run("pulumi", "stack", "export").ok(),
        deployed.run("pulumi", "config", "--json").ok(),
        deployed.python("-m", "sandbox", "status").ok(),
        deployed.python("-m", "sandbox", "export-arm").ok(),
        deployed.run(
            *("python", "-m", "modelops", "invoke", "--stack", "dev", "--download", str(deployed.home / "predictions")),
            *("--input", "examples/digits/data/images"),
        ).ok(),
    ]
    known = secrets(deployed)
    assert {"passphrase", "control token", "client secret of deployer"} < set(known)
    assert {"instrumentation key", "connection string", "account key 0", "account key 1"} < set(known)
    contents = [*left_behind(deployed), *((" ".join(each.command), each.text.encode()) for each in shown)]
    names = {name for name, _ in contents}
    assert f"pulumi/.pulumi/stacks/{PROJECT}/dev.json" in names
    assert "log/server.log" in names
    found = [
        f"{what} in {name}"
        for what, secret in known.items()
        for name, content in contents
        if any(each in content for each in spellings(secret))
    ]
    found += [
        f"{what} in {name}" for what, shape in SHAPES.items() for name, content in contents if re.search(shape, content)
    ]
    assert found == []


def test_the_search_finds_what_is_there(deployed: Rehearsal) -> None:
    """The folders that may hold secrets do hold them, so the search works, and would see them elsewhere."""
    store = (deployed.home / "store.sqlite").read_bytes() + (deployed.home / "store.sqlite-wal").read_bytes()
    assert secrets(deployed)["instrumentation key"].encode() in store
    assert re.search(SHAPES["connection string"], store)
    assert re.search(SHAPES["private key"], b"".join(each.read_bytes() for each in (deployed.home / "tls").iterdir()))
    assert re.search(SHAPES["token"], b"Bearer eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxIn0.x")
    assert re.search(SHAPES["shared access signature"], b"https://a.blob.core.windows.net/c?sv=2024&sig=abc")
