"""`promote`: the models that one stack serves, for the file of another stack."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal, NamedTuple

import typer

from modelops.commands import options, terminal
from modelops.commands.stack_file import StackFile, as_value, line
from modelops.commands.targets import Target, choose, from_stack
from modelops.errors import UsageError
from modelops.plan.registered import Registered
from modelops.rehearsal import located
from modelops.release import live
from modelops.release.promotion import candidate
from modelops.release.promotion import promote as promoted

SCHEMA_VERSION: Final = 1
"""Version of the --json output: docs/schemas/promote.json."""


class _Chosen(NamedTuple):
    """A deployment that both stacks have."""

    target: Target
    deployment: str
    registry: str


def promote(
    *,
    source: Annotated[str, typer.Option("--from", metavar="STACK", help="The stack that serves the models.")],
    to: Annotated[str, typer.Option("--to", metavar="STACK", help="The stack that gets them, by its file.")],
    registry: Annotated[
        str | None,
        typer.Option("--registry", metavar="NAME", help="Default: the one that the file of --to names already."),
    ] = None,
    endpoint: options.EndpointOrAll = None,
    deployment: Annotated[
        str | None,
        typer.Option("--deployment", metavar="NAME", help="In the stack files. Default: all that both stacks have."),
    ] = None,
    write: Annotated[bool, typer.Option("--write", help="Write the lines into the file of --to.")] = False,
    directory: options.Directory = Path(),
    json: options.Json = False,
) -> None:
    """Share the models that a stack serves with a registry, and print their lines for another stack's file."""
    file = StackFile(to, directory)
    found = from_stack(source, directory)
    targets = list(found.values()) if endpoint is None else [choose(found, endpoint)]
    chosen = list(_chosen(targets, file, registry, deployment))
    if not chosen:
        raise _nothing_in_common(targets, file, source, deployment)
    models = []
    with terminal.aside(is_aside=json):
        for each in chosen:
            revision, model = _promoted(each, source)
            is_new = write and file.set_model(each.target.logical, each.deployment, model)
            _show(file, each, model, "write" if is_new else "keep" if write else "print")
            names = {"endpoint": each.target.logical, "deployment": each.deployment, "revision": revision}
            models.append({**names, "model": as_value(model), "written": is_new})
        if write:
            terminal.say(f"Run `{located(f'pulumi preview --stack {to}')}` to see what it changes.")
    if json:
        terminal.say_json({"schemaVersion": SCHEMA_VERSION, "models": models})


def _show(file: StackFile, each: _Chosen, model: Registered, did: Literal["write", "keep", "print"]) -> None:
    key = f"endpoints.{each.target.logical}.deployments.{each.deployment}"
    if did == "print":
        terminal.say(f"{file.path}, below {key}:")
        terminal.say(f"  {line(model)}")
    else:
        terminal.say(f"{file.path}{' has it already' if did == 'keep' else ''}: {key}: {line(model)}")


def _promoted(each: _Chosen, stack: str) -> tuple[str, Registered]:
    """Promote one deployment's model, and say what is done; return its revision and the version in the registry."""
    workspace, plan = options.workspace(each.target), options.released(each.target)
    found = candidate(live.read(workspace, plan), plan, each.deployment, stack)
    if found.model.registry not in (None, each.registry):
        raise UsageError(
            f"revision {found.revision} has a model of registry {found.model.registry}, and --registry is "
            f"{each.registry!r}: only models of a workspace are shared. Leave out --registry."
        )
    if found.remark:
        terminal.say(f"note: {found.remark}")
    return found.revision, promoted(workspace, found.model, each.registry, terminal.say)


def _chosen(targets: list[Target], file: StackFile, registry: str | None, deployment: str | None) -> Iterator[_Chosen]:
    """Give the deployments that the source's plan and the file have, each with its registry.

    Raises:
        UsageError: nothing names the registry of one.
    """
    for target in targets:
        plan = options.released(target)
        for name, given in file.models().get(target.logical, {}).items():
            if name not in plan.deployments or deployment not in (None, name):
                continue
            place = registry or _named(given) or _named(plan.deployments[name].model.to_json())
            if place is None:
                raise UsageError(
                    f"name the registry with --registry: neither {file.path} nor the released plan of endpoint "
                    f"{target.logical} has one for deployment {name}."
                )
            yield _Chosen(target, name, place)


def _named(model: Any) -> str | None:
    found = model.get("registry") if isinstance(model, Mapping) else None
    return str(found) if found else None


def _nothing_in_common(targets: list[Target], file: StackFile, stack: str, deployment: str | None) -> UsageError:
    def listed(names: Iterator[str]) -> str:
        return ", ".join(sorted(names)) or "none"

    serves = listed(f"{each.logical}.{name}" for each in targets for name in options.released(each).deployments)
    has = listed(f"{endpoint}.{name}" for endpoint, found in file.models().items() for name in found)
    which = "a deployment" if deployment is None else f"the deployment {deployment!r}"
    return UsageError(
        f"stack {stack} and {file.path} do not both have {which}. Stack {stack} has released: {serves}; the file has: "
        f"{has}. Add the deployment to the file first."
    )
