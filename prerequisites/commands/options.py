"""The options that plan and apply share."""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from modelops.commands import terminal
from prerequisites.access import next_steps, setup
from prerequisites.access.changes import Change, Known
from prerequisites.access.setup import Setup

File = Annotated[
    Path, typer.Option("--file", metavar="FILE", help="The set-up; an option goes before it. It may be missing.")
]
Repository = Annotated[
    str | None, typer.Option("--repository", metavar="OWNER/NAME", help="The GitHub repository whose jobs deploy.")
]
Environment = Annotated[
    list[str] | None,
    typer.Option(
        "--environment", metavar="NAME", help="A GitHub environment and stack; repeatable. Default: dev, staging, prod."
    ),
]
Subscription = Annotated[
    str | None, typer.Option("--subscription", metavar="ID", help="Default: AZURE_SUBSCRIPTION_ID.")
]
Location = Annotated[str | None, typer.Option("--location", metavar="REGION", help="Such as westeurope.")]
Name = Annotated[
    str | None,
    typer.Option("--name", metavar="NAME", help="Begins the names of everything. Default: the repository's."),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


def chosen(file: Path, **given: Any) -> Setup:
    """Return the set-up that a file and the options, by the keys of the file, choose.

    Raises:
        UsageError: everything that is wrong with it.
    """
    return setup.read(file, {key: value or None for key, value in given.items()}, os.environ)


def _rows(changes: Sequence[Change]) -> list[list[str]]:
    return [[each.action, each.kind, each.name, _detail(each)] for each in changes]


def _detail(change: Change) -> str:
    if change.action == "update":
        return ", ".join(change.differs)
    if change.kind == "role assignment":
        return f"on {change.where.rpartition('/')[2]}"
    if change.kind == "federated credential":
        return f"of {change.where.rpartition('/federatedIdentityCredentials/')[0].rpartition('/')[2]}"
    return ""


def show(changes: Sequence[Change]) -> None:
    """Print the table and what it comes to."""
    terminal.show_table(("", "what", "name", "where"), _rows(changes))
    terminal.say(summary(changes))
    for each in changes:
        if each.action == "not in the set-up":
            terminal.say_warning(
                f"{each.where} trusts {each.name}, which the set-up does not name. If nobody needs it: "
                f"az identity federated-credential delete --ids {each.where}"
            )


def summary(changes: Sequence[Change]) -> str:
    """Return how many of each action there are."""
    counts = {each: sum(change.action == each for change in changes) for each in ("create", "update", "unchanged")}
    return f"{counts['create']} to create, {counts['update']} to update, {counts['unchanged']} unchanged"


def say_json(changes: Sequence[Change], known: Known, choice: Setup) -> None:
    """Print everything as one object; the address of the state is not masked, since it is not secret."""
    values = next_steps.variables(choice, known)
    data = {
        "schemaVersion": 1,
        "changes": [
            {"action": each.action, "kind": each.kind, "name": each.name, "id": each.where, "differs": [*each.differs]}
            for each in changes
        ],
        "variables": {"repository": values[""], "environments": {key: each for key, each in values.items() if key}},
        "secretsProvider": next_steps.secrets_provider(choice),
        "identities": {key: dict(each) for key, each in known.identities.items()},
        "resourceGroups": {each: choice.group(each).rpartition("/")[2] for each in choice.environments},
    }
    typer.echo(json.dumps(data, indent=2))
