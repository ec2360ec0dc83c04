"""A set-up in which everything is right, for tests that make one thing wrong: a folder, an environment, and Azure."""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import jwt
import pytest
import requests
import yaml
from azure.core.credentials import AccessToken
from azure.core.exceptions import ClientAuthenticationError
from typer.testing import CliRunner, Result

from components.roles import CALLER_RUNS, ENDPOINT_CALLER
from modelops import credential
from modelops.errors import UsageError
from prerequisites.__main__ import app
from prerequisites.checks import state
from tests.components.resource_manager import ResourceManagerDouble, answer
from tests.unit.settings_world import changed, make_files

SUBSCRIPTION = "5b5c9a52-6f3e-4c1d-9d0a-2f8f6f1f3c11"
PRINCIPAL = "c1d2a5e0-93a4-4d7a-8a5e-7d1f64a0b9e2"
OWNER = {"actions": ["*"], "notActions": []}
READER = {"actions": ["*/read"], "notActions": []}
PROJECT = {"name": "scoring", "runtime": "python"}


class Credential:
    """What azure-identity finds: a token, or nothing."""

    def __init__(self, *, works: bool) -> None:
        self._works = works

    def get_token(self, *_scopes: str) -> AccessToken:
        if not self._works:
            raise ClientAuthenticationError("No credential in this chain provided a token.\nAttempted: a, b, c.")
        claims = {"oid": PRINCIPAL}
        return AccessToken(jwt.encode(claims, "k" * 32, "HS256"), int(time.time()) + 3600)


