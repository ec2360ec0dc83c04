"""All checks, in the order in which their findings are shown."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, NamedTuple

from components.preflight import arm
from prerequisites.checks import login, names, offers, placeholders, roles, state, subscription
from prerequisites.checks.around import Azure, Stack
from prerequisites.checks.finding import Finding, not_checked
from settings import SettingsError
from settings.committed import Committed, read

FILE: Final = "stack file"
_IN_AZURE: Final = f"{subscription.PROVIDERS}, {offers.REGION}, {offers.QUOTA}, {names.SUBJECT}, {roles.SUBJECT}"

_SECONDS: Final = 60.0
"""The time for all requests to Azure together."""


class Checked(NamedTuple):
    """What the checks found, and what they looked at.

    Attributes:
        findings: the problems and warnings, in the order of the checks.
        stack: the stack; None if its file cannot be read.
        azure: the subscription; None without a login.
    """

    findings: list[Finding]
    stack: Stack | None = None
    azure: Azure | None = None

    def of_kind(self, kind: str) -> list[Finding]:
        """Return the findings of a kind."""
        return [each for each in self.findings if each.kind == kind]


def run(name: str, folder: Path, environ: Mapping[str, str] = os.environ) -> Checked:
    """Make every check that can be made; nothing is created or changed."""
    try:
        committed = read(folder, name)
    except SettingsError as error:
        return Checked([Finding(FILE, str(error))])
    findings = list(_of_file(committed))
    backend = state.ask(name, folder)
    stack = Stack(name, folder, environ, committed, backend.exists, backend.resources)
    findings += placeholders.find(stack)
    findings += [backend.problem] if backend.problem else []
    findings += state.passphrase(stack, backend)
    azure, told = _sign_in(stack)
    findings += told
    if azure is None:
        findings.append(not_checked(_IN_AZURE, "they need a login and a subscription"))
    else:
        findings += _of_azure(azure, stack)
    return Checked(findings, stack, azure)


def _of_file(committed: Committed) -> Iterator[Finding]:
    if committed.problems:
        yield Finding(FILE, committed.problems)


def _sign_in(stack: Stack) -> tuple[Azure | None, list[Finding]]:
    """Return the subscription if it can be read, and what is wrong."""
    asked = login.cli(stack)
    findings = list(login.find(asked))
    signed_in = login.sign_in(stack)
    if isinstance(signed_in, Finding):
        return None, [*findings, signed_in]
    named = login.subscription(stack, asked)
    if not named:
        # A missing login of the Azure CLI, which would name one, was said.
        return None, findings or [subscription.not_named()]
    azure = Azure(named, signed_in.principal, arm.ResourceManager(signed_in.token, _SECONDS))
    try:
        findings += subscription.find(azure, subscription.state(azure))
    except arm.Refused as error:
        return None, [*findings, subscription.unreadable(azure, error)]
    except arm.Unanswered as error:
        return None, [*findings, not_checked(subscription.SUBJECT, error)]
    return azure, findings


def _of_azure(azure: Azure, stack: Stack) -> Iterator[Finding]:
    settings = stack.committed.settings
    yield from subscription.providers(azure, has_triggers=settings is not None and bool(settings.triggers))
    if settings is None:
        yield not_checked(
            f"{offers.REGION}, {offers.QUOTA}, {names.SUBJECT}, {roles.SUBJECT}", "the stack file is wrong"
        )
        return
    yield from offers.find(azure, settings)
    yield from names.find(azure, stack, settings)
    yield from roles.find(azure, stack, settings)
