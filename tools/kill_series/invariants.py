"""What must hold after every recovery (docs/reliability.md): each check returns what is broken, in words."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

from modelops.release import records
from sandbox.home import Home
from tests.e2e.commands import until
from tests.e2e.hosts import LANGUAGE_HOST
from tools.kill_series.operations import Operation
from tools.kill_series.stage import ML_API, Stage
from tools.kill_series.victims import processes

_TOKEN = re.compile(r"eyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.")
_END_SECONDS = 60.0


def no_process_left(stage: Stage) -> Iterator[str]:
    """Wait a minute for the processes of what was killed to end; a language host may stay, as Pulumi's does."""

    def left() -> list[str]:
        return [line for line in processes(stage).values() if not LANGUAGE_HOST.search(line)]

    try:
        until(lambda: not left(), "the processes to end", _END_SECONDS)
    except AssertionError:
        yield f"processes are left: {left()}"


def whole(stage: Stage, operation: Operation) -> Iterator[str]:
    """Check state and sandbox after an `up` that succeeded."""
    state = stage.state()
    if state.get("pending_operations"):
        yield f"pending operations: {[each['resource']['urn'] for each in state['pending_operations']]}"
    yield from _serves_what_is_usable(stage)
    versions = stage.of_kind("models/versions")
    if sorted(versions) != [str(number + 1) for number in range(operation.models)]:
        yield f"model versions {versions}; expected {operation.models}"
    endpoints = stage.endpoints
    if len(endpoints) != 1:
        yield f"endpoints: {endpoints}"
    revisions = stage.of_kind("batchEndpoints/deployments")
    if len(revisions) != operation.models:
        yield f"revisions {revisions}; expected {operation.models}"
    if lost := stage.lost():
        yield f"resources that no state has: {lost}"


def _serves_what_is_usable(stage: Stage) -> Iterator[str]:
    default = stage.live_default()
    if default is None or default != stage.default:
        yield f"the default is {default}; the stack's outputs say {stage.default}"
        return
    revision = stage.arm("GET", f"{stage.endpoints[0]}/deployments/{default}", ML_API)
    if revision["properties"]["provisioningState"] != "Succeeded":
        yield f"the default {default} is {revision['properties']['provisioningState']}"
    tried = str((revision.get("tags") or {}).get(records.TRY_OUT, ""))
    if stage.tries_out and not tried.startswith("passed "):
        yield f"the default {default} was not tried out: {tried!r}"


def empty(stage: Stage) -> Iterator[str]:
    """Check a sandbox after `destroy`; what is only soft-deleted may stay."""
    if left := stage.resources():
        yield f"left after destroy: {left}"
    own = ("pulumi:pulumi:Stack", "pulumi:providers:")
    kept = [each["urn"] for each in stage.state().get("resources") or [] if not each["type"].startswith(own)]
    if kept:
        yield f"in the state after destroy: {kept}"


def no_secret(stage: Stage) -> Iterator[str]:
    """Look for the sandbox's secrets and for tokens in what was printed, in logs and in the state."""
    facts = Home(stage.home).prepare()
    secrets = [account.secret for account in facts.accounts.values()]
    secrets += [facts.passphrase, json.loads((stage.home / "ports.json").read_text(encoding="utf-8"))["controlToken"]]
    texts = {"the output": "".join(stage.said)}
    for folder in ("log", "pulumi"):
        texts |= {str(file): _text(file) for file in (stage.home / folder).rglob("*") if file.is_file()}
    for name, text in texts.items():
        if _TOKEN.search(text) or any(secret in text for secret in secrets):
            yield f"a secret is in {name}"


def _text(file: Path) -> str:
    return file.read_bytes().decode(errors="replace")