@dataclass
class SetUp:
    """The set-up; its members are changed before `check`."""

    folder: Path
    patch: pytest.MonkeyPatch
    config: dict[str, Any] = field(default_factory=lambda: changed(lambda _: None))
    """The project's keys of Pulumi.dev.yaml."""
    top: dict[str, Any] = field(default_factory=lambda: {"azure-native:location": "westeurope"})
    """Its other keys."""
    document: dict[str, Any] = field(default_factory=dict)
    """What the file has beside `config`."""
    text: str | None = ""
    """The whole file instead; None for no file."""
    environ: dict[str, str] = field(
        default_factory=lambda: {
            "ARM_SUBSCRIPTION_ID": SUBSCRIPTION,
            "ARM_CLIENT_SECRET": "a secret",
            "PULUMI_BACKEND_URL": "azblob://state",
            "PULUMI_CONFIG_PASSPHRASE": "a passphrase",
        }
    )
    signed_in: bool = True
    backend: bool = True
    stacks: list[str] = field(default_factory=list)
    resources: list[dict[str, Any]] = field(default_factory=list)
    """Of the stack's state."""
    subscription: dict[str, Any] | int = field(default_factory=lambda: {"state": "Enabled"})
    listed: str = "the-team-s"
    """A body, or the status of a refusal; as everywhere below."""
    registration: dict[str, str] = field(default_factory=dict)
    quota: list[dict[str, Any]] | int = field(default_factory=lambda: [_quota(100)])
    deleted_vaults: list[dict[str, Any]] | int = field(default_factory=list)
    workspace: dict[str, Any] | int = 404
    permissions: list[dict[str, Any]] | int = field(default_factory=lambda: [OWNER])
    elsewhere: list[dict[str, Any]] | int = field(default_factory=lambda: [OWNER])
    """Permissions on resources of others."""
    custom_roles: dict[str, Any] | int = field(default_factory=lambda: {"permissions": [OWNER]})
    asked: list[str] = field(default_factory=list)
    """What Azure was asked for."""
    ran: list[tuple[str, ...]] = field(default_factory=list)
    """The `pulumi` commands that answer."""

    def check(self, *options: str) -> Result:
        """Run `python -m prerequisites check --stack dev`."""
        make_files(self.folder)
        (self.folder / "Pulumi.yaml").write_text(yaml.safe_dump(PROJECT), encoding="utf-8")
        document = {**self.document, "config": {**self.top, **self.config}}
        text = yaml.safe_dump(document, sort_keys=False) if self.text == "" else self.text
        if text is not None:
            (self.folder / "Pulumi.dev.yaml").write_text(text, encoding="utf-8")
        self.patch.chdir(self.folder)
        for name in ("ARM_USE_OIDC", "ARM_USE_MSI", "ARM_CLIENT_CERTIFICATE_PATH", "PULUMI_CONFIG_PASSPHRASE_FILE"):
            self.patch.delenv(name, raising=False)
        for name in ("ARM_SUBSCRIPTION_ID", "ARM_CLIENT_SECRET", "PULUMI_BACKEND_URL", "PULUMI_CONFIG_PASSPHRASE"):
            self.patch.delenv(name, raising=False)
        self.patch.setenv("PATH", str(self.folder / "bin"))
        for name, value in self.environ.items():
            self.patch.setenv(name, value)
        self.patch.setattr(credential, "find", lambda _: Credential(works=self.signed_in))
        self.patch.setattr(state, "answer", self._pulumi)
        azure = ResourceManagerDouble(self.patch, self._azure)
        ended = CliRunner().invoke(app, ["check", "--stack", "dev", *options])
        if ended.exception and not isinstance(ended.exception, SystemExit):
            raise ended.exception
        self.asked = azure.asked
        return ended

    def problems(self) -> list[str]:
        """Check; return the lines of what is wrong, without the two around them."""
        ended = self.check()
        assert ended.exit_code == 1, ended.output
        assert ended.stdout == ""
        first, *lines, last = ended.stderr.splitlines()
        assert first.startswith("error: stack dev cannot be deployed to Azure yet: ")
        assert first.endswith(". Nothing was created or changed.")
        assert last == "To check again: python -m prerequisites check --stack dev"
        return lines

    def _pulumi(self, words: Sequence[str], stack: str | None, folder: Path) -> Any:
        assert folder == Path()
        self.ran.append((*words, *([stack] if stack else [])))
        if not self.backend:
            raise UsageError("`pulumi whoami --json --non-interactive` failed: this command requires logging in.")
        known = {
            "whoami": {"user": "someone", "url": "azblob://state"},
            "stack ls": [{"name": name} for name in self.stacks],
            "stack export": {"version": 3, "deployment": {"resources": self.resources}},
        }
        return known[" ".join(word for word in words if not word.startswith("-"))]

    def _azure(self, url: str) -> requests.Response:
        path = unquote(urlsplit(url).path).removeprefix(f"/subscriptions/{SUBSCRIPTION}")
        provider = "/providers/Microsoft.MachineLearningServices/locations/westeurope"
        kind = path.rpartition("/")[2]
        lists: dict[str, Any] = {
            "/locations": [{"name": "westeurope"}, {"name": "northeurope"}],
            f"{provider}/vmSizes": [{"name": "Standard_DS11_v2", "family": "standardDSv2Family", "vCPUs": 2}],
            f"{provider}/usages": self.quota,
            "/providers/Microsoft.KeyVault/deletedVaults": self.deleted_vaults,
            "/subscriptions": [{"displayName": "Team", "subscriptionId": self.listed, "state": "Enabled"}],
        }
        if kind == "permissions" and path.count("/providers/") > 1:
            return _response(self.elsewhere, is_list=True)
        if path in lists or kind in {"permissions", "roleAssignments"}:
            assigned = [{"properties": {"roleDefinitionId": f"/subscriptions/{SUBSCRIPTION}/roles/theirs"}}]
            there = self.permissions if kind == "permissions" or isinstance(self.permissions, int) else assigned
            return _response(lists.get(path, there), is_list=True)
        if path == "":
            return _response(self.subscription)
        if path == "/roles/theirs":
            return _response({"properties": {"permissions": self.permissions}})
        if kind in {ENDPOINT_CALLER.id, CALLER_RUNS.id}:
            return _response({"properties": self.custom_roles} if isinstance(self.custom_roles, dict) else 404)
        if "/workspaces/" in path:
            return _response(self.workspace)
        state = self.registration.get(kind, "Registered")
        return _response(int(state) if state.isdecimal() else {"registrationState": state})


def az(setup: SetUp, prints: str, code: int = 0) -> None:
    """Put an Azure CLI on PATH that prints something, as an error if its exit code is not 0."""
    place = setup.folder / "bin" / "az"
    place.parent.mkdir(exist_ok=True)
    where = " >&2" if code else ""
    place.write_text(f'#!/bin/sh\necho "{prints}"{where}\nexit {code}\n')
    place.chmod(0o755)


def quota(limit: int) -> list[dict[str, Any]]:
    """Return the quota of the default VM size's family."""
    return [_quota(limit)]


def _quota(limit: int) -> dict[str, Any]:
    return {"name": {"value": "standardDSv2Family"}, "currentValue": 0, "limit": limit}


def _response(what: Any, *, is_list: bool = False) -> requests.Response:
    if isinstance(what, int):
        return answer({"error": {"code": "no", "message": "no"}}, what)
    return answer(json.loads(json.dumps({"value": what} if is_list else what)))
