"""`plan`: what an administrator would give, and what of it exists."""

from modelops import credential
from modelops.commands import terminal
from modelops.rehearsal import located
from prerequisites.access import setup
from prerequisites.access.changes import Walk
from prerequisites.access.resource_manager import ResourceManager
from prerequisites.commands import options


def plan(
    *,
    file: options.File = setup.FILE,
    repository: options.Repository = None,
    environment: options.Environment = None,
    subscription: options.Subscription = None,
    location: options.Location = None,
    name: options.Name = None,
    json: options.Json = False,
) -> None:
    """Show what apply would make for the pipelines: identities, roles, resource groups, and a place for the state."""
    choice = options.chosen(
        file,
        repository=repository,
        environments=environment,
        subscription=subscription,
        location=location,
        name=name,
    )
    with ResourceManager(credential.find()) as azure:
        walk = Walk(choice, azure, makes=False)
        changes = list(walk)
    if json:
        options.say_json(changes, walk.known, choice)
        return
    options.show(changes)
    if any(each.is_made for each in changes):
        terminal.say(
            f"To make it, as an administrator: {located('python -m prerequisites apply')} with the same options"
        )
