"""The folder of one sandbox: its paths, and the facts that are created once and kept."""

import json
import os
import secrets
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

from sandbox.azure import environments
from sandbox.azure.arm.requests import Principal
from sandbox.azure.directory import Account

PRINCIPALS = ("deployer", "second", "reader", "caller", "nobody", "administrator")
"""The service principals of every sandbox; ``run`` signs in as the first by default.

Their initial roles: sandbox/azure/authorization/bootstrap.py.
"""

OFFLINE = environments.OFFLINE
"""Here, too, because commands see nothing else of environments."""

_PRIVATE_FOLDER = 0o700
_PRIVATE_FILE = 0o600
_KEY_BYTES = 32


def write_private(file: Path, text: str) -> None:
    """Write a file that only its owner may read, atomically."""
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _PRIVATE_FILE)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(text)
    except OSError:  # a full disk, on which nothing may stay
        draft.unlink()
        raise
    draft.replace(file)


def project_folder(start: Path) -> Path | None:
    """Return ``start`` or the nearest folder above it with a ``Pulumi.yaml``; None if no folder has one."""
    return next((folder for folder in (start, *start.parents) if (folder / "Pulumi.yaml").is_file()), None)


def _new_account(name: str, tenant_id: str) -> Account:
    principal = Principal(name, object_id=str(uuid.uuid4()), client_id=str(uuid.uuid4()), tenant_id=tenant_id)
    # Without a hyphen, which a command line would take for an option's.
    return Account(principal, secrets.token_hex(24))


@dataclass(frozen=True, slots=True)
class Facts:
    """The identity of a sandbox: created at its first start, unchanged while its folder exists."""

    subscription_id: str
    tenant_id: str
    location: str
    passphrase: str
    accounts: Mapping[str, Account]

    @classmethod
    def invent(cls) -> Self:
        """Make new random facts."""
        facts = cls(str(uuid.uuid4()), str(uuid.uuid4()), "westeurope", secrets.token_urlsafe(24), {})
        return facts.completed()

    def completed(self) -> Self:
        """Return the facts with an account for every principal; an older sandbox does not have the newer ones."""
        accounts = {name: self.accounts.get(name) or _new_account(name, self.tenant_id) for name in PRINCIPALS}
        return replace(self, accounts={**self.accounts, **accounts})

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read what ``to_json`` wrote."""
        tenant = data["tenantId"]
        accounts = {
            name: Account(Principal(name, entry["objectId"], entry["clientId"], tenant), entry["clientSecret"])
            for name, entry in data["principals"].items()
        }
        return cls(data["subscriptionId"], tenant, data["location"], data["passphrase"], accounts)

    def to_json(self) -> dict[str, Any]:
        """Return plain data for ``sandbox.json``."""
        return {
            "subscriptionId": self.subscription_id,
            "tenantId": self.tenant_id,
            "location": self.location,
            "passphrase": self.passphrase,
            "principals": {
                name: {
                    "clientId": account.principal.client_id,
                    "objectId": account.principal.object_id,
                    "clientSecret": account.secret,
                }
                for name, account in self.accounts.items()
            },
        }


@dataclass(frozen=True, slots=True)
class Home:
    """A sandbox's folder; all paths below it are defined here."""

    root: Path

    @classmethod
    def locate(cls, environ: Mapping[str, str] = os.environ) -> Self:
        """Return the folder of ``SANDBOX_HOME``; it may not exist.

        Default: ``.sandbox`` beside the nearest ``Pulumi.yaml`` upwards, else in the current folder.
        """
        named = environ.get("SANDBOX_HOME", "")
        return cls(Path(named).absolute() if named else (project_folder(Path.cwd()) or Path.cwd()) / ".sandbox")

    @property
    def facts_file(self) -> Path:
        """``sandbox.json``: names and secrets, created once."""
        return self.root / "sandbox.json"

    @property
    def server_file(self) -> Path:
        """``server.json``: where the running server listens; absent if no server runs."""
        return self.root / "server.json"

    @property
    def ports_file(self) -> Path:
        """``ports.json``: the ports of the last server, for the next one."""
        return self.root / "ports.json"

    @property
    def authority(self) -> Path:
        """``ca.pem``: the certificate authority that the sandbox's clients trust."""
        return self.root / "ca.pem"

    @property
    def tls(self) -> Path:
        """Private keys: of the certificate authority and of the tokens."""
        return self.root / "tls"

    @property
    def store(self) -> Path:
        """``store.sqlite``: resources, operations and the journal."""
        return self.root / "store.sqlite"

    @property
    def backend(self) -> Path:
        """Pulumi's file backend."""
        return self.root / "pulumi"

    @property
    def pulumi_home(self) -> Path:
        """``PULUMI_HOME``: the sandbox's credentials and plug-ins."""
        return self.root / "pulumi-home"

    @property
    def stacks(self) -> Path:
        """Copies of project files and merged stack files, one folder per project."""
        return self.root / "stacks"

    @property
    def plugins(self) -> Path:
        """The folder in which the engine looks for plug-ins."""
        return self.pulumi_home / "plugins"

    @property
    def environments(self) -> Path:
        """Python environments that were built from conda files, by the file's content."""
        return self.root / "environments"

    @property
    def logs(self) -> Path:
        """``log``: of the server, the provider and the release workers."""
        return self.root / "log"

    @property
    def entrance(self) -> Path:
        """``page.html``: leads a browser to the page (``sandbox.commands.page``); a pass is in it."""
        return self.root / "page.html"

    def prepare(self) -> Facts:
        """Create the folders and, the first time, the facts; return the facts, with all current principals.

        Raises:
            SystemExit: the folder cannot be created, or its ``sandbox.json`` is not valid.
        """
        try:
            self.root.mkdir(mode=_PRIVATE_FOLDER, parents=True, exist_ok=True)
            for folder in (self.tls, self.backend, self.pulumi_home, self.stacks, self.logs):
                folder.mkdir(mode=_PRIVATE_FOLDER, exist_ok=True)
            if not self.facts_file.exists():
                self._write(Facts.invent())
            facts = self.facts()
            if facts.accounts.keys() < set(PRINCIPALS):
                facts = facts.completed()
                self._write(facts)
        except OSError as error:
            raise SystemExit(f"sandbox: cannot use '{self.root}' as SANDBOX_HOME: {error.strerror}") from error
        return facts

    def signing_key(self) -> bytes:
        """Return the key that signs this sandbox's tokens, created on first use."""
        file = self.tls / "token.key"
        if not file.exists():
            write_private(file, secrets.token_hex(_KEY_BYTES))
        return bytes.fromhex(file.read_text(encoding="ascii"))

    def _write(self, facts: Facts) -> None:
        write_private(self.facts_file, json.dumps(facts.to_json(), indent=2))

    def facts(self) -> Facts:
        """Return the facts of an existing sandbox.

        Raises:
            SystemExit: the folder has no sandbox, or ``sandbox.json`` is not valid.
        """
        try:
            return Facts.from_json(json.loads(self.facts_file.read_text(encoding="utf-8")))
        except FileNotFoundError:
            raise SystemExit(f"sandbox: '{self.root}' has no sandbox. Create one: python -m sandbox start") from None
        except (ValueError, KeyError, TypeError) as error:
            raise SystemExit(
                f"sandbox: '{self.facts_file}' is damaged ({error!r}). Remove '{self.root}' to start over."
            ) from error
