"""`apply`: makes what an administrator gives, and says what to do with it."""

import sys
from typing import Annotated

import typer

from modelops import credential
from modelops.commands import terminal
from modelops.errors import UsageError
from prerequisites.access import changes, next_steps, setup
from prerequisites.access.changes import Change, Walk
from prerequisites.access.resource_manager import ResourceManager
from prerequisites.commands import options


def apply(
    *,
    file: options.File = setup.FILE,
    repository: options.Repository = None,
    environment: options.Environment = None,
    subscription: options.Subscription = None,
    location: options.Location = None,
    name: options.Name = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask whether to go on.")] = False,
    json: options.Json = False,
) -> None:
    """Make what plan shows, after a confirmation, and print the variables to set. A second run changes nothing."""
    choice = options.chosen(
        file,
        repository=repository,
        environments=environment,
        subscription=subscription,
        location=location,
        name=name,
    )
    if not yes and (json or not _can_ask()):
        raise UsageError("there is no terminal to ask on; pass --yes")
    with ResourceManager(credential.find()) as azure, terminal.aside(is_aside=json):
        if not yes:
            planned = list(Walk(choice, azure, makes=False))
            options.show(planned)
            if any(each.is_made for each in planned):
                typer.confirm(f"Make this in subscription {choice.subscription}?", abort=True)
        walk = Walk(choice, azure, makes=True)
        done = changes.made(walk, _tell)
    if json:
        options.say_json(done, walk.known, choice)
        return
    terminal.say(_summary(done))
    for line in next_steps.commands(choice, walk.known):
        typer.echo(line)  # unmasked: the address of the state is not secret


def _can_ask() -> bool:
    return sys.stdin.isatty()


def _tell(change: Change) -> None:
    word = {"create": "created", "update": "updated"}.get(change.action)
    if word:
        terminal.say(f"{word} {change.kind} {change.name}")


def _summary(done: list[Change]) -> str:
    return options.summary(done).replace(" to create", " created").replace(" to update", " updated")
